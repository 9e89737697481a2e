"""The page of one's own account: tokens, and where one is signed in."""

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse

from weighbridge.service import tokens
from weighbridge.service.auth import read_tokens, sessions
from weighbridge.service.auth.keeping import Keeper, Listed
from weighbridge.service.auth.reader import Asking, Reader
from weighbridge.service.pages.rendering import render
from weighbridge.service.running import Here, Service

router = APIRouter(prefix="/account", include_in_schema=False, default_response_class=HTMLResponse)

TokenName = Annotated[str, Form(min_length=1, max_length=tokens.NAME_LENGTH)]


@router.get("")
def account(here: Here, asking: Asking) -> HTMLResponse:
    """Tokens and browsers."""
    return _shown(here, asking)


@router.post("/tokens")
def issue(here: Here, asking: Asking, name: TokenName, days: Annotated[int, Form(ge=1, le=3650)] = 90) -> HTMLResponse:
    """Makes a token, and shows it on the page that answers."""
    return _shown(here, asking, Keeper(here, asking).issue_own(name, days))


@router.post("/tokens/revoke")
def revoke(here: Here, asking: Asking, name: TokenName) -> RedirectResponse:
    """Ends a token."""
    Keeper(here, asking).revoke_own(name)
    return RedirectResponse("/account", status_code=303)


@router.post("/sessions/end")
def end_others(here: Here, asking: Asking) -> RedirectResponse:
    """Signs out everywhere else."""
    Keeper(here, asking).end_other_sessions()
    return RedirectResponse("/account", status_code=303)


def _shown(here: Service, reader: Reader, token: str | None = None) -> HTMLResponse:
    with here.database.reading() as session:
        rows = [Listed.of(row) for row in read_tokens.every(session, reader.account_id)]
        browsers = sessions.every(session, reader.account_id or 0, here.now())
    return render("account.html.j2", here="Account", tokens=rows, browsers=browsers, token=token)
