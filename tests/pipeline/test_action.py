"""The action, from its environment to files, outputs, annotations and the comment: each way through `run`."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.fakes import FakePullRequests
from tests.support.limits import largest_file
from weighbridge.action import run
from weighbridge.core.wire import load as load_report
from weighbridge.errors import EngineUnavailable, GitHubError, GitHubForbidden
from weighbridge.wiring import Outside

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from tests.pipeline.conftest import World
    from tests.support.fake_engine import FakeBuilder
    from weighbridge.model.report import Report
    from weighbridge.ports import PullRequests, Repository

SMALL = "FROM busybox:1.36\nRUN dd if=/dev/urandom of=/small bs=1000 count=5\n"
LARGE = SMALL + "RUN dd if=/dev/urandom of=/large bs=1000 count=30\n"
BROKEN = SMALL + "RUN echo %0A::error::x\nRUN false\n"
TOKEN = "ghs_0123456789"
NUMBER = 7


class Job:
    """A job of a workflow on fakes: what it is given, what it says, and what it leaves."""

    def __init__(self, world: World, folder: Path, log: Callable[[], str]) -> None:
        self.world = world
        self.pulls = FakePullRequests()
        self.folder = folder
        self._log = log
        self.log = ""
        self.tokens: list[str | None] = []
        self.environ = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_REPOSITORY": "octocat/yard",
            "GITHUB_WORKSPACE": str(world.repository.root),
            "GITHUB_RUN_ID": "1",
            "GITHUB_OUTPUT": str(folder / "output"),
            "GITHUB_STEP_SUMMARY": str(folder / "summary"),
            "INPUT_GITHUB-TOKEN": TOKEN,
        }

    def pull_request(self, base: Mapping[str, str], head: Mapping[str, str]) -> Job:
        """The merge of a pull request is checked out."""
        repository = self.world.repository
        before = repository.commit(base)
        repository.checkout("feature", "main")
        tip = repository.commit(head)
        repository.checkout("main")
        repository.commit(merge=tip)
        self.pulls.open(NUMBER, head_sha=tip)
        theirs = {"repo": {"full_name": "octocat/yard"}}
        pull = {
            "number": NUMBER,
            "head": {"sha": tip, "ref": "feature", **theirs},
            "base": {"sha": before, "ref": "main", **theirs},
        }
        return self.event("pull_request", {"action": "opened", "number": NUMBER, "pull_request": pull})

    def event(self, name: str, payload: Mapping[str, Any]) -> Job:
        """What started the workflow."""
        (self.folder / "event.json").write_text(json.dumps(payload))
        self.environ |= {"GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(self.folder / "event.json")}
        return self

    def run(self, **inputs: str) -> int:
        """The exit status."""
        given = {f"INPUT_{name.upper().replace('_', '-')}": value for name, value in inputs.items()}
        outside = Outside(
            repository=self._repository,
            builder=self._builder,
            engine=lambda: self.world.engine,
            pull_requests=self._pulls,
        )
        status = run({**self.environ, **given}, outside)
        self.log += self._log()
        self.world.assert_clean()
        return status

    def _repository(self, directory: Path, *, trusted: bool) -> Repository:
        assert (self.world.repository.root, True) == (directory, trusted)
        return self.world.repository

    def _builder(self, root: Path, environ: Mapping[str, str], hidden: Sequence[str]) -> FakeBuilder:
        self.world.builder.hidden = tuple(hidden)
        return self.world.builder

    def _pulls(self, settings: Any, event: Any) -> PullRequests | None:
        self.tokens.append(settings.github_token.get_secret_value() if settings.github_token else None)
        return self.pulls if settings.github_token else None

    @property
    def outputs(self) -> dict[str, str]:
        """As the runner reads them."""
        text = (self.folder / "output").read_text()
        return {found[1]: found[3] for found in re.finditer(r"(\S+)<<(\S+)\n(.*?)\n?\2\n", text, re.DOTALL)}

    @property
    def report(self) -> Report:
        """The JSON report, which is in the workspace."""
        return load_report((self.world.repository.root / "weighbridge-report/report.json").read_bytes())

    @property
    def comments(self) -> list[str]:
        """On the pull request."""
        return self.pulls.bodies(NUMBER)

    def commands(self, name: str) -> list[str]:
        """Workflow commands of one name."""
        return [line for line in self.log.splitlines() if line.startswith(f"::{name}")]


@pytest.fixture
def job(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Job:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("weighbridge.publish._SETTLE", 0)
    return Job(world, tmp_path, lambda: capsys.readouterr().out)


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
