"""What programs want beside their libraries: certificates, time zones, locales, users, folders, files that are named.

Each check gives gaps: what the original has, the candidate lacks, and something that stays could want.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from weighbridge.core.names import clipped, shown_path
from weighbridge.core.proof.filesystem import Libc, is_own
from weighbridge.core.proof.starting import started
from weighbridge.model.fix import Gap, GapKind
from weighbridge.model.programs import Mention

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from weighbridge.core.proof.filesystem import FileSystem
    from weighbridge.model.programs import Elf

CERTIFICATES = (
    "etc/ssl/certs/ca-certificates.crt",
    "etc/ssl/cert.pem",
    "etc/pki/tls/certs/ca-bundle.crt",
    "etc/pki/tls/cert.pem",
    "etc/ssl/ca-bundle.pem",
    "usr/local/share/certs/ca-root-nss.crt",
)
# Where an author puts a certificate, and where `update-ca-certificates` links to it by its hash: OpenSSL looks nowhere
# else, whatever the bundle holds.
_ADDED_AUTHORITIES = "usr/local/share/ca-certificates/"
_BY_HASH = "etc/ssl/certs/"
# Debian's OPENSSLDIR. The folder is a link that comes with the package openssl, which its libraries do without.
_OPENSSL_FOLDER = "usr/lib/ssl/certs"
OPENSSL_FILE = "usr/lib/ssl/cert.pem"
ZONES = "usr/share/zoneinfo"
_TEMPORARY = "/tmp"  # noqa: S108 - a path of an image

# Runtimes that load a TLS library, or look zones up, when a program asks; Node and Java bring their own.
_TLS_RUNTIMES = ("python", "ruby", "php", "perl", "dotnet", "curl", "wget", "git")
_ZONE_RUNTIMES = ("python", "ruby", "perl", "dotnet", "postgres")
_OWN_ZONES = ("/tzdata/__init__.py", "/pytz/zoneinfo", "/tzinfo/data")
_DOTNET_TLS = "libSystem.Security.Cryptography.Native.OpenSsl.so"
_LEFT_LINKS = ("/node_modules/.pnpm/node_modules/", "/node_modules/.bin/")
# A zone as a rule of its own (`UTC`, `CET-1CEST`), which needs no file.
_POSIX_ZONE = re.compile(r"(?:[A-Za-z]{3,6}|<[\w+-]{1,8}>)[+-]?\d{1,2}\S{0,40}")


def find_needs(original: FileSystem, candidate: FileSystem, staying: Iterable[Elf]) -> Iterator[Gap]:
    """All gaps of this kind. `staying` are the ELF files of the candidate that are the image's own or are started."""
    programs = tuple(staying)
    yield from _user(original, candidate)
    yield from _folders(original, candidate)
    yield from _certificates(original, candidate, programs)
    yield from _authorities(original, candidate, programs)
    yield from _openssl(original, candidate, programs)
    yield from _time_zones(original, candidate, programs)
    yield from _locale(original, candidate)
    yield from _temporary(original, candidate, programs)
    yield from _named_files(original, candidate)
    yield from _called(original, candidate)
    yield from _dangling(original, candidate)
    yield from _virtual_environments(original, candidate)


def _user(original: FileSystem, candidate: FileSystem) -> Iterator[Gap]:
    user = candidate.config.user
    if candidate.user_ids(user) is None:
        text = f"USER {clipped(user, 100)} has no line in the candidate's /etc/passwd or /etc/group"
        yield Gap(kind=GapKind.USER, by="USER", wanted=user, source=original.resolve("etc/passwd"), text=text)


