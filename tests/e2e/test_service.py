"""The action, run by the real runner, sends to a real service as the job that it is; the badge changes."""

from __future__ import annotations

import contextlib
import json
import urllib.request
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.e2e.test_history import serving
from tests.support.issuer import Issuer, running_issuer
from tests.support.service_running import Running, running_service
from tests.support.serving import listening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.support.act import Runner
    from tests.support.git import WorkTree

    Merged = Callable[[Mapping[str, str], Mapping[str, str]], WorkTree]

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]

SMALL = "FROM busybox:1.36\nRUN dd if=/dev/urandom of=/small bs=1000 count=1000\n"
LARGE = SMALL + "RUN dd if=/dev/urandom of=/large bs=1000 count=3000\n"
REQUEST_TOKEN = "of-the-job"


@dataclass
class Identities:
    """The runner's endpoint that gives a job its identity. `tokens` are those that it gave."""

    issuer: Issuer
    claims: dict[str, Any] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=list)
    url: str = ""

    def variables(self) -> dict[str, str]:
        """What the runner tells a job with `id-token: write`."""
        return {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.url}/token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": REQUEST_TOKEN,
        }


@contextlib.contextmanager
def giving(issuer: Issuer) -> Iterator[Identities]:
    identities = Identities(issuer=issuer)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert f"Bearer {REQUEST_TOKEN}" == self.headers["Authorization"]
            audience = parse_qs(urlsplit(self.path).query)["audience"][0]
            token = issuer.token(aud=audience, **identities.claims)
            identities.tokens.append(token)
            body = json.dumps({"value": token}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Says nothing."""

    with listening(Handler) as url:
        identities.url = url
        yield identities


@pytest.fixture
def identities() -> Iterator[Identities]:
    with running_issuer() as issuer, giving(issuer) as made:
        yield made


@pytest.fixture
def service(identities: Identities, tmp_path: Path) -> Iterator[Running]:
    with running_service(tmp_path / "service", oidc_issuer=identities.issuer.url, senders="octocat") as running:
        yield running


def badge(service: Running) -> str:
    with urllib.request.urlopen(f"{service.url}/badges/octocat/yard/yard/size.json") as answer:  # noqa: S310
        message: str = json.loads(answer.read())["message"]
        return message


def test_pushes_change_the_badge_and_pull_requests_do_not(
    runner: Runner, merged: Merged, service: Running, identities: Identities
) -> None:
    tree = merged({"Dockerfile": SMALL}, {"Dockerfile": LARGE})
    merge = tree.git("rev-parse", "HEAD")
    inputs = {"service": service.url}
    with serving(tree, replace(runner, job=identities.variables())) as project:
        identities.claims = {"sha": tree.git("rev-parse", "HEAD")}
        pushed = project.push(inputs=inputs)
        assert pushed.status == 0, pushed.log
        assert f"sent to {service.url}: octocat/yard yard linux/amd64" in pushed.log
        small = badge(service)

        tree.git("checkout", "--quiet", "--detach", merge)
        pull = {"event_name": "pull_request", "ref": "refs/pull/7/merge", "sha": merge, "head_ref": "feature"}
        identities.claims = {**pull, "base_ref": "main", "ref_type": "branch"}
        compared = project.runner.pull_request(tree, 7, inputs={**inputs, "comment-mode": "off"})
        assert "of #7: created" in compared.log, compared.log
        assert small == badge(service)

        tree.checkout("main")
        tree.git("merge", "--quiet", "--ff-only", merge)
        identities.claims = {"sha": merge}
        grown = project.push(inputs=inputs)
        assert f"sent to {service.url}: octocat/yard yard" in grown.log, grown.log
        assert "the files of" in pushed.log
        assert "the files of" in compared.log
        assert badge(service) != small

    assert 3 == len(identities.tokens)
    logs = pushed.log + compared.log + grown.log
    assert not [token for token in (*identities.tokens, REQUEST_TOKEN) if f"{token}\n" in logs]


def test_a_service_that_is_away_fails_no_build(runner: Runner, merged: Merged) -> None:
    tree = merged({"Dockerfile": SMALL}, {"Dockerfile": SMALL})
    with serving(tree, runner) as project:
        pushed = project.push(inputs={"service": "http://127.0.0.1:9", "service-token": "wbu_nobody"})

    assert pushed.status == 0, pushed.log
    assert 1 == pushed.log.count("the report was not sent")
    assert pushed.has("report.json")
