"""The badge is a document that shields takes, and outputs never call zero what nobody knows."""

from __future__ import annotations

import json

import pytest

from tests.support.goldens import SCENES, scene
from tests.support.reports import MEGABYTE, image, report, unbuilt
from weighbridge.core.outputs import badge, outputs
from weighbridge.model.budget import Status

# https://shields.io/badges/endpoint-badge: other keys are refused.
_KEYS = {
    "schemaVersion", "label", "message", "color", "labelColor", "isError", "namedLogo", "logoSvg", "logoColor",
    "logoWidth", "logoPosition", "style", "cacheSeconds",
}  # fmt: skip


@pytest.mark.parametrize("name", SCENES)
def test_a_badge_has_what_shields_needs_and_nothing_that_it_refuses(name: str) -> None:
    document = json.loads(json.dumps(badge(scene(name))))
    assert _KEYS >= document.keys()
    assert 1 == document["schemaVersion"]
    assert all(isinstance(document[key], str) and document[key] for key in ("label", "message"))


def test_a_badge_says_the_size_and_the_verdict() -> None:
    shown = badge(report(image("api", 46 * MEGABYTE, status=Status.FAIL)))
    assert ("image size", "146.0 MB", "red") == (shown["label"], shown["message"], shown["color"])


def test_what_could_not_be_measured_is_unknown_and_not_zero() -> None:
    unknown = report(image("api", 1), unbuilt("worker"))
    assert ("unknown", "lightgrey") == (badge(unknown)["message"], badge(unknown)["color"])
    told = outputs(unknown)
    assert ("", "", "") == (told["new-size"], told["size-diff"], told["size-diff-percent"])
