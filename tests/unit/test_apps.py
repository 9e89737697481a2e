"""The applications in tests/apps keep what their manifests promise, as far as that shows without building them."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from outside import images
from tests.support import apps

if TYPE_CHECKING:
    from pathlib import Path

ECOSYSTEMS = {
    *("go", "rust", "c", "cpp", "java", "java-maven", "java-gradle", "node-npm", "node-yarn", "node-pnpm"),
    *("python", "python-poetry", "python-uv", "ruby", "ruby-bundler", "php", "php-composer", "front-end", "static"),
}
FROM = re.compile(r"^\s*FROM\s+(\S+)(?:\s+AS\s+(\S+))?|--from=(\S+)", re.IGNORECASE | re.MULTILINE)
LARGEST_TOTAL = 2_000_000  # bytes


def started_from(dockerfile: str) -> set[str]:
    """The images that a Dockerfile starts or copies from, without its own stages."""
    found = FROM.findall(dockerfile)
    stages = {stage for _, stage, _ in found if stage}
    return {name for start, _, source in found if (name := start or source) not in {"scratch", *stages}}


def test_there_are_enough_of_every_ecosystem() -> None:
    loaded = [apps.load(name) for name in apps.names()]
    assert len(loaded) >= 30
    assert {app.ecosystem for app in loaded} == ECOSYSTEMS
    assert Counter(app.split for app in loaded)["no"] >= 4


@pytest.mark.parametrize("name", apps.names())
def test_a_manifest_says_what_to_try_and_what_the_app_carries(name: str) -> None:
    app = apps.load(name)
    assert app.description.endswith(".")
    assert app.traps
    assert app.smoke.requests or app.smoke.output


@pytest.mark.parametrize("name", apps.names())
def test_a_manifest_names_every_base_and_each_can_be_had(name: str) -> None:
    app = apps.load(name)
    used = {base for path in app.folder.glob("Dockerfile*") for base in started_from(path.read_text())}
    assert set(app.bases) == used
    assert all(images.find(base).name for base in app.bases)


def test_they_are_small() -> None:
    files = [path for path in apps.FOLDER.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < LARGEST_TOTAL


def test_line_ends_survive_the_repository() -> None:
    lines = (apps.FOLDER / "c-crlf-imagick" / "Dockerfile").read_bytes().splitlines(keepends=True)
    assert all(line.endswith(b"\r\n") for line in lines)


def test_a_context_has_no_manifest_and_a_history_where_the_build_needs_one(tmp_path: Path) -> None:
    context = apps.check_out(apps.load("go-cli-version"), tmp_path / "context")
    assert {".git", "Dockerfile", "go.mod", "go.sum", "main.go"} == {path.name for path in context.iterdir()}


def test_an_unknown_key_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "odd").mkdir()
    manifest = 'ecosystem = "go"\ndescription = "x"\nsplit = "no"\ntraps = []\nbases = []\ncolour = 1\n[smoke]\n'
    (tmp_path / "odd" / apps.MANIFEST).write_text(manifest)
    monkeypatch.setattr(apps, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match="colour"):
        apps.load("odd")
