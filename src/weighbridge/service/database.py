"""The database: the one place that knows which one it is."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as Busy
from sqlalchemy.orm import Session, sessionmaker

from weighbridge.errors import ConfigurationError
from weighbridge.service import readable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

_BUSY_SECONDS = 30
_READ_ONLY = "25006"
"""What a PostgreSQL says that is not, or no longer, the one that is written to."""
_SNAPSHOT = {"isolation_level": "REPEATABLE READ"}
_NETWORK = {"connect_timeout": 5, "keepalives_idle": 30, "keepalives_count": 3, "tcp_user_timeout": 30_000}
"""Seconds and milliseconds after which a server that says nothing is taken to be gone."""


class Database:
    """Sessions that read and sessions that write. SQLite has one writer at a time, which waits for its turn."""

    def __init__(self, url: str) -> None:
        """Raises ConfigurationError for an address that makes no sense, or of another database."""
        try:
            address = make_url(url)
            name = address.get_backend_name()
        except ArgumentError:
            raise ConfigurationError(
                "the database's address makes no sense: sqlite:///FILE or postgresql://…"
            ) from None
        if name not in ("sqlite", "postgresql"):
            raise ConfigurationError(f"no database of the kind {name}: sqlite:///FILE or postgresql://…")
        self.sqlite = name == "sqlite"
        if self.sqlite and address.database in (None, "", ":memory:"):
            raise ConfigurationError("SQLite's database must be a file, which all processes share: sqlite:///FILE")
        self.url = url
        self.engine = _sqlite(url) if self.sqlite else _postgresql(url)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        self._turn = threading.Lock()
        readable.listen(self._sessions)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one state of things, as far as the request may read it, and changes nothing."""
        with self._sessions() as session:
            if self.sqlite:
                session.connection().exec_driver_sql("BEGIN")
            else:
                session.connection(execution_options=_SNAPSHOT)
            readable.narrow(session)
            yield session

    @contextlib.contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction: durable when this returns, undone when it raises."""
        with self._turn_of_sqlite(), self._sessions() as session, session.begin():
            if self.sqlite:
                # The writer's turn is taken at once: a reader that turned into a writer could only fail.
                session.connection().exec_driver_sql("BEGIN IMMEDIATE")
            yield session

    @contextlib.contextmanager
    def _turn_of_sqlite(self) -> Iterator[None]:
        """Threads queue here, before they take a connection: SQLite itself lets writers try again and again."""
        if not self.sqlite:
            yield
        elif self._turn.acquire(timeout=_BUSY_SECONDS):
            try:
                yield
            finally:
                self._turn.release()
        else:
            raise Busy(f"other writers took longer than {_BUSY_SECONDS} s")

    def answers(self) -> bool:
        """Whether the database can be asked."""
        try:
            with self.engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except (DBAPIError, Busy):
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
    if not isinstance(error, DBAPIError):
        return isinstance(error, Busy)
    read_only = getattr(error.orig, "sqlstate", None) == _READ_ONLY
    return isinstance(error, OperationalError) or error.connection_invalidated or read_only


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
    return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20, pool_timeout=15, connect_args=_NETWORK)


def upsert(connection: Connection | Session) -> Any:
    """The `insert` of the database in use, which knows `on_conflict_do_…`."""
    bind = connection.get_bind() if isinstance(connection, Session) else connection
    return upserting(bind.dialect.name)


def upserting(dialect: str) -> Any:
    """The same, by the dialect's name."""
    from sqlalchemy.dialects import postgresql, sqlite

    return sqlite.insert if dialect == "sqlite" else postgresql.insert
