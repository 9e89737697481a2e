"""BuildKit, through buildx or `docker build`: an argument vector, never a shell. Nothing else starts builds."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from weighbridge.adapters.build_arguments import build_arguments
from weighbridge.adapters.machine import UnseenMachine
from weighbridge.adapters.overseer import USUAL_BOUNDS, Overseer
from weighbridge.adapters.remote import with_builder
from weighbridge.core.redaction import redacted, without_controls
from weighbridge.dockerfile.buildlog import failure
from weighbridge.dockerfile.provenance import parse_provenance
from weighbridge.errors import BuildFailed, EngineUnavailable, Interrupted, MalformedDockerfile
from weighbridge.model.build import BuildSpec, BuiltImage, DockerfileText, Provenance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from weighbridge.adapters.machine import Machine
    from weighbridge.adapters.overseer import Bounds

_TAIL_LINES = 200
_MAX_LINE = 2000
_LONGEST_READ = 64 * 1024
_MAX_METADATA_BYTES = 64 * 1024 * 1024
# Runners give a job that is cancelled some ten seconds in all (docker stop, GitHub).
_KILL_AFTER_SECONDS = 4
_PLUGIN_FOLDERS = (
    "~/.docker/cli-plugins",
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """`command` builds; `buildx` tells whether it understands buildx's options (else plain `docker build`)."""

    command: tuple[str, ...]
    buildx: bool