def _folders(original: FileSystem, candidate: FileSystem) -> Iterator[Gap]:
    config = candidate.config
    wanted = [("WORKDIR", config.working_directory), *(("VOLUME", volume) for volume in config.volumes)]
    for by, path in wanted:
        if not path or original.user_ids(original.config.user) is None or candidate.user_ids(config.user) is None:
            continue
        writable = original.writable(path, original.config.user)
        if not original.is_directory(path):
            continue
        if not candidate.is_directory(path) and not writable:
            continue
        if writable and not candidate.writable(path, config.user):
            kind = GapKind.PERMISSION if candidate.is_directory(path) else GapKind.DIRECTORY
            who = config.user or "root"
            text = (
                f"{by} {clipped(path, 200)} can be written by {clipped(who, 60)} in the original, not in the candidate"
            )
            yield Gap(kind=kind, by=by, wanted=path, source=original.resolve(path), text=text)


def _certificates(original: FileSystem, candidate: FileSystem, programs: tuple[Elf, ...]) -> Iterator[Gap]:
    there = next((path for path in CERTIFICATES if _has_content(original, path)), None)
    if there is None or any(_has_content(candidate, path) for path in CERTIFICATES):
        return
    user = _first_of(candidate, programs, Mention.CERTIFICATES, _TLS_RUNTIMES)
    if user is None:
        user = next((elf.path for elf in programs if elf.path.endswith(_DOTNET_TLS)), None)
    if user is not None:
        text = (
            f"{shown_path(user)} can speak TLS, and the original has the certificates for it ({shown_path(there)}); "
            "the candidate has none"
        )
        source = original.resolve(there)
        yield Gap(kind=GapKind.CERTIFICATES, by=shown_path(user), wanted=f"/{there}", source=source, text=text)


def _authorities(original: FileSystem, candidate: FileSystem, programs: tuple[Elf, ...]) -> Iterator[Gap]:
    """Authorities that somebody trusts beside those of the distribution, where a program can ask for them."""
    speaks = any(name.startswith("libssl.so") for elf in programs for name in elf.needed)
    if not speaks and _first_of(candidate, programs, Mention.CERTIFICATES, _TLS_RUNTIMES) is None:
        return
    for path in sorted(original.programs.links):
        if not path.startswith(_BY_HASH):
            continue
        added = original.resolve(path)
        if added is None or not added.startswith(_ADDED_AUTHORITIES) or not _has_content(original, path):
            continue
        if not _has_content(candidate, path):
            text = f"the original trusts {shown_path(added)} by {shown_path(path)}, which the candidate does not have"
            yield Gap(kind=GapKind.FILE, by=shown_path(added), wanted=f"/{path}", source=added, text=text)


def _openssl(original: FileSystem, candidate: FileSystem, programs: tuple[Elf, ...]) -> Iterator[Gap]:
    """The place where OpenSSL looks by itself: having the certificates elsewhere is not enough."""
    user = next((elf.path for elf in programs if any(name.startswith("libssl.so") for name in elf.needed)), None)
    bundle = CERTIFICATES[0]
    if user is None or not original.is_directory(_OPENSSL_FOLDER) or not _has_content(original, bundle):
        return
    if not candidate.is_directory(_OPENSSL_FOLDER) and not _has_content(candidate, OPENSSL_FILE):
        text = (
            f"{shown_path(user)} speaks TLS by OpenSSL, which looks for certificates in /{_OPENSSL_FOLDER}; "
            "the candidate does not have it"
        )
        source = original.resolve(bundle)
        yield Gap(kind=GapKind.CERTIFICATES, by=shown_path(user), wanted=f"/{OPENSSL_FILE}", source=source, text=text)


