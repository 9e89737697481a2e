"""The same Dockerfile on the slim twin of its base, with what the program wants beside it installed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from weighbridge.core.fixes.anatomy import cased
from weighbridge.core.fixes.finals import twin
from weighbridge.core.fixes.needs import needs
from weighbridge.core.fixes.rewritten import rewritten
from weighbridge.core.fixes.stowage import libraries
from weighbridge.core.installs import find_install
from weighbridge.dockerfile.source import Edit
from weighbridge.model.fix import Candidate, Family

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weighbridge.core.fixes.anatomy import Anatomy


def plans(anatomy: Anatomy) -> Iterator[Candidate]:
    """One candidate where the base is written out and has a slim twin."""
    image, programs, stage = anatomy.subject.image, anatomy.subject.programs, anatomy.stage
    if image is None or programs is None or stage.base != anatomy.base:
        return
    ground = twin(anatomy.base, programs)
    own = [path for path, placed in image.tree.nodes.items() if not image.layers[placed.layer].from_base]
    needed = needs(anatomy, own)
    if ground is None or needed is None or ground.name == anatomy.base:
        return
    source = anatomy.source
    start, end = source.span(anatomy.start)
    at = source.text.find(stage.base, start, end)
    if at < 0:
        return
    installs = [find_install(command) for each in anatomy.body for command in anatomy.commands(each)]
    asked = {name for install in installs if install is not None for name in install.names}
    wanted = replace(needed, packages=tuple(name for name in needed.packages if name not in asked))
    lines, _ = libraries(wanted, ground, image, besides=frozenset(own))
    edits = [Edit(start=at, end=at + len(stage.base), text=ground.name)]
    if lines:
        like = source.of(anatomy.start)
        edits.append(
            source.lines_behind(anatomy.start, "\n".join(cased(source.continued(line), like) for line in lines))
        )
    yield rewritten(
        anatomy,
        edits,
        strategy=f"slimmer/{ground.title}",
        family=Family.SLIMMER_BASE,
        title=f"Stands on {ground.title} instead of {anatomy.base}",
        rules=("base-not-slim",),
        may_change=anatomy.inherited(),
    )
