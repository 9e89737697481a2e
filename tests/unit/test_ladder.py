"""What came of the applications' fixes is kept, counted and told as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support import apps, ladder
from tests.support.ladder import Passed, Row, Try
from tests.support.ladder_page import page

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def tried(strategy: str = "go/scratch", family: str = "multi-stage", **more: object) -> Try:
    values = {"status": "verified", "reason": "", "size": 6_000_000, "seconds": 20.0, **more}
    return Try(strategy=strategy, family=family, **values)  # type: ignore[arg-type]


def row(name: str = "go-article", split: str = "yes", *tries: Try, problem: str = "") -> Row:
    return Row(name=name, ecosystem="go", split=split, size=60_000_000, tries=tries, problem=problem)


REJECTED = tried("go/scratch", status="rejected", reason="rejected at step 3 (closure): no shell", size=None)
EDIT = tried("in-place/tidy", "in-place", size=50_000_000)


def test_the_smallest_that_is_proven_is_the_best() -> None:
    found = row("a", "yes", REJECTED, EDIT, tried("go/alpine", size=9_000_000))

    assert found.best is not None
    assert "go/alpine" == found.best.strategy
    assert 0.85 == found.saving
    assert found.is_split
    assert 60.0 == found.seconds


def test_an_edit_alone_is_no_split() -> None:
    assert not row("a", "yes", REJECTED, EDIT).is_split
    assert row("a", "yes", REJECTED).best is None
    assert row("a", "yes", REJECTED).saving is None


def test_a_result_is_had_again_until_something_changes(tmp_path: Path) -> None:
    made = row("a", "yes", REJECTED, EDIT)
    ladder.keep(tmp_path, made, "k1")

    assert made == ladder.load(tmp_path, "a", "k1")
    assert ladder.load(tmp_path, "a", "k2") is None
    assert made == ladder.load(tmp_path, "a")
    assert ladder.load(tmp_path, "b", "k1") is None


def test_a_key_changes_with_the_application_and_its_bases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apps, "FOLDER", tmp_path)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "Dockerfile").write_text("FROM scratch\n")
    first = ladder.content("a", ("debian:12 1",))
    (tmp_path / "a" / "Dockerfile").write_text("FROM busybox\n")
    second, third = ladder.content("a", ("debian:12 1",)), ladder.content("a", ("debian:12 2",))

    assert 3 == len({first, second, third})
    assert 3 == len({ladder.key(each) for each in (first, second, third)})


def test_what_passed_is_not_run_again_while_its_content_is_the_same(tmp_path: Path) -> None:
    passed = Passed(folder=tmp_path / "passed", content="c1")
    passed.add("patch")

    assert "patch" in passed
    assert "other patch" not in passed
    assert "patch" not in Passed(folder=tmp_path / "passed", content="c2")
    assert "patch" not in Passed()


def test_the_prover_is_not_told_what_is_expected() -> None:
    for name in apps.names():
        told = ladder.surroundings(apps.load(name))
        assert () == told.requests
        assert told.contains is None


def test_the_page_says_what_is_old_and_what_is_not_there() -> None:
    assert "Not tried yet, and not counted below: b, c.\n" in page([row("a")], missing=["b", "c"])
    assert "The 3 applications" in page([row("a")], missing=["b", "c"])
    assert "1 of the results are of earlier code, and not taken again since.\n" in page([row("a")], earlier=["a"])
    assert "earlier code" not in page([row("a")])


def test_the_page_counts_what_is_proven_broken_and_offered_for_nothing() -> None:
    text = page(
        [
            row("one", "yes", REJECTED, tried("go/alpine", size=6_000_000), EDIT),
            row("two", "yes", tried(size=12_000_000, broken="answers 500")),
            row("three", "yes", REJECTED, EDIT),
            row("four", "edit", EDIT),
            row("five", "no"),
            row("six", "no", EDIT),
        ]
    )
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")]

    assert ["belong into stages, and are proven there", "2 of 3 (67 %)", "at least 90 %"] in lines
    assert ["median saving of those", "85.0 %", "at least 80 %"] in lines
    assert ["proven fixes that break their program", "1 of 6: two by go/scratch", "none"] in lines
    assert ["good ones for which a fix is offered", "1 of 2: six", "none"] in lines
    assert ["one", "60.0 MB", "6.0 MB", "90.0 %", "`go/alpine`", "`go/scratch`", "60 s"] in lines
    assert ["five", "60.0 MB", "", "", "nothing, as it should be", "", "0 s"] in lines
    assert "  - `go/scratch`: `rejected at step 3 (closure): no shell`" in text
