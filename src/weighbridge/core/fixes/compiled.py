"""Go, Rust, C and C++: what is shipped is a program, its data, and the libraries that it names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from weighbridge.core.fixes.finals import ALPINE, BASE, CC, SCRATCH, STATIC, Ground, same_family
from weighbridge.core.fixes.needs import Needs, beyond_libraries, needs
from weighbridge.core.fixes.payload import copies, freight, packaged
from weighbridge.core.fixes.split import Split, split
from weighbridge.core.fixes.stowage import (
    empty_folders,
    extras,
    handed_over,
    libraries,
    made_until,
    own_libraries,
    user_lines,
)
from weighbridge.dockerfile.source import Edit
from weighbridge.model.programs import Mention

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from weighbridge.core.fixes.anatomy import Anatomy
    from weighbridge.model.dockerfile import Instruction
    from weighbridge.model.files import Placed
    from weighbridge.model.fix import Candidate
    from weighbridge.model.image import Image
    from weighbridge.model.programs import Elf, Programs

SOURCE = re.compile(
    r"(?:^|/)(?:[^/]+\.(?:go|mod|sum|c|h|cc|cpp|cxx|c\+\+|hh|hpp|hxx|inl|ipp|rs|s|S|asm|o|a|la|lo|d|gcno|gcda|y|l|in|am|ac|m4|cmake|"
    r"pc|mk|ninja|rlib|rmeta|proto|map|pdb|def|work|md|rst|orig|rej|patch|diff)|Cargo\.(?:toml|lock)|configure|config\.(?:log|status|guess|sub)|"
    r"CMakeLists\.txt|CMakeCache\.txt|compile_commands\.json|LICENSE[^/]*|COPYING[^/]*|AUTHORS|NEWS|INSTALL|\.clang-format|rust-toolchain[^/]*|"
    r"(?:install_manifest|build)\.(?:txt|sh))$"
    r"|(?:^|/)(?:CMakeFiles|testdata|tests?|vendor|\.deps|\.libs|autom4te\.cache|target|include|man|doc|docs|pkgconfig|benches|examples)/"
)
_GO_COMMAND = re.compile(r"\bgo[ \t]+(build|install)\b")
_BUILDERS_TEXT = (
    "go cargo make cmake gcc g++ cc c++ clang clang++ rustc ninja meson autoreconf ld ./configure configure"
)
_BUILDERS = frozenset(_BUILDERS_TEXT.split())
_GO_VARIABLES_TEXT = (
    "GOPATH GOROOT GOBIN GO111MODULE CGO_ENABLED GOOS GOARCH GOFLAGS GOPROXY GOSUMDB GOCACHE GOTOOLCHAIN "
    "GOPRIVATE GOLANG_VERSION DEBIAN_FRONTEND CARGO_HOME RUSTUP_HOME CC CXX CFLAGS CXXFLAGS LDFLAGS RUSTFLAGS "
    "CARGO_INCREMENTAL"
)
GO_VARIABLES = frozenset(_GO_VARIABLES_TEXT.split())
_FEW_LIBRARIES = 12


def plans(anatomy: Anatomy) -> Iterator[Candidate]:
    """Candidates, the most ambitious first; none where the image is not a compiled program's."""
    image, programs = anatomy.subject.image, anatomy.subject.programs
    if image is None or programs is None:
        return
    after = last_build(anatomy)
    if after is None:
        return
    kept = _kept(anatomy, after, image, programs)
    needed = needs(anatomy, kept)
    if needed is None:
        return
    elves = [programs.elves[path] for path in {*kept, *needed.entries} if path in programs.elves and path in kept]
    if not any(elf.executable for elf in elves):
        return
    for ground in _grounds(anatomy, needed, elves, image, programs):
        yield split(anatomy, _split(anatomy, after, kept, needed, elves, ground))


def last_build(anatomy: Anatomy) -> Instruction | None:
    """The last RUN that compiles."""
    found = None
    for each in anatomy.body:
        if any(command[0].rpartition("/")[2] in _BUILDERS for command in anatomy.commands(each)):
            found = each
    return found


def _kept(anatomy: Anatomy, after: Instruction, image: Image, programs: Programs) -> dict[str, Placed]:
    """The programs that start, and what the author put beside them that is no input of a compiler."""
    # On an image without a shell nothing can be run afterwards, so what later RUNs leave counts too.
    last_run = next((each for each in reversed(anatomy.body) if each.keyword == "RUN"), after)
    until = last_run if anatomy.body.index(last_run) > anatomy.body.index(after) else after
    kept = freight(anatomy, until, lambda path: SOURCE.search(path) is not None)
    first = needs(anatomy, ())
    for path in first.entries if first is not None else ():
        placed = image.tree.nodes.get(path)
        installed = path in packaged(anatomy, (path,))
        if placed is not None and not image.layers[placed.layer].from_base and not installed:
            kept[path] = placed
    _drop_intermediate(kept, programs, set(first.entries) if first is not None else set())
    return kept


def _drop_intermediate(kept: dict[str, Placed], programs: Programs, entries: set[str]) -> None:
    """Programs beside sources (tests, generators) that nothing starts, where the one that starts is installed."""
    folders = {path.rpartition("/")[0] for path in entries}
    for path in list(kept):
        elf = programs.elves.get(path)
        if elf is None or path in entries or path.rpartition("/")[0] in folders:
            continue
        if elf.executable and not path.startswith(("usr/local/", "opt/", "usr/bin/", "usr/sbin/", "srv/")):
            del kept[path]


