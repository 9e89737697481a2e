"""Python, Node, Ruby, PHP and the JVM: what is shipped is what was installed and written, on the same language.

The second stage is FROM the slim twin of the first (the same language at the same place), so that paths, `#!` lines and
extensions stay what they were. Everything that the author's instructions left comes along, compilers and caches do not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from weighbridge.core.fixes.anatomy import cased
from weighbridge.core.fixes.development import without_development
from weighbridge.core.fixes.finals import CC, Ground, same_family, twin
from weighbridge.core.fixes.jlink import JAVA, is_java_package, linked_runtime
from weighbridge.core.fixes.needs import Needs, beyond_libraries, needs
from weighbridge.core.fixes.payload import copies, freight, packaged
from weighbridge.core.fixes.prefixed import Prefixed, prefixed
from weighbridge.core.fixes.pruning import pruner
from weighbridge.core.fixes.runtimes import Runtime, language_of, loose_libraries, runtime
from weighbridge.core.fixes.split import Copy, Split, split
from weighbridge.core.fixes.stowage import (
    base_user_lines,
    empty_folders,
    extras,
    handed_over,
    libraries,
    made_until,
    own_libraries,
    user_lines,
)
from weighbridge.core.fixes.toolchain import is_toolchain
from weighbridge.core.installs import find_install
from weighbridge.core.proof.filesystem import FileSystem
from weighbridge.core.proof.starting import SHELLS
from weighbridge.core.rules.installs import REMOVES, SYSTEM
from weighbridge.model.programs import Mention

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from weighbridge.core.fixes.anatomy import Anatomy
    from weighbridge.dockerfile.source import Edit
    from weighbridge.model.dockerfile import Instruction
    from weighbridge.model.files import Placed
    from weighbridge.model.fix import Candidate
    from weighbridge.model.image import Image
    from weighbridge.model.programs import Programs

_BUILDS_TEXT = (
    "make cmake gcc g++ cc javac mvn mvnw gradle gradlew ant sbt npm yarn pnpm npx corepack tsc vite webpack pip pip3 "
    "poetry uv pipenv bundle gem composer docker-php-ext-install pecl phpize jlink"
)
_BUILDS = frozenset(_BUILDS_TEXT.split())
# They compile what their base image is there to be extended by, with what it has for that.
_EXTENDS = frozenset({"docker-php-ext-install", "pecl", "phpize"})
_SITE = re.compile(r"usr/local/lib/python[\d.]+/(?:site|dist)-packages/")
_OPEN = re.compile(rb"include-system-site-packages\s*=\s*true", re.IGNORECASE)
_MANY = 12
_SYSTEM = ("bin/", "lib/", "opt/java/", "sbin/", "usr/bin/", "usr/lib/", "usr/sbin/", "usr/local/bin/")
_NO_SHELL = "there is no shell: whatever a dependency starts through one is not there, nor is a prompt"
_AUTHORITIES = frozenset({"NODE_EXTRA_CA_CERTS", "NODE_OPTIONS", "SSL_CERT_FILE", "SSL_CERT_DIR"})
_TOOL_VARIABLES = frozenset({"DEBIAN_FRONTEND", "PIP_NO_CACHE_DIR", "POETRY_NO_INTERACTION"})
_JVM_TEXT = re.compile(
    r"(?:^|/)(?:\.gradle|\.mvn|gradle)/|(?:^|/)(?:pom\.xml|mvnw|gradlew|[^/]*\.(?:java|kt|gradle|kts|cmd))$"
)
_JVM_BUILT = re.compile(r"(?:^|/)(?:src|target|build|classes)/|\.class$")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """What the second stage may be. `apart` tells that it lacks what the base has beside its distribution's packages;
    with `carried`, the language comes along from there.
    """

    ground: Ground
    apart: bool = False
    carried: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Load:
    after: Instruction
    kept: Mapping[str, Placed]
    needed: Needs
    ground: Ground
    apart: bool
    runtime: Runtime | None = None
    prefixed: Prefixed | None = None


def plans(anatomy: Anatomy) -> Iterator[Candidate]:
    """Candidates, the most ambitious first; none where nothing that builds can be left behind."""
    image, programs = anatomy.subject.image, anatomy.subject.programs
    if image is None or programs is None:
        return
    for way in _ways(anatomy, programs):
        for number, after in enumerate(_ends(anatomy, way)):
            for load in _loads(anatomy, image, programs, way, after):
                meant = _split(anatomy, load, image, programs)
                if number:
                    meant = replace(
                        meant, strategy=f"{meant.strategy}+later", title=f"{meant.title}, where later steps run"
                    )
                for plan in _with_pruning(anatomy, meant, load.kept):
                    yield split(anatomy, plan)


def _ways(anatomy: Anatomy, programs: Programs) -> Iterator[_Way]:
    """An image without a shell, then the distribution alone, each with the language's own files or where nothing that
    starts is of the language; then the base's slim twin.
    """
    slim, plain = twin(anatomy.base, programs), same_family(programs, anatomy.base)
    first = needs(anatomy, ())
    language = language_of(anatomy.base)
    if slim is None or first is None:
        return
    fits = plain is not None and (plain.glibc or (0, 0)) <= (CC.glibc or (0, 0))
    if plain is not None and plain.manager == "apt" and _linked(anatomy, programs) is not None:
        yield from (_Way(ground=ground, apart=True, carried=True) for ground in ((CC, plain) if fits else (plain,)))
    elif language is not None and plain is not None and plain.manager == "apt":
        started = {path.rpartition("/")[2] for path in first.entries}
        started |= {word.rpartition("/")[2] for path in first.entries for word in programs.scripts.get(path, ())}
        spoken = any(word.startswith(language) for word in (*started, *first.words)) or _managed(first)
        if spoken and fits:
            yield _Way(ground=CC, apart=True, carried=True)
        if not spoken or language == "node":
            yield _Way(ground=plain, apart=True, carried=spoken)
    if slim.name != anatomy.base or _leaves_something(anatomy):
        yield _Way(ground=slim)


def _managed(first: Needs) -> bool:
    """Whether a package manager of Node's starts the program."""
    return any(path.startswith("opt/yarn") or "/node_modules/npm/" in path for path in first.entries)


