"""Outputs never call zero what nobody knows."""

from __future__ import annotations

import json

from tests.support.reports import MEGABYTE, image, report, unbuilt
from weighbridge.core.outputs import outputs
from weighbridge.model.budget import Status


def test_what_could_not_be_measured_is_empty_and_not_zero() -> None:
    told = outputs(report(image("api", 1), unbuilt("worker")))
    assert ("", "", "") == (told["new-size"], told["size-diff"], told["size-diff-percent"])


def test_the_badge_is_that_of_the_size() -> None:
    shown = json.loads(outputs(report(image("api", 46 * MEGABYTE, status=Status.FAIL)))["badge"])
    assert ("image size", "146.0 MB", "red") == (shown["label"], shown["message"], shown["color"])
