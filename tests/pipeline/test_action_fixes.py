"""What the action does about fixes: when it takes time for them, and where it brings what was proven."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.support.yard import NUMBER
from weighbridge.core.rendering import render_markdown
from weighbridge.errors import GitHubError, GitHubForbidden
from weighbridge.fixing import UNTOUCHED
from weighbridge.forge import ChangedFile
from weighbridge.model.fix import ProofStatus

if TYPE_CHECKING:
    from tests.support.yard import Job

SMALL = "FROM busybox:1.36\nRUN dd if=/dev/urandom of=/small bs=1000 count=5\n"
APT = SMALL + "RUN apt-get update && apt-get install -y curl # of=/var/lib/apt/lists/x bs=1000 count=300\n"
APT_AGAIN = APT + "ENV A=b\n"


def added(text: str) -> ChangedFile:
    """A diff in which all lines of the Dockerfile are new."""
    lines = text.splitlines()
    return ChangedFile(
        path="Dockerfile", patch="\n".join([f"@@ -0,0 +1,{len(lines)} @@", *(f"+{each}" for each in lines)])
    )


def on_main(job: Job, name: str = "push") -> Job:
    """The branch's tip is checked out, and the API has it."""
    repository = job.world.repository
    before = repository.commit({"Dockerfile": SMALL})
    tip = repository.commit({"Dockerfile": APT})
    job.proposals.files[tip] = {"Dockerfile": ("100644", APT)}
    job.proposals.branches["main"] = tip
    push = {"ref": "refs/heads/main", "after": tip, "before": before, "repository": {"default_branch": "main"}}
    if name != "push":
        job.environ["GITHUB_REF"] = "refs/heads/main"
    return job.event(name, push)


def next_run(job: Job) -> None:
    """Another run, in a workspace of its own."""
    job.environ["GITHUB_RUN_ID"] = "2"
    shutil.rmtree(job.world.repository.root / "weighbridge-report")


def test_nothing_is_looked_for_unless_it_is_asked_for(job: Job) -> None:
    job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": APT}).run()

    assert [] == job.prover.tried
    assert 0 == job.reviews.writes + job.proposals.writes


def test_a_changed_dockerfile_is_fixed_told_and_suggested_on_its_line(job: Job) -> None:
    job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": APT})
    job.reviews.files[NUMBER] = (added(APT),)

    assert 0 == job.run(fix="true")

    assert ["in-place/tidy"] == job.prover.tried
    (comment,) = job.comments
    assert "**Fix, built and run here: 40.0 kB → 30.0 kB**" in comment
    (suggestion,) = job.reviews.bodies(NUMBER)
    assert "```suggestion\nRUN apt-get update && apt-get install --no-install-recommends -y curl" in suggestion
    assert [3] == [each.line for each in job.reviews.comments(NUMBER, "default")]
    assert 0 == job.proposals.writes


def test_the_next_push_says_the_same_without_building_a_candidate(job: Job) -> None:
    job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": APT})
    job.reviews.files[NUMBER] = (added(APT),)
    job.run(fix="true")
    first = render_markdown(job.report)
    next_run(job)

    assert 0 == job.run(fix="true")

    assert 1 == len(job.prover.tried)
    assert first == render_markdown(job.report)
    assert "0 created, 0 edited, 1 unchanged" in job.log
    assert 1 == len(job.comments)


@pytest.mark.parametrize(
    ("base", "head", "tries"),
    [
        ({"Dockerfile": APT}, {"README": "new"}, 0),
        ({"Dockerfile": APT}, {"Dockerfile": APT_AGAIN}, 1),
        ({"Dockerfile": APT}, {".dockerignore": "x"}, 1),
        ({"Dockerfile": APT + "COPY src/ /\n", "src/a": "1"}, {"src/a": "2"}, 1),
        ({"Dockerfile": APT + "COPY src/ /\n", "src/a": "1"}, {"docs/a": "2"}, 0),
    ],
)
def test_time_is_taken_where_something_that_is_built_from_changed(
    job: Job, base: dict[str, str], head: dict[str, str], tries: int
) -> None:
    job.world.builder.knows |= {"COPY"}

    assert 0 == job.pull_request(base, head).run(fix="true")

    assert tries == len(job.prover.tried)
    assert ("" if tries else UNTOUCHED) == job.report.images[0].unfixed
    assert tries or f"yard: no fix was tried: {UNTOUCHED}" in job.log


