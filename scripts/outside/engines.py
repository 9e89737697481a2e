"""Which engine to use: the one that answers, or our own; and the variables under which its client works."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from outside import api, daemon, tree
from outside.machine import Refusal, refuse_unless_installable, run, search_path, which

if TYPE_CHECKING:
    from collections.abc import Iterator


def standing(store: str | None) -> str | None:
    """The address of an engine that answers without our doing and has the wanted store (None: any)."""
    for host in _hosts():
        if api.answers(host) and store in (None, api.store(api.info(host))):
            return host
    return None


def _hosts() -> list[str]:
    return [address for address in (os.environ.get("DOCKER_HOST"), api.DEFAULT_HOST) if address]


def refuse_if_impossible() -> None:
    """Raises Refusal, with what to do, where no engine can be had; before anything else is waited for."""
    if find(None, None) is not None:
        return
    for host in _hosts():
        if api.forbidden(host):
            raise Refusal(f"this user may not use the engine at {host}: join the group of its socket, or run as root")
    refuse_unless_installable("a Docker engine", tree.BY_HAND)


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


def require(name: str | None = None, store: str | None = None) -> str:
    host = find(name, store)
    if host is None:
        raise Refusal("no engine answers; python3 scripts/engine.py start")
    return host


@contextlib.contextmanager
def borrowed() -> Iterator[str]:
    """The address of the engine that answers, or of our own, which is ended again if it was started here."""
    if (host := find(None, None)) is not None:
        yield host
        return
    refuse_if_impossible()
    name = default_name(None)
    daemon.start(name, "overlay2")
    try:
        yield require()
    finally:
        daemon.stop(name)


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
    try:
        run(["docker", "buildx", "version"])
    except Refusal:
        return False
    return True
