"""What a program opens and starts is seen without privileges: on other C libraries, as any user, on nothing at all."""

from __future__ import annotations

import contextlib
import secrets
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.engine import docker
from weighbridge.adapters.builder import BuildxBuilder
from weighbridge.adapters.containers import DockerContainers
from weighbridge.adapters.engine import DockerEngine
from weighbridge.core.proof.closure import Side
from weighbridge.core.proof.opened import check_opened
from weighbridge.model.behaviour import Smoke
from weighbridge.model.build import BuildSpec, DockerfileText
from weighbridge.model.fix import Outcome
from weighbridge.observing import Observer
from weighbridge.reading.programs import read_programs
from weighbridge.tracing import make_kit, trace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weighbridge.model.behaviour import Opened

pytestmark = pytest.mark.engine

SERVER = """\
import http.server, ctypes, subprocess
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        ctypes.CDLL("libudev.so.1"); open("/srv/prices é").read(); subprocess.run(["/usr/bin/env", "true"])
        self.send_response(200); self.end_headers(); self.wfile.write(b"ok")
http.server.HTTPServer(("", 8080), Handler).serve_forever()
"""
PYTHON = f"""\
FROM python:3.11-slim
RUN echo 1 > "/srv/prices é" && echo 2 > /srv/unread
COPY <<'END' /srv/server.py
{SERVER}END
USER 1000
EXPOSE 8080
CMD ["python3", "/srv/server.py"]
"""
STATIC = """\
FROM busybox:1.36
RUN mkdir -p /data && echo 1 > /data/prices
CMD ["sh", "-c", "cat /data/prices; sleep 1; exit 3"]
"""


class Site:
    """Images that are built, tried, and gone."""

    def __init__(self, engine: DockerEngine, containers: DockerContainers, folder: Path) -> None:
        self._engine = engine
        self._builder = BuildxBuilder(root=folder)
        self._observer = Observer(containers=containers)
        self._folder = folder
        self.tags: list[str] = []

    def build(self, text: str) -> str:
        """The tag."""
        tag = f"weighbridge-test-{secrets.token_hex(6)}:x"
        self.tags.append(tag)
        instead = DockerfileText(text=text)
        self._builder.build(BuildSpec(name="x"), tree=self._folder, tag=tag, on_line=lambda _: None, instead=instead)
        return tag

    def opened(self, tag: str) -> Opened:
        """What the image opens and starts."""
        image = self._engine.describe(tag)
        kit = make_kit(self._builder, self._engine, BuildSpec(name="x", network="host"))
        first = self._observer.observe(tag, image.config, Smoke())
        assert "" == first.failure
        return trace(self._observer, kit, image, Smoke(), first)

    def side(self, tag: str) -> Side:
        with self._engine.export(tag) as chunks:
            return Side(programs=read_programs(chunks), config=self._engine.describe(tag).config)


@pytest.fixture
def site() -> Iterator[Site]:
    with (
        contextlib.closing(DockerEngine()) as engine,
        contextlib.closing(DockerContainers()) as containers,
        tempfile.TemporaryDirectory() as folder,
    ):
        made = Site(engine, containers, Path(folder))
        yield made
        for tag in made.tags:
            engine.remove(tag)
    assert "" == docker("images", "--quiet", "--filter", "reference=weighbridge-*:strace").strip()


def test_what_is_read_and_started_for_a_request_is_seen_and_asked_for(site: Site) -> None:
    tag = site.build(PYTHON)
    opened = site.opened(tag)

    assert "" == opened.failure
    assert "/srv/prices é" in opened.files
    assert "/srv/unread" not in opened.files
    assert any("/libudev.so.1" in path for path in opened.files)
    assert "/usr/bin/env" in opened.programs

    lacking = PYTHON.replace('echo 1 > "/srv/prices é"', "rm /usr/bin/env").replace(
        "USER", "RUN rm /lib/*/libudev*\nUSER"
    )
    check, gaps = check_opened(opened, site.side(tag), site.side(site.build(lacking)))
    assert Outcome.FAILED is check.outcome
    assert {"/usr/bin/env", "libudev.so.1", "/srv/prices é"} == {gap.wanted for gap in gaps}
    same, none = check_opened(opened, site.side(tag), site.side(tag))
    assert (Outcome.PASSED, ()) == (same.outcome, none)


def test_a_program_that_ends_on_an_image_without_a_loader_is_seen(site: Site) -> None:
    opened = site.opened(site.build(STATIC))

    assert "" == opened.failure
    assert "/data/prices" in opened.files
    # Busybox starts its own tools by itself.
    assert "/bin/sh" in opened.programs
