"""Nothing of a private repository is on any page or in any answer that a stranger gets, whoever asked before."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from fastapi.testclient import TestClient

from tests.service.test_ingest import sent
from tests.service.test_keeping import sign_in
from weighbridge.service import schema, tokens
from weighbridge.service.app import create
from weighbridge.service.configuration import configured
from weighbridge.service.running import Service, assembled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "octocat/vault"
MARKS = ("vault", "secretlib", "secret/file")
PICTURES = ("/badges/", "/charts/")
_LINK = re.compile(r'(?:href|src|action)="(/[^"#]*)')
_PAGES = 400


@pytest.fixture
def service(tmp_path: Path, database_url: str) -> Iterator[Service]:
    made = assembled(configured(data=tmp_path / "data", database_url=database_url, admins="mona"))
    schema.upgrade(made.database)
    yield made
    made.database.close()


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    """Of a service with two reports each of a public and of a private repository, and a pull request of each."""
    with TestClient(create(service), raise_server_exceptions=False) as made:
        for private in (False, True):
            with service.database.writing() as session:
                token = tokens.issue(session, str(private), "octocat/*", service.now(), private=private)
            for number in range(3):
                body = _private(sent(number)) if private else sent(number)
                if number == 2:
                    body = body.replace(b'"pull_request": null', b'"pull_request": 7')
                    body = body.replace(b'"pull_request":null', b'"pull_request":7')
                answer = made.post("/api/v1/reports", content=body, headers={"Authorization": f"Bearer {token}"})
                assert 201 == answer.status_code, answer.text
        yield made


def _private(body: bytes) -> bytes:
    for old, new in (
        (b"octocat/yard", SECRET.encode()),
        (b'"lib0"', b'"secretlib"'),
        (b"usr/lib/big.so", b"secret/file"),
    ):
        body = body.replace(old, new)
    return body


def crawled(client: TestClient, document: dict[str, Any]) -> dict[str, str]:
    """What an admin gets, by address: pages by following links, and every operation of the API that reads."""
    queue = ["/", "/account", *_operations(document)]
    answers: dict[str, str] = {}
    while queue and len(answers) < _PAGES:
        address = queue.pop(0)
        if address in answers or address.startswith(("/static/", "/login", "/logout", *PICTURES)):
            continue
        answer = client.get(address, headers={"Accept": "text/html"})
        answers[address] = answer.text
        if "text/html" in answer.headers.get("content-type", ""):
            queue += [html.unescape(found) for found in _LINK.findall(answer.text)]
    assert not queue, "all was seen"
    return answers


def _operations(document: dict[str, Any]) -> Iterator[str]:
    """Of the private repository, with what there is for each parameter."""
    given = {
        "owner": "octocat", "repository": "vault", "name": "app", "rule": "apt-lists-kept", "ecosystem": "apt",
        "kind": "size", "format": "csv", "ending": "svg", "image": "app",
    }  # fmt: skip
    for path, operations in document["paths"].items():
        if "get" not in operations:
            continue
        for number in range(1, 7):
            values = {**given, "number": str(number), "id": str(number), "base": "1", "head": str(number)}
            if "/repositories/" in path:
                values["name"] = "vault"
            if "/packages/" in path:
                values["name"] = "secretlib"
            filled = path
            for name in re.findall(r"\{(\w+)(?::\w+)?\}", path):
                filled = re.sub(rf"\{{{name}(:\w+)?\}}", quote(values.get(name, "1")), filled)
            required = [
                one["name"]
                for one in operations["get"].get("parameters", [])
                if one["in"] == "query" and one["required"]
            ]
            query = "&".join(f"{name}={quote(values.get(name, '1'))}" for name in required)
            yield f"{filled}?{query}" if query else filled
            if "{" not in path and not required:
                break


def test_strangers_find_nothing_of_it(service: Service, client: TestClient) -> None:
    document = client.get("/api/v1/openapi.json").json()
    admin = TestClient(client.app, raise_server_exceptions=False)
    sign_in(service, admin, "mona")
    # The admin comes first, so that whatever is kept in memory is there.
    answers = crawled(admin, document)
    telling = [address for address, text in answers.items() if any(mark in text for mark in MARKS)]
    assert len(telling) >= 20, telling
    reader = TestClient(client.app, raise_server_exceptions=False)
    sign_in(service, reader, "hubot")
    for who in (client, reader):
        for address in answers:
            answer = who.get(address, headers={"Accept": "text/html"}, follow_redirects=False)
            assert answer.status_code < 500, address
            if any(mark in address for mark in MARKS):
                # Errors repeat what was asked for; lists may look for it, and find nothing.
                said = re.sub(r'value="[^"]*"|<title>.*?</title>', "", answer.text)
                assert answer.status_code in (303, 401, 403, 404) or not _tells(said, address), (
                    address,
                    answer.status_code,
                )
            else:
                assert not _tells(answer.text, ""), address
    for address in ("/api/v1/totals", "/"):
        assert answers[address] != client.get(address, headers={"Accept": "text/html"}).text, "sums are of what is read"
    assert any("octocat/yard" in client.get(address).text for address in answers)


def _tells(text: str, address: str) -> bool:
    return any(mark in text for mark in MARKS if mark not in address)


def test_pictures_need_the_token_of_their_address(service: Service, client: TestClient) -> None:
    admin = TestClient(client.app, raise_server_exceptions=False)
    sign_in(service, admin, "mona")
    pages = [f"/repositories/{SECRET}", f"/images/{SECRET}/app"]
    found = {
        html.unescape(link)
        for page in pages
        for link in re.findall(r"/(?:badges|charts)/[^\"&\s)<]+(?:&amp;[^\"\s)<]+)*", admin.get(page).text)
    }
    pictures = [link for link in found if dict(parse_qsl(urlsplit(link).query)).get("token")]
    assert pictures
    for picture in pictures:
        whole = client.get(picture)
        path = urlsplit(picture).path
        assert 200 == whole.status_code
        for forged in (path, f"{path}?token=x", f"{path}?token={'0' * 64}"):
            assert "not found" in client.get(forged).text or client.get(forged).status_code == 404, forged
            assert client.get(forged).text != whole.text
