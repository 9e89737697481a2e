"""Bringing a database to the newest state of its tables, by Alembic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

if TYPE_CHECKING:
    from weighbridge.service.database import Database

_MIGRATIONS = Path(__file__).parent / "migrations"


def configuration(database: Database) -> Config:
    """Alembic's own, which finds the migrations in the package."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["engine"] = database.engine
    return config


def upgrade(database: Database, revision: str = "head") -> None:
    """Runs the migrations that are missing; nothing where there are none."""
    command.upgrade(configuration(database), revision)


def is_current(database: Database) -> bool:
    """Whether the tables are as this version expects them."""
    newest = ScriptDirectory.from_config(configuration(database)).get_current_head()
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == newest
