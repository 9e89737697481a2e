"""The documentation of the rules, as Markdown: one page each, and a table of them all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabulate import tabulate

from weighbridge.core.rules.registry import RULES

if TYPE_CHECKING:
    from weighbridge.core.rules.rule import Rule

_INTRODUCTION = """\
# Rules

What weighbridge looks for in an image and in the Dockerfile that it was built from. A finding carries its evidence:
bytes that were measured in the image, the line, the layer, the paths. Where there is no image to measure, or nothing in
it can be, a finding is said to be *static*: it is what the Dockerfile alone shows.

Only what reaches the final image counts. Caches and compilers of other build stages are what stages are for, packages
that the same `RUN` removes again left nothing behind, and stages that are published as targets of their own stay.

## Silencing

A comment directly above an instruction, or inside it, silences rules for that instruction; before the first one,
for the whole file. `ignore=all` means every rule. What follows is the reason, for those who read it later.

```dockerfile
# weighbridge: ignore=apt-no-recommends,debug-tools the image is for debugging
RUN apt-get update && apt-get install -y gdb strace && rm -rf /var/lib/apt/lists/*
```

In `.weighbridge.yml`, [`rules`](../configuration.md#rules) switches rules off or gives them another severity, and
`ignore-paths` names paths in the image that no finding is about. Findings below `minimum-change` stay out of comments.

## The table

"""


def index_page() -> str:
    """The table of all rules, with what it needs to be understood."""
    rows = [
        (f"[`{rule.id}`]({rule.id}.md)", rule.title, rule.severity.value, _seen(rule))
        for rule in sorted(RULES, key=lambda rule: rule.id)
    ]
    table = tabulate(rows, headers=("Rule", "Finds", "Severity", "Needs"), tablefmt="github", disable_numparse=True)
    return f"{_INTRODUCTION}{table}\n"


def rule_page(rule: Rule) -> str:
    """What one rule finds, why that matters, how to avoid it, and an example of each."""
    others = f"\nOther tools know it as: {', '.join(rule.others)}.\n" if rule.others else ""
    return (
        f"# {rule.id}\n\n{rule.title}. Severity: {rule.severity.value}. Needs {_seen(rule)}.\n{others}\n"
        f"## Why\n\n{rule.why}\n\n## What to do\n\n{rule.how}\n\n"
        f"## Example\n\nFound:\n\n```dockerfile\n{rule.bad}```\n\nNot found:\n\n```dockerfile\n{rule.good}```\n\n"
        f"## To silence it\n\n```dockerfile\n# weighbridge: ignore={rule.id} and why\n```\n\n"
        f"```yaml\nrules:\n  {rule.id}: off\n```\n"
    )


def _seen(rule: Rule) -> str:
    return "an image" if rule.needs_image else "the Dockerfile; an image for bytes"
