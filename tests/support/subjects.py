"""Subjects for tests: a Dockerfile's text, and what each of its lines left in the image."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.support.filesystems import programs_of
from tests.support.models import Step, base_step, image
from weighbridge.dockerfile.parse import parse
from weighbridge.model.build import BuildSpec
from weighbridge.model.image import ImageConfig
from weighbridge.model.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.support.elf import ElfFile
    from tests.support.filesystems import Node
    from weighbridge.model.packages import Package

BOOKWORM = 'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n'


def subject(
    text: str,
    made: Mapping[int, Mapping[str, int]],
    files: Mapping[str, Node | bytes | str | ElfFile] | None = None,
    *,
    config: ImageConfig | None = None,
    packages: Sequence[Package] = (),
    target: str | None = None,
    neighbours: Mapping[str, str] | None = None,
    os_release: str = BOOKWORM,
    base: Mapping[str, int] | None = None,
) -> Subject:
    """`made` says which files (path → bytes) the instruction on a line left; `files` is the final file system."""
    dockerfile = parse(text, "Dockerfile")
    steps = [base_step(base or {"bin/sh": 100})]
    steps += [
        Step(run=f"{each.keyword} {each.text}", files=made.get(each.start, {}), line=each.start)
        for each in dockerfile.stages[-1].instructions
        if each.keyword in ("RUN", "COPY", "ADD")
    ]
    built = replace(image(*steps, packages=packages), config=config or ImageConfig())
    return Subject(
        spec=BuildSpec(name="app", target=target),
        dockerfile=dockerfile,
        text=text,
        image=built,
        programs=programs_of({"etc/os-release": os_release, **(files or {})}),
        base_config=ImageConfig(),
        neighbours=neighbours or {},
    )