class BuildxBuilder:
    """Implements ports.Builder.

    `root` is what secret files are relative to: they need not be committed. `hidden` is what no line of a log may show,
    in parts as core.redaction has them. `machine` is what is watched while something is built, within `bounds`.
    """

    def __init__(
        self,
        *,
        root: Path,
        environ: Mapping[str, str] | None = None,
        hidden: Sequence[str] = (),
        tool: Tool | None = None,
        machine: Machine | None = None,
        bounds: Bounds = USUAL_BOUNDS,
    ) -> None:
        self._root = root
        self._hidden = hidden
        self._environ = dict(os.environ if environ is None else environ)
        self._tool = tool or find_tool(self._environ)
        if self._tool.buildx:
            self._environ = with_builder(self._environ, self._tool.command[0])
        self._machine = machine or UnseenMachine()
        self._bounds = bounds
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._cancelled = False

    def build(
        self,
        spec: BuildSpec,
        *,
        tree: Path,
        tag: str,
        on_line: Callable[[str], None],
        instead: DockerfileText | None = None,
    ) -> BuiltImage:
        """See ports.Builder."""
        with tempfile.TemporaryDirectory(prefix="weighbridge-build-") as folder:
            scratch = Path(folder)
            command = [
                *self._tool.command,
                *build_arguments(
                    spec,
                    tree=tree,
                    root=self._root,
                    scratch=scratch,
                    tag=tag,
                    buildx=self._tool.buildx,
                    instead=instead,
                ),
            ]
            log = _Log(on_line, self._hidden, places={str(tree.resolve()): ".", str(scratch.resolve()): "(temporary)"})
            started = time.monotonic()
            status = self._run(command, spec, tree, log)
            seconds = time.monotonic() - started
            if status != 0:
                raise self._failed(spec, log)
            return BuiltImage(
                id=_first_line(scratch / "iid") or tag,
                seconds=seconds,
                provenance=_provenance(scratch / "metadata.json", spec.dockerfile),
            )

    def cancel(self) -> None:
        """See ports.Builder."""
        with self._lock:
            self._cancelled = True
            running = list(self._running)
        # All at once, so that they take no longer than one.
        for process in running:
            _signal(process, signal.SIGTERM)
        for process in running:
            _end(process)

    def _run(self, command: Sequence[str], spec: BuildSpec, tree: Path, log: _Log) -> int:
        process = self._start(command, tree)
        try:
            with Overseer(self._machine, self._bounds, spec.timeout, lambda: _end(process)) as overseer:
                if process.stdout is not None:
                    with process.stdout as output:
                        for line in _lines(output.readline):
                            log.line(line)
                status = process.wait()
        finally:
            _end(process)
            with self._lock:
                self._running.discard(process)
        if overseer.reason:
            raise BuildFailed(overseer.reason, log_tail=log.tail())
        if self._cancelled:
            raise Interrupted("the build was cancelled")
        return status

    def _start(self, command: Sequence[str], tree: Path) -> subprocess.Popen[bytes]:
        # The action's inputs hold secrets that no build step has any business with.
        environ = {key: value for key, value in self._environ.items() if not key.startswith("INPUT_")}
        environ |= {
            "DOCKER_BUILDKIT": "1",
            "BUILDX_METADATA_PROVENANCE": "max",
            # An attestation would make the result an index, and its ID another one at every build.
            "BUILDX_NO_DEFAULT_ATTESTATIONS": "1",
            "BUILDX_NO_DEFAULT_LOAD": "0",
            "DOCKER_CLI_HINTS": "false",
        }
        with self._lock:
            if self._cancelled:
                raise Interrupted("the build was cancelled")
            try:
                process = subprocess.Popen(
                    command,
                    cwd=tree,
                    env=environ,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                raise EngineUnavailable(f"{command[0]}: cannot be run: {error.strerror}") from error
            self._running.add(process)
            return process

    def _failed(self, spec: BuildSpec, log: _Log) -> Exception:
        found = failure(log.tail())
        where = f"{spec.dockerfile}:{found.line}: " if found.line else ""
        if found.engine:
            host = self._environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
            return EngineUnavailable(f"no container engine answers at {host}: {found.reason}")
        if found.no_buildx:
            return EngineUnavailable(
                f"{self._tool.command[0]} can't build without buildx: install Docker's buildx plugin"
            )
        if found.malformed:
            return MalformedDockerfile(f"{where}{found.reason}", line=found.line)
        return BuildFailed(f"{where}{found.reason}", line=found.line, log_tail=log.tail())


def find_tool(environ: Mapping[str, str]) -> Tool:
    """docker's buildx, buildx on its own, or `docker build`. Raises EngineUnavailable where there is none of them."""
    path = environ.get("PATH", os.defpath)
    plugins = [str(Path(folder).expanduser()) for folder in _PLUGIN_FOLDERS]
    if environ.get("DOCKER_CONFIG"):
        plugins.insert(0, str(Path(environ["DOCKER_CONFIG"]) / "cli-plugins"))
    for name in ("docker-buildx", "buildx"):
        found = shutil.which(name, path=os.pathsep.join([path, *plugins]))
        if found:
            return Tool(command=(found, "build"), buildx=True)
    docker = shutil.which("docker", path=path)
    if docker:
        return Tool(command=(docker, "build"), buildx=False)
    raise EngineUnavailable("neither buildx nor docker is installed: install Docker's buildx plugin")


class _Log:
    """Hands lines on, masked and without control characters, and remembers the last of them.

    `places` are names for folders of this run, which nobody but this run knows.
    """

    def __init__(self, on_line: Callable[[str], None], hidden: Sequence[str], places: Mapping[str, str]) -> None:
        self._on_line = on_line
        self._hidden = hidden
        self._places = places
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)

    def line(self, raw: bytes) -> None:
        text = without_controls(raw.decode("utf-8", "replace").rstrip("\r\n"))
        # A secret may be cut off where the line was; what is shown ends well before.
        text = redacted(text, self._hidden)[:_MAX_LINE]
        for place, name in self._places.items():
            text = text.replace(place, name)
        self._tail.append(text)
        self._on_line(text)

    def tail(self) -> tuple[str, ...]:
        return tuple(self._tail)


def _lines(readline: Callable[[int], bytes]) -> Iterator[bytes]:
    # Of a line without an end only the beginning is kept, so that it can't fill the memory.
    whole = True
    while line := readline(_LONGEST_READ):
        if whole:
            yield line
        whole = line.endswith(b"\n")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends the process and what it started: kindly, so that BuildKit stops its steps, then not."""
    for number, patience in ((signal.SIGTERM, _KILL_AFTER_SECONDS), (signal.SIGKILL, None)):
        if process.poll() is not None:
            return
        _signal(process, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    # A process that was waited for may have left its ID to another.
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)


def _provenance(path: Path, dockerfile: str) -> Provenance | None:
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_METADATA_BYTES)
        return parse_provenance(json.loads(text), dockerfile)
    except (OSError, ValueError, RecursionError):
        return None


def _first_line(path: Path) -> str:
    try:
        return path.read_text().split("\n", 1)[0].strip()
    except OSError:
        return ""
