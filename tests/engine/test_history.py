"""The history on a real engine and a real git server: recorded, compared with, filled up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.contract.test_files_branch import clone_of, origin_of
from tests.support.command import Ran, run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.git import WorkTree

pytestmark = pytest.mark.engine

ONE = "FROM busybox:1.36\nRUN dd if=/dev/zero of=/history-one bs=1000 count=500\n"
TWO = ONE + "RUN dd if=/dev/zero of=/history-two bs=1000 count=900\n"
EDITED = ONE.replace("500", "1400")


@pytest.fixture
def clone(tmp_path: Path) -> WorkTree:
    made = clone_of(origin_of(tmp_path).path.as_uri(), tmp_path / "history-app")
    made.commit({"Dockerfile": ONE})
    made.git("tag", "v1.0.0")
    return made


def call(clone: WorkTree, *words: str, status: int = 0) -> Ran:
    ran = run(*words, cwd=clone.path)
    assert status == ran.status, ran.err
    return ran


def test_the_next_pull_request_is_compared_with_what_is_recorded(clone: WorkTree) -> None:
    call(clone, "record", "--ref", "main")
    clone.checkout("topic", "main")
    clone.commit({"README.md": "more"})

    same = call(clone, "check", "--base", "main")
    built = json.loads(call(clone, "check", "--base", "main", "--format", "json").out)

    assert f"base as recorded at `{clone.git('rev-parse', 'main')[:7]}`, not built again" in same.out
    assert "is unchanged at" in same.out
    assert built["images"][0]["base"]["recorded"]

    clone.commit({"Dockerfile": TWO})
    (image,) = json.loads(call(clone, "check", "--base", "main", "--format", "json").out)["images"]
    (cause,) = image["diff"]["causes"]
    assert image["base"]["recorded"]
    assert (900_000, 3) == (image["diff"]["size"], cause["line"]["start"])
    assert cause["phrase"].endswith("adds `/history-two` (900.0 kB)")

    whole = json.loads(call(clone, "check", "--base", "main", "--build-base", "--format", "json").out)["images"][0]
    assert not whole["base"]["recorded"]
    assert image["diff"] == whole["diff"]


def test_of_an_edited_step_another_machine_knows_the_weight(clone: WorkTree, tmp_path: Path) -> None:
    call(clone, "record", "--ref", "main")
    clone.checkout("topic", "main")
    clone.commit({"Dockerfile": EDITED})

    words = ("check", "--base", "main", "--format", "json")
    here = json.loads(call(clone, *words).out)["images"][0]
    ran = run(*words, cwd=clone.path, environ={"XDG_CACHE_HOME": str(tmp_path / "elsewhere")})
    there = json.loads(ran.out)["images"][0]

    for image in (here, there):
        assert image["base"]["recorded"]
        assert (900_000, 2) == (image["diff"]["size"], image["diff"]["causes"][0]["line"]["start"])
    assert ["/history-one"] == [file["path"] for file in here["diff"]["files"]]
    assert (None, True) == (here["diff"].get("unread"), there["base"]["weights_only"])
    assert "record" == there["diff"]["unread"]["stage"]


def test_the_history_of_git_is_in_no_record(clone: WorkTree) -> None:
    clone.commit({"Dockerfile": "FROM busybox:1.36\nCOPY . /history-copied\n"})
    call(clone, "record", "--ref", "main")
    clone.checkout("topic", "main")
    clone.commit({"README.md": "x" * 1_000})

    (image,) = json.loads(call(clone, "check", "--base", "main", "--format", "json").out)["images"]

    assert image["base"]["recorded"]
    assert 1_000 == image["diff"]["size"]


def test_earlier_releases_are_weighed_once(clone: WorkTree) -> None:
    clone.commit({"Dockerfile": TWO})
    clone.git("tag", "v1.1.0")
    clone.commit({"Dockerfile": "FROM busybox:1.36\nRUN false\n"})
    clone.git("tag", "v1.2.0")

    first = call(clone, "backfill", status=3)

    assert "v1.2.0: history-app could not be weighed" not in first.out
    assert "weighbridge: v1.2.0: nothing to record" in first.err
    assert ["1/3 v1.2.0", "2/3 v1.1.0"] == [line for line in first.out.splitlines() if "/3 " in line][:2]
    assert "1/1 v1.2.0" in call(clone, "backfill", status=3).out
    shown = json.loads(call(clone, "history", "--releases", "--format", "json").out)
    (series,) = shown["series"]
    assert [("v1.0.0", None), ("v1.1.0", 900_000)] == [(each["release"], each["change"]) for each in series["records"]]
