"""`weighbridge serve` as processes of their own, watched for memory."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from outside.machine import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

_START_SECONDS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A service that answers at `url`."""

    url: str
    process: int

    def memory(self) -> int:
        """Bytes that its processes have for themselves (private pages), all together."""
        return sum(_private(process) for process in _family(self.process))

    def processor(self) -> float:
        """Seconds that its processes have computed so far, all together."""
        return sum(map(_computed, _family(self.process)))


@contextlib.contextmanager
def serving(data: Path, database: str, workers: int) -> Iterator[Server]:
    """A service on a database, ended afterwards. Raises Refusal where it does not start."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "weighbridge", "serve", "--data", str(data), "--database", database]
    environment = {
        **os.environ,
        "WEIGHBRIDGE_SERVICE_ACCESS_LOG": "false",
        # No service has a day with a million records to thin out, and that is none of serving.
        "WEIGHBRIDGE_SERVICE_KEEP_ALL": "0",
    }
    with (data / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--port", str(port), "--workers", str(workers)], stdout=log, stderr=log, env=environment
        )
        try:
            server = Server(url=f"http://127.0.0.1:{port}", process=process.pid)
            _wait(server, process, data / "serve.log")
            yield server
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{server.url}/readyz", timeout=5):  # noqa: S310
            return
        time.sleep(0.2)
    raise Refusal(f"the service does not answer\n{log.read_text(errors='replace')[-2000:]}")


def _family(process: int) -> Iterator[int]:
    yield process
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        for child in task.read_text().split():
            yield from _family(int(child))


def _computed(process: int) -> float:
    # After the name, which may hold anything: the 14th and 15th fields of the whole line.
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _private(process: int) -> int:
    text = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
    fields = (line.split() for line in text.splitlines()[1:])
    return sum(int(field[1]) * 1024 for field in fields if field[0] in ("Private_Clean:", "Private_Dirty:"))
