"""One stage made two: the first keeps building, the second ships. Written as a patch that a person would write."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge.core.fixes.anatomy import DESCRIBING, Anatomy, cased, env_names, variables
from weighbridge.core.fixes.rewritten import rewritten
from weighbridge.core.fixes.scope import declarations, folder
from weighbridge.dockerfile.source import Edit
from weighbridge.model.fix import Candidate, Family

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from weighbridge.dockerfile.source import Source
    from weighbridge.model.dockerfile import Instruction

_NAMED = re.compile(r"(\s+[aA][sS]\s+)(\S+)(\s*)\Z")
_USUAL_PATH = frozenset({"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"})
_WIDEST = 240
_PLAIN = re.compile(r"[A-Za-z0-9_./@:+-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """What the second stage takes from the first: absolute paths, and whose they are (`uid:gid`, None: root's).

    `origin` is the image that it comes from instead of the first stage.
    """

    sources: tuple[str, ...]
    destination: str
    owner: str | None = None
    origin: str | None = None

    def text(self, stage: str, *, widest: int | None = None) -> str:
        """The instruction; wider than that many characters, with a line for each path."""
        owner = f"--chown={self.owner} " if self.owner else ""
        words = (*self.sources, self.destination)
        begin = f"COPY --from={self.origin or stage} {owner}"
        if not all(_PLAIN.fullmatch(word) for word in words):
            return f"{begin}[{_listed(words)}]"
        line = f"{begin}{' '.join(words)}"
        if widest is None or len(line) <= widest:
            return line
        return begin + "".join(f"\\\n      {word} " for word in words).rstrip()


def owner_of(uid: int, gid: int) -> str | None:
    """Whose something is, as `--chown` takes it; None for root's."""
    return None if (uid, gid) == (0, 0) else f"{uid}:{gid}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """How a stage is to be split. `after` is the last instruction of the building stage.

    `base` is what the second stage is FROM; `preparation` are its own lines before anything is copied (packages,
    users), `copies` what it takes. `edits` change the building stage. `without` names variables that only the
    toolchain reads. `late` are lines after the copies.
    """

    strategy: str
    title: str
    after: Instruction
    base: str
    preparation: tuple[str, ...] = ()
    copies: tuple[Copy, ...] = ()
    late: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = ()
    without: frozenset[str] = frozenset()
    rules: tuple[str, ...] = ()
    costs: tuple[str, ...] = ()
    may_change: frozenset[str] = frozenset()


def split(anatomy: Anatomy, plan: Split) -> Candidate:
    """The candidate that a plan comes to."""
    source = anatomy.source
    build, final = _stage_names(anatomy)
    moved = _moved(anatomy, plan.after)
    edits = [*plan.edits, *_named(anatomy, build), *(_removal(source, each) for each in moved)]
    second = "\n".join(_second_stage(anatomy, plan, moved, build, final))
    return rewritten(
        anatomy,
        [*edits, source.lines_behind(plan.after, f"\n{second}")],
        strategy=plan.strategy,
        family=Family.MULTI_STAGE,
        title=plan.title,
        rules=plan.rules,
        may_change=plan.may_change | _changes(anatomy, plan),
        costs=plan.costs,
    )


def _stage_names(anatomy: Anatomy) -> tuple[str, str | None]:
    """What the building stage is called, and the name that the shipped one keeps, since others may ask for it."""
    taken = {(stage.name or "").lower() for stage in anatomy.subject.dockerfile.stages}
    free = (
        name for name in ("build", "builder", *(f"build-{number}" for number in range(2, 300))) if name not in taken
    )
    return next(free), anatomy.stage.name


def _named(anatomy: Anatomy, build: str) -> Iterator[Edit]:
    """Gives the first stage its name."""
    start, end = anatomy.source.span(anatomy.start)
    text = anatomy.source.text[start:end]
    found = _NAMED.search(text)
    if anatomy.stage.name is not None and found is not None:
        yield Edit(start=start + found.start(2), end=start + found.end(2), text=build)
        return
    at = start + len(text.rstrip())
    yield Edit(start=at, end=at, text=f" {cased(f'AS {build}', text)}")


def _moved(anatomy: Anatomy, after: Instruction) -> tuple[Instruction, ...]:
    """Describing instructions of the building part: they go to the stage that is shipped."""
    before = anatomy.body[: anatomy.body.index(after) + 1]
    moved = [each for each in before if each.keyword in DESCRIBING]
    later = {each.keyword for each in anatomy.body[len(before) :]}
    # What is said again later never held.
    return tuple(each for each in moved if each.keyword not in later or each.keyword in ("LABEL", "EXPOSE", "VOLUME"))


def _second_stage(
    anatomy: Anatomy, plan: Split, moved: Sequence[Instruction], build: str, final: str | None
) -> Iterator[str]:
    source = anatomy.source
    like = source.of(anatomy.start)
    before = anatomy.body[: anatomy.body.index(plan.after) + 1]
    after = anatomy.body[len(before) :]
    # The platform is the author's: what was built for one runs on no other.
    base = " ".join(["FROM", *anatomy.start.flags, plan.base])
    yield cased(base, like) + (f" {cased(f'AS {final}', like)}" if final else "")
    users = [each for each in before if each.keyword == "USER"]
    directory = folder(anatomy, plan.after, plan.base)
    written = [*(source.of(each) for each in (*moved, *after, *users[-1:])), *plan.preparation, directory or ""]
    yield from declarations(anatomy, before, written, without=plan.without, base=plan.base)
    yield from (cased(line, like) for line in _search_path(anatomy, plan))
    folders = [f"WORKDIR {directory}"] if directory is not None else []
    lines = [*plan.preparation, *folders, *(copy.text(build, widest=_WIDEST) for copy in plan.copies), *plan.late]
    yield from (cased(source.continued(line), like) for line in lines)
    for each in moved:
        start, end = source.with_comment(each)
        yield source.text[start:end].rstrip()
    if users:
        yield source.of(users[-1]).rstrip()
    yield from _inherited(anatomy)


def _search_path(anatomy: Anatomy, plan: Split) -> Iterator[str]:
    """Folders of programs that are shipped and that only the first base image had in its PATH."""
    base = anatomy.subject.base_config
    entries = base.environment if base is not None else ()
    path = next((entry.removeprefix("PATH=") for entry in entries if entry.startswith("PATH=")), "")
    shipped = [source for copy in plan.copies for source in copy.sources]
    wanted = [
        folder
        for folder in dict.fromkeys(path.split(":"))
        if folder.startswith("/")
        and folder not in _USUAL_PATH
        and any(
            source == folder or source.startswith(f"{folder}/") or folder.startswith(f"{source}/") for source in shipped
        )
    ]
    if wanted:
        yield f"ENV PATH={':'.join(wanted)}:$PATH"


def _inherited(anatomy: Anatomy) -> Iterator[str]:
    """What the first base image set, and the second one need not."""
    image = anatomy.subject.image
    if image is None:
        return
    entrypoint, command = anatomy.final("ENTRYPOINT"), anatomy.final("CMD")
    if entrypoint is None and image.config.entrypoint:
        yield f"ENTRYPOINT [{_listed(image.config.entrypoint)}]"
    # ENTRYPOINT empties what the base image had for CMD.
    if command is None and entrypoint is None and image.config.command:
        yield f"CMD [{_listed(image.config.command)}]"


def _listed(words: Sequence[str]) -> str:
    return ", ".join('"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"' for word in words)


def _changes(anatomy: Anatomy, plan: Split) -> frozenset[str]:
    """What another base image brings and takes: the variables that the author did not set."""
    # What the author puts before or behind the base image's PATH is still there; `_search_path` sees to the rest.
    own = anatomy.authored_environment() - ({"PATH"} if _adds_to_path(anatomy) else set())
    new = {"PATH", "SSL_CERT_FILE", "LANG"} - own
    dropped = {name for each in anatomy.body for name in env_names(each) if plan.without.issuperset(env_names(each))}
    return anatomy.inherited() | {f"environment.{name}" for name in new | dropped}


def _adds_to_path(anatomy: Anatomy) -> bool:
    """Whether each ENV PATH holds what was there before."""
    found = [each.values[1::2] for each in anatomy.body if "PATH" in env_names(each)]
    return all(any("PATH" in variables(value) for value in values) for values in found)


def _removal(source: Source, instruction: Instruction) -> Edit:
    """Takes an instruction out with its comment, and one of the two empty lines that would meet."""
    start, end = source.with_comment(instruction)
    line = source.line_at(start)
    above = line == 1 or not source.lines[line - 2].strip()
    if above and instruction.end < len(source.lines) and not source.lines[instruction.end].strip():
        end += len(source.lines[instruction.end])
    return Edit(start=start, end=end, text="")
