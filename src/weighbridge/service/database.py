"""The database: the one place that knows which one it is."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from weighbridge.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

_BUSY_SECONDS = 30


class Database:
    """Sessions that read and sessions that write. SQLite has one writer at a time, which waits for its turn."""

    def __init__(self, url: str) -> None:
        """Raises ConfigurationError for an address that makes no sense, or of another database."""
        try:
            name = make_url(url).get_backend_name()
        except ArgumentError:
            raise ConfigurationError(
                "the database's address makes no sense: sqlite:///FILE or postgresql://…"
            ) from None
        if name not in ("sqlite", "postgresql"):
            raise ConfigurationError(f"no database of the kind {name}: sqlite:///FILE or postgresql://…")
        self.sqlite = name == "sqlite"
        self.url = url
        self.engine = _sqlite(url) if self.sqlite else _postgresql(url)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one state of things and changes nothing."""
        with self._sessions() as session:
            yield session

    @contextlib.contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction: durable when this returns, undone when it raises."""
        with self._sessions() as session, session.begin():
            if self.sqlite:
                # The writer's turn is taken at once: a reader that turned into a writer could only fail.
                session.execute(text("BEGIN IMMEDIATE"))
            yield session

    def answers(self) -> bool:
        """Whether the database can be asked."""
        try:
            with self.engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except DBAPIError:
            return False
        return True

    def close(self) -> None:
        """Ends all connections."""
        self.engine.dispose()


def take_turn(session: Session, number: int, *, shared: bool = False) -> None:
    """Within a writing transaction: waits for others with the same number, or with `shared` for those without.

    SQLite's writers wait for each other anyhow.
    """
    if session.get_bind().dialect.name == "postgresql":
        kind = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
        session.execute(text(f"SELECT {kind}(:number)"), {"number": number})


def unavailable(error: BaseException) -> bool:
    """Whether the database was away, or too busy, so that the same may succeed later."""
    return isinstance(error, OperationalError) or (isinstance(error, DBAPIError) and error.connection_invalidated)


def _sqlite(url: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS}, pool_size=20, max_overflow=20)

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
        # SQLAlchemy begins transactions by itself (see `writing`); the driver must not.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-32000"):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def _postgresql(url: str) -> Engine:
    return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20, pool_timeout=15)


def upsert(connection: Connection | Session) -> Any:
    """The `insert` of the database in use, which knows `on_conflict_do_…`."""
    from sqlalchemy.dialects import postgresql, sqlite

    bind = connection.get_bind() if isinstance(connection, Session) else connection
    return sqlite.insert if bind.dialect.name == "sqlite" else postgresql.insert
