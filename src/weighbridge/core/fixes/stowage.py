"""What goes along with the freight: users, empty folders, libraries, certificates, zones."""

from __future__ import annotations

import posixpath
import re
import shlex
from typing import TYPE_CHECKING

from weighbridge.core.fixes.needs import Needs, library_packages
from weighbridge.core.fixes.split import Copy, owner_of
from weighbridge.model.files import Kind
from weighbridge.model.programs import Mention

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from weighbridge.core.fixes.anatomy import Anatomy
    from weighbridge.core.fixes.finals import Ground
    from weighbridge.model.dockerfile import Instruction
    from weighbridge.model.files import Placed
    from weighbridge.model.image import Image
    from weighbridge.model.programs import Programs

_CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"
_ZONES = "usr/share/zoneinfo"
_PASSWD_FIELDS = 7
_FIRST_USER = 1000
_NAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_SHELL = re.compile(r"/[\w/.-]{1,60}")
# Their packages link manuals into a folder that slim images do not have, and fail without it.
_LINKS_MANUALS = re.compile(r"(?:openjdk-\d+|default)-j(?:re|dk)(?:-headless)?")
_MANUALS = "mkdir -p /usr/share/man/man1 && "


def made_until(placed: Placed, image: Image, end: Instruction) -> bool:
    """Whether an instruction up to `end` made it."""
    line = image.layers[placed.layer].line
    return line is not None and line.start <= end.start


def empty_folders(anatomy: Anatomy, image: Image, end: Instruction) -> Iterator[Copy]:
    """Empty folders that the author made for the program to write into."""
    nodes = image.tree.nodes
    holding = {path.rpartition("/")[0] for path in nodes}
    for path, placed in nodes.items():
        entry = placed.entry
        made = anatomy.makers.get(placed.layer)
        if entry.kind is not Kind.DIRECTORY or path in holding:
            continue
        if made is None or made.keyword != "RUN" or made.start > end.start:
            continue
        at = anatomy.working_directory(made) or "/"
        words = (word for command in anatomy.commands(made) for word in command)
        if any(posixpath.normpath(posixpath.join(at, word)) == f"/{path}" for word in words):
            yield Copy(sources=(f"/{path}",), destination=f"/{path}", owner=owner_of(entry.uid, entry.gid))


def handed_over(folders: Iterable[Copy], lines: Iterable[str]) -> tuple[list[Copy], list[str]]:
    """The copies of empty folders, and RUNs instead of those that one of the second stage's own lines makes already.

    A copy into a folder that is there leaves it to its owner.
    """
    words = {posixpath.normpath(word) for line in lines for word in re.split(r"[\s;&|]+", line) if word.startswith("/")}
    there = [copy for copy in folders if copy.destination in words]
    late = [f"RUN chown {copy.owner} {shlex.quote(copy.destination)}" for copy in there if copy.owner is not None]
    return [copy for copy in folders if copy.destination not in words], late


def wants_zones(needed: Needs) -> bool:
    """Whether a program looks zones up that it does not bring itself."""
    return Mention.TIME_ZONES in needed.mentions and Mention.OWN_TIME_ZONES not in needed.mentions


def own_libraries(kept: Iterable[str], programs: Programs) -> bool:
    """Whether libraries come along that the loader finds only by its cache."""
    return any(
        path in programs.elves and programs.elves[path].soname is not None
        for path in kept
        if path.startswith("usr/local/lib/") and path.count("/") == 3
    )


def user_lines(anatomy: Anatomy, needed: Needs, ground: Ground, end: Instruction) -> Iterator[str]:
    """The RUNs of the building part that make the user whom the container runs as."""
    if not (needed.named_user and anatomy.user_made and ground.has_shell and ground.manager == "apt"):
        return
    for each in anatomy.body[: anatomy.body.index(end) + 1]:
        makers = any(
            command[0].rpartition("/")[2] in ("useradd", "adduser", "groupadd", "addgroup")
            for command in anatomy.commands(each)
        )
        if makers and anatomy.system_only(each):
            yield anatomy.source.of(each).rstrip()


