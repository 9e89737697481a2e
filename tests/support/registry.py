"""A real registry on a loopback port, which asks for a name and a password."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import subprocess
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

from tests.support.archives import add_image

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.archives import Recipe
    from tests.support.token_server import TokenServer

USER = "octocat"
PASSWORD = "password-of-octocat"
# bcrypt, the only kind that the registry reads.
_HTPASSWD = f"{USER}:$2b$05$weighbridgeweighbridgehkts5J6oha8waB2A.L.GMpeCNVmFI0a\n"
_SECONDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """Where it answers, and the folder of what it keeps."""

    port: int
    folder: Path

    @property
    def address(self) -> str:
        """As in the name of an image."""
        return f"127.0.0.1:{self.port}"

    def fetched(self) -> Counter[str]:
        """How often each blob was asked for and given, by digest."""
        log = (self.folder / "log").read_text()
        return Counter(re.findall(r'"GET /v2/[^ ]+/blobs/(sha256:[0-9a-f]{64}) HTTP/1\.1" 200', log))

    def lose(self, digest: str) -> None:
        """What a disk does."""
        digits = digest.removeprefix("sha256:")
        (self.folder / f"data/docker/registry/v2/blobs/sha256/{digits[:2]}/{digits}/data").unlink()

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
        registry = Registry(port=free.getsockname()[1], folder=folder)
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


def push(registry: Registry, tag: str, blobs: dict[str, bytes], entry: dict[str, Any], name: str = "octo/app") -> None:
    """What every client that pushes does."""
    url = f"http://{registry.address}/v2/{name}"
    manifest = blobs[_path(entry["digest"])]
    for each in json.loads(manifest).get("manifests", []):
        push(registry, each["digest"], blobs, each, name)
    for path, content in blobs.items():
        where = requests.post(f"{url}/blobs/uploads/", auth=(USER, PASSWORD), timeout=10).headers["Location"]
        digest = f"sha256:{path.rpartition('/')[2]}"
        requests.put(
            where, params={"digest": digest}, data=content, auth=(USER, PASSWORD), timeout=10
        ).raise_for_status()
    headers = {"Content-Type": entry["mediaType"]}
    requests.put(
        f"{url}/manifests/{tag}", data=manifest, headers=headers, auth=(USER, PASSWORD), timeout=10
    ).raise_for_status()


def _path(digest: str) -> str:
    return f"blobs/sha256/{digest.removeprefix('sha256:')}"


def pushed(registry: Registry, tag: str, made: Recipe, name: str = "octo/app") -> None:
    """An image whose layers are packed by gzip."""
    blobs: dict[str, bytes] = {}
    push(registry, tag, blobs, add_image(blobs, made, "gzip"), name)
