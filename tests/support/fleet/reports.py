"""Reports of made-up images: built as values, then compared, judged and summed up as real ones are."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tests.support.fleet.content import MB, WARES, base, files_of, package, spread
from tests.support.fleet.flaws import FLAWS, findings
from tests.support.models import Step, content_of, image
from weighbridge import __version__
from weighbridge.core.compare import compare
from weighbridge.core.filediff import diff_trees
from weighbridge.core.summarize import summarize
from weighbridge.core.verdict import judge, overall
from weighbridge.core.wire.layers import dump_layer
from weighbridge.model.budget import Budget
from weighbridge.model.files import Entry, Kind, LayerIndex
from weighbridge.model.fix import Candidate, Check, Family, FileEdit, Fix, Outcome, Proof, ProofStatus
from weighbridge.model.fix import Step as Rung
from weighbridge.model.image import Image, ImageConfig, PackedSize
from weighbridge.model.packages import Ecosystem
from weighbridge.model.report import ImageReport, Report, Revision, Stage, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.support.fleet.plot import Plot, State
    from weighbridge.model.record import Occasion

_PROGRAM = ("server", "lib/handlers", "lib/schema", "static/app.css", "static/app.js", "templates/index.html", "config")
_ASSETS = ("data/regions.bin", "data/places.idx", "data/roads.bin", "data/names.fst", "data/borders.bin", "README")


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit of a repository, and what was built at it: states by image and platform."""

    id: str
    label: str
    states: tuple[tuple[Plot, str, State], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """An image, and the files of its layers."""

    image: Image
    layers: tuple[LayerIndex, ...]


@functools.lru_cache(256)
def built(plot: Plot, platform: str, state: State) -> Built:
    """The image that a state makes."""
    steps = [base(state.base, state.moved)]
    steps += _system(state)
    steps += _dependencies(state)
    steps.append(_program(plot.name, platform, state))
    if state.copied:
        files = steps[-1].files
        content = steps[-1].content
        steps.append(Step(run="RUN chown -R app:app /app", files=files, content=content, uid=1000, line=14))
    packages = [package(name) for name in ("perl-base", *state.system, *state.dependencies) if name in WARES]
    made = image(*steps, packages=packages, base_name=state.base)
    layers = tuple(
        replace(
            layer,
            diff_id=f"sha256:{hashlib.sha256(f'{layer.diff_id}{platform}'.encode()).hexdigest()}",
            packed=PackedSize(size=layer.size * 38 // 100, estimated=False),
            line_exact=layer.line is not None,
            compression="gzip",
        )
        for layer in made.layers
    )
    configuration = ImageConfig(command=("serve",), environment=("PATH=/usr/local/bin:/usr/bin:/bin",), user="app")
    identity = hashlib.sha256("".join(layer.diff_id for layer in layers).encode()).hexdigest()
    whole = replace(
        made, reference=plot.name, id=f"sha256:{identity}", platform=platform, layers=layers, config=configuration
    )
    return Built(
        image=whole, layers=tuple(_index(step, layer.diff_id) for step, layer in zip(steps, layers, strict=True))
    )


def _index(step: Step, diff_id: str) -> LayerIndex:
    entries = tuple(
        Entry(path, Kind.FILE, 0o644, step.uid, 0, size, "", content_of(step, path, size))
        for path, size in step.files.items()
    )
    size = sum(step.files.values())
    return LayerIndex(diff_id=diff_id, size=size, packed_estimate=size * 38 // 100, entries=entries)


def documents(commit: Commit) -> Iterator[tuple[str, bytes]]:
    """What a service keeps of the files of all layers, by diff ID."""
    for plot, platform, state in commit.states:
        for index in built(plot, platform, state).layers:
            yield index.diff_id, dump_layer(index)


def _system(state: State) -> list[Step]:
    if not state.system:
        return []
    run = f"RUN apt-get update && apt-get install -y {' '.join(state.system)}"
    files = _all(state.system) | _left(state, "system")
    return [Step(run=run, files=files, line=4)]


def _dependencies(state: State) -> list[Step]:
    if not state.dependencies:
        return []
    pip = WARES[state.dependencies[0]].ecosystem is Ecosystem.PIP
    run = "RUN pip install -r requirements.txt" if pip else "RUN npm install"
    files = _all(state.dependencies) | _left(state, "dependencies")
    return [Step(run=run, files=files, line=8)]


def _program(name: str, platform: str, state: State) -> Step:
    seed = f"{name}/{platform}"
    files = spread("app", _PROGRAM, state.program + 4_000 * (platform != "linux/amd64"), seed)
    if state.assets:
        files |= spread("app", _ASSETS, state.assets, seed)
    files |= {f"app/{path}": size for path, size in state.extra} | _left(state, "program")
    return Step(run="COPY . .", files=files, content=f"{state.revision}", line=11)


def _all(names: Sequence[str]) -> dict[str, int]:
    return {path: size for name in names for path, size in files_of(name).items()}


def _left(state: State, part: str) -> dict[str, int]:
    return {path: size for name in state.flaws if FLAWS[name].part == part for path, size in FLAWS[name].files.items()}


def report(repository: str, base: Commit | None, head: Commit, occasion: Occasion, pull: int | None = None) -> Report:
    """What a run weighed: the head's images against the base's of the same name."""
    before = {} if base is None else {(plot.name, platform): state for plot, platform, state in base.states}
    images = tuple(
        _image(plot, platform, state, before.get((plot.name, platform))) for plot, platform, state in head.states
    )
    return Report(
        tool_version=__version__,
        repository=repository,
        server_url="https://github.com",
        pull_request=pull,
        base=None if base is None else Revision(commit=base.id, label=base.label),
        head=Revision(commit=head.id, label=head.label),
        images=images,
        verdict=overall(images),
        occasion=occasion,
    )


def _image(plot: Plot, platform: str, state: State, before: State | None) -> ImageReport:
    head = built(plot, platform, state).image
    base = None if before is None else built(plot, platform, before).image
    trees = None if base is None else diff_trees(base.tree, head.tree)
    side = summarize(head, against=trees, build_seconds=20.0 + len(head.layers) * 7.3)
    other = (
        Unavailable(stage=Stage.DOCKERFILE, reason="new image", expected=True)
        if base is None
        else summarize(base, against=None, build_seconds=21.5)
    )
    budget = Budget(max_size=plot.budget, max_increase=50 * MB if plot.budget else None)
    known = None if before is None else frozenset((*before.flaws, *before.system, *before.dependencies))
    file = f"{plot.name}/Dockerfile"
    return ImageReport(
        name=plot.name,
        platform=platform,
        dockerfile=file,
        base=other,
        head=side,
        diff=None if base is None else compare(base, head, trees),
        budget=budget,
        verdict=judge(budget, other, side),
        findings=findings(state.flaws, (*state.system, *state.dependencies), file, known),
        fixes=tuple(_fixes(state, head.size, file)) if plot.fixes else (),
    )


def _fixes(state: State, size: int, file: str) -> list[Fix]:
    """One that was proven, where there are flaws; one that was rejected, where a compiler might go."""
    made = []
    if state.flaws:
        left = sum(sum(FLAWS[name].files.values()) for name in state.flaws)
        made.append(_proven(state, size, size - left, file))
    if "gcc-12" in state.system:
        made.append(_rejected(size, file))
    return made or [_rejected(size, file)]


def _proven(state: State, size: int, smaller: int, file: str) -> Fix:
    names = " ".join(state.system)
    minus = "".join(f"-{FLAWS[name].minus.format(packages=names)}\n" for name in state.flaws)
    plus = "".join(f"+{FLAWS[name].plus.format(packages=names)}\n" for name in state.flaws)
    patch = (
        f"--- a/{file}\n+++ b/{file}\n@@ -1,12 +1,12 @@\n FROM {state.base}\n WORKDIR /app\n{minus}{plus} USER app\n"
    )
    rules = tuple(FLAWS[name].rule for name in state.flaws)
    candidate = Candidate(
        strategy="in-place/clean",
        family=Family.IN_PLACE,
        title=f"Leaves no caches and lists behind ({', '.join(rules)})",
        rules=rules,
        dockerfile=file,
        dockerfile_text=f"FROM {state.base}\n",
        edits=(FileEdit(path=file, before="", after=f"FROM {state.base}\n"),),
    )
    told = {
        Rung.BUILD: "built in 24.1 s",
        Rung.CONFIGURATION: "the same",
        Rung.CLOSURE: "412 programs and 1,090 libraries find what they need",
        Rung.BEHAVIOUR: "stays alive, listens on 8080, answers GET / with 200 like the original",
        Rung.SIZE: "smaller",
    }
    checks = tuple(Check(step=step, outcome=Outcome.PASSED, details=(text,)) for step, text in told.items())
    proof = Proof(
        status=ProofStatus.VERIFIED,
        checks=checks,
        original_size=size,
        size=smaller,
        packed=PackedSize(size=smaller * 38 // 100, estimated=True),
        seconds=61.0,
    )
    return Fix(candidate=candidate, patch=patch, proof=proof)


def _rejected(size: int, file: str) -> Fix:
    candidate = Candidate(
        strategy="base/alpine",
        family=Family.SLIMMER_BASE,
        title="Starts from a smaller base",
        rules=("base-not-slim",),
        dockerfile=file,
        dockerfile_text="FROM alpine:3.20\n",
        edits=(),
    )
    reason = "`/usr/local/bin/serve` needs `libc.so.6`, which the smaller base has not"
    checks = (Check(step=Rung.CLOSURE, outcome=Outcome.FAILED, details=(reason,)),)
    proof = Proof(status=ProofStatus.REJECTED, reason=reason, checks=checks, original_size=size, size=size // 2)
    return Fix(candidate=candidate, patch="", proof=proof)
