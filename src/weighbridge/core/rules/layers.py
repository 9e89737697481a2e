"""Bytes that are in the layers more than once, or that no one sees."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from typing import TYPE_CHECKING

from weighbridge.core.names import clipped_path
from weighbridge.core.rendering.units import format_size
from weighbridge.core.rules.case import NOTEWORTHY, command_shown, shown
from weighbridge.core.rules.claims import claimed
from weighbridge.core.rules.downloads import downloads
from weighbridge.core.rules.removal import covers, is_removed, removed
from weighbridge.core.rules.rule import Rule
from weighbridge.model.finding import Evidence, Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from weighbridge.core.rules.calls import Call
    from weighbridge.core.rules.case import Case
    from weighbridge.core.rules.replay import Copy, Step
    from weighbridge.model.files import WastedPath
    from weighbridge.model.image import Image

_OWNERSHIP = frozenset({"chown", "chmod", "chgrp", "setfacl"})
_REPLACERS = frozenset({"ln", "mv", "cp", "install"})
_BESIDES = frozenset(
    {"mkdir", "cd", "set", "find", "xargs", "useradd", "adduser", "groupadd", "addgroup", "echo", "true"}
)
_PACKAGED = re.compile(r"(?:usr/(?!local/|src/)|lib|bin|sbin|etc|var/lib/(?:dpkg|rpm|apk))")
"""Where system packages lay their files: two of the same are their makers' doing."""

_LINE = 90


def _deleted_later(rule: Rule, case: Case) -> Iterator[Finding]:
    image = case.subject.image
    if image is None:
        yield from _deleted_statically(rule, case)
        return
    lost: Mapping[int, list[WastedPath]] = defaultdict(list)
    for wasted in image.waste.largest:
        own = not image.layers[wasted.layer].from_base
        if own and not _there(image, wasted.path) and not claimed(wasted.path):
            lost[wasted.layer].append(wasted)
    for layer, paths in sorted(lost.items()):
        size = sum(wasted.size for wasted in paths)
        if size >= NOTEWORTHY:
            largest = clipped_path(paths[0].path, _LINE)
            remover = _remover(case, layer, f"/{paths[0].path}")
            where = f" in line {remover.line.start}" if remover is not None else " later"
            yield case.found(
                rule,
                f"{largest} is deleted{where}, and stays in the layer that wrote it: {format_size(size)}",
                line=case.line_of(layer),
                waste=size,
                evidence=[
                    shown(
                        f"{clipped_path(each.path, _LINE)} ({format_size(each.size)})",
                        path=each.path,
                        size=each.size,
                        layer=layer,
                    )
                    for each in paths
                ],
            )


def _there(image: Image, path: str) -> bool:
    """Whether the final file system has something at a path, which then was replaced and not deleted."""
    return path in image.tree.nodes


def _remover(case: Case, layer: int, path: str) -> Step | None:
    """The later step whose commands delete a path, where they can be told."""
    maker = case.step_of(layer)
    for step in case.steps:
        if (maker is None or step.number > maker.number) and is_removed(path, removed(step.calls)):
            return step
    return None


def _deleted_statically(rule: Rule, case: Case) -> Iterator[Finding]:
    told: set[int] = set()
    fetched = list(downloads(case))
    for step in case.steps:
        for pattern in removed(step.calls):
            if claimed(pattern.lstrip("/")) or _replaced(step, pattern):
                continue
            makers = [earlier for earlier, copy in case.copies if _brings(case, earlier, copy, pattern, step)]
            makers += [each.step for each in fetched if each.step.number < step.number and covers(pattern, each.path)]
            makers = [maker for maker in makers if not is_removed(_made(maker), removed(maker.calls))]
            for maker in makers:
                if maker.number not in told:
                    told.add(maker.number)
                    yield case.found(
                        rule,
                        f"{pattern} is deleted in line {step.line.start}, and stays in the layer that wrote it",
                        line=maker.line,
                        evidence=[shown(f"deleted by line {step.line.start}: {pattern}")],
                    )


def _made(step: Step) -> str:
    return step.copy.target if step.copy is not None else ""


