"""The action hands each image's smoke test to what proves fixes, and the network only where the workflow says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from weighbridge.fixing import Workshop
from weighbridge.model.behaviour import Request, Smoke

if TYPE_CHECKING:
    from tests.support.yard import Job
    from weighbridge.model.report import Report

DOCKERFILE = "FROM busybox:1.36\nRUN dd if=/dev/urandom of=/small bs=1000 count=5\n"
SETTINGS = "smoke:\n  requests:\n    - path: /health\n      status: 200\n"


@pytest.mark.parametrize("network", [False, True])
def test_the_files_smoke_test_is_what_fixes_are_held_to(
    job: Job, monkeypatch: pytest.MonkeyPatch, *, network: bool
) -> None:
    shops: list[Workshop] = []

    def with_fixes(report: Report, *rest: object, **_: object) -> Report:
        shops.extend(each for each in rest if isinstance(each, Workshop))
        return report

    monkeypatch.setattr("weighbridge.action_fixes.with_fixes", with_fixes)
    files = {"Dockerfile": DOCKERFILE, ".weighbridge.yml": SETTINGS}
    job.pull_request(files, {**files, "new": ""})

    assert 0 == job.run(fix="true", fix_network=str(network).lower())

    (shop,) = shops
    assert {"yard": Smoke(requests=(Request(path="/health", status=200),), network=network)} == shop.smoke


def test_a_smoke_test_that_is_none_fails_the_job_by_file_line_and_key(job: Job) -> None:
    files = {"Dockerfile": DOCKERFILE, ".weighbridge.yml": SETTINGS.replace("path", "pth")}
    job.pull_request(files, {**files, "new": ""})

    assert 2 == job.run(fix="true")

    (error,) = job.commands("error")
    assert error.endswith(".weighbridge.yml:3: smoke.requests[0].pth: unknown key, did you mean path?")
