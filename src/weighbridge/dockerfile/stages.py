"""Which stages a target is made of, and the values of the build arguments that FROM may name.

Semantics: docs.docker.com, "Dockerfile reference", on FROM, ARG, its predefined platform arguments and on the
replacement of variables.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from weighbridge.model.dockerfile import Dockerfile, Stage

_NAME = re.compile(r"\w+")
_REFERENCE = re.compile(r"(\w+)(?:(:?)([-+?])(.*))?", re.DOTALL)
_QUOTES = "\"'"
_MAX_DEPTH = 8
_MAX_STAGES = 200


def base_reference(
    dockerfile: Dockerfile, target: str | None, build_args: Sequence[str], platform: str = ""
) -> str | None:
    """The image that the final stage is FROM in the end, build arguments replaced; None for scratch.

    `platform` (`os/architecture[/variant]`) is what is built for, and on.
    """
    values = argument_values(dockerfile, build_args, platform)
    chain = stage_chain(dockerfile, target, values)
    name = _base(chain[0], values) if chain else ""
    return None if name in ("", "scratch") else name


def stage_chain(dockerfile: Dockerfile, target: str | None, values: Mapping[str, str]) -> list[Stage]:
    """The final stage and the stages that it is FROM, the oldest first; empty where there is no such target."""
    stage = _find(dockerfile.stages, target) if target else dockerfile.stages[-1]
    chain: list[Stage] = []
    while stage is not None and len(chain) < _MAX_STAGES:
        chain.append(stage)
        stage = _find(dockerfile.stages[: stage.index], _base(stage, values))
    return chain[::-1]


def argument_values(dockerfile: Dockerfile, build_args: Sequence[str], platform: str = "") -> dict[str, str]:
    """The arguments before the first FROM, as given or by default, and those of the platform."""
    given = dict(argument.partition("=")[::2] for argument in build_args)
    values = _platform_values(platform)
    for argument in dockerfile.arguments:
        for word in argument.values:
            name, equals, default = word.partition("=")
            if name in given:
                values[name] = given[name]
            elif equals:
                values[name] = expand(_unquoted(default), values)
    return values


def expand(text: str, values: Mapping[str, str]) -> str:
    """Replaces `$NAME` and `${NAME}`, also with `:-`, `-`, `:+`, `+` and what follows them, as FROM does.

    What is written in another way, or never ends, stays as it is.
    """
    return _expanded(text, values, _MAX_DEPTH)


def _expanded(text: str, values: Mapping[str, str], depth: int) -> str:
    parts: list[str] = []
    position = 0
    while (dollar := text.find("$", position)) >= 0:
        parts.append(text[position:dollar])
        end = dollar + 1
        if text[end : end + 1] == "{":
            closing = _closing(text, end)
            replaced = _replaced(text[end + 1 : closing], values, depth) if closing and depth else None
            end = closing + 1 if closing else len(text)
        else:
            name = _NAME.match(text, end)
            replaced = values.get(name[0], "") if name else None
            end = name.end() if name else end
        parts.append(text[dollar:end] if replaced is None else replaced)
        position = end
    return "".join([*parts, text[position:]])


def _replaced(inside: str, values: Mapping[str, str], depth: int) -> str | None:
    """The value of what stands between braces, None where it is none of what is known."""
    found = _REFERENCE.fullmatch(inside)
    if found is None:
        return None
    value = values.get(found[1])
    there = bool(value) if found[2] else value is not None
    if found[3] == "-" and not there:
        return _expanded(found[4], values, depth - 1)
    if found[3] == "+":
        return _expanded(found[4], values, depth - 1) if there else ""
    return value or ""


def _closing(text: str, opening: int) -> int | None:
    """Where the brace at `opening` is closed."""
    depth = 0
    for brace in re.finditer(r"[{}]", text[opening:]):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return opening + brace.start()
    return None


def _platform_values(platform: str) -> dict[str, str]:
    if not platform:
        return {}
    system, _, rest = platform.partition("/")
    architecture, _, variant = rest.partition("/")
    parts = {"PLATFORM": platform, "OS": system, "ARCH": architecture, "VARIANT": variant}
    return {f"{where}{what}": value for where in ("BUILD", "TARGET") for what, value in parts.items()}


def _base(stage: Stage, values: Mapping[str, str]) -> str:
    return expand(_unquoted(stage.base), values)


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in _QUOTES else text


def _find(stages: Sequence[Stage], name: str) -> Stage | None:
    """The stage by that name (case does not matter) or number; the last one where a name is taken twice."""
    wanted = name.lower()
    for stage in reversed(stages):
        if (stage.name is not None and stage.name.lower() == wanted) or str(stage.index) == name:
            return stage
    return None