def _replaced(step: Step, pattern: str) -> bool:
    """Whether the same step puts something else there: then it is no clean-up."""
    whole = pattern.rstrip("/*")
    return any(
        call.program in _REPLACERS
        and len(call.argv) > 1
        and call.path(call.argv[-1]) in (whole, posixpath.dirname(whole))
        for call in step.calls
    )


def _brings(case: Case, earlier: Step, copy: Copy, pattern: str, later: Step) -> bool:
    """Whether a COPY before `later` brought something that the pattern deletes, and no COPY brought it in between."""
    if earlier.number >= later.number:
        return False
    lands = [copy.lands(source) for source in copy.sources] if copy.folder else [copy.target]
    if covers(pattern, copy.target) or any(covers(pattern, path) for path in lands if path != copy.target):
        return True
    context = case.subject.context
    if copy.source is not None or context is None or not pattern.startswith(copy.target.rstrip("/") + "/"):
        return False
    # The pattern is about a part of what was copied: then the context tells whether there is such a part.
    below = pattern[len(copy.target.rstrip("/")) + 1 :]
    roots = [posixpath.normpath(source.lstrip("/")) for source in copy.sources]
    for root in roots:
        prefix = "" if root == "." else f"{root}/"
        if any(covers(f"/{prefix}{below}", f"/{path}") for path in context.sizes if path.startswith(prefix)):
            return True
    return False


def _ownership(rule: Rule, case: Case) -> Iterator[Finding]:
    """Files that a later layer holds again for nothing but another owner or mode."""
    image = case.subject.image
    for step in case.steps:
        calls = [call for call in step.calls if call.program in _OWNERSHIP and _recursive(call)]
        if not calls and image is None:
            continue
        any_calls = calls or [call for call in step.calls if call.program in _OWNERSHIP]
        if not any_calls:
            continue
        layer = case.layer_of(step)
        if image is None:
            touched = next((call for call in calls if _touches_earlier(case, step, call)), None)
            if touched is not None:
                yield case.found(
                    rule,
                    f"`{touched.program} -R` copies what earlier instructions wrote into another layer",
                    line=step.line,
                    evidence=[command_shown(touched)],
                )
        elif layer is not None:
            copied, rows = _copied_up(image, layer)
            if _only_ownership(step):
                copied = max(copied, image.layers[layer].size)
            if copied >= NOTEWORTHY:
                yield case.found(
                    rule,
                    f"`{any_calls[0].program}` copies {format_size(copied)} into another layer",
                    line=step.line,
                    waste=copied,
                    evidence=[command_shown(any_calls[0]), *rows],
                )


def _recursive(call: Call) -> bool:
    return any(
        word == "--recursive" or (word.startswith("-") and not word.startswith("--") and "R" in word)
        for word in call.argv[1:]
    )


def _only_ownership(step: Step) -> bool:
    return all(call.program in _OWNERSHIP | _BESIDES for call in step.calls)


def _touches_earlier(case: Case, step: Step, call: Call) -> bool:
    """Whether a recursive change reaches what an earlier COPY, or an earlier RUN that installs into a folder, wrote."""
    targets = [path for word in call.argv[2:] if not word.startswith("-") and (path := call.path(word)) is not None]
    for earlier in case.steps:
        if earlier.number >= step.number:
            return False
        if earlier.copy is not None and any(
            covers(target, earlier.copy.target) or covers(earlier.copy.target, target) for target in targets
        ):
            return not earlier.copy.owner or call.program != "chown"
    return False


def _copied_up(image: Image, layer: int) -> tuple[int, list[Evidence]]:
    """Bytes that a layer holds again and that a lower one held with the same size, and the largest of them."""
    rows = [wasted for wasted in image.waste.largest if _same_again(image, wasted, layer)]
    evidence = [
        shown(
            f"{clipped_path(each.path, _LINE)} ({format_size(each.size)})", path=each.path, size=each.size, layer=layer
        )
        for each in rows[:6]
    ]
    return sum(wasted.size for wasted in rows), evidence


