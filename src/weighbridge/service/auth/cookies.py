"""Cookies: for this host only, for no script, and over https only where the service is reached so."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import Response

    from weighbridge.service.auth.settings import AccessSettings

SESSION, ATTEMPT = "session", "attempt"


def name(settings: AccessSettings, what: str) -> str:
    """What a cookie is called. Browsers hold those of `__Host-` to being of this host, and to https."""
    return f"__Host-weighbridge-{what}" if settings.is_https else f"weighbridge-{what}"


def put(response: Response, settings: AccessSettings, what: str, value: str, seconds: int) -> None:
    """Sets a cookie."""
    response.set_cookie(
        name(settings, what), value, max_age=seconds, path="/", secure=settings.is_https, httponly=True, samesite="lax"
    )


def drop(response: Response, settings: AccessSettings, what: str) -> None:
    """Deletes a cookie."""
    put(response, settings, what, "", 0)


def value(header: str, settings: AccessSettings, what: str) -> str | None:
    """A cookie's value in the header `Cookie`."""
    try:
        found = SimpleCookie(header).get(name(settings, what))
    except CookieError:
        return None
    return found.value if found is not None and found.value else None
