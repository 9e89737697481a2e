"""A service in process with a few repositories of the made-up organisation in it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from fastapi.testclient import TestClient

from tests.support.fleet.plot import PROJECTS
from tests.support.fleet.sending import post
from tests.support.fleet.year import OWNER, year
from weighbridge.service import schema, tokens
from weighbridge.service.app import create
from weighbridge.service.running import Service, assembled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.fleet.plot import Project
    from weighbridge.service.configuration import Configuration

SOME = tuple(project for project in PROJECTS if project.name in ("shop", "search", "ml-serving", "docs"))


@contextlib.contextmanager
def filled(
    configuration: Configuration, *, every: int = 20, days: int = 200, projects: tuple[Project, ...] = SOME
) -> Iterator[tuple[Service, TestClient]]:
    """The service and one who asks it, for as long as the context lasts. Pushes are so many times rarer."""
    service = assembled(configuration)
    schema.upgrade(service.database)
    with service.database.writing() as session:
        token = tokens.issue(session, "fleet", f"{OWNER}/*", service.now())
    headers = {"Authorization": f"Bearer {token}"}
    with TestClient(create(service), raise_server_exceptions=False) as client:

        def deliver(method: str, path: str, body: bytes) -> int:
            return client.request(method, path, content=body, headers=headers).status_code

        post(deliver, year(service.now(), projects=projects, every=every, days=days))
        yield service, client
