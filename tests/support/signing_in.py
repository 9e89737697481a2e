"""Signing in with the GitHub of the tests, as a browser does."""

from __future__ import annotations

import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.support.github import SEED
from weighbridge.service import tokens
from weighbridge.service.auth import accounts, sessions
from weighbridge.service.auth.github import User
from weighbridge.service.auth.sealing import Seals

if TYPE_CHECKING:
    import httpx2
    from starlette.testclient import TestClient

    from tests.support.github import GitHub
    from weighbridge.service.auth.reader import Role
    from weighbridge.service.running import Service

CLIENT_ID, CLIENT_SECRET = "Iv1.weighbridge", "secret-of-the-app"


def seed(public_url: str = "http://127.0.0.1:8000") -> dict[str, Any]:
    """Octocat's yard is public and their vault private; hubot may read neither but for what is public; mona is in an
    organisation with a private repository."""
    people = [{"login": login} for login in ("hubot", "mona")]
    app = {
        "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "name": "weighbridge",
        "redirect_uris": [f"{public_url}/login/callback"],
    }  # fmt: skip
    repositories = [
        *SEED["github"]["repos"],
        {"owner": "octocat", "name": "vault", "private": True},
    ]
    return {
        "tokens": SEED["tokens"],
        "github": {
            "users": [*SEED["github"]["users"], *people],
            "orgs": [{"login": "acme", "members": [{"login": "mona"}]}],
            "repos": repositories,
            "oauth_apps": [app],
        },
    }


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def authorise(github: GitHub, address: str, login: str) -> str:
    """Somebody says yes on GitHub's page; where GitHub then sends the browser."""
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    with urllib.request.urlopen(address, timeout=30) as page:  # noqa: S310
        assert login.encode() in page.read()
    form = {name: asked.get(name, "") for name in ("redirect_uri", "scope", "state", "client_id")} | {"login": login}
    try:
        urllib.request.build_opener(_NoRedirect).open(
            f"{github.url}/login/oauth/callback", urlencode(form).encode(), timeout=30
        )
    except HTTPError as answer:
        return str(answer.headers["Location"])
    raise AssertionError("GitHub did not send the browser back")


def sign_in(client: TestClient, github: GitHub, login: str, target: str = "/") -> httpx2.Response:
    """The answer that the browser gets in the end."""
    begun = client.get("/login", params={"next": target}, follow_redirects=False)
    assert 303 == begun.status_code, begun.text
    back = urlsplit(authorise(github, begun.headers["location"], login))
    return client.get(f"{back.path}?{back.query}", follow_redirects=False)


def seated(service: Service, login: str, number: int = 1, role: Role | None = None) -> tuple[str, str]:
    """Somebody who signed in before: what the cookie `weighbridge-session` carries, and what their forms do."""
    seals = Seals(service.secret)
    with service.database.writing() as session:
        account = accounts.signed_in(session, User(number, login), seals.boxed("x"), service.now(), admitted=True)
        account.rights_asked = 1 << 40
        if role is not None:
            account.role = role.value
        value = sessions.start(session, account.id, "tests", service.now())
    return seals.signed(value), seals.csrf(tokens.digest(value))
