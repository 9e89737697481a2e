"""The comparison with labels counts what it should."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import corpus

if TYPE_CHECKING:
    from pathlib import Path

CASES = [
    {"id": "a", "path": "Dockerfile", "context": ".", "smells": ["unpinned-base"], "multi_stage": "yes"},
    {"id": "b", "path": "Dockerfile", "context": ".", "smells": ["pip-cache"], "multi_stage": "no"},
    {
        "id": "c",
        "path": "x/Dockerfile",
        "context": "x",
        "smells": [],
        "minor_smells": ["unpinned-base"],
        "multi_stage": "already",
    },
]


def run(folder: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> int:
    labels = folder / "labels.json"
    labels.write_text(json.dumps({"cases": CASES}))
    monkeypatch.setattr("sys.argv", ["corpus.py", str(labels), str(folder), *options])
    with pytest.raises(SystemExit) as ended:
        corpus.main()
    return int(ended.value.code or 0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, path in (("a", "Dockerfile"), ("b", "Dockerfile"), ("c", "x/Dockerfile")):
        file = tmp_path / name / path
        file.parent.mkdir(parents=True)
        file.write_text("FROM alpine:latest\n")
    return tmp_path


def test_right_wrong_and_missed_are_counted_and_minor_labels_are_neither(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 0 == run(folder, monkeypatch, "--cases")

    printed = capsys.readouterr().out
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in printed.splitlines() if "|" in line]
    assert ["unpinned-base", "1", "1", "0", "0.5", "1"] in cells
    assert ["pip-cache", "0", "0", "1", "", "0"] in cells
    assert ["b", "unpinned-base", "pip-cache"] in cells


def test_prospects_are_held_to_labels(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "a" / "Dockerfile").write_text('FROM golang:1.22\nCOPY . .\nRUN go build -o /a\nCMD ["/a"]\n')
    assert 0 == run(folder, monkeypatch, "--cases")

    printed = capsys.readouterr().out
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in printed.splitlines() if "|" in line]
    assert "Of 3 prospects, 2 are what the label says." in printed
    assert ["yes", "1", "", "", ""] in cells
    assert ["already", "", "", "1", ""] in cells
    assert ["c", "already", "no", "nothing is built or installed here that could be left behind"] in cells


def test_a_case_that_raises_is_counted_and_fails_the_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "b" / "Dockerfile").write_text("FROM a\nRUN <<EOF\n")

    assert 1 == run(folder, monkeypatch)
    assert "3 cases, 1 crashed." in capsys.readouterr().out
