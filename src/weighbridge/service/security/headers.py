"""What browsers are told of every answer: what it may load, who may frame it, and that it is what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from weighbridge.service.configuration import Configuration

PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Scripts and styles come from files of ours."""
PICTURE = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""An SVG that is opened by itself is a document; it does nothing."""
OTHER = "default-src 'none'; frame-ancestors 'none'; sandbox"
_EVERYBODYS = ("/static/", "/badges/", "/charts/")
"""The same to everybody who knows their address."""
_YEAR = 31_536_000


def always(configuration: Configuration) -> dict[str, str]:
    """What every answer has."""
    headers = {
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    }
    return headers | ({"strict-transport-security": f"max-age={_YEAR}"} if configuration.is_https else {})


class SecurityHeaders:
    """ASGI middleware. What a route says itself stays."""

    def __init__(self, app: ASGIApp, configuration: Configuration) -> None:
        self._app = app
        self._always = always(configuration)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(MutableHeaders(scope=message), scope)
            await send(message)

        await self._app(scope, receive, with_headers)

    def _add(self, headers: MutableHeaders, scope: Scope) -> None:
        kind = headers.get("content-type", "").partition(";")[0].strip()
        for name, value in self._always.items():
            headers.setdefault(name, value)
        headers.setdefault("content-security-policy", {"text/html": PAGE, "image/svg+xml": PICTURE}.get(kind, OTHER))
        if kind == "text/html":
            headers.setdefault("cross-origin-opener-policy", "same-origin")
            headers.setdefault("x-frame-options", "DENY")
        # Pictures are shown on other sites' pages.
        headers.setdefault(
            "cross-origin-resource-policy", "cross-origin" if kind.startswith("image/") else "same-origin"
        )
        if _says_who(scope):
            # An answer for one reader is nothing for another.
            headers.add_vary_header("Cookie")
            headers.add_vary_header("Authorization")
            if not headers.get("cache-control", "").startswith("private"):
                headers["cache-control"] = "private, no-cache"


def _says_who(scope: Scope) -> bool:
    own = {b"cookie", b"authorization"}
    return not scope["path"].startswith(_EVERYBODYS) and any(name in own for name, _ in scope["headers"])
