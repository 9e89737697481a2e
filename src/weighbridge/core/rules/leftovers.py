"""Files that no running program opens: debug information, documentation, logs, and what an accident made large."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from weighbridge.core.names import clipped_path
from weighbridge.core.rendering.units import format_size
from weighbridge.core.rules.case import NOTEWORTHY, command_shown, files_shown, shown
from weighbridge.core.rules.contents import by_layer
from weighbridge.core.rules.path_pattern import paths
from weighbridge.core.rules.rule import Examine, Rule
from weighbridge.core.rules.toolchains import compiles
from weighbridge.model.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weighbridge.core.rules.case import Case
    from weighbridge.core.rules.path_pattern import PathPattern

_DOCUMENTS = paths(
    r"^usr/(?:local/)?share/(?:doc|man|info|locale|i18n|help|gtk-doc)/(?!.*/copyright$).",
    "usr/share/",
    "usr/local/share/",
)
_STATIC = paths(r"\.(?:a|la|o)$", ".a", ".la", ".o")
_MAPS = paths(r"\.(?:js|css|mjs|cjs)\.map$", "s.map")
_LOGS = paths(
    r"^var/log/.|^var/lib/dpkg/.+-old$|^var/cache/debconf/.+-old$|^var/lib/rpm/__db\.|(?:^|/)npm-debug\.log$",
    "var/log/",
    "-old",
    "var/lib/rpm/__db.",
    "npm-debug.log",
)
_HIGH_UID = 60_000
_WORTH_READING = 500_000
"""Bytes of documentation below which no one would change a Dockerfile."""


def _of_files(pattern: PathPattern, what: str, least: int) -> Examine:
    return partial(_files, pattern, what, least)


def _files(pattern: PathPattern, what: str, least: int, rule: Rule, case: Case) -> Iterator[Finding]:
    """One finding for each layer of one's own that holds enough of some kind of file."""
    if case.contents is None:
        return
    for layer, files in by_layer(case.contents.matching(pattern)).items():
        size = sum(held.size for held in files)
        if size >= least:
            yield case.found(
                rule,
                f"{what} in the image: {format_size(size)} in {len(files)} file{'s' if len(files) > 1 else ''}",
                line=case.line_of(layer),
                waste=size,
                evidence=files_shown(files),
            )


def _static_libraries(rule: Rule, case: Case) -> Iterator[Finding]:
    """Those of an image that compiles are told with its compiler."""
    found = list(_files(_STATIC, "static libraries and object files", 2 * NOTEWORTHY, rule, case))
    if found and case.contents is not None and not compiles(case.contents):
        yield from found


def _unstripped(rule: Rule, case: Case) -> Iterator[Finding]:
    programs, contents = case.subject.programs, case.contents
    if programs is None or contents is None:
        return
    found = [
        (held, elf.debug_bytes)
        for path, elf in programs.elves.items()
        if not elf.stripped and elf.debug_bytes and (held := contents.own_file(path)) is not None
    ]
    found.sort(key=lambda row: (-row[1], row[0].path))
    size = sum(extra for _, extra in found)
    if size >= NOTEWORTHY:
        yield case.found(
            rule,
            f"{len(found)} ELF file{'s' if len(found) > 1 else ''} hold {format_size(size)} of debug information",
            line=case.line_of(found[0][0].layer),
            waste=size,
            evidence=[
                shown(
                    f"{clipped_path(held.path, 90)} ({format_size(extra)})",
                    path=held.path,
                    size=extra,
                    layer=held.layer,
                )
                for held, extra in found
            ],
        )


def _sparse(rule: Rule, case: Case) -> Iterator[Finding]:
    """A user with a high number makes lastlog and faillog that many records long, and a layer holds every byte."""
    if case.contents is not None:
        found = map(case.contents.own_file, ("var/log/faillog", "var/log/lastlog"))
        files = [held for held in found if held is not None]
        size = sum(held.size for held in files)
        if size >= NOTEWORTHY:
            yield case.found(
                rule,
                f"a user with a high number made {' and '.join(f'/{held.path}' for held in files)} {format_size(size)}",
                line=case.line_of(files[-1].layer),
                waste=size,
                evidence=files_shown(files),
            )
        return
    for step, call in case.calls:
        numbers = re.findall(r"(?:-u|--uid)[= ](\d+)", " ".join(call.argv))
        logged = call.program == "useradd" and not call.has("-l", "--no-log-init")
        if logged and numbers and int(numbers[0][:12]) >= _HIGH_UID:
            yield case.found(
                rule,
                f"`useradd` with the number {numbers[0]} makes a large lastlog",
                line=step.line,
                evidence=[command_shown(call)],
            )


