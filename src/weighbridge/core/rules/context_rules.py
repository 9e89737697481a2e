"""What a COPY of the build context brings that the image does not need."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING

from weighbridge.core.rendering.units import format_size
from weighbridge.core.rules.builds import builds, fetches, installs_itself, program_of
from weighbridge.core.rules.case import NOTEWORTHY, command_shown, files_shown, shown
from weighbridge.core.rules.contents import by_layer
from weighbridge.core.rules.path_pattern import paths
from weighbridge.core.rules.removal import covers
from weighbridge.core.rules.rule import Rule
from weighbridge.core.rules.vcs import asks_git
from weighbridge.model.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weighbridge.core.rules.case import Case
    from weighbridge.core.rules.replay import Copy, Step
    from weighbridge.model.image import SourceLine

_CLUTTER = paths(
    r"(?:^|/)(?:\.git|\.hg|\.svn|\.idea|\.vscode|\.vs|\.github|\.gitlab|\.circleci|__pycache__|\.pytest_cache"
    r"|\.mypy_cache|\.ruff_cache|\.tox|\.nox|\.coverage|htmlcov|\.nyc_output|\.terraform|\.vagrant|\.DS_Store"
    r"|npm-debug\.log|yarn-error\.log)(?:/|$)",
    ".git", ".hg", ".svn", ".idea", ".vs", ".circleci", "__pycache__", "_cache", ".tox", ".nox", ".coverage", "htmlcov",
    ".nyc_output", ".terraform", ".vagrant", ".DS_Store", "npm-debug.log", "yarn-error.log",
)  # fmt: skip
_CLUTTER_NEEDED = re.compile(r"^usr/(?:local/)?lib/")
"""Where `__pycache__` is what an interpreter starts faster with."""

_SOURCES = paths(
    r"\.(?:go|rs|c|cc|cpp|cxx|h|hh|hpp|java|kt|scala|cs|fs|vb|swift|hs|zig|ts|tsx|jsx|vue|scss|svelte)$",
    ".go", ".rs", ".c", ".h", ".java", ".k", ".s", ".fs", ".v", ".z", ".t", ".jsx",
)  # fmt: skip
_BUNDLERS = re.compile(
    r"\b(?:webpack|vite|rollup|esbuild|parcel|react-scripts|ng build|next build|gulp|tsc\b(?! --noEmit))"
)


def _no_ignore(rule: Rule, case: Case) -> Iterator[Finding]:
    context = case.subject.context
    if context is None or (context.ignore or "").strip():
        return
    for step, copy in case.copies:
        if copy.whole_context:
            what = "is empty" if context.ignore is not None else "does not exist"
            size = sum(context.sizes.values())
            asking = asks_git(case)
            yield case.found(
                rule,
                f"all of the context ({format_size(size)}) is copied, and {context.ignore_path} {what}",
                line=step.line,
                evidence=[
                    shown(context.ignore_path),
                    *([shown(f"`.git` may not be in it: the build asks for `{asking}`")] if asking else []),
                ],
            )
            return


def _clutter(rule: Rule, case: Case) -> Iterator[Finding]:
    if case.contents is not None:
        matching = case.contents.matching(_CLUTTER)
        files = [held for held in matching if not _CLUTTER_NEEDED.match(held.path) and not _installed(held.path)]
        for layer, inside in by_layer(files).items():
            size = sum(held.size for held in inside)
            if size >= NOTEWORTHY:
                names = ", ".join(dict.fromkeys(_name(held.path) for held in inside[:200]))
                yield case.found(
                    rule,
                    f"{names} of the build context in the image: {format_size(size)}",
                    line=_copied_by(case, inside[0].path) or case.line_of(layer),
                    waste=size,
                    evidence=files_shown(inside),
                )
        return
    context = case.subject.context
    step = next((step for step, copy in case.copies if copy.whole_context), None)
    if context is None or step is None:
        return
    found: Counter[str] = Counter()
    for path, size in context.sizes.items():
        if _CLUTTER.search(path):
            found[_name(path)] += size
    if sum(found.values()) >= NOTEWORTHY:
        yield case.found(
            rule,
            f"{', '.join(sorted(found))} of the build context are copied into the image",
            line=step.line,
            evidence=[shown(f"{name} ({format_size(size)})", size=size) for name, size in found.most_common(6)],
        )


def _copied_by(case: Case, path: str) -> SourceLine | None:
    """The COPY that brought a file, also where a later instruction changed its owner."""
    for step, copy in case.copies:
        if copy.source is None and (copy.target == "/" or covers(copy.target, f"/{path}")):
            return step.line
    return None


def _installed(path: str) -> bool:
    return "/site-packages/" in path or "/dist-packages/" in path or "/node_modules/" in path


def _name(path: str) -> str:
    found = _CLUTTER.search(path)
    return found[0].strip("/") if found else path


def _before_dependencies(rule: Rule, case: Case) -> Iterator[Finding]:
    """Everything copied, and only then the dependencies fetched: each change of a source file fetches them again."""
    copied: Step | None = None
    for step in case.steps:
        fetching = next((call for call in step.calls if fetches(call)), None)
        if step.copy is not None and step.copy.whole_context:
            copied = copied or step
        elif fetching is not None:
            if copied is not None:
                yield case.found(
                    rule,
                    f"all sources are copied before `{' '.join(program_of(fetching)[:1])}` fetches the dependencies in "
                    f"line {step.line.start}",
                    line=copied.line,
                    evidence=[command_shown(fetching)],
                )
            # What is fetched before everything is copied is in the cache; what comes then is the program's own build.
            return


def _sources(rule: Rule, case: Case) -> Iterator[Finding]:
    copied = [(step, copy) for step, copy in case.copies if copy.source is None and _is_tree(case, copy)]
    built = next(((step, copy) for step, copy in copied if _is_built(case, step, copy)), None)
    if case.contents is None:
        if built is not None:
            yield case.found(
                rule, "the sources stay in the final image, which runs what was built of them", line=built[0].line
            )
        return
    if built is None and not copied:
        return
    folders = [copy.target.strip("/") for _, copy in copied]
    files = [
        held
        for held in case.contents.matching(_SOURCES)
        if any(not folder or held.path.startswith(f"{folder}/") for folder in folders) and not _installed(held.path)
    ]
    size = sum(held.size for held in files)
    if built is not None and size >= NOTEWORTHY:
        yield case.found(
            rule,
            f"{len(files)} source files stay in the final image: {format_size(size)}",
            line=built[0].line,
            waste=size,
            evidence=files_shown(files),
        )


def _is_tree(case: Case, copy: Copy) -> bool:
    """Whether it copies a folder, as far as the Dockerfile and the context tell."""
    if copy.whole_context:
        return True
    context = case.subject.context
    if context is None:
        return any("." not in source.rstrip("/").rpartition("/")[2] for source in copy.sources)
    return any(
        any(path.startswith(f"{source.strip('./')}/") for path in context.sizes)
        for source in copy.sources
        if source.strip("./")
    )


def _is_built(case: Case, step: Step, copy: Copy) -> bool:
    """Whether something is built of what was copied, so that the copy itself is no longer needed."""
    for later, call in case.calls:
        if later.number < step.number:
            continue
        places = [call.folder or "", *(path for word in call.argv[1:] if (path := _existing(call.path(word))))]
        inside = any(covers(copy.target, place) or place == copy.target for place in places if place)
        if (builds(call) or installs_itself(call)) and (inside or copy.target == "/"):
            return True
    return _is_bundled(case, copy)


def _existing(path: str | None) -> str:
    return path if path is not None and path != "/" else ""


def _is_bundled(case: Case, copy: Copy) -> bool:
    """Whether a Node project's own script makes a bundle of its sources, on the machine that holds the context."""
    context = case.subject.context
    if context is None or not copy.whole_context or case.base.name != "node":
        return False
    scripts = _scripts(context.texts.get("package.json", ""))
    return any(_BUNDLERS.search(scripts.get(name, "")) for name in ("build", "prepublish", "prepublishOnly", "prepare"))


