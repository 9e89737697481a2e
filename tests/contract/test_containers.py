"""What observing asks of containers holds on the fake and on the real engine."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.support.engine import docker
from tests.support.fake_containers import FakeContainers, Program, Programs, http
from weighbridge.adapters.containers import DockerContainers
from weighbridge.errors import ImageNotFound
from weighbridge.model.behaviour import Limit, Limits
from weighbridge.ports import Launch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weighbridge.ports import Container, Containers

IMAGE = "busybox:1.36"
PATIENCE = 60.0


def sh(script: str) -> tuple[str, ...]:
    """A command for busybox."""
    return ("sh", "-c", script)


SPEAKS = sh("echo out; echo err >&2; exit 3")
STAYS = sh("trap 'exit 0' TERM; echo up; while :; do sleep 0.1; done")
STUBBORN = sh("trap '' TERM; echo up; while :; do sleep 0.1; done")
SERVES = ("httpd", "-f", "-p", "8080", "-h", "/etc")
CALLS = sh("for i in 1 2 3 4 5 6 7 8 9; do wget -qO- http://db:8080/hostname && exit 0; sleep 1; done; exit 1")
REACHES_OUT = sh("ip -o addr | grep -v ' lo ' ; exit 0")
WRITES = sh("echo x > /made; echo y > /data/kept; trap 'exit 0' TERM; echo up; while :; do sleep 0.1; done")
FORKS = sh("while :; do (sleep 60 &); done")
FILLS = sh("i=0; while :; do i=$((i+1)); dd if=/dev/zero of=/x$i bs=1M count=4; sleep 0.1; done")
HOARDS = sh("x=$(cat /dev/zero | tr '\\0' x)")
FLOODS = sh("while :; do echo flood flood flood flood flood flood; done")
MISSING = ("/no/such/program",)

FAKE: Programs = {
    (IMAGE, *SPEAKS): Program(ends=(0.5, 3), says=[(0.1, "stdout", "out\n"), (0.2, "stderr", "err\n")]),
    (IMAGE, *STAYS): Program(says=[(0.1, "stdout", "up\n")]),
    (IMAGE, *STUBBORN): Program(says=[(0.1, "stdout", "up\n")], stubborn=True),
    (IMAGE, *SERVES): Program(listens={8080: 0.5}, answers={"GET /hostname": [http(200, "weighbridge\n")]}),
    (IMAGE, *CALLS): Program(ends=(1.0, 0), says=[(0.5, "stdout", "weighbridge\n")]),
    (IMAGE, *REACHES_OUT): Program(ends=(0.5, 0)),
    (IMAGE, *WRITES): Program(says=[(0.1, "stdout", "up\n")], writes=frozenset({"/made", "/data/kept"})),
    (IMAGE, *FORKS): Program(exceeds=(1.0, Limit.PROCESSES)),
    (IMAGE, *FILLS): Program(exceeds=(1.0, Limit.DISK)),
    (IMAGE, *HOARDS): Program(exceeds=(1.0, Limit.MEMORY)),
    (IMAGE, *FLOODS): Program(says=[(0.1, "stdout", "flood " * 1000)]),
    (IMAGE, *MISSING): Program(refusal='exec: "/no/such/program": no such file or directory'),
}

Wait = Callable[[Callable[[], object]], None]


class Site:
    """Containers, and time to wait for what they do."""

    def __init__(self, containers: Containers, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self.containers = containers
        self._clock = clock
        self._sleep = sleep

    def until(self, condition: Callable[[], object]) -> None:
        """Waits, and fails where it does not come true."""
        deadline = self._clock() + PATIENCE
        while not condition():
            assert self._clock() < deadline
            self._sleep(0.1)

    def ended(self, container: Container) -> None:
        """Waits for a container's end."""
        self.until(lambda: not container.state().running)


@pytest.fixture(params=["fake", pytest.param("docker", marks=pytest.mark.engine)])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    if request.param == "fake":
        fake = FakeContainers(FAKE)
        yield Site(fake, fake.clock, fake.sleep)
        assert fake.open == 0
        return
    with contextlib.closing(DockerContainers()) as containers:
        yield Site(containers, time.monotonic, time.sleep)
    assert [] == left_behind(os.getpid())


def left_behind(process: int) -> list[str]:
    """Containers and volumes of a process."""
    label = f"label=weighbridge.process={process}"
    containers = docker("ps", "--all", "--quiet", "--filter", label).split()
    return containers + docker("volume", "ls", "--quiet", "--filter", label).split()


