"""`weighbridge serve` as processes of its own, under load, and how they are ended without a warning."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

import requests

from tests.support import reports
from tests.support.service import sent

if TYPE_CHECKING:
    from collections.abc import Sequence

_SECONDS = 300
IMAGES = ("app", "web")


@dataclass(slots=True, kw_only=True)
class Served:
    """A service with two workers, started again and again on the same data."""

    folder: Path
    database_url: str
    token: str
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Without a slash at its end."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> float:
        """Seconds until it is ready."""
        if not self.port:
            with socket.create_server(("127.0.0.1", 0)) as free:
                self.port = free.getsockname()[1]
        began = time.monotonic()
        with (self.folder / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "weighbridge", "serve", "--workers", "2", "--port", str(self.port)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # A group of its own: what is ended is this, and all that it started.
                start_new_session=True,
                env={
                    **os.environ,
                    # Compiled anew each time, it would take twice as long.
                    "PYTHONDONTWRITEBYTECODE": "",
                    "WEIGHBRIDGE_SERVICE_DATA": str(self.folder / "data"),
                    "WEIGHBRIDGE_SERVICE_DATABASE_URL": self.database_url,
                },
            )
        while not self.is_ready():
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < began + _SECONDS, self.log()
            time.sleep(0.05)
        return time.monotonic() - began

    def is_ready(self) -> bool:
        """Whether it can serve."""
        try:
            return requests.get(f"{self.url}/readyz", timeout=10).status_code == 200
        except requests.RequestException:
            return False

    def kill(self) -> None:
        """All processes at once, as when the machine is switched off."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(_SECONDS)

    def kill_a_worker(self) -> None:
        """One process that serves, as when memory is short; the others go on."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        workers = [pid for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        assert workers, children
        os.kill(int(workers[0]), signal.SIGKILL)

    def log(self) -> str:
        """The end of what it said."""
        return (self.folder / "serve.log").read_text(errors="replace")[-4000:]


@dataclass(slots=True, kw_only=True)
class Load:
    """Senders that never rest. `acknowledged` are numbers of reports; `answers` statuses, 0 for none at all."""

    served: Served
    senders: int = 4
    first: int = 0
    acknowledged: set[int] = field(default_factory=set)
    unanswered: set[int] = field(default_factory=set)
    answers: dict[int, int] = field(default_factory=dict)
    odd: list[str] = field(default_factory=list)
    _next: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._next = max(self._next, self.first)
        self._stop.clear()
        self._threads = [threading.Thread(target=self._send_all, daemon=True) for _ in range(self.senders)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(_SECONDS)

    def _send_all(self) -> None:
        with requests.Session() as session:
            while not self._stop.is_set():
                with self._lock:
                    number, self._next = self._next, self._next + 1
                self.send(session, number)
                if number % 5 == 0:
                    # As a sender whose answer was lost does.
                    self.send(session, number)

    def send(self, session: requests.Session, number: int) -> None:
        """One report, once."""
        headers = {"Authorization": f"Bearer {self.served.token}"}
        try:
            answer = session.post(
                f"{self.served.url}/api/v1/reports", data=body(number), headers=headers, timeout=_SECONDS
            )
            status = answer.status_code
        except requests.RequestException:
            status, answer = 0, None
        with self._lock:
            self.answers[status] = self.answers.get(status, 0) + 1
            if status == 201:
                self.acknowledged.add(number)
            else:
                self.unanswered.add(number)
            if (
                answer is not None
                and status != 201
                and (status != 503 or "problem+json" not in answer.text + str(answer.headers))
            ):
                self.odd.append(f"{status}: {answer.text[:300]}")
        if status == 0:
            time.sleep(0.05)


def _is_honest(answer: requests.Response) -> bool:
    """Whether it says that it cannot now, and to come again."""
    is_problem = answer.headers["content-type"] == "application/problem+json"
    return answer.status_code == 503 and is_problem and "retry-after" in answer.headers


def body(number: int) -> bytes:
    """A push, of a repository among a few, with two images."""
    images: Sequence[str] = IMAGES if number % 2 else IMAGES[::-1]
    return sent(
        *[reports.image(name, size=100_000_000 + number) for name in images],
        number=number,
        repository=f"octocat/yard{number % 3}",
    )