def base_user_lines(anatomy: Anatomy, needed: Needs, ground: Ground, programs: Programs) -> Iterator[str]:
    """The RUN that makes the first base image's own user, as whom the container runs, on one that has no such user.

    Users below 1000 are the distribution's: every image of it has them (Debian Policy 9.2.2).
    """
    image = anatomy.subject.image
    if image is None or not needed.named_user or anatomy.user_made or ground.manager != "apt":
        return
    rows = (line.split(":") for line in programs.texts.get("etc/passwd", b"").decode("utf-8", "replace").splitlines())
    for name, _, uid, gid, *_, shell in (row for row in rows if len(row) == _PASSWD_FIELDS):
        if name != image.config.user.partition(":")[0] or not _NAME.fullmatch(name):
            continue
        if uid.isdigit() and gid.isdigit() and int(uid) >= _FIRST_USER and _SHELL.fullmatch(shell):
            yield (
                f"RUN groupadd --gid {gid} {name} "
                f"&& useradd --uid {uid} --gid {gid} --shell {shell} --create-home {name}"
            )


def extras(
    anatomy: Anatomy,
    needed: Needs,
    ground: Ground,
    programs: Programs,
    kept: Container[str],
    *,
    users: bool = True,
) -> Iterator[Copy]:
    """Certificates, zones, and (where `users` asks for them) users: where something asks for them and the second image
    has none.
    """
    made = not users or any(True for _ in user_lines(anatomy, needed, ground, anatomy.body[-1]))
    if needed.named_user and not made:
        yield Copy(sources=("/etc/passwd", "/etc/group"), destination="/etc/")
    if Mention.TEMPORARY_FILES in needed.mentions and not ground.temporary:
        yield Copy(sources=("/tmp",), destination="/tmp")  # noqa: S108 - the image's, not ours
    if ground.manager == "apt":
        return
    bundled = Mention.CERTIFICATES in needed.mentions and _CERTIFICATES in programs.files
    if bundled and not ground.certificates and _CERTIFICATES not in kept:
        yield Copy(sources=(f"/{_CERTIFICATES}",), destination="/etc/ssl/certs/")
    zoned = wants_zones(needed) or any(
        entry.startswith("TZ=") for entry in (anatomy.subject.image.config.environment if anatomy.subject.image else ())
    )
    if zoned and not ground.zones and any(path.startswith(f"{_ZONES}/") for path in programs.files):
        yield Copy(sources=(f"/{_ZONES}",), destination=f"/{_ZONES}")


def apt_install(packages: Iterable[str]) -> str:
    """The instruction that installs packages of Debian's and leaves no lists."""
    names = tuple(packages)
    manuals = _MANUALS if any(_LINKS_MANUALS.fullmatch(name) for name in names) else ""
    return (
        f"RUN {manuals}apt-get update && apt-get install -y --no-install-recommends \\\n"
        + "".join(f"      {name} \\\n" for name in names)
        + "    && rm -rf /var/lib/apt/lists/*"
    )


def libraries(
    needed: Needs, ground: Ground, image: Image, *, besides: frozenset[str] = frozenset()
) -> tuple[list[str], list[Copy]]:
    """Lines that install, and copies that bring, what the second image lacks; `besides` are paths that come anyway."""
    missing = {
        name: path
        for name, path in needed.libraries.items()
        if name not in ground.libraries and not name.startswith("ld-") and path not in besides
    }
    if ground.manager == "apt":
        brought, unknown = library_packages(missing, image)
        installed = {package.name for package in image.packages}
        asked = {"ca-certificates"} if Mention.CERTIFICATES in needed.mentions else set()
        asked |= {"tzdata"} if wants_zones(needed) else set()
        packages = sorted({*needed.packages, *brought, *(asked & installed)})
        lines = []
        if packages:
            lines.append(apt_install(packages))
        return lines, [
            Copy(sources=(f"/{missing[name]}",), destination=f"/{missing[name].rpartition('/')[0]}/{name}")
            for name in unknown
            if not missing[name].startswith(("usr/local/", "opt/"))
        ]
    if ground.manager == "apk" and needed.packages:
        return [f"RUN apk add --no-cache {' '.join(needed.packages)}"], []
    return [], [
        Copy(sources=(f"/{path}",), destination=f"/{path.rpartition('/')[0]}/{name}")
        for name, path in sorted(missing.items())
    ]
