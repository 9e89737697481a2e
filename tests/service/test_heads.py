"""HEAD answers as GET does, without a body: pages, the API, pictures, files, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from prometheus_client import REGISTRY

from tests.service.test_ingest import sent

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

ADDRESSES = [
    ("/", 200),
    ("/images/octocat/yard/app", 200),
    ("/findings?format=csv", 200),
    ("/api/v1/images", 200),
    ("/api/v1/images?format=csv", 200),
    ("/api/v1/openapi.json", 200),
    ("/badges/octocat/yard/app/size.svg", 200),
    ("/charts/octocat/yard/app/size.svg", 200),
    ("/badges/octocat/yard/none/size.svg", 404),
    ("/healthz", 200),
    ("/nowhere", 404),
    ("/jobs", 401),
    ("/api/v1/reports", 405),
]


@pytest.mark.parametrize(("address", "status"), ADDRESSES)
def test_heads_are_those_of_gets(client: TestClient, sender: dict[str, str], address: str, status: int) -> None:
    client.post("/api/v1/reports", content=sent(1), headers=sender)
    whole, head = client.get(address), client.head(address)

    assert (status, status) == (whole.status_code, head.status_code)
    assert b"" == head.content != whole.content
    # Chance is in none of them.
    assert dict(whole.headers) == dict(head.headers)


def test_they_are_counted_as_what_they_are(client: TestClient) -> None:
    def count() -> float:
        labels = {"method": "HEAD", "route": "/repositories", "status": "200"}
        return REGISTRY.get_sample_value("weighbridge_http_requests_total", labels) or 0

    before = count()
    client.head("/repositories")
    assert before + 1 == count()
