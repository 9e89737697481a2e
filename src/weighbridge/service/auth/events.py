"""What GitHub's events tell: pull requests that close, repositories that become private, are renamed, or go.

https://docs.github.com/webhooks/webhook-events-and-payloads
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from weighbridge.model.record import COMMIT
from weighbridge.service.auth import audit
from weighbridge.service.auth.identity import aside, settle
from weighbridge.service.tables import Pull, Repository
from weighbridge.service.values import plain, seconds

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an event says of a repository. `pull` is number, whether it is open, its head's commit and when it changed
    (seconds); `was` the name before it was renamed."""

    github_id: int
    name: str
    private: bool
    default_branch: str | None = None
    was: str | None = None
    gone: bool = False
    pull: tuple[int, bool, str, int] | None = None


def told(event: str, payload: object) -> Told | None:
    """What concerns us of an event; None for one that does not."""
    repository = payload.get("repository") if isinstance(payload, dict) else None
    if not isinstance(payload, dict) or not isinstance(repository, dict):
        return None
    match repository:
        case {"id": int(number), "full_name": str(name), "private": bool(private)}:
            pass
        case _:
            return None
    if isinstance(number, bool) or not 0 < number < 1 << 62 or not _NAME.fullmatch(name):
        return None
    branch = repository.get("default_branch")
    action = payload.get("action")
    return Told(
        github_id=number,
        name=name,
        private=private or repository.get("visibility", "public") not in ("public", None),
        default_branch=plain(branch) if isinstance(branch, str) and branch else None,
        was=_former(name, payload.get("changes")) if event == "repository" else None,
        gone=event == "repository" and action == "deleted",
        pull=_pull(payload) if event == "pull_request" else None,
    )


def _former(name: str, changes: object) -> str | None:
    owner, _, short = name.partition("/")
    match changes:
        case {"repository": {"name": {"from": str(former)}}}:
            was = f"{owner}/{former}"
        case {"owner": {"from": {"user": {"login": str(former)}} | {"organization": {"login": str(former)}}}}:
            was = f"{former}/{short}"
        case _:
            return None
    return was if _NAME.fullmatch(was) else None


def _pull(payload: object) -> tuple[int, bool, str, int] | None:
    match payload:
        case {
            "pull_request": {
                "number": int(number),
                "state": "open" | "closed" as state,
                "head": {"sha": str(commit)},
                "updated_at": str(updated),
            }
        } if 0 < number < 1 << 31 and COMMIT.fullmatch(commit):
            pass
        case _:
            return None
    try:
        time = seconds(datetime.fromisoformat(updated))
    except (ValueError, OverflowError, OSError):
        return None
    return number, state == "open", commit, time


def heed(session: Session, what: Told, now: datetime) -> bool:
    """Writes down what was told; False where the repository never reported, so that nobody cares."""
    time = seconds(now)
    if what.was is not None:
        _rename(session, what)
    settle(session, what.name, what.github_id, time)
    row = session.scalars(select(Repository).filter_by(name=what.name)).one_or_none()
    if row is None:
        return False
    before = (row.private, row.default_branch, row.gone)
    row.private = what.private
    row.default_branch = what.default_branch or row.default_branch
    if what.gone:
        aside(row, time)
    if before != (row.private, row.default_branch, row.gone):
        detail = f"private {row.private}, default branch {row.default_branch}" + (", deleted" if what.gone else "")
        audit.note(session, now, "github", "repository.event", what.name, detail=detail)
    if what.pull is not None:
        _heed_pull(session, row.id, what.pull)
    return True


def _rename(session: Session, what: Told) -> None:
    """One that only ever reported by token is known by its name alone."""
    row = session.scalars(select(Repository).filter_by(name=what.was, github_id=None)).one_or_none()
    if row is not None and session.scalar(select(Repository.id).filter_by(name=what.name)) is None:
        row.name, row.github_id = what.name, what.github_id
        session.flush()


def _heed_pull(session: Session, repository_id: int, pull: tuple[int, bool, str, int]) -> None:
    """Only pull requests that reported. Events may come late, and out of order: the newest counts."""
    number, is_open, commit, updated = pull
    session.execute(
        update(Pull)
        .where(Pull.repository_id == repository_id, Pull.number == number, Pull.updated <= updated)
        .values(open=is_open, commit=commit, updated=updated)
    )
