"""Growth over a threshold on the default branch: the one issue that tells of it, from opening to closing."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge.core.history.versions import in_order, release_of
from weighbridge.core.marker import marker, payload_of
from weighbridge.core.names import clipped
from weighbridge.core.rendering.escape import code, markdown
from weighbridge.core.rendering.units import format_delta, format_limit, format_percent, format_size
from weighbridge.model.budget import Percent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from weighbridge.model.record import Record

KEY = "alert"
_VERSION = "v1"
_ALPHABET = b"._"
_LONGEST = 16_384
_MOST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    """An image that grew over the threshold: from a reference (a commit and its unpacked bytes) to a size."""

    image: str
    platform: str
    since: str
    reference: int
    size: int
    commit: str

    @property
    def name(self) -> str:
        """The image on its platform."""
        return f"{self.image} {self.platform}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertState:
    """What an issue's marker keeps. `over` has (reference's name, its size, size) by image; `settled`: we closed it."""

    over: Mapping[str, tuple[str, int, int]]
    settled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertIssue:
    """What the issue is to be: open with a title and body, or closed with a body."""

    title: str
    body: str
    open: bool


def allowed(reference: int, limit: int | Percent) -> int:
    """Unpacked bytes that an image may weigh at most."""
    return reference + (int(limit.value * reference / 100) if isinstance(limit, Percent) else limit)


def excesses(
    records: Sequence[Record], branch: str, limit: int | Percent, state: AlertState | None
) -> tuple[Excess, ...]:
    """The images whose newest weight on the branch is over the threshold.

    The reference is what an open issue began with; else the highest release proper; else the record before.
    """
    found = []
    series: dict[tuple[str, str], list[Record]] = {}
    for record in sorted(records, key=lambda record: record.time):
        series.setdefault((record.image, record.platform), []).append(record)
    for (image, platform), all_of_it in sorted(series.items()):
        on_branch = [record for record in all_of_it if record.ref == branch]
        if not on_branch:
            continue
        newest = on_branch[-1]
        reference = _reference(f"{image} {platform}", all_of_it, on_branch, state)
        if reference is not None and newest.size > allowed(reference[1], limit):
            found.append(
                Excess(
                    image=image,
                    platform=platform,
                    since=reference[0],
                    reference=reference[1],
                    size=newest.size,
                    commit=newest.commit,
                )
            )
    return tuple(found)


def _reference(
    name: str, all_of_it: Sequence[Record], on_branch: Sequence[Record], state: AlertState | None
) -> tuple[str, int] | None:
    if state is not None and name in state.over:
        return state.over[name][:2]
    proper = {
        record.release: record
        for record in all_of_it
        if record.release and (known := release_of(record.release)) and not known.prerelease
    }
    if proper:
        tag = in_order(tag for tag in proper if tag)[-1]
        return tag, proper[tag].size
    return (on_branch[-2].commit[:12], on_branch[-2].size) if len(on_branch) > 1 else None


def accepted(over: Iterable[Excess], closed: AlertState | None) -> bool:
    """Whether a person closed an issue that told of all this already: what did not grow since is not news."""
    if closed is None or closed.settled:
        return False
    return all(each.name in closed.over and each.size <= closed.over[each.name][2] for each in over)


def issue_of(over: Sequence[Excess], limit: int | Percent, branch: str, before: AlertState | None) -> AlertIssue:
    """The issue for what is over the threshold; closed where nothing is."""
    if not over:
        kept = before.over if before else {}
        text = f"The weight is back within {_limit(limit)} on {code(branch)}."
        return AlertIssue(title="", body=f"{_marker(AlertState(over=kept, settled=True))}\n{text}\n", open=False)
    heaviest = max(over, key=lambda each: each.size - each.reference)
    more = f" and {len(over) - 1} more" if len(over) > 1 else ""
    grew = format_delta(heaviest.size - heaviest.reference)
    state = AlertState(over={each.name: (each.since, each.reference, each.size) for each in over[:_MOST]})
    lines = [
        _marker(state),
        f"On {code(branch)} grew by more than {_limit(limit)}:",
        "",
        "| image | before | now | change | at |",
        "|:--|--:|--:|--:|:--|",
        *(_row(each) for each in over[:_MOST]),
        "",
        "It is updated with every push, and closed when the weight is back. To close it is to accept the growth.",
    ]
    title = f"{clipped(heaviest.image, 60)} grew by {grew}{more}"
    return AlertIssue(title=title, body="\n".join(lines) + "\n", open=True)


def _row(each: Excess) -> str:
    delta = each.size - each.reference
    percent = format_percent(delta, each.reference)
    change = f"**{format_delta(delta)}**" + (f" ({percent})" if percent else "")
    before = f"{format_size(each.reference)} ({code(each.since, 60)})"
    name = f"{code(each.image)} {markdown(each.platform, 60)}"
    return f"| {name} | {before} | {format_size(each.size)} | {change} | {each.commit} |"


def _limit(limit: int | Percent) -> str:
    return f"{limit.value.normalize():f} %" if isinstance(limit, Percent) else format_limit(limit)


def _marker(state: AlertState) -> str:
    value = {"over": {name: list(each) for name, each in state.over.items()}, "settled": state.settled}
    text = json.dumps(value, separators=(",", ":"), sort_keys=True).encode()
    return marker(KEY, f"{_VERSION} {base64.b64encode(text, _ALPHABET).decode().rstrip('=')}")


def alert_state(body: str) -> AlertState | None:
    """What the marker keeps; None where it keeps nothing that can be read."""
    version, _, token = (payload_of(body) or "").partition(" ")
    if version != _VERSION or len(token) > _LONGEST:
        return None
    try:
        value = json.loads(base64.b64decode(token + "=" * (-len(token) % 4), _ALPHABET, validate=True))
        over = {
            str(name): (str(since), int(reference), int(size))
            for name, (since, reference, size) in value["over"].items()
        }
        return AlertState(over=over, settled=value["settled"] is True)
    except (binascii.Error, ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None
