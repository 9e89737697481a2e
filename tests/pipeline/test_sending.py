"""The action sends its report where a service is set, and goes on whatever comes of it; `push` sends it later."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.reports import image, report
from tests.support.service_running import Running, running_service
from weighbridge.core import wire
from weighbridge.core.wire.layers import load_layer
from weighbridge.errors import ServiceRefused, ServiceUnavailable
from weighbridge.model.report import WeighedImage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.command import Ran
    from tests.support.yard import Job

    Call = Callable[..., Ran]

SMALL = "FROM busybox:1.36\nRUN dd if=/dev/urandom of=/small bs=1000 count=5\n"
SERVICE = "https://weighbridge.example"


def test_nothing_is_sent_where_no_service_is_set(job: Job) -> None:
    assert 0 == job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": SMALL}).run()

    assert [] == job.receiver.reports


def test_the_report_is_sent_as_it_is_kept(job: Job) -> None:
    assert 0 == job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": SMALL}).run(service=f"{SERVICE}/")

    assert [job.report] == job.receiver.reports
    tip = (job.report.head.commit or "")[:12]
    assert f"sent to {SERVICE}: octocat/yard yard linux/amd64 at {tip} of #7: created" in job.log
    assert [] == job.commands("warning")


@pytest.mark.parametrize("fault", [ServiceUnavailable("it is away\nfor long"), ServiceRefused("answered 403")])
def test_a_service_that_does_not_take_it_is_one_warning(job: Job, fault: ServiceUnavailable | ServiceRefused) -> None:
    job.receiver.fault = fault

    assert 0 == job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": SMALL}).run(service=SERVICE)

    (warning,) = job.commands("warning")
    assert f"not sent: {' '.join(str(fault).split())}; it is kept in weighbridge-report/report.json" in warning
    assert "weighbridge push" in warning


def test_a_service_that_fails_does_not_hide_a_verdict(job: Job) -> None:
    job.receiver.fault = ServiceUnavailable("it is away")

    assert 1 == job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": SMALL}).run(service=SERVICE, max_size="1kB")


def test_a_job_without_an_identity_is_told_what_it_needs(job: Job) -> None:
    job.identified = False

    assert 0 == job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": SMALL}).run(service=SERVICE)

    (warning,) = job.commands("warning")
    assert "id-token: write, or the input service-token" in warning


def test_a_fork_has_none_and_need_not_be_warned(job: Job) -> None:
    job.identified = False
    job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": SMALL})
    event = json.loads((job.folder / "event.json").read_text())
    event["pull_request"]["head"]["repo"]["full_name"] = "hubot/yard"

    assert 0 == job.event("pull_request", event).run(service=SERVICE)

    assert [] == job.commands("warning")
    assert "a fork's job has no identity" in job.log


def test_the_token_is_masked_and_the_address_is_looked_at(job: Job) -> None:
    job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": SMALL})

    assert 2 == job.run(service="weighbridge.example", service_token="wbu_secret")

    assert "wbu_secret" in job.commands("add-mask")[1]
    assert "input service: must be an http or https address" in job.commands("error")[0]


def test_the_files_of_the_heads_layers_are_sent_once(job: Job) -> None:
    job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": SMALL}).run(service=SERVICE)
    first = dict(job.receiver.layers)
    job.environ["GITHUB_RUN_ID"] = "2"
    job.run(service=SERVICE)

    head = job.report.images[0].head
    assert isinstance(head, WeighedImage)
    assert {layer.diff_id for layer in head.layers} == set(first)
    assert f"sent to {SERVICE}: the files of {len(first)} layers" in job.log
    assert 1 == job.log.count("the files of")
    assert any(entry.path == "small" for document in first.values() for entry in load_layer(document).entries)


def test_layers_that_are_not_taken_are_a_warning(job: Job) -> None:
    job.receiver.layer_fault = ServiceUnavailable("it is away")

    assert 0 == job.pull_request({"Dockerfile": SMALL}, {"Dockerfile": SMALL}).run(service=SERVICE)

    (warning,) = job.commands("warning")
    assert "the files of layers were not all sent" in warning


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with running_service(tmp_path / "data") as made:
        yield made


def written(folder: Path, name: str, owner: str = "octocat") -> Path:
    path = folder / name / "report.json"
    path.parent.mkdir(parents=True)
    made = report(image(name))
    path.write_text(wire.dump(made).replace("octocat/yard", f"{owner}/yard"))
    return path


def test_push_sends_stored_reports(call: Call, running: Running, tmp_path: Path) -> None:
    one, two = written(tmp_path / "artifacts", "one"), written(tmp_path / "artifacts", "two")
    options = ("--service", running.url, "--token", running.token)

    first = call("push", str(one.parent.parent), *options)
    again = call("push", str(two), *options)

    assert (0, "") == (first.status, first.err)
    assert ["1/2 octocat/yard one", "2/2 octocat/yard two"] == [line[:20] for line in first.out.splitlines()]
    assert (0, "1/1 octocat/yard two linux/amd64 at aaaaaaaaaaaa of #1: unchanged\n") == (again.status, again.out)


def test_push_goes_on_after_what_is_refused(call: Call, running: Running, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("{}")
    theirs, ours = written(tmp_path, "theirs", "hubot"), written(tmp_path, "ours")

    ran = call("push", str(broken), str(theirs), str(ours), "--service", running.url, "--token", running.token)

    assert (2, 1) == (ran.status, len(ran.out.splitlines()))
    first, second = ran.err.splitlines()
    assert first.startswith(f"weighbridge: {broken}: not a weighbridge.report/1")
    assert second.startswith(f"weighbridge: {theirs}: 127.0.0.1")


def test_push_stops_where_the_service_is_away(call: Call, running: Running, tmp_path: Path) -> None:
    paths = [str(written(tmp_path, name)) for name in ("a", "b", "c")]
    running.front.faults = [(503, {"Retry-After": "3600"})] * 9

    ran = call("push", *paths, "--service", running.url, "--token", running.token)

    assert (3, "") == (ran.status, ran.out)
    assert "3 of 3 not sent: push again later" in ran.err


def test_push_needs_a_service_a_token_and_reports(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "--service is needed" in call("push").err
    monkeypatch.setenv("WEIGHBRIDGE_SERVICE", "http://127.0.0.1:1")
    assert "no token to send with" in call("push").err
    monkeypatch.setenv("WEIGHBRIDGE_TOKEN", "wbu_x")
    ran = call("push")
    assert (2, "weighbridge: weighbridge-report: cannot be read: No such file or directory\n") == (ran.status, ran.err)
    (tmp_path / "weighbridge-report").mkdir()
    assert "there is no report.json below it" in call("push").err
