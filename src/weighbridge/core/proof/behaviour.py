"""Two images side by side: whether the candidate was seen to do what the original does.

The original was run twice, so that what it does not do the same twice is known, and not held against the candidate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge.core.names import clipped
from weighbridge.core.proof.expectations import broken_promises
from weighbridge.core.proof.masking import is_trouble, masked, missing, stable, surprising
from weighbridge.core.proof.trials import is_interactive
from weighbridge.core.proof.words import SHOWN, because, fate, what
from weighbridge.model.fix import Check, Outcome, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weighbridge.model.behaviour import Answer, Observation, Seen, Smoke, Trial
    from weighbridge.model.image import ImageConfig

_MAX_SHOWN = 3
# Written at run time for speed or bookkeeping; nobody misses them.
_INCIDENTAL = ("/tmp/", "/run/", "/var/run/", "/proc/", "/dev/", "/sys/", "/var/cache/", "/var/log/", "/root/.cache/")  # noqa: S108
_INCIDENTAL_PARTS = ("/__pycache__", ".pyc", "/.cache", "/.npm/", "/node_modules/.cache", "/.config/", "/hsperfdata_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """The original's two runs, and what is known before any candidate: why it cannot be compared with, or nothing."""

    first: Observation
    second: Observation
    reason: str = ""


def judge_original(first: Observation, second: Observation, config: ImageConfig, smoke: Smoke) -> Original:
    """Whether the original does on its own what a candidate shall be held to."""
    reason = next(_reasons(first, second, config, smoke), "")
    return Original(first=first, second=second, reason=reason)


def compare_behaviour(original: Original, candidate: Observation, smoke: Smoke) -> Check:
    """The fourth rung. Unknown where the original gives nothing to compare with."""
    if original.reason:
        return Check(step=Step.BEHAVIOUR, outcome=Outcome.UNKNOWN, details=(original.reason,))
    if candidate.failure:
        return Check(step=Step.BEHAVIOUR, outcome=Outcome.UNKNOWN, details=(candidate.failure,))
    wrong: list[str] = []
    right: list[str] = []
    seconds = dict(zip((trial for trial, _ in original.first.seen), original.second.seen, strict=False))
    for (trial, first), (_, seen) in zip(original.first.seen, candidate.seen, strict=False):
        pair = _Pair(trial=trial, first=first, second=seconds[trial][1], seen=seen)
        wrong += pair.differences()
        right += pair.agreements()
    wrong += broken_promises(candidate, smoke)
    if wrong:
        return Check(step=Step.BEHAVIOUR, outcome=Outcome.FAILED, details=tuple(wrong))
    return Check(step=Step.BEHAVIOUR, outcome=Outcome.PASSED, details=tuple(right))


def _reasons(first: Observation, second: Observation, config: ImageConfig, smoke: Smoke) -> Iterator[str]:
    """Why nothing can be claimed, the most telling first."""
    for observation in (first, second):
        if observation.failure:
            yield observation.failure
    if not first.seen or not second.seen:
        yield "the original was not seen to do anything"
        return
    main = first.seen[0][1]
    if main.refusal:
        yield f"the original cannot be started: {main.refusal}"
    if main.stopped:
        yield f"the original does not behave on its own: {main.stopped}"
    if main.flooded:
        yield "the original prints without end, more than can be compared"
    for said in broken_promises(first, smoke):
        yield f"the smoke test fails on the original: {said}"
    if main.health == "unhealthy":
        yield f"the original's health check fails on its own: {clipped(main.health_output, 300) or 'it says nothing'}"
    yield from _ended_badly(first, smoke)
    yield from _listens_nowhere(main, config, smoke)
    for (trial, one), (_, other) in zip(first.seen, second.seen, strict=False):
        yield from _unsteady(trial, one, other)
    if not main.alive and not any(seen.stdout or seen.stderr for _, seen in first.seen):
        what = "a shell or a prompt, which ends at once" if is_interactive(config) else "nothing that can be seen"
        yield f"the original's command does {what}: say what to run with `smoke` in .weighbridge.yml"


