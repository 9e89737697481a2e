"""Budgets: what is over, what is close, what cannot be told, and what the command line ends with."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.support.models import image, step
from weighbridge.core.summarize import summarize
from weighbridge.core.verdict import exit_status, judge, overall
from weighbridge.model.budget import Budget, Percent, Status, Verdict
from weighbridge.model.report import ImageReport, Stage, Unavailable, WeighedImage

MB = 1_000_000
NEW = Unavailable(stage=Stage.DOCKERFILE, reason="new image", expected=True)
BROKEN = Unavailable(stage=Stage.BUILD, reason="RUN make\nended with status 2", line=4)


def weighed(size: int) -> WeighedImage:
    return summarize(image(step("COPY app /", {"app": size})), against=None, build_seconds=None)


@pytest.mark.parametrize(
    ("budget", "base", "head", "expected"),
    [
        (Budget(), 1, 999 * MB, Verdict(status=Status.PASS)),
        (
            Budget(max_size=200 * MB),
            1,
            246_100_000,
            Verdict(status=Status.FAIL, reasons=("weighs 246.1 MB, 46.1 MB over its limit of 200 MB",)),
        ),
        (
            Budget(max_size=200 * MB),
            1,
            200 * MB,
            Verdict(status=Status.WARN, reasons=("weighs 200.0 MB, within 5 % of its limit of 200 MB",)),
        ),
        (Budget(max_size=200 * MB), 1, 190 * MB, Verdict(status=Status.PASS)),
        (
            Budget(max_increase=10 * MB),
            200 * MB,
            234_200_000,
            Verdict(status=Status.FAIL, reasons=("grew by 34.2 MB, 24.2 MB more than the 10 MB that it may grow",)),
        ),
        (
            Budget(max_increase=10 * MB),
            200 * MB,
            209_900_000,
            Verdict(status=Status.WARN, reasons=("grew by 9.9 MB, within 5 % of the 10 MB that it may grow",)),
        ),
        (
            Budget(max_increase=Percent(value=Decimal("2.50"))),
            200 * MB,
            206 * MB,
            Verdict(
                status=Status.FAIL, reasons=("grew by 6.0 MB, 1.0 MB more than the 2.5 % (5 MB) that it may grow",)
            ),
        ),
        (Budget(max_increase=0), 200, 200, Verdict(status=Status.PASS)),
        (Budget(max_increase=0), 200, 100, Verdict(status=Status.PASS)),
        (
            Budget(max_increase=0),
            200,
            201,
            Verdict(status=Status.FAIL, reasons=("grew by 1 B, 1 B more than the 0 B that it may grow",)),
        ),
    ],
)
def test_sizes_are_held_against_the_budget(budget: Budget, base: int, head: int, expected: Verdict) -> None:
    assert expected == judge(budget, weighed(base), weighed(head))


def test_a_size_that_is_over_comes_before_one_that_is_close() -> None:
    verdict = judge(Budget(max_size=100 * MB, max_increase=MB), weighed(95 * MB), weighed(99 * MB))

    assert Status.FAIL == verdict.status
    assert ["grew", "weighs"] == [reason.split()[0] for reason in verdict.reasons]


def test_a_new_image_is_held_against_its_size_only() -> None:
    budget = Budget(max_size=200, max_increase=1)

    assert Verdict(status=Status.PASS, reasons=("new image",)) == judge(budget, NEW, weighed(100))
    assert Status.FAIL == judge(budget, NEW, weighed(300)).status


def test_a_base_that_failed_is_a_warning_where_growth_has_a_limit() -> None:
    reason = "its growth was not checked, because the base could not be weighed: RUN make ended with status 2"

    assert Verdict(status=Status.WARN, reasons=(reason,)) == judge(Budget(max_increase=1), BROKEN, weighed(1))
    assert Verdict(status=Status.PASS) == judge(Budget(max_size=100), BROKEN, weighed(1))


def test_a_head_that_failed_is_unknown_and_never_zero() -> None:
    assert Verdict(status=Status.UNKNOWN, reasons=("could not be weighed: RUN make ended with status 2",)) == judge(
        Budget(max_size=1), weighed(1), BROKEN
    )


def test_without_a_base_growth_is_not_asked_for() -> None:
    assert Verdict(status=Status.PASS) == judge(Budget(max_increase=0), None, weighed(5))


def _report(name: str, verdict: Verdict, platform: str = "linux/amd64") -> ImageReport:
    return ImageReport(
        name=name,
        platform=platform,
        dockerfile=None,
        base=None,
        head=BROKEN,
        diff=None,
        budget=Budget(),
        verdict=verdict,
    )


def test_the_worst_verdict_counts_and_reasons_say_whose_they_are() -> None:
    good = _report("api", Verdict(status=Status.PASS))
    warned = _report("worker", Verdict(status=Status.WARN, reasons=("close",)))
    failed = _report("web", Verdict(status=Status.FAIL, reasons=("over",)))
    arm = replace(warned, platform="linux/arm64")

    assert Verdict(status=Status.FAIL, reasons=("web: over", "worker: close")) == overall([good, warned, failed])
    assert Verdict(status=Status.FAIL, reasons=("over",)) == overall([failed])
    assert ("worker linux/amd64: close", "worker linux/arm64: close") == overall([warned, arm]).reasons


def test_a_report_without_images_is_unknown() -> None:
    assert Status.UNKNOWN == overall([]).status


@pytest.mark.parametrize(
    ("status", "fail_on", "expected"),
    [
        (Status.FAIL, {Status.FAIL, Status.UNKNOWN}, 1),
        (Status.FAIL, set(), 0),
        (Status.UNKNOWN, {Status.FAIL, Status.UNKNOWN}, 3),
        (Status.UNKNOWN, {Status.FAIL}, 0),
        (Status.WARN, {Status.FAIL, Status.UNKNOWN}, 0),
        (Status.WARN, {Status.WARN}, 1),
        (Status.PASS, set(Status), 0),
    ],
)
def test_the_exit_status_follows_what_the_user_wants_to_fail_on(
    status: Status, fail_on: set[Status], expected: int
) -> None:
    assert expected == exit_status(Verdict(status=status), frozenset(fail_on))
