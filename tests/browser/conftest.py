"""A real Chromium, and pages opened in it that must ask nobody for anything and have nothing to complain of."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import pytest
from playwright.sync_api import sync_playwright

from weighbridge.core.rendering import render_html

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Dialog, Page, Request

    from weighbridge.model.report import Report

ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(kw_only=True)
class Opened:
    """A page, the addresses that it asked for besides its own, and what the browser complained of."""

    page: Page
    address: str
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def listen(self) -> None:
        """From now on."""
        self.page.on("request", self._asked)
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", self._interrupted)

    def _asked(self, request: Request) -> None:
        if request.url != self.address:
            self.requests.append(request.url)

    def _interrupted(self, dialog: Dialog) -> None:
        self.complaints.append(dialog.message)
        dialog.dismiss()


@dataclass(frozen=True, kw_only=True)
class Opener:
    """Writes reports to files and opens them as a person would."""

    browser: Browser
    folder: Path
    pages: list[Opened] = field(default_factory=list)

    def __call__(
        self,
        report: Report,
        *,
        scheme: Literal["light", "dark"] = "light",
        width: int = 1200,
        script: bool = True,
    ) -> Page:
        """The page, with a window of that width, in a browser that has scripts or has not."""
        file = self.folder / f"report-{len(self.pages)}.html"
        file.write_text(render_html(report), encoding="utf-8")
        context = self.browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": 800}, java_script_enabled=script
        )
        opened = Opened(page=context.new_page(), address=file.as_uri())
        opened.listen()
        opened.page.goto(opened.address)
        self.pages.append(opened)
        return opened.page


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The browser that `scripts/tools.py` names."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=os.environ["WEIGHBRIDGE_CHROMIUM"], args=list(ARGUMENTS))
        yield running
        running.close()


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Iterator[Opener]:
    """Opens reports; every page of a test is held to its promise when the test ends."""
    opener = Opener(browser=browser, folder=tmp_path)
    yield opener
    for opened in opener.pages:
        opened.page.context.close()
    assert [] == [asked for opened in opener.pages for asked in opened.requests]
    assert [] == [complaint for opened in opener.pages for complaint in opened.complaints]
