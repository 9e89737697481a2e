"""GitHub's tokens of workflows' runs: what they prove is believed, and nothing else."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi.testclient import TestClient
from sqlalchemy import select

from tests.service.test_ingest import sent
from tests.support.issuer import COMMIT, Issuer, key, running_issuer
from tests.support.reports import HEAD, image, report
from weighbridge.core import wire
from weighbridge.service import schema
from weighbridge.service.app import create
from weighbridge.service.auth.keys import EVERY, FRESH, KEPT
from weighbridge.service.configuration import configured
from weighbridge.service.running import Service, assembled
from weighbridge.service.tables import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with running_issuer() as made:
        yield made


@pytest.fixture
def service(tmp_path: Path, issuer: Issuer) -> Iterator[Service]:
    made = assembled(configured(data=tmp_path, oidc_issuer=issuer.url, senders="octocat, hubot/lab"))
    schema.upgrade(made.database)
    yield made
    made.database.close()


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    with TestClient(create(service), raise_server_exceptions=False) as made:
        yield made


def send(client: TestClient, token: str, body: bytes | None = None) -> Any:
    return client.post("/api/v1/reports", content=body or sent(1), headers={"Authorization": f"Bearer {token}"})


def pulls(number: int | None, **changes: Any) -> bytes:
    return wire.dump(replace(report(image(), head=HEAD), pull_request=number, **changes)).encode()


def repository(service: Service, name: str = "octocat/yard") -> Repository:
    with service.database.reading() as session:
        return session.scalars(select(Repository).filter_by(name=name)).one()


def history(client: TestClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/api/v1/images/octocat/yard/app").json()["records"]
    return found


def test_a_push_is_recorded_for_the_branch_that_the_token_names(client: TestClient, issuer: Issuer) -> None:
    assert 201 == send(client, issuer.token(), sent(1, ref="other", release="v9")).status_code

    assert [("main", None)] == [(record["ref"], record["release"]) for record in history(client)]


def test_a_tag_is_a_release_whatever_the_report_says(client: TestClient, issuer: Issuer) -> None:
    send(client, issuer.token())
    send(client, issuer.token(ref="refs/tags/v1", ref_type="tag"), sent(1, ref="x", release="v9", event="tag"))

    assert [("main", "v1")] == [(record["ref"], record["release"]) for record in history(client)]


def test_only_the_commit_that_was_run_is_recorded(client: TestClient, issuer: Issuer) -> None:
    """Else a branch could write over what the default branch weighed."""
    answer = send(client, issuer.token(ref="refs/heads/topic"), sent(2))

    assert 403 == answer.status_code
    assert COMMIT in answer.json()["detail"]


def test_a_branch_cannot_make_itself_the_default(client: TestClient, service: Service, issuer: Issuer) -> None:
    send(client, issuer.token())
    send(client, issuer.token(ref="refs/heads/x", sha=f"{2:040x}"), sent(2, 9_000, ref="x", default_branch="x"))

    assert "main" == repository(service).default_branch
    assert 100_000_000 == client.get("/api/v1/images").json()["images"][0]["size"]
    scheduled = issuer.token(ref="refs/heads/trunk", sha=f"{3:040x}", event_name="schedule")
    send(client, scheduled, sent(3, ref="trunk", default_branch="trunk"))
    assert "trunk" == repository(service).default_branch


@pytest.mark.parametrize(("number", "status"), [(7, 201), (8, 403), (None, 403)])
def test_a_pull_requests_run_writes_to_that_pull_request_only(
    client: TestClient, issuer: Issuer, number: int | None, status: int
) -> None:
    token = issuer.token(ref="refs/pull/7/merge", event_name="pull_request", sha=f"{9:040x}")

    assert status == send(client, token, pulls(number)).status_code


@pytest.mark.parametrize("event", ["pull_request_target", "workflow_run", "issue_comment", "made_up"])
def test_runs_on_the_default_branch_that_may_hold_strangers_work_write_to_pull_requests_only(
    client: TestClient, issuer: Issuer, event: str
) -> None:
    assert 403 == send(client, issuer.token(event_name=event)).status_code
    assert 201 == send(client, issuer.token(event_name=event), pulls(7)).status_code


def test_visibility_is_kept(client: TestClient, service: Service, issuer: Issuer) -> None:
    for visibility, private in (("internal", True), ("public", False), ("private", True)):
        send(client, issuer.token(repository_visibility=visibility))
        assert private == repository(service).private
    send(client, issuer.token(repository_visibility=None))
    assert repository(service).private


def test_a_repository_is_its_number_not_its_name(client: TestClient, service: Service, issuer: Issuer) -> None:
    send(client, issuer.token())
    send(client, issuer.token(repository="octocat/renamed"), sent(1).replace(b"octocat/yard", b"octocat/renamed"))
    assert 1296269 == repository(service, "octocat/renamed").github_id

    send(client, issuer.token(repository="octocat/renamed", repository_id="5"),
         sent(1).replace(b"octocat/yard", b"octocat/renamed"))  # fmt: skip
    aside = repository(service, "octocat/renamed@1296269")
    assert (True, True) == (aside.private, aside.gone is not None)
    assert 5 == repository(service, "octocat/renamed").github_id


def test_the_name_is_kept_as_github_spells_it(client: TestClient, service: Service, issuer: Issuer) -> None:
    answer = send(client, issuer.token(), sent(1).replace(b"octocat/yard", b"OctoCat/Yard"))

    assert (201, "octocat/yard") == (answer.status_code, answer.json()["repository"])


@pytest.mark.parametrize(("owner", "status"), [("octocat", 201), ("hubot/lab", 201), ("hubot", 403), ("evil", 403)])
def test_only_those_who_were_named_may_report(client: TestClient, issuer: Issuer, owner: str, status: int) -> None:
    name = owner if "/" in owner else f"{owner}/yard"

    answer = send(client, issuer.token(repository=name), sent(1).replace(b"octocat/yard", name.encode()))
    assert status == answer.status_code
    assert status == 201 or "WEIGHBRIDGE_SERVICE_SENDERS" in answer.json()["detail"]


def test_nobody_is_named_by_default_except_on_an_enterprise() -> None:
    assert not configured().takes_from("octocat/yard")
    assert configured(github_url="https://github.example.com").takes_from("octocat/yard")


def _unsigned(issuer: Issuer) -> str:
    return jwt.encode(issuer.claims(), None, algorithm="none", headers={"kid": "first"})  # type: ignore[arg-type]


def _with_the_public_key(issuer: Issuer) -> str:
    """Signed by HMAC with the public key as its secret, which a careless verifier takes."""
    import hashlib
    import hmac

    pem = key("first").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    text = b".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
        for part in ({"alg": "HS256", "typ": "JWT", "kid": "first"}, issuer.claims())
    )
    digest = hmac.new(pem, text, hashlib.sha256).digest()
    return (text + b"." + base64.urlsafe_b64encode(digest).rstrip(b"=")).decode()


def _altered(issuer: Issuer) -> str:
    header, _, signature = issuer.token().split(".")
    claims = json.dumps(issuer.claims() | {"ref": "refs/heads/release"}).encode()
    return f"{header}.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.{signature}"


_NOW = int(time.time())


@pytest.mark.parametrize(
    ("forged", "reason"),
    [
        (lambda issuer: issuer.token(signed_by="forger"), "signature"),
        (_altered, "signature"),
        (_unsigned, "RS256"),
        (_with_the_public_key, "RS256"),
        (lambda issuer: issuer.token(kid="nobodys"), "key"),
        (lambda issuer: issuer.token(exp=_NOW - 3600), "expired"),
        (lambda issuer: issuer.token(nbf=_NOW + 3600), "not valid yet"),
        (lambda issuer: issuer.token(iat=_NOW + 3600), "not valid yet"),
        (lambda issuer: issuer.token(exp=None), "no claim exp"),
        (lambda issuer: issuer.token(aud="https://elsewhere.example"), "audience"),
        (lambda issuer: issuer.token(aud=None), "no claim aud"),
        (lambda issuer: issuer.token(iss="https://elsewhere.example"), "issuer"),
        (lambda issuer: issuer.token(repository="../../etc"), "repository"),
        (lambda issuer: issuer.token(ref="main"), "ref"),
        (lambda issuer: issuer.token(event_name=None), "event_name"),
        (lambda issuer: issuer.token(sha="HEAD"), "sha"),
        (lambda issuer: issuer.token(padding="x" * 9000), "too long"),
        (lambda _: "a.b.c", "none that this service knows"),
        (lambda _: "..", "none that this service knows"),
    ],
)
def test_what_proves_nothing_is_refused(client: TestClient, issuer: Issuer, forged: Any, reason: str) -> None:
    answer = send(client, forged(issuer))

    assert 401 == answer.status_code
    assert reason in answer.json()["detail"]
    assert "Bearer" in answer.headers["www-authenticate"]


def test_a_run_reads_what_its_repository_reported(client: TestClient, service: Service, issuer: Issuer) -> None:
    send(client, issuer.token(repository_visibility="private"))
    assert 404 == client.get("/api/v1/images/octocat/yard/app").status_code
    for name, found in (("octocat/yard", 1), ("octocat/other", 0)):
        headers = {"Authorization": f"Bearer {issuer.token(repository=name)}"}
        assert found == len(client.get("/api/v1/images", headers=headers).json()["images"])


def test_another_repositorys_report_is_refused(client: TestClient, issuer: Issuer) -> None:
    body = sent(1).replace(b"octocat/yard", b"octocat/other")

    assert 403 == send(client, issuer.token(), body).status_code


def test_keys_are_fetched_once_and_again_when_they_rotate(client: TestClient, issuer: Issuer) -> None:
    clock = _clock(client)
    for _ in range(3):
        assert 201 == send(client, issuer.token()).status_code
    assert 1 == issuer.asked

    issuer.kids = ["second"]
    clock[0] += EVERY
    assert 201 == send(client, issuer.token(kid="second")).status_code
    assert 401 == send(client, issuer.token(kid="first")).status_code


def test_unknown_keys_cause_few_questions(client: TestClient, issuer: Issuer) -> None:
    clock = _clock(client)
    for number in range(5):
        send(client, issuer.token(kid=f"no-{number}", signed_by="forger"))
    assert 1 == issuer.asked
    clock[0] += EVERY
    send(client, issuer.token(kid="no", signed_by="forger"))
    assert 2 == issuer.asked


def test_keys_outlive_an_outage_for_a_while(client: TestClient, issuer: Issuer) -> None:
    clock = _clock(client)
    send(client, issuer.token())

    issuer.status = 500
    clock[0] += FRESH + 1
    assert 201 == send(client, issuer.token()).status_code
    clock[0] += KEPT
    answer = send(client, issuer.token())
    assert (503, "30") == (answer.status_code, answer.headers["retry-after"])


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, None), (404, None), (302, None), (200, b"{"), (200, b'{"keys": []}'), (200, b" " * 2_000_000)],
)
def test_an_issuer_that_makes_no_sense_is_an_outage(
    client: TestClient, issuer: Issuer, status: int, body: bytes | None
) -> None:
    issuer.status, issuer.body = status, body

    assert 503 == send(client, issuer.token()).status_code
    assert 1 == issuer.asked


def _clock(client: TestClient) -> list[float]:
    """The clock of the keys, to be set."""
    clock = [1000.0]
    client.app.state.access.workflow_tokens._keys._clock = lambda: clock[0]  # type: ignore[attr-defined]
    return clock
