"""The container engine's images, through the Docker SDK; what runs is the part of `containers`.

The engine's own `Size` is never read: overlay2 and the containerd store mean different things by it.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker
import docker.errors
import requests

from weighbridge.adapters.engine_errors import explained
from weighbridge.adapters.engine_history import history_entries
from weighbridge.adapters.made import marks, remove_container
from weighbridge.errors import EngineUnavailable, ImageNotFound
from weighbridge.interruption import interruptible, shielded
from weighbridge.model.image import ImageDescription
from weighbridge.reading.config import image_config, platform_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_TIMEOUT_SECONDS = 120
# The engine packs a whole image before the first byte: minutes for gigabytes.
_SAVE_TIMEOUT_SECONDS = 900
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
            container = api.create_container(reference, command=["none"], network_disabled=True, labels=marks())["Id"]
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
                remove_container(api, container)

    def remove(self, reference: str) -> None:
        """See ports.Engine."""
        with contextlib.suppress(ImageNotFound), self._explained(reference):
            self._client.api.remove_image(reference, force=True)

    def data_folder(self) -> Path | None:
        """See ports.Engine."""
        host = self._environ.get("DOCKER_HOST") or "unix://"
        if not host.startswith("unix://"):
            return None
        with self._explained():
            folder = str(self._client.info().get("DockerRootDir") or "")
        if folder and os.path.exists(folder):  # noqa: PTH110 - pathlib raises where a folder above may not be entered
            return Path(folder)
        # A container's own file system lies where the engine keeps its images.
        return Path("/") if Path("/.dockerenv").exists() else None

    def _explained(self, reference: str = "") -> contextlib.AbstractContextManager[None]:
        return explained(self._environ, reference)
