"""Badges and charts by address: what they say, how they are kept, and who may see them."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from tests.service.test_ingest import sent
from tests.support.reports import image
from weighbridge.core import wire
from weighbridge.core.badges.choices import Kind
from weighbridge.core.charts.choices import ChartKind
from weighbridge.model.budget import Status
from weighbridge.service import tables
from weighbridge.service.app import create
from weighbridge.service.pictures import layer
from weighbridge.service.pictures.addresses import token

if TYPE_CHECKING:
    from weighbridge.service.running import Service

YARD = "/badges/octocat/yard/app"


@pytest.fixture
def told(client: TestClient, sender: dict[str, str]) -> TestClient:
    """An image with two releases, a topic branch, and a newest record that grew; and a second image."""
    reports = [
        sent(1, 90_000_000, release="v1.0.0", ref="v1.0.0"),
        sent(2, 91_000_000),
        sent(3, 95_000_000, release="v1.10.0", ref="v1.10.0"),
        sent(4, 99_000_000, ref="topic/one"),
        sent(5, 98_200_000),
    ]
    loaded = wire.load(sent(5))
    other = image("odd name/with slash", size=1_800_000, status=Status.FAIL)
    reports.append(wire.dump(replace(loaded, images=(other,))).encode())
    for each in reports:
        assert 201 == client.post("/api/v1/reports", content=each, headers=sender).status_code
    return client


def words(svg: str) -> str:
    """All texts of a picture, which is well-formed."""
    return "".join(ET.fromstring(svg).itertext())  # noqa: S314 - made here


def says(client: TestClient, address: str, **query: str) -> tuple[str, str, str]:
    answer = client.get(address, params=query)
    assert 200 == answer.status_code, answer.text
    value = answer.json()
    return value["label"], value["message"], value["color"]


def test_badges_say_what_the_newest_record_says(told: TestClient) -> None:
    assert ("image size", "98.2 MB", "brightgreen") == says(told, f"{YARD}/size.json")
    assert ("image layers", "2", "blue") == says(told, f"{YARD}/layers.json")
    assert ("size since v1.10.0", "+3.2 MB (+3.4 %)", "yellow") == says(told, f"{YARD}/change.json")
    assert ("proven saving", "unknown", "lightgrey") == says(told, f"{YARD}/saving.json")
    assert "≈ 32.7 MB" == says(told, f"{YARD}/packed.json")[1]


def test_badges_speak_of_branches_and_tags(told: TestClient) -> None:
    assert "90.0 MB" == says(told, f"{YARD}/size.json", ref="v1.0.0")[1]
    assert "99.0 MB" == says(told, f"{YARD}/size.json", ref="topic/one")[1]
    assert "98.2 MB" == says(told, f"{YARD}/size.json", ref="main")[1]
    assert ("size since v1.0.0", "+5.0 MB (+5.6 %)", "yellow") == says(told, f"{YARD}/change.json", ref="v1.10.0")
    assert "unknown" == says(told, f"{YARD}/size.json", ref="none")[1]


def test_badges_speak_of_whole_repositories(told: TestClient) -> None:
    assert ("size of 2 images", "100.0 MB", "red") == says(told, "/badges/octocat/yard/size.json")
    assert "1.8 MB" == says(told, "/badges/octocat/yard/odd name/with slash/size.json")[1]


@pytest.mark.parametrize("kind", Kind)
def test_badges_are_pictures(told: TestClient, kind: Kind) -> None:
    answer = told.get(f"{YARD}/{kind}.svg", params={"style": "for-the-badge", "label": "it's <me>"})

    assert "image/svg+xml; charset=utf-8" == answer.headers["content-type"]
    assert "it's <me>".upper() in words(answer.text)


@pytest.mark.parametrize("kind", ChartKind)
@pytest.mark.parametrize("ref", ["", "topic/one", "v1.0.0"])
def test_charts_are_pictures(told: TestClient, kind: ChartKind, ref: str) -> None:
    answer = told.get(f"/charts/octocat/yard/app/{kind}.svg", params={"theme": "dark", "ref": ref})

    assert 200 == answer.status_code
    assert "app" in words(answer.text)


def test_a_chart_of_a_repository_has_a_line_for_each_image(told: TestClient) -> None:
    text = words(told.get("/charts/octocat/yard/size.svg").text)

    assert "2 images" in text


def test_who_has_it_already_is_sent_nothing(told: TestClient) -> None:
    first = told.get(f"{YARD}/size.svg")
    etag = first.headers["etag"]
    assert f"public, max-age={layer.SECONDS}" == first.headers["cache-control"]
    for known in (etag, f'"other", W/{etag}', "*"):
        again = told.get(f"{YARD}/size.svg", headers={"If-None-Match": known})
        assert (304, b"", etag) == (again.status_code, again.content, again.headers["etag"])
        # What is kept of an answer takes over what a 304 says of it.
        name = "content-security-policy"
        assert first.headers[name] == again.headers[name]
    assert 200 == told.get(f"{YARD}/size.svg", headers={"If-None-Match": '"other"'}).status_code
    head = told.head(f"{YARD}/size.svg")
    assert (b"", first.headers["content-length"]) == (head.content, head.headers["content-length"])
    assert 405 == told.post(f"{YARD}/size.svg").status_code


def test_a_new_report_changes_the_badge(
    told: TestClient, sender: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "98.2 MB" == says(told, f"{YARD}/size.json")[1]
    told.post("/api/v1/reports", content=sent(9, 123_000_000), headers=sender)
    monkeypatch.setattr(layer, "_LOOK_SECONDS", 0)
    # Whoever asks first is the one who makes it look.
    found = [says(told, f"{YARD}/size.json")[1] for _ in range(20)]
    assert "123.0 MB" == found[-1]


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/badges/octocat/yard/none/size.svg", 404),
        ("/badges/hubot/yard/app/size.svg", 404),
        ("/badges/octocat/yard/app/colour.svg", 422),
        ("/badges/octocat/yard/app/size.png", 422),
        ("/badges/octocat/yard/app/size.svg?style=social", 422),
        ("/badges/size.svg", 422),
        ("/badges//yard/app/size.svg", 422),
        ("/badges/octocat/yard/app/size.svg?label=" + "x" * 3_000, 422),
        ("/charts/octocat/yard/app/size.json", 422),
        ("/charts/octocat/yard/app/size.svg?theme=neon", 422),
        ("/badges/octocat/%00/app/size.svg", 400),
        ("/badges/octocat/%EF%BF%BD/%ff/size.svg", 404),
    ],
)
def test_what_there_is_no_picture_of(told: TestClient, address: str, status: int) -> None:
    answer = told.get(address)

    assert status == answer.status_code
    if status == 404 and answer.headers["content-type"].startswith("image/svg"):
        assert "not found" in words(answer.text)
    if status == 422:
        assert "application/problem+json" == answer.headers["content-type"]


def test_a_private_repository_takes_a_token(told: TestClient, service: Service, sender: dict[str, str]) -> None:
    with service.database.writing() as session:
        session.execute(update(tables.Repository).values(private=True))
    with TestClient(create(service)) as client:
        right, wrong = token(service.secret, "octocat/yard"), token(service.secret, "octocat/other")
        assert 404 == client.get(f"{YARD}/size.svg").status_code
        assert 404 == client.get(f"{YARD}/size.svg", params={"token": wrong}).status_code
        answer = client.get(f"{YARD}/size.svg", params={"token": right})
        assert 200 == answer.status_code
        assert answer.headers["cache-control"].startswith("private")
        assert 200 == client.get("/charts/octocat/yard/app/size.svg", params={"token": right}).status_code
        assert 404 == client.get("/images/octocat/yard/app").status_code
        assert f"token={right}" in client.get("/images/octocat/yard/app", headers=sender).text


def test_the_document_tells_of_pictures(client: TestClient) -> None:
    document: Any = json.loads(client.get("/api/v1/openapi.json").text)

    assert "/badges/{owner}/{repository}/{image}/{kind}.{ending}" in document["paths"]
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["summary"], path
