"""Images that merely have names: each way through `compare` and `inspect`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.archives import Recipe
from tests.support.fake_engine import BASE, step
from weighbridge.errors import EngineUnavailable, ImageNotFound, MalformedImage
from weighbridge.model.budget import Budget, Status
from weighbridge.model.report import WeighedImage
from weighbridge.naming import parse_image_name
from weighbridge.pipeline import Limits, compare_images, inspect_image

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.yard import World


@pytest.fixture(autouse=True)
def images(world: World) -> None:
    world.engine.images["app:1"] = Recipe(steps=(*BASE, step("RUN one", "a", 3000)))
    world.engine.images["app:2"] = Recipe(steps=(*BASE, step("RUN one", "a", 3000), step("RUN two", "b", 50_000)))


def archive(world: World, name: str, path: Path) -> str:
    with world.engine.save([name]) as chunks, path.open("wb") as file:
        file.writelines(chunks)
    return f"docker-archive:{path}"


def test_two_images_of_the_daemon_are_compared_in_one_pass(world: World) -> None:
    limits = Limits(budget=Budget(max_increase=10_000))

    report = compare_images(parse_image_name("app:1"), parse_image_name("app:2"), world.scale(), limits)

    (image,) = report.images
    assert image.diff is not None
    assert ("app:2", 50_000, Status.FAIL) == (image.name, image.diff.size, report.verdict.status)
    assert [("app:1", "app:2")] == world.engine.saves
    assert report.base is not None
    assert (None, "app:1", "app:2") == (report.base.commit, report.base.label, report.head.label)


def test_an_image_is_unchanged_against_itself(world: World) -> None:
    name = parse_image_name("app:1")

    report = compare_images(name, name, world.scale(), Limits(), name="app")

    (image,) = report.images
    assert image.diff is not None
    assert ("app", 0, ()) == (image.name, image.diff.size, image.diff.causes)
    assert Status.PASS is report.verdict.status


def test_an_archive_can_be_compared_with_the_daemons_image(world: World, tmp_path: Path) -> None:
    base = parse_image_name(archive(world, "app:1", tmp_path / "app.tar"))

    report = compare_images(base, parse_image_name("app:2"), world.scale(), Limits())

    assert report.images[0].diff is not None
    assert 50_000 == report.images[0].diff.size


def test_one_image_is_weighed_on_its_own(world: World) -> None:
    report = inspect_image(parse_image_name("app:1"), world.scale(), Limits(budget=Budget(max_size=4000)))

    (image,) = report.images
    assert isinstance(image.head, WeighedImage)
    assert (5000, None, None) == (image.head.size, image.base, image.diff)
    assert Status.FAIL is report.verdict.status


def test_an_image_that_is_missing_or_vanishes_is_not_found(world: World) -> None:
    with pytest.raises(ImageNotFound, match="app:3"):
        inspect_image(parse_image_name("app:3"), world.scale(), Limits())
    world.engine.vanishing.add("app:1")
    with pytest.raises(ImageNotFound, match="app:1"):
        inspect_image(parse_image_name("app:1"), world.scale(), Limits())


def test_an_archive_that_is_cut_off_is_malformed(world: World, tmp_path: Path) -> None:
    name = archive(world, "app:2", tmp_path / "app.tar")
    data = (tmp_path / "app.tar").read_bytes()
    (tmp_path / "app.tar").write_bytes(data[: len(data) // 2])

    with pytest.raises(MalformedImage, match="truncated"):
        inspect_image(parse_image_name(name), world.scale(), Limits())


def test_an_engine_is_not_needed_for_archives(world: World, tmp_path: Path) -> None:
    name = parse_image_name(archive(world, "app:1", tmp_path / "app.tar"))
    world.engine.fault = EngineUnavailable("no container engine")

    report = inspect_image(name, world.scale(), Limits())

    assert isinstance(report.images[0].head, WeighedImage)
    with pytest.raises(EngineUnavailable):
        inspect_image(parse_image_name("app:1"), world.scale(), Limits())


def test_with_its_dockerfile_an_image_has_lines_and_findings_about_them(world: World) -> None:
    text = "FROM busybox:latest\nRUN one\nRUN two\n"

    report = inspect_image(parse_image_name("app:2"), world.scale(), Limits(), dockerfile=("Dockerfile", text))

    (image,) = report.images
    assert isinstance(image.head, WeighedImage)
    assert ["Dockerfile:2", "Dockerfile:3"] == [str(layer.line) for layer in image.head.layers if layer.line]
    assert [("unpinned-base", "Dockerfile:1")] == [(each.rule, str(each.line)) for each in image.findings]


def test_an_image_alone_has_the_findings_that_it_shows_itself(world: World) -> None:
    lists = step("RUN apt-get update", "var/lib/apt/lists/a_Packages", 60_000)
    world.engine.images["app:3"] = Recipe(steps=(*BASE, lists))

    (found,) = inspect_image(parse_image_name("app:3"), world.scale(), Limits()).images[0].findings
    (compared,) = (
        compare_images(parse_image_name("app:1"), parse_image_name("app:3"), world.scale(), Limits()).images[0].findings
    )

    assert ("apt-lists-kept", 60_000, None, None) == (found.rule, found.waste, found.line, found.introduced)
    assert ("apt-lists-kept", True) == (compared.rule, compared.introduced)
