"""The action, from its environment to files, outputs, annotations and the comment: each way through `run`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.yard import NUMBER, TOKEN
from weighbridge.errors import GitHubError, GitHubForbidden

if TYPE_CHECKING:
    from tests.support.yard import Job

SMALL = "FROM busybox:1.36\nRUN dd if=/dev/urandom of=/small bs=1000 count=5\n"
LARGE = SMALL + "RUN dd if=/dev/urandom of=/large bs=1000 count=30\n"
BROKEN = SMALL + "RUN echo %0A::error::x\nRUN false\n"


def test_a_pull_request_gets_files_summary_outputs_and_a_comment(job: Job) -> None:
    job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": LARGE})

    assert 0 == job.run()

    (comment,) = job.comments
    assert "grew by **30.0 kB**" in comment
    assert "grew by **30.0 kB**" in (job.folder / "summary").read_text()
    assert ("37000", "7000", "30000", "pass") == tuple(
        job.outputs[name] for name in ("new-size", "reference-size", "size-diff", "verdict")
    )
    assert "weighbridge-report/report.json" == job.outputs["report-file"]
    assert "1" == job.outputs["comment-id"]
    assert (NUMBER, "octocat/yard") == (job.report.pull_request, job.report.repository)
    assert ["::group::Build yard"] == job.commands("group")
    assert [] == job.commands("error") + job.commands("warning")


def test_the_outputs_are_those_of_action_yml_and_no_others(job: Job) -> None:
    import yaml

    from tests.support.act import ROOT

    job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": LARGE}).run()

    assert set(yaml.safe_load((ROOT / "action.yml").read_text())["outputs"]) == set(job.outputs)


def test_the_second_run_edits_the_comment(job: Job) -> None:
    job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": LARGE}).run()
    job.environ["GITHUB_RUN_ID"] = "2"

    assert 0 == job.run()

    assert 1 == len(job.comments)


def test_over_budget_fails_the_job_after_everything_was_told(job: Job) -> None:
    job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": LARGE})

    assert 1 == job.run(max_increase="1kB")

    assert "over budget" in job.comments[0]
    assert "fail" == job.outputs["verdict"]
    assert [line for line in job.commands("error") if "title=over budget" in line]


def test_a_verdict_that_does_not_count_passes(job: Job) -> None:
    job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": LARGE})

    assert 0 == job.run(max_increase="1kB", fail_on="never")
    assert "fail" == job.outputs["verdict"]


def test_a_label_accepts_growth_and_names_who_set_it(job: Job) -> None:
    job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": LARGE})
    event = json.loads((job.folder / "event.json").read_text())
    event["pull_request"]["labels"] = [{"name": "weighbridge: accepted"}]
    job.event("pull_request", event)
    job.pulls.add_label(NUMBER, "weighbridge: accepted", "octocat")

    assert 0 == job.run(max_increase="1kB")

    assert "accepted by octocat" in job.comments[0]
    assert "pass" == job.outputs["verdict"]


def test_a_head_that_does_not_build_is_annotated_at_its_line(job: Job) -> None:
    job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": BROKEN})

    assert 3 == job.run()

    assert [
        "::error title=yard%3A not built,file=Dockerfile,line=4::Dockerfile:4: `false` ended with exit status 1"
    ] == job.commands("error")
    assert ("unknown", "", "") == tuple(job.outputs[name] for name in ("verdict", "new-size", "size-diff"))
    assert "could not be built" in job.comments[0]


def test_a_base_that_does_not_build_is_a_warning(job: Job) -> None:
    job.pull_request({"Dockerfile": BROKEN}, {"Dockerfile": SMALL})

    assert 0 == job.run()

    assert "could not be weighed" in job.commands("warning")[0]
    assert ("7000", "") == (job.outputs["new-size"], job.outputs["size-diff"])


def test_without_a_token_there_is_no_comment_and_a_warning_says_so(job: Job) -> None:
    job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": LARGE})
    del job.environ["INPUT_GITHUB-TOKEN"]

    assert 0 == job.run()

    assert [
        f"::warning::no comment on #{NUMBER}: there is no github-token; the report is in the job summary and its files"
    ] == job.commands("warning")
    assert [] == job.comments
    assert "30000" == job.outputs["size-diff"]


@pytest.mark.parametrize("fault", [GitHubForbidden("the token may not"), GitHubError("GitHub stayed away")])
def test_what_github_refuses_is_a_warning_and_the_verdict_stays(job: Job, fault: GitHubError) -> None:
    job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": LARGE})
    job.pulls.fault = fault

    assert 0 == job.run()

    assert f"no comment on #{NUMBER}: {fault}" in job.commands("warning")[0]
    assert ("pass", "") == (job.outputs["verdict"], job.outputs["comment-id"])


@pytest.mark.parametrize("token", [TOKEN, ""])
def test_a_comment_can_be_switched_off(job: Job, token: str) -> None:
    job.environ["INPUT_GITHUB-TOKEN"] = token

    assert 0 == job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": LARGE}).run(comment_mode="off")

    assert [] == job.comments
    assert [] == job.commands("warning")


def test_a_summary_can_be_switched_off(job: Job) -> None:
    job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": LARGE}).run(job_summary="false")

    assert not (job.folder / "summary").exists()


def test_a_push_is_told_to_the_pull_request_that_holds_it(job: Job) -> None:
    job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": LARGE})
    job.world.repository.checkout("feature")
    tip = job.world.repository.resolve("HEAD")
    push = {"ref": "refs/heads/feature", "after": tip, "before": "0" * 40, "repository": {"default_branch": "main"}}

    assert 0 == job.event("push", push).run()

    assert 1 == len(job.comments)


def test_a_push_to_the_default_branch_has_no_comment(job: Job) -> None:
    job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": LARGE})
    tip, before = (
        job.world.repository.resolve("HEAD"),
        job.world.repository.parents(job.world.repository.resolve("HEAD"))[0],
    )
    push = {"ref": "refs/heads/main", "after": tip, "before": before, "repository": {"default_branch": "main"}}

    assert 0 == job.event("push", push).run()

    assert [] == job.comments
    assert "no pull request, so no comment" in job.log
    assert "30000" == job.outputs["size-diff"]


def test_pull_requests_that_cannot_be_looked_up_are_a_warning(job: Job) -> None:
    job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": LARGE})
    job.world.repository.checkout("feature")
    tip = job.world.repository.resolve("HEAD")
    job.pulls.fault = GitHubError("GitHub stayed away")
    push = {"ref": "refs/heads/feature", "after": tip, "before": "0" * 40, "repository": {"default_branch": "main"}}

    assert 0 == job.event("push", push).run()

    assert "could not be looked up: GitHub stayed away" in job.commands("warning")[0]


@pytest.mark.parametrize("name", ["schedule", "workflow_dispatch"])
def test_a_run_about_one_commit_weighs_it_alone_or_against_the_base_that_is_given(job: Job, name: str) -> None:
    job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": LARGE}).event(name, {})

    assert 0 == job.run()
    assert ("37000", "") == (job.outputs["new-size"], job.outputs["size-diff"])

    (job.folder / "output").unlink()
    before = job.world.repository.parents(job.world.repository.resolve("HEAD"))[0]
    assert 0 == job.run(base_ref=before)
    assert "30000" == job.outputs["size-diff"]


def test_a_merge_group_is_weighed_without_a_comment(job: Job) -> None:
    job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": LARGE})
    tip = job.world.repository.resolve("HEAD")
    group = {"head_sha": tip, "base_sha": job.world.repository.parents(tip)[0], "base_ref": "refs/heads/main"}

    assert 0 == job.event("merge_group", {"merge_group": group}).run()

    assert "30000" == job.outputs["size-diff"]
    assert [] == job.comments


def test_the_number_that_is_given_is_the_pull_request_to_comment_on(job: Job) -> None:
    assert 0 == job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": LARGE}).event("schedule", {}).run(
        pr_number=str(NUMBER)
    )

    assert 1 == len(job.comments)
