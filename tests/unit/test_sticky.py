"""Several runs share one comment: what they keep in it, who wins, and when nothing is written."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.reports import HEAD, MEGABYTE, image, new_image, report, unbuilt
from weighbridge.core.marker import check_key, key_of, marker, payload_of
from weighbridge.core.sticky import (
    STATE_LIMIT,
    CommentMode,
    Run,
    Skip,
    Stale,
    State,
    Write,
    holds,
    merge,
    plan_comment,
    silence,
    state_of,
    write_marker,
)
from weighbridge.core.trim import LEVELS, Level, trim
from weighbridge.errors import UsageError
from weighbridge.model.budget import Status
from weighbridge.model.report import Report, Unavailable, WeighedImage

FIRST, SECOND, THIRD = Run(10), Run(10, 2), Run(11)


def state(what: Report, run: Run | None = FIRST) -> State:
    return State(report=what, runs=tuple(run for _ in what.images))


def names(merged: State | Stale) -> list[str]:
    assert isinstance(merged, State)
    return [each.name for each in merged.report.images]


def render(what: Report, first_line: str) -> str:
    rows = [f"{each.name} {each.diff.size if each.diff else 'unknown'}" for each in what.images]
    return "\n".join([first_line, f"{what.verdict.status} at {what.head.commit}", *rows])


def plan(
    existing: str | None, what: Report, *, run: Run | None = FIRST, mode: CommentMode = CommentMode.ALWAYS
) -> Write | Skip:
    return plan_comment(existing, what, key="default", run=run, mode=mode, render=render)


class TestMarker:
    """The hidden first line."""

    @pytest.mark.parametrize("key", ["default", "a", "A.b_c-d", "x" * 63])
    def test_a_key_comes_back_from_the_comment(self, key: str) -> None:
        assert key == key_of(f"{marker(key, 'v1 abc')}\ntext")
        assert "v1 abc" == payload_of(f"{marker(key, 'v1 abc')}\ntext")

    @pytest.mark.parametrize("key", ["", "a--b", "-a", "a-", "a b", "a>b", "é", "x" * 64, "a\n", "--> <img>"])
    def test_a_key_that_would_break_the_line_is_refused(self, key: str) -> None:
        with pytest.raises(UsageError, match="comment-key"):
            check_key(key)

    @pytest.mark.parametrize(
        "body", ["", "text", f"text\n{marker('default', 'v1')}", "<!-- weighbridge: v1 -->", "<!-- weighbridge:a v1"]
    )
    def test_a_comment_that_does_not_begin_with_it_has_no_key(self, body: str) -> None:
        assert key_of(body) is None
        assert payload_of(body) is None


class TestState:
    """What the marker carries."""

    def test_a_state_comes_back_trimmed(self) -> None:
        written = state(report(image("app", MEGABYTE), unbuilt("worker"), new_image("tool")), SECOND)

        read = state_of(f"{write_marker('default', written)}\n### text")

        assert State(report=trim(written.report, LEVELS[0]), runs=written.runs) == read

    def test_a_run_that_no_workflow_made_comes_back(self) -> None:
        read = state_of(write_marker("default", state(report(image()), None)))

        assert read is not None
        assert (None,) == read.runs

    def test_the_line_can_not_be_ended_by_what_it_carries(self) -> None:
        hostile = state(report(unbuilt("--><script>", log=["-->", "<!--", "--"] * 50)))

        line = write_marker("default", hostile)

        assert 1 == line.count("-->")
        assert 2 == line.count("--")
        assert "\n" not in line

    def test_it_is_the_same_for_the_same_report(self) -> None:
        assert write_marker("default", state(report(image()))) == write_marker("default", state(report(image())))

    def test_many_images_with_long_causes_stay_within_the_limit(self) -> None:
        many = state(report(*(image(f"image-{number}", 7919 * number, causes=60) for number in range(60))))

        line = write_marker("default", many)

        assert len(line) < STATE_LIMIT + 100
        read = state_of(line)
        assert read is not None
        assert [each.name for each in many.report.images] == [each.name for each in read.report.images]

    def test_a_state_that_stays_too_big_is_left_out(self) -> None:
        too_many = state(report(*(image(hashlib.sha512(b"%d" % number).hexdigest(), number) for number in range(300))))

        assert "<!-- weighbridge:default v1 -->" == write_marker("default", too_many)

    @pytest.mark.parametrize(
        "payload",
        [
            "v1",
            "v2 abc",
            "v1 abc",
            "v1 ",
            "v1 a b",
            "v1 " + "A" * (STATE_LIMIT + 1),
        ],
    )
    def test_what_can_not_be_read_is_no_state(self, payload: str) -> None:
        assert state_of(marker("default", payload)) is None

    @pytest.mark.parametrize(
        "document",
        [
            b"[]",
            b"{}",
            b"null",
            b"[" * 100_000,
            b'{"report":{},"runs":[]}',
            b'{"report":{},"runs":[[1e99,1]]}',
            b'{"runs":' + b"9" * 10_000 + b"}",
            b"\xff\xfe",
            b" " * (5 * 2**20),
        ],
        ids=["list", "empty", "null", "deep", "no report", "float", "long number", "no text", "bomb"],
    )
    def test_a_hostile_document_is_no_state(self, document: bytes) -> None:
        assert state_of(marker("default", f"v1 {packed(document)}")) is None

    def test_runs_that_do_not_fit_the_images_are_no_state(self) -> None:
        line = write_marker("default", state(report(image())))
        document = json.loads(unpacked(line))
        document["runs"] = []

        assert state_of(marker("default", f"v1 {packed(json.dumps(document).encode())}")) is None

    @given(st.binary(max_size=300))
    def test_no_bytes_raise(self, data: bytes) -> None:
        assert state_of(marker("default", f"v1 {packed(data)}")) is None
        assert state_of(f"<!-- weighbridge:default v1 {data.decode('latin-1')} -->") is None


def packed(document: bytes) -> str:
    return base64.b64encode(zlib.compress(document), b"._").decode().rstrip("=")


def unpacked(line: str) -> bytes:
    token = (payload_of(line) or "").split(" ")[1]
    return zlib.decompress(base64.b64decode(token + "=" * (-len(token) % 4), b"._"))


class TestTrim:
    """What is left of a report when room is scarce."""

    @pytest.mark.parametrize("level", LEVELS)
    def test_sizes_and_the_sum_of_the_causes_stay(self, level: Level) -> None:
        whole = report(image("app", 7 * MEGABYTE + 3, causes=70), unbuilt("worker"))

        trimmed = trim(whole, level)

        first = trimmed.images[0]
        assert first.diff is not None
        assert 7 * MEGABYTE + 3 == first.diff.size == sum(cause.delta for cause in first.diff.causes)
        assert isinstance(first.head, WeighedImage)
        assert 107 * MEGABYTE + 3 == first.head.size
        assert (whole.verdict, whole.images[0].verdict) == (trimmed.verdict, first.verdict)

    def test_trees_and_lists_go_first(self) -> None:
        head = trim(report(image("app", 5))).images[0].head

        assert isinstance(head, WeighedImage)
        assert ((), (), ()) == (head.tree.children, head.packages, head.largest_files)
        assert 2 == len(head.layers)

    def test_of_a_log_the_end_stays(self) -> None:
        head = trim(report(unbuilt(log=[f"line {number}" for number in range(99)])), LEVELS[1]).images[0].head

        assert isinstance(head, Unavailable)
        assert tuple(f"line {number}" for number in range(94, 99)) == head.log_tail


class TestMerge:
    """One comment, several jobs and runs."""

    def test_the_first_to_come_is_alone(self) -> None:
        assert state(report(image("b"), image("a"))) == merge(None, report(image("b"), image("a")), FIRST)

    def test_jobs_of_one_head_are_united_the_same_whoever_comes_first(self) -> None:
        web, api = report(image("web", 5)), report(image("api"), image("api", platform="linux/arm64"))

        one = merge(state(web), api, FIRST)

        assert ["api", "api", "web"] == names(one)
        assert one == merge(state(api), web, FIRST)

    def test_a_job_alone_keeps_its_order(self) -> None:
        stored = state(report(image("b"), image("a")))

        assert ["b", "a"] == names(merge(stored, report(image("b", 1), image("a", 1)), SECOND))

    def test_of_the_same_image_ours_wins(self) -> None:
        merged = merge(state(report(image("app", 1), image("web", 1))), report(image("app", 2)), SECOND)

        assert isinstance(merged, State)
        assert [2, 1] == [each.diff.size for each in merged.report.images if each.diff]
        assert (SECOND, FIRST) == merged.runs

    def test_of_the_same_image_a_newer_attempt_stays(self) -> None:
        merged = merge(state(report(image("app", 1)), SECOND), report(image("app", 2)), FIRST)

        assert state(report(image("app", 1)), SECOND) == merged

    def test_the_verdict_is_the_worst_of_all_jobs(self) -> None:
        merged = merge(state(report(image("web", 5, status=Status.FAIL))), report(image("api")), FIRST)

        assert isinstance(merged, State)
        assert Status.FAIL is merged.report.verdict.status

    def test_a_verdict_that_was_overruled_stays_where_nothing_is_united(self) -> None:
        accepted = replace(report(image(status=Status.FAIL)), verdict=replace(image().verdict, reasons=("by me",)))

        merged = merge(state(report(image())), accepted, SECOND)

        assert isinstance(merged, State)
        assert ("by me",) == merged.report.verdict.reasons

    def test_a_newer_run_for_another_head_replaces_everything(self) -> None:
        stored = state(report(image("web"), head="c" * 40))

        assert ["app"] == names(merge(stored, report(image("app")), THIRD))

    def test_an_older_run_for_another_head_is_stale(self) -> None:
        merged = merge(state(report(image("app")), THIRD), report(image("app"), head="c" * 40), SECOND)

        assert Stale(reason=f"a newer run has commented on {HEAD[:12]} already") == merged

    def test_another_base_of_the_same_head_is_not_mixed(self) -> None:
        moved = report(image("web"), base="d" * 40)

        assert ["web"] == names(merge(state(report(image("app"))), moved, THIRD))
        assert isinstance(merge(state(moved, THIRD), report(image("app")), FIRST), Stale)

    def test_what_can_not_be_ordered_is_replaced(self) -> None:
        stored = state(report(image("app")), THIRD)

        assert ["web"] == names(merge(stored, report(image("web"), head="c" * 40), None))


class TestHolds:
    """Whether the comment says what we found."""

    def test_it_does_when_our_run_or_a_newer_one_weighed_each_image(self) -> None:
        ours = report(image("app"))

        assert holds(state(ours), ours, FIRST)
        assert holds(state(report(image("app"), image("web")), SECOND), ours, FIRST)
        assert holds(state(report(image("app"), head="c" * 40), THIRD), ours, FIRST)

    def test_it_does_not_when_another_job_overwrote_it(self) -> None:
        ours = report(image("app"))

        assert not holds(None, ours, FIRST)
        assert not holds(state(report(image("web"))), ours, FIRST)
        assert not holds(state(ours, FIRST), ours, SECOND)
        assert not holds(state(report(image("app"), head="c" * 40), FIRST), ours, SECOND)


class TestPlan:
    """What becomes of the comment."""

    def test_a_first_comment_says_what_was_found(self) -> None:
        planned = plan(None, report(image("app", 5)))

        assert isinstance(planned, Write)
        assert f"pass at {HEAD}\napp 5" == planned.body.partition("\n")[2]
        assert "default" == key_of(planned.body)

    def test_a_second_job_writes_both_images(self) -> None:
        first = plan(None, report(image("web", 5)))
        assert isinstance(first, Write)

        second = plan(first.body, report(image("api", 7)))

        assert isinstance(second, Write)
        assert f"pass at {HEAD}\napi 7\nweb 5" == second.body.partition("\n")[2]

    def test_the_same_again_is_not_written(self) -> None:
        first = plan(None, report(image("app", 5)))
        assert isinstance(first, Write)

        assert Skip(reason="the comment says so already") == plan(first.body, report(image("app", 5)))

    def test_growth_that_was_taken_back_updates_the_comment(self) -> None:
        first = plan(None, report(image("app", 5 * MEGABYTE), minimum_change=MEGABYTE))
        assert isinstance(first, Write)

        after = report(image("app", 0), head="c" * 40, minimum_change=MEGABYTE)
        second = plan(first.body, after, run=THIRD, mode=CommentMode.CHANGES)

        assert isinstance(second, Write)
        assert f"pass at {'c' * 40}\napp 0" == second.body.partition("\n")[2]

    def test_an_older_run_is_superseded(self) -> None:
        newer = plan(None, report(image("app", 5)), run=THIRD)
        assert isinstance(newer, Write)

        older = plan(newer.body, report(image("app", 9), head="c" * 40), run=FIRST)

        assert Skip(reason=f"a newer run has commented on {HEAD[:12]} already", superseded=True) == older

    def test_a_comment_of_an_unknown_version_is_written_anew(self) -> None:
        planned = plan(f"{marker('default', 'v7 abc')}\nold", report(image("app", 5)))

        assert isinstance(planned, Write)

    def test_off_is_off(self) -> None:
        assert Skip(reason="comment-mode is off") == plan(None, report(image("app", 5)), mode=CommentMode.OFF)

    def test_a_body_without_its_marker_is_a_mistake_of_ours(self) -> None:
        with pytest.raises(ValueError, match="marker"):
            plan_comment(
                None,
                report(image("app", 5)),
                key="default",
                run=FIRST,
                mode=CommentMode.ALWAYS,
                render=lambda _report, line: f"text\n{line}",
            )


@pytest.mark.parametrize(
    ("what", "mode", "silent"),
    [
        (report(image(delta=0)), CommentMode.ALWAYS, False),
        (report(image(delta=0)), CommentMode.CHANGES, True),
        (report(image(delta=1)), CommentMode.CHANGES, False),
        (report(image(delta=-1)), CommentMode.CHANGES, False),
        (report(image(delta=99), minimum_change=100), CommentMode.ALWAYS, True),
        (report(image(delta=99), minimum_change=100), CommentMode.CHANGES, True),
        (report(image(delta=-100), minimum_change=100), CommentMode.CHANGES, False),
        (report(image(delta=1), image("web", 100), minimum_change=100), CommentMode.CHANGES, False),
        (report(image(delta=0, status=Status.WARN), minimum_change=100), CommentMode.CHANGES, False),
        (report(image(delta=0, status=Status.FAIL), minimum_change=100), CommentMode.CHANGES, False),
        (report(unbuilt(), minimum_change=100), CommentMode.CHANGES, False),
        (report(new_image(), minimum_change=100), CommentMode.CHANGES, False),
        (report(), CommentMode.ALWAYS, True),
    ],
)
def test_a_first_comment_is_only_written_if_it_has_something_to_say(
    what: Report, mode: CommentMode, silent: bool
) -> None:
    assert silent == (silence(what, mode) is not None)
