"""The pages of those who keep the service. The gate lets in nobody else."""

from typing import Annotated

from fastapi import APIRouter, Form, Query
from fastapi.responses import HTMLResponse, RedirectResponse

from weighbridge.service.auth import accounts, audit
from weighbridge.service.auth.keeping import Keeper, Kind, Order, all_tokens
from weighbridge.service.auth.reader import Asking, Role
from weighbridge.service.pages.account import TokenName
from weighbridge.service.pages.rendering import render
from weighbridge.service.running import Here, Service

router = APIRouter(prefix="/admin", include_in_schema=False, default_response_class=HTMLResponse)

_PRIVATE = {"": None, "true": True, "false": False}
_Login = Annotated[str, Form(min_length=1, max_length=100)]


@router.get("")
def administration(here: Here) -> HTMLResponse:
    """Tokens and people."""
    return _shown(here)


@router.post("/tokens")
def issue(
    here: Here,
    asking: Asking,
    name: TokenName,
    scope: Annotated[str, Form(max_length=201)],
    kind: Annotated[Kind, Form()] = Kind.UPLOAD,
    private: Annotated[str, Form(pattern="^(true|false)?$")] = "",
    days: Annotated[str, Form(pattern="^([1-9][0-9]{0,3})?$")] = "",
) -> HTMLResponse:
    """Makes a token, and shows it on the page that answers."""
    order = Order(name=name, scope=scope, kind=kind, private=_PRIVATE[private], days=int(days) if days else None)
    return _shown(here, Keeper(here, asking).issue(order))


@router.post("/tokens/revoke")
def revoke(here: Here, asking: Asking, kind: Annotated[Kind, Form()], name: TokenName) -> RedirectResponse:
    """Ends a token."""
    Keeper(here, asking).revoke(kind, name)
    return RedirectResponse("/admin", status_code=303)


@router.post("/people")
def appoint(here: Here, asking: Asking, login: _Login, role: Annotated[Role, Form()]) -> RedirectResponse:
    """Gives somebody a role."""
    Keeper(here, asking).appoint(login, role)
    return RedirectResponse("/admin", status_code=303)


@router.post("/people/sign-out")
def sign_out(here: Here, asking: Asking, login: _Login) -> RedirectResponse:
    """Ends all sessions of somebody."""
    Keeper(here, asking).sign_out(login)
    return RedirectResponse("/admin", status_code=303)


@router.get("/audit")
def read_audit(here: Here, cursor: Annotated[str | None, Query(max_length=4000)] = None) -> HTMLResponse:
    """The audit log."""
    with here.database.reading() as session:
        entries, after = audit.page(session, cursor)
    return render("audit.html.j2", here="Administration", entries=entries, after=after)


def _shown(here: Service, token: str | None = None) -> HTMLResponse:
    with here.database.reading() as session:
        rows = all_tokens(session)
        people = [(row, accounts.role_of(row, here.configuration)) for row in accounts.every(session)]
    return render("admin.html.j2", here="Administration", tokens=rows, people=people, token=token)
