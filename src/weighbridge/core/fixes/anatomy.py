"""The final stage of a Dockerfile taken apart: what builds, what prepares the system, what only describes."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from weighbridge.dockerfile.runs import run_script
from weighbridge.dockerfile.source import Source
from weighbridge.dockerfile.stages import base_reference
from weighbridge.model.files import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from weighbridge.model.dockerfile import Instruction, Stage
    from weighbridge.model.subject import Subject

DESCRIBING = frozenset(
    {"LABEL", "EXPOSE", "VOLUME", "STOPSIGNAL", "HEALTHCHECK", "CMD", "ENTRYPOINT", "MAINTAINER", "ONBUILD"}
)
"""Instructions that no build step needs: they belong to the stage that is shipped."""

_VARIABLE = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")
_SYSTEM_PROGRAMS_TEXT = (
    "useradd adduser groupadd addgroup usermod mkdir chown chmod ln update-ca-certificates locale-gen setcap "
    "ldconfig touch install set echo ls true passwd chgrp cd printf rm"
)
SYSTEM_PROGRAMS = frozenset(_SYSTEM_PROGRAMS_TEXT.split())


@dataclass(frozen=True)
class Anatomy:
    """The stage that is shipped, with what other parts ask of it again and again."""

    subject: Subject

    @cached_property
    def source(self) -> Source:
        """The text and its lines."""
        return Source(self.subject.text)

    @cached_property
    def stage(self) -> Stage:
        """The stage that is built: the target, or the last one."""
        stages = self.subject.dockerfile.stages
        target = self.subject.spec.target
        if target is not None:
            for stage in stages:
                if (stage.name or "").lower() == target.lower():
                    return stage
        return stages[-1]

    @cached_property
    def start(self) -> Instruction:
        """The stage's FROM."""
        return self.stage.instructions[0]

    @cached_property
    def body(self) -> tuple[Instruction, ...]:
        """The stage's instructions after FROM."""
        return self.stage.instructions[1:]

    @cached_property
    def base(self) -> str:
        """The image that it is FROM, build arguments expanded; `scratch` for none."""
        return (
            base_reference(self.subject.dockerfile, self.subject.spec.target, self.subject.spec.build_args) or "scratch"
        )

    def on_image(self) -> bool:
        """Whether the stage stands on an image rather than on another stage."""
        names = {(stage.name or "").lower() for stage in self.subject.dockerfile.stages[: self.stage.index]}
        return self.stage.base.lower() not in names and not self.stage.base.isdigit()

    def commands(self, instruction: Instruction) -> tuple[tuple[str, ...], ...]:
        """The commands of a RUN as words; none for other instructions."""
        return tuple(command.argv for command in run_script(instruction, self.source).commands if command.words)

    def system_only(self, instruction: Instruction) -> bool:
        """Whether a RUN does nothing but prepare users, folders and modes."""
        commands = self.commands(instruction)
        return bool(commands) and all(command[0].rpartition("/")[2] in SYSTEM_PROGRAMS for command in commands)

    def last_work(self, after: Instruction) -> Instruction:
        """The last RUN from `after` on that needs what was built or installed, rather than preparing the system."""
        later = self.body[self.body.index(after) + 1 :]
        return next((each for each in reversed(later) if each.keyword == "RUN" and self._works(each)), after)

    def _works(self, instruction: Instruction) -> bool:
        """Whether a RUN does more than preparing the system, or takes away or hands over what earlier ones left."""
        programs = {command[0].rpartition("/")[2] for command in self.commands(instruction)}
        handed_over = not programs.isdisjoint({"chown", "chmod"}) and instruction.start in self._rewriting
        return "rm" in programs or handed_over or not self.system_only(instruction)

    @cached_property
    def _rewriting(self) -> frozenset[int]:
        """The lines of instructions whose layers hold files outside /etc."""
        image = self.subject.image
        placed = image.tree.nodes.items() if image is not None else ()
        layers = {each.layer for path, each in placed if each.entry.kind is Kind.FILE and not path.startswith("etc/")}
        return frozenset(made.start for number, made in self.makers.items() if number in layers)

    @cached_property
    def user_made(self) -> bool:
        """Whether some instruction makes a user or group."""
        makers = {"useradd", "adduser", "groupadd", "addgroup", "usermod"}
        return any(
            command[0].rpartition("/")[2] in makers
            for instruction in self.body
            for command in self.commands(instruction)
        )

    def authored_environment(self) -> frozenset[str]:
        """Names that the stage's own ENV instructions set."""
        return frozenset(name for instruction in self.body for name in env_names(instruction))

    @cached_property
    def makers(self) -> Mapping[int, Instruction]:
        """Layer of the image (the oldest is 0) → the stage's instruction that made it."""
        image = self.subject.image
        by_start = {each.start: each for each in self.body}
        return {
            number: by_start[layer.line.start]
            for number, layer in enumerate(image.layers if image is not None else ())
            if layer.line is not None and not layer.from_base and layer.line.start in by_start
        }

    def inherited(self) -> frozenset[str]:
        """Parts of the configuration that the base image set and the author did not: another base has its own."""
        base = self.subject.base_config
        if base is None:
            return frozenset({"labels+"})
        labels = {name for each in self.body if each.keyword == "LABEL" for name in each.values[::2]}
        names = {entry.partition("=")[0] for entry in base.environment} - self.authored_environment()
        return frozenset(
            {
                *(f"environment.{name}" for name in names),
                *(f"labels.{name}" for name, _ in base.labels if name not in labels),
                "labels+",
            }
        )

    def working_directory(self, until: Instruction) -> str | None:
        """The directory in force after an instruction, as the stage's own WORKDIRs say; None if they say nothing."""
        current: str | None = None
        config = self.subject.base_config
        start = (config.working_directory if config is not None else "") or "/"
        for instruction in self.body:
            if instruction.keyword == "WORKDIR" and instruction.values:
                value = instruction.values[0]
                # What a variable holds may well be absolute.
                current = (
                    value if value.startswith("$") else posixpath.normpath(posixpath.join(current or start, value))
                )
            if instruction is until:
                break
        return current

    def final(self, keyword: str) -> Instruction | None:
        """The last instruction with a keyword: the one that holds."""
        return next((each for each in reversed(self.body) if each.keyword == keyword), None)

    @cached_property
    def uses_shell(self) -> bool:
        """Whether the command, entrypoint or health check is in shell form."""
        start = [self.final("ENTRYPOINT"), self.final("CMD")]
        if any(each is not None and not each.json for each in start):
            return True
        health = self.final("HEALTHCHECK")
        return health is not None and not health.json and health.values[:1] != ("NONE",)


def cased(line: str, like: str) -> str:
    """A line whose keyword is lower case where that of another text is."""
    keyword, space, rest = line.partition(" ")
    return f"{keyword.lower()}{space}{rest}" if like.split(None, 1)[0].islower() else line


def env_names(instruction: Instruction) -> tuple[str, ...]:
    """The names that an ENV sets, in order."""
    return instruction.values[::2] if instruction.keyword == "ENV" else ()


def arg_name(instruction: Instruction) -> str:
    """The name that an ARG declares."""
    return instruction.values[0].partition("=")[0] if instruction.values else ""


def variables(text: str) -> frozenset[str]:
    """Names of the variables that a text uses."""
    return frozenset(_VARIABLE.findall(text))
