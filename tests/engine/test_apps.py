"""The harness of tests/apps notices what it is there to notice, and leaves nothing behind; one app in turn is fixed."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

import bases
from outside import engines
from tests.support import apps, ladder, smoke
from tests.support.apps import Request

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.engine

APP = apps.load("good-busybox-static")
TAG = "weighbridge-test:apps"


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    """A web server with one page."""
    smoke.build(APP, TAG)
    yield TAG
    smoke.docker("image", "rm", "--force", TAG)


def leftovers() -> list[str]:
    return smoke.docker("ps", "--all", "--quiet", f"--filter=ancestor={TAG}").split()


def test_a_program_that_does_what_its_manifest_says_passes(image: str) -> None:
    smoke.smoke(image, APP)
    assert [] == leftovers()


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (Request(port=8080, path="/none", status=200), "answers 404, not 200"),
        (Request(port=8080, contains="Finished"), "without 'Finished'"),
        (Request(port=8081), "nothing listens on port 8081"),
    ],
)
def test_another_answer_fails_in_words(image: str, request_: Request, said: str) -> None:
    wrong = replace(APP, smoke=replace(APP.smoke, requests=(request_,), timeout=2))
    with pytest.raises(smoke.SmokeFailed, match=said):
        smoke.smoke(image, wrong)
    assert [] == leftovers()


def test_another_exit_status_and_a_lost_line_fail_in_words(image: str) -> None:
    ends = replace(APP.smoke, requests=(), command=("sh", "-c", "echo out; exit 3"), status=3, output=("out",))
    smoke.smoke(image, replace(APP, smoke=ends))
    with pytest.raises(smoke.SmokeFailed, match="status 3, not 0"):
        smoke.smoke(image, replace(APP, smoke=replace(ends, status=0)))
    with pytest.raises(smoke.SmokeFailed, match="lacks 'in'"):
        smoke.smoke(image, replace(APP, smoke=replace(ends, output=("in",))))


def test_a_program_that_never_ends_is_stopped(image: str) -> None:
    endless = replace(APP.smoke, requests=(), command=("sleep", "60"), timeout=2)
    with pytest.raises(smoke.SmokeFailed, match="within 2 s"):
        smoke.smoke(image, replace(APP, smoke=endless))
    assert [] == leftovers()


def test_the_app_in_turn_is_fixed_without_being_broken() -> None:
    # Another one in each run of the workflow, elsewhere each day; `scripts/apps.py` climbs with all of them.
    number = int(os.environ.get("GITHUB_RUN_NUMBER") or datetime.now(UTC).date().toordinal())
    app = apps.load(apps.in_turn(number))
    services = {service.image for service in app.smoke.services}
    bases.ensure(engines.require(), sorted({smoke.PROBE_IMAGE, *services, *app.bases, *ladder.GROUNDS}))

    row = ladder.climb(app.name, ladder.Passed(), minutes=2)

    assert "" == row.problem
    assert () == row.broken
    assert row.size is not None
    if app.split == "no":
        assert row.best is None