def test_what_was_proven_on_main_is_told_where_nothing_changed(job: Job) -> None:
    job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": APT}).run(fix="true")
    unchanged = job.pull_request({"Dockerfile": APT}, {"README": "new"})

    assert 0 == unchanged.run(fix="true")

    assert 1 == len(job.prover.tried)
    assert ProofStatus.VERIFIED is job.report.images[0].fixes[0].proof.status


def test_a_suggestion_that_github_refuses_is_a_warning(job: Job) -> None:
    job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": APT})
    job.reviews.files[NUMBER] = (added(APT),)
    job.reviews.fault = GitHubForbidden("the token may not")

    assert 0 == job.run(fix="true")

    assert [f"::warning::no suggestions on #{NUMBER}: the token may not; the patch is in the report"] == job.commands(
        "warning"
    )
    assert 1 == len(job.comments)


@pytest.mark.parametrize("inputs", [{"fix_suggestions": "false"}, {"comment_mode": "off"}])
def test_suggestions_can_be_switched_off(job: Job, inputs: dict[str, str]) -> None:
    job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": APT})
    job.reviews.files[NUMBER] = (added(APT),)

    assert 0 == job.run(fix="true", **inputs)

    assert 0 == job.reviews.writes


def test_lines_that_the_pull_request_did_not_write_are_left_alone(job: Job) -> None:
    job.pull_request({"Dockerfile": APT}, {"Dockerfile": APT_AGAIN})
    context = "\n".join(f" {line}" for line in APT.splitlines())
    job.reviews.files[NUMBER] = (ChangedFile(path="Dockerfile", patch=f"@@ -1,3 +1,4 @@\n{context}\n+ENV A=b"),)

    assert 0 == job.run(fix="true")

    assert [] == job.reviews.bodies(NUMBER)
    assert "no proven change of a few lines is in the pull request's diff" in job.log


@pytest.mark.parametrize("name", ["push", "schedule", "workflow_dispatch"])
def test_a_fix_is_proposed_from_the_default_branch(job: Job, name: str) -> None:
    assert 0 == on_main(job, name).run(fix="true", fix_pull_request="true")

    (pull,) = job.proposals.pulls()
    assert "40.0 kB → 30.0 kB" in pull.body
    assert pull.url in job.log


def test_the_next_run_leaves_the_pull_request_as_it_is(job: Job) -> None:
    on_main(job).run(fix="true", fix_pull_request="true")
    writes = job.proposals.writes
    next_run(job)

    assert 0 == job.run(fix="true", fix_pull_request="true")

    assert writes == job.proposals.writes
    assert "pull request for its fix unchanged" in job.log


def test_pull_requests_open_none(job: Job) -> None:
    job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": APT})

    assert 0 == job.run(fix="true", fix_pull_request="true")

    assert 0 == job.proposals.writes
    assert "a pull_request run opens no pull request for a fix" in job.log


@pytest.mark.parametrize("fault", [GitHubForbidden("the token may not"), GitHubError("GitHub stayed away")])
def test_a_pull_request_that_github_refuses_is_a_warning(job: Job, fault: GitHubError) -> None:
    on_main(job).proposals.fault = fault

    assert 0 == job.run(fix="true", fix_pull_request="true")

    assert [f"::warning::yard: no pull request for its fix: {fault}; the patch is in the report"] == job.commands(
        "warning"
    )


def test_the_branchs_file_cannot_ask_for_a_pull_request(job: Job) -> None:
    job.pull_request({"Dockerfile": SMALL, ".weighbridge.yml": "fix-pull-request: true\n"}, {"Dockerfile": APT})

    assert 2 == job.run()
    assert "cannot be set in the file" in job.commands("error")[0]


def test_why_no_stage_is_split_off_is_told_where_another_fix_is(job: Job) -> None:
    job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": APT}).run(fix="true")

    assert "" != job.report.images[0].unsplit
    (comment,) = job.comments
    assert 1 == comment.count("<summary>Why no build stage is split off</summary>")
