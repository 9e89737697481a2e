"""Signing in with GitHub, and what each reader then finds."""

from __future__ import annotations

import base64
import hashlib
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from tests.service.test_ingest import sent
from tests.support.github import GitHub, running_github
from tests.support.github_proxy import Fault
from tests.support.signing_in import CLIENT_ID, CLIENT_SECRET, authorise, seed, sign_in
from weighbridge.service import schema, tokens
from weighbridge.service.app import create
from weighbridge.service.auth import read_tokens, sessions
from weighbridge.service.auth.rights import FRESH, KEPT
from weighbridge.service.auth.tables import Account, BrowserSession
from weighbridge.service.configuration import configured
from weighbridge.service.running import Service, assembled, utc_now

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

OPEN, VAULT = "octocat/yard", "octocat/vault"


@pytest.fixture(scope="module")
def running() -> Iterator[GitHub]:
    with running_github(seed()) as github:
        yield github


@pytest.fixture
def github(running: GitHub) -> Iterator[GitHub]:
    running.proxy.clear()
    yield running
    # GitHub's description is of its API; where people sign in is none of it.
    assert [] == [line for line in running.proxy.request_violations if "/login/oauth/" not in line]


class Clock:
    """A clock that can be set forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.ahead


@contextmanager
def serving(folder: Path, github: GitHub, **settings: Any) -> Iterator[tuple[TestClient, Service, Clock]]:
    """A service with a public and a private repository."""
    clock = Clock()
    made = assembled(
        configured(
            data=folder, github_url=github.url, github_api_url=github.url, github_client_id=CLIENT_ID,
            github_client_secret=CLIENT_SECRET, **{"members": "octocat,acme"} | settings,
        )
    )  # fmt: skip
    service = Service(
        configuration=made.configuration, database=made.database, store=made.store, secret=made.secret, now=clock
    )
    schema.upgrade(service.database)
    with service.database.writing() as session:
        known = [
            tokens.issue(session, str(private), "octocat/*", clock(), private=private) for private in (False, True)
        ]
    with TestClient(create(service), raise_server_exceptions=False) as client:
        for name, token in zip((OPEN, VAULT), known, strict=True):
            body = sent().replace(OPEN.encode(), name.encode())
            answer = client.post("/api/v1/reports", content=body, headers={"Authorization": f"Bearer {token}"})
            assert 201 == answer.status_code
        yield client, service, clock


def found(client: TestClient, **headers: str) -> list[str]:
    """The repositories that a reader finds, by all ways that must agree."""
    answer = client.get("/api/v1/images", headers=headers)
    assert 200 == answer.status_code
    names = sorted(image["repository"] for image in answer.json()["images"])
    page = client.get("/", headers=headers).text
    for name in (OPEN, VAULT):
        assert (name in names) == (name in page)
        expected = 200 if name in names else 404
        assert expected == client.get(f"/api/v1/images/{name}/app", headers=headers).status_code
    return names


def test_private_repositories_are_not_public(tmp_path: Path, github: GitHub) -> None:
    with serving(tmp_path, github) as (client, _, _):
        assert [OPEN] == found(client)
        sign_in(client, github, "hubot")
        assert [OPEN] == found(client)
        sign_in(client, github, "octocat")
        assert [VAULT, OPEN] == found(client)


def test_signed_in_reading_is_for_members(tmp_path: Path, github: GitHub) -> None:
    with serving(tmp_path, github, reading="signed-in") as (client, _, _):
        assert 401 == client.get("/api/v1/images").status_code
        assert 403 == sign_in(client, github, "hubot").status_code
        assert 401 == client.get("/api/v1/images").status_code
        for member in ("mona", "octocat"):
            assert 303 == sign_in(client, github, member).status_code
            assert [VAULT, OPEN] == found(client)


def test_repository_reading_asks_github(tmp_path: Path, github: GitHub) -> None:
    with serving(tmp_path, github, reading="repository") as (client, _, clock):
        assert 401 == client.get("/api/v1/images").status_code
        sign_in(client, github, "mona")
        assert [OPEN] == found(client)
        asked = len(github.proxy.seen("GET", "/user/repos"))

        github.call("PUT", f"/repos/{VAULT}/collaborators/mona", {"permission": "pull"})
        assert [OPEN] == found(client)
        assert asked == len(github.proxy.seen("GET", "/user/repos"))
        clock.ahead += timedelta(seconds=FRESH + 1)
        assert [VAULT, OPEN] == found(client)

        github.proxy.faults.append(Fault(path="/user/repos", status=502))
        github.call("DELETE", f"/repos/{VAULT}/collaborators/mona")
        clock.ahead += timedelta(seconds=KEPT - 60)
        assert [VAULT, OPEN] == found(client)
        clock.ahead += timedelta(seconds=FRESH + 60)
        assert [OPEN] == found(client)


def test_who_takes_the_right_back_on_github_is_signed_out(tmp_path: Path, github: GitHub) -> None:
    with serving(tmp_path, github, reading="repository") as (client, service, clock):
        sign_in(client, github, "octocat")
        assert [VAULT, OPEN] == found(client)

        github.proxy.faults.append(Fault(path="/user/repos", status=401))
        clock.ahead += timedelta(seconds=FRESH + 1)
        assert 401 == client.get("/api/v1/images").status_code
        with service.database.reading() as session:
            assert session.scalars(select(Account.access)).one() is None


def test_strangers_are_sent_to_sign_in_and_back(tmp_path: Path, github: GitHub) -> None:
    with serving(tmp_path, github, reading="repository") as (client, _, _):
        answer = client.get("/?sort=time", headers={"Accept": "text/html"}, follow_redirects=False)
        assert (303, "/login?next=/%3Fsort%3Dtime") == (answer.status_code, answer.headers["location"])

        back = sign_in(client, github, "octocat", "/?sort=time")
        assert (303, "/?sort=time") == (back.status_code, back.headers["location"])


@pytest.mark.parametrize(
    "target", ["https://evil.example", "//evil.example", "/\\evil.example", "/x\r\nSet-Cookie: a=b", ""]
)
def test_nobody_is_sent_elsewhere(tmp_path: Path, github: GitHub, target: str) -> None:
    with serving(tmp_path, github) as (client, _, _):
        assert "/" == sign_in(client, github, "octocat", target).headers["location"]


def test_the_flow_is_bound_to_the_browser_and_to_the_code(tmp_path: Path, github: GitHub) -> None:
    with serving(tmp_path, github) as (client, _, _):
        begun = client.get("/login", follow_redirects=False)
        back = urlsplit(authorise(github, begun.headers["location"], "octocat"))
        asked = parse_qs(urlsplit(begun.headers["location"]).query)

        kept = dict(client.cookies)
        client.cookies.clear()
        assert 400 == client.get(f"{back.path}?{back.query}", follow_redirects=False).status_code
        client.cookies.update(kept)
        assert 400 == client.get(f"{back.path}?code=x&state=forged", follow_redirects=False).status_code
        assert 403 == client.get(f"{back.path}?error=access_denied&state={asked['state'][0]}").status_code
        assert 303 == client.get(f"{back.path}?{back.query}", follow_redirects=False).status_code

        sent = parse_qs(github.proxy.seen("POST", "/login/oauth/access_token")[-1].body.decode())
        challenge = base64.urlsafe_b64encode(hashlib.sha256(sent["code_verifier"][0].encode()).digest())
        assert [challenge.decode().rstrip("=")] == asked["code_challenge"]
        assert ["S256"] == asked["code_challenge_method"]


def test_a_code_is_good_once(tmp_path: Path, github: GitHub) -> None:
    with serving(tmp_path, github) as (client, _, _):
        begun = client.get("/login", follow_redirects=False)
        back = urlsplit(authorise(github, begun.headers["location"], "octocat"))
        kept = dict(client.cookies)
        for status in (303, 403):
            client.cookies.update(kept)
            assert status == client.get(f"{back.path}?{back.query}", follow_redirects=False).status_code


def test_github_may_be_away(tmp_path: Path, github: GitHub) -> None:
    with serving(tmp_path, github) as (client, _, _):
        github.proxy.faults.append(Fault(path="/login/oauth/access_token", status=503))
        answer = sign_in(client, github, "octocat")
        assert (503, "10") == (answer.status_code, answer.headers["retry-after"])


@pytest.mark.parametrize(
    ("url", "prefix", "secure"), [("http://127.0.0.1:8000", "", False), ("https://w.test", "__Host-", True)]
)
def test_cookies_are_kept_from_scripts_and_other_sites(
    tmp_path: Path, github: GitHub, url: str, prefix: str, secure: bool
) -> None:
    github.call("GET", "/user")
    with serving(tmp_path, github, public_url=url) as (client, _, _):
        answer = client.get("/login", follow_redirects=False)

    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith(f"{prefix.lower()}weighbridge-attempt=")
    assert {"httponly", "samesite=lax", "path=/"} <= {part.strip() for part in cookie.split(";")}
    assert secure == ("secure" in cookie)
    assert "domain" not in cookie


def test_signing_out_ends_the_session_for_good(tmp_path: Path, github: GitHub) -> None:
    with serving(tmp_path, github, reading="repository") as (client, service, _):
        sign_in(client, github, "octocat")
        cookie = client.cookies["weighbridge-session"]
        with service.database.reading() as session:
            (browser,) = session.scalars(select(BrowserSession)).all()
        csrf = client.app.state.access.seals.csrf(browser.digest)  # type: ignore[attr-defined]

        assert 403 == client.post("/logout", data={"csrf": "forged"}).status_code
        assert 403 == client.post("/logout").status_code
        away = {"Origin": "https://evil.example"}
        assert 403 == client.post("/logout", data={"csrf": csrf}, headers=away).status_code
        assert 403 == client.post("/logout", data={"csrf": csrf}, headers={"Sec-Fetch-Site": "cross-site"}).status_code
        assert 200 == client.get("/api/v1/images").status_code

        answer = client.post("/logout", data={"csrf": csrf}, follow_redirects=False)
        assert (200, True) == (answer.status_code, "Signed out" in answer.text)
        client.cookies.set("weighbridge-session", cookie)
        assert 401 == client.get("/api/v1/images").status_code


def test_a_session_ends_by_itself(tmp_path: Path, github: GitHub) -> None:
    with serving(tmp_path, github, reading="repository") as (client, _, clock):
        sign_in(client, github, "octocat")
        clock.ahead += timedelta(seconds=sessions.IDLE - 60)
        assert 200 == client.get("/api/v1/images").status_code
        clock.ahead += timedelta(seconds=sessions.IDLE + 60)
        assert 401 == client.get("/api/v1/images").status_code


def test_signing_in_again_makes_a_new_session(tmp_path: Path, github: GitHub) -> None:
    """A cookie that somebody else put into the browser never becomes one that is signed in."""
    with serving(tmp_path, github) as (client, service, _):
        sign_in(client, github, "octocat")
        before = client.cookies["weighbridge-session"]
        sign_in(client, github, "octocat")
        assert before != client.cookies["weighbridge-session"]
        with service.database.reading() as session:
            assert 1 == len(session.scalars(select(BrowserSession)).all())


@pytest.mark.parametrize("cookie", ["x", "a.b", "wbs.AAAA", "\x7f", "x" * 5000])
def test_a_cookie_that_is_not_ours_is_a_strangers(tmp_path: Path, github: GitHub, cookie: str) -> None:
    github.call("GET", "/user")
    with serving(tmp_path, github) as (client, _, _):
        assert [OPEN] == found(client, Cookie=f"weighbridge-session={cookie}")


def test_tokens_read_what_they_are_for(tmp_path: Path, github: GitHub) -> None:
    with serving(tmp_path, github, reading="repository") as (client, service, clock):
        sign_in(client, github, "octocat")
        client.cookies.clear()
        with service.database.writing() as session:
            account = session.scalars(select(Account.id)).one()
            made = {
                "own": read_tokens.issue(session, "own", clock(), account_id=account, valid_for=timedelta(days=1)),
                "vault": read_tokens.issue(session, "vault", clock(), scope=VAULT),
                "all": read_tokens.issue(session, "all", clock(), scope="*"),
                "others": read_tokens.issue(session, "others", clock(), scope="hubot/*"),
            }
            upload = tokens.issue(session, "upload", "*", clock())
        bearer = {name: f"Bearer {token}" for name, token in made.items()}

        assert [VAULT, OPEN] == found(client, Authorization=bearer["own"])
        assert [VAULT] == found(client, Authorization=bearer["vault"])
        assert [VAULT, OPEN] == found(client, Authorization=bearer["all"])
        assert [] == found(client, Authorization=bearer["others"])
        # Who may send reports of a repository may read them.
        assert [VAULT, OPEN] == found(client, Authorization=f"Bearer {upload}")
        for wrong in ("Bearer wbu_no", "Bearer wbr_no", "Basic eDp5", "Bearer a.b.c"):
            assert 401 == client.get("/api/v1/images", headers={"Authorization": wrong}).status_code
        assert (
            401 == client.post("/api/v1/reports", content=sent(), headers={"Authorization": bearer["all"]}).status_code
        )

        with service.database.writing() as session:
            read_tokens.revoke(session, "vault", clock())
        clock.ahead += timedelta(days=2)
        for name, status in (("own", 401), ("vault", 401), ("all", 200)):
            assert status == client.get("/api/v1/images", headers={"Authorization": bearer[name]}).status_code


def test_admins_see_everything_and_keep_the_service(tmp_path: Path, github: GitHub) -> None:
    with serving(tmp_path, github, admins="HuBot") as (client, service, _):
        assert 401 == client.get("/api/v1/admin/audit").status_code
        sign_in(client, github, "octocat")
        assert 403 == client.get("/api/v1/admin/audit").status_code
        sign_in(client, github, "hubot")
        assert [VAULT, OPEN] == found(client)
        assert 200 == client.get("/api/v1/admin/audit").status_code

        with service.database.writing() as session:
            session.execute(update(Account).where(Account.login == "octocat").values(role="admin"))
        sign_in(client, github, "octocat")
        assert 200 == client.get("/api/v1/admin/audit").status_code
