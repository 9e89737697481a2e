"""What a release weighs beside the one before it, as a section of its notes that is found again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from weighbridge.core.history.versions import previous_release
from weighbridge.core.rendering.escape import code, markdown
from weighbridge.core.rendering.units import format_delta, format_percent, format_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from weighbridge.model.record import Record

BODY_LIMIT = 125_000
"""Characters of a release's notes at most."""

_BEGIN = "<!-- weighbridge:release begin -->"
_END = "<!-- weighbridge:release end -->"
_SECTION = re.compile(rf"{re.escape(_BEGIN)}(?:(?!{re.escape(_BEGIN)}).)*?{re.escape(_END)}", re.DOTALL)
_MOST = 5
_ROWS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """An image of a release, and of the release before; None where that is not remembered."""

    after: Record
    before: Record | None


def pairs_of(tag: str, records: Sequence[Record]) -> tuple[Pair, ...]:
    """The images of a release, each with itself in the highest lower version that is remembered."""
    tags = {record.release for record in records if record.release}
    found = []
    for record in records:
        if record.release != tag:
            continue
        own = {each.release: each for each in records if _same_image(each, record) and each.release}
        before = previous_release(tag, tags & own.keys() - {tag})
        found.append(Pair(after=record, before=own[before] if before else None))
    return tuple(sorted(found, key=lambda pair: (pair.after.image, pair.after.platform)))


def _same_image(one: Record, other: Record) -> bool:
    return (one.image, one.platform) == (other.image, other.platform)


def costliest(pairs: Iterable[Pair], records: Sequence[Record], branch: str) -> tuple[tuple[Record, int], ...]:
    """The commits of a branch between the releases after which an image had grown most, with the growth in bytes.

    Where not every commit is remembered, the growth is that since the one before it that is.
    """
    grown: dict[str, tuple[Record, int]] = {}
    for pair in pairs:
        if pair.before is None:
            continue
        start, end = pair.before.time, pair.after.time
        between = [
            record
            for record in records
            if _same_image(record, pair.after)
            and start <= record.time <= end
            and (record.ref == branch or record in (pair.before, pair.after))
        ]
        for before, after in pairwise(sorted(between, key=lambda record: record.time)):
            growth = after.size - before.size
            if growth > grown.get(after.commit, (after, 0))[1]:
                grown[after.commit] = (after, growth)
    return tuple(sorted(grown.values(), key=lambda each: (-each[1], each[0].commit))[:_MOST])


def section(pairs: Sequence[Pair], costs: Sequence[tuple[Record, int]], pulls: Mapping[str, int]) -> str:
    """The section in Markdown, without markers. `pulls` are the pull requests of commits, by their IDs."""
    before = {pair.before.release for pair in pairs if pair.before}
    since = f"Compared with {', '.join(code(each or '', 100) for each in sorted(map(str, before)))}." if before else ""
    lines = [
        "### Image size",
        "",
        since or "The first release whose weight is remembered.",
        "",
        "| image | unpacked | change | packed | wasted | layers |",
        "|:--|--:|--:|--:|--:|--:|",
        *(_row(pair) for pair in pairs[:_ROWS]),
    ]
    if len(pairs) > _ROWS:
        lines += ["", f"{len(pairs) - _ROWS} more images are in the history."]
    if costs:
        told = ", ".join(f"{_who(record, pulls)} {format_delta(growth)}" for record, growth in costs)
        lines += ["", f"What cost most since then: {told}"]
    return "\n".join(lines)


def _row(pair: Pair) -> str:
    after, before = pair.after, pair.before
    near = "≈ " if after.packed.estimated else ""
    if before is None:
        change, unpacked = "", f"**{format_size(after.size)}**"
        packed, wasted, layers = (
            f"{near}{format_size(after.packed.size)}",
            format_size(after.wasted),
            f"{len(after.layers)}",
        )
    else:
        delta = after.size - before.size
        percent = format_percent(delta, before.size)
        change = f"**{format_delta(delta)}**" + (f" ({percent})" if percent and delta else "")
        unpacked = f"{format_size(before.size)} → **{format_size(after.size)}**"
        packed = f"{near}{format_size(before.packed.size)} → {format_size(after.packed.size)}"
        wasted = f"{format_size(before.wasted)} → {format_size(after.wasted)}"
        layers = f"{len(before.layers)} → {len(after.layers)}"
    name = f"{code(after.image)} {markdown(after.platform, 60)}"
    return f"| {name} | {unpacked} | {change} | {packed} | {wasted} | {layers} |"


def _who(record: Record, pulls: Mapping[str, int]) -> str:
    number = pulls.get(record.commit)
    return f"#{number}" if number is not None else record.commit[:12]


def with_section(body: str, text: str) -> str | None:
    """The notes with the section, in place of an older one or at the end; None where they would get too long.

    What stands around it stays byte for byte. Where somebody copied the section, the first one is kept.
    """
    # A name could be our marker; with something invisible in it it is not.
    defused = text.replace("<!--", "<\u200b!--")
    marked = f"{_BEGIN}\n{defused}\n{_END}"
    found = list(_SECTION.finditer(body))
    if found:
        rest = _SECTION.sub("", body[found[0].end() :])
        written = body[: found[0].start()] + marked + rest
    else:
        written = f"{body.rstrip()}\n\n{marked}\n" if body.strip() else f"{marked}\n"
    return written if len(written) <= BODY_LIMIT else None