def _leaves_something(anatomy: Anatomy) -> bool:
    """Whether something was built, so that a second stage on the same base leaves more behind than an edit would."""
    for each in anatomy.body:
        for command in anatomy.commands(each):
            install = find_install(command)
            if command[0].rpartition("/")[2] in _BUILDS - _EXTENDS:
                return True
            if install is not None and any(is_toolchain(name) for name in install.names):
                return True
    return False


def _loads(anatomy: Anatomy, image: Image, programs: Programs, way: _Way, after: Instruction) -> Iterator[_Load]:
    """What goes along: without the tools among its packages where they can be told apart, then with them."""
    first = needs(anatomy, ())
    if first is None:
        return
    kept = freight(anatomy, after, _inputs(first.entries, programs))
    kept = _without_tools_of_environment(kept, first, image, programs)
    for path in first.entries:
        placed = image.tree.nodes.get(path)
        if placed is None or path in packaged(anatomy, first.entries):
            continue
        if image.layers[placed.layer].from_base:
            comes = way.apart and path.startswith(("usr/local/", "opt/"))
        else:
            comes = made_until(placed, image, after)
        if comes:
            kept[path] = placed
    needed = needs(anatomy, kept)
    if needed is None:
        return
    whole = _Load(after=after, kept=kept, needed=needed, ground=way.ground, apart=way.apart)
    called = {*needed.words, *(path.rpartition("/")[2] for path in needed.entries)}
    apart = prefixed(anatomy, kept, called)
    loads = [whole] if apart is None else [replace(whole, kept=apart.without(kept), prefixed=apart), whole]
    for load in loads:
        carried = _carried(anatomy, load, programs) if way.carried else load
        if carried is not None:
            yield carried


def _carried(anatomy: Anatomy, load: _Load, programs: Programs) -> _Load | None:
    """The load with its language; None where that cannot be told, or where the ground has not what it starts."""
    kept = load.kept
    if not load.ground.has_shell:
        if not _bare(anatomy, load.needed, programs):
            return None
        # Nothing else can be started where there is no shell.
        called = {*load.needed.words, *(path.rpartition("/")[2] for path in load.needed.entries)}
        kept = {
            path: placed
            for path, placed in kept.items()
            if not path.startswith("usr/local/bin/") or path.rpartition("/")[2] in called
        }
    own = _linked(anatomy, programs) or runtime(anatomy, load.needed, kept)
    if own is None:
        return None
    besides = needs(anatomy, {*load.kept, *own.paths})
    libraries = {**load.needed.libraries, **(besides.libraries if besides is not None else {})}
    packages = tuple(name for name in load.needed.packages if own.language != JAVA or not is_java_package(name))
    mentions = load.needed.mentions
    if own.language == "node" and not _asks_for_authorities(anatomy, own, kept, programs):
        mentions -= {Mention.CERTIFICATES}
    needed = replace(load.needed, libraries=libraries, packages=packages, mentions=mentions)
    return replace(load, kept=kept, needed=needed, runtime=own)


