"""The action remembers what it weighed where the event is one for it, and a failure to is never the job's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from weighbridge.core.history.keep import read_history
from weighbridge.errors import GitError, GitForbidden

if TYPE_CHECKING:
    from tests.support.yard import Job
    from weighbridge.model.record import Record

SMALL = "FROM busybox:1.36\nRUN dd if=/dev/urandom of=/small bs=1000 count=5\n"


def remembered(job: Job) -> tuple[Record, ...]:
    return read_history(job.history.files).records


def push(job: Job, branch: str = "main", dockerfile: str = SMALL) -> Job:
    tip = job.world.repository.commit({"Dockerfile": dockerfile})
    ours = {"default_branch": "main"}
    return job.event("push", {"ref": f"refs/heads/{branch}", "after": tip, "before": "0" * 40, "repository": ours})


def test_a_push_to_the_default_branch_is_recorded(job: Job) -> None:
    assert 0 == push(job).run(max_size="1MB")

    (record,) = remembered(job)
    tip = job.world.repository.resolve("HEAD")
    assert (tip, "yard", "linux/amd64") == record.key
    assert (7_000, 1_000_000, "main", None) == (record.size, record.max_size, record.ref, record.release)
    assert job.world.repository.commit_time(tip) == record.time
    assert [f"Record yard at {tip[:12]}\n\n[skip ci]\n"] == job.history.commits
    assert "recorded on weighbridge-history: yard linux/amd64 7.0 kB" in job.log


def test_pictures_are_kept_beside_the_records_and_the_summary_says_how_to_show_them(job: Job) -> None:
    push(job).run(max_size="1MB")

    folder = "pictures/yard/linux-amd64"
    assert b"image size: 7.0 kB" in job.history.files[f"{folder}/size.svg"]
    assert b'"brightgreen"' in job.history.files[f"{folder}/size.json"]
    assert b"yard weighed 7.0 kB" in job.history.files[f"{folder}/chart-size.svg"]
    shown = f"![image size](https://github.com/octocat/yard/raw/weighbridge-history/{folder}/size.svg)"
    assert shown in Path(job.environ["GITHUB_STEP_SUMMARY"]).read_text()


def test_pictures_are_of_the_default_branch_and_of_releases(job: Job) -> None:
    push(job).run()
    pictures = {path: text for path, text in job.history.files.items() if path.startswith("pictures/")}
    push(job, "topic").run()

    assert pictures == {path: text for path, text in job.history.files.items() if path.startswith("pictures/")}


def test_a_tag_and_a_release_are_recorded_as_releases_of_their_branch(job: Job) -> None:
    push(job).run()
    job.event("push", {"ref": "refs/tags/v1.0.0", "after": "1" * 40, "before": "0" * 40}).run()
    (tagged,) = remembered(job)
    job.event("release", {"action": "published", "release": {"tag_name": "v1.0.0"}}).run()

    assert ("main", "v1.0.0") == (tagged.ref, tagged.release)
    assert ["v1.0.0"] == [record.release for record in remembered(job)]


@pytest.mark.parametrize(
    ("name", "ref", "recorded"),
    [("schedule", "main", True), ("workflow_dispatch", "main", True), ("workflow_dispatch", "topic", False)],
)
def test_a_schedule_is_recorded_and_a_run_by_hand_on_the_default_branch(
    job: Job, name: str, ref: str, recorded: bool
) -> None:
    push(job)
    job.environ["GITHUB_REF"] = f"refs/heads/{ref}"
    job.event(name, {"repository": {"default_branch": "main"}}).run()

    assert (["main"] if recorded else []) == [record.ref for record in remembered(job)]


def test_a_pull_request_and_a_push_elsewhere_are_not(job: Job) -> None:
    job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": SMALL}).run()
    push(job, "topic").run()

    assert () == remembered(job)


def test_it_can_be_switched_off(job: Job) -> None:
    push(job).run(record="false")

    assert () == remembered(job)


def test_a_token_that_may_not_write_is_a_warning_that_says_what_to_add(job: Job) -> None:
    job.history.write_fault = GitForbidden(
        'may not push to the branch x (403): the job needs "permissions: contents: write"'
    )

    assert 0 == push(job).run()

    (warning,) = job.commands("warning")
    assert 'contents: write"; record: false ends this warning. The report is kept' in warning
    assert "7000" == job.outputs["new-size"]


def test_an_outage_is_a_warning(job: Job) -> None:
    job.history.fault = GitError("could not read the branch x: gone")

    assert 0 == push(job).run()

    assert ["::warning::not recorded: could not read the branch x: gone"] == job.commands("warning")


def test_a_branch_that_holds_other_things_is_left_alone(job: Job) -> None:
    job.history.files = {"src/main.py": b"x"}

    push(job).run()

    assert {"src/main.py": b"x"} == job.history.files
    assert "holds other things than weighbridge's records" in job.commands("warning")[0]


def test_the_default_branch_is_never_written_to(job: Job) -> None:
    push(job).run(history_branch="main")

    assert [] == job.history.commits
    assert "must be a branch of its own" in job.commands("warning")[0]


def test_what_could_not_be_built_is_not_recorded(job: Job) -> None:
    push(job, dockerfile="FROM busybox:1.36\nRUN false\n")

    assert 3 == job.run()

    assert () == remembered(job)
    assert "nothing to record" in job.commands("warning")[0]


def test_another_writer_in_between_loses_nothing(job: Job) -> None:
    job.world.repository.began = datetime.now(UTC) - timedelta(days=1)
    push(job).run()
    first = dict(job.history.files)
    job.history.files = {}
    job.history.meanwhile = lambda: job.history.files.update(first)
    push(job).run()

    assert 2 == len(remembered(job))


def test_the_report_says_what_it_was_weighed_for(job: Job) -> None:
    push(job).run()
    pushed = job.report.occasion
    job.event("push", {"ref": "refs/tags/v1.0.0", "after": "1" * 40, "before": "0" * 40}).run()
    tagged = job.report.occasion
    job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": SMALL}).run()
    pulled = job.report.occasion

    assert pushed is not None
    assert tagged is not None
    assert pulled is not None
    assert ("push", "main", None, "main") == (pushed.event, pushed.ref, pushed.release, pushed.default_branch)
    assert ("v1.0.0", "v1.0.0") == (tagged.ref, tagged.release)
    assert ("pull_request", "feature", job.report.head.commit) == (pulled.event, pulled.ref, pulled.commit)
    repository = job.world.repository
    assert [repository.commit_time(each.commit) for each in (pushed, pulled)] == [pushed.time, pulled.time]
    assert pushed.recipes == pulled.recipes
    assert {"yard"} == set(pulled.recipes)
