"""Webhooks: told once when a budget is exceeded, signed, tried again, and never sent into this network."""

from __future__ import annotations

import ipaddress
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from sqlalchemy import select

from tests.support.reports import image, report
from tests.support.serving import listening
from weighbridge.client.webhooks import signed, verified
from weighbridge.core import wire
from weighbridge.errors import ConfigurationError, UsageError
from weighbridge.model.budget import Status
from weighbridge.model.record import Occasion
from weighbridge.service.configuration import configured
from weighbridge.service.jobs import house
from weighbridge.service.values import seconds
from weighbridge.service.webhooks import courier, registered
from weighbridge.service.webhooks.tables import Delivery
from weighbridge.service.webhooks.target import Undeliverable, may_reach, networks, post, target_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi.testclient import TestClient

    from weighbridge.service.running import Service

LOOPBACK = networks("127.0.0.0/8")


class Receiver(BaseHTTPRequestHandler):
    """Somebody who is told."""

    got: ClassVar[list[tuple[dict[str, str], bytes]]] = []
    answers: ClassVar[list[int]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.answers.pop(0) if self.answers else 204)
        self.send_header("Content-Length", "0")
        self.send_header("Location", "http://127.0.0.1:1/")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def receiver() -> Iterator[str]:
    Receiver.got.clear()
    Receiver.answers.clear()
    with listening(Receiver) as url:
        yield f"{url}/hook?x=1"


@pytest.fixture
def reachable(service: Service) -> Service:
    """The service, which may reach this machine."""
    return replace(service, configuration=service.configuration.model_copy(update={"webhook_networks": "127.0.0.0/8"}))


def sent(number: int, status: Status, **changes: Any) -> bytes:
    """A push to main an hour after the one before it, within or over the budget."""
    time = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=24 - number)
    given = {"time": time, "recorded": time, "ref": "main", "release": None, "default_branch": "main", **changes}
    occasion = Occasion(commit=f"{number:040x}", recipes={}, event="push", **given)
    made = report(image(status=status), head=occasion.commit)
    return wire.dump(replace(made, pull_request=None, occasion=occasion)).encode()


def _same(moment: datetime) -> datetime:
    return moment


def take(client: TestClient, sender: dict[str, str], *bodies: bytes) -> None:
    for body in bodies:
        assert 201 == client.post("/api/v1/reports", content=body, headers=sender).status_code


def waiting(service: Service) -> list[dict[str, Any]]:
    with service.database.reading() as session:
        return [json.loads(each.body) for each in session.scalars(select(Delivery).order_by(Delivery.id))]


def test_a_budget_that_is_exceeded_is_told_once(client: TestClient, sender: dict[str, str], service: Service) -> None:
    registered.register(service, "ours", "https://example.org/hook", "octocat/*")
    registered.register(service, "theirs", "https://example.org/hook", "hubot/*")
    verdicts = (Status.PASS, Status.FAIL, Status.FAIL, Status.PASS, Status.WARN, Status.FAIL)
    take(client, sender, *(sent(number, status) for number, status in enumerate(verdicts)))
    take(client, sender, sent(5, Status.FAIL))

    assert [f"{number:040x}" for number in (1, 5)] == [each["data"]["commit"] for each in waiting(service)]
    (first, _) = waiting(service)
    assert ("budget.exceeded", "octocat/yard", "app") == (
        first["type"], first["data"]["repository"], first["data"]["image"],
    )  # fmt: skip
    assert (100_000_000, 300_000_000) == (first["data"]["size"], first["data"]["max_size"])


def test_messages_that_ended_go_after_a_month(client: TestClient, sender: dict[str, str], service: Service) -> None:
    registered.register(service, "ours", "https://example.org/hook", "octocat/*")
    take(client, sender, *(sent(number, status) for number, status in enumerate((Status.PASS, Status.FAIL) * 2)))
    with service.database.writing() as session:
        ended, _ = session.scalars(select(Delivery).order_by(Delivery.id))
        ended.state, ended.finished = "delivered", seconds(service.now())

    for days, left in ((29, 2), (31, 1)):
        house.keep(replace(service, now=lambda days=days: service.now() + timedelta(days=days)))  # type: ignore[misc]
        assert left == len(waiting(service))


@pytest.mark.parametrize(
    "changes",
    [{"ref": "topic"}, {"ref": "v1", "release": "v1"}, {"recorded": datetime(2026, 1, 1, tzinfo=UTC)}],
    ids=["another branch", "a release", "what was weighed long ago"],
)
def test_what_is_no_news_of_the_default_branch_is_not(
    client: TestClient, sender: dict[str, str], service: Service, changes: dict[str, Any]
) -> None:
    registered.register(service, "ours", "https://example.org/hook", "*")
    take(client, sender, sent(0, Status.PASS), sent(1, Status.FAIL, **changes))

    assert [] == waiting(service)


def test_an_image_that_is_new_and_too_large_was_never_within(
    client: TestClient, sender: dict[str, str], service: Service
) -> None:
    registered.register(service, "ours", "https://example.org/hook", "*")
    take(client, sender, sent(0, Status.FAIL))

    assert [] == waiting(service)


