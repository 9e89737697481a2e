"""Archives and installers that stay after they were unpacked or run."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge.core.rendering.units import format_size
from weighbridge.core.rules.builds import program_of
from weighbridge.core.rules.case import NOTEWORTHY, files_shown, shown
from weighbridge.core.rules.removal import is_removed, removed
from weighbridge.core.rules.rule import Rule
from weighbridge.model.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weighbridge.core.rules.calls import Call
    from weighbridge.core.rules.case import Case
    from weighbridge.core.rules.replay import Step

ARCHIVE = re.compile(
    r"\.(?:tar(?:\.\w{1,4})?|tgz|tbz2?|txz|tzst|zip|7z|gz|bz2|xz|zst|deb|rpm|apk|msi|run|bin|asc|sig|gpg\.key)$|"
    r"\.(?:exe|phar)$",
    re.IGNORECASE,
)
_LOCAL_ARCHIVE = re.compile(r"\.(?:zip|7z|deb|rpm|run)$", re.IGNORECASE)
"""What a COPY brings only to unpack it; tar archives are ADD's to unpack."""

_TAR = re.compile(r"\.(?:tar(?:\.\w{1,4})?|tgz|tbz2?|txz)$", re.IGNORECASE)
_UNPACKERS = frozenset(
    {"tar", "bsdtar", "unzip", "7z", "dpkg", "rpm", "gunzip", "xz", "php", "sh", "bash", "apt-get", "apt"}
)
_KEPT = re.compile(r"/(?:s?bin|lib|share/java|webapps)(?:/|$)")
"""Folders whose files are programs, whatever they are called."""

