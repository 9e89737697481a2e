"""The action tells what the history says: a release beside the one before, growth on the default branch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.pipeline.test_remembering import SMALL, push
from weighbridge.errors import GitHubError
from weighbridge.forge import ReleaseNotes

if TYPE_CHECKING:
    from tests.support.yard import Job

LARGE = SMALL + "RUN dd if=/dev/urandom of=/large bs=1000 count=30\n"


@pytest.fixture(autouse=True)
def _recent(job: Job) -> None:
    job.world.repository.began = datetime.now(UTC) - timedelta(days=1)


def release(job: Job, tag: str, dockerfile: str) -> Job:
    job.world.repository.commit({"Dockerfile": dockerfile, "tag": tag})
    job.tracking.releases[tag] = ReleaseNotes(id=len(job.tracking.releases) + 1, body=f"About {tag}")
    ours = {"default_branch": "main"}
    return job.event("release", {"action": "published", "release": {"tag_name": tag}, "repository": ours})


def test_a_release_is_compared_in_its_notes_and_in_the_summary(job: Job) -> None:
    release(job, "v1.0.0", SMALL).run()
    assert "The first release whose weight is remembered." in job.tracking.releases["v1.0.0"].body

    assert 0 == release(job, "v1.1.0", LARGE).run()

    body = job.tracking.releases["v1.1.0"].body
    assert body.startswith("About v1.1.0\n\n<!-- weighbridge:release begin -->")
    assert "| 7.0 kB → **37.0 kB** | **+30.0 kB** (+429 %) |" in body
    assert "Compared with `v1.0.0`." in (job.folder / "summary").read_text()
    writes = job.tracking.writes
    job.run()
    assert writes == job.tracking.writes


def test_the_pull_request_that_cost_most_is_named(job: Job) -> None:
    release(job, "v1.0.0", SMALL).run()
    push(job, dockerfile=LARGE).run()
    job.pulls.open(31, head_sha=job.world.repository.resolve("HEAD"))
    release(job, "v1.1.0", LARGE).run()

    assert "What cost most since then: #31 +30.0 kB" in job.tracking.releases["v1.1.0"].body


def test_notes_can_be_left_alone(job: Job) -> None:
    release(job, "v1.0.0", SMALL).run(release_notes="false")

    assert "About v1.0.0" == job.tracking.releases["v1.0.0"].body


def test_growth_on_the_default_branch_opens_an_issue_only_where_asked(job: Job) -> None:
    push(job).run(alert_growth="10kB")
    push(job, dockerfile=LARGE).run()
    assert {} == job.tracking.ours

    push(job, dockerfile=LARGE + "RUN dd if=/dev/urandom of=/more bs=1000 count=30\n").run(alert_growth="10kB")

    assert ["yard grew by +30.0 kB"] == list(job.tracking.titles.values())
    push(job).run(alert_growth="10kB")
    assert [False] == [issue.open for issue in job.tracking.ours.values()]


@pytest.mark.parametrize("token", ["ghs_0123456789", ""])
def test_what_github_refuses_is_a_warning(job: Job, token: str) -> None:
    job.environ["INPUT_GITHUB-TOKEN"] = token
    job.tracking.fault = GitHubError("GitHub stayed away")
    push(job).run(alert_growth="1kB")
    push(job, dockerfile=LARGE).run(alert_growth="1kB")

    assert 0 == release(job, "v1.0.0", SMALL).run()

    warnings = job.commands("warning")
    assert any("issue" in line for line in warnings)
    assert any("notes are not written" in line for line in warnings)


def test_what_another_job_of_the_matrix_records_meanwhile_is_told_too(job: Job) -> None:
    release(job, "v1.0.0", SMALL).run(name="other")
    others = dict(job.history.files)
    job.history.files = {}
    written = job.tracking.edit_notes

    def meanwhile(release_id: int, body: str) -> None:
        job.tracking.edit_notes = written  # type: ignore[method-assign]
        written(release_id, body)
        (path,) = [path for path in others if path.startswith("records/")]
        job.history.files[path] = others[path] + job.history.files[path]

    job.tracking.edit_notes = meanwhile  # type: ignore[method-assign]
    job.run()

    body = job.tracking.releases["v1.0.0"].body
    assert 1 == body.count("| `yard` linux/amd64 |")
    assert 1 == body.count("| `other` linux/amd64 |")


def test_a_schedule_can_squash(job: Job) -> None:
    push(job).run()
    push(job, dockerfile=LARGE).run()
    assert 2 == len(job.history.commits)

    push(job).run(squash_history="true")

    assert 1 == len(job.history.commits)
