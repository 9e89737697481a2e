"""A real git server over HTTP on loopback: `git http-backend`, as servers run it, behind tokens if wanted."""

from __future__ import annotations

import base64
import contextlib
import os
import subprocess
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.support.serving import listening

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WRITER = "token-that-writes"
READER = "token-that-reads"


@dataclass
class GitServer:
    """The repositories below `folder`. `tokens` says who may what; empty: everybody may all.

    `outages` is how many requests the server fails before it answers again; `seen` are the tokens that were given.
    """

    folder: Path
    url: str = ""
    tokens: dict[str, bool] = field(default_factory=dict)
    outages: int = 0
    seen: list[str | None] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fails(self) -> bool:
        """Whether this request is one of the outage."""
        with self.lock:
            self.outages -= self.outages > 0
            return self.outages > 0


@contextlib.contextmanager
def running_git_server(folder: Path) -> Iterator[GitServer]:
    """Serves all repositories in the folder; anybody may push."""
    server = GitServer(folder)

    class Handler(_Handler):
        git = server

    with listening(Handler) as url:
        server.url = url
        yield server


class _Handler(BaseHTTPRequestHandler):
    git: GitServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self._body())

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _serve(self, body: bytes) -> None:
        if self.git.fails():
            self._answer(503, {}, b"")
            return
        token = _token(self.headers.get("Authorization"))
        self.git.seen.append(token)
        writes = "git-receive-pack" in self.path
        if self.git.tokens and token not in self.git.tokens:
            self._answer(401, {"WWW-Authenticate": 'Basic realm="git"'}, b"")
        elif self.git.tokens and writes and not self.git.tokens[token or ""]:
            # GitHub's own words.
            self._answer(403, {"Content-Type": "text/plain"}, b"Write access to repository not granted.\n")
        else:
            self._backend(body)

    def _backend(self, body: bytes) -> None:
        url = urlsplit(self.path)
        environ = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.git.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "PATH_INFO": url.path,
            "QUERY_STRING": url.query,
            "REQUEST_METHOD": self.command,
            "REMOTE_USER": "somebody",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        ran = subprocess.run(["git", "http-backend"], input=body, capture_output=True, env=environ, timeout=60)  # noqa: S607
        head, _, content = ran.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        self._answer(int(headers.pop("Status", "200 OK").split()[0]), headers, content)

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


def _token(header: str | None) -> str | None:
    if header is None:
        return None
    kind, _, value = header.partition(" ")
    return base64.b64decode(value).decode().partition(":")[2] if kind.lower() == "basic" else None
