"""Every base that could carry a program, compared: measured, closed on paper, and run. Behind `weighbridge bases`."""

from __future__ import annotations

import contextlib
import secrets
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import xxhash

from weighbridge.core.bases.carrying import NOTHING, Carried, carry
from weighbridge.core.bases.catalogue import bases_for
from weighbridge.core.bases.notes import notes_of
from weighbridge.core.bases.program import find_program, settings_of, without_hard_links
from weighbridge.core.bases.recipe import may_differ, recipe, unsayable
from weighbridge.core.names import clipped
from weighbridge.core.proof.closure import Side as FileSide
from weighbridge.core.proof.filesystem import FileSystem
from weighbridge.core.proof.surface import surface_of
from weighbridge.dockerfile.parse import parse
from weighbridge.dockerfile.stages import base_reference
from weighbridge.errors import BuildFailed, ImageNotFound, MalformedDockerfile, MalformedImage, UnknownProgram
from weighbridge.gluing import original
from weighbridge.model.bases import Base, BaseFacts, Comparison, Standing
from weighbridge.model.behaviour import Smoke
from weighbridge.model.build import BuildSpec, DockerfileText
from weighbridge.model.fix import Candidate, Family, ProofStatus
from weighbridge.model.image import ImageConfig
from weighbridge.model.report import Unavailable
from weighbridge.model.subject import Subject
from weighbridge.reading.platforms import of_this_machine
from weighbridge.reading.selection import Way, take_apart
from weighbridge.weighing import Origin, programs_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from weighbridge.building import BuildLog
    from weighbridge.core.bases.program import Program
    from weighbridge.model.fix import Proof
    from weighbridge.model.image import Image
    from weighbridge.model.programs import Programs
    from weighbridge.proving import Prover

_SCRATCH = "scratch"
_NO_SMOKE = Smoke()
_NO_CONFIG = ImageConfig()
_PULL_SECONDS = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """What comparing works with. `more` are bases that the configuration adds; `run` tells whether to try them."""

    prover: Prover
    log: BuildLog
    more: tuple[str, ...] = ()
    run: bool = True


def bases_of_tree(spec: BuildSpec, tree: Path, grounds: Grounds, smoke: Smoke = _NO_SMOKE) -> Comparison | Unavailable:
    """What `spec` builds in the checked-out `tree`, on every base. What was built is gone when it ends.

    Raises WeighbridgeError.
    """
    prover = grounds.prover
    with original(spec, tree, prover.builder, prover.engine, grounds.log) as built:
        if isinstance(built, Unavailable):
            return built
        base_name = base_reference(built.dockerfile, spec.target, spec.build_args, spec.platform or of_this_machine())
        return bases_of_image(built.tag, grounds, name=spec.name, smoke=smoke, base_name=base_name or _SCRATCH)


def bases_of_image(
    reference: str, grounds: Grounds, *, name: str, smoke: Smoke = _NO_SMOKE, base_name: str | None = None
) -> Comparison:
    """An image of the engine on every base. `base_name` is what it is FROM, if known. Raises WeighbridgeError."""
    image, programs = _examined(reference, grounds.prover)
    programs, names = without_hard_links(programs, image.tree)
    files = FileSystem(programs, image.config)
    program = find_program(files, base_name or "")
    if program is None:
        raise UnknownProgram(f"{name}: its command names no file in the image, so it is not known what starts")
    with tempfile.TemporaryDirectory(prefix="weighbridge-bases-") as folder, contextlib.ExitStack() as stack:
        trial = _Trial(
            grounds=grounds,
            name=name,
            image=image,
            programs=programs,
            names=names,
            program=program,
            tree=Path(folder),
        )
        loads = [trial.load(base, stack) for base in bases_for(programs, program.language, grounds.more)]
        loads = _unlike(loads)
        refusal = unsayable(image.config) if grounds.run else ""
        proofs = trial.proofs(loads, smoke) if grounds.run and not refusal else {}
    surface = surface_of(image, programs)
    unproven = (proof.reason for proof in proofs.values() if proof.status is ProofStatus.UNVERIFIABLE)
    return Comparison(
        name=name,
        id=image.id,
        platform=image.platform,
        size=image.size,
        base_name=base_name,
        libc=files.libc or "",
        shells=surface.shells,
        package_managers=surface.package_managers,
        program=program.entries,
        standings=tuple(sorted((load.standing(proofs.get(load.base.image)) for load in loads), key=_order)),
        was_run=grounds.run,
        incomparable=refusal or next(unproven, ""),
        notes=tuple(notes_of(program, programs)),
    )


def _examined(reference: str, prover: Prover) -> tuple[Image, Programs]:
    (image,) = prover.scale.daemon_images([reference], [Origin()])
    return image, programs_of(reference, prover.engine(), prover.programs, lambda _: None)


def _order(standing: Standing) -> tuple[bool, int]:
    return standing.size is None, standing.size or 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Load:
    """One base with what comes to it; without facts where it could not be had."""

    base: Base
    facts: BaseFacts | None = None
    config: ImageConfig = _NO_CONFIG
    carried: Carried | None = None
    unavailable: str = ""

    def standing(self, proof: Proof | None) -> Standing:
        carried = self.carried
        return Standing(
            base=self.base,
            facts=self.facts,
            unavailable=self.unavailable,
            brought=carried.brought if carried is not None else (),
            brought_bytes=carried.size if carried is not None else None,
            missing=carried.missing if carried is not None else (),
            proof=proof,
        )


