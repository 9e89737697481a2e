"""An image is run, watched and asked: what it was seen to do, for core.proof.behaviour to compare."""

from __future__ import annotations

import time
from collections.abc import Callable  # noqa: TC003 - fields of a value that is made from it
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from weighbridge.core.names import clipped
from weighbridge.core.proof.expectations import holds, unfulfilled
from weighbridge.core.proof.http import MAX_ANSWER_BYTES, linked_paths, read_answer, request_bytes
from weighbridge.core.proof.trials import first_trial, further_trials
from weighbridge.core.redaction import redacted, redacted_seen
from weighbridge.core.rendering.units import format_size
from weighbridge.model.behaviour import (
    USUAL_LIMITS,
    Answer,
    AnswerKind,
    Limit,
    Limits,
    Observation,
    Request,
    Seen,
    Smoke,
    Trial,
)
from weighbridge.ports import Launch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from weighbridge.model.behaviour import Service
    from weighbridge.model.image import ImageConfig
    from weighbridge.ports import Container, Containers, Scene

ALIVE_SECONDS = 5.0
"""How long a program that listens nowhere must live to count as one that stays."""

_QUIET_SECONDS = 1.0
_STOP_SECONDS = 5.0
_HEALTH_SECONDS = 30.0
_ANSWER_SECONDS = 10.0
_LISTEN_SECONDS = 30.0
_STEP_SECONDS = 0.2
_RETRIES = 2
_MAX_PORTS = 6
_MAX_LINES = 2_000
_MAX_LINE = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Observer:
    """Runs images in scenes of their own. `hidden` is masked in what they say; `clock` and `sleep` are time's."""

    containers: Containers
    hidden: tuple[str, ...] = ()
    limits: Limits = USUAL_LIMITS
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def observe(self, image: str, config: ImageConfig, smoke: Smoke, *, like: Observation | None = None) -> Observation:
        """What the image does. `like` is another one's observation, whose trials are repeated to the letter.

        Raises EngineUnavailable, ProbeUnavailable, ImageNotFound (of a service).
        """
        for service in smoke.services:
            self.containers.fetch(service.image)
        trials = (first_trial(config, smoke),) if like is None else tuple(trial for trial, _ in like.seen)
        before = {} if like is None else dict(like.seen)
        done: list[tuple[Trial, Seen]] = []
        for trial in trials:
            run = _Run(observer=self, image=image, config=config, smoke=smoke, trial=trial, before=before.get(trial))
            result = run.result()
            if isinstance(result, str):
                return Observation(seen=tuple(done), failure=result)
            done.append(result)
        if like is None:
            for trial in further_trials(config, smoke, done[0][1]):
                result = _Run(observer=self, image=image, config=config, smoke=smoke, trial=trial).result()
                if not isinstance(result, str):
                    done.append(result)
        return Observation(seen=tuple(done))

    def once(
        self,
        image: str,
        config: ImageConfig,
        smoke: Smoke,
        trial: Trial,
        *,
        before: Seen,
        files: bytes,
        after: Callable[[Container], None],
    ) -> Seen | str:
        """One trial with `files` (a tar) in the container, which `after` may look into; or why it could not be done.

        Raises as `observe` does.
        """
        run = _Run(
            observer=self, image=image, config=config, smoke=smoke, trial=trial, before=before, files=files, after=after
        )
        result = run.result()
        return result if isinstance(result, str) else result[1]


