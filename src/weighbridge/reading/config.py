"""An OCI image configuration, and the same in an engine's words, to the model. OCI image-spec, config.md.

Whoever made the image wrote it. It is text without bound, of any characters; what the model takes of it is neither.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from weighbridge.errors import MalformedImage
from weighbridge.model.image import HistoryEntry, ImageConfig, ImageDescription

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_LAYERS = 1000
MAX_VALUES = 5_000
"""Of one list or mapping: environment, labels, volumes and so on."""
MAX_TEXT = 128 * 1024
"""Characters of a value: what Linux takes for one argument or variable (MAX_ARG_STRLEN)."""
MAX_NAME = 300
"""Characters of what can only be short: user, ports, signal, platform."""
MAX_INSTRUCTION = 16 * 1024
"""Characters of a history entry that are kept."""
_PLATFORM_PART = re.compile(r"[A-Za-z0-9_.+-]+")
_DIFF_ID = re.compile(r"sha256:[0-9a-f]{64}")


def image_config(raw: Mapping[str, Any]) -> ImageConfig:
    """The `config` object (OCI and engine use the same names). Raises MalformedImage beyond a bound."""
    return ImageConfig(
        entrypoint=_texts(raw.get("Entrypoint")),
        command=_texts(raw.get("Cmd")),
        environment=_texts(raw.get("Env")),
        exposed_ports=_names(raw.get("ExposedPorts")),
        user=_name(raw.get("User")),
        working_directory=_text(raw.get("WorkingDir")),
        volumes=tuple(sorted(_texts(list(_mapping(raw.get("Volumes")))))),
        labels=tuple(sorted((_text(key), _text(value)) for key, value in _mapping(raw.get("Labels")).items())),
        stop_signal=_name(raw.get("StopSignal")),
        health_check=_texts(_mapping(raw.get("Healthcheck")).get("Test")),
        on_build=_texts(raw.get("OnBuild")),
    )


def platform_of(raw: Mapping[str, Any], keys: tuple[str, str, str] = ("os", "architecture", "variant")) -> str:
    """`os/architecture[/variant]`. Raises MalformedImage for what is no name: it is printed everywhere."""
    parts = [_name(raw[key]) for key in keys if raw.get(key)]
    for part in parts:
        if not _PLATFORM_PART.fullmatch(part):
            raise MalformedImage(f"its configuration names {part[:40]!r} as its platform")
    return "/".join(parts) or "unknown"


def description(
    raw: object,
    *,
    reference: str,
    image_id: str,
    packed_sizes: Sequence[int | None],
    compressions: Sequence[str] = (),
) -> ImageDescription:
    """A whole configuration file. Raises MalformedImage where it contradicts itself or its manifest."""
    if not isinstance(raw, dict):
        raise MalformedImage("its configuration is not a JSON object")
    diff_ids = _texts(_mapping(raw.get("rootfs")).get("diff_ids"))
    if len(diff_ids) > MAX_LAYERS:
        raise MalformedImage(
            f"its configuration names {len(diff_ids):,} layers, more than the {MAX_LAYERS:,} that are read"
        )
    if len(diff_ids) != len(packed_sizes):
        raise MalformedImage(f"its configuration names {len(diff_ids)} layers, its manifest {len(packed_sizes)}")
    for diff_id in diff_ids:
        if not _DIFF_ID.fullmatch(diff_id):
            raise MalformedImage(
                f"its configuration names {diff_id[:100]!r} as a layer, which is not a SHA-256 diff ID"
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
                created_by=_start(entry.get("created_by")),
                empty=entry.get("empty_layer") is True,
                comment=_start(entry.get("comment")),
            )
            for entry in (history if isinstance(history, list) else [])[: 10 * MAX_LAYERS]
            if isinstance(entry, dict)
        ),
        packed_sizes=tuple(packed_sizes),
        compressions=tuple(compressions),
    )


def _mapping(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        return {}
    if len(value) > MAX_VALUES:
        raise MalformedImage(f"its configuration holds a mapping of {len(value):,} values, more than {MAX_VALUES:,}")
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    if len(value) > MAX_VALUES:
        raise MalformedImage(f"its configuration holds a list of {len(value):,} values, more than {MAX_VALUES:,}")
    return tuple(_text(item) for item in value)


def _names(value: object) -> tuple[str, ...]:
    return tuple(sorted(_name(name) for name in _mapping(value)))


def _name(value: object) -> str:
    return _bounded(value, MAX_NAME)


def _text(value: object) -> str:
    return _bounded(value, MAX_TEXT)


def _bounded(value: object, limit: int) -> str:
    text = _start(value, limit + 1)
    if len(text) > limit:
        raise MalformedImage(f"its configuration holds a value of more than {limit:,} characters: {text[:40]!r} …")
    return text


def _start(value: object, limit: int = MAX_INSTRUCTION) -> str:
    """The value's first characters; halves of surrogate pairs, which JSON can spell and no file can hold, as `?`."""
    text = value[:limit] if isinstance(value, str) else "" if value is None else str(value)[:limit]
    return text.encode("utf-8", "replace").decode()