def _time_zones(original: FileSystem, candidate: FileSystem, programs: tuple[Elf, ...]) -> Iterator[Gap]:
    zone = candidate.environment.get("TZ", "").lstrip(":")
    named = f"{ZONES}/{zone}"
    source = original.resolve(ZONES)
    if zone and not _POSIX_ZONE.fullmatch(zone) and original.facts(named) and not candidate.facts(named):
        text = f"TZ is {clipped(zone, 60)}, and the candidate has no /{ZONES}/{clipped(zone, 60)}"
        yield Gap(kind=GapKind.TIME_ZONES, by="TZ", wanted=zone, source=source, text=text)
    elif (local := _local_zone(original)) is not None and not _same_local_zone(original, candidate):
        text = f"/etc/localtime is {clipped(local, 60)} in the original, and not in the candidate"
        yield Gap(
            kind=GapKind.TIME_ZONES,
            by="/etc/localtime",
            wanted=local,
            source=original.resolve("etc/localtime"),
            text=text,
        )
    elif original.is_directory(ZONES) and not candidate.is_directory(ZONES):
        if any(Mention.OWN_TIME_ZONES in elf.mentions for elf in programs) or _brings_zones(candidate):
            return
        user = _first_of(candidate, programs, Mention.TIME_ZONES, _ZONE_RUNTIMES)
        if user is not None:
            text = f"{shown_path(user)} can look up time zones, which the original has in /{ZONES} alone"
            yield Gap(kind=GapKind.TIME_ZONES, by=shown_path(user), wanted=f"/{ZONES}", source=source, text=text)


def _local_zone(files: FileSystem) -> str | None:
    """The zone of /etc/localtime, None for UTC and where nothing tells."""
    resolved = files.resolve("etc/localtime")
    if resolved is None or not resolved.startswith(f"{ZONES}/"):
        return None
    zone = resolved.removeprefix(f"{ZONES}/")
    return None if zone.rpartition("/")[2] in ("UTC", "UCT", "Universal", "Zulu", "Etc/UTC") else zone


def _same_local_zone(original: FileSystem, candidate: FileSystem) -> bool:
    """Whether both are set to one zone, by a link or by a copy of what the link leads to."""
    if _local_zone(candidate) == _local_zone(original):
        return True
    copied = "etc/localtime" in candidate.programs.files and candidate.resolve("etc/localtime") == "etc/localtime"
    before, after = original.facts("etc/localtime"), candidate.facts("etc/localtime")
    return copied and before is not None and after is not None and before.size == after.size


def _brings_zones(files: FileSystem) -> bool:
    return any(path.endswith(_OWN_ZONES) for path in files.programs.files)


def _locale(original: FileSystem, candidate: FileSystem) -> Iterator[Gap]:
    name = candidate.environment.get("LC_ALL") or candidate.environment.get("LANG") or ""
    if not name or name.split(".")[0] in ("C", "POSIX") or candidate.libc is not Libc.GLIBC:
        return
    before, after = (_has_locale(files, name) for files in (original, candidate))
    if before and not after:
        text = f"the locale {clipped(name, 60)} is set, and the candidate has no /usr/lib/locale for it"
        source = original.resolve("usr/lib/locale")
        yield Gap(kind=GapKind.LOCALE, by="LANG", wanted=name, source=source, text=text)


def _has_locale(files: FileSystem, name: str) -> bool:
    language, _, charset = name.partition(".")
    folder = f"usr/lib/locale/{language}.{charset.lower().replace('-', '')}"
    return files.is_directory(folder) or files.facts("usr/lib/locale/locale-archive") is not None


def _temporary(original: FileSystem, candidate: FileSystem, programs: tuple[Elf, ...]) -> Iterator[Gap]:
    user = candidate.config.user
    if not original.writable(_TEMPORARY, original.config.user) or not original.is_directory(_TEMPORARY):
        return
    if candidate.user_ids(user) is None or (
        candidate.is_directory(_TEMPORARY) and candidate.writable(_TEMPORARY, user)
    ):
        return
    # Of a Go program it is known; any other may.
    asks = (elf for elf in programs if elf.executable and (elf.go is None or Mention.TEMPORARY_FILES in elf.mentions))
    if (asker := next(asks, None)) is not None:
        text = (
            f"{shown_path(asker.path)} may want {_TEMPORARY}, which the original has and the candidate cannot write to"
        )
        by = shown_path(asker.path)
        yield Gap(kind=GapKind.TEMPORARY, by=by, wanted=_TEMPORARY, source=original.resolve(_TEMPORARY), text=text)