@dataclass(slots=True, kw_only=True)
class _Run:
    """One trial. `before` is what the other image was seen to do in it; `after` looks at what is left of it."""

    observer: Observer
    image: str
    config: ImageConfig
    smoke: Smoke
    trial: Trial
    before: Seen | None = None
    files: bytes = b""
    after: Callable[[Container], None] = lambda _: None
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    _started: float = 0.0

    def result(self) -> tuple[Trial, Seen] | str:
        """The trial as it was done, its requests complete, and what was seen; or why it could not be done."""
        names = [service.name for service in self.smoke.services]
        with ExitStack() as stack:
            scene = stack.enter_context(
                self.observer.containers.scene(names=names, volumes=self.config.volumes, network=self.smoke.network)
            )
            services: list[tuple[Service, Container]] = []
            for service in self.smoke.services:
                container = scene.start(
                    Launch(
                        image=service.image,
                        command=service.command,
                        environment=service.environment,
                        limits=self.observer.limits,
                    )
                )
                services.append((service, container))
                failure = self._until_listening(scene, service, container)
                if failure:
                    return failure
            background = scene.listening() if services else ()
            self._started = self.observer.clock()
            container = scene.start(
                Launch(
                    image=self.image,
                    entrypoint=self.trial.entrypoint,
                    command=self.trial.command,
                    environment=self.smoke.environment,
                    volumes=self.config.volumes,
                    limits=self.observer.limits,
                    files=self.files,
                )
            )
            seen = self._watch(scene, container, frozenset(background))
            self.after(container)
            lost = next((each for each in services if each[0].port is not None and not each[1].state().running), None)
            if lost is not None:
                return _fallen(*lost, self.observer.hidden)
            trial = replace(self.trial, requests=tuple(self.asked), explore=False)
            return trial, redacted_seen(seen, self.observer.hidden)

    def _until_listening(self, scene: Scene, service: Service, container: Container) -> str:
        """Why a service did not come up, empty if it did."""
        deadline = self.observer.clock() + self.smoke.timeout
        while service.port is not None and service.port not in scene.listening():
            if not container.state().running:
                return _fallen(service, container, self.observer.hidden)
            if self.observer.clock() > deadline:
                return f"{_named(service)} does not listen on {service.port} within {self.smoke.timeout:g} s"
            self.observer.sleep(_STEP_SECONDS)
        state = container.state()
        return _fallen(service, container, self.observer.hidden) if state.refusal or state.exceeded else ""

    def _watch(self, scene: Scene, container: Container, background: frozenset[int]) -> Seen:
        ports = self._until_ready(scene, container, background)
        seconds = self.observer.clock() - self._started
        state = container.state()
        if state.running:
            if ports:
                self._ask(scene, container, ports)
            self._until_healthy(container)
            self._until_kept(container)
            self._wait_for_lines(container)
            state = container.state()
        else:
            # Nobody listens any more: what was to be asked stays unasked, in every image alike.
            self.asked = list(self.trial.requests)
        stdout, stderr, flooded = container.output()
        written = container.written()
        graceful = container.stop(_STOP_SECONDS) if state.running else None
        return Seen(
            status=state.status,
            refusal=state.refusal,
            stdout=_lines(stdout),
            stderr=_lines(stderr),
            flooded=flooded,
            ports=ports,
            answers=dict(self.answers),
            health=state.health,
            health_output=state.health_output,
            graceful=graceful,
            written=written,
            stopped="" if state.exceeded is None else _excess(state.exceeded, self.observer.limits),
            seconds=round(seconds, 2),
        )

    def _until_ready(self, scene: Scene, container: Container, background: frozenset[int]) -> tuple[int, ...]:
        """The ports that it listens on in the end."""
        wanted = self._wanted_ports()
        patience = self._patience(wanted)
        ports: tuple[int, ...] = ()
        changed = self._started
        while container.state().running:
            now = self.observer.clock()
            found = tuple(port for port in scene.listening() if port not in background)
            if found != ports:
                ports, changed = found, now
            quiet = bool(ports) and now - changed >= _QUIET_SECONDS
            if quiet and wanted and wanted <= set(ports):
                break
            if self._awaits_end() or (self._awaits_words() and not self._has_said_it(container)):
                quiet, patience = False, self.smoke.timeout
            if now - self._started >= patience and (quiet or not ports):
                break
            if now - self._started > self.smoke.timeout:
                break
            self.observer.sleep(_STEP_SECONDS)
        return ports

    def _patience(self, wanted: set[int]) -> float:
        """How many seconds it has until it listens, or counts as one that listens nowhere."""
        if not wanted:
            return min(self.smoke.timeout, ALIVE_SECONDS)
        if self.smoke.given:
            return self.smoke.timeout
        # A candidate may take its time, within reason, where the original was quick.
        before = 0.0 if self.before is None else 3 * self.before.seconds
        return min(self.smoke.timeout, max(_LISTEN_SECONDS, before))

    def _awaits_end(self) -> bool:
        """Whether the repository says how it ends, and nothing is asked of it before."""
        return self.smoke.status is not None and not self.smoke.requests

    def _awaits_words(self) -> bool:
        return self.smoke.contains is not None and not self.smoke.requests

    def _has_said_it(self, container: Container) -> bool:
        stdout, stderr, _ = container.output()
        return holds((*_lines(stdout), *_lines(stderr)), self.smoke.contains or "")

    def _wanted_ports(self) -> set[int]:
        if self.before is not None:
            return set(self.before.ports)
        exposed = (port.partition("/") for port in self.config.exposed_ports)
        ports = {int(number) for number, _, kind in exposed if number.isdigit() and kind in ("", "tcp")}
        # Many images expose more than they open; one of those is enough to go on.
        asked = {request.port for request in self.trial.requests if request.port is not None}
        return asked or (ports if len(ports) == 1 else set())

    def _ask(self, scene: Scene, container: Container, ports: Sequence[int]) -> None:
        """Puts the requests, and those that the answers suggest."""
        first = next((port for port in ports if f"{port}/tcp" in self.config.exposed_ports), ports[0])
        for request in self.trial.requests:
            self._answer(scene, container, replace(request, port=request.port or first))
        for port in ports[:_MAX_PORTS] if self.trial.explore else ():
            for path in linked_paths(self._explore(scene, container, Request(port=port))):
                self._explore(scene, container, Request(path=path, port=port))

    def _explore(self, scene: Scene, container: Container, request: Request) -> Answer:
        """The answer to a request that nobody wrote down, unless it is there already."""
        known = self.answers.get(request_key(request))
        return self._answer(scene, container, request) if known is None else known

    def _answer(self, scene: Scene, container: Container, request: Request) -> Answer:
        port = request.port or 0
        tries = 0
        while True:
            received = scene.exchange(
                port, request_bytes(request, port), timeout=_ANSWER_SECONDS, limit=MAX_ANSWER_BYTES
            )
            answer = read_answer(received, request.method)
            tries += 1
            if self._settled(request, answer, tries) or not container.state().running:
                break
            self.observer.sleep(1.0)
        # The same may be asked again, since something else was asked meanwhile.
        times = 1 + sum(request_key(each) == request_key(request) for each in self.asked)
        self.answers[request_key(request) + (f" ({times})" if times > 1 else "")] = answer
        self.asked.append(request)
        return answer

    def _settled(self, request: Request, answer: Answer, tries: int) -> bool:
        """Whether there is nothing to be gained by asking again: only what changes nothing is asked twice."""
        if request.method != "GET":
            return True
        if request.status is not None or request.contains is not None:
            late = self.observer.clock() - self._started > self.smoke.timeout
            return late or not unfulfilled(request, answer)
        answered = answer.kind in (AnswerKind.BYTES, AnswerKind.HTTP) and (answer.status or 0) < 500
        return answered or tries > _RETRIES

    def _until_healthy(self, container: Container) -> None:
        deadline = self.observer.clock() + _HEALTH_SECONDS
        while True:
            state = container.state()
            if not state.running or state.health != "starting" or self.observer.clock() > deadline:
                return
            self.observer.sleep(_STEP_SECONDS)

    def _until_kept(self, container: Container) -> None:
        """Until it has said what it should, and has ended if it should: it may, since it was asked something."""
        deadline = self._started + self.smoke.timeout
        while container.state().running and self.observer.clock() < deadline:
            waits_for_words = self.smoke.contains is not None and not self._has_said_it(container)
            if self.smoke.status is None and not waits_for_words:
                return
            self.observer.sleep(_STEP_SECONDS)

    def _wait_for_lines(self, container: Container) -> None:
        """A program of the other image may have been quicker to say what it says."""
        if self.before is None:
            return
        deadline = self.observer.clock() + _QUIET_SECONDS
        expected = len(self.before.stdout) + len(self.before.stderr)
        while self.observer.clock() < deadline and container.state().running:
            stdout, stderr, _ = container.output()
            if len(_lines(stdout)) + len(_lines(stderr)) >= expected:
                return
            self.observer.sleep(_STEP_SECONDS)


