"""What holds of a program on every base: how it is linked, and what that costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.core.names import shown_path
from weighbridge.core.proof.filesystem import libc_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weighbridge.core.bases.program import Program
    from weighbridge.model.programs import Elf, Programs

STATIC_GO = "no nsswitch, so neither mDNS nor LDAP"


def notes_of(program: Program, programs: Programs) -> Iterator[str]:
    """Sentences; none for a program that is interpreted."""
    if program.language is not None:
        return
    for path in program.entries:
        elf = programs.elves.get(path)
        if elf is not None and elf.executable:
            yield from _linking(elf)


def _linking(elf: Elf) -> Iterator[str]:
    name, libc = shown_path(elf.path), libc_of(elf)
    if elf.static and elf.go is not None:
        yield f"{name} is linked statically, and Go resolves names itself on every base: {STATIC_GO}"
    elif elf.static:
        yield f"{name} is linked statically: it has none of what a C library loads by itself (nsswitch, iconv)"
    elif elf.go is not None:
        yield (
            f"{name} is linked against {libc or 'a C library'}; built with CGO_ENABLED=0 it would need none, "
            f"and Go would resolve names itself: {STATIC_GO}"
        )
    elif libc is not None:
        yield f"{name} is linked against {libc}: a base with another C library cannot start it"
