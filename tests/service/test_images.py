"""The list of images: sorted, paged, narrowed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.service.test_ingest import sent
from tests.support.reports import image, report
from weighbridge.core import wire
from weighbridge.model.budget import Status
from weighbridge.service import queries, readable
from weighbridge.service.readable import Readable

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from weighbridge.service.running import Service

STATUSES = [Status.PASS, Status.FAIL, Status.WARN, Status.UNKNOWN, Status.PASS]


@pytest.fixture
def several(client: TestClient, sender: dict[str, str]) -> TestClient:
    """Five images of two repositories with a record on the default branch, and two that have none."""
    for number, status in enumerate(STATUSES):
        loaded = wire.load(sent(number))
        made = image(f"app-{number}", size=(number % 3 + 1) * 1_000_000, status=status)
        text = wire.dump(replace(loaded, images=(made,), repository=f"octocat/yard-{number % 2}"))
        assert 201 == client.post("/api/v1/reports", content=text.encode(), headers=sender).status_code
    for number in (1, 2):
        text = wire.dump(replace(report(image(f"new-{number}")), pull_request=number))
        assert 201 == client.post("/api/v1/reports", content=text.encode(), headers=sender).status_code
    return client


def listed(client: TestClient, limit: int = 200, **asked: Any) -> list[str]:
    """Names over all pages."""
    names: list[str] = []
    cursor = None
    while True:
        parameters = {"limit": limit, **asked, **({"cursor": cursor} if cursor else {})}
        answer = client.get("/api/v1/images", params=parameters)
        assert 200 == answer.status_code, answer.text
        names += [one["name"] for one in answer.json()["images"]]
        cursor = answer.json()["next"]
        if cursor is None:
            return names


def test_the_heaviest_come_first_and_the_unknown_last(several: TestClient) -> None:
    assert ["app-2", "app-4", "app-1", "app-3", "app-0", "new-2", "new-1"] == listed(several)


def test_the_worst_come_first(several: TestClient) -> None:
    assert ["app-1", "app-3", "app-2", "app-4", "app-0", "new-2", "new-1"] == listed(several, sort="status")


def test_names_come_from_a(several: TestClient) -> None:
    assert ["new-1", "new-2", "app-0", "app-2", "app-4", "app-1", "app-3"] == listed(several, sort="name")


@pytest.mark.parametrize("sort", list(queries.Order))
@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_add_up_to_the_list(several: TestClient, sort: str, limit: int) -> None:
    assert listed(several, sort=sort) == listed(several, limit, sort=sort)


def test_a_cursor_of_another_order_is_refused(several: TestClient) -> None:
    cursor = several.get("/api/v1/images", params={"sort": "status", "limit": 1}).json()["next"]

    assert 422 == several.get("/api/v1/images", params={"sort": "size", "cursor": cursor}).status_code


def test_the_list_is_narrowed(several: TestClient) -> None:
    assert ["app-1", "app-3"] == sorted(listed(several, repository="octocat/yard-1"))
    assert ["app-1"] == listed(several, status="fail")
    assert ["app-3"] == listed(several, q="P-3")
    assert [] == listed(several, q="%")


def test_only_what_is_visible_is_listed(several: TestClient, service: Service) -> None:
    with readable.only(Readable(scope="octocat/yard-0")), service.database.reading() as session:
        page = queries.images(session, queries.Wanted())
        assert {"octocat/yard-0"} == {shown.repository for shown in page.images}
        assert queries.image(session, "octocat/yard-1", "app-1") is None
    with readable.only(readable.NOTHING), service.database.reading() as session:
        assert () == queries.images(session, queries.Wanted()).images
