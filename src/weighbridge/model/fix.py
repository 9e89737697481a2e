"""A smaller Dockerfile that is proposed, and what was done to be believed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from weighbridge.model.image import PackedSize


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEdit:
    """One file of the repository before and after; None where it is not there. Texts keep their line ends."""

    path: str
    before: str | None
    after: str | None


class Family(StrEnum):
    """What kind of change a candidate is. Of each family at most one proven candidate is kept: the smallest.

    BASE ones are no proposals: a program on some base, each tried for its own sake.
    """

    IN_PLACE = "in-place"
    SLIMMER_BASE = "slimmer-base"
    MULTI_STAGE = "multi-stage"
    BUILDER_PATTERN = "builder-pattern"
    BASE = "base"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A change that might make the image smaller; nothing is known of it until it has climbed the ladder.

    `strategy` names it for people and tests (`go/scratch`). `title` is one line: what it does. `rules` are the findings
    that it answers. `dockerfile` is the path to build from afterwards, `dockerfile_text` and `ignore_text` (None: as it
    is) what BuildKit gets; `edits` everything that changes in the repository. `may_change` names the parts of the
    configuration that it means to change (`environment.GOPATH`, `labels`). `costs` are what it takes away, in a
    sentence each.
    """

    strategy: str
    family: Family
    title: str
    rules: tuple[str, ...]
    dockerfile: str
    dockerfile_text: str
    edits: tuple[FileEdit, ...]
    ignore_text: str | None = None
    target: str | None = None
    may_change: frozenset[str] = frozenset()
    costs: tuple[str, ...] = ()


class GapKind(StrEnum):
    """What kind of thing a program would miss."""

    COMMAND = "command"
    LOADER = "loader"
    LIBRARY = "library"
    VERSION = "version"
    MACHINE = "machine"
    INTERPRETER = "interpreter"
    SHELL = "shell"
    HEALTH_TOOL = "health-tool"
    PROGRAM = "program"
    USER = "user"
    DIRECTORY = "directory"
    PERMISSION = "permission"
    CERTIFICATES = "certificates"
    TIME_ZONES = "time-zones"
    LOCALE = "locale"
    TEMPORARY = "temporary"
    FILE = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """One thing that the original's file system gives and the candidate's lacks: why it does not close.

    `by` is who asks (a path with a leading slash, or `USER`, `HEALTHCHECK`, …), `wanted` what for: a library's name, a
    command's, a path. `source` is where the original has it (no leading slash, the file itself, links followed), None
    where it has no single place. `text` is one line of plain text.
    """

    kind: GapKind
    by: str
    wanted: str
    text: str
    source: str | None = None


class Step(StrEnum):
    """The rungs of the ladder, in order."""

    BUILD = "build"
    CONFIGURATION = "configuration"
    CLOSURE = "closure"
    BEHAVIOUR = "behaviour"
    SIZE = "size"


class Outcome(StrEnum):
    """What came of one step."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One step's outcome. `details` are lines of plain text, the most telling first, not escaped for any output."""

    step: Step
    outcome: Outcome
    details: tuple[str, ...] = ()


class ProofStatus(StrEnum):
    """What may be claimed of a candidate. Savings are told for VERIFIED alone."""

    VERIFIED = "verified"
    REJECTED = "rejected"
    UNVERIFIABLE = "unverifiable"
    NOT_RUN = "not-run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """What an attacker finds in an image: counts, and the names of shells and package managers."""

    packages: int
    executables: int
    setuid: int
    shells: tuple[str, ...]
    package_managers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """How far a candidate climbed. Sizes are unpacked bytes; None where it was not built.

    `reason` is one line: why it was rejected or could not be verified, empty for a verified one. `before` is the
    original's surface.
    """

    status: ProofStatus
    reason: str = ""
    checks: tuple[Check, ...] = ()
    original_size: int | None = None
    size: int | None = None
    packed: PackedSize | None = None
    before: Surface | None = None
    after: Surface | None = None
    seconds: float | None = None

    @property
    def saved(self) -> int | None:
        """Unpacked bytes that the fix takes away; None unless it is verified."""
        if self.status is not ProofStatus.VERIFIED or self.original_size is None or self.size is None:
            return None
        return self.original_size - self.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """A candidate with its proof. `patch` is a unified diff of its edits."""

    candidate: Candidate
    patch: str
    proof: Proof
