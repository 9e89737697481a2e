"""How an image is tried, and what it was seen to do."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - fields of values that are made from it
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request, and what the repository says of its answer. `port` None: the first that is listened on.

    `status` and `contains` (text of the body) are None where nothing is expected but that both images answer alike.
    """

    path: str = "/"
    method: str = "GET"
    port: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    status: int | None = None
    contains: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A companion that runs beside the image, reached as `name` or on 127.0.0.1: a database, say.

    It is ready when it listens on `port`; None: at once.
    """

    name: str
    image: str
    environment: tuple[str, ...] = ()
    command: tuple[str, ...] | None = None
    port: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Smoke:
    """A repository's own smoke test. Everything that it does not say is derived from the image.

    `command` replaces the image's CMD, as `docker run IMAGE COMMAND` does. `status` is the expected exit status, and
    `contains` a text of the output. `timeout` is seconds for one run. `network` lets the container reach outside.
    `trace` runs the original once more, to see which files it opens.
    """

    command: tuple[str, ...] | None = None
    environment: tuple[str, ...] = ()
    requests: tuple[Request, ...] = ()
    services: tuple[Service, ...] = ()
    status: int | None = None
    contains: str | None = None
    timeout: float = 60.0
    network: bool = False
    trace: bool = False

    @property
    def given(self) -> bool:
        """Whether the repository says what to do, rather than just what surrounds it."""
        return bool(self.command is not None or self.requests or self.status is not None or self.contains)


class Limit(StrEnum):
    """What a container was ended for, since it took more of it than it may."""

    MEMORY = "memory"
    DISK = "disk"
    PROCESSES = "processes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one container may take. Bytes; `output` is what is kept of stdout and stderr each.

    More `memory` or `processes` are not given. Who writes more than `disk`, volumes included, or asks for all the
    `processes`, is ended within a second or two. `file` is the size of one file.
    """

    memory: int = 2 << 30
    disk: int = 2 << 30
    file: int = 1 << 30
    processes: int = 512
    output: int = 4 << 20


USUAL_LIMITS = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One way of starting an image. None leaves entrypoint or command as the image has them.

    `title` names it in details: `the command`, `--help`. `requests` are put to what listens; `explore` adds `GET /` on
    every port that is found, what the health check asks for, and what a page names.
    """

    title: str
    entrypoint: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    requests: tuple[Request, ...] = ()
    explore: bool = True


class AnswerKind(StrEnum):
    """What came back on a port: HTTP, other bytes, nothing, or no connection."""

    HTTP = "http"
    BYTES = "bytes"
    NOTHING = "nothing"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a request got. `length` is bytes of the body, `digest` its hash, `lines` its text as far as it is kept."""

    kind: AnswerKind
    status: int | None = None
    content_type: str = ""
    location: str = ""
    length: int = 0
    digest: str = ""
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one run did.

    `status` is the exit status, None where the program was still alive when it was stopped. `refusal` is why it could
    not be started at all, in the engine's words. `stdout` and `stderr` are lines, bounded; `flooded` where there was
    more. `ports` are the TCP ports that it listened on. `answers` are by `METHOD :PORT/path`. `health` is what the
    health check came to, `health_output` its last words. `graceful` tells whether it ended by itself when it was asked
    to, None where it was not asked. `written` are paths that it made or changed, volumes included. `stopped` is why it
    was ended early: too much memory, disk, time.
    """

    status: int | None = None
    refusal: str = ""
    stdout: tuple[str, ...] = ()
    stderr: tuple[str, ...] = ()
    flooded: bool = False
    ports: tuple[int, ...] = ()
    answers: Mapping[str, Answer] = field(default_factory=dict)
    health: str | None = None
    health_output: str = ""
    graceful: bool | None = None
    written: frozenset[str] = frozenset()
    stopped: str = ""
    seconds: float = 0.0

    @property
    def alive(self) -> bool:
        """Whether it ran for as long as it was wanted."""
        return self.status is None and not self.refusal and not self.stopped


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What an image did, trial by trial. `failure` is why nothing could be seen (a service that never came up)."""

    seen: tuple[tuple[Trial, Seen], ...] = ()
    failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a run opened and started: absolute paths, as the kernel resolved those of `files`, in their order.

    `failure` is why nothing could be seen.
    """

    files: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    failure: str = ""
