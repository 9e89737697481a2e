"""`weighbridge fix`, whole: found, rewritten, built, run, weighed, and applied."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.git import create
from weighbridge import examining, pipeline, wiring
from weighbridge.adapters.climbing import SilentClimb
from weighbridge.adapters.containers import DockerContainers
from weighbridge.adapters.engine import DockerEngine
from weighbridge.adapters.progress import Silence
from weighbridge.core.wire.fixes import encode_fix
from weighbridge.event import LocalEvent
from weighbridge.fixing import Workshop, with_fixes
from weighbridge.revisions import choose
from weighbridge.settings import load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.git import WorkTree
    from weighbridge.model.build import BuildSpec, BuiltImage
    from weighbridge.model.fix import Fix
    from weighbridge.ports import Builder

pytestmark = pytest.mark.engine

DOCKERFILE = """\
FROM debian:12-slim
# the lists of all packages stay in the layer
RUN apt-get update && date > /updated
CMD ["sleep", "3600"]
"""


def fixed(tree: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """What `fix` says."""
    return weighbridge(tree, "fix", *more)


def weighbridge(tree: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """What a command says."""
    return subprocess.run(
        [sys.executable, "-m", "weighbridge", *command, "--network", "host"],
        cwd=tree,
        capture_output=True,
        text=True,
        timeout=280,
    )


def test_what_is_proven_is_applied_and_then_nothing_is_left_to_fix(tmp_path: Path) -> None:
    tree = create(tmp_path / "repository")
    tree.commit({"Dockerfile": DOCKERFILE}, "Begin")

    ran = fixed(tree.path, "--apply", "--format", "json")

    assert 0 == ran.returncode, ran.stderr
    best = json.loads(ran.stdout)["fixes"][0]
    assert "verified" == best["proof"]["status"], best
    assert ["build", "configuration", "closure", "behaviour", "size"] == [
        check["step"] for check in best["proof"]["checks"]
    ]
    assert best["proof"]["saved"] > 1_000_000
    assert best["dockerfile"] == (tree.path / "Dockerfile").read_text()
    assert "rm -rf /var/lib/apt/lists/*" in best["dockerfile"]
    assert "wrote Dockerfile" in ran.stderr

    again = fixed(tree.path, "--format", "json")
    assert [] == [fix for fix in json.loads(again.stdout)["fixes"] if fix["proof"]["status"] == "verified"]


def test_all_dockerfiles_are_fixed_and_told_in_one_report(tmp_path: Path) -> None:
    tree = create(tmp_path / "repository")
    good = 'FROM busybox:1.36\nCMD ["true"]\n'
    tree.commit({"api/Dockerfile": DOCKERFILE, "tools/web.Dockerfile": good}, "Begin")

    ran = fixed(tree.path, "--all", "--apply", "--format", "json")

    assert 0 == ran.returncode, ran.stderr
    images = {image["name"]: image for image in json.loads(ran.stdout)["images"]}
    assert ["api", "tools-web"] == list(images)
    assert "verified" == images["api"]["fixes"][0]["proof"]["status"]
    assert [] == images["tools-web"]["fixes"]
    assert "rm -rf /var/lib/apt/lists/*" in (tree.path / "api/Dockerfile").read_text()
    assert good == (tree.path / "tools/web.Dockerfile").read_text()
    assert ["weighbridge: wrote api/Dockerfile"] == ran.stderr.splitlines()


def test_check_tells_a_fix_in_a_line(tmp_path: Path) -> None:
    tree = create(tmp_path / "repository")
    tree.commit({"Dockerfile": DOCKERFILE}, "Begin")

    ran = weighbridge(tree.path, "check", "--fix")

    assert 0 == ran.returncode, ran.stderr
    (line,) = [line for line in ran.stdout.splitlines() if line.startswith("fix, built and run here: ")]
    assert "Leaves caches, lists and recommended packages out of the layers" in line


@dataclass
class Counting:
    """A real builder that notes which images it was asked for, by the part of the tag behind the colon.

    `afresh` is a machine whose builder has nothing in its cache.
    """

    real: Builder
    built: list[str] = field(default_factory=list)
    afresh: bool = False

    def build(self, spec: BuildSpec, *, tag: str, **more: Any) -> BuiltImage:
        self.built.append(tag.partition(":")[2])
        spec = replace(spec, no_cache=spec.no_cache or self.afresh)
        return self.real.build(spec, tag=tag, **more)

    def cancel(self) -> None:
        self.real.cancel()


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The real outside with a memory of its own, closed at the end."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with contextlib.closing(DockerEngine()) as engine, contextlib.closing(DockerContainers()) as containers:
        monkeypatch.setattr(wiring, "engine", lambda: engine)
        monkeypatch.setattr(wiring, "containers", lambda: containers)
        yield
    # The SDK leaves the sockets of attached streams to be collected: here, where that is expected.
    gc.collect()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("outside")
def test_the_next_push_says_the_same_and_builds_no_candidate(tmp_path: Path) -> None:
    tree = create(tmp_path / "repository")
    tree.commit({"Dockerfile": 'FROM debian:12-slim\nCMD ["sleep", "3600"]\n'}, "Begin")
    tree.checkout("feature", "main")
    # Copies all there is: nothing of a checkout's own may make it another image.
    tree.commit({"Dockerfile": DOCKERFILE.replace("CMD", "COPY . /srv\nCMD"), ".dockerignore": "README\n"}, "Change")
    first, built = found(tree)

    tree.commit({"README": "not copied"}, "Say something")
    second, rebuilt = found(tree)

    assert ["verified"] == [fix.proof.status.value for fix in first]
    assert [encode_fix(fix) for fix in first] == [encode_fix(fix) for fix in second]
    assert ["head", "candidate"] == built
    assert ["head"] == rebuilt

    third, rebuilt = found(tree, afresh=True)
    assert [encode_fix(fix) for fix in first] == [encode_fix(fix) for fix in third]
    assert ["head"] == rebuilt


def found(tree: WorkTree, *, afresh: bool = False) -> tuple[tuple[Fix, ...], list[str]]:
    """The fixes of what is checked out, as a pull request's run looks for them, and what was built for them."""
    repository = wiring.repository(tree.path)
    builder = Counting(wiring.builder(tree.path, os.environ, ()), afresh=afresh)
    scale = wiring.scale(lambda _what, _count: None, wiring.engine)
    yard = pipeline.Yard(repository=repository, builder=builder, engine=wiring.engine, scale=scale, log=Silence())
    settings = load(cli={"network": "host"}, environ={}, root=tree.path)
    refs = choose(LocalEvent(), repository, base="main")
    report = pipeline.check_revisions(settings, refs, yard, pipeline.Place())
    builder.built.clear()
    prover = wiring.prover(builder, scale, SilentClimb(), minutes=10, minimum_change=0)
    shop = Workshop(yard=yard, prover=prover, rules=settings.rules_config(examining.today()))
    return with_fixes(report, settings, refs, shop, sparing=True).images[0].fixes, builder.built