def _unlike(loads: Sequence[_Load]) -> list[_Load]:
    """Without those that are the same image under another name, and promise the same."""
    kept: dict[tuple[str, str], _Load] = {}
    for load in loads:
        key = (load.facts.id, load.facts.libc) if load.facts is not None else (load.base.image, "")
        kept.setdefault(key, load)
    return list(kept.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trial:
    """One program, and the folder that builds of it are given as their context.

    `names` are those that the engine exports hard links' content by.
    """

    grounds: Grounds
    name: str
    image: Image
    programs: Programs
    names: Mapping[str, str]
    program: Program
    tree: Path

    def load(self, base: Base, stack: contextlib.ExitStack) -> _Load:
        """A base, looked at; one that was made for that is gone with the stack."""
        self.grounds.prover.climb.line(None, f"looking at {base.image}")
        side = FileSide(programs=self.programs, config=self.image.config)
        if base.image == _SCRATCH:
            facts = BaseFacts(id=_SCRATCH, size=0, libc="", shells=(), package_managers=())
            carried = carry(side, NOTHING, self.program)
            return _Load(base=base, facts=facts, carried=carried)
        try:
            reference = self._had(base, stack)
            image, programs = _examined(reference, self.grounds.prover)
        except (BuildFailed, MalformedDockerfile, ImageNotFound, MalformedImage) as error:
            return _Load(base=base, unavailable=f"cannot be had: {clipped(str(error), 300)}")
        surface = surface_of(image, programs)
        facts = BaseFacts(
            id=image.id,
            size=image.size,
            libc=FileSystem(programs, image.config).libc or base.libc,
            shells=surface.shells,
            package_managers=surface.package_managers,
        )
        carried = carry(side, programs, self.program, libc=base.libc)
        return _Load(base=base, facts=facts, config=image.config, carried=carried)

    def _had(self, base: Base, stack: contextlib.ExitStack) -> str:
        """A reference by which the engine has the base: its own name, or one for as long as the stack."""
        prover = self.grounds.prover
        with contextlib.suppress(ImageNotFound):
            return prover.engine().describe(base.image).reference
        tag = f"weighbridge-{secrets.token_hex(6)}:base"
        stack.callback(prover.engine().remove, tag)
        prover.builder.build(
            BuildSpec(name=base.image, timeout=_PULL_SECONDS),
            tree=self.tree,
            tag=tag,
            on_line=lambda text: prover.climb.line(None, text),
            instead=DockerfileText(text=f"FROM {base.image}\n"),
        )
        return tag

    def proofs(self, loads: Sequence[_Load], smoke: Smoke) -> Mapping[str, Proof]:
        """How far each base carries the program, by its name."""
        archives = self._archives({load.base.image: load.carried for load in loads if load.carried is not None})
        candidates = [self._candidate(load, archives[load.base.image]) for load in loads if load.carried is not None]
        subject = Subject(
            spec=BuildSpec(name=self.name),
            dockerfile=parse("FROM scratch\n", "Dockerfile"),
            text="FROM scratch\n",
            image=self.image,
            programs=self.programs,
        )
        fixes = self.grounds.prover.prove(
            subject, self.image.id, candidates, tree=self.tree, source=self.image.id, smoke=smoke
        )
        return {fix.candidate.strategy: fix.proof for fix in fixes}

    def _archives(self, carried: Mapping[str, Carried]) -> dict[str, list[str]]:
        """Writes what comes along into the context, what goes to the same bases in one tar; names of tars by base."""
        wanted: dict[tuple[str, str], list[str]] = defaultdict(list)
        for image, each in carried.items():
            for way in each.paths.items():
                wanted[way].append(image)
        groups = {group: number for number, group in enumerate(sorted({tuple(group) for group in wanted.values()}))}
        names = {group: f"part-{number}.tar" for group, number in groups.items()}
        engine = self.grounds.prover.engine()
        with contextlib.ExitStack() as stack:
            files = [stack.enter_context((self.tree / names[group]).open("xb")) for group in groups]
            with engine.export(self.image.id) as chunks:
                ways = [
                    Way(self.names.get(source, source), path, groups[tuple(group)])
                    for (path, source), group in wanted.items()
                ]
                take_apart(chunks, files, ways)
        return {image: [names[group] for group in groups if image in group] for image in carried}

    def _candidate(self, load: _Load, archives: Sequence[str]) -> Candidate:
        state = xxhash.xxh3_128()
        for part in (
            load.facts.id if load.facts else "",
            *sorted(map(str, load.carried.paths.items()) if load.carried else ()),
        ):
            state.update(part.encode("utf-8", "surrogateescape") + b"\0")
        config = settings_of(self.program, self.image.config)
        text = recipe(load.base.image, config, load.config, archives, mark=state.hexdigest())
        dropped = {f"environment.{entry.partition('=')[0]}" for entry in self.image.config.environment}
        dropped -= {f"environment.{entry.partition('=')[0]}" for entry in config.environment}
        return Candidate(
            strategy=load.base.image,
            family=Family.BASE,
            title=f"Stands on {load.base.image}",
            rules=(),
            dockerfile="Dockerfile",
            dockerfile_text=text,
            edits=(),
            may_change=may_differ(config, load.config) | dropped,
        )
