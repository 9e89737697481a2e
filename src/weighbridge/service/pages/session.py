"""Signing in with GitHub, and out."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from weighbridge.service.auth import accounts, audit, cookies, sessions
from weighbridge.service.auth.access import Access
from weighbridge.service.auth.github import Attempt, User
from weighbridge.service.auth.outward import Declined, Unreachable
from weighbridge.service.auth.reader import Asking
from weighbridge.service.auth.sealing import same
from weighbridge.service.pages.rendering import render
from weighbridge.service.problems import Problem
from weighbridge.service.running import Here, Service

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_ATTEMPT_SECONDS = 600
_LOCAL = re.compile(r"/(?![/\\])[!-\[\]-~]{0,2000}")
"""A path of our own: no other host, no backslash, nothing that a header cannot hold."""


@router.get("/login")
def login(
    request: Request,
    here: Here,
    next: Annotated[str, Query(max_length=4000)] = "/",  # noqa: A002 - what it is called
) -> Response:
    """Sends the browser to GitHub, with what proves that it came from here."""
    if not here.configuration.signs_in:
        raise Problem(
            404, "nobody can sign in here: the service has no GitHub app (WEIGHBRIDGE_SERVICE_GITHUB_CLIENT_ID)"
        )
    access: Access = request.app.state.access
    attempt = Attempt.new()
    response = RedirectResponse(access.github.sign_in_address(attempt), status_code=303)
    kept = {"state": attempt.state, "verifier": attempt.verifier, "next": next if _LOCAL.fullmatch(next) else "/"}
    cookies.put(response, here.configuration, cookies.ATTEMPT, access.seals.passed(kept), _ATTEMPT_SECONDS)
    return response


@router.get("/login/callback")
def callback(
    request: Request,
    here: Here,
    asking: Asking,
    code: Annotated[str, Query(max_length=500)] = "",
    state: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """The browser is back from GitHub."""
    access: Access = request.app.state.access
    cookie = cookies.value(request.headers.get("cookie", ""), here.configuration, cookies.ATTEMPT)
    kept = access.seals.received(cookie or "", _ATTEMPT_SECONDS)
    if not kept or not same(state, kept["state"]):
        raise Problem(400, "this sign-in was not begun in this browser, or too long ago: begin again at /login")
    if not code:
        raise Problem(403, "GitHub did not sign you in: begin again at /login")
    attempt = Attempt(state=kept["state"], verifier=kept["verifier"])
    user, token = _told(access, code, attempt, here)
    value = _begun(here, access, user, token, asking.session, request.headers.get("user-agent", ""), asking.address)
    response = RedirectResponse(kept["next"], status_code=303)
    cookies.drop(response, here.configuration, cookies.ATTEMPT)
    cookies.put(response, here.configuration, cookies.SESSION, access.seals.signed(value), sessions.SECONDS)
    return response


def _told(access: Access, code: str, attempt: Attempt, here: Service) -> tuple[User, str]:
    """Who signed in, and their token."""
    try:
        token = access.github.token(code, attempt)
        user = access.github.user(token)
        if not access.rights.admits(user.login, token):
            with here.database.writing() as session:
                audit.note(session, here.now(), user.login, "session.refused", user.login)
            raise Problem(403, f"{user.login} may not read here: ask those who keep this service")
    except Declined:
        raise Problem(403, "GitHub did not accept this sign-in: begin again at /login") from None
    except Unreachable as error:
        raise Problem(503, f"GitHub cannot be asked now: {error}; try again", {"Retry-After": "10"}) from None
    return user, token


def _begun(here: Service, access: Access, user: User, token: str, older: str | None, browser: str, address: str) -> str:
    """What the cookie of the new session carries. It is a new one, also where the browser had one."""
    now = here.now()
    with here.database.writing() as session:
        account = accounts.signed_in(session, user, access.seals.boxed(token), now, admitted=True)
        account.rights_asked = 0
        if older is not None:
            sessions.end(session, older)
        value = sessions.start(session, account.id, browser, now)
        audit.note(session, now, user.login, "session.start", user.login, address=address)
    access.rights.refresh(account, now)
    return value


@router.post("/logout")
def logout(here: Here, asking: Asking) -> Response:
    """Ends the session, on the server as well."""
    if asking.session is not None:
        now = here.now()
        with here.database.writing() as session:
            sessions.end(session, asking.session)
            audit.note(session, now, asking.login or "", "session.end", asking.login or "", address=asking.address)
    # Not on to a page that may lead to GitHub: a form may not end on another site, nor should one be signed in again.
    response = render("signed_out.html.j2")
    cookies.drop(response, here.configuration, cookies.SESSION)
    return response
