"""What this machine is and has: folders, distribution, mirror, certificates, packages; and how to refuse clearly."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")
LOCAL_CERTIFICATES = Path("/usr/local/share/ca-certificates")
BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")


class Refusal(Exception):
    """One line for the user: what is missing, and what to do about it."""


def say(message: str) -> None:
    """Progress goes to standard error; standard output belongs to the answer."""
    print(f"weighbridge: {message}", file=sys.stderr, flush=True)


def cache_root() -> Path:
    """Where everything is kept between runs, and whatever is deleted there is made again."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    folder = Path(base) if base.startswith("/") else Path.home() / ".cache"
    return folder / "weighbridge"


def search_path(*first: Path) -> str:
    """PATH with `first` in front and the system's administrative folders behind (a user's PATH often lacks them)."""
    parts = [str(folder) for folder in first]
    parts += [part for part in os.environ.get("PATH", "/usr/bin:/bin").split(os.pathsep) if part not in parts]
    return os.pathsep.join([*parts, *(folder for folder in SYSTEM_FOLDERS if folder not in parts)])


def which(command: str, *first: Path) -> Path | None:
    found = shutil.which(command, path=search_path(*first))
    return Path(found) if found else None


def run(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    log: Path | None = None,
    timeout: float = 900,
) -> str:
    """Runs `command` without a shell or standard input, and returns its output.

    With `log`, all output is kept there too. Raises Refusal with the last lines of the output when it fails.
    """
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if log is None else subprocess.STDOUT,
            env={**os.environ, "PATH": search_path(), **(env or {})},
            cwd=cwd,
            timeout=timeout,
            text=True,
            errors="replace",
        )
    except FileNotFoundError as problem:
        raise Refusal(f"{words[0]} is not installed") from problem
    except subprocess.TimeoutExpired as problem:
        raise Refusal(f"{shown(words)} did not finish in {timeout:.0f} s") from problem
    if log is not None:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(done.stdout)
    if done.returncode != 0:
        where = f" (all of it: {log})" if log is not None else ""
        raise Refusal(f"{shown(words)} failed with status {done.returncode}{where}\n{tail(done.stderr or done.stdout)}")
    return done.stdout


def shown(words: Sequence[str]) -> str:
    return " ".join(words[:5]) + (" …" if len(words) > 5 else "")


def tail(text: str, lines: int = 15) -> str:
    return "\n".join(f"  {line[:300]}" for line in text.rstrip().splitlines()[-lines:])


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds a lock that other processes wait for. It ends with the process, so nothing is left behind by a kill."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another run to finish ({path})")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def read_os_release(text: str) -> dict[str, str]:
    """The values of an os-release file (`man 5 os-release`), unquoted."""
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {key.strip(): value.strip().strip("\"'") for key, value in pairs}


def distribution() -> tuple[str, str]:
    """The distribution's ID and code name, as in ("debian", "bookworm"); empty where the machine does not say."""
    for path in (Path("/etc/os-release"), Path("/usr/lib/os-release")):
        if path.is_file():
            values = read_os_release(path.read_text())
            return values.get("ID", ""), values.get("VERSION_CODENAME", "")
    return "", ""


def refuse_unless_installable(what: str, otherwise: str) -> None:
    """Raises Refusal where this program cannot install packages itself; `otherwise` tells the user what to do."""
    name, _ = distribution()
    if name not in ("debian", "ubuntu"):
        raise Refusal(f"{what} is missing, and it is installed by itself on Debian and Ubuntu only: {otherwise}")
    if os.geteuid() != 0:
        raise Refusal(f"{what} is missing, and installing it needs root: {otherwise}")


def ensure_commands(commands: Mapping[str, str]) -> None:
    """Installs the packages (values) of the commands (keys) that are not on this machine."""
    missing = [package for command, package in commands.items() if which(command) is None]
    if not missing:
        return
    packages = sorted(set(missing))
    refuse_unless_installable(", ".join(packages), f"apt-get install {' '.join(packages)}")
    say(f"installing {', '.join(packages)}")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "update", "-qq"], env=quiet)
    run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], env=quiet)


def read_mirror(targets: str, release: str) -> str | None:
    """The address that serves `release` main, in the output of `apt-get indextargets` (address, release, component)."""
    for line in targets.splitlines():
        words = line.split()
        if len(words) == 3 and words[1] == release and words[2] == "main":
            return words[0].rstrip("/")
    return None


def mirror(suffix: str = "") -> str | None:
    """Where this machine's own packages come from; `suffix` is "" or "-security"."""
    _, codename = distribution()
    layout = "$(REPO_URI) $(RELEASE) $(COMPONENT)"
    targets = run(["apt-get", "indextargets", "--no-release-info", "--format", layout])
    return read_mirror(targets, codename + suffix)


def local_certificates() -> list[Path]:
    """Certificates that this machine's owner added, such as those of a proxy that opens TLS."""
    return sorted(path for path in LOCAL_CERTIFICATES.rglob("*.crt") if path.is_file())