def _scripts(text: str) -> dict[str, str]:
    try:
        scripts = json.loads(text).get("scripts", {})
    except (ValueError, AttributeError, RecursionError):
        return {}
    if not isinstance(scripts, dict):
        return {}
    return {name: value for name, value in scripts.items() if isinstance(value, str)}


def _whole_stage(rule: Rule, case: Case) -> Iterator[Finding]:
    for step, copy in case.copies:
        if copy.source is None or copy.target != "/" or not any(source.rstrip("/") == "" for source in copy.sources):
            continue
        yield case.found(rule, f"all of {copy.source} is copied, and not what was built there", line=step.line)


CONTEXT = (
    Rule(
        id="no-dockerignore",
        severity=Severity.MEDIUM,
        title="All of the context is copied, and there is no .dockerignore",
        why="`COPY . .` copies what lies beside the sources too: the history, `node_modules`, results of local builds, "
        "secrets. Each change of any of it makes all later layers anew.",
        how="Write a `.dockerignore`: `.git`, unless the build asks it for a version, and whatever a build makes. Or "
        "copy by name what the image needs.",
        bad="FROM node:24-slim\nCOPY . /app\n",
        good="FROM node:24-slim\nCOPY package.json server.js /app/\n",
        examine=_no_ignore,
        others=("mint ID.10001", "dockle DKL-LI-0003"),
    ),
    Rule(
        id="context-clutter",
        severity=Severity.MEDIUM,
        title="History, editor and tool folders are in the image",
        why="`.git` alone is often larger than the program, and holds all that ever was committed. No container needs "
        "it, an editor's folder, or a tool's cache.",
        how="Name them in `.dockerignore`. Where the build asks `git` for a version, hand the version in as a build "
        "argument, or mount `.git` for that `RUN`.",
        bad="FROM debian:13-slim\nCOPY . /app\n",
        good="FROM debian:13-slim\nCOPY src /app/src\n",
        examine=_clutter,
        others=("mint ID.10001",),
    ),
    Rule(
        id="copy-all-before-deps",
        severity=Severity.LOW,
        title="Everything is copied before the dependencies are fetched",
        why="The layer of the dependencies is made anew whenever any file of the context changes. It costs time and "
        "the bytes that every machine pulls again, not the size of one image.",
        how="Copy the lock files first, fetch, and then copy the rest; or bind them for that `RUN` alone.",
        bad="FROM node:24-slim\nWORKDIR /app\nCOPY . .\nRUN npm ci --omit=dev && npm cache clean --force\n",
        good="FROM node:24-slim\nWORKDIR /app\nCOPY package.json package-lock.json ./\n"
        "RUN npm ci --omit=dev && npm cache clean --force\nCOPY . .\n",
        examine=_before_dependencies,
    ),
    Rule(
        id="source-in-final",
        severity=Severity.MEDIUM,
        title="The sources stay beside what was built of them",
        why="A compiled program, a bundle or an installed package runs without the files that it was made of.",
        how="Build in another stage and copy the result; or bind the sources for the `RUN` that installs them.",
        bad="FROM python:3.13-slim\nCOPY . /src\nRUN pip install --no-cache-dir /src\n",
        good="FROM python:3.13-slim\nRUN --mount=type=bind,target=/src,rw pip install --no-cache-dir /src\n",
        examine=_sources,
    ),
    Rule(
        id="copy-whole-stage",
        severity=Severity.HIGH,
        title="A whole stage is copied",
        why="`COPY --from=build / /` brings the toolchain of the stage along, which was to be left behind.",
        how="Copy what was built, by name.",
        bad="FROM golang:1.26 AS build\nRUN go install example.org/app@latest\nFROM debian:13-slim\n"
        "COPY --from=build / /\n",
        good="FROM golang:1.26 AS build\nRUN go install example.org/app@latest\nFROM debian:13-slim\n"
        "COPY --from=build /go/bin/app /usr/local/bin/\n",
        examine=_whole_stage,
        others=("hadolint DL3067",),
    ),
)
