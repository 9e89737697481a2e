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
import shlex
import sys

from outside import api, daemon, engines
from outside.machine import Refusal, say


def start(name: str | None, store: str | None) -> None:
    host = engines.standing(store) if name is None else None
    if host is not None:
        say(f"using the engine that answers at {host}")
        return
    if name is None:
        engines.refuse_if_impossible()
    daemon.start(name or engines.default_name(store), store or "overlay2")


def status(name: str | None, store: str | None) -> str:
    host = engines.require(name, store)
    described = api.info(host)
    return (
        f"{host} engine {described.get('ServerVersion')} store {api.store(described)} images {described.get('Images')}"
    )


def environment(name: str | None, store: str | None) -> str:
    host = engines.require(name, store)
    return "\n".join(f"export {key}={shlex.quote(value)}" for key, value in engines.exports(host).items())


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
            daemon.stop(asked.name or engines.default_name(asked.store))
        else:
            print((environment if asked.command == "env" else status)(asked.name, asked.store))
    except Refusal as refusal:
        sys.exit(f"weighbridge: {refusal}")


if __name__ == "__main__":
    main()
