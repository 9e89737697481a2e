"""Caches of package managers and compilers that stay in a layer: one kind of rule, many places."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from weighbridge.core.rendering.units import format_size
from weighbridge.core.rules.builds import program_of
from weighbridge.core.rules.case import NOTEWORTHY, command_shown, files_shown, shown
from weighbridge.core.rules.contents import by_layer
from weighbridge.core.rules.removal import is_removed, removed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weighbridge.core.rules.calls import Call
    from weighbridge.core.rules.case import Case
    from weighbridge.core.rules.path_pattern import PathPattern
    from weighbridge.core.rules.replay import Step
    from weighbridge.core.rules.rule import Examine, Rule
    from weighbridge.model.finding import Evidence, Finding

Places = Callable[["Call"], Sequence[str]]
"""The absolute paths where a call leaves a cache; none where it leaves nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cache:
    """One cache. `what` names it; `pattern` finds its files by their paths in an image, without the leading slash.

    `cleaners` are words of a call that empties it (`apt-get clean`, `npm cache clean`). `onbuild` is the image whose
    ONBUILD variant fills it.
    """

    what: str
    places: Places
    pattern: PathPattern
    cleaners: tuple[tuple[str, ...], ...] = ()
    onbuild: str | None = None


def kept(cache: Cache) -> Examine:
    """What examines an image, or a Dockerfile, for one cache."""
    return partial(_examine, cache)


def _examine(cache: Cache, rule: Rule, case: Case) -> Iterator[Finding]:
    if case.contents is None:
        if cache.onbuild is not None and case.base.onbuild and case.base.name == cache.onbuild:
            yield case.found(rule, f"{case.base.reference} leaves {cache.what} by its triggers", line=case.base_line)
        for step, call in _left(cache, case):
            yield case.found(
                rule, f"`{_short(call)}` leaves {cache.what}", line=step.line, evidence=[command_shown(call)]
            )
        return
    lost = _deleted_later(cache, case)
    held = by_layer(case.contents.matching(cache.pattern))
    for layer in sorted(lost.keys() | held.keys()):
        files = held.get(layer, [])
        size = sum(file.size for file in files) + sum(each.size or 0 for each in lost.get(layer, ()))
        if size >= NOTEWORTHY:
            yield case.found(
                rule,
                f"{cache.what} in the image{'' if files else ', deleted in a later layer'}: {format_size(size)}",
                line=case.line_of(layer),
                waste=size,
                evidence=chain(files_shown(files), lost.get(layer, ())),
            )


def _deleted_later(cache: Cache, case: Case) -> dict[int, list[Evidence]]:
    """What later layers delete of the cache, which frees nothing, by the layer that holds it."""
    found: dict[int, list[Evidence]] = {}
    image = case.subject.image
    for wasted in image.waste.largest if image is not None else ():
        # A folder that is gone as a whole is one row, whose path may be that of the cache itself.
        mine = cache.pattern.search(wasted.path) or cache.pattern.search(f"{wasted.path}/x")
        if image is not None and mine and not image.layers[wasted.layer].from_base:
            text = f"/{wasted.path} ({format_size(wasted.size)}), deleted in a later layer"
            found.setdefault(wasted.layer, []).append(
                shown(text, path=wasted.path, size=wasted.size, layer=wasted.layer)
            )
    return found


def _left(cache: Cache, case: Case) -> Iterator[tuple[Step, Call]]:
    """The first call of each step that leaves the cache behind, as far as the Dockerfile tells."""
    for step in case.steps:
        for number, call in enumerate(step.calls):
            places = [place for place in cache.places(call) if not is_removed(place, step.mounts)]
            after = step.calls[number + 1 :]
            gone = removed(after) if places else ()
            if any(not is_removed(place, gone) for place in places) and not _cleaned(cache, after):
                yield step, call
                break


def _cleaned(cache: Cache, after: Sequence[Call]) -> bool:
    """Whether a later call of the same step empties the cache."""
    return any(
        program_of(call)[0] == words[0] and set(words[1:]) <= set(call.argv)
        for call in after
        for words in cache.cleaners
    )


def _short(call: Call) -> str:
    """The part of a command that people call it by."""
    words = [word for word in call.argv if not word.startswith("-")]
    return " ".join([call.program, *words[1:2]])


def home(call: Call) -> str:
    """The home of whoever runs a call, as far as the Dockerfile tells."""
    return call.environment.get("HOME", "/root")
