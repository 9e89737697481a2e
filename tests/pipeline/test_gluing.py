"""The image of a builder pattern is built in two builds, the script is not run, and nothing is left behind."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.support.fake_engine import FakeBuilder, FakeEngine
from tests.support.yard import Lines
from weighbridge.errors import BuildFailed
from weighbridge.gluing import original
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