def _asks_for_authorities(anatomy: Anatomy, own: Runtime, kept: Iterable[str], programs: Programs) -> bool:
    """Whether something but Node itself, which brings authorities of its own, asks for the system's."""
    image = anatomy.subject.image
    words = (*image.config.entrypoint, *image.config.command) if image is not None else ()
    told = not _AUTHORITIES.isdisjoint(anatomy.authored_environment()) or any("-ca" in word for word in words)
    elves = (programs.elves[path] for path in kept if path in programs.elves and not own.brings(path))
    return told or any(Mention.CERTIFICATES in elf.mentions for elf in elves)


def _linked(anatomy: Anatomy, programs: Programs) -> Runtime | None:
    """The Java runtime to be linked, where Java is what starts."""
    image, first = anatomy.subject.image, needs(anatomy, ())
    if image is None or first is None or not any(_is_java(path, programs) for path in first.entries):
        return None
    return linked_runtime(anatomy, FileSystem(programs, image.config))


def _bare(anatomy: Anatomy, needed: Needs, programs: Programs) -> bool:
    """Whether nothing asks for a shell, or for a program of the distribution."""
    shelled = any(
        word.rpartition("/")[2] in SHELLS for path in needed.entries for word in programs.scripts.get(path, ())[:3]
    )
    image = anatomy.subject.image
    words = (*image.config.entrypoint[:1], *image.config.command[:1]) if image is not None else ()
    shelled = shelled or any(word.rpartition("/")[2] in SHELLS for word in words)
    packages = beyond_libraries(needed, image) if image is not None else frozenset(needed.packages)
    return not (anatomy.uses_shell or shelled or any(not is_java_package(name) for name in packages))


def _without_tools_of_environment(
    kept: dict[str, Placed], first: Needs, image: Image, programs: Programs
) -> dict[str, Placed]:
    """The freight without what was installed beside a virtual environment that is used, and sees nothing of it."""
    search = next((entry for entry in image.config.environment if entry.startswith("PATH=")), "")
    folders = [path.removesuffix("/pyvenv.cfg") for path in kept if path.endswith("/pyvenv.cfg")]
    used = [
        folder
        for folder in folders
        if f"/{folder}/bin" in search.removeprefix("PATH=").split(":")
        or any(path.startswith(f"{folder}/") for path in first.entries)
    ]
    if not used or any(_OPEN.search(programs.texts.get(f"{folder}/pyvenv.cfg", b"")) for folder in used):
        return kept
    layers = {placed.layer for path, placed in kept.items() if _SITE.match(path)}
    return {
        path: placed
        for path, placed in kept.items()
        if placed.layer not in layers or not path.startswith("usr/local/") or path.rpartition("/")[2] in first.words
    }


def _inputs(entries: tuple[str, ...], programs: Programs) -> Callable[[str], bool]:
    """What tells the inputs of a build from what it made, for the language of what starts."""
    folders = [path.rpartition("/")[0] for path in entries if not path.startswith(_SYSTEM)]
    homes = tuple(f"{folder.rpartition('/')[0]}/" for folder in folders if folder.endswith("/bin"))
    jar = any(path.endswith(".jar") for path in entries)
    if not (jar or any(_is_java(path, programs) for path in entries)):
        return lambda _: False
    # A jar holds its classes; without one they are looked for in folders.
    packed = jar or bool(homes)
    return lambda path: (
        not path.startswith(homes)
        and (_JVM_TEXT.search(path) is not None or (packed and _JVM_BUILT.search(path) is not None))
    )


def _is_java(path: str, programs: Programs) -> bool:
    """Whether it is the Java program, or a start script with jars beside it."""
    if path.endswith("bin/java"):
        return True
    home = path.rpartition("/")[0].removesuffix("bin")
    return (
        path in programs.scripts
        and bool(home)
        and any(name.endswith(".jar") and name.startswith(f"{home}lib/") for name in programs.files)
    )


