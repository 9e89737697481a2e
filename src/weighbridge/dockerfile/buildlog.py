"""What a builder's log says of a failure: the line of the Dockerfile, and the reason in one line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# The excerpt that BuildKit prints: `   7 | >>> RUN make`.
_MARKED = re.compile(r"^\s*(\d{1,7}) \| >>> ")
_PARSE_ERROR = re.compile(r"\b(?:parse error|error) on line (\d{1,7})\b")
_ERROR = re.compile(r"^(?:#\d+ )?ERROR: (?:failed to build: )?(?:failed to solve: )?(.*)$")
# What BuildKit says around the cause: names of its own, which differ from run to run.
_AROUND = re.compile(
    r"^failed to compute cache key: (?:failed to calculate checksum of ref \S+: )?"
    r"|^dockerfile parse error on line \d{1,7}: "
)
_ABSENT = re.compile(r'^"(.{1,400})": not found$')
_EXIT = re.compile(r'^process "(?:/bin/sh -c )?(.*)" did not complete successfully: exit code: (\d+)')
_FOREIGN = "exec format error"
_UNREACHABLE = (
    "cannot connect to the docker daemon",
    "permission denied while trying to connect",
    "failed to connect to the docker api",
    "no builder",
    "is the docker daemon running",
)
_NO_BUILDX = "buildx component is missing"
_MAX_REASON = 300
_MAX_COMMAND = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """`line` is 1-based, None where the log names none; `malformed`: the Dockerfile itself was refused.

    `engine`: none answered. `no_buildx`: the docker client builds with a plugin that is not installed.
    """

    reason: str
    line: int | None
    malformed: bool = False
    engine: bool = False
    no_buildx: bool = False


def failure(lines: Sequence[str]) -> Failure:
    """Reads the last lines of a failed build's log."""
    reason = next((found[1] for text in reversed(lines) if (found := _ERROR.match(text))), "")
    parse = _PARSE_ERROR.search(reason)
    line = int(parse[1]) if parse else _marked_line(lines)
    lowered = " ".join(lines[-5:]).lower() if not reason else reason.lower()
    return Failure(
        reason=_in_words(reason, foreign=any(text.endswith(_FOREIGN) for text in lines))
        or "the builder ended without a word",
        line=line,
        malformed=parse is not None or "dockerfile parse error" in lowered,
        engine=any(sign in lowered for sign in _UNREACHABLE),
        no_buildx=_NO_BUILDX in lowered,
    )


def _marked_line(lines: Sequence[str]) -> int | None:
    """The first marked line of the last excerpt: what a step printed before may look like one."""
    marked = None
    for text in reversed(lines):
        found = _MARKED.match(text)
        if found:
            marked = int(found[1])
        elif marked is not None:
            break
    return marked


def _in_words(reason: str, *, foreign: bool) -> str:
    ended = _EXIT.match(reason)
    if ended:
        command = " ".join(ended[1].split())
        shown = command if len(command) <= _MAX_COMMAND else command[: _MAX_COMMAND - 1] + "…"
        if foreign:
            return f"`{shown}` is of a platform that can't be run here: set up emulation (docker/setup-qemu-action)"
        return f"`{shown}` ended with exit status {ended[2]}"
    cause = _AROUND.sub("", " ".join(reason.split()))
    absent = _ABSENT.match(cause)
    return f"{absent[1]} is not in the build context or stage"[:_MAX_REASON] if absent else cause[:_MAX_REASON]
