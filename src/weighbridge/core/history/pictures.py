"""Badges and charts beside the records: which files there are, and how a README shows them."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from weighbridge.core.badges.choices import Kind
from weighbridge.core.badges.kinds import badge
from weighbridge.core.badges.layout import endpoint, svg
from weighbridge.core.badges.remembered import figures
from weighbridge.core.charts.choices import ChartKind
from weighbridge.core.charts.picture import picture
from weighbridge.core.charts.remembered import chart
from weighbridge.core.history.look import Wanted, main_line, select
from weighbridge.core.rendering.escape import code, code_block

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from weighbridge.core.history.look import Series
    from weighbridge.model.record import Record

FOLDER = "pictures"
MOST = 40
"""Images and platforms that are drawn at most after one run."""
_SAFE = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,60}[a-z0-9])?")
_PLATFORM = re.compile(r"[a-z0-9]+(?:/[a-z0-9]+){1,2}")


class Subject(NamedTuple):
    """What there is one set of pictures of."""

    image: str
    platform: str

    @property
    def folder(self) -> str:
        """Where they are on the branch; a name that is fit for every file system and address."""
        return f"{FOLDER}/{_slug(self.image)}/{_slug(self.platform)}"


def subjects(records: Iterable[Record]) -> tuple[Subject, ...]:
    """The images and platforms of the records, at most `MOST`."""
    found = dict.fromkeys(Subject(record.image, record.platform) for record in records)
    return tuple(found)[:MOST]


def draw(records: Sequence[Record], of: Iterable[Subject], ref: str | None) -> Mapping[str, bytes]:
    """The pictures' files by path, of releases and what was weighed for the branch `ref`; see `main_line`."""
    files: dict[str, str] = {}
    for subject in of:
        for series in select(records, Wanted(image=subject.image, platform=subject.platform)):
            files |= _files(subject.folder, main_line(series, ref))
    return {path: text.encode() for path, text in files.items()}


def _files(folder: str, series: Series) -> dict[str, str]:
    told = figures(series)
    files = {}
    for kind in Kind:
        made = badge(kind, told)
        files[f"{folder}/{kind}.svg"] = svg(made)
        files[f"{folder}/{kind}.json"] = json.dumps(endpoint(made), ensure_ascii=False) + "\n"
    for shown in ChartKind:
        files[f"{folder}/chart-{shown}.svg"] = picture(chart(shown, [series]))
    return files


def _slug(name: str) -> str:
    """`api`, `linux-amd64`: what had to be changed otherwise is told from its like by a digest."""
    if _PLATFORM.fullmatch(name):
        return name.replace("/", "-")
    if _SAFE.fullmatch(name):
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    kept = re.sub(r"[^a-z0-9]+", "-", name[:200].lower()).strip("-")[:40].strip("-")
    return f"{kept}-{digest}" if kept else digest


def snippet(of: Iterable[Subject], *, repository_url: str, branch: str) -> str:
    """What to paste into a README, as folded Markdown for a summary.

    The addresses are the repository's own, so that who may not see it doesn't see them, on Enterprise as well.
    """
    parts = []
    for subject in of:
        lines = tuple(_lines(f"{repository_url}/raw/{quote(branch, safe='')}/{subject.folder}"))
        parts.append(f"{code(subject.image)} {code(subject.platform)}\n\n{code_block(lines, 'markdown')}\n")
    body = "\n".join(parts)
    return f"<details><summary>Badges and charts for your README</summary>\n\n{body}\n</details>\n"


def _lines(address: str) -> Iterator[str]:
    for kind, words in (
        (Kind.SIZE, "image size"),
        (Kind.PACKED, "image pull size"),
        (Kind.CHANGE, "change since the last release"),
        (Kind.LAYERS, "image layers"),
        (Kind.SAVING, "proven saving"),
    ):
        yield f"![{words}]({address}/{kind}.svg)"
    yield ""
    yield f"![image size over time]({address}/chart-{ChartKind.SIZE}.svg)"
    yield f"![image size by layer]({address}/chart-{ChartKind.LAYERS}.svg)"
    yield f"![image size by packages]({address}/chart-{ChartKind.PACKAGES}.svg)"
