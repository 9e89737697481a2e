"""The harness of tests/apps notices what it is there to notice, and leaves nothing behind."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support import apps, smoke
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
