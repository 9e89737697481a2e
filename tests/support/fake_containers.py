"""Containers without an engine: what a program does is a list of what happens when, on a clock of the test's own."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from weighbridge.errors import ImageNotFound
from weighbridge.ports import ContainerState, Launch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from weighbridge.model.behaviour import Limit

FOREVER = float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What a program does, by seconds since it was started.

    `ends` is when and with what status; `says` are pieces of output with their time and stream; `listens` are ports
    with their time; `answers` maps `METHOD /path` to what is answered one time after the other, the last for good.
    `exceeds` is when it is ended, and for what. `stubborn` does not end when it is asked to.
    """

    ends: tuple[float, int] = (FOREVER, 0)
    says: Sequence[tuple[float, str, str]] = ()
    listens: Mapping[int, float] = field(default_factory=dict)
    answers: Mapping[str, Sequence[bytes]] = field(default_factory=dict)
    exceeds: tuple[float, Limit] | None = None
    refusal: str = ""
    health: Sequence[tuple[float, str]] = ()
    writes: frozenset[str] = frozenset()
    files: Mapping[str, bytes] = field(default_factory=dict)
    stubborn: bool = False


def http(status: int, body: str = "", kind: str = "text/plain") -> bytes:
    """An answer as a server sends it."""
    head = f"HTTP/1.1 {status} Whatever\r\nContent-Type: {kind}\r\nConnection: close\r\n\r\n"
    return (head + body).encode()


Programs = Mapping[str | tuple[str, ...], "Program | Sequence[Program]"]


class FakeContainers:
    """Implements ports.Containers. `programs` are found by image, or by image and command.

    Time passes by `sleep` alone. `open` counts scenes that nobody closed, `started` are all launches, `asked` what
    was sent.
    """

    def __init__(self, programs: Programs) -> None:
        self._programs = dict(programs)
        self._runs: dict[str | tuple[str, ...], int] = {}
        self.now = 1000.0
        self.open = 0
        self.started: list[Launch] = []
        self.scenes: list[tuple[tuple[str, ...], tuple[str, ...], bool]] = []
        self.asked: list[bytes] = []

    def clock(self) -> float:
        """The time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Lets time pass."""
        self.now += seconds

    def fetch(self, image: str) -> None:
        """See ports.Containers."""
        if not any(image in (key, key[0]) for key in self._programs):
            raise ImageNotFound(f"{image}: cannot be pulled")

    @contextlib.contextmanager
    def scene(
        self, *, names: Sequence[str] = (), volumes: Sequence[str] = (), network: bool = False
    ) -> Iterator[FakeScene]:
        """See ports.Containers."""
        self.open += 1
        self.scenes.append((tuple(names), tuple(volumes), network))
        try:
            yield FakeScene(self)
        finally:
            self.open -= 1

    def program(self, launch: Launch) -> Program:
        """What a launch starts: of several, the next."""
        words = (launch.image, *(launch.entrypoint or ()), *(launch.command or ()))
        key = words if words in self._programs else launch.image
        found = self._programs[key]
        if isinstance(found, Program):
            return found
        number = self._runs.get(key, 0)
        self._runs[key] = number + 1
        return found[min(number, len(found) - 1)]


class FakeScene:
    """Implements ports.Scene."""

    def __init__(self, yard: FakeContainers) -> None:
        self._yard = yard
        self._containers: list[FakeContainer] = []

    def start(self, launch: Launch) -> FakeContainer:
        """See ports.Scene."""
        self._yard.started.append(launch)
        container = FakeContainer(self._yard, self._yard.program(launch), launch)
        self._containers.append(container)
        return container

    def listening(self) -> tuple[int, ...]:
        """See ports.Scene."""
        return tuple(sorted({port for each in self._containers for port in each.ports()}))

    def exchange(self, port: int, data: bytes, *, timeout: float, limit: int) -> bytes | None:
        """See ports.Scene. An answer that is not there costs the whole timeout."""
        self._yard.asked.append(data)
        for each in self._containers:
            if port in each.ports():
                answer = each.answer(data)
                if not answer:
                    self._yard.sleep(timeout)
                return answer[:limit]
        return None


class FakeContainer:
    """Implements ports.Container."""

    def __init__(self, yard: FakeContainers, program: Program, launch: Launch) -> None:
        self._yard = yard
        self._program = program
        self._launch = launch
        self._began = yard.now
        self._stopped: int | None = None
        self._asked: dict[str, int] = {}

    @property
    def _age(self) -> float:
        return self._yard.now - self._began

    def state(self) -> ContainerState:
        """See ports.Container."""
        program = self._program
        if program.refusal:
            return ContainerState(running=False, refusal=program.refusal)
        if program.exceeds is not None and self._age >= program.exceeds[0]:
            return ContainerState(running=False, status=137, exceeded=program.exceeds[1])
        health = next((word for at, word in reversed(program.health) if self._age >= at), None)
        status = self._stopped if self._stopped is not None else program.ends[1]
        running = self._stopped is None and self._age < program.ends[0]
        return ContainerState(running=running, status=None if running else status, health=health)

    def ports(self) -> tuple[int, ...]:
        """What it listens on now."""
        if not self.state().running:
            return ()
        return tuple(port for port, at in self._program.listens.items() if self._age >= at)

    def answer(self, data: bytes) -> bytes:
        """What it says to a request."""
        method, path = data.decode().split(" ")[:2]
        key = f"{method} {path}"
        answers = self._program.answers.get(key, [http(404, "nothing here")])
        number = self._asked.get(key, 0)
        self._asked[key] = number + 1
        return answers[min(number, len(answers) - 1)]

    def output(self) -> tuple[bytes, bytes, bool]:
        """See ports.Container."""
        said = {"stdout": b"", "stderr": b""}
        for at, stream, text in self._program.says:
            if self._age >= at:
                said[stream] += text.encode()
        limit = self._launch.limits.output
        flooded = any(len(each) > limit for each in said.values())
        return said["stdout"][:limit], said["stderr"][:limit], flooded

    def written(self) -> frozenset[str]:
        """See ports.Container."""
        return self._program.writes

    def read(self, path: str, limit: int) -> bytes | None:
        """See ports.Container."""
        found = self._program.files.get(path)
        return None if found is None else found[:limit]

    def stop(self, patience: float) -> bool:
        """See ports.Container."""
        if not self.state().running:
            return True
        if self._program.stubborn:
            self._yard.sleep(patience)
        self._stopped = 137 if self._program.stubborn else 143
        return not self._program.stubborn
