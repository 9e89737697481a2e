"""What a request may read: the one place that narrows what sessions of the database find.

The gate (`auth/gate.py`) says for each request what its reader may read. Every session that reads within that request
finds only rows of those repositories, whatever is asked and wherever, so that no query can forget. Outside of requests
(jobs, the command line) nothing is narrowed.
"""

from __future__ import annotations

import contextlib
import functools
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import event, exists, false, func, or_, select
from sqlalchemy.orm import Session, with_loader_criteria

from weighbridge.service.auth.tables import RepositoryRight
from weighbridge.service.tables import Finding, Image, Package, Pull, Record, Report, Repository
from weighbridge.service.tables_details import LayerFiles

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import ColumnElement, FromClause
    from sqlalchemy.orm import ORMExecuteState, sessionmaker
    from sqlalchemy.sql.base import ExecutableOption


@dataclass(frozen=True, slots=True, kw_only=True)
class Readable:
    """Repositories that may be read: the `public` ones, the private ones that an account has the right to, and those in
    a `scope` (`owner/name`, `owner/*`). Nothing else."""

    public: bool = False
    account_id: int | None = None
    scope: str | None = None


NOTHING = Readable()
PUBLIC = Readable(public=True)

_limit: ContextVar[Readable | None] = ContextVar("readable", default=None)
"""None: everything."""


@contextlib.contextmanager
def only(readable: Readable | None) -> Iterator[None]:
    """Within the block, sessions that are opened find only what is readable; everything with None."""
    token = _limit.set(readable)
    try:
        yield
    finally:
        _limit.reset(token)


def everything() -> contextlib.AbstractContextManager[None]:
    """For a route whose address is itself the proof that it may be read, such as a badge's with a token in it."""
    return only(None)


def narrow(session: Session) -> None:
    """Makes a session find only what the request that it is opened in may read."""
    session.info[_limit] = _limit.get()


def listen(sessions: sessionmaker[Session]) -> None:
    """Makes sessions heed `narrow`."""
    event.listen(sessions, "do_orm_execute", _execute)


def _execute(state: ORMExecuteState) -> None:
    readable = state.session.info.get(_limit)
    if readable is not None and state.is_select:
        state.statement = state.statement.options(*_criteria(readable))


@functools.lru_cache(maxsize=1000)
def _criteria(readable: Readable) -> Sequence[ExecutableOption]:
    """For every table that tells of a repository. Lookups by key, so that lists keep the order of their index."""
    repository, image = Repository.__table__.alias("readable"), Image.__table__.alias("readable_image")
    allowed = _allowed(readable, repository)
    found: list[ExecutableOption] = [
        with_loader_criteria(Repository, _allowed(readable, Repository.__table__), include_aliases=True)
    ]
    for table in (Image, Report, Pull, LayerFiles):
        here = exists(select(1).where(repository.c.id == table.repository_id, allowed).correlate(table))
        found.append(with_loader_criteria(table, here, include_aliases=True))
    for below in (Record, Finding, Package):
        there = select(1).where(image.c.id == below.image_id, repository.c.id == image.c.repository_id, allowed)
        found.append(with_loader_criteria(below, exists(there.correlate(below)), include_aliases=True))
    return found


def _allowed(readable: Readable, repository: FromClause) -> ColumnElement[bool]:
    ways: list[ColumnElement[bool]] = []
    if readable.public:
        ways.append(repository.c.private.is_(False))
    if readable.account_id is not None:
        right = RepositoryRight.__table__.alias("readable_right")
        mine = (right.c.account_id == readable.account_id, right.c.repository_id == repository.c.id)
        ways.append(exists(select(1).select_from(right).where(*mine).correlate(repository)))
    if readable.scope is not None:
        name, scope = func.lower(repository.c.name), readable.scope.lower()
        ways.append(name.startswith(scope[:-1], autoescape=True) if scope.endswith("/*") else name == scope)
    return or_(*ways) if ways else false()
