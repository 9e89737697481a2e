"""The container engine, through the Docker SDK. Nothing else imports `docker`.

The engine's own `Size` is never read: overlay2 and the containerd store mean different things by it.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

import docker
import docker.errors
import requests

from weighbridge.adapters.engine_history import history_entries
from weighbridge.errors import EngineUnavailable, ImageNotFound
from weighbridge.interruption import interruptible, shielded
from weighbridge.model.image import ImageDescription
from weighbridge.reading.config import image_config, platform_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_TIMEOUT_SECONDS = 120
# The engine packs a whole image before the first byte: minutes for gigabytes.
_SAVE_TIMEOUT_SECONDS = 900
LABEL = "weighbridge"
"""On every container that was made here; its value is the process."""

# Large chunks keep the per-chunk cost of the HTTP client away from gigabytes of layers.
_CHUNK_BYTES = 1 << 20


class DockerEngine:
    """Implements ports.Engine against the engine that DOCKER_HOST or the default socket names."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ
        with self._explained():
            self._client = docker.DockerClient.from_env(environment=dict(self._environ), timeout=_TIMEOUT_SECONDS)

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def describe(self, reference: str) -> ImageDescription:
        """See ports.Engine."""
        with self._explained(reference):
            api: Any = self._client.api  # the SDK's low level has no types
            raw = api.inspect_image(reference)
            history = api.history(reference)
        diff_ids = tuple((raw.get("RootFS") or {}).get("Layers") or ())
        return ImageDescription(
            reference=reference,
            id=raw["Id"],
            platform=platform_of(raw, ("Os", "Architecture", "Variant")),
            config=image_config(raw.get("Config") or {}),
            diff_ids=diff_ids,
            history=history_entries(history, len(diff_ids)),
            packed_sizes=(None,) * len(diff_ids),
        )

    @contextlib.contextmanager
    def save(self, references: Sequence[str]) -> Iterator[Iterator[bytes]]:
        """See ports.Engine."""
        api = self._client.api
        with self._explained(", ".join(references)):
            # The SDK saves one image a call; the API saves several with shared layers once.
            response = api.get(
                f"{api.base_url}/v{api.api_version}/images/get",
                params={"names": list(references)},
                stream=True,
                timeout=_SAVE_TIMEOUT_SECONDS,
            )
            with response:
                if response.status_code == requests.codes.not_found:
                    raise ImageNotFound(f"{', '.join(references)}: the engine has no such image any more")
                if not response.ok:
                    raise EngineUnavailable(
                        f"the engine could not save {', '.join(references)}: HTTP {response.status_code}"
                    )
                yield response.iter_content(_CHUNK_BYTES)

    @contextlib.contextmanager
    def export(self, reference: str) -> Iterator[Iterator[bytes]]:
        """See ports.Engine."""
        api: Any = self._client.api
        with self._explained(reference), shielded():
            # Never started; the command is there because the engine wants one even of an image that has none.
            container = api.create_container(
                reference, command=["none"], network_disabled=True, labels={LABEL: str(os.getpid())}
            )["Id"]
            try:
                response = api.get(
                    f"{api.base_url}/v{api.api_version}/containers/{container}/export",
                    stream=True,
                    timeout=_SAVE_TIMEOUT_SECONDS,
                )
                with response, interruptible():
                    if not response.ok:
                        raise EngineUnavailable(f"the engine could not export {reference}: HTTP {response.status_code}")
                    yield response.iter_content(_CHUNK_BYTES)
            finally:
                with contextlib.suppress(docker.errors.NotFound):
                    api.remove_container(container, v=True, force=True)

    def remove(self, reference: str) -> None:
        """See ports.Engine."""
        with contextlib.suppress(ImageNotFound), self._explained(reference):
            self._client.api.remove_image(reference, force=True)

    @contextlib.contextmanager
    def _explained(self, reference: str = "") -> Iterator[None]:
        """Turns the SDK's and the transport's exceptions into ours, with what to do."""
        try:
            yield
        except docker.errors.NotFound as error:
            raise ImageNotFound(
                f"{reference}: the engine has no such image; build or pull it, or name an archive "
                "(docker-archive:PATH, oci-archive:PATH, oci:DIR)"
            ) from error
        except docker.errors.APIError as error:
            raise EngineUnavailable(f"the container engine refused: {_one_line(error)}") from error
        except (docker.errors.DockerException, requests.RequestException) as error:
            raise EngineUnavailable(self._advice(error)) from error

    def _advice(self, error: Exception) -> str:
        host = self._environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
        text = str(error)
        if "PermissionError" in text or "Permission denied" in text:
            return f"no permission on {host}: run as root or as a member of the socket's group"
        if "FileNotFoundError" in text or "No such file" in text:
            return f"no container engine at {host}: start Docker, mount its socket, or set DOCKER_HOST"
        return f"the container engine at {host} does not answer: {_one_line(error)}"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
