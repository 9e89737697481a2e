"""The few questions asked of a Docker engine, over its socket: does it answer, and which store has it?

Engine API: https://docs.docker.com/reference/api/engine/
"""

from __future__ import annotations

import http.client
import json
import socket
from typing import Any
from urllib.parse import urlsplit

DEFAULT_HOST = "unix:///var/run/docker.sock"


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def ask(host: str, path: str, timeout: float = 5) -> bytes | None:
    """The body of the engine's answer, or None where nothing answers well (or `host` is of a kind not spoken here)."""
    status, body = _get(host, path, timeout)
    return body if status == 200 else None


def status(host: str, path: str, timeout: float = 5) -> int | None:
    """The status of the engine's answer; None where there was none in time."""
    return _get(host, path, timeout)[0]


def _get(host: str, path: str, timeout: float) -> tuple[int | None, bytes]:
    parts = urlsplit(host)
    connection: http.client.HTTPConnection
    if parts.scheme == "unix":
        connection = _UnixConnection(parts.path, timeout)
    elif parts.scheme in ("tcp", "http") and parts.hostname:
        connection = http.client.HTTPConnection(parts.hostname, parts.port or 2375, timeout=timeout)
    else:
        return None, b""
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return None, b""
    finally:
        connection.close()


def answers(host: str) -> bool:
    return ask(host, "/_ping") is not None


def forbidden(host: str) -> bool:
    """Whether there is a socket that this user may not open."""
    parts = urlsplit(host)
    if parts.scheme != "unix":
        return False
    connection = _UnixConnection(parts.path, timeout=5)
    try:
        connection.connect()
    except PermissionError:
        return True
    except OSError:
        return False
    finally:
        connection.close()
    return False


def info(host: str) -> dict[str, Any]:
    """What `docker info` shows; empty where the engine does not answer."""
    body = ask(host, "/info", timeout=20)
    found = json.loads(body) if body else {}
    return found if isinstance(found, dict) else {}


def store(description: dict[str, Any]) -> str:
    """ "containerd" for an engine that keeps images in containerd's store, otherwise the name of its graph driver."""
    status = {str(key): str(value) for key, value in description.get("DriverStatus") or ()}
    if status.get("driver-type", "").startswith("io.containerd.snapshotter"):
        return "containerd"
    return str(description.get("Driver", "unknown"))
