"""A Docker engine to build with: the one that answers, or one that is downloaded and started here.

    python3 scripts/engine.py start [--name NAME] [--store overlay2|containerd]
    eval "$(python3 scripts/engine.py env)"
    python3 scripts/engine.py status
    python3 scripts/engine.py stop

`start` does nothing where an engine answers already (DOCKER_HOST, or the default socket). Otherwise, as root on Debian
or Ubuntu, it unpacks a current engine under the cache folder and starts it there; `stop` ends only what it started.
Standard library only.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys

from outside import api, daemon, tree
from outside.machine import Refusal, say, search_path, which


def standing(store: str | None) -> str | None:
    """The address of an engine that answers without our doing and has the wanted store (None: any)."""
    hosts = [address for address in (os.environ.get("DOCKER_HOST"), api.DEFAULT_HOST) if address]
    for host in hosts:
        if api.answers(host) and store in (None, api.store(api.info(host))):
            return host
    return None


def find(name: str | None, store: str | None) -> str | None:
    """The engine to use: the one asked for by name, else the one that answers, else our own where it runs."""
    if name is None:
        host = standing(store)
        if host is not None:
            return host
    own = name or default_name(store)
    return daemon.host(own) if daemon.alive(daemon.record(own)) else None


def default_name(store: str | None) -> str:
    return "containerd" if store == "containerd" else "main"


def exports(host: str) -> dict[str, str]:
    """The variables under which `docker`, `docker buildx` and `docker-buildx` work with the engine at `host`."""
    found = {"DOCKER_HOST": host}
    if _has_client():
        return found
    tree.ensure()
    return {**found, "DOCKER_CONFIG": str(tree.client_config()), "PATH": search_path(*tree.folders())}


def _has_client() -> bool:
    if which("docker") is None or which("docker-buildx") is None:
        return False
    done = subprocess.run(["docker", "buildx", "version"], capture_output=True, check=False, stdin=subprocess.DEVNULL)
    return done.returncode == 0


def start(name: str | None, store: str | None) -> None:
    host = standing(store) if name is None else None
    if host is not None:
        say(f"using the engine that answers at {host}")
        return
    daemon.start(name or default_name(store), store or "overlay2")


def status(name: str | None, store: str | None) -> str:
    host = find(name, store)
    if host is None:
        raise Refusal("no engine answers; python3 scripts/engine.py start")
    described = api.info(host)
    return f"{host} engine {described.get('ServerVersion')} store {api.store(described)} images {described.get('Images')}"


def environment(name: str | None, store: str | None) -> str:
    host = find(name, store)
    if host is None:
        raise Refusal("no engine answers; python3 scripts/engine.py start")
    return "\n".join(f"export {key}={shlex.quote(value)}" for key, value in exports(host).items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("start", "stop", "env", "status"))
    parser.add_argument("--name", help="an engine of our own, also where another one answers (default: main)")
    parser.add_argument("--store", choices=("overlay2", "containerd"), help="where the engine must keep images")
    asked = parser.parse_args()
    try:
        if asked.command == "start":
            start(asked.name, asked.store)
        elif asked.command == "stop":
            daemon.stop(asked.name or default_name(asked.store))
        else:
            print((environment if asked.command == "env" else status)(asked.name, asked.store))
    except Refusal as refusal:
        sys.exit(f"weighbridge: {refusal}")


if __name__ == "__main__":
    main()
