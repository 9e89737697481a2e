"""Whether the candidate's container is set up as the original's is, save what the fix means to change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge.core.names import clipped
from weighbridge.model.fix import Check, Outcome, Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from weighbridge.model.image import ImageConfig

_SHOWN = 120
_ROOT = frozenset({"", "0", "root", "0:0", "root:root", "root:0", "0:root"})
_TERMINATE = frozenset({"", "15", "TERM", "SIGTERM"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One part that differs. `part` is what `Candidate.may_change` would name it (`environment.GOPATH`)."""

    part: str
    text: str
    new: bool = False


def check_configuration(original: ImageConfig, candidate: ImageConfig, may_change: frozenset[str]) -> Check:
    """The second rung. What may change and did is told last."""
    differences = tuple(compare_configurations(original, candidate))
    wrong = [each.text for each in differences if not _allowed(each, may_change)]
    meant = [f"as meant: {each.text}" for each in differences if _allowed(each, may_change)]
    if wrong:
        return Check(step=Step.CONFIGURATION, outcome=Outcome.FAILED, details=(*wrong, *meant))
    same = "the rest is the same" if meant else "the same, in every part"
    return Check(step=Step.CONFIGURATION, outcome=Outcome.PASSED, details=(same, *meant))


def compare_configurations(original: ImageConfig, candidate: ImageConfig) -> Iterator[Difference]:
    """Every part that would make a container behave differently; two ways of saying the same are no difference."""
    for part, word, before, after in (
        ("entrypoint", "ENTRYPOINT", original.entrypoint, candidate.entrypoint),
        ("command", "CMD", original.command, candidate.command),
        ("health_check", "HEALTHCHECK", _health(original), _health(candidate)),
        ("on_build", "ONBUILD", original.on_build, candidate.on_build),
    ):
        if before != after:
            yield Difference(part=part, text=_changed(word, _words(before), _words(after)))
    yield from _keyed("environment", "ENV", _assignments(original.environment), _assignments(candidate.environment))
    yield from _members("exposed_ports", "EXPOSE", original.exposed_ports, candidate.exposed_ports)
    yield from _members("volumes", "VOLUME", _folders(original.volumes), _folders(candidate.volumes))
    yield from _keyed("labels", "LABEL", dict(original.labels), dict(candidate.labels))
    for part, word, first, second, default in (
        ("user", "USER", _user(original), _user(candidate), "root"),
        ("working_directory", "WORKDIR", _folder(original), _folder(candidate), "/"),
        ("stop_signal", "STOPSIGNAL", _signal(original), _signal(candidate), "SIGTERM"),
    ):
        if first != second:
            yield Difference(part=part, text=_changed(word, first or default, second or default))


def _allowed(difference: Difference, may_change: frozenset[str]) -> bool:
    """`labels.a` lets that one change, `labels` all of them, `labels+` lets more come."""
    family = difference.part.partition(".")[0]
    return not may_change.isdisjoint({difference.part, family, *([f"{family}+"] if difference.new else [])})


def _keyed(part: str, word: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Difference]:
    for key in sorted({*before, *after}):
        old, new = before.get(key), after.get(key)
        if old != new:
            named = f"{word} {clipped(key, _SHOWN)}"
            yield Difference(part=f"{part}.{key}", text=_changed(named, old, new), new=old is None)


def _members(part: str, word: str, before: Iterable[str], after: Iterable[str]) -> Iterator[Difference]:
    old, new = set(before), set(after)
    for value in sorted(old | new):
        if (value in old) != (value in new):
            what = "is gone" if value in old else "is new"
            yield Difference(part=f"{part}.{value}", text=f"{word} {clipped(value, _SHOWN)} {what}")


def _changed(word: str, before: str | None, after: str | None) -> str:
    if after is None:
        return f"{word} is gone"
    if before is None:
        return f"{word} is new: {clipped(after, _SHOWN)}"
    return f"{word} is {clipped(after, _SHOWN)}, was {clipped(before, _SHOWN)}"


def _words(words: tuple[str, ...]) -> str | None:
    return "[" + ", ".join(f'"{word}"' for word in words) + "]" if words else None


def _health(config: ImageConfig) -> tuple[str, ...]:
    return () if config.health_check == ("NONE",) else config.health_check


def _assignments(environment: Iterable[str]) -> dict[str, str]:
    return {key: value for key, _, value in (entry.partition("=") for entry in environment)}


def _folders(paths: Iterable[str]) -> list[str]:
    return [path.rstrip("/") or "/" for path in paths]


def _user(config: ImageConfig) -> str:
    return "" if config.user in _ROOT else config.user


def _folder(config: ImageConfig) -> str:
    return config.working_directory.rstrip("/")


def _signal(config: ImageConfig) -> str:
    return "" if config.stop_signal in _TERMINATE else config.stop_signal
