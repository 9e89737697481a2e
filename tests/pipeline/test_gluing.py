"""The image of a builder pattern is built in two builds, the script is not run, and nothing is left behind."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.support.fake_engine import FakeBuilder, FakeEngine
from tests.support.yard import Lines
from weighbridge.building import Job, Side
from weighbridge.errors import BuildFailed
from weighbridge.gluing import made, original
from weighbridge.model.build import BuildSpec, BuiltImage, DockerfileText
from weighbridge.model.report import Stage, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILES = {
    "Dockerfile.build": "FROM golang:1.22\nCOPY httpd.go .\nRUN go build -o /httpd httpd.go\n",
    "Dockerfile.target": 'FROM ubuntu:22.04\nCOPY ./httpd /root/httpd\nENTRYPOINT ["/root/httpd"]\n',
    "build.sh": "docker build -t b -f Dockerfile.build .\ndocker create --name x b\ndocker cp x:/httpd ./httpd\n"
    "docker build -f Dockerfile.target .\n",
    "httpd.go": "package main\n",
}


@dataclass
class Noting(FakeBuilder):
    """Notes what it is asked to build; `failing` is a Dockerfile that cannot be built."""

    asked: list[tuple[str, str, str | None]] = field(default_factory=list)
    failing: str = ""

    def build(
        self,
        spec: BuildSpec,
        *,
        tree: Path,
        tag: str,
        on_line: Callable[[str], None],
        instead: DockerfileText | None = None,
    ) -> BuiltImage:
        self.asked.append((spec.dockerfile, tag, None if instead is None else instead.text))
        if spec.dockerfile == self.failing:
            raise BuildFailed("it does not compile")
        plain = DockerfileText(text="FROM busybox:1.36\n")
        return FakeBuilder.build(self, spec, tree=tree, tag=tag, on_line=on_line, instead=plain)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


SPEC = BuildSpec(name="httpd", file="Dockerfile.target", target=None)


def test_the_builder_is_built_first_and_what_is_carried_comes_from_it(tree: Path) -> None:
    engine = FakeEngine()
    builder = Noting(engine)
    with original(SPEC, tree, builder, lambda: engine, Lines()) as built:
        assert not isinstance(built, Unavailable)
        (first, carried, as_it_is), (second, head, text) = builder.asked
        assert ("Dockerfile.build", None, "Dockerfile.target", head) == (first, as_it_is, second, built.tag)
        assert FILES["Dockerfile.target"].replace("COPY ./httpd", f"COPY --from={carried} /httpd") == text
        assert {carried, head} <= set(engine.images)
    assert {carried, head} <= set(engine.removed)
    assert set(FILES) == {path.name for path in tree.iterdir()}


def test_a_builder_that_fails_is_told_and_nothing_more_is_built(tree: Path) -> None:
    engine = FakeEngine()
    builder = Noting(engine, failing="Dockerfile.build")
    with original(SPEC, tree, builder, lambda: engine, Lines()) as built:
        assert isinstance(built, Unavailable)
        assert (Stage.BUILD, "it does not compile") == (built.stage, built.reason)
    assert 1 == len(builder.asked)
    assert [builder.asked[0][1]] == engine.removed


def test_the_file_that_makes_the_image_is_named_where_none_has_the_usual_name(tree: Path) -> None:
    engine = FakeEngine()
    with original(BuildSpec(name="httpd"), tree, Noting(engine), lambda: engine, Lines()) as built:
        assert isinstance(built, Unavailable)
        assert (
            "there is no Dockerfile; build.sh makes the image of Dockerfile.target: name it with `file`" == built.reason
        )


def test_without_a_script_or_with_what_it_carries_there_is_one_build(tree: Path) -> None:
    (tree / "httpd").write_bytes(b"built before")
    engine = FakeEngine()
    builder = Noting(engine)
    with original(SPEC, tree, builder, lambda: engine, Lines()):
        assert [("Dockerfile.target", None)] == [(name, text) for name, _, text in builder.asked]


MERGED = "FROM golang:1.22 AS build\nFROM ubuntu:22.04\nCOPY --from=build /httpd /root/httpd\n"


def jobs(base: Path, head: Path, spec: BuildSpec) -> list[Job]:
    return [
        Job(side=side, spec=spec, tree=tree, tag=f"run:{side}") for side, tree in zip(Side, (base, head), strict=True)
    ]


def written(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def test_both_sides_of_a_comparison_are_built_in_two_builds_each(tree: Path, tmp_path: Path) -> None:
    head = written(tmp_path / "head", FILES)
    engine = FakeEngine()
    builder = Noting(engine)
    spec = BuildSpec(name="httpd", file="Dockerfile.target", cache_to=("type=inline",))
    with made(jobs(tree, head, spec), builder, lambda: engine, Lines(), title="Build") as built:
        assert not any(isinstance(each, Unavailable) for each in built)
    tags = ["run:base-carried", "run:head-carried", "run:base", "run:head"]
    assert {"Dockerfile.build"} == {name for name, _, _ in builder.asked[:2]}
    assert sorted(tags) == sorted(tag for _, tag, _ in builder.asked)
    assert sorted(tags) == sorted(engine.removed)


def test_a_side_whose_builder_fails_takes_only_itself_away(tree: Path, tmp_path: Path) -> None:
    head = written(tmp_path / "head", {"Dockerfile.target": "FROM busybox:1.36\n"})
    engine = FakeEngine()
    builder = Noting(engine, failing="Dockerfile.build")
    with made(jobs(tree, head, SPEC), builder, lambda: engine, Lines(), title="Build") as (base, second):
        assert isinstance(base, Unavailable)
        assert "it does not compile" == base.reason
        assert not isinstance(second, Unavailable)


def test_what_was_a_builder_pattern_before_it_was_merged_is_the_base(tree: Path, tmp_path: Path) -> None:
    head = written(tmp_path / "head", {"Dockerfile": MERGED, "httpd.go": FILES["httpd.go"]})
    engine = FakeEngine()
    builder = Noting(engine)
    with made(jobs(tree, head, BuildSpec(name="httpd")), builder, lambda: engine, Lines(), title="Build") as built:
        assert not any(isinstance(each, Unavailable) for each in built)
    assert {("Dockerfile.target", "run:base"), ("Dockerfile", "run:head")} == {
        (name, tag) for name, tag, _ in builder.asked[1:]
    }


def test_a_new_image_beside_a_builder_pattern_stays_a_new_one(tree: Path, tmp_path: Path) -> None:
    head = written(tmp_path / "head", {**FILES, "Dockerfile": "FROM busybox:1.36\n"})
    engine = FakeEngine()
    with made(jobs(tree, head, BuildSpec(name="new")), Noting(engine), lambda: engine, Lines(), title="x") as built:
        assert isinstance(built[0], Unavailable)
        assert "the base has no Dockerfile yet: a new image" == built[0].reason
