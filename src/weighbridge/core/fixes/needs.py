"""What a container of an image needs at run time, read off the image itself: programs, libraries, tools, users."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge.core.fixes.payload import packaged
from weighbridge.core.fixes.toolchain import is_fetch_tool, is_toolchain, runtime_of
from weighbridge.core.installs import find_install
from weighbridge.core.proof.filesystem import FileSystem
from weighbridge.core.proof.linker import Linker
from weighbridge.dockerfile.shell import split_commands
from weighbridge.model.packages import Ecosystem
from weighbridge.model.programs import Mention

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from weighbridge.core.fixes.anatomy import Anatomy
    from weighbridge.model.image import Image, ImageConfig
    from weighbridge.model.programs import Elf, Programs

_SHELLS = frozenset({"sh", "bash", "ash", "dash"})
_SONAME = re.compile(r"^(lib[\w.+-]*?)(?:\.so\.([0-9.]+)|-([0-9.]+)\.so)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """`entries` are paths of the files that start (program, then the scripts on the way to it).

    `libraries` maps sonames to the paths where the image has them. `packages` are the distribution's packages that the
    author asked for by name and that may be needed at run time. `words` are names of programs that scripts, health
    check or sources mention.
    """

    entries: tuple[str, ...]
    libraries: Mapping[str, str]
    packages: tuple[str, ...]
    words: frozenset[str]
    mentions: frozenset[Mention]
    shell: bool
    named_user: bool


def needs(anatomy: Anatomy, kept: Iterable[str]) -> Needs | None:
    """None where it is not known what starts."""
    subject = anatomy.subject
    if subject.image is None or subject.programs is None:
        return None
    image, programs = subject.image, subject.programs
    files = FileSystem(programs, image.config)
    entries = entry_files(files)
    if not entries:
        return None
    scripts = [path for path in entries if path in programs.scripts]
    own = {*entries, *kept}
    elves = [programs.elves[path] for path in own if path in programs.elves]
    words = _words(image.config, programs, own)
    # Among Node's packages, a program of Go's is a build tool.
    asking = [elf for elf in elves if elf.go is None or "node_modules/" not in elf.path]
    mentions = frozenset(mention for elf in asking for mention in elf.mentions)
    # A package brings the libraries of its own programs.
    brought = packaged(anatomy, own)
    return Needs(
        entries=entries,
        libraries=closure([elf for elf in elves if elf.path not in brought], files),
        packages=_packages(
            anatomy, image, words, _languages(words, own, programs), starts_others=Mention.PROGRAMS in mentions
        ),
        words=words,
        mentions=mentions,
        shell=anatomy.uses_shell or bool(scripts),
        named_user=bool(image.config.user) and not image.config.user.split(":")[0].isdigit(),
    )


def entry_files(files: FileSystem) -> tuple[str, ...]:
    """What starts, in the order in which it is found: the program, or a script and the program that it is given."""
    config = files.config
    words = [*config.entrypoint, *config.command]
    found: list[str] = []
    if len(words) > 2 and words[0].rpartition("/")[2] in _SHELLS and words[1] in ("-c", "-lc", "-ec"):
        commands = split_commands(words[2])
        words = list(commands[-1]) if commands else []
    for number, word in enumerate(words):
        first = number == 0 or (bool(config.entrypoint) and word == (config.command or ("",))[0])
        # What follows counts where it names a file: a jar, a script.
        path = _named_file(files, word) if "/" in word or "." in word else None
        if first and "/" not in word:
            path = files.which(word) or path
        if path is not None and path not in found:
            found.append(path)
    return tuple(found)


def _named_file(files: FileSystem, word: str) -> str | None:
    """What lies there as seen from the working directory, links followed; None if there is nothing."""
    path = files.resolve(word, relative_to=files.config.working_directory or "/")
    return path if path in files.programs.files else None


def closure(elves: Iterable[Elf], files: FileSystem) -> dict[str, str]:
    """Soname → path of every library that these files come to load, as far as the image has them."""
    linker = Linker(files)
    loaded = [library for elf in elves for library in linker.loaded(elf)[1:]]
    return {library.soname or library.path.rpartition("/")[2]: library.path for library in loaded}


def library_packages(sonames: Iterable[str], image: Image) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Debian packages that bring these libraries, by Debian's way of naming them, and the sonames that none brings.

    Debian Policy 8.1: `libfoo.so.1` is in libfoo1, `libfoo2.so.0` in libfoo2-0; trixie adds `t64` to some.
    """
    installed = {package.name.partition(":")[0] for package in image.packages if package.ecosystem is Ecosystem.APT}
    packages: list[str] = []
    unknown: list[str] = []
    for soname in sorted(sonames):
        name = _package_of(soname, installed)
        if name is None:
            unknown.append(soname)
        elif name not in packages:
            packages.append(name)
    return tuple(packages), tuple(unknown)


def beyond_libraries(needed: Needs, image: Image) -> frozenset[str]:
    """The packages that are wanted for more than the libraries that programs name, or the certificates and zones."""
    libraries, _ = library_packages(needed.libraries, image)
    return frozenset(needed.packages) - frozenset(libraries) - {"ca-certificates", "tzdata"}


