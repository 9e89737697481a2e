"""Builder-pattern Dockerfiles: one that builds, a script that takes the result out, and one that copies it in."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge.core.rules.calls import Reader
from weighbridge.core.rules.case import shown
from weighbridge.core.rules.rule import Rule
from weighbridge.dockerfile.shell import read_script
from weighbridge.model.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from weighbridge.core.rules.calls import Call
    from weighbridge.core.rules.case import Case
    from weighbridge.model.subject import Subject

_ENGINES = frozenset({"docker", "podman", "nerdctl", "buildah"})
_SCRIPT_NAMES = re.compile(r"\.(?:sh|bash|mk)$|(?:^|/)(?:makefile|justfile|gnumakefile|[^./]+)$", re.IGNORECASE)
_RECIPE = re.compile(r"^\t[@-]*", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Glue:
    """A script that builds one image, copies files out of a container of it, and builds another image.

    `builder` and `target` are the two Dockerfiles and `builder_context` the first one's build context, relative to the
    repository; `copied` are pairs of a path in the builder's container and one of the machine. `scripts` are the files
    that do it, the one to start first.
    """

    scripts: tuple[str, ...]
    builder: str
    target: str
    copied: tuple[tuple[str, str], ...]
    builder_context: str = "."


def find_glue(subject: Subject) -> Glue | None:
    """The glue that makes what this subject's Dockerfile copies; None where no neighbour does."""
    for path, text in sorted(subject.neighbours.items()):
        if _SCRIPT_NAMES.search(path):
            glue = _glue_in(path, text, subject)
            if glue is not None:
                return glue
    return None


def _glue_in(path: str, text: str, subject: Subject) -> Glue | None:
    """The order tells who is who: first the builder is built, then something is taken out, then the target is built."""
    builder: tuple[str, str] | None = None
    copied: list[tuple[str, str]] = []
    scripts = {path: None}
    for call, script in _calls(path, text, subject.neighbours, ()):
        if call.program not in _ENGINES:
            continue
        scripts[script] = None
        pair, built = _copied(call), _built(call, script, subject)
        if pair is not None and builder is not None:
            copied.append(pair)
        elif built is not None and built[0] == subject.dockerfile.path and copied and builder is not None:
            return Glue(
                scripts=tuple(scripts),
                builder=builder[0],
                target=built[0],
                copied=tuple(copied),
                builder_context=builder[1],
            )
        elif built is not None and built[0] != subject.dockerfile.path and not copied:
            builder = built
    return None


def _calls(path: str, text: str, neighbours: Mapping[str, str], above: Sequence[str]) -> Iterator[tuple[Call, str]]:
    """The commands of a script and of the scripts beside it that it starts."""
    if path in above or len(above) > 3:
        return
    reader = Reader(environment={}, folder="/", script_text=lambda _: None)
    commands = read_script(_RECIPE.sub("", text) if path.lower().endswith(("makefile", ".mk")) else text).commands
    for call in reader.calls(commands):
        yield call, path
        started = next((word for word in call.argv if word.endswith((".sh", ".bash"))), None)
        if started is not None and call.program not in _ENGINES:
            beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), started.lstrip("/")))
            if beside in neighbours:
                yield from _calls(beside, neighbours[beside], neighbours, (*above, path))


def _copied(call: Call) -> tuple[str, str] | None:
    """What `docker cp CONTAINER:PATH DESTINATION` takes out."""
    words = [word for word in call.argv[1:] if not word.startswith("-") or word == "-"]
    if len(words) < 3 or words[0] not in ("cp", "container") or ":" not in words[-2]:
        return None
    return words[-2].partition(":")[2], words[-1]


def _built(call: Call, script: str, subject: Subject) -> tuple[str, str] | None:
    """The Dockerfile that `docker build` builds, and its context, relative to the repository."""
    words = list(call.argv[1:])
    if "build" not in words[:3]:
        return None
    folder = posixpath.dirname(script)
    file, context = "", "."
    rest = iter(words[words.index("build") + 1 :])
    for word in rest:
        if word in ("-f", "--file"):
            file = next(rest, "")
        elif word.startswith("--file="):
            file = word.partition("=")[2]
        elif word in ("-t", "--tag", "--build-arg", "--target", "--network", "--label", "--platform", "--name"):
            next(rest, None)
        elif not word.startswith("-"):
            context = word
    for base in (folder, ""):
        path = posixpath.normpath(posixpath.join(base, file or posixpath.join(context, "Dockerfile")))
        if path in subject.neighbours or path == subject.dockerfile.path:
            return path, posixpath.normpath(posixpath.join(base, context))
    return None


def _pattern(rule: Rule, case: Case) -> Iterator[Finding]:
    subject = case.subject
    if any(copy.source for _, copy in case.copies):
        return
    glue = find_glue(subject)
    if glue is None:
        return
    copies = [step for step, copy in case.copies if not copy.whole_context]
    line = copies[-1].line if copies else case.base_line
    yield case.found(
        rule,
        f"{glue.scripts[0]} takes what is copied here out of a container of {glue.builder}: one Dockerfile can do both",
        line=line,
        evidence=[shown(f"`docker cp` of {source} to {target}") for source, target in glue.copied],
    )


GLUE = (
    Rule(
        id="builder-pattern-glue",
        severity=Severity.MEDIUM,
        title="Two Dockerfiles and a script do what one multi-stage Dockerfile does",
        why="A script that builds one image, takes the program out of a container and builds another image needs a "
        "machine with all of it, leaves containers behind, and can't use the build's cache.",
        how="Make the first Dockerfile a stage of the second one, and the `docker cp` a `COPY --from`.",
        bad="# Beside it lie Dockerfile.build and a build.sh with `docker build -f Dockerfile.build`, `docker cp` and\n"
        "# `docker build`.\nFROM alpine:3.22\nCOPY app /app\nCMD [\"/app\"]\n",
        good="FROM golang:1.26 AS build\nWORKDIR /src\nCOPY . .\nRUN CGO_ENABLED=0 go build -o /app .\n"
        "FROM alpine:3.22\nCOPY --from=build /app /app\nCMD [\"/app\"]\n",
        examine=_pattern,
    ),
)  # fmt: skip
