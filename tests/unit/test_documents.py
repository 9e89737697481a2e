"""What is written about weighbridge is so: generated files are current, links lead somewhere, commands exist."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import jsonschema
import pytest
import typer.main
from typer.core import TyperGroup

import documents
from tests.support.reports import image, new_image, report, unbuilt
from weighbridge import errors
from weighbridge.cli import app
from weighbridge.core import wire
from weighbridge.core.verdict import exit_status
from weighbridge.model.budget import Status, Verdict

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("scripts/**/*.md")])
_FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.mark.parametrize("name", documents.GENERATED)
def test_what_is_generated_is_current(name: str) -> None:
    assert documents.current(name) == (ROOT / name).read_text(), "make docs"


def validator(definition: str | None = None) -> jsonschema.Draft202012Validator:
    schema = json.loads(wire.shipped_schema())
    return jsonschema.Draft202012Validator(
        schema if definition is None else {"$defs": schema["$defs"], "$ref": f"#/$defs/{definition}"}
    )


def test_the_reports_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(wire.shipped_schema()))


def test_reports_follow_their_schema() -> None:
    written = wire.dump(report(image(delta=5), unbuilt(), new_image()))

    validator().validate(json.loads(written))


def test_what_inspect_prints_follows_the_schema_of_an_image() -> None:
    validator("Image").validate(json.loads(wire.dump_image(new_image())))


@pytest.mark.parametrize("key", ["schema", "images", "verdict", "head"])
def test_the_schema_misses_what_a_report_must_have(key: str) -> None:
    written = json.loads(wire.dump(report(image())))
    del written[key]

    assert not validator().is_valid(written)


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", _FENCE.sub("", page.read_text()), re.MULTILINE)
    return {slug(heading) for heading in headings}


def links(page: Path) -> list[str]:
    return [link for link in _LINK.findall(_FENCE.sub("", page.read_text())) if "://" not in link]


def leads_somewhere(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = page if not path else page.parent / path
    return target.exists() and (not anchor or anchor in anchors(target))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert [link for link in links(page) if not leads_somewhere(page, link)] == []


def test_links_are_found_and_judged() -> None:
    assert "docs/inputs.md" in links(ROOT / "README.md")
    assert not leads_somewhere(ROOT / "README.md", "docs/nothing.md")
    assert not leads_somewhere(ROOT / "README.md", "docs/inputs.md#nothing")


def typed() -> list[tuple[str, list[str]]]:
    """Every command line shown in a console block or as an example of a command: page, words."""
    found = []
    for page in PAGES:
        for block in re.findall(r"^```console\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE):
            lines = [line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ")]
            found += [(page.name, shlex.split(line, comments=True)) for line in lines]
        examples = re.findall(r"^`\$ (.+)`$", page.read_text(), re.MULTILINE)
        found += [(page.name, shlex.split(example.partition(" > ")[0])) for example in examples]
    return found


def command_lines(program: str) -> list[tuple[str, list[str]]]:
    """Those of one program that are typed as they stand; `[OPTIONS]` marks a pattern, `>` is the shell's."""
    return [
        (page, words[1 : words.index(">") if ">" in words else None])
        for page, words in typed()
        if words[0] == program and "[OPTIONS]" not in words
    ]


def test_commands_that_are_shown_parse() -> None:
    root = typer.main.get_command(app)
    assert isinstance(root, TyperGroup)
    lines = command_lines("weighbridge")
    assert len(lines) > 2
    for page, (name, *arguments) in lines:
        assert name in root.commands, page
        # Raises where an option or an argument is not one of the command's.
        root.commands[name].make_context(name, arguments)


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_targets_of_make_that_are_shown_exist() -> None:
    text = "".join(page.read_text() for page in PAGES)
    shown = {words[0] for _, words in command_lines("make")} | set(re.findall(r"`make ([a-z]+)`", text))
    assert {"demo", "test"} <= shown
    assert shown - targets() == set()


def test_every_target_is_phony_and_helps() -> None:
    text = (ROOT / "Makefile").read_text()
    phony = re.findall(r"^\.PHONY: (.*)$", text, re.MULTILINE)[0].split()
    helped = set(re.findall(r"^([a-z-]+):.*## ", text, re.MULTILINE))
    assert targets() == set(phony)
    assert targets() - {"help"} == helped


def test_the_statuses_that_are_documented_are_those_that_there_are() -> None:
    page = (ROOT / "docs" / "cli.md").read_text()
    documented = {int(status) for status in re.findall(r"^\| (\d) +\|", page, re.MULTILINE)}
    verdicts = {exit_status(Verdict(status=status, reasons=()), frozenset(Status)) for status in Status}
    assert documented == verdicts | {error.exit_status for error in tree_of_classes()}


def tree_of_classes() -> list[type[errors.WeighbridgeError]]:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    return [kind for kind in kinds if issubclass(kind, errors.WeighbridgeError)]


def drawn() -> list[tuple[str, str]]:
    """Name and parent of each exception in the drawing at the top of errors.py."""
    found: list[tuple[str, str]] = []
    above: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"(?P<indent>[│├└─ ]*)(?P<name>[A-Z]\w+)  ", line)
        if match is None:
            continue
        above = [(depth, name) for depth, name in above if depth < len(match["indent"])]
        found.append((match["name"], above[-1][1] if above else "Exception"))
        above.append((len(match["indent"]), match["name"]))
    return found


def test_the_drawing_of_the_exceptions_is_their_tree() -> None:
    assert drawn() == [(kind.__name__, kind.__base__.__name__) for kind in tree_of_classes() if kind.__base__]
