"""`record`, `history` and `backfill` as a shell starts them, on a real git server, where no engine is needed."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.contract.test_files_branch import NAME
from tests.support.command import run
from tests.support.recorded import weighed, written
from tests.support.records import record as remembered
from tests.support.reports import unbuilt
from weighbridge.core.history.backfill import missing

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.command import Ran
    from tests.support.git import WorkTree

MB = 1_000_000


def test_a_report_is_recorded_and_shown(clone: WorkTree, origin: WorkTree, call: Callable[..., Ran]) -> None:
    ran = call("record", "--report", written(clone, "a.json", weighed(clone, 100 * MB)), "--ref", "main")

    assert (0, "") == (ran.status, ran.err)
    assert ran.out.startswith(f"recorded on {NAME}: app linux/amd64 100.0 MB at ")
    assert "" == clone.git("status", "--porcelain")
    assert "1" == origin.git("rev-list", "--count", NAME)

    call("record", "--report", written(clone, "b.json", weighed(clone, 130 * MB)), "--release", "v1.0.0")
    shown = call("history").out

    head = clone.git("rev-parse", "HEAD")
    assert "app linux/amd64: 130.0 MB, 2 records, +30.0 MB since 2026-01-01" in shown
    assert f"biggest jump: {head[:12]} (v1.0.0), +30.0 MB, from 100.0 MB to 130.0 MB" in shown
    (series,) = json.loads(call("history", "--format", "json").out)["series"]
    assert [100 * MB, 130 * MB] == [each["size"] for each in series["records"]]
    rows = list(csv.DictReader(io.StringIO(call("history", "--releases", "--format", "csv").out)))
    assert [("v1.0.0", "130000000")] == [(row["release"], row["size"]) for row in rows]


def test_commits_between_are_said(clone: WorkTree, call: Callable[..., Ran]) -> None:
    call("record", "--report", written(clone, "a.json", weighed(clone, 100 * MB)))
    clone.commit({"between": "1"})
    call("record", "--report", written(clone, "b.json", weighed(clone, 130 * MB)))

    assert "biggest jump: between " in call("history").out


def test_the_history_goes_to_a_file(clone: WorkTree, call: Callable[..., Ran]) -> None:
    call("record", "--report", written(clone, "a.json", weighed(clone, 100 * MB)))

    ran = call("history", "app", "--since", "2y", "-o", "history.txt")

    assert (0, "", "") == (ran.status, ran.out, ran.err)
    assert (clone.path / "history.txt").read_text().startswith("app linux/amd64: 100.0 MB, 1 record\n")


def test_squashing_leaves_one_commit(clone: WorkTree, origin: WorkTree, call: Callable[..., Ran]) -> None:
    for number in range(3):
        call("record", "--report", written(clone, "a.json", weighed(clone, 100 * MB + number)))
    assert "3" == origin.git("rev-list", "--count", NAME)

    assert f"{NAME} is one commit with 3 records\n" == call("record", "--squash").out
    assert "1" == origin.git("rev-list", "--count", NAME)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("history",), "nothing is remembered: origin has no branch weighbridge-history"),
        (("history", "--history-branch", "a..b"), "'a..b' is not the name of a branch"),
        (("record", "--report", "none.json"), "none.json: cannot be read"),
        (("record", "--head", "nope"), "nope: no such revision"),
    ],
)
def test_what_goes_wrong_is_one_line(
    clone: WorkTree, call: Callable[..., Ran], words: tuple[str, ...], complaint: str
) -> None:
    ran = call(*words)

    assert ran.status in (2, 3)
    assert "" == ran.out
    assert complaint in ran.err
    assert 1 == ran.err.count("\n")


def test_without_an_engine_nothing_is_weighed(clone: WorkTree) -> None:
    # In a process of its own: the engine's client leaves a socket behind that never was connected.
    ran = run("record", cwd=clone.path, environ={"DOCKER_HOST": "unix:///nonexistent/docker.sock"})

    assert (3, "") == (ran.status, ran.out)
    assert ran.err.startswith("weighbridge: no container engine at")


def test_a_selection_that_holds_nothing_is_told(clone: WorkTree, call: Callable[..., Ran]) -> None:
    call("record", "--report", written(clone, "a.json", weighed(clone, 100 * MB)))

    for words in (("other",), ("--branch", "topic"), ("--releases",)):
        assert "none of the 1 records on weighbridge-history is of that kind" in call("history", *words).err
    assert "is no date, age" in call("history", "--since", "tomorrow").err


def test_a_report_without_a_commit_or_an_image_is_not_recorded(clone: WorkTree, call: Callable[..., Ran]) -> None:
    named = weighed(clone, MB)
    nameless = replace(named, head=replace(named.head, commit=None))
    assert "only what a commit holds" in call("record", "--report", written(clone, "a.json", nameless)).err
    unknown = replace(named, images=(unbuilt(),))
    assert "nothing to record" in call("record", "--report", written(clone, "a.json", unknown)).err
    (clone.path / "dirty").write_text("x")
    assert "the work tree holds changes that no commit has" in call("record").err


def test_the_work_trees_own_branch_is_never_written_to(
    clone: WorkTree, origin: WorkTree, call: Callable[..., Ran]
) -> None:
    path = written(clone, "a.json", weighed(clone, MB))

    ran = call("record", "--report", path, "--history-branch", "main")

    assert 2 == ran.status
    assert "holds other things than weighbridge's records" in ran.err
    assert "1" == origin.git("rev-list", "--count", "main")


def test_releases_that_lack_a_record_are_missing_the_highest_first() -> None:
    tags = ["v1.9.0", "v1.10.0", "v2.0.0-rc.1", "latest", "v1"]
    records = [remembered(0, release="v1.9.0"), remembered(1, release="v1.9.0", image="db")]

    def lacking(
        *images: tuple[str, str | None], pattern: str | None = None, prereleases: bool = False
    ) -> tuple[str, ...]:
        return missing(tags, records, images, pattern=pattern, prereleases=prereleases)

    app = ("app", None)
    assert ("v1.10.0",) == lacking(app, ("db", "linux/amd64"))
    assert ("v2.0.0-rc.1", "v1.10.0") == lacking(app, prereleases=True)
    assert ("v1.10.0", "v1.9.0") == lacking(app, ("web", None), pattern="v1.*")
    assert ("v1.10.0", "v1.9.0") == lacking(("app", "linux/arm64"))
    assert ("latest",) == lacking(app, pattern="la*")


def test_backfill_says_what_it_would_do(clone: WorkTree, origin: WorkTree, call: Callable[..., Ran]) -> None:
    for tag in ("v1.9.0", "v1.10.0", "latest"):
        origin.git("tag", tag, "main")

    ran = call("backfill", "--dry-run")

    assert (0, "1/2 v1.10.0\n2/2 v1.9.0\n") == (ran.status, ran.out)
    assert "nothing to weigh" in call("backfill", "--tags", "x*").out
