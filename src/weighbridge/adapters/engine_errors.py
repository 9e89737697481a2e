"""The Docker SDK's and the transport's exceptions as ours, with what to do."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import docker.errors
import requests

from weighbridge.errors import EngineUnavailable, ImageNotFound

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@contextlib.contextmanager
def explained(environ: Mapping[str, str], reference: str = "") -> Iterator[None]:
    """Raises ImageNotFound, EngineUnavailable."""
    try:
        yield
    except docker.errors.NotFound as error:
        raise ImageNotFound(
            f"{reference}: the engine has no such image; build or pull it, or name an archive "
            "(docker-archive:PATH, oci-archive:PATH, oci:DIR)"
        ) from error
    except docker.errors.APIError as error:
        raise EngineUnavailable(f"the container engine refused: {one_line(error)}") from error
    except (docker.errors.DockerException, requests.RequestException) as error:
        raise EngineUnavailable(_advice(error, environ)) from error


def one_line(error: Exception) -> str:
    """The error in one line, bounded."""
    return " ".join(str(error).split())[:300]


def _advice(error: Exception, environ: Mapping[str, str]) -> str:
    host = environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    text = str(error)
    if "PermissionError" in text or "Permission denied" in text:
        return f"no permission on {host}: run as root or as a member of the socket's group"
    if "FileNotFoundError" in text or "No such file" in text:
        return f"no container engine at {host}: start Docker, mount its socket, or set DOCKER_HOST"
    return f"the container engine at {host} does not answer: {one_line(error)}"
