"""What an attacker finds in an image: counted in the same way for both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.core.proof.starting import SHELLS
from weighbridge.model.files import Kind
from weighbridge.model.fix import Surface

if TYPE_CHECKING:
    from weighbridge.model.image import Image
    from weighbridge.model.programs import Programs

_MANAGER_NAMES = """
apt apt-get dpkg apk yum dnf microdnf rpm zypper pacman opkg pip pip3 conda poetry uv npm yarn pnpm gem bundle composer
cargo go mvn gradle dotnet
"""
_MANAGERS = frozenset(_MANAGER_NAMES.split())
_RUNNABLE = (Kind.FILE, Kind.HARDLINK)
_SET_IDS = 0o6000


def surface_of(image: Image, programs: Programs) -> Surface:
    """Packages of every ecosystem, files that may be executed, files that run as somebody else, shells, managers."""
    runnable = {
        path: facts
        for path, facts in programs.files.items()
        if facts.kind in _RUNNABLE and facts.mode & 0o111 and (path in programs.elves or path in programs.scripts)
    }
    # A link is a name to call something by, too: /bin/sh is one on every busybox.
    names = {path.rpartition("/")[2] for path in (*runnable, *programs.links) if "bin/" in path}
    return Surface(
        packages=len(image.packages),
        executables=sum(path in programs.scripts or _is_program(path, programs) for path in runnable),
        setuid=sum(bool(facts.mode & _SET_IDS) for facts in runnable.values()),
        shells=tuple(sorted(names & SHELLS)),
        package_managers=tuple(sorted(names & _MANAGERS)),
    )


def _is_program(path: str, programs: Programs) -> bool:
    elf = programs.elves.get(path)
    return elf is not None and elf.executable
