"""A server that speaks S3, on a loopback port."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import subprocess
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SECONDS = 60


@contextlib.contextmanager
def running_s3(folder: Path) -> Iterator[str]:
    """Its URL. What it is given is in its memory only."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [os.environ["WEIGHBRIDGE_S3"], "-H", "127.0.0.1", "-p", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
        )
    try:
        deadline = time.monotonic() + _SECONDS
        while not _asked(port, "GET", "/"):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, "the S3 server does not answer"
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=_SECONDS)


def make_bucket(url: str, name: str) -> None:
    """A bucket, which anybody may write to."""
    assert _asked(int(url.rpartition(":")[2]), "PUT", f"/{name}")


def _asked(port: int, method: str, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
