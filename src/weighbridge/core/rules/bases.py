"""The base image: fat, unsupported, or not named by a version."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from weighbridge.core.rendering.units import format_size
from weighbridge.core.rules.base import ended
from weighbridge.core.rules.case import shown
from weighbridge.core.rules.rule import Rule
from weighbridge.model.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weighbridge.core.rules.base import Base
    from weighbridge.core.rules.case import Case

_VERSION = re.compile(r"v?\d+(?:\.\d+)*")
_NAMED_RELEASES = frozenset({"debian", "ubuntu"})
_UNVERSIONED = ("gcr.io/distroless/", "cgr.dev/chainguard/")
"""Publishers that give no versions in tags; their way to pin is the digest."""


def _fat(rule: Rule, case: Case) -> Iterator[Finding]:
    base = case.base
    if base.slim or not base.family.slimmer:
        return
    evidence = []
    image = case.subject.image
    if image is not None and any(layer.from_base for layer in image.layers):
        size = sum(layer.size for layer in image.layers if layer.from_base)
        evidence.append(shown(f"the base image holds {format_size(size)}", size=size))
    # What a smaller base would save is only known once something was built on it.
    suffixes = " or ".join(f"`{suffix}`" for suffix in base.family.slimmer)
    yield case.found(rule, f"{base.reference} has smaller variants: {suffixes}", line=case.base_line, evidence=evidence)


def _ended(rule: Rule, case: Case) -> Iterator[Finding]:
    end = ended(case.base, case.config.today)
    if end is not None:
        yield case.found(rule, f"{end.what}: no security fixes since {end.since.isoformat()}", line=case.base_line)


def _unpinned(rule: Rule, case: Case) -> Iterator[Finding]:
    base = case.base
    if not base.name or base.name == "scratch" or base.digest or "$" in base.reference or _pinned(base):
        return
    what = f"the tag `{base.tag}`" if base.tag else "no tag"
    yield case.found(
        rule, f"{base.name} is named by {what}: the next build may get another release", line=case.base_line
    )


def _pinned(base: Base) -> bool:
    if base.name.startswith(_UNVERSIONED):
        return True
    if base.tag is None or base.tag == "latest":
        return False
    if base.name in _NAMED_RELEASES and base.parts[0] not in ("stable", "latest", "rolling", "devel", "testing", "sid"):
        return True
    found = _VERSION.match(base.tag)
    if found is None:
        # Names of an image that nothing is known of may be versions of their own.
        return not base.known and base.name not in ("alpine", "busybox") and any(map(str.isdigit, base.tag))
    return found[0].count(".") + 1 >= base.family.pinned


BASES = (
    Rule(
        id="base-not-slim",
        severity=Severity.MEDIUM,
        title="The base image has a smaller variant",
        why="The tag without a suffix is made to build on: it brings compilers, headers and tools that a program "
        "which runs has no use for.",
        how="Use the `-slim` variant of the same version in the final stage: the C library stays the same. `-alpine` "
        "is smaller still, and has another C library.",
        bad='FROM python:3.13\nCOPY app.py /\nCMD ["python", "/app.py"]\n',
        good='FROM python:3.13-slim\nCOPY app.py /\nCMD ["python", "/app.py"]\n',
        examine=_fat,
        others=("parfum final-stage-slim",),
    ),
    Rule(
        id="eol-base",
        severity=Severity.MEDIUM,
        title="The base image gets no more security fixes",
        why="Its distribution or language has reached the end of its support, so every hole that is found from now on "
        "stays open. Packages of such a distribution move to an archive, and then it no longer builds.",
        how="Move to a supported release. The dates are those of the projects themselves; for Debian that of the "
        "long-term support, for Ubuntu that of the standard support.",
        bad='FROM ubuntu:18.04\nCOPY app /app\nCMD ["/app"]\n',
        good='FROM ubuntu:24.04\nCOPY app /app\nCMD ["/app"]\n',
        examine=_ended,
    ),
    Rule(
        id="unpinned-base",
        severity=Severity.LOW,
        title="The base image is not named by a version",
        why="`latest`, or a tag without enough of a version, is another image tomorrow: the build breaks, or the "
        "image grows, without a change in the repository.",
        how="Name the version up to where the project keeps its promises (`node:22`, `python:3.13`), or a digest.",
        bad='FROM alpine:latest\nCOPY app /app\nCMD ["/app"]\n',
        good='FROM alpine:3.22\nCOPY app /app\nCMD ["/app"]\n',
        examine=_unpinned,
        others=("hadolint DL3006", "hadolint DL3007", "trivy DS-0001"),
    ),
)
