"""An OCI image configuration, and the same in an engine's words, to the model. OCI image-spec, config.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weighbridge.errors import MalformedImage
from weighbridge.model.image import HistoryEntry, ImageConfig, ImageDescription

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_LAYERS = 1000


def image_config(raw: Mapping[str, Any]) -> ImageConfig:
    """The `config` object (OCI and engine use the same names)."""
    return ImageConfig(
        entrypoint=_texts(raw.get("Entrypoint")),
        command=_texts(raw.get("Cmd")),
        environment=_texts(raw.get("Env")),
        exposed_ports=tuple(sorted(_mapping(raw.get("ExposedPorts")))),
        user=str(raw.get("User") or ""),
        working_directory=str(raw.get("WorkingDir") or ""),
        volumes=tuple(sorted(_mapping(raw.get("Volumes")))),
        labels=tuple(sorted((str(key), str(value)) for key, value in _mapping(raw.get("Labels")).items())),
        stop_signal=str(raw.get("StopSignal") or ""),
        health_check=_texts(_mapping(raw.get("Healthcheck")).get("Test")),
    )


def platform_of(raw: Mapping[str, Any], keys: tuple[str, str, str] = ("os", "architecture", "variant")) -> str:
    """`os/architecture[/variant]`."""
    return "/".join(str(raw[key]) for key in keys if raw.get(key)) or "unknown"


def description(raw: object, *, reference: str, image_id: str, packed_sizes: Sequence[int | None]) -> ImageDescription:
    """A whole configuration file. Raises MalformedImage where it contradicts itself or its manifest."""
    if not isinstance(raw, dict):
        raise MalformedImage(f"{reference}: the image's configuration is not a JSON object")
    diff_ids = _texts(_mapping(raw.get("rootfs")).get("diff_ids"))
    if len(diff_ids) != len(packed_sizes) or len(diff_ids) > MAX_LAYERS:
        raise MalformedImage(
            f"{reference}: the configuration names {len(diff_ids)} layers, the manifest {len(packed_sizes)}"
        )
    history = raw.get("history")
    return ImageDescription(
        reference=reference,
        id=image_id,
        platform=platform_of(raw),
        config=image_config(_mapping(raw.get("config"))),
        diff_ids=diff_ids,
        history=tuple(
            HistoryEntry(
                created_by=str(entry.get("created_by") or ""),
                empty=entry.get("empty_layer") is True,
                comment=str(entry.get("comment") or ""),
            )
            for entry in (history if isinstance(history, list) else [])[: 10 * MAX_LAYERS]
            if isinstance(entry, dict)
        ),
        packed_sizes=tuple(packed_sizes),
    )


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()