def _excess(limit: Limit, limits: Limits) -> str:
    """Why it was ended, in words."""
    if limit is Limit.PROCESSES:
        return f"it started {limits.processes} processes, more than it may, and was ended"
    took = "wrote" if limit is Limit.DISK else "used"
    of_it = "" if limit is Limit.DISK else " of memory"
    amount = limits.disk if limit is Limit.DISK else limits.memory
    return f"it {took} more than {format_size(amount)}{of_it} and was ended"


def _named(service: Service) -> str:
    return f"the service {service.name} ({clipped(service.image, 100)})"


def _fallen(service: Service, container: Container, hidden: Sequence[str]) -> str:
    """Why a service does not run, in its own last words or the engine's."""
    state = container.state()
    why = f"it exceeded its limit of {state.exceeded}" if state.exceeded else _last_line(container)
    said = redacted(why or state.refusal or f"status {state.status}", hidden)
    return f"{_named(service)} did not stay up: {clipped(said, 200)}"


def request_key(request: Request) -> str:
    """A request as details name it: `GET :8080/health`."""
    return f"{request.method} :{request.port}{request.path}"


def _lines(output: bytes) -> tuple[str, ...]:
    text = output.decode("utf-8", "replace").replace("\r", "\n")
    return tuple(line[:_MAX_LINE] for line in text.split("\n") if line.strip())[:_MAX_LINES]


def _last_line(container: Container) -> str:
    stdout, stderr, _ = container.output()
    lines = _lines(stderr) or _lines(stdout)
    return lines[-1] if lines else ""
