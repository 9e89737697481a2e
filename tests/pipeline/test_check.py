"""Two revisions, built, weighed and compared: each way through the use case."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from weighbridge.errors import EngineUnavailable, UsageError
from weighbridge.event import LocalEvent, OtherEvent
from weighbridge.interruption import Stop, heeded
from weighbridge.model.budget import Status
from weighbridge.model.report import Stage, Unavailable, WeighedImage

if TYPE_CHECKING:
    from tests.support.yard import World
    from weighbridge.model.report import Report

SMALL = "FROM busybox:1.36\nRUN dd if=/dev/urandom of=/small bs=1000 count=5\n"
LARGE = SMALL + "RUN dd if=/dev/urandom of=/large bs=1000 count=30\n"
BROKEN = SMALL + "RUN echo about to fail\nRUN false\n"
MALFORMED = SMALL + "RUNN\n"
BASE_SIZE = 2000


def feature(world: World, base: dict[str, str], head: dict[str, str]) -> None:
    """A branch that changes files."""
    world.repository.commit(base)
    world.repository.checkout("feature", "main")
    world.repository.commit(head)


def sizes(report: Report) -> list[tuple[int | None, int | None]]:
    """Unpacked bytes of base and head, None where they are unknown."""
    pairs = [(image.base, image.head) for image in report.images]
    return [tuple(side.size if isinstance(side, WeighedImage) else None for side in pair) for pair in pairs]  # type: ignore[misc]


def test_both_revisions_are_built_at_once_and_compared(world: World) -> None:
    feature(world, {"Dockerfile": SMALL + "RUN sleep 0.2\n"}, {"Dockerfile": LARGE + "RUN sleep 0.2\n"})

    report = world.check(LocalEvent())

    assert [(BASE_SIZE + 5000, BASE_SIZE + 35_000)] == sizes(report)
    assert report.images[0].diff is not None
    assert 30_000 == report.images[0].diff.size
    assert 2 == world.builder.together
    assert Status.PASS is report.verdict.status
    assert {"base", "head"} == {side for side, _ in world.log.lines}
    assert ["Build repository"] == world.log.groups


def test_shared_layers_are_read_once_and_none_is_read_again(world: World) -> None:
    feature(world, {"Dockerfile": SMALL}, {"Dockerfile": LARGE})

    world.check(LocalEvent())
    world.check(LocalEvent())

    assert 1 == len(world.engine.saves)
    assert 2 == len(world.engine.saves[0])


def test_the_head_alone_is_weighed_where_there_is_no_base(world: World) -> None:
    world.repository.commit({"Dockerfile": SMALL})

    report = world.check(OtherEvent(name="schedule"))

    assert report.base is None
    assert report.images[0].base is None
    assert report.images[0].diff is None
    assert [(None, BASE_SIZE + 5000)] == sizes(report)


@pytest.mark.parametrize(
    ("dockerfile", "stage", "line", "reason"),
    [
        (BROKEN, Stage.BUILD, 4, "Dockerfile:4: `false` ended with exit status 1"),
        (MALFORMED, Stage.DOCKERFILE, 3, "Dockerfile:3: RUNN is no instruction, did you mean RUN?"),
        ("RUN before\n", Stage.DOCKERFILE, 1, "Dockerfile:1: RUN stands before the first FROM"),
        ("", Stage.DOCKERFILE, None, "Dockerfile: file with no instructions"),
    ],
)
def test_a_head_that_does_not_build_is_unknown_and_the_base_is_still_weighed(
    world: World, dockerfile: str, stage: Stage, line: int | None, reason: str
) -> None:
    feature(world, {"Dockerfile": SMALL}, {"Dockerfile": dockerfile})

    report = world.check(LocalEvent())

    head = report.images[0].head
    assert isinstance(head, Unavailable)
    assert (stage, line, reason) == (head.stage, head.line, head.reason)
    assert [(BASE_SIZE + 5000, None)] == sizes(report)
    assert Status.UNKNOWN is report.verdict.status
    if stage is Stage.BUILD:
        assert [text for text in head.log_tail if "about to fail" in text]


def test_a_base_that_does_not_build_leaves_the_head_alone(world: World) -> None:
    feature(world, {"Dockerfile": BROKEN}, {"Dockerfile": SMALL})

    report = world.check(LocalEvent(), cli={"max-increase": "1kB"})

    base = report.images[0].base
    assert isinstance(base, Unavailable)
    assert not base.expected
    assert [(None, BASE_SIZE + 5000)] == sizes(report)
    assert Status.WARN is report.verdict.status


def test_a_base_without_a_dockerfile_makes_a_new_image(world: World) -> None:
    feature(world, {"README": "nothing yet"}, {"Dockerfile": SMALL})

    report = world.check(LocalEvent())

    base = report.images[0].base
    assert isinstance(base, Unavailable)
    assert base.expected
    assert Status.PASS is report.verdict.status


def test_a_head_without_a_dockerfile_says_how_to_name_it(world: World) -> None:
    feature(world, {"Dockerfile": SMALL}, {})
    (world.repository.root / "Dockerfile").unlink()

    report = world.check(LocalEvent())

    head = report.images[0].head
    assert isinstance(head, Unavailable)
    assert head.reason.startswith("there is no Dockerfile; name it")
    assert not head.expected


def test_a_base_that_cannot_be_checked_out_leaves_the_head_alone(world: World) -> None:
    feature(world, {"Dockerfile": SMALL}, {"Dockerfile": LARGE})
    world.repository.unwritable.add(world.repository.branches["main"])

    report = world.check(LocalEvent())

    base = report.images[0].base
    assert isinstance(base, Unavailable)
    assert Stage.CHECKOUT is base.stage
    assert [(None, BASE_SIZE + 35_000)] == sizes(report)


def test_an_image_that_vanished_before_it_was_read_takes_only_its_side_away(world: World) -> None:
    feature(world, {"Dockerfile": SMALL}, {"Dockerfile": LARGE})
    build = world.builder.build

    def build_and_lose(*args: object, tag: str, **kwargs: object) -> object:
        if tag.endswith(":base"):
            world.engine.vanishing.add(tag)
        return build(*args, tag=tag, **kwargs)  # type: ignore[arg-type]

    world.builder.build = build_and_lose  # type: ignore[method-assign,assignment]

    report = world.check(LocalEvent())

    base = report.images[0].base
    assert isinstance(base, Unavailable)
    assert Stage.READ is base.stage
    assert [(None, BASE_SIZE + 35_000)] == sizes(report)


def test_a_clean_head_is_built_from_a_tree_of_its_own_and_an_edited_one_as_it_stands(world: World) -> None:
    feature(world, {"Dockerfile": SMALL}, {"Dockerfile": LARGE})
    (world.repository.root / "Dockerfile").write_text(SMALL + "RUN dd if=/dev/zero of=/x bs=1000 count=1\n")

    report = world.check(LocalEvent())

    assert [(BASE_SIZE + 5000, BASE_SIZE + 6000)] == sizes(report)
    assert report.head.commit is None


def test_each_image_has_its_own_settings_budget_and_verdict(world: World) -> None:
    config = (
        "images:\n"
        "  - {name: api, context: api, max-size: 20kB, build-args: [A=1]}\n"
        "  - {name: worker, context: worker, max-increase: 50%, target: last}\n"
    )
    files = {"api/Dockerfile": SMALL, "worker/Dockerfile": SMALL, ".weighbridge.yml": config}
    feature(world, files, {"api/Dockerfile": LARGE})

    report = world.check(LocalEvent())

    assert ["api", "worker"] == [image.name for image in report.images]
    assert [Status.FAIL, Status.PASS] == [image.verdict.status for image in report.images]
    assert Status.FAIL is report.verdict.status
    assert report.verdict.reasons[0].startswith("api: weighs 37.0 kB, 17.0 kB over its limit of 20 kB")
    specs = {(spec.name, spec.build_args, spec.target) for spec in world.builder.specs}
    assert {("api", ("A=1",), None), ("worker", (), "last")} == specs
    assert ["Build api", "Build worker"] == world.log.groups


def test_the_cache_is_written_by_the_head_alone(world: World) -> None:
    feature(world, {"Dockerfile": SMALL}, {"Dockerfile": LARGE})

    world.check(LocalEvent(), cli={"cache-to": ["type=inline"], "cache-from": ["a"]})

    assert [((), ("a",)), (("type=inline",), ("a",))] == sorted(
        (spec.cache_to, spec.cache_from) for spec in world.builder.specs
    )


def test_each_platform_is_an_image_of_its_own(world: World) -> None:
    feature(world, {"Dockerfile": SMALL}, {"Dockerfile": LARGE})

    report = world.check(LocalEvent(), cli={"platforms": ["linux/amd64", "linux/arm64"]})

    assert ["linux/amd64", "linux/arm64"] == [image.platform for image in report.images]
    assert ["Build repository for linux/amd64", "Build repository for linux/arm64"] == world.log.groups


def test_a_build_that_takes_too_long_is_a_head_that_does_not_build(world: World) -> None:
    feature(world, {"Dockerfile": SMALL}, {"Dockerfile": SMALL + "RUN sleep 60\n"})

    report = world.check(LocalEvent(), cli={"timeout": "0.2s"})

    head = report.images[0].head
    assert isinstance(head, Unavailable)
    assert head.reason.startswith("the build took longer than 0.2 s")


def test_without_an_engine_nothing_is_begun(world: World) -> None:
    feature(world, {"Dockerfile": SMALL}, {"Dockerfile": LARGE})
    world.engine.fault = EngineUnavailable("no container engine")

    with pytest.raises(EngineUnavailable, match="no container engine"):
        world.check(LocalEvent())


def test_what_concerns_both_sides_cancels_the_other_build(world: World) -> None:
    feature(world, {"Dockerfile": SMALL + "RUN sleep 60\n"}, {"Dockerfile": LARGE})
    (world.repository.root / "Dockerfile").unlink()
    (world.repository.root / "Dockerfile").symlink_to("/etc/hostname")
    began = time.monotonic()

    with pytest.raises(UsageError, match="must lie inside the repository"):
        world.check(LocalEvent())

    assert time.monotonic() - began < 20


def test_a_dockerfile_that_is_no_file_is_not_waited_for(world: World) -> None:
    import os

    feature(world, {"Dockerfile": SMALL}, {"Dockerfile": LARGE})
    (world.repository.root / "Dockerfile").unlink()
    os.mkfifo(world.repository.root / "Dockerfile")

    report = world.check(LocalEvent())

    head = report.images[0].head
    assert isinstance(head, Unavailable)
    assert "Dockerfile: is not a file" == head.reason


def test_a_signal_while_building_ends_the_builds_and_leaves_nothing(world: World) -> None:
    import os
    import signal

    feature(world, {"Dockerfile": SMALL + "RUN sleep 60\n"}, {"Dockerfile": LARGE + "RUN sleep 60\n"})
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGTERM)).start()
    began = time.monotonic()

    with pytest.raises(Stop), heeded():
        world.check(LocalEvent())

    assert time.monotonic() - began < 20


def test_an_engine_that_keeps_an_image_is_told_of_and_asked_for_the_other_all_the_same(world: World) -> None:
    feature(world, {"Dockerfile": SMALL}, {"Dockerfile": LARGE})
    remove, asked = world.engine.remove, []

    def refuse(reference: str) -> None:
        asked.append(reference)
        remove(reference)
        if reference.endswith(":head"):
            raise EngineUnavailable("the container engine refused")

    world.engine.remove = refuse  # type: ignore[method-assign]

    with pytest.raises(EngineUnavailable, match="refused"):
        world.check(LocalEvent())

    assert [":base", ":head"] == sorted(name[-5:] for name in asked)


def test_secrets_that_an_image_keeps_are_in_no_report(world: World) -> None:
    feature(world, {"Dockerfile": SMALL}, {"Dockerfile": SMALL + "ENV KEY=s3cret-s3cret\nRUN echo s3cret-s3cret\n"})

    report = world.check(LocalEvent(), hidden=("s3cret-s3cret",))

    assert "s3cret" not in repr(report)
    assert "RUN echo ***" in repr(report)


TWICE = SMALL + "".join(f"RUN dd if=/dev/urandom of=/data bs=1000 count={count}\n" for count in (90, 91))


def test_findings_are_the_heads_with_bytes_and_lines_and_new_ones_are_marked(world: World) -> None:
    feature(world, {"Dockerfile": SMALL}, {"Dockerfile": TWICE})

    (found,) = world.check(LocalEvent()).images[0].findings

    assert ("consecutive-runs", 90_000, True) == (found.rule, found.waste, found.introduced)
    assert found.line is not None
    assert (2, 4) == (found.line.start, found.line.end)


def test_a_finding_that_the_base_has_too_is_not_new(world: World) -> None:
    feature(world, {"Dockerfile": TWICE}, {"Dockerfile": TWICE.replace("RUN", "RUN sleep 0.01\nRUN", 1)})

    (found,) = world.check(LocalEvent()).images[0].findings

    assert found.introduced is False


def test_without_a_base_nothing_tells_what_is_new(world: World) -> None:
    feature(world, {"README.md": ""}, {"Dockerfile": TWICE})

    (found,) = world.check(LocalEvent()).images[0].findings

    assert found.introduced is None


def test_the_repositorys_file_switches_rules_off(world: World) -> None:
    off = "rules:\n  consecutive-runs: off\n"
    feature(world, {"Dockerfile": SMALL}, {"Dockerfile": TWICE, ".weighbridge.yml": off})

    report = world.check(LocalEvent())

    assert () == report.images[0].findings
