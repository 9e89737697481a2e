"""Upload tokens: shown once, kept as a digest, for a repository or an owner's, revocable."""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from weighbridge.errors import UsageError
from weighbridge.service.sender import Sender
from weighbridge.service.tables import UploadToken
from weighbridge.service.values import seconds

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

PREFIX = "wbu_"
"""Tells secret scanners, and people, what it is."""
SCOPE = re.compile(r"\*|[A-Za-z0-9_.-]{1,100}/(\*|[A-Za-z0-9_.-]{1,100})")
_USED_EVERY = 3600


def issue(session: Session, name: str, scope: str, now: datetime) -> str:
    """A new token. Raises UsageError for a scope that makes no sense, or a name that is taken."""
    if not SCOPE.fullmatch(scope):
        raise UsageError(f"scope must be owner/name, owner/* or *, not {scope[:100]!r}")
    if session.scalar(select(UploadToken.id).filter_by(name=name)) is not None:
        raise UsageError(f"there is a token {name!r} already: revoke it, or choose another name")
    token = PREFIX + secrets.token_urlsafe(32)
    session.add(UploadToken(name=name, digest=_digest(token), scope=scope, created=seconds(now)))
    return token


def revoke(session: Session, name: str, now: datetime) -> None:
    """Ends a token. Raises UsageError where there is none."""
    done = session.execute(update(UploadToken).where(UploadToken.name == name).values(revoked=seconds(now)))
    if not getattr(done, "rowcount", 0):
        raise UsageError(f"no token {name!r}")


def sender_of(session: Session, token: str) -> Sender | None:
    """Who holds a token; None for one that there is not, or no longer."""
    if not token.startswith(PREFIX):
        return None
    # Looked up by its digest: how long that takes tells nothing about tokens that there are.
    found = session.scalars(select(UploadToken).filter_by(digest=_digest(token), revoked=None)).one_or_none()
    return None if found is None else Sender(actor=f"token:{found.name}", scope=found.scope)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
