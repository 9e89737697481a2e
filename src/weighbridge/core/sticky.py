"""The one comment that several runs and matrix jobs share: its hidden marker, and what is to be written.

The marker is the comment's first line: `<!-- weighbridge:KEY v1 STATE -->`. STATE holds what other jobs need in order
to write the whole comment again: the trimmed report, and which run weighed each image.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from weighbridge.core.marker import check_key, key_of, marker, payload_of
from weighbridge.core.trim import LEVELS, trim
from weighbridge.core.verdict import overall
from weighbridge.core.wire import dump, load
from weighbridge.errors import UsageError
from weighbridge.model.budget import Status
from weighbridge.model.report import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from weighbridge.model.budget import Verdict
    from weighbridge.model.report import ImageReport, Report

STATE_LIMIT = 16_384
"""Characters of STATE at most: a quarter of a comment."""

_VERSION = 1
_JSON_LIMIT = 4 * 2**20
# Not base64url's own `-`: two of them in a row would end an HTML comment.
_ALPHABET = b"._"


class CommentMode(StrEnum):
    """When a comment is written."""

    ALWAYS = "always"
    CHANGES = "changes"
    OFF = "off"


class Run(NamedTuple):
    """A workflow run and its attempt; a greater one is newer."""

    id: int
    attempt: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`runs` says, image by image of `report`, which run weighed it; None where no workflow did."""

    report: Report
    runs: tuple[Run | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """A newer run has written about a newer head already; what an older one found is not news."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """The comment is to have this body."""

    body: str
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """Nothing is to be written. `superseded` where a newer run spoke."""

    reason: str
    superseded: bool = False


def write_marker(key: str, state: State | None) -> str:
    """The comment's first line. A state that stays too big however it is trimmed is left out: nobody merges with it."""
    token = None if state is None else _encode(state)
    return marker(key, f"v{_VERSION} {token}" if token else f"v{_VERSION}")


def state_of(body: str) -> State | None:
    """The state in a comment's marker; None where there is none, or none that this version can read."""
    match (payload_of(body) or "").split(" "):
        case [version, token] if version == f"v{_VERSION}":
            return _decode(token)
    return None


def _encode(state: State) -> str | None:
    for level in LEVELS:
        document = {
            "runs": [None if run is None else list(run) for run in state.runs],
            "report": json.loads(dump(trim(state.report, level))),
        }
        text = json.dumps(document, ensure_ascii=True, separators=(",", ":"), sort_keys=True)
        token = base64.b64encode(zlib.compress(text.encode(), 9), _ALPHABET).decode().rstrip("=")
        if len(token) <= STATE_LIMIT and len(text) <= _JSON_LIMIT:
            return token
    return None


def _decode(token: str) -> State | None:
    if len(token) > STATE_LIMIT:
        return None
    try:
        packed = base64.b64decode(token + "=" * (-len(token) % 4), _ALPHABET, validate=True)
        inflate = zlib.decompressobj()
        text = inflate.decompress(packed, _JSON_LIMIT)
        if not inflate.eof or inflate.unused_data:
            return None
        document = json.loads(text)
        report = load(json.dumps(document["report"]))
        runs = tuple(_run(run) for run in document["runs"])
    except (binascii.Error, zlib.error, ValueError, TypeError, LookupError, RecursionError, UsageError):
        return None
    return State(report=report, runs=runs) if len(runs) == len(report.images) else None


def _run(value: object) -> Run | None:
    if value is None:
        return None
    match value:
        case [int(number), int(attempt)] if number >= 0 and attempt >= 0:
            return Run(number, attempt)
    raise ValueError("not a run")


def merge(
    stored: State | None,
    new: Report,
    run: Run | None,
    *,
    judge: Callable[[Sequence[ImageReport]], Verdict] = overall,
) -> State | Stale:
    """What the comment says when a run brings its report.

    Of the same head and base, the images are united by name and platform; of two weighings of one image the newer
    run's stays. Otherwise the newer run's report replaces the other. Runs that can't be ordered count as newer.
    """
    ours = State(report=new, runs=tuple(run for _ in new.images))
    if stored is None or not stored.report.images:
        return ours
    if not _same_revisions(stored.report, new):
        if any(_newer(other, run) for other in stored.runs):
            head = stored.report.head
            return Stale(reason=f"a newer run has commented on {(head.commit or head.label)[:12]} already")
        return ours
    return _union(stored, ours, judge)


def _same_revisions(one: Report, other: Report) -> bool:
    def commits(report: Report) -> tuple[str | None, str | None]:
        return (report.head.commit, report.base.commit if report.base else None)

    return one.head.commit is not None and commits(one) == commits(other)


def _newer(one: Run | None, other: Run | None) -> bool:
    return one is not None and other is not None and one > other


def _union(stored: State, ours: State, judge: Callable[[Sequence[ImageReport]], Verdict]) -> State:
    pairs = {_identity(image): (image, run) for image, run in zip(ours.report.images, ours.runs, strict=True)}
    alone = len(pairs)
    for image, run in zip(stored.report.images, stored.runs, strict=True):
        own = pairs.get(_identity(image))
        if own is None or _newer(run, own[1]):
            pairs[_identity(image)] = (image, run)
    # By name once there are several jobs: the same whichever of them comes first.
    rows = [pairs[identity] for identity in (pairs if len(pairs) == alone else sorted(pairs))]
    images = tuple(image for image, _ in rows)
    verdict = ours.report.verdict if images == ours.report.images else judge(images)
    return State(
        report=replace(ours.report, images=images, verdict=verdict),
        runs=tuple(run for _, run in rows),
    )


def _identity(image: ImageReport) -> tuple[str, str]:
    return (image.name, image.platform)


def holds(state: State | None, report: Report, run: Run | None) -> bool:
    """Whether a comment's state has what a run brought, or something newer in its place."""
    if state is None:
        return False
    if not _same_revisions(state.report, report):
        return any(_newer(other, run) for other in state.runs)
    there = {_identity(image): weighed for image, weighed in zip(state.report.images, state.runs, strict=True)}
    return all(
        _identity(image) in there and (there[_identity(image)] == run or _newer(there[_identity(image)], run))
        for image in report.images
    )


def silence(report: Report, mode: CommentMode) -> str | None:
    """Why no new comment is worth it; None if one is.

    A verdict other than pass, and an image without a difference (it is new, or a side could not be weighed), are always
    worth one; otherwise a change of unpacked size that reaches `minimum_change`, and in mode `changes` is not zero.
    """
    threshold = max(1, report.minimum_change) if mode is CommentMode.CHANGES else report.minimum_change
    if any(_noteworthy(image, threshold) for image in report.images):
        return None
    return "no image changed" if threshold <= 1 else f"no image changed by {threshold} bytes or more"


def _noteworthy(image: ImageReport, threshold: int) -> bool:
    if image.verdict.status is not Status.PASS or isinstance(image.head, Unavailable) or image.diff is None:
        return True
    return abs(image.diff.size) >= threshold


def plan_comment(
    existing: str | None,
    report: Report,
    *,
    key: str,
    run: Run | None,
    mode: CommentMode,
    render: Callable[[Report, str], str],
    judge: Callable[[Sequence[ImageReport]], Verdict] = overall,
) -> Write | Skip:
    """Decides what becomes of the comment, given its body (None: there is none) and a run's report.

    A comment that exists is kept up to date, also when growth was taken back; a new one needs something to say.
    `render` makes a body of a report and a marker. Raises UsageError for a key that can't be one.
    """
    check_key(key)
    if mode is CommentMode.OFF:
        return Skip(reason="comment-mode is off")
    if existing is None and (reason := silence(report, mode)) is not None:
        return Skip(reason=reason)
    state = merge(None if existing is None else state_of(existing), report, run, judge=judge)
    if isinstance(state, Stale):
        return Skip(reason=state.reason, superseded=True)
    body = render(state.report, write_marker(key, state))
    if key_of(body) != key:
        raise ValueError("a comment begins with its marker")
    if body == existing:
        return Skip(reason="the comment says so already")
    return Write(body=body, state=state)
