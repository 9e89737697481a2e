"""Containers that run, through the Docker SDK: started isolated and bounded, watched, and removed whatever happens."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from typing import TYPE_CHECKING, Any

import docker
import docker.errors
import docker.types
import requests

from weighbridge.adapters.attached import Output, hang_up, link_of, talk
from weighbridge.adapters.engine_errors import explained, one_line
from weighbridge.adapters.first_file import first_file
from weighbridge.adapters.guard import Guard
from weighbridge.adapters.made import marks, remove_container, remove_volume, sweep
from weighbridge.adapters.probe import DEFAULT_IMAGE, Probe, choose_probe, listening_ports
from weighbridge.core.names import clipped
from weighbridge.errors import EngineUnavailable, ImageNotFound
from weighbridge.model.behaviour import Limit
from weighbridge.ports import ContainerState

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from weighbridge.model.behaviour import Limits
    from weighbridge.ports import Launch

_TIMEOUT_SECONDS = 120
_HOST_NAME = "weighbridge"
_MAX_WRITTEN = 2_000
_MAX_HEALTH_OUTPUT = 4_000
_MAX_TOOL_BYTES = 1 << 20
_TOOL_SECONDS = 30.0
_HEALTH_NANOSECONDS = 1_000_000_000
_KILLED = 137
_MAX_HEADERS = 16_384
_PROBE_MEMORY = 256 << 20
_PROBE_PROCESSES = 64


class DockerContainers:
    """Implements ports.Containers against the engine that DOCKER_HOST or the default socket names."""

    def __init__(self, environ: Mapping[str, str] | None = None, *, probe_image: str = DEFAULT_IMAGE) -> None:
        self._environ = os.environ if environ is None else environ
        with explained(self._environ):
            client = docker.DockerClient.from_env(environment=dict(self._environ), timeout=_TIMEOUT_SECONDS)
        self._client = client
        self._api: Any = client.api  # the SDK's low level has no types
        self._probe_image = probe_image
        self._probe: Probe | None = None

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def fetch(self, image: str) -> None:
        """See ports.Containers."""
        with explained(self._environ, image):
            try:
                self._api.inspect_image(image)
            except docker.errors.ImageNotFound:
                self._pull(image)

    def _pull(self, image: str) -> None:
        # Without a tag the SDK would pull all there are.
        tag = None if "@" in image or ":" in image.rpartition("/")[2] else "latest"
        try:
            errors = [str(step["error"]) for step in self._api.pull(image, tag=tag, stream=True, decode=True)
                      if "error" in step]  # fmt: skip
        except docker.errors.APIError as error:
            # Also where its registry does not answer.
            errors = [str(error.explanation or error)]
        if errors:
            raise ImageNotFound(f"{clipped(image, 200)}: cannot be pulled: {clipped(errors[0], 200)}")

    @contextlib.contextmanager
    def scene(
        self, *, names: Sequence[str] = (), volumes: Sequence[str] = (), network: bool = False
    ) -> Iterator[DockerScene]:
        """See ports.Containers."""
        if self._probe is None:
            with explained(self._environ):
                sweep(self._api)
            self._probe = choose_probe(self._api, self._probe_image, self.fetch)
        scene = DockerScene(self._api, self._environ, self._probe)
        try:
            scene.open(names, volumes, network=network)
            yield scene
        finally:
            scene.close()


class DockerScene:
    """Implements ports.Scene: a probe that holds the network, and the containers that share it."""

    def __init__(self, api: Any, environ: Mapping[str, str], probe: Probe) -> None:
        self._api = api
        self._environ = environ
        self._probe = probe
        self._holder = ""
        self._containers: list[str] = []
        self._outputs: list[Output] = []
        self._guards: list[Guard] = []
        self._volumes: dict[str, str] = {}

    def open(self, names: Sequence[str], volumes: Sequence[str], *, network: bool) -> None:
        """Starts the probe."""
        with explained(self._environ, self._probe.image):
            for path in volumes:
                name = f"weighbridge-{secrets.token_hex(8)}"
                self._api.create_volume(name, labels=marks())
                self._volumes[path] = name
            config = self._api.create_host_config(
                network_mode="bridge" if network else "none",
                extra_hosts=dict.fromkeys([*names, _HOST_NAME], "127.0.0.1"),
                # Where no image has a folder, so that nothing is copied into the volumes from here.
                binds={name: {"bind": f"/volumes/{path}", "mode": "ro"} for path, name in self._volumes.items()},
                security_opt=["no-new-privileges:true"],
                cap_drop=["ALL"],
                # It counts what other users wrote.
                cap_add=["DAC_READ_SEARCH"],
                mem_limit=_PROBE_MEMORY,
                pids_limit=_PROBE_PROCESSES,
                log_config=docker.types.LogConfig(type="none"),
            )
            waiting = self._probe.waiting
            self._holder = self.create(
                self._probe.image, config, entrypoint=waiting[:1], command=waiting[1:], hostname=_HOST_NAME, user="0"
            )
            self._api.start(self._holder)

    def close(self) -> None:
        """Removes everything; the first error is raised after all were tried."""
        for guard in self._guards:
            guard.close()
        for output in self._outputs:
            output.close()
        failed: Exception | None = None
        removals = [(remove_container, container) for container in reversed(self._containers)]
        removals += [(remove_volume, volume) for volume in self._volumes.values()]
        for remove, what in removals:
            try:
                remove(self._api, what)
            except (docker.errors.DockerException, requests.RequestException) as error:
                failed = failed or error
        if failed is not None:
            raise EngineUnavailable(f"containers could not be removed: {one_line(failed)}")

    def start(self, launch: Launch) -> DockerContainer:
        """See ports.Scene."""
        with explained(self._environ, launch.image):
            binds = {self._volumes[path]: {"bind": path, "mode": "rw"} for path in launch.volumes}
            config = self._api.create_host_config(
                network_mode=f"container:{self._holder}", binds=binds, **_bounds(launch.limits)
            )
            options: dict[str, Any] = {}
            if launch.entrypoint is not None:
                options["entrypoint"] = list(launch.entrypoint)
            try:
                container = self.create(
                    launch.image,
                    config,
                    command=None if launch.command is None else list(launch.command),
                    environment=list(launch.environment),
                    # The image's own check, asked more often: nobody waits half a minute for its first word.
                    healthcheck=docker.types.Healthcheck(interval=_HEALTH_NANOSECONDS),
                    **options,
                )
            except docker.errors.ImageNotFound:
                raise
            except docker.errors.APIError as error:
                return DockerContainer(self, None, launch, refusal=_refusal(error))
            if launch.files:
                self._api.put_archive(container, "/", launch.files)
            return self._started(container, launch)

    def _started(self, container: str, launch: Launch) -> DockerContainer:
        stream = self._api.attach_socket(container, {"stdout": 1, "stderr": 1, "stream": 1, "logs": 0})
        output = Output(stream, launch.limits.output)
        self._outputs.append(output)
        try:
            self._api.start(container)
        except docker.errors.APIError as error:
            output.close()
            return DockerContainer(self, None, launch, refusal=_refusal(error))
        output.start()
        guard = Guard(lambda: self.excess(container, launch), lambda: self.kill(container))
        self._guards.append(guard)
        guard.start()
        return DockerContainer(self, container, launch, output=output, guard=guard)

    def listening(self) -> tuple[int, ...]:
        """See ports.Scene."""
        return listening_ports(self._tool(self._probe.list_listening))

    def exchange(self, port: int, data: bytes, *, timeout: float, limit: int) -> bytes | None:
        """See ports.Scene."""
        with explained(self._environ):
            made = self._api.exec_create(self._holder, self._probe.relay(port, timeout + 1), stdin=True)["Id"]
            received = self._talk(made, data, timeout, limit)
            if received:
                return received
            # A relay that was refused ends at once with a status; one that only got nothing may still run.
            return None if self._exit_status(made) == 1 else b""

    def _talk(self, made: str, data: bytes, timeout: float, limit: int) -> bytes:
        """What a command of the probe prints after it was sent something."""
        stream = self._api.exec_start(made, socket=True)
        link = link_of(stream)
        try:
            return talk(stream, data, time.monotonic() + timeout, limit)
        finally:
            hang_up(stream, link)

    def _exit_status(self, made: str) -> int | None:
        for _ in range(10):
            state = self._api.exec_inspect(made)
            if not state.get("Running"):
                status: int | None = state.get("ExitCode")
                return status
            time.sleep(0.05)
        return None

    def excess(self, container: str, launch: Launch) -> Limit | None:
        """What a container that runs takes too much of."""
        with explained(self._environ):
            processes = self._api.stats(container, stream=False, one_shot=True).get("pids_stats") or {}
            if int(processes.get("current") or 0) >= launch.limits.processes:
                return Limit.PROCESSES
        return Limit.DISK if self._disk_bytes(container, launch.volumes) > launch.limits.disk else None

    def _disk_bytes(self, container: str, volumes: Sequence[str]) -> int:
        """What a container has written, and what is in the volumes."""
        with explained(self._environ):
            listed = self._api.containers(all=True, size=True, filters={"id": container})
            own = sum(int(each.get("SizeRw") or 0) for each in listed)
        if not volumes:
            return own
        digits = self._tool(self._probe.disk_bytes([f"/volumes/{path}" for path in volumes])).split()
        return own + (int(digits[0]) if digits and digits[0].isdigit() else 0)

    def kill(self, container: str) -> None:
        """Ends it at once; one that has ended is fine."""
        with contextlib.suppress(docker.errors.APIError):
            self._api.kill(container)

    def written(self, container: str, volumes: Sequence[str]) -> frozenset[str]:
        """What a container has made or changed, and what is in the volumes."""
        with explained(self._environ):
            changes = self._api.diff(container) or ()
        paths = {str(change["Path"]) for change in changes if change.get("Kind") in (0, 1)}
        for path in volumes:
            folder = f"/volumes/{path}"
            found = self._tool(self._probe.find([folder])).split("\n")
            paths |= {path.rstrip("/") + name.removeprefix(folder) for name in found if name}
        return frozenset(sorted(paths)[:_MAX_WRITTEN])

    def read(self, container: str, path: str, limit: int) -> bytes | None:
        """The first bytes of a regular file of a container; None where there is none."""
        try:
            chunks, _ = self._api.get_archive(container, path)
        except docker.errors.NotFound:
            return None
        data = bytearray()
        with explained(self._environ), contextlib.closing(chunks):
            for chunk in chunks:
                data += chunk
                if len(data) > limit + _MAX_HEADERS:
                    break
        return first_file(bytes(data), limit)

    def inspect(self, container: str) -> Mapping[str, Any]:
        """The engine's words on a container's state."""
        with explained(self._environ):
            state: Mapping[str, Any] = self._api.inspect_container(container)["State"]
            return state

    def stop(self, container: str, patience: float) -> None:
        """Asks it to end, and ends it after some seconds."""
        with explained(self._environ):
            self._api.stop(container, timeout=max(1, round(patience)))

    def create(self, image: str, host_config: Any, **options: Any) -> str:
        """Makes a container that is removed with the scene."""
        made = self._api.create_container(image, host_config=host_config, labels=marks(), detach=True, **options)
        self._containers.append(str(made["Id"]))
        return self._containers[-1]

    def _tool(self, command: list[str]) -> str:
        """What a tool of the probe prints, as far as it gets in its time."""
        with explained(self._environ):
            made = self._api.exec_create(self._holder, command, stderr=False)["Id"]
            return self._talk(made, b"", _TOOL_SECONDS, _MAX_TOOL_BYTES).decode("utf-8", "replace")


class DockerContainer:
    """Implements ports.Container. Without an ID it is one that the engine refused to start."""

    def __init__(
        self, scene: DockerScene, container: str | None, launch: Launch, *, output: Output | None = None,
        guard: Guard | None = None, refusal: str = "",
    ) -> None:  # fmt: skip
        self._scene = scene
        self._id = container
        self._launch = launch
        self._output = output
        self._guard = guard
        self._refusal = refusal

    def state(self) -> ContainerState:
        """See ports.Container."""
        if self._id is None:
            return ContainerState(running=False, refusal=self._refusal)
        found = self._scene.inspect(self._id)
        health = found.get("Health") or {}
        log = health.get("Log") or ()
        running = bool(found.get("Running"))
        return ContainerState(
            running=running,
            status=None if running else int(found.get("ExitCode") or 0),
            exceeded=Limit.MEMORY if found.get("OOMKilled") else self._guard.exceeded if self._guard else None,
            health=health.get("Status") if health.get("Status") not in (None, "none") else None,
            health_output=clipped(str(log[-1].get("Output") or ""), _MAX_HEALTH_OUTPUT) if log else "",
        )

    def output(self) -> tuple[bytes, bytes, bool]:
        """See ports.Container."""
        if self._id is None or self._output is None:
            return b"", b"", False
        return self._output.kept(ended=not self._scene.inspect(self._id).get("Running"))

    def written(self) -> frozenset[str]:
        """See ports.Container."""
        return frozenset() if self._id is None else self._scene.written(self._id, self._launch.volumes)

    def read(self, path: str, limit: int) -> bytes | None:
        """See ports.Container."""
        return None if self._id is None else self._scene.read(self._id, path, limit)

    def stop(self, patience: float) -> bool:
        """See ports.Container."""
        if self._id is None or not self._scene.inspect(self._id).get("Running"):
            return True
        self._scene.stop(self._id, patience)
        return self._scene.inspect(self._id).get("ExitCode") != _KILLED


def _bounds(limits: Limits) -> dict[str, Any]:
    """The same for every image: what one of them needed more than this, it would need at its users' too."""
    return {
        "mem_limit": limits.memory,
        "memswap_limit": limits.memory,
        "pids_limit": limits.processes,
        "security_opt": ["no-new-privileges:true"],
        "ulimits": [
            docker.types.Ulimit(name="fsize", soft=limits.file, hard=limits.file),
            docker.types.Ulimit(name="core", soft=0, hard=0),
        ],
        # Output is read as it comes; the engine keeps none of it on its disk.
        "log_config": docker.types.LogConfig(type="none"),
    }


def _refusal(error: docker.errors.APIError) -> str:
    """Why a container did not start: the last part of what engine and runtime say of each other."""
    text = clipped(str(error.explanation or error), 2000)
    for opening in ("unable to start container process: ", "error during container init: "):
        text = text.rpartition(opening)[2] or text
    return clipped(text.removesuffix(": unknown"), 300)
