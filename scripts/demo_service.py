"""The service with a year of a made-up organisation: started, filled through its API, opened in a browser.

    python scripts/demo_service.py [--port N] [--repositories N] [--no-browser] [--data FOLDER]

Stays until Ctrl-C. The data is in a temporary folder, which is deleted at the end; that of `--data` is kept.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import webbrowser
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from tests.support.fleet.plot import PROJECTS  # noqa: E402
from tests.support.fleet.sending import send  # noqa: E402
from tests.support.fleet.year import OWNER, year  # noqa: E402

from outside.machine import Refusal, say  # noqa: E402
from weighbridge.service import configuration, running, schema, tokens  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

_START_SECONDS = 180
_FILES = timedelta(days=60)
"""What is older is compared as far as the reports name its files, as it is where nobody sends them."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8000, help="default: 8000, or one that is free")
    parser.add_argument("--repositories", type=int, default=len(PROJECTS), help="how many of them")
    parser.add_argument("--data", type=Path, help="where the data is kept; default: a temporary folder")
    parser.add_argument("--no-browser", action="store_true", help="opens no browser")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with contextlib.ExitStack() as stack:
            folder = asked.data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="weighbridge-")))
            token = _token(folder)
            address = stack.enter_context(served(folder, _free(asked.port)))
            _fill(address, token, asked.repositories)
            print(f"\n  {address}\n\nCtrl-C ends it.", flush=True)
            if not asked.no_browser and _has_screen():
                webbrowser.open(address)
            while True:
                time.sleep(3600)
    except Refusal as refusal:
        sys.exit(f"weighbridge: {refusal}")
    except KeyboardInterrupt:
        print()


def _token(folder: Path) -> str:
    service = running.assembled(configuration.configured(data=folder))
    schema.upgrade(service.database)
    with service.database.writing() as session:
        token = tokens.issue(session, f"demo {secrets.token_hex(4)}", f"{OWNER}/*", service.now())
    service.database.close()
    return token


@contextlib.contextmanager
def served(folder: Path, port: int) -> Iterator[str]:
    """`weighbridge serve` on a folder, ended with the context: its address. Raises Refusal where it does not start."""
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "weighbridge", "serve", "--data", str(folder), "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "WEIGHBRIDGE_SERVICE_PUBLIC_URL": address})
    try:
        _wait(address, process)
        yield address
    finally:
        process.terminate()
        process.wait(15)


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise Refusal(f"the service ended with status {process.returncode}")
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/readyz", timeout=5):  # noqa: S310
            return
        time.sleep(0.2)
    raise Refusal(f"the service did not answer within {_START_SECONDS} s")


def _fill(address: str, token: str, repositories: int) -> None:
    say(f"sending a year of {min(repositories, len(PROJECTS))} repositories to {address}")
    began, count = time.monotonic(), 0
    try:
        now = datetime.now(UTC)
        sent = year(now, projects=PROJECTS[:repositories])
        for count in send(address, token, sent, files_since=now - _FILES):
            if count % 200 == 0:
                say(f"{count} reports")
    except (urllib.error.URLError, OSError) as error:
        raise Refusal(f"the service took {count} reports and then no more: {error}") from None
    say(f"{count} reports in {time.monotonic() - began:.0f} s")


def _free(port: int) -> int:
    """The port, or any that is free where it is taken."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
        return found


def _has_screen() -> bool:
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


if __name__ == "__main__":
    main()
