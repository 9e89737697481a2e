"""The pictures of the documentation: every page of the service, taken of the whole made-up organisation.

They are written with --update-goldens; otherwise it is looked at that there is one of every page.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.service import Scheme, Visitor, site
from tests.browser.test_service_pages import PAGES, STOREFRONT
from tests.support.fleet.plot import PROJECTS
from tests.support.jobs import busy
from tests.support.signing_in import seated
from weighbridge.service.auth.reader import Role
from weighbridge.service.configuration import configured

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

FOLDER = Path(__file__).resolve().parent.parent.parent / "docs" / "pictures" / "service"
SHOTS: dict[str, tuple[str, Scheme, int, int]] = {
    **{name: (path, "light", 1180, 840) for name, path in PAGES.items() if name != "overview-nothing"},
    "image-dark": (PAGES["image"], "dark", 1180, 840),
    "overview-phone": (PAGES["overview"], "light", 390, 844),
    "repository-phone": (PAGES["repository"], "dark", 390, 844),
    "jobs": ("/jobs", "light", 1180, 1200),
    "jobs-phone": ("/jobs", "dark", 390, 844),
}


def test_there_is_a_picture_of_every_page() -> None:
    assert sorted(SHOTS) == sorted(path.stem for path in FOLDER.glob("*.png"))


@pytest.mark.timeout(1800)
def test_pictures_are_written_on_request(request: pytest.FixtureRequest, browser: Browser, tmp_path: Path) -> None:
    if not request.config.getoption("--update-goldens"):
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    with site(configured(data=tmp_path), every=1, days=365, projects=PROJECTS) as here:
        busy(here.service)
        keeper, _ = seated(here.service, "mona", role=Role.ADMIN)
        records = here.client.get(f"/api/v1/images/{STOREFRONT}").json()["records"]
        for name, (path, scheme, width, height) in SHOTS.items():
            asked = path.format(newest=records[0]["id"], oldest=records[6]["id"])
            visitor = Visitor(browser=browser, site=here, session=keeper if name.startswith("jobs") else None)
            page = visitor(asked, scheme=scheme, width=width, height=height)
            page.wait_for_timeout(400)
            page.screenshot(path=FOLDER / f"{name}.png")
            visitor.leave()
