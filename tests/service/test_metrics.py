"""What is counted, and what is told of each request: never a secret, never what a stranger made up."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

from tests.service.test_ingest import sent
from weighbridge.service import observed
from weighbridge.service.running import Service

if TYPE_CHECKING:
    import pytest
    from fastapi.testclient import TestClient


def counts(client: TestClient) -> dict[tuple[str, ...], float]:
    text = client.get("/metrics").text
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_requests_are_counted_by_route_and_reports_by_what_came_of_them(
    client: TestClient, sender: dict[str, str]
) -> None:
    before = counts(client)
    client.post("/api/v1/reports", content=sent(), headers=sender)
    client.post("/api/v1/reports", content=sent())
    client.get("/api/v1/images/octocat/yard/app")
    client.get("/nowhere/at/all")

    after = counts(client)

    def grown(*key: str) -> float:
        return after.get(key, 0) - before.get(key, 0)

    requests = "weighbridge_http_requests_total"
    assert 1 == grown(requests, "/api/v1/reports", "201", "POST")
    assert 1 == grown(requests, "/api/v1/reports", "401", "POST")
    assert 1 == grown(requests, "/api/v1/images/{owner}/{repository}/{name:path}", "200", "GET")
    assert 1 == grown(requests, "(none)", "404", "GET")
    assert 1 == grown("weighbridge_ingested_reports_total")
    assert 1 == grown("weighbridge_ingested_images_total", "created")
    assert 2 == grown("weighbridge_http_request_duration_seconds_count", "/api/v1/reports")
    assert 0 == after["weighbridge_webhook_messages", "waiting"]


def test_metrics_may_want_a_token(client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    from pydantic import SecretStr

    wanted = service.configuration.model_copy(update={"metrics_token": SecretStr("t0ken")})
    monkeypatch.setattr(client.app.state, "service", Service(  # type: ignore[attr-defined]
        configuration=wanted, database=service.database, store=service.store, secret=service.secret
    ))  # fmt: skip

    assert 401 == client.get("/metrics").status_code
    assert 401 == client.get("/metrics", headers={"Authorization": "Bearer other"}).status_code
    assert 200 == client.get("/metrics", headers={"Authorization": "Bearer t0ken"}).status_code


def test_each_request_is_a_line_without_secrets(
    client: TestClient, sender: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "weighbridge.access"):
        client.post("/api/v1/reports?token=abc", content=sent(), headers=sender)

    (line,) = [json.loads(record.message) for record in caplog.records if record.name == "weighbridge.access"]
    assert ("POST", "/api/v1/reports", "/api/v1/reports", 201) == tuple(
        line[name] for name in ("method", "route", "path", "status")
    )
    assert line["seconds"] > 0
    assert "abc" not in caplog.text
    assert sender["Authorization"].split()[1] not in caplog.text


def test_a_token_in_a_path_is_not_told() -> None:
    assert "/badges/***/app.svg" == observed.shown_path("/badges/s3cret/app.svg", {"token": "s3cret", "name": "app"})
    assert 501 == len(observed.shown_path("/" + "x" * 9_000, {}))
