"""The action where something is wrong: one line, the right exit status, nothing half-posted, no secret shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.limits import largest_file
from tests.support.yard import NUMBER, TOKEN
from weighbridge.errors import EngineUnavailable

if TYPE_CHECKING:
    from tests.support.yard import Job

SMALL = "FROM busybox:1.36\nRUN dd if=/dev/urandom of=/small bs=1000 count=5\n"
LARGE = SMALL + "RUN dd if=/dev/urandom of=/large bs=1000 count=30\n"
BROKEN = SMALL + "RUN echo %0A::error::x\nRUN false\n"


@pytest.mark.parametrize(
    ("name", "payload", "said"),
    [
        ("pull_request", {}, "the pull_request event makes no sense: pull_request is missing"),
        ("push", {"ref": 5}, "the push event makes no sense: ref is not a line of text"),
        ("pull_request", [1], "the event is not a JSON object"),
    ],
)
def test_an_event_that_makes_no_sense_is_one_line_and_nothing_is_begun(
    job: Job, name: str, payload: Any, said: str
) -> None:
    assert 2 == job.event(name, payload).run()

    (error,) = job.commands("error")
    assert error.startswith("::error title=weighbridge::")
    assert said in error
    assert [] == job.world.builder.specs
    assert not (job.folder / "output").exists()


def test_an_unknown_base_is_one_line(job: Job) -> None:
    assert 3 == job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": LARGE}).run(base_ref="nope")

    assert ["::error title=weighbridge::'nope': no such revision"] == job.commands("error")


def test_settings_that_contradict_themselves_are_one_line(job: Job) -> None:
    job.pull_request({"Dockerfile": SMALL, ".weighbridge.yml": "max-sizee: 1"}, {"Dockerfile": LARGE})

    assert 2 == job.run()

    assert [
        "::error title=weighbridge::.weighbridge.yml:1: max-sizee: unknown key, did you mean max-size?"
    ] == job.commands("error")


def test_without_an_engine_there_is_one_line_and_nothing_is_posted(job: Job) -> None:
    job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": LARGE})
    job.world.engine.fault = EngineUnavailable("no container engine at unix:///x: start Docker")

    assert 3 == job.run()

    assert ["::error title=weighbridge::no container engine at unix:///x: start Docker"] == job.commands("error")
    assert [] == job.comments
    assert not (job.folder / "summary").exists()


def test_what_cannot_be_written_is_warned_of_once_each_and_the_comment_is_posted(job: Job) -> None:
    job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": LARGE})
    job.environ |= {"GITHUB_OUTPUT": str(job.folder), "GITHUB_STEP_SUMMARY": str(job.folder / "no" / "file")}

    assert 0 == job.run(report_directory="Dockerfile")

    assert 3 == len(job.commands("warning"))
    assert 1 == len(job.comments)


def test_a_disk_that_is_full_leaves_no_half_of_a_report(job: Job) -> None:
    job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": LARGE})

    with largest_file(4000):
        assert 0 == job.run()

    folder = job.world.repository.root / "weighbridge-report"
    assert all(path.read_text().endswith("}\n") for path in folder.iterdir())
    assert [line for line in job.commands("warning") if "report's files could not be written" in line]


def test_no_secret_shows_anywhere(job: Job) -> None:
    leaky = SMALL + "RUN echo s3cret-input h1dden-variable ghs_0123456789\nENV A=s3cret-input\n"
    job.environ["HIDDEN"] = "h1dden-variable"
    job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": leaky})

    job.run(secrets="A=s3cret-input", secret_envs="B=HIDDEN")
    job.world.repository.commit({"Dockerfile": leaky + "RUN false\n"})
    job.event("schedule", {}).run(secrets="A=s3cret-input", secret_envs="B=HIDDEN", pr_number=str(NUMBER))

    told = [line for line in job.log.splitlines() if not line.startswith("::add-mask::")]
    reports = (job.world.repository.root / "weighbridge-report").iterdir()
    files = [path.read_text() for path in (job.folder / "summary", job.folder / "output", *reports)]
    shown = "\n".join([*told, *files, *job.comments])
    assert [] == [secret for secret in ("s3cret-input", "h1dden-variable", TOKEN) if secret in shown]
    assert "echo *** *** ***" in shown
    assert {"::add-mask::s3cret-input", "::add-mask::h1dden-variable", f"::add-mask::{TOKEN}"} <= set(
        job.commands("add-mask")
    )
