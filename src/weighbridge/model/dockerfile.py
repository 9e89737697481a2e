"""A Dockerfile as its author wrote it: stages and instructions with their lines."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One instruction. `start` and `end` are 1-based inclusive lines, heredocs included.

    `keyword` is upper case; `flags` as written (`--mount=…`); `text` the arguments with
    continuations joined; `heredocs` the bodies, in order. `values` are the arguments as BuildKit's parser splits them
    (ENV: name, value, name, value; the shell form: one text), `json` whether they were written as a JSON array.
    """

    keyword: str
    text: str
    flags: tuple[str, ...]
    start: int
    end: int
    heredocs: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    json: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A build stage. `base` is the image or stage named by FROM, build arguments unexpanded."""

    index: int
    name: str | None
    base: str
    platform: str | None
    instructions: tuple[Instruction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dockerfile:
    """`path` is relative to the repository. `arguments` are the ARGs before the first FROM."""

    path: str
    arguments: tuple[Instruction, ...]
    stages: tuple[Stage, ...]
