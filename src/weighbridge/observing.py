"""An image is run, watched and asked: what it was seen to do, for core.proof.behaviour to compare."""

from __future__ import annotations

import time
from collections.abc import Callable  # noqa: TC003 - fields of a value that is made from it
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from weighbridge.core.names import clipped
from weighbridge.core.proof.http import MAX_ANSWER_BYTES, linked_paths, read_answer, request_bytes
from weighbridge.core.proof.trials import first_trial, further_trials
from weighbridge.core.rendering.units import format_size
from weighbridge.model.behaviour import Answer, AnswerKind, Observation, Request, Seen, Smoke, Trial
from weighbridge.ports import Launch, Limits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from weighbridge.model.image import ImageConfig
    from weighbridge.ports import Container, Containers, ContainerState, Scene

NO_LESS = Limits()
ALIVE_SECONDS = 5.0
"""How long a program that listens nowhere must live to count as one that stays."""

_QUIET_SECONDS = 1.0
_STOP_SECONDS = 5.0
_HEALTH_SECONDS = 30.0
_ANSWER_SECONDS = 10.0
_LISTEN_SECONDS = 30.0
_DISK_EVERY_SECONDS = 2.0
_STEP_SECONDS = 0.2
_RETRIES = 2
_MAX_PORTS = 6
_MAX_LINES = 2_000
_MAX_LINE = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Observer:
    """Runs images in scenes of their own. `clock` and `sleep` are time's, or a test's."""

    containers: Containers
    limits: Limits = NO_LESS
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


@dataclass(slots=True, kw_only=True)
class _Run:
    """One trial. `before` is what the other image was seen to do in it."""

    observer: Observer
    image: str
    config: ImageConfig
    smoke: Smoke
    trial: Trial
    before: Seen | None = None
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
            failure = self._start_services(scene)
            if failure:
                return failure
            background = scene.listening() if self.smoke.services else ()
            self._started = self.observer.clock()
            container = scene.start(
                Launch(
                    image=self.image,
                    entrypoint=self.trial.entrypoint,
                    command=self.trial.command,
                    environment=self.smoke.environment,
                    volumes=self.config.volumes,
                    limits=self.observer.limits,
                )
            )
            seen = self._watch(scene, container, frozenset(background))
            return replace(self.trial, requests=tuple(self.asked), explore=False), seen

    def _start_services(self, scene: Scene) -> str:
        """Why one of them did not come up, empty if all did."""
        for service in self.smoke.services:
            container = scene.start(
                Launch(
                    image=service.image,
                    command=service.command,
                    environment=service.environment,
                    limits=self.observer.limits,
                )
            )
            named = f"the service {service.name} ({clipped(service.image, 100)})"
            deadline = self.observer.clock() + self.smoke.timeout
            while True:
                state = container.state()
                if not state.running:
                    said = _last_line(container) or state.refusal or f"status {state.status}"
                    return f"{named} did not stay up: {clipped(said, 200)}"
                if service.port is None or service.port in scene.listening():
                    break
                if self.observer.clock() > deadline:
                    return f"{named} does not listen on {service.port} within {self.smoke.timeout:g} s"
                self.observer.sleep(_STEP_SECONDS)
        return ""

    def _watch(self, scene: Scene, container: Container, background: frozenset[int]) -> Seen:
        ports, stopped = self._until_ready(scene, container, background)
        seconds = self.observer.clock() - self._started
        state = container.state()
        if state.running and not stopped:
            if ports:
                self._ask(scene, container, ports)
            state = self._until_healthy(container)
            self._wait_for_lines(container)
            state = container.state() if state.running else state
        elif not state.running:
            # Nobody listens any more: what was to be asked stays unasked, in every image alike.
            self.asked = list(self.trial.requests)
        stdout, stderr, flooded = container.output()
        written = container.written()
        graceful = container.stop(_STOP_SECONDS) if state.running and not stopped else None
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
            stopped=stopped or (self._too_much_memory() if state.out_of_memory else ""),
            seconds=round(seconds, 2),
        )

    def _until_ready(
        self, scene: Scene, container: Container, background: frozenset[int]
    ) -> tuple[tuple[int, ...], str]:
        """The ports that it listens on in the end, and why it was given up on."""
        wanted = self._wanted_ports()
        patience = min(self.smoke.timeout, _LISTEN_SECONDS if wanted else ALIVE_SECONDS)
        if self.before is not None and wanted:
            # A candidate may take its time, within reason, where the original was quick.
            patience = min(self.smoke.timeout, max(_LISTEN_SECONDS, 3 * self.before.seconds))
        ports: tuple[int, ...] = ()
        changed = self._started
        disk_at = self._started + _DISK_EVERY_SECONDS
        while container.state().running:
            now = self.observer.clock()
            found = tuple(port for port in scene.listening() if port not in background)
            if found != ports:
                ports, changed = found, now
            quiet = bool(ports) and now - changed >= _QUIET_SECONDS
            if quiet and wanted <= set(ports):
                break
            if now - self._started >= patience and (quiet or not ports):
                break
            if now >= disk_at:
                disk_at = now + _DISK_EVERY_SECONDS
                if container.disk_bytes() > self.observer.limits.disk:
                    return ports, f"it wrote more than {format_size(self.observer.limits.disk)} and was ended"
            if now - self._started > self.smoke.timeout:
                break
            self.observer.sleep(_STEP_SECONDS)
        return ports, ""

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
        for request in self._requests(ports):
            answer = self._answer(scene, container, request)
            if self.trial.explore and request.path == "/":
                for path in linked_paths(answer):
                    self._answer(scene, container, Request(path=path, port=request.port))

    def _requests(self, ports: Sequence[int]) -> Iterator[Request]:
        first = next((port for port in ports if f"{port}/tcp" in self.config.exposed_ports), ports[0])
        for request in self.trial.requests:
            yield replace(request, port=request.port or first)
        if self.trial.explore:
            for port in ports[:_MAX_PORTS]:
                yield Request(port=port)

    def _answer(self, scene: Scene, container: Container, request: Request) -> Answer:
        key = request_key(request)
        if key in self.answers and request.method == "GET":
            return self.answers[key]
        port = request.port or 0
        answer = Answer(kind=AnswerKind.NOTHING)
        for attempt in range(1 + _RETRIES):
            if attempt:
                self.observer.sleep(1.0)
            received = scene.exchange(
                port, request_bytes(request, port), timeout=_ANSWER_SECONDS, limit=MAX_ANSWER_BYTES
            )
            answer = read_answer(received, request.method)
            settled = answer.kind in (AnswerKind.BYTES, AnswerKind.HTTP) and (answer.status or 0) < 500
            if settled or request.method != "GET" or not container.state().running:
                break
        self.answers[key] = answer
        self.asked.append(request)
        return answer

    def _until_healthy(self, container: Container) -> ContainerState:
        deadline = self.observer.clock() + _HEALTH_SECONDS
        while True:
            state = container.state()
            if not state.running or state.health != "starting" or self.observer.clock() > deadline:
                return state
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

    def _too_much_memory(self) -> str:
        return f"it used more than {format_size(self.observer.limits.memory)} of memory and was ended"


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
