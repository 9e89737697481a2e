"""The original once more, under strace: which files it opens, and which programs it starts, while it is tried.

No privileges are needed: since Linux 4.8, Docker's own seccomp profile lets a process trace those that it starts. The
other ways see less: overlayfs does not update the access times of an image's files, `LD_PRELOAD` has no hold on static
programs, and marking a whole file system for fanotify is the administrator's alone.
"""

from __future__ import annotations

import io
import secrets
import tarfile
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from weighbridge.core.proof.opened import read_trace
from weighbridge.errors import BuildFailed, ImageNotFound, MalformedDockerfile, ProbeUnavailable
from weighbridge.model.behaviour import Opened
from weighbridge.model.build import BuildSpec, DockerfileText

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weighbridge.model.behaviour import Observation, Smoke
    from weighbridge.model.image import ImageDescription
    from weighbridge.observing import Observer
    from weighbridge.ports import Builder, Container, Engine

_FOLDER = ".weighbridge"
_LOG = f"/{_FOLDER}/log"
_MAX_KIT_BYTES = 64 << 20
_MAX_LOG_BYTES = 32 << 20
_BUILD_SECONDS = 300.0
# With its own loader and libraries, since the image may have others, or none.
_KIT = """\
FROM debian:12-slim AS tools
RUN apt-get update && apt-get install -y --no-install-recommends strace && mkdir /kit && cp /usr/bin/strace /kit/ && \\
    for each in $(ldd /usr/bin/strace | grep -o '/[^ ]*'); do \\
      case $each in */ld-*) cp $each /kit/ld.so ;; *) cp $each /kit/ ;; esac; \\
    done
FROM scratch
COPY --from=tools /kit /.weighbridge
"""
_STRACE = (
    f"/{_FOLDER}/ld.so", "--library-path", f"/{_FOLDER}", f"/{_FOLDER}/strace", "-f", "-qq", "-y", "-z",
    "--seccomp-bpf", "-e", "trace=?open,openat,?openat2,?creat,execve", "-e", "signal=none", "-o", _LOG, "--",
)  # fmt: skip


def make_kit(builder: Builder, engine: Engine, spec: BuildSpec) -> bytes:
    """strace with all that it needs, for the platform of `spec`, as a tar for a container's root.

    It comes of Debian's packages, so its first build needs them. Raises BuildFailed, ImageNotFound, EngineUnavailable.
    """
    tag = f"weighbridge-{secrets.token_hex(6)}:strace"
    wanted = BuildSpec(name="strace", platform=spec.platform, network=spec.network, timeout=_BUILD_SECONDS)
    try:
        with tempfile.TemporaryDirectory(prefix="weighbridge-") as folder:
            text = DockerfileText(text=_KIT)
            builder.build(wanted, tree=Path(folder), tag=tag, on_line=lambda _: None, instead=text)
        with engine.export(tag) as chunks:
            return _packed(chunks)
    finally:
        engine.remove(tag)


def _packed(chunks: Iterator[bytes]) -> bytes:
    """The kit alone, with a log beside it that any user may write."""
    data = bytearray()
    for chunk in chunks:
        data += chunk
        if len(data) > _MAX_KIT_BYTES:
            raise BuildFailed("strace is larger than it should be")
    packed = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(data)) as found, tarfile.open(fileobj=packed, mode="w") as kit:
        for member in found:
            if member.name.rstrip("/") == _FOLDER or member.name.startswith(f"{_FOLDER}/"):
                kit.addfile(member, found.extractfile(member) if member.isreg() else None)
        log = tarfile.TarInfo(_LOG.lstrip("/"))
        log.mode = 0o666
        kit.addfile(log)
    return packed.getvalue()


def trace(observer: Observer, kit: bytes, image: ImageDescription, smoke: Smoke, like: Observation) -> Opened:
    """What the image opens and starts in the first trial that it was seen in. Raises EngineUnavailable."""
    trial, before = like.seen[0]
    config = image.config
    command = trial.command if trial.command is not None else () if trial.entrypoint is not None else config.command
    words = (*(config.entrypoint if trial.entrypoint is None else trial.entrypoint), *command)
    traced = replace(trial, entrypoint=(_STRACE[0],), command=(*_STRACE[1:], *words))
    logs: list[bytes] = []

    def take(container: Container) -> None:
        logs.append(container.read(_LOG, _MAX_LOG_BYTES) or b"")

    try:
        seen = observer.once(image.id, config, smoke, traced, before=before, files=kit, after=take)
    except (ProbeUnavailable, ImageNotFound) as error:
        return Opened(failure=str(error))
    if isinstance(seen, str):
        return Opened(failure=seen)
    if seen.ports != before.ports or seen.alive != before.alive or seen.status != before.status:
        last = next(reversed((*seen.stdout, *seen.stderr)), "")
        return Opened(failure="under strace it does not do what it does without" + (f": {last[:200]}" if last else ""))
    return read_trace(logs[0] if logs else b"")


def unavailable(error: Exception) -> Opened:
    """Why strace could not be had."""
    return Opened(failure=f"strace cannot be had: {error}")


TROUBLES = (BuildFailed, MalformedDockerfile, ImageNotFound)
"""What make_kit() may raise that concerns nobody else."""
