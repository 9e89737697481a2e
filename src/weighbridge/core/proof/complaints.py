"""What a candidate said it missed while it ran, read from the messages of loaders, languages and shells.

The original did not say it, and has what is missed; everything else is no gap. These need no closure to be seen: a
library that is loaded by name, a zone that is looked up, a program that is called.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from weighbridge.core.names import clipped
from weighbridge.core.proof.filesystem import FileSystem
from weighbridge.core.proof.masking import masked
from weighbridge.core.proof.needs import CERTIFICATES, ZONES
from weighbridge.model.fix import Gap, GapKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from weighbridge.core.proof.behaviour import Original
    from weighbridge.core.proof.closure import Side
    from weighbridge.model.behaviour import Observation, Seen

_MAX_LINES = 2_000
_MAX_GAPS = 20
_SHOWN = 160
_TMP = "/tmp"  # noqa: S108 - a path of an image

_LIBRARY = re.compile(r"\b((?:lib)?[\w.+-]{1,80}\.so(?:\.[0-9]+){0,4})\b")
_LIBRARY_MISSED = re.compile(
    r"cannot open shared object|error loading shared librar|could not load|unable to load|failed to load|not found|"
    r"no such file|can't load|dlopen|UnsatisfiedLinkError|DllNotFound",
    re.IGNORECASE,
)
_CERTIFICATES_MISSED = re.compile(
    r"certificate signed by unknown authority|failed to (?:load|find) (?:system )?root|no roots provided"
    r"|unable to get (?:local )?issuer certificate|CERTIFICATE_VERIFY_FAILED|certificate verify failed"
    r"|SSL certificate problem|error (?:adding trust anchors|setting certificate verify locations)"
    r"|UnknownIssuer|no native root CA|PKIX path building failed|self[- ]signed certificate in certificate chain"
    r"|error while loading certs|problem with the SSL CA cert",
    re.IGNORECASE,
)
_ZONES_MISSED = re.compile(
    r"unknown time ?zone|No time zone found|ZoneInfoNotFound|InvalidTimezone|invalid time ?zone|DataSourceNotFound"
    r"|time zone .{0,60} not (?:found|known)|TimeZoneNotFound|zoneinfo.{0,80}no such file",
    re.IGNORECASE,
)
_USERS_MISSED = re.compile(
    r"unable to find user|no matching entries in (?:passwd|group) file|unknown userid|unknown user\b"
    r"|cannot find name for (?:user|group) ID|uid not found|getpwuid|getpwnam|no passwd entry",
    re.IGNORECASE,
)
_TEMPORARY_MISSED = re.compile(
    r"No usable temporary directory|(?:['\" ]|^)/tmp(?:/[^'\" ]*)?['\"]?[:,)]? .{0,20}"
    r"(?:no such file|not a directory|permission denied|does not exist)"
    r"|(?:no such file|permission denied).{0,20}['\" ]/tmp(?:/|\b)|cannot create temp",
    re.IGNORECASE,
)
_MISSED = re.compile(
    r"no such file|not found|ENOENT|cannot (?:open|find|access|stat|load)|can't (?:open|find)|does not exist"
    r"|could not (?:open|find|be found)|missing|not exist|unable to (?:open|find|load)|failed to (?:open|find|load)",
    re.IGNORECASE,
)
_DENIED = re.compile(r"permission denied|EACCES|not writable|is read-only", re.IGNORECASE)
_PATH = re.compile(r"(?<![\w./])(/[\w.+@-]+(?:/[\w.+@-]+)+)")
_PROGRAMS = (
    re.compile(r"exec: \"?([\w.+-]{1,60})\"?: executable file not found"),
    re.compile(r"\bspawn(?:Sync)? ([\w.+-]{1,60}) ENOENT"),
    re.compile(r"\b([\w.+-]{1,60}): (?:command )?not found$"),
    re.compile(r"Cannot run program \"([\w.+-]{1,60})\""),
    re.compile(r"No such file or directory(?: -|:) '?([\w.+-]{1,60})'?$"),
    re.compile(r"\bfailed to (?:run|execute|spawn) [`'\"]?([\w.+-]{1,60})"),
)


def complaints(original: Original, candidate: Observation, before: Side, after: Side) -> tuple[Gap, ...]:
    """What the candidate missed, by its own words; `before` is the original's file system, `after` the candidate's."""
    known = {
        masked(line)
        for observation in (original.first, original.second)
        for _, seen in observation.seen
        for line in _said(seen)
    }
    reader = _Reader(FileSystem(before.programs, before.config), FileSystem(after.programs, after.config))
    new = (line for _, seen in candidate.seen for line in _said(seen) if masked(line) not in known)
    found: dict[tuple[GapKind, str], Gap] = {}
    for _, line in zip(range(_MAX_LINES), new, strict=False):
        for gap in reader.gaps(line):
            found.setdefault((gap.kind, gap.wanted), gap)
    return tuple(found.values())[:_MAX_GAPS]


def _said(seen: Seen) -> Iterator[str]:
    yield from (line for line in (seen.refusal, *seen.stderr, *seen.stdout, seen.health_output) if line)
    for answer in seen.answers.values():
        yield from answer.lines


class _Reader:
    def __init__(self, original: FileSystem, candidate: FileSystem) -> None:
        self._original = original
        self._candidate = candidate

    def gaps(self, line: str) -> Iterator[Gap]:
        """What a line says is missing, as far as the original has it and the candidate has not."""
        line = line[:4_000]
        by = f"at run time: {clipped(line, _SHOWN)}"
        yield from self._libraries(line, by)
        yield from self._named(line, by)
        for pattern in _PROGRAMS:
            for match in pattern.finditer(line):
                source = self._original.which(match[1])
                if source is not None and self._candidate.which(match[1]) is None:
                    yield Gap(kind=GapKind.PROGRAM, by="the run", wanted=match[1], source=source, text=by)
        if _MISSED.search(line):
            yield from self._paths(line, by)
        if _DENIED.search(line):
            yield from self._denied(line, by)

    def _libraries(self, line: str, by: str) -> Iterator[Gap]:
        if not _LIBRARY_MISSED.search(line):
            return
        there = _names(self._candidate)
        for name in dict.fromkeys(_LIBRARY.findall(line)):
            source = self._library(name)
            if source is not None and name not in there:
                yield Gap(kind=GapKind.LIBRARY, by="the run", wanted=name, source=source, text=by)

    def _library(self, name: str) -> str | None:
        programs = self._original.programs
        named = (path for path in (*programs.links, *programs.elves) if path.rpartition("/")[2] == name)
        resolved = (self._original.resolve(path) for path in named)
        return next((path for path in resolved if path in programs.elves), None)

    def _named(self, line: str, by: str) -> Iterator[Gap]:
        """What is known by more than a path."""
        original, candidate = self._original, self._candidate
        if _CERTIFICATES_MISSED.search(line):
            there = next((path for path in CERTIFICATES if original.facts(path)), None)
            if there is not None and not any(candidate.facts(path) for path in CERTIFICATES):
                source = original.resolve(there)
                yield Gap(kind=GapKind.CERTIFICATES, by="the run", wanted=f"/{there}", source=source, text=by)
        if _ZONES_MISSED.search(line) and original.is_directory(ZONES) and not candidate.is_directory(ZONES):
            yield Gap(
                kind=GapKind.TIME_ZONES, by="the run", wanted=f"/{ZONES}", source=original.resolve(ZONES), text=by
            )
        if _USERS_MISSED.search(line) and original.facts("etc/passwd"):
            texts = (files.programs.texts.get("etc/passwd") for files in (original, candidate))
            if len(set(texts)) > 1:
                yield Gap(kind=GapKind.USER, by="the run", wanted="/etc/passwd", source="etc/passwd", text=by)
        if _TEMPORARY_MISSED.search(line) and not _has_temporary(candidate) and _has_temporary(original):
            yield Gap(kind=GapKind.TEMPORARY, by="the run", wanted=_TMP, source=original.resolve(_TMP), text=by)

    def _paths(self, line: str, by: str) -> Iterator[Gap]:
        for path in dict.fromkeys(_PATH.findall(line)):
            source = self._original.resolve(path)
            if source in (None, "") or path.startswith(("/proc/", "/sys/", "/dev/", f"{_TMP}/")):
                continue
            if self._candidate.resolve(path) is None and source in self._original.programs.files:
                yield Gap(kind=GapKind.FILE, by="the run", wanted=path, source=source, text=by)

    def _denied(self, line: str, by: str) -> Iterator[Gap]:
        """Folders that the original's user can write to, and the candidate's cannot."""
        original, candidate = self._original, self._candidate
        for path in dict.fromkeys(_PATH.findall(line)):
            folder = path if original.is_directory(path) else path.rpartition("/")[0]
            source = original.resolve(folder)
            if not source or not original.is_directory(folder) or not candidate.is_directory(folder):
                continue
            writes = original.writable(folder, original.config.user)
            if writes and not candidate.writable(folder, candidate.config.user):
                yield Gap(kind=GapKind.PERMISSION, by="the run", wanted=folder, source=source, text=by)


def _has_temporary(files: FileSystem) -> bool:
    return files.is_directory(_TMP) and files.writable(_TMP, files.config.user)


def _names(files: FileSystem) -> frozenset[str]:
    paths: Iterable[str] = (*files.programs.elves, *files.programs.links)
    return frozenset(path.rpartition("/")[2] for path in paths)
