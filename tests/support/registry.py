"""A real registry on a loopback port, which asks for a name and a password."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.token_server import TokenServer

USER = "octocat"
PASSWORD = "password-of-octocat"
# bcrypt, the only kind that the registry reads.
_HTPASSWD = f"{USER}:$2b$05$weighbridgeweighbridgehkts5J6oha8waB2A.L.GMpeCNVmFI0a\n"
_SECONDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """Where it answers."""

    port: int

    @property
    def address(self) -> str:
        """As in the name of an image."""
        return f"127.0.0.1:{self.port}"

    def status(self) -> int | None:
        """What it answers to whom it does not know; None where it does not answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/v2/")
            return connection.getresponse().status
        except OSError:
            return None
        finally:
            connection.close()


def _auth(folder: Path, tokens: TokenServer | None) -> dict[str, Any]:
    if tokens is None:
        return {"htpasswd": {"realm": "tests", "path": str(folder / "htpasswd")}}
    (folder / "tokens.pem").write_bytes(tokens.certificate)
    about = {"realm": f"{tokens.url}/token", "service": tokens.service, "issuer": tokens.issuer}
    return {"token": {**about, "rootcertbundle": str(folder / "tokens.pem")}}


@contextmanager
def running_registry(folder: Path, tokens: TokenServer | None = None) -> Iterator[Registry]:
    """Keeps what it is given below `folder`; asks for a token of `tokens`, if they are given, and not the password."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        registry = Registry(port=free.getsockname()[1])
    (folder / "htpasswd").write_text(_HTPASSWD)
    configuration = {
        "version": 0.1,
        "log": {"level": "warn"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
        "http": {"addr": registry.address, "secret": "of no use to a single registry"},
        "auth": _auth(folder, tokens),
    }
    # JSON is YAML.
    (folder / "registry.yml").write_text(json.dumps(configuration))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [os.environ["WEIGHBRIDGE_REGISTRY"], "serve", str(folder / "registry.yml")],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
        )
    try:
        deadline = time.monotonic() + _SECONDS
        while registry.status() is None:
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, "the registry does not answer"
            time.sleep(0.05)
        yield registry
    finally:
        process.terminate()
        process.wait(timeout=_SECONDS)
