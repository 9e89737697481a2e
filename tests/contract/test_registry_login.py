"""Logging in to a real registry that wants tokens, as `docker login` left it: password, identity token, helper."""

from __future__ import annotations

import base64
import json
import stat
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.test_registry import SMALL
from tests.support.registry import PASSWORD, USER, pushed, running_registry
from tests.support.serving import listening
from tests.support.token_server import IDENTITY, TokenServer, running_token_server
from weighbridge.adapters.registry import RegistryRepository
from weighbridge.adapters.registry_login import Credentials, docker_credentials
from weighbridge.errors import ImageNotFound

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.registry import Registry

BASIC = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


@pytest.fixture(scope="module")
def tokens() -> Iterator[TokenServer]:
    with running_token_server() as server:
        yield server


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory, tokens: TokenServer) -> Iterator[Registry]:
    """A registry with one image, which was pushed while a password was enough."""
    folder = tmp_path_factory.mktemp("registry")
    with running_registry(folder) as running:
        pushed(running, "v1.0.0", SMALL)
    with running_registry(folder, tokens) as running:
        yield running


@pytest.fixture(autouse=True)
def _configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tokens: TokenServer) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    tokens.asked.clear()


def logged_in(tmp_path: Path, **configuration: Any) -> None:
    (tmp_path / "config.json").write_text(json.dumps(configuration))


def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, username: str, secret: str) -> None:
    """A credential helper, as Docker Desktop and the clouds bring one."""
    program = tmp_path / "docker-credential-tests"
    program.write_text(f'#!/bin/sh\nread host\nprintf \'{{"Username": "{username}", "Secret": "{secret}"}}\'\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")


@pytest.mark.parametrize(
    ("entry", "grant"),
    [
        ({"auth": BASIC}, "password"),
        ({"auth": base64.b64encode(b"octocat:").decode(), "identitytoken": IDENTITY}, "refresh_token"),
    ],
    ids=["password", "identity token"],
)
def test_what_docker_login_wrote_logs_in(
    registry: Registry, tokens: TokenServer, tmp_path: Path, entry: dict[str, str], grant: str
) -> None:
    logged_in(tmp_path, auths={registry.address: entry})
    repository = RegistryRepository(f"{registry.address}/octo/app")

    assert ("v1.0.0",) == repository.tags()
    repository.download("v1.0.0", "linux/amd64", tmp_path / "image")
    assert {grant} == set(tokens.asked)


@pytest.mark.parametrize(
    ("username", "secret", "grant"),
    [(USER, PASSWORD, "password"), ("<token>", IDENTITY, "refresh_token")],
    ids=["password", "identity token"],
)
@pytest.mark.parametrize("everywhere", [False, True], ids=["for this registry", "for all"])
def test_what_a_credential_helper_gives_logs_in(
    registry: Registry,
    tokens: TokenServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    username: str,
    secret: str,
    grant: str,
    everywhere: bool,
) -> None:
    helper(tmp_path, monkeypatch, username, secret)
    logged_in(tmp_path, **({"credsStore": "tests"} if everywhere else {"credHelpers": {registry.address: "tests"}}))

    assert ("v1.0.0",) == RegistryRepository(f"{registry.address}/octo/app").tags()
    assert [grant] == tokens.asked


@pytest.mark.parametrize("entry", [None, {"identitytoken": "one that was withdrawn"}, {"auth": "bm90OmtuB3du"}])
def test_whom_it_does_not_know_is_told_to_log_in(
    registry: Registry, tmp_path: Path, entry: dict[str, str] | None
) -> None:
    logged_in(tmp_path, auths={registry.address: entry} if entry else {})

    with pytest.raises(ImageNotFound, match="answers 401: docker login may help") as caught:
        RegistryRepository(f"{registry.address}/octo/app").tags()

    assert "withdrawn" not in str(caught.value)


def test_a_helper_that_is_not_there_is_like_nobody(tmp_path: Path) -> None:
    logged_in(tmp_path, credsStore="of-nobody")

    assert docker_credentials("ghcr.io") is None


def test_an_identity_token_follows_no_redirection(tmp_path: Path) -> None:
    """A form would be sent again, to whomever the redirection names."""
    seen: list[tuple[str, str]] = []

    class Elsewhere(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Says nothing."""

        def do_GET(self) -> None:
            self._answer(401, "WWW-Authenticate", f'Bearer realm="http://{self.headers["Host"]}/token",service="s"')

        def do_POST(self) -> None:
            seen.append((self.path, self.rfile.read(int(self.headers["Content-Length"])).decode()))
            self._answer(307, "Location", "/elsewhere")

        def _answer(self, status: int, name: str, value: str) -> None:
            self.send_response(status)
            self.send_header(name, value)
            self.end_headers()

    with listening(Elsewhere) as url:
        address = url.removeprefix("http://")
        with pytest.raises(ImageNotFound, match="answers 401"):
            RegistryRepository(
                f"{address}/octo/app", credentials=lambda _: Credentials(identity_token=IDENTITY), retries=0
            ).tags()

    assert ["/token"] == [path for path, _ in seen]


def test_no_secret_is_in_a_repr() -> None:
    shown = repr(Credentials(username=USER, password=PASSWORD, identity_token=IDENTITY))

    assert (True, False, False) == (USER in shown, PASSWORD in shown, IDENTITY in shown)
