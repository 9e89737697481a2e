"""A pull request that proposes a fix: how it is known again, and what its branch is called."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from weighbridge.core.marker import key_of, payload_of

if TYPE_CHECKING:
    from weighbridge.model.fix import Fix
    from weighbridge.model.report import ImageReport

_KIND = "fix"
_UNFIT = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What the marker of a proposal carries.

    `scope` is the image, `content` what changes in which files, `commit` what we put on the branch: where that is not
    its tip any more, somebody else has worked on it.
    """

    scope: str
    content: str
    commit: str

    @property
    def payload(self) -> str:
        """As it stands in the marker."""
        return f"{_KIND} {self.scope} {self.content} {self.commit}"


def identity_of(body: str, key: str) -> Identity | None:
    """What a pull request's body says of itself; None for one that is not ours."""
    match (payload_of(body) or "").split(" "):
        case [kind, scope, content, commit] if kind == _KIND and key_of(body) == key:
            return Identity(scope=scope, content=content, commit=commit)
    return None


def scope_of(image: ImageReport) -> str:
    """An image has one proposal at a time, whatever its platforms."""
    return _digest([image.name, image.dockerfile])[:12]


def content_of(fix: Fix) -> str:
    """A digest of what the fix makes of which files: the same fix of the same files has the same one."""
    return _digest([asdict(edit) for edit in fix.candidate.edits])[:16]


def branch_of(image: ImageReport, content: str) -> str:
    """The branch of a proposal, by its content: who closed it is not asked the same again."""
    name = _UNFIT.sub("-", image.name).strip("-")[:60]
    return f"weighbridge/fix-{name}-{content}"


def blob_id(text: str) -> str:
    """git's ID of a file's content (SHA-1 repositories, which all of GitHub's are)."""
    data = text.encode("utf-8", "surrogatepass")
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=True).encode()).hexdigest()
