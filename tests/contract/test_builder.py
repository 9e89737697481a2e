"""What weighbridge asks of a builder holds on the fake and on BuildKit."""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from typing import TYPE_CHECKING, Protocol

import pytest

from tests.support.fake_engine import FakeBuilder, FakeEngine
from weighbridge.adapters.builder import BuildxBuilder
from weighbridge.adapters.engine import DockerEngine
from weighbridge.errors import BuildFailed, ImageNotFound, Interrupted, MalformedDockerfile
from weighbridge.model.build import BuildSpec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from weighbridge.model.build import BuiltImage
    from weighbridge.ports import Builder, Engine

HIDDEN = ("s3cret-s3cret",)
START = "FROM busybox:1.36\n"


class Parts(Protocol):
    """A builder, and the engine that it builds into."""

    @property
    def engine(self) -> Engine: ...

    @property
    def builder(self) -> Builder: ...


class _Fake:
    def __init__(self, folder: Path) -> None:
        self.engine = FakeEngine()
        self.builder = FakeBuilder(self.engine, hidden=HIDDEN)


class _Real:
    def __init__(self, engine: DockerEngine, folder: Path) -> None:
        self.engine = engine
        self.builder = BuildxBuilder(root=folder, hidden=HIDDEN)


class Site:
    """Where one test builds, and the log of it."""

    def __init__(self, parts: Parts, folder: Path) -> None:
        self.engine, self.builder = parts.engine, parts.builder
        self.tag = f"weighbridge-test-{secrets.token_hex(6)}:x"
        self.log: list[str] = []
        self._folder = folder

    def build(self, dockerfile: str, *, timeout: float = 60, path: str = "Dockerfile") -> BuiltImage:
        (self._folder / path).parent.mkdir(exist_ok=True)
        (self._folder / path).write_text(dockerfile)
        spec = BuildSpec(name="app", file=path, timeout=timeout)
        return self.builder.build(spec, tree=self._folder, tag=self.tag, on_line=self.log.append)

    def is_left(self) -> bool:
        try:
            self.engine.describe(self.tag)
        except ImageNotFound:
            return False
        return True


@pytest.fixture(params=["fake", pytest.param("buildx", marks=pytest.mark.engine)])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    with contextlib.ExitStack() as stack:
        parts = (
            _Fake(tmp_path)
            if request.param == "fake"
            else _Real(stack.enter_context(contextlib.closing(DockerEngine())), tmp_path)
        )
        made = Site(parts, tmp_path)
        stack.callback(parts.engine.remove, made.tag)
        yield made


class TestBuilder:
    """The contract of ports.Builder."""

    def test_what_was_built_is_in_the_engine_under_its_tag(self, site: Site) -> None:
        built = site.build(START + "RUN dd if=/dev/zero of=/a bs=1000 count=3\n")

        assert built.id == site.engine.describe(site.tag).id
        assert built.seconds > 0

    def test_the_same_again_is_the_same_image(self, site: Site) -> None:
        dockerfile = START + "RUN dd if=/dev/zero of=/a bs=1000 count=4\n"

        assert site.build(dockerfile).id == site.build(dockerfile).id

    def test_the_log_comes_line_by_line_without_secrets(self, site: Site) -> None:
        site.build(START + f"RUN echo {secrets.token_hex(4)} s3cret-s3cret done\n")

        said = [line for line in site.log if line.endswith("*** done")]
        assert said
        assert not [line for line in site.log if "s3cret" in line or "\n" in line]

    def test_a_step_that_fails_tells_its_line_and_the_end_of_the_log_and_leaves_nothing(self, site: Site) -> None:
        with pytest.raises(BuildFailed) as caught:
            site.build(START + "RUN echo s3cret-s3cret before\nRUN false\n", path="deep/App.Dockerfile")

        assert "deep/App.Dockerfile:3: `false` ended with exit status 1" == str(caught.value)
        assert 3 == caught.value.line
        assert [line for line in caught.value.log_tail if line.endswith("*** before")]
        assert "s3cret" not in "".join(caught.value.log_tail)
        assert not site.is_left()

    def test_a_dockerfile_that_is_none_tells_its_line(self, site: Site) -> None:
        with pytest.raises(MalformedDockerfile) as caught:
            site.build(START + "RUN echo\nRUNN echo\n")

        assert 3 == caught.value.line
        assert str(caught.value).startswith("Dockerfile:3: unknown instruction: RUNN")
        assert not site.is_left()

    def test_a_build_that_takes_too_long_is_ended_soon(self, site: Site) -> None:
        began = time.monotonic()
        with pytest.raises(BuildFailed, match=r"^the build took longer than 1\.5 s and was ended"):
            site.build(START + "RUN sleep 61\n", timeout=1.5)

        assert time.monotonic() - began < 20
        assert not site.is_left()

    def test_builds_that_are_cancelled_end_soon_and_none_is_begun_afterwards(self, site: Site) -> None:
        timer = threading.Timer(1.0, site.builder.cancel)
        timer.start()
        began = time.monotonic()
        with pytest.raises(Interrupted):
            site.build(START + "RUN sleep 62\n")
        with pytest.raises(Interrupted):
            site.build(START + "RUN echo\n")

        assert time.monotonic() - began < 20
        assert not site.is_left()
