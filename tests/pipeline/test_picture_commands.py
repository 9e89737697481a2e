"""`badge` and `chart` as a shell starts them, of reports and of what a real git server remembers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from tests.support.goldens import GOLDEN
from tests.support.recorded import weighed, written
from tests.support.reports import image, report, unbuilt

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.command import Ran
    from tests.support.git import WorkTree

    Call = Callable[..., Ran]

MB = 1_000_000
GROWN = str(GOLDEN / "reports" / "grown.json")


@pytest.fixture
def history(clone: WorkTree, call: Call) -> WorkTree:
    """A release of 100 MB, 120 MB on main, and 500 MB on another branch."""
    call("record", "--report", written(clone, "a.json", weighed(clone, 100 * MB)), "--release", "v1.0.0")
    call("record", "--report", written(clone, "b.json", weighed(clone, 110 * MB)), "--ref", "main")
    call("record", "--report", written(clone, "c.json", weighed(clone, 120 * MB)), "--ref", "main")
    call("record", "--report", written(clone, "d.json", weighed(clone, 500 * MB)), "--ref", "topic")
    return clone


def said(ran: Ran) -> str | None:
    """The title of the picture that was printed."""
    assert (0, "") == (ran.status, ran.err)
    return ET.fromstring(ran.out).findtext("{http://www.w3.org/2000/svg}title")  # noqa: S314 - ours


def test_a_badge_of_a_report(call: Call) -> None:
    assert "image size: 518.4 MB" == said(call("badge", GROWN))
    assert "PULL SIZE: ≈ 212.2 MB" == said(
        call("badge", GROWN, "--kind", "packed", "--style", "for-the-badge", "--label", "pull size")
    )
    document = json.loads(call("badge", GROWN, "--kind", "layers", "--format", "endpoint").out)
    assert {"schemaVersion": 1, "label": "image layers", "message": "9", "color": "blue"} == document


def test_one_image_of_a_report(call: Call, clone: WorkTree) -> None:
    path = written(clone, "two.json", report(image("api"), image("api", platform="linux/arm64"), unbuilt("worker")))
    assert "size of 3 images: unknown" == said(call("badge", path))
    assert "size of 2 images: 200.0 MB" == said(call("badge", path, "--image", "api"))
    assert "image size: 100.0 MB" == said(call("badge", path, "--image", "api", "--platform", "linux/arm64"))
    missing = call("badge", path, "--image", "web")
    assert (2, "") == (missing.status, missing.out)
    assert "no such image in it, but api linux/amd64, api linux/arm64, worker linux/amd64" in missing.err


def test_badges_of_the_history(history: WorkTree, call: Call) -> None:
    assert "image size: 120.0 MB" == said(call("badge"))
    assert "size since v1.0.0: +20.0 MB (+20.0 %)" == said(call("badge", "--kind", "change"))
    assert "image size: 500.0 MB" == said(call("badge", "--branch", "topic"))


def test_charts_of_the_history(history: WorkTree, call: Call) -> None:
    drawn = call("chart")
    assert "app image size" == said(drawn)
    assert "app was weighed 3 times" in drawn.out
    assert "1 release, the last v1.0.0 with 100.0 MB" in drawn.out
    for kind in ("packed", "layers", "packages"):
        assert said(call("chart", "--kind", kind))
    path = history.path.parent / "dark.svg"
    assert "" == call("chart", "--theme", "dark", "--since", "v1.0.0", "-o", str(path)).out
    assert "prefers-color-scheme" not in path.read_text()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("chart", "--branch", "gone"), "nothing on weighbridge-history was weighed for the branch gone"),
        (("badge", "--image", "gone"), "none of the 4 records on weighbridge-history is of that kind"),
        (("badge", "gone.json"), "gone.json: cannot be read: No such file or directory"),
        (("chart", "--since", "never"), "'never' is no date, age (90d, 12w, 6m, 2y), and no release"),
        (("badge", "--style", "social"), "'social' is not one of"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(history: WorkTree, call: Call, words: tuple[str, ...], told: str) -> None:
    ran = call(*words)
    assert (2, "") == (ran.status, ran.out)
    assert told in ran.err
    assert 1 == ran.err.count("\n")


def test_two_images_have_no_badge_together_but_a_chart(clone: WorkTree, call: Call) -> None:
    commit = clone.commit({"a": "b"})
    both = report(image("api"), image("worker"), head=commit)
    call("record", "--report", written(clone, "both.json", both), "--ref", "main")
    refused = call("badge")
    assert 2 == refused.status
    assert "name one of api linux/amd64, worker linux/amd64" in refused.err
    assert "image size" == said(call("chart"))