def _same_again(image: Image, wasted: WastedPath, layer: int) -> bool:
    node = image.tree.nodes.get(wasted.path)
    return node is not None and wasted.layer < layer and node.layer == layer and node.entry.size == wasted.size


def _rewritten(rule: Rule, case: Case) -> Iterator[Finding]:
    image = case.subject.image
    if image is None:
        return
    by_writer: dict[int, list[WastedPath]] = defaultdict(list)
    rows_of_runs = list(_runs(case.steps))
    for wasted in image.waste.largest:
        node = image.tree.nodes.get(wasted.path)
        own = not image.layers[wasted.layer].from_base
        if own and node is not None and node.layer > wasted.layer and not claimed(wasted.path):
            step = case.step_of(node.layer)
            ownership = step is not None and any(call.program in _OWNERSHIP for call in step.calls)
            if not ownership and not any(_rewritten_in(case, wasted, run) for run in rows_of_runs):
                by_writer[node.layer].append(wasted)
    for layer, rows in sorted(by_writer.items()):
        size = sum(wasted.size for wasted in rows)
        if size >= NOTEWORTHY:
            yield case.found(
                rule,
                f"{clipped_path(rows[0].path, _LINE)} is written again here, over what an earlier instruction wrote: "
                f"{format_size(size)} are in the image twice",
                line=case.line_of(layer),
                waste=size,
                evidence=[
                    shown(
                        f"{clipped_path(each.path, _LINE)} ({format_size(each.size)}), first written by "
                        f"{case.line_of(each.layer) or 'an earlier layer'}",
                        path=each.path,
                        size=each.size,
                        layer=each.layer,
                    )
                    for each in rows
                ],
            )


def _duplicates(rule: Rule, case: Case) -> Iterator[Finding]:
    image, contents = case.subject.image, case.contents
    if image is None or contents is None:
        return
    evidence: list[Evidence] = []
    total = 0
    for duplicate in image.duplicates:
        mine = [path for path in duplicate.paths if not _PACKAGED.match(path) and contents.own_file(path)]
        spare = len(mine) - (len(mine) == len(duplicate.paths))
        if spare > 0 and duplicate.size * spare >= NOTEWORTHY and not any(map(claimed, mine)):
            total += duplicate.size * spare
            first, second = [*mine, *(path for path in duplicate.paths if path not in mine)][:2]
            evidence.append(
                shown(
                    f"{clipped_path(first, 60)} and {clipped_path(second, 60)} ({format_size(duplicate.size)} each)",
                    path=first,
                    size=duplicate.size * spare,
                    layer=image.tree.nodes[first].layer,
                )
            )
    if total >= NOTEWORTHY:
        layer = evidence[0].layer
        yield case.found(
            rule,
            f"{len(evidence)} file{'s' if len(evidence) > 1 else ''} of the same content at several paths: "
            f"{format_size(total)}",
            line=None if layer is None else case.line_of(layer),
            waste=total,
            evidence=evidence,
        )


def _consecutive(rule: Rule, case: Case) -> Iterator[Finding]:
    """RUNs in a row, of which a later one writes again what an earlier one wrote: merging them saves those bytes."""
    image = case.subject.image
    if image is None:
        return
    for run in _runs(case.steps):
        layers = [layer for step in run if (layer := case.layer_of(step)) is not None]
        rows = [
            wasted for wasted in image.waste.largest if wasted.layer in layers[:-1] and _rewritten_in(case, wasted, run)
        ]
        size = sum(wasted.size for wasted in rows)
        if size >= NOTEWORTHY:
            yield case.found(
                rule,
                f"merging the RUNs of lines {run[0].line.start} to {run[-1].line.end} saves {format_size(size)}",
                line=case.line_at(run[0].line.start, run[-1].line.end),
                waste=size,
                evidence=[
                    shown(
                        f"{clipped_path(each.path, _LINE)} ({format_size(each.size)})",
                        path=each.path,
                        size=each.size,
                        layer=each.layer,
                    )
                    for each in rows
                ],
            )


