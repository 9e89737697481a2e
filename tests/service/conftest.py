"""A service in process, on a database of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient

from weighbridge.service import schema, tokens
from weighbridge.service.app import create
from weighbridge.service.configuration import configured
from weighbridge.service.running import Service, assembled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = assembled(configured(data=tmp_path / "data"))
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
