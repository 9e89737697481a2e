"""What looks into a container's network from beside it: a few tools of a small image, chosen once.

Images on scratch have no tools of their own, and a host cannot always enter a container's network. So every scene has
one more container, and its programs list ports and relay bytes: busybox, pulled where it is missing; or, where
weighbridge itself runs in a container, the Python of its own image.
"""

from __future__ import annotations

import contextlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker.errors

from weighbridge.errors import EngineUnavailable, ImageNotFound, ProbeUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_IMAGE = "busybox:1.36"

# The kernel calls the state of a listening socket 0A.
_LISTEN = " 0A "
_PYTHON_LIST = f"""
for name in ("tcp", "tcp6"):
    try:
        print("".join(line for line in open("/proc/net/" + name) if {_LISTEN!r} in line), end="")
    except OSError:
        pass
"""
_PYTHON_RELAY = """
import socket, sys, threading
try:
    link = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5)
except OSError:
    sys.exit(1)
link.settimeout(float(sys.argv[2]))
def send():
    while data := sys.stdin.buffer.raw.read(65536):
        link.sendall(data)
threading.Thread(target=send, daemon=True).start()
try:
    while data := link.recv(65536):
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
except OSError:
    pass
"""
_BUSYBOX_DISK = "busybox du -sk \"$@\" | busybox awk '{s += $1} END {print s * 1024}'"
_PYTHON_DISK = """
import os, sys
print(sum(os.lstat(os.path.join(top, name)).st_blocks * 512
          for root in sys.argv[1:] for top, _, names in os.walk(root) for name in names))
"""
_PYTHON_FIND = """
import os, sys
for root in sys.argv[1:]:
    for top, _, names in os.walk(root):
        for name in names:
            print(os.path.join(top, name))
"""
_CONTAINER_ID = re.compile(r"/containers/([0-9a-f]{64})/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """An image and how its tools are called; `python` None means busybox."""

    image: str
    python: str | None = None

    @property
    def waiting(self) -> list[str]:
        """A program that does nothing for an hour."""
        if self.python is None:
            return ["/bin/busybox", "sleep", "3600"]
        return [self.python, "-c", "import time; time.sleep(3600)"]

    @property
    def list_listening(self) -> list[str]:
        """Prints the listening sockets as the kernel does (proc_net_tcp(5))."""
        if self.python is None:
            return ["/bin/busybox", "grep", "-h", _LISTEN, "/proc/net/tcp", "/proc/net/tcp6"]
        return [self.python, "-c", _PYTHON_LIST]

    def relay(self, port: int, seconds: float) -> list[str]:
        """Joins its own input and output with a connection; fails where it is refused."""
        if self.python is None:
            return ["/bin/busybox", "timeout", f"{seconds:.0f}", "/bin/busybox", "nc", "127.0.0.1", str(port)]
        return [self.python, "-c", _PYTHON_RELAY, str(port), f"{seconds:.0f}"]

    def disk_bytes(self, folders: list[str]) -> list[str]:
        """Prints what the folders hold, in bytes."""
        if self.python is None:
            return ["/bin/busybox", "sh", "-c", _BUSYBOX_DISK, "sh", *folders]
        return [self.python, "-c", _PYTHON_DISK, *folders]

    def find(self, folders: list[str]) -> list[str]:
        """Prints the paths of what the folders hold."""
        if self.python is None:
            return ["/bin/busybox", "find", *folders, "!", "-type", "d"]
        return [self.python, "-c", _PYTHON_FIND, *folders]


def choose_probe(api: Any, image: str, fetch: Callable[[str], None]) -> Probe:
    """The image that was asked for, pulled where it is missing, or our own. Raises ProbeUnavailable."""
    try:
        fetch(image)
        return Probe(image=image)
    except (ImageNotFound, EngineUnavailable) as error:
        own = _own_image(api)
        if own is None:
            raise ProbeUnavailable(
                f"{image}: cannot be pulled, and nothing else can look into containers; name another image that holds "
                "busybox with `probe-image`"
            ) from error
        return Probe(image=own, python=sys.executable)


def _own_image(api: Any) -> str | None:
    """The image of the container that this runs in, None outside of one."""
    with contextlib.suppress(OSError, docker.errors.DockerException, KeyError):
        found = _CONTAINER_ID.search(Path("/proc/self/mountinfo").read_text())
        if found is not None:
            return str(api.inspect_container(found[1])["Image"])
    return None


def listening_ports(text: str) -> tuple[int, ...]:
    """The ports of the kernel's table, sorted; lines that are none are left out."""
    ports = set()
    for line in text.splitlines():
        fields = line.split()
        if len(fields) > 3 and fields[3] == "0A":
            with contextlib.suppress(ValueError):
                ports.add(int(fields[1].rpartition(":")[2], 16))
    return tuple(sorted(ports))