def _package_of(soname: str, installed: set[str]) -> str | None:
    found = _SONAME.match(soname)
    if found is None:
        return None
    stem, version = found[1].lower().replace("_", "-"), found[2] or found[3]
    dashed = "-" if stem[-1].isdigit() else ""
    for ending in ("", "t64", "-dev"):
        for name in (f"{stem}{dashed}{version}{ending}", f"{stem}-{version}{ending}", f"{stem}{version}{ending}"):
            if name in installed and not name.endswith("-dev"):
                return name
    # libxml2.so.2: the number is in the name already.
    return stem if stem.endswith(version.partition(".")[0]) and stem in installed else None


def _words(config: ImageConfig, programs: Programs, own: Iterable[str]) -> frozenset[str]:
    words: set[str] = set()
    health = config.health_check
    if health[:1] == ("CMD",):
        words.add(health[1] if len(health) > 1 else "")
    elif len(health) > 1:
        words.update(command[0] for command in split_commands(health[1]))
    for path in own:
        words.update(programs.calls.get(path, ()))
        text = programs.texts.get(path)
        if text is not None and path in programs.scripts:
            words.update(command[0] for command in split_commands(text.decode("utf-8", "replace")))
    return frozenset(word.rpartition("/")[2] for word in words if word)


def _languages(words: frozenset[str], own: Iterable[str], programs: Programs) -> frozenset[str]:
    """The languages that something is written in that is started, or that lies ready to be."""
    started = set(words)
    endings = set()
    for path in own:
        name = path.rpartition("/")[2]
        if path in programs.elves:
            started.add(name)
        elif not any(part in path for part in _FOREIGN):
            started.update(word.rpartition("/")[2] for word in programs.scripts.get(path, ()))
            endings.add(name[name.rfind(".") :])
    return frozenset(
        language
        for language, sources in _ENDINGS.items()
        if not endings.isdisjoint(sources) or any(word.startswith(language) for word in started)
    )


def _packages(
    anatomy: Anatomy, image: Image, words: frozenset[str], languages: frozenset[str], *, starts_others: bool
) -> tuple[str, ...]:
    installed = {package.name.partition(":")[0] for package in image.packages}
    found: list[str] = [name for name in sorted(_named_like(words, image)) if name in installed]
    for instruction in anatomy.body:
        for command in anatomy.commands(instruction):
            install = find_install(command)
            if install is None or install.ecosystem not in (Ecosystem.APT, Ecosystem.APK):
                continue
            for asked in install.names:
                name = _at_run_time(asked, languages)
                if name is None or name in found or (installed and name not in installed):
                    continue
                wanted_at_run = name in words or _brings(name, words)
                if wanted_at_run or not (is_toolchain(name) or (is_fetch_tool(name) and not starts_others)):
                    found.append(name)
    return tuple(found)


def _at_run_time(package: str, languages: frozenset[str]) -> str | None:
    """The package that is wanted in its place where nothing is built; None for a language that only builds were in."""
    if package in _INTERPRETERS and _INTERPRETERS[package] not in languages:
        return None
    return runtime_of(package) if "java" in languages else package


# What a program of a language is called, and how its sources end.
_ENDINGS = {
    "python": (".py", ".pyc"),
    "perl": (".pl", ".pm"),
    "ruby": (".rb", ".ru"),
    "java": (".jar", ".class", ".war"),
}
_INTERPRETERS = {
    "python3": "python",
    "python3-minimal": "python",
    "python-is-python3": "python",
    "python": "python",
    "perl": "perl",
    "ruby": "ruby",
}
# Their tools are in other languages than the programs that use them.
_FOREIGN = ("/node_modules/", "/site-packages/", "/dist-packages/", "/gems/")
_PROGRAMS_OF = {
    "imagemagick": ("convert", "identify", "magick", "mogrify"),
    "netcat-openbsd": ("nc", "netcat"),
    "netcat-traditional": ("nc", "netcat"),
    "procps": ("ps", "pgrep", "pkill", "top"),
    "postgresql-client": ("psql", "pg_isready", "pg_dump"),
    "default-mysql-client": ("mysql", "mysqladmin", "mysqldump"),
    "redis-tools": ("redis-cli",),
    "openssh-client": ("ssh", "scp", "ssh-keygen"),
    "gnupg": ("gpg",),
    "iproute2": ("ip", "ss"),
    "dnsutils": ("dig", "nslookup"),
}
# What every image of a distribution has.
_ESSENTIAL_TEXT = (
    "apt base-files base-passwd bash bsdutils coreutils dash debconf debianutils diffutils dpkg findutils grep "
    "gzip hostname init-system-helpers libc-bin login mount ncurses-base ncurses-bin passwd perl-base sed "
    "sysvinit-utils tar util-linux python python3 node ruby java php perl make gcc"
)
_ESSENTIAL = frozenset(_ESSENTIAL_TEXT.split())


def _named_like(words: frozenset[str], image: Image) -> set[str]:
    """Packages of the image that bring a program which is started at run time, the ones that all images have apart."""
    installed = {package.name for package in image.packages if package.ecosystem is Ecosystem.APT}
    return {
        name
        for name in installed
        if name not in _ESSENTIAL and not is_toolchain(name) and (name in words or _brings(name, words))
    }


def _brings(package: str, words: frozenset[str]) -> bool:
    return any(program in words for program in _PROGRAMS_OF.get(package, ()))
