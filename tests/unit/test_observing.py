"""An image is run, watched and asked as its smoke test says; what cannot be compared with is told in one line."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.fake_containers import FakeContainers, Program, http
from weighbridge.core.proof.behaviour import compare_behaviour, judge_original
from weighbridge.model.behaviour import Limit, Request, Service, Smoke
from weighbridge.model.fix import Outcome
from weighbridge.model.image import ImageConfig
from weighbridge.observing import Observer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from weighbridge.model.behaviour import Observation
    from weighbridge.model.fix import Check

CONFIG = ImageConfig(command=("serve",))
SERVER = Program(listens={8080: 1.0}, answers={"GET /": [http(200, "hello")], "GET /health": [http(200, "ok")]})


class Trial:
    """An original and perhaps a candidate, observed on fakes."""

    def __init__(
        self,
        original: Program | Sequence[Program],
        smoke: Smoke | None = None,
        config: ImageConfig = CONFIG,
        others: Mapping[str, Program] | None = None,
    ) -> None:
        programs: dict[str | tuple[str, ...], Program | Sequence[Program]] = {"original": original}
        programs |= dict((others or {}).items())
        self.containers = FakeContainers(programs)
        self.smoke = smoke or Smoke()
        self.config = config

    def observe(self, image: str, like: Observation | None = None) -> Observation:
        """One observation, after which nothing is left."""
        observer = Observer(
            containers=self.containers, hidden=("s3cret",), clock=self.containers.clock, sleep=self.containers.sleep
        )
        found = observer.observe(image, self.config, self.smoke, like=like)
        assert self.containers.open == 0
        return found

    @property
    def reason(self) -> str:
        """Why the original cannot be compared with."""
        first = self.observe("original")
        second = first if first.failure else self.observe("original", first)
        return judge_original(first, second, self.config, self.smoke).reason

    def compared(self) -> Check:
        """What becomes of the candidate."""
        first = self.observe("original")
        original = judge_original(first, self.observe("original", first), self.config, self.smoke)
        assert original.reason == ""
        return compare_behaviour(original, self.observe("candidate", first), self.smoke)


def asking(*requests: Request, **more: object) -> Smoke:
    """A smoke test of requests."""
    return replace(Smoke(requests=requests), **more)  # type: ignore[arg-type]


def paths(containers: FakeContainers) -> list[str]:
    """What was asked, in order."""
    return [data.decode().split(" HTTP")[0] for data in containers.asked]


@pytest.mark.parametrize(
    ("program", "smoke", "reason"),
    [
        (Program(), Smoke(status=0, timeout=20.0),
         "the smoke test fails on the original: stays alive, where status 0 is expected"),
        (Program(ends=(1.0, 2), says=[(0.5, "stderr", "no config\n")]), Smoke(status=0),
         "the smoke test fails on the original: ends with status 2, where status 0 is expected: no config"),
        (Program(says=[(0.5, "stdout", "starting\n")]), Smoke(contains="ready"),
         "the smoke test fails on the original: the output does not hold 'ready': starting"),
        (SERVER, asking(Request(path="/none", status=200), timeout=10.0),
         ("the smoke test fails on the original: GET /none answers 404 text/plain (12 bytes), where status 200 is "
         "expected: nothing here")),
        (SERVER, asking(Request(path="/health", contains="fine"), timeout=10.0),
         "the smoke test fails on the original: the answer to GET /health does not hold 'fine'"),
        (SERVER, asking(Request(port=9090, status=200), timeout=10.0),
         "the smoke test fails on the original: GET / is refused, where status 200 is expected"),
        (Program(), asking(Request(status=200), timeout=10.0),
         "the smoke test fails on the original: GET / could not be asked"),
        (Program(refusal="exec: serve: not found"), Smoke(),
         "the original cannot be started: exec: serve: not found"),
        (Program(exceeds=(2.0, Limit.PROCESSES)), Smoke(),
         "the original does not behave on its own: it started 512 processes, more than it may, and was ended"),
        (Program(exceeds=(2.0, Limit.DISK)), Smoke(),
         "the original does not behave on its own: it wrote more than 2.15 GB and was ended"),
        (Program(exceeds=(2.0, Limit.MEMORY)), Smoke(),
         "the original does not behave on its own: it used more than 2.15 GB of memory and was ended"),
        (Program(says=[(0.1, "stdout", "x" * (5 << 20))]), Smoke(),
         "the original prints without end, more than can be compared"),
        ([Program(ends=(1.0, 0), says=[(0.1, "stdout", "a\n")]), Program(ends=(1.0, 1), says=[(0.1, "stdout", "a\n")])],
         Smoke(), "the original does not do the same twice: ends with status 0, then ends with status 1"),
    ],
)  # fmt: skip
def test_what_the_original_does_not_do_on_its_own_is_told_in_one_line(
    program: Program | Sequence[Program], smoke: Smoke, reason: str
) -> None:
    assert reason == Trial(program, smoke).reason


def test_an_original_that_listens_nowhere_though_it_exposes_a_port_is_told() -> None:
    config = replace(CONFIG, exposed_ports=("8080/tcp",))

    assert "the original listens nowhere, though it exposes 8080/tcp: oops" == (
        Trial(Program(says=[(0.5, "stderr", "oops\n")]), config=config).reason
    )


def test_one_that_does_not_end_when_it_is_asked_to_can_be_compared_with() -> None:
    stubborn = replace(SERVER, stubborn=True)

    assert Outcome.PASSED is Trial(stubborn, others={"candidate": stubborn}).compared().outcome


def test_a_smoke_test_waits_as_long_as_it_says_for_an_end_a_word_and_a_listener() -> None:
    late = Program(ends=(40.0, 0), says=[(39.0, "stdout", "done\n")])
    assert "" == Trial(late, Smoke(status=0, contains="done", timeout=60.0)).reason
    assert "" == Trial(Program(says=[(30.0, "stdout", "ready\n")]), Smoke(contains="ready")).reason
    slow = replace(SERVER, listens={8080: 50.0})
    assert "" == Trial(slow, asking(Request(port=8080, path="/health", status=200))).reason


def test_a_get_is_asked_until_it_is_answered_as_expected_and_a_post_once() -> None:
    warming = Program(
        listens={8080: 0.5},
        answers={
            "GET /health": [http(503), http(503), http(200, "loading"), http(200, "ok")],
            "POST /orders": [http(500), http(201)],
        },
    )
    health = Request(path="/health", status=200, contains="ok")

    assert "" == Trial(warming, asking(health)).reason
    assert (
        "the smoke test fails on the original: POST /orders answers 500 text/plain (0 bytes), where status 201 is "
        in (Trial(warming, asking(health, Request(method="POST", path="/orders", status=201))).reason + " ")
    )


def test_the_same_is_asked_again_where_the_smoke_test_says_so() -> None:
    shop = Program(
        listens={8080: 0.5},
        answers={"GET /count": [http(200, "0"), http(200, "1")], "POST /orders": [http(201)]},
    )
    order = Request(method="POST", path="/orders", status=201)
    smoke = asking(Request(path="/count", contains="0"), order, Request(path="/count", contains="1"))
    trial = Trial(shop, smoke, others={"candidate": shop})

    assert Outcome.PASSED is trial.compared().outcome
    once = ["GET /count", "POST /orders", "GET /count", "GET /"]
    assert [once] * 3 == [paths(trial.containers)[start : start + 4] for start in (0, 4, 8)]


def test_a_candidate_that_answers_otherwise_is_told_by_what_was_expected() -> None:
    broken = replace(SERVER, answers={"GET /": [http(200, "hello")], "GET /health": [http(500, "no database")]})
    check = Trial(SERVER, asking(Request(path="/health", status=200)), others={"candidate": broken}).compared()

    assert Outcome.FAILED is check.outcome
    assert "GET :8080/health answers 500 text/plain (11 bytes), where the original answers 200" in check.details[0]


DATABASE = Service(name="db", image="database", environment=("PASSWORD=x",), command=("serve", "db"), port=5432)


def test_services_are_up_before_the_program_and_their_ports_are_not_its_own() -> None:
    database = Program(listens={5432: 3.0})
    trial = Trial(
        SERVER, asking(Request(path="/health", status=200), services=(DATABASE,)), others={"database": database}
    )
    seen = trial.observe("original").seen[0][1]

    assert (8080,) == seen.ports
    assert ["database", "original"] == [launch.image for launch in trial.containers.started]
    assert (("PASSWORD=x",), ("serve", "db")) == (
        trial.containers.started[0].environment, trial.containers.started[0].command
    )  # fmt: skip
    assert [(("db",), (), False)] == trial.containers.scenes


@pytest.mark.parametrize(
    ("services", "reason"),
    [
        ({"database": Program(ends=(1.0, 1), says=[(0.5, "stderr", "no password\n")])},
         "the service db (database) did not stay up: no password"),
        ({"database": Program()}, "the service db (database) does not listen on 5432 within 10 s"),
        ({"database": Program(listens={5432: 1.0}, ends=(2.0, 1))},
         "the service db (database) did not stay up: status 1"),
        ({"database": Program(listens={5432: 1.0}, exceeds=(2.0, Limit.DISK))},
         "the service db (database) did not stay up: it exceeded its limit of disk"),
    ],
)  # fmt: skip
def test_a_service_that_fails_is_told_with_its_last_words(services: Mapping[str, Program], reason: str) -> None:
    smoke = asking(Request(path="/health", status=200), services=(DATABASE,), timeout=10.0)

    assert reason == Trial(SERVER, smoke, others=services).reason


def test_the_network_outside_is_there_only_where_it_is_allowed() -> None:
    trial = Trial(SERVER, Smoke(network=True))
    trial.observe("original")

    assert [True] == [network for _, _, network in trial.containers.scenes]


def test_a_secret_that_is_printed_answered_or_complained_of_is_masked() -> None:
    tells = Program(
        listens={8080: 1.0},
        says=[(0.5, "stdout", "using s3cret\n"), (0.5, "stderr", "s3cret!\n")],
        answers={"GET /": [http(200, "it is s3cret")]},
    )
    trial = Trial(tells)
    seen = trial.observe("original").seen[0][1]

    assert (("using ***",), ("***!",)) == (seen.stdout, seen.stderr)
    assert ("it is ***",) == seen.answers["GET :8080/"].lines
    refused = Trial(Program(refusal="exec: s3cret")).reason
    assert "the original cannot be started: exec: ***" == refused
    database = Program(ends=(1.0, 1), says=[(0.5, "stderr", "password s3cret\n")])
    service = Trial(SERVER, Smoke(services=(DATABASE,)), others={"database": database})
    assert "the service db (database) did not stay up: password ***" == service.reason


def test_what_the_health_check_asks_is_asked_too_unless_the_smoke_test_does() -> None:
    config = replace(CONFIG, health_check=("CMD-SHELL", "curl -f http://localhost:8080/health"))
    for smoke in (Smoke(), asking(Request(path="/health", status=200))):
        trial = Trial(SERVER, smoke, config)
        trial.observe("original")

        assert ["GET /health", "GET /"] == paths(trial.containers)


def test_after_the_requests_it_may_take_its_time_to_say_and_to_end() -> None:
    program = replace(SERVER, ends=(30.0, 4), says=[(25.0, "stdout", "goodbye\n")])
    smoke = asking(Request(path="/health", status=200), status=4, contains="goodbye")

    assert "" == Trial(program, smoke).reason
