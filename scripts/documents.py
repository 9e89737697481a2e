"""What is generated from the code: JSON Schemas, and the tables of inputs and commands in the documentation.

python scripts/documents.py         writes them
"""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import TYPE_CHECKING

import typer.main
from typer.cli import get_docs_for_click

from weighbridge.cli import app
from weighbridge.core import wire
from weighbridge.core.rules.pages import index_page, rule_page
from weighbridge.core.rules.registry import RULES
from weighbridge.settings.documents import file_schema, inputs_table

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent
GENERATED: dict[str, Callable[[str], str]] = {
    "src/weighbridge/settings/weighbridge.schema.json": lambda _: file_schema(),
    "src/weighbridge/core/wire/report.schema.json": lambda _: wire.report_schema(),
    "docs/inputs.md": lambda text: between(text, "inputs", inputs_table()),
    "docs/cli.md": lambda text: between(text, "commands", commands()),
    "docs/rules/README.md": lambda _: index_page(),
    **{f"docs/rules/{rule.id}.md": lambda _, rule=rule: rule_page(rule) for rule in RULES},  # type: ignore[misc]
}


def current(name: str) -> str:
    """The text that the file should have, the rest of it as it stands."""
    path = ROOT / name
    return GENERATED[name](path.read_text(encoding="utf-8") if path.exists() else "")


def between(text: str, what: str, generated: str) -> str:
    """The text with what stands between its two marks replaced. Raises ValueError where a mark is missing."""
    begin, end = f"<!-- {what}: begin -->\n", f"\n<!-- {what}: end -->"
    before, found_begin, rest = text.partition(begin)
    _, found_end, after = rest.partition(end)
    if not (found_begin and found_end):
        raise ValueError(f"the marks of {what} are missing")
    return before + begin + generated + end + after


def commands() -> str:
    """The commands and their options, from the same source as `--help`."""
    command = typer.main.get_command(app)
    made = get_docs_for_click(obj=command, ctx=typer.Context(command), name="weighbridge")
    # The page has a title of its own; what is bold in a terminal are commands.
    text = html.unescape(made.partition("\n\n")[2]).strip()
    return re.sub(r"\[/?bold\]", "`", re.sub(r"\[/?dim\]", "", text)).replace("\\[", "[")


def main() -> None:
    for name in GENERATED:
        (ROOT / name).write_text(current(name), encoding="utf-8")


if __name__ == "__main__":
    main()
