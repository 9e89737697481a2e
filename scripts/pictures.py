"""The pictures of the documentation: the HTML report of a repository that was weighed for real, in a real browser;
badges and charts as they are.

.venv/bin/python scripts/pictures.py     writes docs/pictures
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from playwright.sync_api import sync_playwright  # noqa: E402
from tests.browser.conftest import ARGUMENTS  # noqa: E402 - found by the line above
from tests.support.goldens import GOLDEN, scene  # noqa: E402

import tools  # noqa: E402
from outside.machine import Refusal, say  # noqa: E402
from weighbridge.core.badges.choices import Style  # noqa: E402
from weighbridge.core.rendering import render_html  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
SHOTS: tuple[tuple[str, Literal["light", "dark"], int, int], ...] = (
    ("report.png", "light", 920, 1020),
    ("report-dark-phone.png", "dark", 390, 844),
)


COPIES = {
    "chart-size.svg": "charts/many.svg",
    "chart-layers.svg": "charts/layers.svg",
    **{f"badge-{style.value}.svg": f"badges/{style.value}.svg" for style in Style},
}
"""Picture → golden file, which tests keep current."""


def main() -> None:
    for name, golden in COPIES.items():
        shutil.copyfile(GOLDEN / golden, PICTURES / name)
    try:
        chromium = tools.ensure(["chromium"])["chromium"]
    except Refusal as refusal:
        sys.exit(f"weighbridge: {refusal}")
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "report.html"
        file.write_text(render_html(scene("grown")), encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        for name, scheme, width, height in SHOTS:
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
            page.goto(file.as_uri())
            page.screenshot(path=PICTURES / name)
            say(f"docs/pictures/{name}: {(PICTURES / name).stat().st_size:,} bytes")
        file.write_text(render_html(scene("fixed")), encoding="utf-8")
        page = browser.new_page(viewport={"width": 920, "height": 1020}, color_scheme="light")
        page.goto(file.as_uri())
        page.locator(".fix").screenshot(path=PICTURES / "fix.png")
        browser.close()


if __name__ == "__main__":
    main()
