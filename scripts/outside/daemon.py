"""An engine of our own: started by hand as root, with every file it has in the cache folder, and stopped by its pid."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from outside import api, bridge, tree
from outside.machine import Refusal, cache_root, ensure_commands, locked, say, search_path, tail

COMMANDS = {"runc": "runc", "iptables": "iptables", "ip": "iproute2"}
LONGEST_SOCKET = 100  # sun_path holds 108 bytes on Linux (man 7 unix)
START_SECONDS = 60
STOP_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What `start` started. A pid alone could be another process by now, hence the time it started."""

    pid: int
    started: str
    store: str
    network: str


def home(name: str) -> Path:
    return cache_root() / "engine" / name


def runtime(name: str) -> Path:
    """For sockets and state: in the cache folder, or in a short place where that makes a path no socket may have."""
    folder = home(name) / "run"
    if len(str(folder / "d.sock").encode()) < LONGEST_SOCKET:
        return folder
    short = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"weighbridge-{os.geteuid()}-{short}"


def host(name: str) -> str:
    return f"unix://{runtime(name) / 'd.sock'}"


def read_record(text: str) -> Record | None:
    """The record of a state file, or None where it is not one (a write that was cut short, an older layout)."""
    try:
        found = json.loads(text)
        return Record(
            pid=int(found["pid"]),
            started=str(found["started"]),
            store=str(found["store"]),
            network=str(found["network"]),
        )
    except (ValueError, KeyError, TypeError):
        return None


def record(name: str) -> Record | None:
    path = home(name) / "started.json"
    return read_record(path.read_text()) if path.is_file() else None


def start_time(pid: int) -> str | None:
    """When a process started, in clock ticks since boot: field 22 of its stat file (man 5 proc)."""
    try:
        # The command's name is in parentheses and may hold spaces.
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    state, started = after_name[0], after_name[19]
    return None if state == "Z" else started


def alive(found: Record | None) -> bool:
    return found is not None and start_time(found.pid) == found.started


def start(name: str, store: str) -> None:
    """Starts the engine, or leaves the one that runs. Two calls at once are safe: the second waits and finds it up."""
    with locked(cache_root() / "engine" / "lock"):
        found = record(name)
        if found is not None and alive(found):
            if found.store != store:
                raise Refusal(
                    f"the engine {name} runs with the {found.store} store; stop it first, or use another name"
                )
            say(f"the engine {name} runs already ({host(name)})")
            return
        tree.ensure()
        ensure_commands(COMMANDS)
        _clear_remains(name, found)
        _launch(name, store)


def _clear_remains(name: str, found: Record | None) -> None:
    """What an engine that was killed left: containerd, pid files (dockerd would not start beside them), network."""
    _stop_containerd(name)
    for path in ("docker.pid", "d.sock", "exec/containerd/containerd.pid"):
        (runtime(name) / path).unlink(missing_ok=True)
    # dockerd would give the new bridge the address of the old one, which may be another engine's by now.
    (home(name) / "data" / "network" / "files" / "local-kv.db").unlink(missing_ok=True)
    if found is not None:
        bridge.remove(name, found.network)
    (home(name) / "started.json").unlink(missing_ok=True)


def _launch(name: str, store: str) -> None:
    began = time.monotonic()
    folder, run = home(name), runtime(name)
    run.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.mkdir(parents=True, exist_ok=True)
    network = bridge.create(name)
    log = folder / "dockerd.log"
    (folder / "daemon.json").write_text(json.dumps({"features": {"containerd-snapshotter": store == "containerd"}}))
    command = [
        str(tree.root() / "usr" / "sbin" / "dockerd"),
        *("--config-file", str(folder / "daemon.json")),
        *("--data-root", str(folder / "data")),
        *("--exec-root", str(run / "exec")),
        *("--pidfile", str(run / "docker.pid")),
        *("--host", host(name)),
        *("--bridge", bridge.device(name)),
        "--iptables=false",  # rules of an engine beside it would be lost; the bridge brings its own
        "--ip6tables=false",
    ]
    if store == "overlay2":
        command.append("--storage-driver=overlay2")
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            env={**os.environ, "PATH": search_path(*tree.folders())},
            start_new_session=True,
        )
    made = Record(pid=process.pid, started=start_time(process.pid) or "", store=store, network=network)
    (folder / "started.json").write_text(json.dumps(asdict(made)))
    _await(name, process, log)
    say(f"started the engine {name} ({host(name)}, {store}, {time.monotonic() - began:.1f} s; log: {log})")


def _await(name: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not api.answers(host(name)):
        status = process.poll()
        if status is None and time.monotonic() < deadline:
            time.sleep(0.1)
            continue
        what = f"ended with status {status}" if status is not None else f"did not answer within {START_SECONDS} s"
        _stop(name)
        raise Refusal(f"dockerd {what}; its log ({log}) ends with\n{tail(log.read_text(errors='replace'), 8)}")


def stop(name: str) -> None:
    """Stops the engine that `start` started, and nothing else."""
    with locked(cache_root() / "engine" / "lock"):
        _stop(name)


def _stop(name: str) -> None:
    found = record(name)
    if found is None or not alive(found):
        say(f"no engine {name} started here is running")
    else:
        _end(found.pid, found.started)
        say(f"stopped the engine {name}")
    _clear_remains(name, found)


def _end(pid: int, started: str) -> None:
    for number, patience in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, 5)):
        deadline = time.monotonic() + patience
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        while time.monotonic() < deadline:
            _reap(pid)
            if start_time(pid) != started:
                return
            time.sleep(0.1)


def _reap(pid: int) -> None:
    """A dockerd that failed in this very run is our child, and stays a zombie until it is waited for."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def _stop_containerd(name: str) -> None:
    """dockerd starts a containerd and leaves it behind when killed; it is known by our folder on its command line."""
    ours = str(runtime(name) / "exec" / "containerd" / "containerd.toml")
    path = runtime(name) / "exec" / "containerd" / "containerd.pid"
    try:
        pid = int(path.read_text())
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except (OSError, ValueError):
        return
    started = start_time(pid)
    if ours in words and started is not None:
        _end(pid, started)
