"""A service that listens, with a part of the made-up organisation in it, and pages of it opened in Chromium.

Whatever their content security policy forbids, they would complain of.
"""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import uvicorn

from tests.browser.conftest import Opened
from tests.support.fleet_service import SOME, filled
from weighbridge.service.app import create

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI
    from fastapi.testclient import TestClient
    from playwright.sync_api import Browser, Page

    from tests.support.fleet.plot import Project
    from weighbridge.service.configuration import Configuration
    from weighbridge.service.running import Service

Scheme = Literal["light", "dark"]


@contextlib.contextmanager
def listening(app: FastAPI) -> Iterator[str]:
    """The application on a free port: its address."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@dataclass(frozen=True, kw_only=True)
class Site:
    """A service that listens at an address; `client` asks it without a browser, `service` is its parts."""

    address: str
    client: TestClient
    service: Service

    def newest(self, image: str) -> int:
        """The newest record of an image (`owner/repository/name`)."""
        records = self.client.get(f"/api/v1/images/{image}").json()["records"]
        return int(records[0]["id"])


@contextlib.contextmanager
def site(
    configuration: Configuration, *, every: int = 20, days: int = 200, projects: tuple[Project, ...] = SOME
) -> Iterator[Site]:
    """A filled service."""
    with (
        filled(configuration, every=every, days=days, projects=projects) as (service, client),
        listening(create(service)) as address,
    ):
        yield Site(address=address, client=client, service=service)


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Opens pages; all that they ask for must be the service's own, and nothing may be complained of. `session` is what
    the cookie carries of somebody who signed in."""

    browser: Browser
    site: Site
    session: str | None = None
    pages: list[Opened] = field(default_factory=list)

    def __call__(
        self, path: str, *, scheme: Scheme = "light", width: int = 1280, height: int = 900, script: bool = True
    ) -> Page:
        """The page at a path, in a window of its own."""
        context = self.browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": height}, java_script_enabled=script
        )
        if self.session is not None:
            context.add_cookies([{"name": "weighbridge-session", "value": self.session, "url": self.site.address}])
        opened = Opened(page=context.new_page(), address="")
        opened.listen()
        self.pages.append(opened)
        opened.page.goto(self.site.address + path)
        opened.page.wait_for_load_state("load")
        return opened.page

    def leave(self) -> None:
        """Closes all windows, and holds the pages to their promise."""
        for opened in self.pages:
            opened.page.context.close()
        asked = [address for opened in self.pages for address in opened.requests]
        assert [] == [address for address in asked if not address.startswith(self.site.address)]
        assert [] == [complaint for opened in self.pages for complaint in opened.complaints]