def test_a_program_that_ends_leaves_its_status_and_both_of_its_streams(site: Site) -> None:
    with site.containers.scene() as scene:
        container = scene.start(Launch(image=IMAGE, command=SPEAKS))
        site.ended(container)

        assert (3, None, "") == (container.state().status, container.state().exceeded, container.state().refusal)
        assert (b"out\n", b"err\n", False) == container.output()


def test_a_program_that_is_not_there_is_refused_in_words_and_no_error(site: Site) -> None:
    with site.containers.scene() as scene:
        container = scene.start(Launch(image=IMAGE, command=MISSING))

        assert not container.state().running
        assert "/no/such/program" in container.state().refusal
        assert container.stop(1.0)


@pytest.mark.parametrize(("command", "graceful"), [(STAYS, True), (STUBBORN, False)])
def test_who_ends_when_asked_is_told_from_who_has_to_be_ended(
    site: Site, command: tuple[str, ...], graceful: bool
) -> None:
    with site.containers.scene() as scene:
        container = scene.start(Launch(image=IMAGE, command=command))
        site.until(lambda: container.output()[0] == b"up\n")

        assert graceful == container.stop(2.0)
        assert not container.state().running


def test_containers_of_a_scene_share_one_address_and_know_each_other_by_name(site: Site) -> None:
    with site.containers.scene(names=["db"]) as scene:
        scene.start(Launch(image=IMAGE, command=SERVES))
        site.until(lambda: scene.listening() == (8080,))
        caller = scene.start(Launch(image=IMAGE, command=CALLS))
        site.ended(caller)

        assert (0, b"weighbridge\n") == (caller.state().status, caller.output()[0])


def test_requests_come_from_inside_and_a_port_without_a_listener_refuses(site: Site) -> None:
    with site.containers.scene() as scene:
        scene.start(Launch(image=IMAGE, command=SERVES))
        site.until(lambda: scene.listening() == (8080,))

        asked = b"GET /hostname HTTP/1.0\r\n\r\n"
        answer = scene.exchange(8080, asked, timeout=5.0, limit=10_000)
        assert answer is not None
        assert answer.startswith(b"HTTP/1.")
        assert answer.endswith(b"weighbridge\n")
        assert scene.exchange(8080, asked, timeout=5.0, limit=7) == answer[:7]
        assert scene.exchange(8081, asked, timeout=5.0, limit=10_000) is None


def test_there_is_no_network_but_loopback(site: Site) -> None:
    with site.containers.scene() as scene:
        container = scene.start(Launch(image=IMAGE, command=REACHES_OUT))
        site.ended(container)

        assert (0, b"") == (container.state().status, container.output()[0])


def test_what_it_writes_is_known_in_volumes_too(site: Site) -> None:
    with site.containers.scene(volumes=["/data"]) as scene:
        container = scene.start(Launch(image=IMAGE, command=WRITES, volumes=("/data",)))
        site.until(lambda: container.output()[0] == b"up\n")

        assert {"/made", "/data/kept"} <= container.written()


@pytest.mark.parametrize(
    ("command", "limits", "limit"),
    [
        (FORKS, Limits(processes=40), Limit.PROCESSES),
        (FILLS, Limits(disk=20 << 20), Limit.DISK),
        (HOARDS, Limits(memory=32 << 20), Limit.MEMORY),
    ],
)
def test_who_takes_too_much_is_ended(site: Site, command: tuple[str, ...], limits: Limits, limit: Limit) -> None:
    with site.containers.scene() as scene:
        container = scene.start(Launch(image=IMAGE, command=command, limits=limits))
        site.ended(container)

        assert limit is container.state().exceeded


def test_of_output_without_end_the_first_bytes_are_kept(site: Site) -> None:
    with site.containers.scene() as scene:
        container = scene.start(Launch(image=IMAGE, command=FLOODS, limits=Limits(output=1000)))
        site.until(lambda: container.output()[2])

        stdout, stderr, _ = container.output()
        assert (1000, b"") == (len(stdout), stderr)
        assert stdout.startswith(b"flood flood")


def test_an_image_that_nobody_has_is_not_found(site: Site) -> None:
    site.containers.fetch(IMAGE)
    with pytest.raises(ImageNotFound):
        site.containers.fetch("weighbridge.invalid/none:1")
