"""The report as one HTML page that needs nothing from anywhere: styles, script and drawing are inside."""

from __future__ import annotations

import base64
import functools
import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING

from weighbridge.core.rendering.page import page
from weighbridge.core.rendering.template import template

if TYPE_CHECKING:
    from collections.abc import Sequence

    from weighbridge.model.report import Report


def render_html(report: Report) -> str:
    """The page. Its content security policy lets nothing run or load but its own style and scripts, by their hashes."""
    style, scripts = asset("report.css"), [asset("tables.js"), asset("treemap.js")]
    policy = content_policy(style, scripts)
    return template("report.html.j2").render(page=page(report), style=style, scripts=scripts, policy=policy)


@functools.cache
def asset(name: str) -> str:
    """One of the page's own files, as text."""
    return (files("weighbridge.core.rendering") / "templates" / name).read_text(encoding="utf-8")


def content_policy(style: str, scripts: Sequence[str] = ()) -> str:
    """A content security policy (Level 3) by which nothing but these runs or loads, each by its hash."""
    allowed = [f"style-src {_source(style)}", *([f"script-src {' '.join(map(_source, scripts))}"] if scripts else [])]
    return "; ".join(["default-src 'none'", *allowed, "base-uri 'none'", "form-action 'none'"])


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
