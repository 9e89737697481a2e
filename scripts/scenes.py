"""Small repositories, built and weighed for real; their reports are what the golden tests render.

    python3 scripts/scenes.py [NAME...]     weighs again (all without names) and writes tests/golden/reports/NAME.json

Needs the engine of `scripts/engine.py env` with the base images of `scripts/bases.py`, and the package mirrors: the
reports are kept, so that tests need none of them.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from tests.support.git import WorkTree, create  # noqa: E402 - found by the line above

import bases  # noqa: E402
from outside import engines  # noqa: E402
from outside.images import LABEL  # noqa: E402
from outside.machine import Refusal, say  # noqa: E402
from weighbridge import examining, fixing, pipeline, revisions, wiring  # noqa: E402
from weighbridge.adapters.builder import BuildxBuilder  # noqa: E402
from weighbridge.adapters.climbing import SilentClimb  # noqa: E402
from weighbridge.adapters.git import GitRepository  # noqa: E402
from weighbridge.adapters.progress import Silence  # noqa: E402
from weighbridge.core import wire  # noqa: E402
from weighbridge.event import LocalEvent  # noqa: E402
from weighbridge.model.report import WeighedImage  # noqa: E402
from weighbridge.settings import load  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from weighbridge.model.build import BuildSpec, BuiltImage, DockerfileText
    from weighbridge.model.fix import Fix
    from weighbridge.model.report import Report
    from weighbridge.revisions import Refs
    from weighbridge.settings import Settings

KEPT = ROOT / "tests" / "golden" / "reports"
BASES = ("busybox:1.36", "alpine:3.20", "debian:12-slim", "python:3.11-slim")
MOVING = "registry.example/team/runtime:1"

Files = dict[str, str]
"""Path → text; a text of digits only is that many bytes that do not compress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What main holds, what the pull request writes over it, and the settings."""

    main: Files
    change: Files
    settings: Mapping[str, object] = field(default_factory=dict)
    fix: bool = False
    moves: tuple[str, str] | None = None
    """Dockerfiles of an image that is another one when the head is built."""


API = """\
FROM python:3.11-slim
ENV PYTHONUNBUFFERED=1
WORKDIR /srv
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
"""
API_WEIGHT = """\
RUN apt-get update && apt-get install -y gcc libxml2-dev libxslt1-dev
COPY . .
RUN useradd --system app && chown -R app /srv
USER app
"""
API_END = """\
EXPOSE 8080
CMD ["python", "app.py"]
"""
APP = "from flask import Flask\n\napp = Flask(__name__)\n"
C = '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n'
C_FAT = """\
FROM debian:12-slim
RUN apt-get update \\
 && apt-get install -y --no-install-recommends gcc libc6-dev \\
 && rm -rf /var/lib/apt/lists/*
COPY hello.c .
RUN gcc -O2 -o /usr/local/bin/hello hello.c
CMD ["hello"]
"""
C_UNTIDY = """\
FROM debian:12-slim
RUN apt-get update && apt-get install -y gcc libc6-dev
COPY hello.c .
RUN gcc -O2 -o /usr/local/bin/hello hello.c
CMD ["hello"]
"""
C_SLIM = """\
FROM debian:12-slim AS build
RUN apt-get update \\
 && apt-get install -y --no-install-recommends gcc libc6-dev \\
 && rm -rf /var/lib/apt/lists/*
COPY hello.c .
RUN gcc -O2 -o /usr/local/bin/hello hello.c

FROM debian:12-slim
COPY --from=build /usr/local/bin/hello /usr/local/bin/hello
CMD ["hello"]
"""
SERVICE = "FROM alpine:3.20\nCOPY run.sh /\n"
SERVICE_END = 'CMD ["/run.sh"]\n'
TOOL = "FROM busybox:1.36\nCOPY bin/ /usr/local/bin/\n"
HOSTILE = (
    "a|b `c` @octocat <img src=x onerror=alert(1)> [l](javascript:alert(1)) **d** #1 </script><script>alert(2)</script>"
)

SCENES: dict[str, Scene] = {
    "grown": Scene(
        main={
            "Dockerfile": f"{API}COPY . .\n{API_END}",
            "requirements.txt": "flask==3.0.3\n",
            "app.py": APP,
            "model.bin": "12200000",
        },
        change={
            "Dockerfile": f"{API}{API_WEIGHT}{API_END}",
            "requirements.txt": "flask==3.0.3\nlxml==5.2.2\n",
        },
        settings={"name": "api", "max-increase": "10MB"},
    ),
    "model": Scene(
        main={"Dockerfile": 'FROM alpine:3.20\nCOPY run.sh /\nCMD ["/run.sh"]\n', "run.sh": "#!/bin/sh\n"},
        change={
            "Dockerfile": 'FROM alpine:3.20\nCOPY run.sh /\nCOPY model.onnx /models/\nCMD ["/run.sh"]\n',
            "model.onnx": "24300000",
        },
        settings={"name": "inference", "max-increase": "25MB", "max-size": "100MB"},
    ),
    "shrunk": Scene(
        main={"Dockerfile": C_FAT, "hello.c": C},
        change={"Dockerfile": C_SLIM},
        settings={"name": "hello", "max-size": "150MB"},
    ),
    "fixed": Scene(
        main={"Dockerfile": "FROM debian:12-slim\nCOPY run.sh /\n" + SERVICE_END, "run.sh": "#!/bin/sh\necho hello\n"},
        change={"Dockerfile": C_UNTIDY, "hello.c": C, ".dockerignore": "run.sh\n"},
        settings={"name": "hello", "max-size": "500MB"},
        fix=True,
    ),
    "unchanged": Scene(
        main={"Dockerfile": TOOL, "bin/tool": "300000"},
        change={"README.md": "# A tool\n"},
        settings={"name": "tool"},
    ),
    "new": Scene(
        main={"README.md": "# A tool\n"},
        change={"Dockerfile": TOOL, "bin/tool": "300000"},
        settings={"name": "tool", "max-size": "10MB"},
    ),
    "broken": Scene(
        main={"Dockerfile": f"{TOOL}RUN tool --version\n", "bin/tool": "#!/bin/sh\necho 1.0\n"},
        change={
            "Dockerfile": f"{TOOL}RUN tool --version \\\n && tool --self-test\n",
            "bin/tool": "#!/bin/sh\necho 'tool: 1.1 <b>@octocat</b>'\n[ $1 = --version ]\n",
        },
        settings={"name": "tool"},
    ),
    "base-broken": Scene(
        main={"Dockerfile": f"{TOOL}RUN false\n", "bin/tool": "300000"},
        change={"Dockerfile": TOOL},
        settings={"name": "tool", "max-increase": "1MB"},
    ),
    "moved": Scene(
        main={"Dockerfile": f"FROM {MOVING}\nCOPY bin/ /usr/local/bin/\n", "bin/tool": "300000"},
        change={"bin/tool": "310000"},
        settings={"name": "tool"},
        moves=(
            "FROM busybox:1.36\nRUN mkdir -p /opt/runtime && head -c 5000000 /dev/urandom > /opt/runtime/lib.so\n",
            "FROM busybox:1.36\nRUN mkdir -p /opt/runtime && head -c 8100000 /dev/urandom > /opt/runtime/lib.so\n",
        ),
    ),
    "two": Scene(
        main={
            ".weighbridge.yml": (
                "images:\n  - name: api\n    context: api\n    max-size: 4MB\n"
                "  - name: worker\n    context: worker\n    max-increase: 5%\n"
            ),
            "api/Dockerfile": TOOL,
            "api/bin/api": "1400000",
            "worker/Dockerfile": TOOL,
            "worker/bin/worker": "900000",
        },
        change={"api/bin/api": "2400000", "worker/bin/worker": "905000"},
    ),
    "hostile": Scene(
        main={"Dockerfile": "FROM busybox:1.36\nCOPY data/ /data/\n", "data/plain": "1000"},
        change={
            "Dockerfile": (
                "FROM busybox:1.36\nCOPY data/ /data/\n"
                "RUN : '@octocat <b>x</b> | ![i](http://example.com/i)' && cp -r /data '/a`b|c'\n"
            ),
            f"data/{HOSTILE}": "900000",
            "data/</script><script>alert(3)</script>/<!-- x": "700000",
            "data/two\nlines\u202egnp.exe\x1b[31m": "500000",
            "data/0123456789abcdef0123456789abcdef01234567 GH-12 me@example.com www.example.com": "400000",
            "data/日本語のとても長いファイル名.bin": "300000",
            "data/javascript:alert(4)": "200000",
        },
        settings={"name": "hostile"},
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenes", nargs="*", metavar="NAME", help=", ".join(SCENES))
    names = parser.parse_args().scenes or list(SCENES)
    unknown = [name for name in names if name not in SCENES]
    if unknown:
        parser.error(f"no scene is called {unknown[0]}; there are {', '.join(SCENES)}")
    try:
        with engines.borrowed() as host:
            os.environ.update(engines.exports(host))
            bases.ensure(host, list(BASES))
            for name in names:
                _keep(name, _weigh(SCENES[name]))
    except Refusal as refusal:
        sys.exit(f"weighbridge: {refusal}")


def _weigh(scene: Scene) -> Report:
    with tempfile.TemporaryDirectory() as folder:
        tree = create(Path(folder) / "yard")
        _commit(tree, scene.main)
        tree.checkout("feature", "main")
        _commit(tree, scene.change)
        repository = GitRepository(tree.path)
        with _builder(scene, tree.path) as builder:
            yard = pipeline.Yard(
                repository=repository,
                builder=builder,
                engine=wiring.engine,
                scale=wiring.scale(lambda _what, _count: None, wiring.engine),
                log=Silence(),
            )
            # Where the package mirrors are reached whatever the engine's own network is like.
            settings = load(cli={"network": "host", **scene.settings}, environ={}, root=tree.path)
            refs = revisions.choose(LocalEvent(), repository, base="main", head="feature")
            place = pipeline.Place(repository="octocat/yard", server_url="https://github.com", pull_request=7)
            # When it was weighed would be another moment each time.
            report = replace(pipeline.check_revisions(settings, refs, yard, place), occasion=None)
            return _with_fixes(report, settings, refs, yard) if scene.fix else report


def _with_fixes(report: Report, settings: Settings, refs: Refs, yard: pipeline.Yard) -> Report:
    prover = wiring.prover(yard.builder, yard.scale, SilentClimb(), minutes=20, minimum_change=0)
    shop = fixing.Workshop(yard=yard, prover=prover, rules=settings.rules_config(examining.today()))
    return fixing.with_fixes(report, settings, refs, shop, sparing=False)


def _commit(tree: WorkTree, files: Files) -> None:
    for name, text in files.items():
        path = tree.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(random.Random(name).randbytes(int(text)) if text.isdigit() else text.encode())  # noqa: S311
        if text.startswith("#!"):
            path.chmod(0o755)
    tree.commit(message="Begin" if tree.git("for-each-ref") == "" else "Change")


class _Moving(BuildxBuilder):
    """Builds the base first, and points a tag elsewhere before the head is built, as time does."""

    def __init__(self, root: Path, tags: tuple[str, str]) -> None:
        super().__init__(root=root)
        self._tags = tags
        self._base_built = threading.Event()

    def build(
        self,
        spec: BuildSpec,
        *,
        tree: Path,
        tag: str,
        on_line: Callable[[str], None],
        instead: DockerfileText | None = None,
    ) -> BuiltImage:
        if tag.endswith(":base"):
            _docker("tag", self._tags[0], MOVING)
            try:
                return super().build(spec, tree=tree, tag=tag, on_line=on_line, instead=instead)
            finally:
                self._base_built.set()
        self._base_built.wait()
        _docker("tag", self._tags[1], MOVING)
        return super().build(spec, tree=tree, tag=tag, on_line=on_line, instead=instead)


@contextlib.contextmanager
def _builder(scene: Scene, root: Path) -> Iterator[BuildxBuilder]:
    if scene.moves is None:
        yield BuildxBuilder(root=root)
        return
    tags = ("registry.example/team/runtime:before", "registry.example/team/runtime:after")
    try:
        for tag, dockerfile in zip(tags, scene.moves, strict=True):
            _docker("build", "--quiet", "--tag", tag, "-", stdin=dockerfile)
        yield _Moving(root, tags)
    finally:
        _docker("image", "rm", "--force", *tags, MOVING)


def _docker(*arguments: str, stdin: str = "") -> None:
    subprocess.run(["docker", *arguments], check=True, input=stdin.encode(), stdout=subprocess.DEVNULL)  # noqa: S607


def _unlabelled(fix: Fix) -> Fix:
    checks = tuple(
        replace(check, details=tuple(detail for detail in check.details if LABEL not in detail))
        for check in fix.proof.checks
    )
    return replace(fix, proof=replace(fix.proof, checks=checks))


def _keep(name: str, report: Report) -> None:
    """Without the base's tree of files, which nothing shows, and without the labels that stand-ins alone have."""
    images = tuple(replace(image, fixes=tuple(map(_unlabelled, image.fixes))) for image in report.images)
    images = tuple(
        replace(image, base=replace(image.base, tree=replace(image.base.tree, children=())))
        if isinstance(image.base, WeighedImage)
        else image
        for image in images
    )
    KEPT.mkdir(parents=True, exist_ok=True)
    document = json.loads(wire.dump(replace(report, images=images)))
    path = KEPT / f"{name}.json"
    path.write_text(json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    say(f"{path.relative_to(ROOT)}: {path.stat().st_size:,} bytes, {report.verdict.status}")


if __name__ == "__main__":
    main()
