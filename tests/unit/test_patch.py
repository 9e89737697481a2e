"""A patch applies by git, and taking it back gives the identical file."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weighbridge.core.fixes.patch import patch_of
from weighbridge.model.fix import FileEdit

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = st.lists(st.sampled_from(["a", "b", " ", "\n", "\r\n", "\n\n", "#", "+", "-", "\\", "é"]), max_size=40).map(
    "".join
)


def content(folder: Path, path: str) -> str | None:
    file = folder / path
    return file.read_bytes().decode() if file.exists() else None


def apply(folder: Path, patch: str, *options: str) -> None:
    command = ["git", "apply", "--whitespace=nowarn", *options, "-"]
    subprocess.run(command, cwd=folder, input=patch.encode(), check=True, timeout=30)


def check(folder: Path, edit: FileEdit) -> None:
    file = folder / edit.path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    if edit.before is not None:
        file.write_bytes(edit.before.encode())
    patch = patch_of([edit])
    apply(folder, patch)
    assert edit.after == content(folder, edit.path)
    apply(folder, patch, "--reverse")
    assert edit.before == content(folder, edit.path)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("FROM a\nRUN b\n", "FROM a\nRUN c\n"),
        ("FROM a\r\nRUN b\r\n", "FROM a\r\nRUN c\r\n"),
        ("FROM a", "FROM b"),
        ("FROM a", "FROM a\n"),
        ("FROM a\n", "FROM a"),
        (None, "node_modules\n"),
        ("old\n", None),
        ("FROM a\n\x0cRUN b\x85c\n", "FROM a\nRUN c\n"),
    ],
)
def test_a_patch_applies_and_is_taken_back(tmp_path: Path, before: str | None, after: str | None) -> None:
    check(tmp_path, FileEdit(path="Dockerfile", before=before, after=after))


@pytest.mark.parametrize("path", ["my app/Dockerfile", 'a"b/Dockerfile', "é/Dockerfile", "a\tb", "a\\b"])
def test_odd_names_are_quoted(tmp_path: Path, path: str) -> None:
    check(tmp_path, FileEdit(path=path, before="a\n", after="b\n"))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TEXTS, TEXTS)
def test_any_texts(tmp_path: Path, before: str, after: str) -> None:
    if before == after:
        assert patch_of([FileEdit(path="Dockerfile", before=before, after=after)]) == ""
    else:
        check(tmp_path, FileEdit(path="Dockerfile", before=before, after=after))
