"""Run by Alembic, on the engine that it is given. Replicas that start at once wait for each other."""

from __future__ import annotations

from alembic import context
from sqlalchemy import text

from weighbridge.service import tables_details, tables_jobs  # noqa: F401 - their tables are among the metadata
from weighbridge.service.auth import tables as _auth  # noqa: F401 - so that the metadata knows them
from weighbridge.service.tables import Base
from weighbridge.service.webhooks import tables as _webhooks  # noqa: F401 - its tables are among the metadata

_LOCK = 7_302_201
"""A number of our own for PostgreSQL's advisory locks."""

engine = context.config.attributes["engine"]
with engine.connect() as connection:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
        connection.commit()
    try:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=True,
            # On SQLite too: all of it or nothing, and nobody else meanwhile.
            transactional_ddl=True,
            include_name=lambda name, kind, _parents: kind != "table" or not str(name).startswith("procrastinate_"),
        )
        with context.begin_transaction():
            if connection.dialect.name == "sqlite":
                # SQLite alters a table by making a new one; letting the old one go would delete what refers to it.
                connection.execute(text("PRAGMA foreign_keys=OFF"))
                connection.execute(text("BEGIN IMMEDIATE"))
            context.run_migrations()
            if connection.dialect.name == "sqlite" and connection.execute(text("PRAGMA foreign_key_check")).first():
                raise RuntimeError("the migration left rows that refer to nothing: it is undone")
        connection.commit()
    finally:
        if connection.dialect.name == "sqlite":
            connection.rollback()
            connection.execute(text("PRAGMA foreign_keys=ON"))
            connection.commit()
        if connection.dialect.name == "postgresql":
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": _LOCK})
            connection.commit()
