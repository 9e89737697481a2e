"""Every operation of the OpenAPI document, with what Schemathesis makes up, against the service as it is run."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.service.test_ingest import sent
from tests.support.served import served
from weighbridge.service import schema, tokens
from weighbridge.service.auth import accounts, read_tokens, sessions
from weighbridge.service.auth.github import User
from weighbridge.service.auth.sealing import Seals
from weighbridge.service.configuration import configured
from weighbridge.service.running import assembled

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = 3
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@dataclass(frozen=True)
class Target:
    """A service with a little in it; `actors` are the headers of those who ask."""

    url: str
    actors: dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    folder = tmp_path_factory.mktemp("schemathesis") / "data"
    service = assembled(configured(data=folder))
    schema.upgrade(service.database)
    seals = Seals(service.secret)
    now = service.now()
    with service.database.writing() as session:
        upload = tokens.issue(session, "upload", "octocat/*", now)
        read = read_tokens.issue(session, "read", now, scope="*")
        account = accounts.signed_in(session, User(1, "mona"), seals.boxed("x"), now, admitted=True)
        account.rights_asked = 1 << 40
        browser = sessions.start(session, account.id, "tests", now)
    cookie = {
        "Cookie": f"weighbridge-session={seals.signed(browser)}",
        "X-CSRF-Token": seals.csrf(tokens.digest(browser)),
    }
    service.database.close()
    with served(folder, admins="mona") as process:
        actors = {
            "nobody": {},
            "sender": {"Authorization": f"Bearer {upload}"},
            "reader": {"Authorization": f"Bearer {read}"},
            "admin": cookie,
        }
        _send(process.url, upload)
        yield Target(process.url, actors)


def _send(url: str, token: str) -> None:
    import urllib.request

    headers = {"Authorization": f"Bearer {token}"}
    for number in range(3):
        request = urllib.request.Request(f"{url}/api/v1/reports", data=sent(number), headers=headers)  # noqa: S310
        urllib.request.urlopen(request, timeout=30).close()  # noqa: S310


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("actor", ["nobody", "sender", "reader", "admin"])
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_nothing_breaks_and_all_is_as_described(target: Target, actor: str, mode: GenerationMode) -> None:
    document = schemathesis.openapi.from_url(f"{target.url}/api/v1/openapi.json")
    headers = target.actors[actor]
    count = 0
    for found in document.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        def run(case: Any) -> None:
            case.call_and_validate(headers=headers, checks=CHECKS)

        # What takes nothing can be given nothing wrong.
        with contextlib.suppress(*(() if mode is GenerationMode.POSITIVE else (Unsatisfiable,))):
            run()
            count += 1
    assert count >= 10