LEFTOVERS = (
    Rule(
        id="unstripped-binaries",
        severity=Severity.MEDIUM,
        title="Programs hold symbols and debug information",
        why="Symbol tables and debug sections are read by a debugger alone; they can be half of a program.",
        how="Strip in the build stage: `strip`, `-ldflags='-s -w'` for Go, `strip = true` in Cargo's profile.",
        bad="FROM debian:13-slim\nCOPY server /usr/local/bin/\n",
        good="FROM debian:13 AS build\nCOPY server /\nRUN strip /server\nFROM debian:13-slim\n"
        "COPY --from=build /server /usr/local/bin/\n",
        examine=_unstripped,
        needs_image=True,
    ),
    Rule(
        id="static-libraries",
        severity=Severity.LOW,
        title="Static libraries and object files are in the image",
        why="Archives (`.a`), libtool files (`.la`) and objects (`.o`) are for linking, not for running.",
        how="Copy what runs out of a build stage, or delete them in the `RUN` that installs them.",
        bad="FROM debian:13-slim\nRUN make install\n",
        good="FROM debian:13-slim\nRUN make install && rm -f /usr/local/lib/*.a /usr/local/lib/*.la\n",
        examine=_static_libraries,
        needs_image=True,
    ),
    Rule(
        id="source-maps",
        severity=Severity.LOW,
        title="Source maps are in the image",
        why="Browsers read them only with the developer tools open, and they give the sources away.",
        how="Switch them off for production, or leave them out when the bundle is copied.",
        bad="FROM nginx:1.29-alpine\nCOPY dist /usr/share/nginx/html\n",
        good="FROM nginx:1.29-alpine\nCOPY --exclude=**/*.map dist /usr/share/nginx/html\n",
        examine=_of_files(_MAPS, "source maps", 2 * NOTEWORTHY),
        needs_image=True,
    ),
    Rule(
        id="docs-in-final",
        severity=Severity.LOW,
        title="Documentation and translations are in the image",
        why="Manual pages, documents and message catalogues of packages are for people at a terminal.",
        how="Use a slim base, which leaves them out by dpkg's configuration, or delete them in the `RUN` that "
        "installs. Copyright files stay.",
        bad="FROM debian:13\nRUN apt-get update && apt-get install -y --no-install-recommends nginx \\\n"
        " && rm -rf /var/lib/apt/lists/*\n",
        good="FROM debian:13-slim\nRUN apt-get update && apt-get install -y --no-install-recommends nginx \\\n"
        " && rm -rf /var/lib/apt/lists/*\n",
        examine=_of_files(_DOCUMENTS, "documentation and translations", _WORTH_READING),
        needs_image=True,
    ),
    Rule(
        id="logs-kept",
        severity=Severity.LOW,
        title="Logs and old databases are in the image",
        why="The logs of the build, and the `-old` copies of package databases, tell a container nothing.",
        how="Delete them in the same `RUN`: `rm -rf /var/log/* /var/lib/dpkg/*-old /var/cache/debconf/*-old`.",
        bad="FROM debian:13-slim\nRUN apt-get update && apt-get install -y --no-install-recommends nginx \\\n"
        " && rm -rf /var/lib/apt/lists/*\n",
        good="FROM debian:13-slim\nRUN apt-get update && apt-get install -y --no-install-recommends nginx \\\n"
        " && rm -rf /var/lib/apt/lists/* /var/log/* /var/cache/debconf/*-old\n",
        examine=_of_files(_LOGS, "logs and old databases", NOTEWORTHY),
        needs_image=True,
    ),
    Rule(
        id="sparse-lastlog",
        severity=Severity.MEDIUM,
        title="A user with a high number makes a huge log file",
        why="`lastlog` and `faillog` have a record for every number up to the user's. The file is sparse on a disk, "
        "and a layer holds all of it.",
        how="Write `useradd --no-log-init` (`-l`), or give the user a smaller number.",
        bad="FROM debian:13-slim\nRUN useradd --uid 1000000 app\n",
        good="FROM debian:13-slim\nRUN useradd --no-log-init --uid 1000000 app\n",
        examine=_sparse,
        others=("hadolint DL3046",),
    ),
)