def test_a_message_is_signed_and_arrives(
    client: TestClient, sender: dict[str, str], reachable: Service, receiver: str
) -> None:
    secret = registered.register(reachable, "ours", receiver, "*")
    take(client, sender, sent(0, Status.PASS), sent(1, Status.FAIL))

    assert 1 == courier.deliver_due(reachable)
    assert 0 == courier.deliver_due(reachable)

    ((headers, body),) = Receiver.got
    assert verified(secret, headers, body)
    assert not verified(secret, headers, body + b" ")
    assert not verified(secret, {**headers, "webhook-timestamp": "1"}, body)
    assert not verified("whsec_AAAA", headers, body)
    assert "budget.exceeded" == json.loads(body)["type"]
    assert {"waiting": 0, "delivered": 1, "failed": 0, "cancelled": 0} == courier.queue(reachable)


def test_it_is_tried_again_under_the_same_id_and_given_up_in_the_end(
    client: TestClient, sender: dict[str, str], reachable: Service, receiver: str
) -> None:
    registered.register(reachable, "ours", receiver, "*")
    take(client, sender, sent(0, Status.PASS), sent(1, Status.FAIL))
    Receiver.answers += [500, 302] + [503] * 20
    now = reachable.now()
    for wait in (0, *courier.WAITS, 100_000):
        now += timedelta(seconds=wait + 1)
        courier.deliver_due(replace(reachable, now=partial(_same, now)))

    assert 9 == len(Receiver.got)
    assert 1 == len({headers["webhook-id"] for headers, _ in Receiver.got})
    with reachable.database.reading() as session:
        (told,) = registered.deliveries(session, "ours")
    assert ("failed", 9, 503, "it answered 503") == (told.state, told.attempts, told.status, told.error)


def test_a_message_that_somebody_took_and_did_not_finish_is_sent_by_another(
    client: TestClient, sender: dict[str, str], reachable: Service, receiver: str
) -> None:
    registered.register(reachable, "ours", receiver, "*")
    take(client, sender, sent(0, Status.PASS), sent(1, Status.FAIL))
    assert 1 == len(list(courier._take(reachable)))
    assert 0 == courier.deliver_due(reachable)

    late = replace(reachable, now=lambda: datetime.now(UTC) + timedelta(seconds=400))
    assert 1 == courier.deliver_due(late)
    assert 1 == len(Receiver.got)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "192.168.0.1",
        "172.16.0.1",
        "169.254.169.254",
        "0.0.0.0",  # noqa: S104
        "100.64.0.1",
        "224.0.0.1",
        "::1",
        "fe80::1",
        "fd00::1",
        "::ffff:127.0.0.1",
        "2002:7f00:1::",
        "ff02::1",
        "255.255.255.255",
    ],
)
def test_addresses_of_this_network_are_not_reached(address: str) -> None:
    assert not may_reach(ipaddress.ip_address(address), ())


def test_other_addresses_are_and_allowed_networks() -> None:
    assert may_reach(ipaddress.ip_address("93.184.215.14"), ())
    assert may_reach(ipaddress.ip_address("2606:2800:21f:cb07:6820:80da:af6b:8b2c"), ())
    assert may_reach(ipaddress.ip_address("10.1.2.3"), networks("10.0.0.0/8, fd00::/8"))
    assert not may_reach(ipaddress.ip_address("127.0.0.1"), networks("10.0.0.0/8"))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"])
def test_nothing_is_sent_to_this_machine(receiver: str, host: str) -> None:
    port = target_of(receiver).port

    with pytest.raises(Undeliverable, match=r"may not reach|has no address"):
        post(f"http://{host}:{port}/", b"{}", {}, ())

    assert [] == Receiver.got


def test_a_redirect_is_not_followed(receiver: str) -> None:
    Receiver.answers.append(302)

    with pytest.raises(Undeliverable, match="answered 302"):
        post(receiver, b"{}", {}, LOOPBACK)


@pytest.mark.parametrize("url", ["ftp://x", "http://a@b", "http://", "http://x y", "http://[", "http://x:99999", "x"])
def test_addresses_that_can_not_be(service: Service, url: str) -> None:
    with pytest.raises(UsageError, match="must be an http or https URL"):
        registered.register(service, "ours", url, "*")


def test_names_and_scopes_are_looked_at(service: Service) -> None:
    registered.register(service, "ours", "https://example.org", "*")
    with pytest.raises(UsageError, match="already"):
        registered.register(service, "ours", "https://example.org", "*")
    with pytest.raises(UsageError, match="scope must be"):
        registered.register(service, "other", "https://example.org", "octocat")
    registered.remove(service, "ours")
    with pytest.raises(UsageError, match="no webhook"):
        registered.remove(service, "ours")


def test_a_signature_is_as_the_specification_has_it() -> None:
    # The example of the specification's own libraries.
    headers = signed(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b'{"test": 2432232314}'
    )
    assert "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" == headers["webhook-signature"]


def test_networks_that_are_none() -> None:
    with pytest.raises(ConfigurationError, match="WEBHOOK_NETWORKS"):
        configured(webhook_networks="10.0.0.1/8")
