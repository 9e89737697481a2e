"""What is made on the engine while images are tried: marked, so that the next run removes what a killed one left."""

from __future__ import annotations

import contextlib
import os
import time
from typing import Any

import docker.errors
import requests

LABEL = "weighbridge.process"
DEADLINE = "weighbridge.deadline"
# Far beyond any run; what is older has nobody to remove it any more.
_LIFETIME_SECONDS = 3 * 3600


def marks() -> dict[str, str]:
    """The labels of a container or volume that is made now."""
    return {LABEL: str(os.getpid()), DEADLINE: str(int(time.time()) + _LIFETIME_SECONDS)}


def sweep(api: Any) -> None:
    """Removes containers and volumes whose deadline has passed. Never raises what the engine says."""
    with contextlib.suppress(docker.errors.DockerException, requests.RequestException):
        for container in api.containers(all=True, filters={"label": DEADLINE}):
            if _late(container.get("Labels")):
                remove_container(api, container["Id"])
        for volume in api.volumes(filters={"label": DEADLINE}).get("Volumes") or ():
            if _late(volume.get("Labels")):
                remove_volume(api, volume["Name"])


def remove_container(api: Any, name: str) -> None:
    """Ends and removes it with its anonymous volumes; one that is gone already is fine."""
    with contextlib.suppress(docker.errors.NotFound):
        api.remove_container(name, v=True, force=True)


def remove_volume(api: Any, name: str) -> None:
    """Removes it; one that is gone already is fine."""
    with contextlib.suppress(docker.errors.NotFound):
        api.remove_volume(name, force=True)


def _late(labels: dict[str, str] | None) -> bool:
    deadline = (labels or {}).get(DEADLINE, "")
    return deadline.isdigit() and int(deadline) < time.time()
