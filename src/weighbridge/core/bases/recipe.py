"""The Dockerfile that puts a program onto a base, set up as its own image is."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from weighbridge.model.image import ImageConfig

_NAME = re.compile(r"[A-Za-z_][\w.-]*")
_UNSAYABLE = re.compile(r"[\x00\r\n]")


def recipe(base: str, config: ImageConfig, base_config: ImageConfig, archives: Sequence[str], *, mark: str) -> str:
    """The Dockerfile's text. `archives` are tars in the context; `mark` tells one state of them and the base by.

    Ask `unsayable` before.
    """
    lines = [f"# {mark}", f"FROM {base}"]
    if archives:
        lines.append(f"ADD {' '.join(archives)} /")
    return "\n".join([*lines, *_settings(config, base_config), ""])


def unsayable(config: ImageConfig) -> str:
    """Which part of a configuration no Dockerfile can say, as a line; empty where all can be said."""
    for entry in config.environment:
        name, _, value = entry.partition("=")
        if not _NAME.fullmatch(name) or _UNSAYABLE.search(value):
            return "a variable of the image holds what no ENV instruction can say"
    for part in (config.user, config.working_directory, config.stop_signal, *config.exposed_ports):
        if _UNSAYABLE.search(part) or (part and part != part.strip()):
            return "the image's configuration holds what no Dockerfile can say"
    if config.health_check[:1] == ("CMD-SHELL",) and any(_UNSAYABLE.search(each) for each in config.health_check):
        return "the image's health check holds a line end, which no HEALTHCHECK instruction can say"
    return ""


def may_differ(config: ImageConfig, base_config: ImageConfig) -> frozenset[str]:
    """What a base brings to the configuration that no instruction takes away, and labels that can't be said."""
    own = {entry.partition("=")[0] for entry in config.environment}
    parts = {f"environment.{name}" for entry in base_config.environment if (name := entry.partition("=")[0]) not in own}
    parts |= {f"exposed_ports.{port}" for port in base_config.exposed_ports}
    parts |= {f"volumes.{volume}" for volume in base_config.volumes}
    parts |= {f"labels.{key}" for key, _ in base_config.labels}
    parts |= {f"labels.{key}" for key, value in config.labels if not _sayable_label(key, value)}
    return frozenset(parts)


def _settings(config: ImageConfig, base: ImageConfig) -> Iterator[str]:
    for entry in config.environment:
        name, _, value = entry.partition("=")
        yield f"ENV {name}={_quoted(value)}"
    for key, value in config.labels:
        if _sayable_label(key, value):
            yield f"LABEL {_quoted(key)}={_quoted(value)}"
    yield from (f"EXPOSE {_escaped(port)}" for port in config.exposed_ports)
    if config.working_directory or base.working_directory:
        yield f"WORKDIR {_escaped(config.working_directory or '/')}"
    if config.volumes:
        yield f"VOLUME {_json(config.volumes)}"
    if config.user or base.user:
        yield f"USER {_escaped(config.user or '0')}"
    if config.stop_signal or base.stop_signal:
        yield f"STOPSIGNAL {_escaped(config.stop_signal or 'SIGTERM')}"
    yield from _health(config.health_check, base.health_check)
    if config.entrypoint or base.entrypoint:
        yield f"ENTRYPOINT {_json(config.entrypoint)}"
    if config.command or base.command:
        yield f"CMD {_json(config.command)}"


def _health(test: tuple[str, ...], base: tuple[str, ...]) -> Iterator[str]:
    if test[:1] == ("CMD-SHELL",):
        yield f"HEALTHCHECK CMD {' '.join(test[1:])}"
    elif test[:1] == ("CMD",):
        yield f"HEALTHCHECK CMD {_json(test[1:])}"
    elif test or base:
        yield "HEALTHCHECK NONE"


def _sayable_label(key: str, value: str) -> bool:
    return bool(key) and not _UNSAYABLE.search(key + value)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return f'"{escaped}"'


def _escaped(text: str) -> str:
    """A word that is not quoted, in which nothing is a variable."""
    return text.replace("\\", "\\\\").replace("$", "\\$")


def _json(words: Iterable[str]) -> str:
    return json.dumps(list(words))