def _named_files(original: FileSystem, candidate: FileSystem) -> Iterator[Gap]:
    """Paths in variables and in the command's arguments."""
    config = candidate.config
    named = [(key, value) for key, value in candidate.environment.items() if key not in ("PATH", "TZ", "HOME", "PWD")]
    pieces = [(f"ENV {key}", part) for key, value in named for part in value.split(":") if part.startswith("/")]
    words = [*(*config.entrypoint, *config.command)[1:], *config.health_check[2:]]
    pieces += [("the command", word) for word in words if not word.startswith("-") and len(word) < 4096]
    folder = config.working_directory or "/"
    seen: set[str] = set()
    for by, path in pieces:
        if path in seen or path in ("/", ".") or " " in path:
            continue
        seen.add(path)
        source = original.resolve(path, relative_to=folder)
        if source is not None and candidate.resolve(path, relative_to=folder) is None:
            text = f"{clipped(by, 80)} names {clipped(path, 200)}, which the original has and the candidate has not"
            yield Gap(kind=GapKind.FILE, by=by, wanted=path, source=source, text=text)


def _called(original: FileSystem, candidate: FileSystem) -> Iterator[Gap]:
    """Programs that source files call by name."""
    for path, words in candidate.programs.calls.items():
        for word in sorted(words):
            source = original.which(word)
            if source is not None and candidate.which(word) is None:
                text = f"{shown_path(path)} calls {clipped(word, 100)}, which the candidate does not have"
                yield Gap(kind=GapKind.PROGRAM, by=shown_path(path), wanted=word, source=source, text=text)


def _dangling(original: FileSystem, candidate: FileSystem) -> Iterator[Gap]:
    """Links that led somewhere and now do not: the image's own, and the one by which Java finds its certificates."""
    for path, target in candidate.programs.links.items():
        if original.programs.links.get(path) != target or candidate.resolve(path) is not None:
            continue
        # Node's package managers leave these behind when they take development dependencies out.
        if any(part in f"/{path}" for part in _LEFT_LINKS):
            continue
        source = original.resolve(path)
        if source is not None and (is_own(path) or path.endswith("/cacerts")):
            text = f"{shown_path(path)} is a link to {clipped(target, 200)}, which the candidate does not have"
            yield Gap(kind=GapKind.FILE, by=shown_path(path), wanted=target, source=source, text=text)


def _virtual_environments(original: FileSystem, candidate: FileSystem) -> Iterator[Gap]:
    """A virtual environment is bound to the path and the version of its Python."""
    for path in candidate.programs.texts:
        if not path.endswith("/pyvenv.cfg") or path not in original.programs.texts:
            continue
        folder = posixpath.dirname(path)
        python = f"{folder}/bin/python"
        before, after = original.resolve(python), candidate.resolve(python)
        if before is not None and (after is None or not _same_python(candidate, before, after)):
            has = "is not there" if after is None else f"is {shown_path(after)} in the candidate"
            text = f"{shown_path(folder)} is a virtual environment of {shown_path(before)}, which {has}"
            yield Gap(kind=GapKind.INTERPRETER, by=shown_path(folder), wanted=f"/{before}", source=before, text=text)


def _same_python(candidate: FileSystem, before: str, after: str) -> bool:
    """Whether a Python is of the version that another one's path tells; a copy may have lost it from its name."""
    if _version(before) == _version(after):
        return True
    versioned, copied = candidate.facts(before), candidate.facts(after)
    return versioned is not None and copied is not None and versioned.size == copied.size


def _version(path: str) -> str:
    return path.rpartition("/")[2]


def _has_content(files: FileSystem, path: str) -> bool:
    facts = files.facts(path)
    return facts is not None and facts.size > 0


def _first_of(files: FileSystem, programs: tuple[Elf, ...], mention: Mention, runtimes: tuple[str, ...]) -> str | None:
    """The first program that says it wants something, or the first runtime that would if its program did."""
    for each in started(files):
        if each.path is not None and each.path.rpartition("/")[2].startswith(runtimes):
            return each.path
    own = (elf.path for elf in programs if mention in elf.mentions and not _is_node(elf.path))
    return next(own, None)


def _is_node(path: str) -> bool:
    return path.rpartition("/")[2] in ("node", "nodejs")