def _rewritten_in(case: Case, wasted: WastedPath, run: Sequence[Step]) -> bool:
    """Whether a later step of the same row writes a path again."""
    image = case.subject.image
    node = image.tree.nodes.get(wasted.path) if image is not None else None
    layers = {case.layer_of(step) for step in run}
    return node is not None and node.layer > wasted.layer and {node.layer, wasted.layer} <= layers


def _runs(steps: Iterable[Step]) -> Iterator[list[Step]]:
    """Two or more RUNs without another instruction between them."""
    row: list[Step] = []
    for step in steps:
        if step.instruction.keyword == "RUN" and (not row or row[-1].stage is step.stage):
            row.append(step)
            continue
        if len(row) > 1:
            yield row
        row = [step] if step.instruction.keyword == "RUN" else []
    if len(row) > 1:
        yield row


LAYERS = (
    Rule(
        id="no-clean-same-layer",
        severity=Severity.HIGH,
        title="Deleted in a later layer",
        why="A layer keeps what its instruction wrote. Deleting it in a later instruction hides it, and everyone who "
        "pulls the image still moves it.",
        how="Delete in the `RUN` that writes, mount what is needed only for a moment (`RUN --mount=type=bind`), or "
        "copy the result out of another stage.",
        bad="FROM debian:13-slim\nCOPY . /src\nRUN make -C /src install\nRUN rm -rf /src\n",
        good="FROM debian:13-slim\nRUN --mount=type=bind,target=/src,rw make -C /src install\n",
        examine=_deleted_later,
        others=("mint ID.20021",),
    ),
    Rule(
        id="recursive-chown-layer",
        severity=Severity.HIGH,
        title="A change of owner or mode copies the files",
        why="A layer can't change a file of the one below: `chown` or `chmod` in a later instruction puts a whole copy "
        "into its own layer.",
        how="Set both while copying: `COPY --chown=app:app --chmod=755`. In a `RUN`, change them where "
        "they are written.",
        bad="FROM debian:13-slim\nRUN useradd app\nCOPY . /app\nRUN chown -R app:app /app\nUSER app\n",
        good="FROM debian:13-slim\nRUN useradd app\nCOPY --chown=app:app . /app\nUSER app\n",
        examine=_ownership,
        others=("dive#110", "dive#316"),
    ),
    Rule(
        id="rewritten-file",
        severity=Severity.MEDIUM,
        title="A file is written by several instructions",
        why="Each instruction that changes a file puts a whole copy of it into its own layer; only the last is seen.",
        how="Write the file once, or change it in the `RUN` that creates it.",
        bad="FROM debian:13-slim\nRUN make-database /data.db\nWORKDIR /srv\nRUN fill-database /data.db\n",
        good="FROM debian:13-slim\nWORKDIR /srv\nRUN make-database /data.db && fill-database /data.db\n",
        examine=_rewritten,
        needs_image=True,
    ),
    Rule(
        id="duplicate-files",
        severity=Severity.LOW,
        title="The same content at several paths",
        why="An image holds every file whole, also when another one has the same content.",
        how="Copy it once, and link to it (`ln -s`).",
        bad="FROM debian:13-slim\nCOPY model.bin /app/\nRUN cp /app/model.bin /srv/model.bin\n",
        good="FROM debian:13-slim\nCOPY model.bin /app/\nRUN ln -s /app/model.bin /srv/model.bin\n",
        examine=_duplicates,
        needs_image=True,
    ),
    Rule(
        id="consecutive-runs",
        severity=Severity.MEDIUM,
        title="RUNs whose merging saves bytes",
        why="Several `RUN`s in a row are no fault. They are where one writes what another wrote before: merged to "
        "one instruction, the file is in one layer only.",
        how="Join them with `&&`, or write one heredoc.",
        bad="FROM debian:13-slim\nRUN make-database /data.db\nRUN fill-database /data.db\n",
        good="FROM debian:13-slim\nRUN make-database /data.db && fill-database /data.db\n",
        examine=_consecutive,
        others=("hadolint DL3059", "mint ID.20019"),
        needs_image=True,
    ),
)