def _ends(anatomy: Anatomy, way: _Way) -> Iterator[Instruction]:
    """Where the first stage may end: behind all that works on what was built, then behind what installs or compiles."""
    last = _last_build(anatomy)
    if last is None:
        return
    if way.ground.has_shell:
        yield from dict.fromkeys((anatomy.last_work(last), last))
        return
    yield next(each for each in reversed(anatomy.body) if each.keyword == "RUN")


def _last_build(anatomy: Anatomy) -> Instruction | None:
    """The last RUN that installs or compiles."""
    found = None
    for each in anatomy.body:
        for command in anatomy.commands(each):
            program = command[0].rpartition("/")[2]
            if (
                program in _BUILDS
                or find_install(command) is not None
                or _takes_away(command)
                or command[1:3] in (("-m", "pip"), ("-m", "venv"))
            ):
                found = each
    return found


def _takes_away(command: Sequence[str]) -> bool:
    """Whether a package manager removes what is in the first stage only."""
    return command[0].rpartition("/")[2] in SYSTEM and not REMOVES.isdisjoint(command[1:])


def _split(anatomy: Anatomy, load: _Load, image: Image, programs: Programs) -> Split:
    ground, needed, own = load.ground, load.needed, load.runtime
    besides = frozenset(load.kept) | (own.paths if own is not None else frozenset())
    if ground.has_shell:
        preparation, brought = libraries(needed, ground, image, besides=besides)
    else:
        files = FileSystem(programs, image.config)
        preparation, brought = [], list(loose_libraries(needed, ground.libraries, files, besides))
    alone = {path: placed for path, placed in load.kept.items() if own is None or not own.brings(path)}
    users = list(user_lines(anatomy, needed, ground, load.after))
    based = list(base_user_lines(anatomy, needed, ground, programs)) if load.apart else []
    folders, handed = handed_over(list(empty_folders(anatomy, image, load.after)), users)
    apart = load.prefixed
    taken = [*(own.copies if own is not None else ()), *((apart.copy,) if apart is not None else ())]
    taken += [*_gathered(copies(alone, image)), *folders, *brought]
    taken += extras(anatomy, needed, ground, programs, load.kept, users=not based)
    same = ground.name == anatomy.base
    cached = ground.has_shell and own_libraries(load.kept, programs)
    return Split(
        strategy=f"interpreted/{ground.title}" + ("+apart" if apart is not None else ""),
        title="Installs and builds in a stage of its own"
        + ("" if same else f", and ships on {ground.title}")
        + (f" with {own.language} from there" if own is not None else ""),
        after=load.after,
        base=ground.name,
        preparation=(*(own.settings if own is not None else ()), *users, *based, *preparation),
        copies=tuple(dict.fromkeys(taken)),
        edits=tuple(_edits(anatomy, load)),
        late=(*handed, *(own.lines if own is not None else ()), *(("RUN ldconfig",) if cached else ())),
        without=_TOOL_VARIABLES,
        rules=("toolchain-in-final",) if same else ("base-not-slim", "toolchain-in-final"),
        costs=() if ground.has_shell else (_NO_SHELL,),
    )


def _edits(anatomy: Anatomy, load: _Load) -> Iterator[Edit]:
    """What changes in the first stage."""
    source = anatomy.source
    yield from load.prefixed.edits if load.prefixed is not None else ()
    for line in load.runtime.commands if load.runtime is not None else ():
        yield source.lines_behind(load.after, cased(source.continued(line), source.of(load.after)))


def _gathered(found: tuple[Copy, ...]) -> Iterator[Copy]:
    """The same, with folders of many programs taken whole: a list of thirty names helps nobody."""
    for each in found:
        if len(each.sources) > _MANY and each.destination.startswith("/usr/local/"):
            yield Copy(sources=(each.destination,), destination=each.destination, owner=each.owner)
        else:
            yield each


def _with_pruning(anatomy: Anatomy, plan: Split, kept: Iterable[str]) -> Iterator[Split]:
    """The plan with development dependencies left out or taken out of the first stage, then without that."""
    tool = pruner(anatomy, kept)
    source = anatomy.source
    edits = without_development(anatomy)
    if tool is not None:
        edits = (source.lines_behind(plan.after, cased(f"RUN {tool}", source.of(plan.after))),)
    if edits:
        yield replace(
            plan,
            strategy=f"{plan.strategy}+pruned",
            title=f"{plan.title}, without development dependencies",
            edits=(*plan.edits, *edits),
            rules=(*plan.rules, "npm-dev-deps") if tool is not None else plan.rules,
        )
    yield plan