_TEMPORARY = ("root", "tmp", "usr/src", "var/tmp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A file that a step fetches, by its absolute path."""

    path: str
    step: Step


def downloads(case: Case) -> Iterator[Download]:
    """The files that `curl`, `wget` and ADD fetch, as far as their names can be told."""
    for step in case.steps:
        for call in step.calls:
            path = _fetched(call)
            if path is not None and "$(" not in path:
                yield Download(path=path, step=step)
        if step.copy is not None:
            for source in step.copy.remote:
                name = re.split(r"[?#]", source)[0]
                yield Download(path=step.copy.lands(name), step=step)


def _fetched(call: Call) -> str | None:
    if call.program not in ("curl", "wget"):
        return None
    url, output, named = "", "", call.program == "wget"
    words = iter(call.argv[1:])
    for word in words:
        if word in ("-o", "--output", "-O", "--output-document") and not (call.program == "curl" and word == "-O"):
            output = next(words, "")
        elif word.startswith(("--output=", "--output-document=")):
            output = word.partition("=")[2]
        elif re.fullmatch(r"-[a-zA-Z]*[oO]", word):
            # Letters may stand together: `-fsSLO` names the file as the server does, `-fsSLo` takes a name.
            if word.endswith("o") or call.program == "wget":
                output = next(words, "")
            else:
                named = True
        elif word == "--remote-name" or re.fullmatch(r"-[a-zA-Z]*O[a-zA-Z]*", word):
            named = True
        elif "://" in word:
            url = word
    if output in ("-", "/dev/null", "/dev/stdout"):
        return None
    output = output or next((target for operator, target in call.redirects if operator == ">"), "")
    name = output or (posixpath.basename(re.split(r"[?#]", url)[0]) if named and url else "")
    return call.path(name) if name else None


def _left(case: Case) -> Iterator[tuple[Download, str]]:
    """Archives and installers that are still there when their step ends, and what shows that they are not needed."""
    fetched = list(downloads(case)) + [
        Download(path=copy.lands(source), step=step)
        for step, copy in case.copies
        if copy.source is None
        for source in copy.sources
        if _LOCAL_ARCHIVE.search(source) or (not copy.add and _TAR.search(source))
    ]
    for download in fetched:
        path = download.path
        # What a later step deletes stays too, in its layer: that is told by the rule about such deletions.
        gone = [
            pattern for step in case.steps if step.number >= download.step.number for pattern in removed(step.calls)
        ]
        if not ARCHIVE.search(path) or is_removed(path, [*gone, *download.step.mounts]):
            continue
        if "\\" in path:
            yield download, "it is an installer"
        elif not _KEPT.search(posixpath.dirname(path)) and _used(case, download):
            yield download, "it was unpacked or run, and is still there"


def _used(case: Case, download: Download) -> bool:
    name = posixpath.basename(download.path)
    return any(step.number >= download.step.number and _opens(call, name) for step, call in case.calls)


def _opens(call: Call, name: str) -> bool:
    program = program_of(call)[0]
    opens = call.program in _UNPACKERS or program == name or call.argv[0].endswith(f"/{name}")
    return opens and any(posixpath.basename(word) == name for word in call.argv)


def _kept(rule: Rule, case: Case) -> Iterator[Finding]:
    told: set[str] = set()
    for download, why in _left(case):
        path = download.path.lstrip("/")
        if path in told:
            continue
        told.add(path)
        waste = None
        if case.contents is not None:
            node = case.contents.image.tree.nodes.get(path)
            if node is None or node.entry.size < NOTEWORTHY:
                continue
            waste = node.entry.size
        told_size = f": {format_size(waste)}" if waste else ""
        yield case.found(
            rule,
            f"{download.path} stays in the image, {why}{told_size}",
            line=download.step.line,
            waste=waste,
            evidence=[shown(download.path, path=path, size=waste, layer=case.layer_of(download.step))],
        )
    if case.contents is not None:
        archives = [
            held
            for folder in _TEMPORARY
            for held in case.contents.own_under(folder)
            if ARCHIVE.search(held.path) and held.path not in told
        ]
        size = sum(held.size for held in archives)
        if size >= NOTEWORTHY:
            yield case.found(
                rule,
                f"archives stay in temporary folders: {format_size(size)}",
                line=case.line_of(archives[0].layer),
                waste=size,
                evidence=files_shown(archives),
            )


def _remote(rule: Rule, case: Case) -> Iterator[Finding]:
    for step, copy in case.copies:
        for source in copy.remote:
            name = re.split(r"[?#]", source)[0]
            if not ARCHIVE.search(name):
                continue
            layer = case.layer_of(step)
            image = case.subject.image
            waste = image.layers[layer].size if image is not None and layer is not None else None
            if waste is not None and waste < NOTEWORTHY:
                continue
            yield case.found(
                rule,
                f"ADD fetches {posixpath.basename(name)}, and unpacks nothing that it fetches",
                line=step.line,
                waste=waste,
                evidence=[shown(source)],
            )


DOWNLOADS = (
    Rule(
        id="temp-archive-kept",
        severity=Severity.MEDIUM,
        title="An archive or installer stays after it was used",
        why="What was unpacked or installed is in the image already; the archive it came in is a second copy.",
        how="Delete it in the `RUN` that fetches it, pipe it into `tar`, or mount it (`RUN --mount=type=bind`).",
        bad="FROM debian:13-slim\nRUN curl -fsSLO https://example.org/tool.tar.gz && tar -xzf tool.tar.gz -C /opt\n",
        good="FROM debian:13-slim\nRUN curl -fsSL https://example.org/tool.tar.gz | tar -xz -C /opt\n",
        examine=_kept,
        others=("hadolint DL3010",),
    ),
    Rule(
        id="add-remote-archive",
        severity=Severity.LOW,
        title="ADD fetches an archive or installer",
        why="ADD unpacks local archives only: one that it fetches is a layer of its own, and stays in the image after "
        "a later instruction has unpacked or deleted it.",
        how="Fetch, unpack and delete in one `RUN`, or ADD it in another stage, with `--checksum`.",
        bad="FROM debian:13-slim\nADD https://example.org/tool.tar.gz /tmp/\nRUN tar -xzf /tmp/tool.tar.gz -C /opt\n",
        good="FROM debian:13-slim\nRUN curl -fsSL https://example.org/tool.tar.gz | tar -xz -C /opt\n",
        examine=_remote,
        others=("hadolint DL3020",),
    ),
)
