"""The service as people run it: `weighbridge serve`, a process of its own on a socket of this machine."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Served:
    """Where it answers."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """Without a slash at its end."""
        return f"http://127.0.0.1:{self.port}"

    def connect(self) -> socket.socket:
        """A connection, for those who speak HTTP badly."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)


def free_port() -> int:
    """One that nobody listens on at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def served(folder: Path, *, port: int | None = None, **settings: object) -> Iterator[Served]:
    """Runs until the block ends, on a free port if none is named. `settings` are the service's, by their names."""
    port = port or free_port()
    environment = {
        **os.environ,
        **{f"WEIGHBRIDGE_SERVICE_{name.upper()}": str(value) for name, value in settings.items()},
    }
    command = [sys.executable, "-m", "weighbridge", "serve", "--data", str(folder), "--port", str(port)]
    with (folder.parent / f"{folder.name}.log").open("wb") as log:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            _await(port, process)
            yield Served(port, process)
        finally:
            process.terminate()
            process.wait(timeout=30)


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).close()
            return
        time.sleep(0.1)
    raise AssertionError("the service did not start")
