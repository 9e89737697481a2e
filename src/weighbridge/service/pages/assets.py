"""Styles and scripts of the pages, under names that change with their content, so that browsers keep them for good."""

from __future__ import annotations

import functools
import gzip
import hashlib
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from fastapi import APIRouter, Request, Response

from weighbridge.core.rendering.html import asset
from weighbridge.service.problems import Problem

PATH = "/static"
_FOREVER = "public, max-age=31536000, immutable"
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A file as it is sent; `name` has a digest of its content in it."""

    name: str
    content: bytes
    packed: bytes
    media_type: str


def _own(name: str) -> str:
    return (files("weighbridge.service") / "static" / name).read_text(encoding="utf-8")


@functools.cache
def assets() -> Mapping[str, Asset]:
    """All of them, by the names that templates use. The report's own styles and scripts are used as they are."""
    texts = {
        "pages.css": asset("report.css") + _own("pages.css"),
        "tables.js": asset("tables.js"),
        "treemap.js": asset("treemap.js"),
        **{name: _own(name) for name in ("charting.js", "history.js", "jobs.js", "pages.js", "mark.svg")},
    }
    return {name: _made(name, text.encode()) for name, text in texts.items()}


def _made(name: str, content: bytes) -> Asset:
    stem, ending = posixpath.splitext(name)
    digest = hashlib.sha256(content).hexdigest()[:16]
    return Asset(
        name=f"{stem}-{digest}{ending}",
        content=content,
        packed=gzip.compress(content, 9, mtime=0),
        media_type=_TYPES[ending],
    )


@functools.cache
def _by_address() -> Mapping[str, Asset]:
    return {each.name: each for each in assets().values()}


def address(name: str) -> str:
    """Where browsers get it."""
    return f"{PATH}/{assets()[name].name}"


@router.get(PATH + "/{name}")
async def static(request: Request, name: str) -> Response:
    """A file of the pages, packed for who takes it so."""
    found = _by_address().get(name)
    if found is None:
        raise Problem(404, "no such file")
    headers = {"Cache-Control": _FOREVER, "Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff"}
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(found.content, media_type=found.media_type, headers=headers)
    return Response(found.packed, media_type=found.media_type, headers={**headers, "Content-Encoding": "gzip"})
