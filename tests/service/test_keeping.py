"""What admins do, and people for themselves: through the API and on pages, with an entry in the audit log."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient

from tests.service.test_ingest import sent
from tests.support.command import run
from tests.support.signing_in import seated
from weighbridge.service import schema, tokens
from weighbridge.service.app import create
from weighbridge.service.auth import audit as audit_log
from weighbridge.service.configuration import configured
from weighbridge.service.running import Service, assembled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PEOPLE = {"mona": 1, "hubot": 2}


@pytest.fixture
def service(tmp_path: Path, database_url: str) -> Iterator[Service]:
    made = assembled(configured(data=tmp_path / "data", database_url=database_url, admins="mona"))
    schema.upgrade(made.database)
    yield made
    made.database.close()


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    with TestClient(create(service), raise_server_exceptions=False) as made:
        yield made


def sign_in(service: Service, client: TestClient, login: str) -> str:
    """Somebody with a browser; what its forms carry."""
    cookie, csrf = seated(service, login, PEOPLE[login])
    client.cookies.set("weighbridge-session", cookie)
    return csrf


def upload(client: TestClient, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return client.post("/api/v1/reports", content=sent(), headers=headers).status_code


def audit(client: TestClient) -> list[tuple[str, str, str]]:
    entries = client.get("/api/v1/admin/audit").json()["entries"]
    return [(entry["actor"], entry["action"], entry["subject"]) for entry in entries]


def test_tokens_are_made_listed_and_revoked(service: Service, client: TestClient) -> None:
    headers = {"X-CSRF-Token": sign_in(service, client, "mona")}
    order = {"name": "release machine", "scope": "octocat/*", "private": True, "days": 30}
    made = client.post("/api/v1/admin/tokens", json=order, headers=headers)
    assert 201 == made.status_code
    token = made.json()["token"]
    assert 201 == upload(client, token)

    (listed,) = client.get("/api/v1/admin/tokens").json()["tokens"]
    assert ("release machine", "upload", "octocat/*", True) == tuple(
        listed[name] for name in ("name", "kind", "scope", "private")
    )
    assert listed["used"] is not None
    assert token not in client.get("/api/v1/admin/tokens").text
    stranger = TestClient(client.app)
    assert [] == stranger.get("/api/v1/images").json()["images"]

    assert 204 == client.delete("/api/v1/admin/tokens/upload/release machine", headers=headers).status_code
    assert 401 == upload(client, token)
    assert [
        ("mona", "token.revoke.upload", "release machine"),
        ("mona", "token.issue.upload", "release machine"),
    ] == audit(client)


@pytest.mark.parametrize(
    "order",
    [{"name": "a", "scope": "everything"}, {"name": " ", "scope": "*"}, {"name": "a\nb", "scope": "*"}, {"name": "a"},
     {"name": "a", "scope": "*", "days": 0}, {"name": "a", "scope": "*", "kind": "admin"},
     {"name": "a", "scope": "*", "more": 1}],
)  # fmt: skip
def test_tokens_that_make_no_sense_are_not_made(service: Service, client: TestClient, order: object) -> None:
    headers = {"X-CSRF-Token": sign_in(service, client, "mona")}

    assert 422 == client.post("/api/v1/admin/tokens", json=order, headers=headers).status_code
    assert [] == audit(client)


def test_cookies_alone_change_nothing(service: Service, client: TestClient) -> None:
    csrf = sign_in(service, client, "mona")
    order = {"name": "a", "scope": "*"}

    assert 403 == client.post("/api/v1/admin/tokens", json=order).status_code
    assert 403 == client.post("/api/v1/admin/tokens", json=order, headers={"X-CSRF-Token": "x"}).status_code
    assert 403 == client.post("/admin/tokens", data=order).status_code
    assert 403 == client.post("/admin/tokens", data={**order, "csrf": "x"}).status_code
    assert 403 == client.post("/admin/tokens", files={"csrf": (None, csrf)}, data=order).status_code
    assert 413 == client.post("/admin/tokens", data={**order, "x": "y" * 100_000}).status_code
    away = {"Origin": "https://evil.example"}
    assert 403 == client.post("/admin/tokens", data={**order, "csrf": csrf}, headers=away).status_code
    assert [] == audit(client)


def test_pages_do_what_the_api_does(service: Service, client: TestClient) -> None:
    csrf = sign_in(service, client, "mona")
    form = {
        "csrf": csrf,
        "name": "<b>machine</b>",
        "scope": "octocat/yard",
        "kind": "upload",
        "private": "",
        "days": "",
    }
    page = client.post("/admin/tokens", data=form, headers={"Origin": "http://testserver"})
    found = re.search(r"wbu_[\w-]+", page.text)
    assert (200, True) == (page.status_code, found is not None)
    assert "&lt;b&gt;machine" in page.text
    assert "<b>machine" not in page.text
    assert found is not None
    assert 201 == upload(client, found[0])
    assert found[0] not in client.get("/admin").text

    gone = {"csrf": csrf, "kind": "upload", "name": "<b>machine</b>"}
    assert 200 == client.post("/admin/tokens/revoke", data=gone).status_code
    assert 401 == upload(client, found[0])
    assert "token.revoke.upload" in client.get("/admin/audit").text


def test_people_have_tokens_of_their_own(service: Service, client: TestClient) -> None:
    csrf = sign_in(service, client, "hubot")
    page = client.post("/account/tokens", data={"csrf": csrf, "name": "laptop", "days": "30"})
    found = re.search(r"wbr_[\w-]+", page.text)
    assert found is not None
    bearer = {"Authorization": f"Bearer {found[0]}"}
    stranger = TestClient(client.app)
    assert {"login": "hubot", "role": "reader"} == stranger.get("/api/v1/me", headers=bearer).json()
    # A token makes no tokens.
    assert 401 == stranger.post("/api/v1/me/tokens", json={"name": "b"}, headers=bearer).status_code
    assert ["laptop"] == [token["name"] for token in client.get("/api/v1/me/tokens").json()["tokens"]]

    assert 204 == client.delete("/api/v1/me/tokens/laptop", headers={"X-CSRF-Token": csrf}).status_code
    assert 401 == stranger.get("/api/v1/me", headers=bearer).status_code
    assert "revoked" in client.get("/account").text


def test_strangers_have_no_account(client: TestClient) -> None:
    for path in ("/account", "/admin", "/admin/audit"):
        assert 401 == client.get(path).status_code
        answer = client.get(path, headers={"Accept": "text/html"}, follow_redirects=False)
        assert (303, f"/login?next={path}") == (answer.status_code, answer.headers["location"])
    for path in ("/api/v1/admin/tokens", "/api/v1/admin/accounts", "/api/v1/me/tokens"):
        assert 401 == client.get(path).status_code
    assert {"login": None, "role": "reader"} == client.get("/api/v1/me").json()


def test_roles_are_given_and_taken(service: Service, client: TestClient) -> None:
    hubot = TestClient(client.app)
    sign_in(service, hubot, "hubot")
    assert 403 == hubot.get("/api/v1/admin/accounts").status_code
    csrf = sign_in(service, client, "mona")
    headers = {"X-CSRF-Token": csrf}

    assert 204 == client.put("/api/v1/admin/accounts/hubot/role", json={"role": "admin"}, headers=headers).status_code
    assert 200 == hubot.get("/api/v1/admin/accounts").status_code
    assert 200 == client.post("/admin/people", data={"csrf": csrf, "login": "hubot", "role": "reader"}).status_code
    assert 403 == hubot.get("/api/v1/admin/accounts").status_code
    assert 422 == client.put("/api/v1/admin/accounts/nobody/role", json={"role": "admin"}, headers=headers).status_code

    assert 204 == client.delete("/api/v1/admin/accounts/hubot/sessions", headers=headers).status_code
    assert 401 == hubot.get("/account").status_code
    people = client.get("/api/v1/admin/accounts").json()["accounts"]
    assert [("hubot", "reader"), ("mona", "admin")] == [(one["login"], one["role"]) for one in people]


def test_signing_out_elsewhere(service: Service, client: TestClient) -> None:
    other = TestClient(client.app)
    sign_in(service, other, "hubot")
    csrf = sign_in(service, client, "hubot")

    assert 200 == client.post("/account/sessions/end", data={"csrf": csrf}).status_code
    assert 200 == client.get("/account").status_code
    assert 401 == other.get("/account").status_code


def test_a_repository_is_corrected(service: Service, client: TestClient, sender: dict[str, str]) -> None:
    stranger = TestClient(client.app)
    stranger.post("/api/v1/reports", content=sent(), headers=sender)
    assert 1 == len(stranger.get("/api/v1/images").json()["images"])
    headers = {"X-CSRF-Token": sign_in(service, client, "mona")}

    path = "/api/v1/admin/repositories/octocat/yard"
    assert 204 == client.patch(path, json={"private": True}, headers=headers).status_code
    assert [] == stranger.get("/api/v1/images").json()["images"]
    assert 422 == client.patch(path + "x", json={"private": True}, headers=headers).status_code


def test_the_audit_log_has_pages(service: Service, client: TestClient) -> None:
    headers = {"X-CSRF-Token": sign_in(service, client, "mona")}
    for number in range(5):
        client.post("/api/v1/admin/tokens", json={"name": str(number), "scope": "*"}, headers=headers)

    seen, cursor = [], None
    while True:
        page = client.get("/api/v1/admin/audit", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [entry["subject"] for entry in page["entries"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert ["4", "3", "2", "1", "0"] == seen
    assert 422 == client.get("/api/v1/admin/audit", params={"cursor": "made up"}).status_code


def test_the_command_line_keeps_tokens(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path / "data"))
    for words, prefix in (
        (["send", "octocat/*", "--private", "--days", "30"], "wbu_"),
        (["see", "*", "--read"], "wbr_"),
    ):
        assert run("admin", "token", *words, *data).out.startswith(prefix)
    again = run("admin", "token", "send", "octocat/*", *data)
    assert (2, 1) == (again.status, again.err.count("\n"))
    assert 0 == run("admin", "revoke", "see", "--read", *data).status
    assert 2 == run("admin", "revoke", "nothing", *data).status

    service = assembled(configured(data=tmp_path / "data"))
    with service.database.reading() as session:
        (kept,) = tokens.every(session)
        assert (True, True) == (kept.private, kept.expires is not None)
        entries, _ = audit_log.page(session)
    assert ["token.revoke.read", "token.issue.read", "token.issue.upload"] == [entry.action for entry in entries]
    service.database.close()


def test_admins_keep_webhooks(service: Service, client: TestClient) -> None:
    headers = {"X-CSRF-Token": sign_in(service, client, "mona")}
    order = {"name": "chat", "url": "https://chat.example/hook", "scope": "octocat/*"}

    made = client.post("/api/v1/admin/webhooks", json=order, headers=headers)
    assert (201, True) == (made.status_code, made.json()["secret"].startswith("whsec_"))
    assert 422 == client.post("/api/v1/admin/webhooks", json=order, headers=headers).status_code
    (shown,) = client.get("/api/v1/admin/webhooks").json()["webhooks"]
    assert order == {name: shown[name] for name in order}
    assert {"deliveries": []} == client.get("/api/v1/admin/webhooks/chat/deliveries").json()
    assert 404 == client.get("/api/v1/admin/webhooks/other/deliveries").status_code
    assert 401 == TestClient(client.app).get("/api/v1/admin/webhooks").status_code
    assert 204 == client.delete("/api/v1/admin/webhooks/chat", headers=headers).status_code
    assert 404 == client.delete("/api/v1/admin/webhooks/chat", headers=headers).status_code
    assert [("mona", "webhook.remove", "chat"), ("mona", "webhook.add", "chat")] == audit(client)