def _ended_badly(first: Observation, smoke: Smoke) -> Iterator[str]:
    main = first.seen[0][1]
    if main.alive or main.status == 0 or smoke.status is not None:
        return
    informed = any(seen.status == 0 and (seen.stdout or seen.stderr) for _, seen in first.seen[1:])
    if not informed:
        yield f"the original ends with status {main.status} on its own{because(main)}; say what it needs with `smoke`"


def _listens_nowhere(main: Seen, config: ImageConfig, smoke: Smoke) -> Iterator[str]:
    asked = [each for each in smoke.requests if (each.port not in main.ports if each.port else not main.ports)]
    if not main.alive or (main.ports and not asked):
        return
    exposed = ", ".join(port for port in config.exposed_ports if not port.endswith("/udp"))
    if asked:
        yield f"the original does not listen where the smoke test asks{because(main)}"
    elif exposed:
        yield f"the original listens nowhere, though it exposes {clipped(exposed, 80)}{because(main)}"


def _unsteady(trial: Trial, one: Seen, other: Seen) -> Iterator[str]:
    named = "" if trial.title == "the command" else f" ({trial.title})"
    if (one.alive, one.status, bool(one.refusal)) != (other.alive, other.status, bool(other.refusal)):
        yield f"the original does not do the same twice{named}: {fate(one)}, then {fate(other)}"
    elif one.ports and not set(one.ports) & set(other.ports):
        yield f"the original listens elsewhere each time{named}: {_listed(one.ports)}, then {_listed(other.ports)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """One trial: the original's two runs, and the candidate's."""

    trial: Trial
    first: Seen
    second: Seen
    seen: Seen

    @property
    def _named(self) -> str:
        return "" if self.trial.title == "the command" else f"{self.trial.title}: "

    def differences(self) -> Iterator[str]:
        """What the candidate does not do as the original does, in words; the first tells most."""
        seen, first = self.seen, self.first
        if seen.refusal or seen.stopped:
            yield f"{self._named}{fate(seen)}"
            return
        if (seen.alive, seen.status) != (first.alive, first.status):
            yield f"{self._named}{fate(seen)}, where the original {_fate_of_original(first)}{because(seen)}"
            return
        yield from self._port_differences()
        for key, before, again in self._steady_answers():
            yield from _answer_differences(key, before, again, seen.answers.get(key))
        if first.health == self.second.health == "healthy" and seen.health != "healthy":
            said = f": {clipped(seen.health_output, 300)}" if seen.health_output else ""
            yield f"the health check says {seen.health or 'nothing'}{said}"
        yield from self._output_differences()
        if first.graceful and self.second.graceful and seen.graceful is False:
            yield "it does not end when it is asked to, which the original does"
        lost = sorted(_kept_paths(first) & _kept_paths(self.second) - seen.written)
        if lost:
            yield f"it does not write {_some(lost)}, which the original does"

    def _port_differences(self) -> Iterator[str]:
        steady = set(self.first.ports) & set(self.second.ports)
        lost = sorted(steady - set(self.seen.ports))
        if lost:
            yield f"{self._named}it does not listen on {_listed(lost)}{because(self.seen)}"

    def _steady_answers(self) -> Iterator[tuple[str, Answer, Answer]]:
        for key, before in self.first.answers.items():
            again = self.second.answers.get(key)
            if again is not None and (before.kind, before.status) == (again.kind, again.status):
                yield key, before, again

    def _output_differences(self) -> Iterator[str]:
        for stream in ("stdout", "stderr"):
            known = stable(getattr(self.first, stream), getattr(self.second, stream))
            lines: tuple[str, ...] = getattr(self.seen, stream)
            lost = missing(known, lines)
            new = surprising(known, lines)
            trouble = [line for line in new if is_trouble(line)]
            if trouble:
                yield f"{self._named}{stream} holds {_quoted(trouble)}, which the original does not print"
            elif lost:
                instead = f"; instead: {_quoted(new)}" if new else ""
                yield f"{self._named}{stream} lacks {_quoted(lost)}{instead}"
            elif new and stream == "stdout" and not self.seen.alive:
                yield f"{self._named}stdout holds {_quoted(new)}, which the original does not print"

    def agreements(self) -> Iterator[str]:
        """What was compared and is the same."""
        seen = self.seen
        listening = f", listens on {_listed(seen.ports)}" if seen.ports else ""
        yield f"{self.trial.title}: {fate(seen)}{listening}, as the original does"
        for key, before, again in self._steady_answers():
            words = _learned(before.lines, again.lines)
            yield f"{clipped(key, SHOWN)} {what(before)}, the same{words}"
        if seen.health is not None:
            yield f"the health check says {seen.health}"
        count = len(seen.stdout) + len(seen.stderr)
        if count:
            both = (*self.first.stdout, *self.first.stderr), (*self.second.stdout, *self.second.stderr)
            yield f"{self._named}{count} lines of output agree{_learned(*both)}"
        if seen.graceful and self.first.graceful:
            yield "it ends when it is asked to"
        written = _kept_paths(self.first) & _kept_paths(self.second)
        if written:
            yield f"it writes {_some(sorted(written))}, as the original does"


def _answer_differences(key: str, before: Answer, again: Answer, after: Answer | None) -> Iterator[str]:
    named = clipped(key, SHOWN)
    if after is None:
        yield f"{named} could not be asked"
    elif (after.kind, after.status) != (before.kind, before.status):
        yield f"{named} {what(after)}, where the original {what(before)}{_first_words(after)}"
    elif before.content_type == again.content_type != after.content_type:
        yield f"{named} is {after.content_type or 'untyped'}, the original's {before.content_type or 'untyped'}"
    elif before.location == again.location and masked(before.location) != masked(after.location):
        yield f"{named} leads to {clipped(after.location, 80)}, the original's to {clipped(before.location, 80)}"
    elif after.digest != before.digest and (before.lines or before.digest == again.digest):
        known = stable(before.lines, again.lines)
        lost, new = missing(known, after.lines), surprising(known, after.lines)
        if lost or (new and before.digest == again.digest):
            lacks = f"lacks {_quoted(lost)}; " if lost else ""
            yield f"the answer to {named} {lacks}" + (f"holds {_quoted(new)}" if new else "holds nothing instead")
        elif not before.lines:
            yield f"the answer to {named} has {after.length:,} bytes, the original's {before.length:,}, and they differ"


def _fate_of_original(seen: Seen) -> str:
    return "cannot be started" if seen.refusal else fate(seen)


def _first_words(answer: Answer) -> str:
    return f": {clipped(answer.lines[0], SHOWN)}" if answer.lines else ""


def _learned(one: tuple[str, ...], other: tuple[str, ...]) -> str:
    return " (but for what changes from run to run)" if stable(one, other).learned else ""


def _kept_paths(seen: Seen) -> frozenset[str]:
    return frozenset(
        path
        for path in seen.written
        if not path.startswith(_INCIDENTAL) and not any(part in path for part in _INCIDENTAL_PARTS)
    )


def _some(paths: list[str]) -> str:
    more = f" and {len(paths) - _MAX_SHOWN} more" if len(paths) > _MAX_SHOWN else ""
    return ", ".join(clipped(path, 100) for path in paths[:_MAX_SHOWN]) + more


def _quoted(lines: tuple[str, ...] | list[str]) -> str:
    more = f" and {len(lines) - 1} more" if len(lines) > 1 else ""
    return f"“{clipped(lines[0], SHOWN)}”{more}"


def _listed(ports: tuple[int, ...] | list[int]) -> str:
    return ", ".join(str(port) for port in ports)
