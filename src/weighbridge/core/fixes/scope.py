"""What a second stage has to be told again: it begins with its own base image's variables and folder."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from weighbridge.core.fixes.anatomy import arg_name, env_names, variables
from weighbridge.core.rules.base import parse_base

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from weighbridge.core.fixes.anatomy import Anatomy
    from weighbridge.model.dockerfile import Instruction

_PLAIN = re.compile(r"[A-Za-z0-9_./:@+,=-]+")


def declarations(
    anatomy: Anatomy, before: Sequence[Instruction], texts: Iterable[str], *, without: Collection[str], base: str
) -> Iterator[str]:
    """The ENV, ARG and SHELL of the building part, `before`, that are said again in a stage on `base`, in their order.

    An ENV of the variables in `without`, and every ARG, only where `texts`, the other lines of that stage, read it, be
    it by way of another one. What they read of the first base image comes first, as an ENV.
    """
    source = anatomy.source
    declaring = [each for each in before if each.keyword in ("ENV", "ARG")]
    kept = [each for each in declaring if each.keyword == "ENV" and not set(without).issuperset(env_names(each))]
    read = set(variables("\n".join([*texts, *(source.of(each) for each in kept)])))
    for each in reversed(declaring):
        if each not in kept and not read.isdisjoint(_names(each)):
            kept.append(each)
            read |= variables(source.of(each))
    if not same_image(anatomy.base, base):
        yield from _inherited(anatomy, read)
    for each in before:
        if each in kept or each.keyword == "SHELL":
            yield source.of(each).rstrip()


def folder(anatomy: Anatomy, until: Instruction, base: str) -> str | None:
    """The directory that a stage on `base` is to begin in; None where it does so by itself."""
    own = anatomy.working_directory(until)
    config = anatomy.subject.base_config
    if own is not None or config is None or same_image(anatomy.base, base):
        return own
    return config.working_directory if config.working_directory not in ("", "/") else None


def same_image(one: str, other: str) -> bool:
    """Whether two references name tags of one repository, which have their variables and folder in common."""
    return parse_base(one).name == parse_base(other).name


def _names(declaring: Instruction) -> tuple[str, ...]:
    return env_names(declaring) if declaring.keyword == "ENV" else (arg_name(declaring),)


def _inherited(anatomy: Anatomy, read: Collection[str]) -> Iterator[str]:
    """What the first base image set, where it is read, and the author did not set it himself."""
    config = anatomy.subject.base_config
    own = {name for each in anatomy.body if each.keyword in ("ENV", "ARG") for name in _names(each)}
    for entry in config.environment if config is not None else ():
        name, _, value = entry.partition("=")
        if name in read and name not in own and name != "PATH" and "\n" not in value:
            yield f"ENV {name}={value if _PLAIN.fullmatch(value) else _quoted(value)}"


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("$", "\\$")