def _grounds(anatomy: Anatomy, needed: Needs, elves: list[Elf], image: Image, programs: Programs) -> Iterator[Ground]:
    family = same_family(programs, anatomy.base)
    tools = beyond_libraries(needed, image)
    static = all(elf.static for elf in elves if elf.executable) or can_be_static(anatomy, elves)
    musl = family is not None and family.musl
    scripted = any(path in programs.scripts for path in needed.entries)
    bare = not (needed.shell or tools or _needs_tool(needed))
    if bare and static:
        yield from (SCRATCH, STATIC)
    elif bare and not musl:
        yield from (ground for ground in (BASE, CC) if carries(ground, needed, elves))
    if static and not tools and needed.shell and not scripted and not musl and not _needs_tool(needed):
        yield ALPINE
    if family is not None and (family.manager == "apt" or static or musl):
        yield family


def _needs_tool(needed: Needs) -> bool:
    return bool(needed.words)


def carries(ground: Ground, needed: Needs, elves: list[Elf]) -> bool:
    """Whether a ground has the libraries that programs need, in versions that are new enough."""
    missing = [name for name in needed.libraries if name not in ground.libraries]
    asked = [version for elf in elves for _, version in elf.versions if version.startswith("GLIBC_")]
    return len(missing) <= _FEW_LIBRARIES and all(_version(each) <= (ground.glibc or (0, 0)) for each in asked)


def _version(symbol: str) -> tuple[int, int]:
    numbers = [int(part) for part in symbol.removeprefix("GLIBC_").split(".")[:2] if part.isdigit()]
    return (numbers[0], numbers[1]) if len(numbers) == 2 else (0, 0)


def can_be_static(anatomy: Anatomy, elves: list[Elf]) -> bool:
    """Whether all programs are Go's, and C is in them only for what the standard library does without it, too."""
    programs = [elf for elf in elves if elf.executable]
    return (
        bool(programs)
        and all(elf.go is not None and Mention.FOREIGN_CODE not in elf.mentions for elf in programs)
        and not re.search(r"CGO_ENABLED[ =]+1", anatomy.subject.text)
    )


def _split(
    anatomy: Anatomy, after: Instruction, kept: Mapping[str, Placed], needed: Needs, elves: list[Elf], ground: Ground
) -> Split:
    image, programs = anatomy.subject.image, anatomy.subject.programs
    assert image is not None and programs is not None  # noqa: S101 - plans() asked
    to_static = ground.glibc is None and not all(elf.static for elf in elves if elf.executable)
    go = any(elf.go is not None for elf in elves)
    end = anatomy.last_work(after) if ground.has_shell else _last_files(anatomy, after)
    taken = {path: placed for path, placed in kept.items() if made_until(placed, image, end)}
    users = list(user_lines(anatomy, needed, ground, end))
    folders, handed = handed_over(list(empty_folders(anatomy, image, end)), users)
    brought = [*copies(taken, image), *folders]
    preparation, brought_libraries = libraries(needed, ground, image)
    brought += brought_libraries if ground.glibc is not None else []
    brought += extras(anatomy, needed, ground, programs, taken)
    edits = list(go_edits(anatomy, static=to_static)) if go else []
    costs = ("Go resolves names itself: no nsswitch, so neither mDNS nor LDAP",) if to_static else ()
    language = "go" if go else "native"
    return Split(
        strategy=f"{language}/{ground.title}",
        title=f"Compiles in a build stage and ships the program on {ground.title}"
        + (", linked statically" if to_static else ""),
        after=end,
        base=ground.name,
        preparation=(*users, *preparation),
        copies=tuple(dict.fromkeys(brought)),
        late=(*handed, *(("RUN ldconfig",) if ground.has_shell and own_libraries(taken, programs) else ())),
        edits=tuple(edits),
        without=GO_VARIABLES,
        rules=("toolchain-in-final",),
        costs=costs,
    )


def _last_files(anatomy: Anatomy, after: Instruction) -> Instruction:
    """The last RUN: nothing can be run on an image without a shell."""
    runs = [each for each in anatomy.body if each.keyword == "RUN"]
    last = runs[-1] if runs else after
    return last if anatomy.body.index(last) > anatomy.body.index(after) else after


def go_edits(anatomy: Anatomy, *, static: bool) -> Iterator[Edit]:
    """CGO_ENABLED=0 before, and -ldflags after, each `go build` that does not say so itself."""
    source = anatomy.source
    for each in anatomy.body:
        if each.keyword != "RUN" or each.json:
            continue
        start, end = source.span(each)
        text = source.text[start:end]
        for found in _GO_COMMAND.finditer(text):
            if (
                static
                and "CGO_ENABLED=0" not in text[max(0, found.start() - 200) : found.start()]
                and "CGO_ENABLED" not in _environment(anatomy)
            ):
                yield Edit(start=start + found.start(), end=start + found.start(), text="CGO_ENABLED=0 ")
            if "-ldflags" not in text:
                yield Edit(start=start + found.end(), end=start + found.end(), text=' -ldflags="-s -w"')


def _environment(anatomy: Anatomy) -> str:
    return "".join(anatomy.source.of(each) for each in anatomy.body if each.keyword == "ENV")
