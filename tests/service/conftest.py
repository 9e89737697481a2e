"""A service in process, on a database of its own: each test runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient

from tests.support.postgres import Postgres, running_postgres
from weighbridge.service import schema, tokens
from weighbridge.service.app import create
from weighbridge.service.configuration import Configuration, configured
from weighbridge.service.database import Database
from weighbridge.service.running import Service, assembled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server for all tests."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def migrated(postgres: Postgres) -> str:
    """The name of a database with all tables and no rows, which those of the tests are copies of."""
    url = postgres.create()
    database = Database(configured(database_url=url).database())
    schema.upgrade(database)
    database.close()
    return url.rpartition("/")[2]


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of the test's own, which may have its tables already."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'weighbridge.db'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    url = server.create(request.getfixturevalue("migrated"))
    yield url
    server.drop(url)


@pytest.fixture
def configuration(database_url: str, tmp_path: Path) -> Configuration:
    return configured(data=tmp_path / "data", database_url=database_url)


@pytest.fixture
def service(configuration: Configuration) -> Iterator[Service]:
    made = assembled(configuration)
    schema.upgrade(made.database)
    yield made
    made.database.close()


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    """Requests to the application, without a token."""
    with TestClient(create(service), raise_server_exceptions=False) as made:
        yield made


@pytest.fixture
def sender(service: Service) -> dict[str, str]:
    """The header of one who may send reports of octocat's repositories."""
    with service.database.writing() as session:
        token = tokens.issue(session, "tests", "octocat/*", service.now())
    return {"Authorization": f"Bearer {token}"}
