"""Why the size changed: phrases with bytes and lines that add up to the difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.core.align import pair_change
from weighbridge.core.essence import LIMIT as ESSENCE_LIMIT
from weighbridge.core.essence import essence, producing_command, understand
from weighbridge.core.evidence import NO_EVIDENCE, gather
from weighbridge.core.footprint import directory_totals
from weighbridge.core.names import clipped, clipped_path, quoted
from weighbridge.core.rendering.units import format_size
from weighbridge.core.rollup import heaviest_path
from weighbridge.model.change import Cause, Origin

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from weighbridge.core.align import Pair
    from weighbridge.core.evidence import Evidence
    from weighbridge.core.filediff import TreeDiff
    from weighbridge.core.packages import PackagePair
    from weighbridge.model.change import LayerChange
    from weighbridge.model.image import Image
    from weighbridge.model.packages import Package

LIMIT = 20
"""Causes that a diff keeps."""

PHRASE_LIMIT = 160
"""Characters of a phrase."""

_NAME_LIMIT = 40
_NAMES = 2
_NEARLY_ALL = 0.9
_EXPLAINS = 0.4
_SHARE = 0.5
"""A part must explain this much of a difference to be named as its reason."""


def explain(
    base: Image,
    head: Image,
    diff: TreeDiff,
    packages: Sequence[PackagePair],
    pairs: Sequence[Pair],
    *,
    unread: Collection[int] = (),
) -> tuple[Cause, ...]:
    """The causes of `head.size - base.size`, largest first; they add up to it.

    Layers that the base image brought are one cause together. Each other pair of layers is one; past `LIMIT` the
    smallest are told as one. Of the base's layers that are `unread` only the weight is known.
    """
    changes = {pair: pair_change(base.layers, head.layers, pair) for pair in pairs}
    drift = sum(change.delta for change in changes.values() if _from_base(change))
    wanted = [pair for pair, change in changes.items() if change.delta and not _from_base(change)]
    evidence = gather(base, head, diff, packages, pairs, wanted)
    own = [
        _cause(changes[pair], None if pair.base in unread else facts)
        for pair, facts in zip(wanted, evidence, strict=True)
    ]
    if drift:
        own.append(_base_image_cause(base.base_name, head.base_name, drift))
    own.sort(key=lambda cause: -abs(cause.delta))
    return (*own[: LIMIT - 1], *_rest(own[LIMIT - 1 :]))


def _rest(causes: Sequence[Cause]) -> Sequence[Cause]:
    if len(causes) <= 1:
        return causes
    return [Cause(delta=sum(cause.delta for cause in causes), phrase=f"{len(causes)} other changes")]


def _from_base(change: LayerChange) -> bool:
    layer = change.head or change.base
    return layer is not None and layer.from_base


def _base_image_cause(before: str | None, after: str | None, delta: int) -> Cause:
    if before is None or after is None:
        return Cause(delta=delta, phrase="the base image is another one")
    if before == after:
        phrase = f"base image {quoted(clipped(after, 2 * _NAME_LIMIT))} moved"
        return Cause(delta=delta, phrase=phrase, origin=Origin.BASE_IMAGE)
    names = [quoted(clipped(name, _NAME_LIMIT + 10)) for name in (before, after)]
    return Cause(delta=delta, phrase=f"base image changed from {names[0]} to {names[1]}")


def _cause(change: LayerChange, facts: Evidence | None) -> Cause:
    """Without facts, one whose base is not known but for its weight."""
    layer = change.head or change.base
    assert layer is not None  # noqa: S101 - a change has a side
    subject = _subject(change, facts or NO_EVIDENCE)
    predicate = _only_weighed(change) if facts is None else _predicate(change, facts)
    return Cause(
        delta=change.delta,
        phrase=_phrase(subject, predicate),
        line=layer.line,
        in_base=change.head is None and layer.line is not None,
    )


def _phrase(subject: str, predicate: str) -> str:
    line = clipped(f"{subject} {predicate}".strip(), PHRASE_LIMIT - 1)
    return line if line.count("`") % 2 == 0 else f"{line}`"


def _subject(change: LayerChange, facts: Evidence) -> str:
    layer = change.head or change.base
    assert layer is not None  # noqa: S101 - a change has a side
    if not layer.created_by.strip():
        return f"layer {quoted(clipped(layer.diff_id, len('sha256:') + 12))}"
    instruction = understand(layer.created_by)
    previous = understand(change.base.created_by) if change.head is not None and change.base is not None else None
    if facts.packages and previous is None and not _packages_explain(change, facts):
        producing = producing_command(instruction)
        if producing is not None:
            return quoted(producing)
    ecosystems = {package.ecosystem for pair in facts.packages for package in pair if package is not None}
    return quoted(essence(instruction, previous, ecosystems))


def _predicate(change: LayerChange, facts: Evidence) -> str:
    """What the instruction did, the most telling first."""
    if change.head is None:
        return _removed(facts)
    tellings = [_says_copies, _says_waste, _says_packages, _says_files]
    if not _packages_explain(change, facts):
        tellings[2:] = [_says_files, _says_packages]
    for telling in tellings:
        phrase = telling(change, facts)
        if phrase:
            return phrase
    return "writes more than before" if change.base is not None and change.delta > 0 else ""


def _only_weighed(change: LayerChange) -> str:
    if change.head is None or change.base is None:
        return "is gone" if change.head is None else ""
    before, after = (understand(layer.created_by) for layer in (change.base, change.head))
    unchanged = "is unchanged, and " if before.keyword == "RUN" and before.text == after.text else ""
    return f"{unchanged}writes {'more' if change.delta > 0 else 'less'} than was recorded"


def _removed(facts: Evidence) -> str:
    gone = _names([pair.base for pair in facts.packages if pair.base is not None and pair.head is None])
    return f"is gone, and with it {gone}" if gone else "is gone"


def _says_copies(change: LayerChange, facts: Evidence) -> str:
    copied = sum(facts.copies.values())
    if change.delta <= 0 or copied < _SHARE * change.delta:
        return ""
    most = heaviest_path(facts.copies, directory_totals(facts.copies))
    if most is None or most[1] < _NEARLY_ALL * copied:
        return f"copies {format_size(copied)} a second time"
    return f"copies {quoted(clipped_path(most[0], ESSENCE_LIMIT // 2))} ({format_size(most[1])}) a second time"


def _says_waste(change: LayerChange, facts: Evidence) -> str:
    if change.delta <= 0 or facts.wasted < _SHARE * change.delta:
        return ""
    most = heaviest_path(facts.hidden, directory_totals(facts.hidden))
    if most is None:
        return f"leaves {format_size(facts.wasted)} in its layer that later ones delete or replace"
    what = f"{quoted(clipped_path(most[0], _NAME_LIMIT))} ({format_size(facts.wasted)})"
    return f"leaves {what} in its layer, though it is deleted or replaced later"


def _packages_explain(change: LayerChange, facts: Evidence) -> bool:
    """Whether the packages that came and went weigh enough to be the reason, as far as their sizes are known."""
    total = 0
    for old, new in facts.packages:
        before, after = old.size if old else 0, new.size if new else 0
        if before is None or after is None:
            return True
        total += after - before
    return total * change.delta > 0 and abs(total) >= _EXPLAINS * abs(change.delta)


def _says_packages(change: LayerChange, facts: Evidence) -> str:
    came = [pair.head for pair in facts.packages if pair.base is None and pair.head is not None]
    gone = [pair.base for pair in facts.packages if pair.head is None and pair.base is not None]
    moved = [pair for pair in facts.packages if pair.base is not None and pair.head is not None]
    if change.delta > 0 and came:
        return f"brings {_names(came)}"
    if change.delta < 0 and gone:
        return f"no longer brings {_names(gone)}"
    return _moved(moved) if moved else ""


def _moved(pairs: Sequence[PackagePair]) -> str:
    """Names the package whose move weighs most."""

    def weight(pair: PackagePair) -> tuple[int, str]:
        old, new = pair
        known = old is not None and new is not None and old.size is not None and new.size is not None
        delta = (new.size or 0) - (old.size or 0) if known and new and old else 0
        return (-abs(delta), new.name if new else "")

    old, new = min(pairs, key=weight)
    if old is None or new is None:
        return ""
    versions = f"from {clipped(old.version, 20)} to {clipped(new.version, 20)}"
    more = f" and {len(pairs) - 1} more packages" if len(pairs) > 2 else " and 1 more package" if len(pairs) > 1 else ""
    return f"moves {quoted(clipped(new.name, _NAME_LIMIT))} {versions}{more}"


def _says_files(change: LayerChange, facts: Evidence) -> str:
    towards = {path: abs(size) for path, size in facts.files.items() if size * change.delta > 0}
    most = heaviest_path(towards, directory_totals(towards))
    if most is None or most[1] < _SHARE * abs(change.delta):
        return ""
    path, size = most
    what = f"{quoted(clipped_path(path, ESSENCE_LIMIT // 2))} ({format_size(size)})"
    below = f"{path}/"
    affected = [name for name in towards if name == path or name.startswith(below)]
    if change.delta > 0:
        return f"adds {what}" if facts.new_paths.issuperset(affected) else f"makes {what} larger"
    return f"no longer has {what}"


def _names(packages: Sequence[Package | None]) -> str:
    """The largest few by name, the rest as a number."""
    known = [package for package in packages if package is not None]
    known.sort(key=lambda package: (-(package.size or 0), package.name))
    names = list(dict.fromkeys(package.name for package in known))
    if not names:
        return ""
    shown = [quoted(clipped(name, _NAME_LIMIT // 2 + 4)) for name in names[:_NAMES]]
    more = len(names) - len(shown)
    if more:
        return f"{', '.join(shown)} and {more} more package{'s' if more > 1 else ''}"
    return " and ".join(shown)
