"""Two records, read and compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge.core.names import shown_path
from weighbridge.model.report import Unavailable
from weighbridge.service import details, queries_records, stored
from weighbridge.service.comparing import Side, compared
from weighbridge.service.problems import Problem

if TYPE_CHECKING:
    from weighbridge.model.image import Image
    from weighbridge.model.report import Report
    from weighbridge.service.queries_records import Kept
    from weighbridge.service.running import Service

_MOST_FOLDERS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A directory that one may look into: its name and the bytes below it."""

    name: str
    path: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two records and the report of their difference.

    `note` is a line on what could not be compared, empty where everything was. `path` is the directory that files are
    told of, empty for all; `folders` are those in it, the largest first, where the files are kept.
    """

    base: Kept
    head: Kept
    report: Report
    note: str
    path: str = ""
    folders: tuple[Folder, ...] = ()


def kept_record(here: Service, number: int) -> Kept:
    """A record by its number. Raises Problem where there is none."""
    with here.database.reading() as session:
        found = queries_records.record(session, number)
    if found is None:
        raise Problem(404, f"there is no record {number}")
    return found


def comparison(here: Service, base: int, head: int, path: str = "") -> Comparison:
    """Raises Problem where one of the two is not there, StoreUnavailable where the store is away."""
    one, other = kept_record(here, base), kept_record(here, head)
    with here.database.reading() as session:
        images = details.images(session, here.store, one.record, other.record)
    before, after = _side(here, one, images[0]), _side(here, other, images[1])
    by_file = before.files is not None and after.files is not None
    path = path.strip("/") if by_file else ""
    folders = _folders(after.files, path) if by_file and after.files else ()
    if path and not folders and not _holds(after.files, path):
        raise Problem(404, f"there is no directory {path[:200]} in what the files of record {head} tell")
    server = str(here.configuration.github_url).rstrip("/")
    return Comparison(
        base=one,
        head=other,
        report=compared(before, after, server, path),
        note=_note(before, after, images),
        path=path,
        folders=folders,
    )


def _side(here: Service, kept: Kept, files: Image | Unavailable) -> Side:
    report = stored.report_of(kept, here.store)
    return Side(
        repository=kept.repository,
        record=stored.record_of(kept.record),
        image=None if report is None else stored.image_of(report, kept.image),
        files=None if isinstance(files, Unavailable) else files,
    )


def _note(before: Side, after: Side, images: tuple[Image | Unavailable, ...]) -> str:
    if not (before.is_whole and after.is_whole):
        return "The report of one of the two is not kept any more: layers are compared, files and packages are not."
    for which, image in zip(("first", "second"), images, strict=True):
        if isinstance(image, Unavailable):
            lacking = f"of the {which}, {image.reason}"
            return f"Files are compared as far as the reports name them, not one by one: {lacking}."
    return ""


def _holds(image: Image | None, path: str) -> bool:
    return image is not None and any(node.startswith(f"{path}/") for node in image.tree.nodes)


def _folders(image: Image, path: str) -> tuple[Folder, ...]:
    start = f"{path}/" if path else ""
    sizes: dict[str, int] = {}
    for node, placed in image.tree.nodes.items():
        name, slash, _ = node.removeprefix(start).partition("/")
        if slash and node.startswith(start):
            sizes[name] = sizes.get(name, 0) + placed.entry.size
    largest = sorted(sizes, key=lambda name: (-sizes[name], name))[:_MOST_FOLDERS]
    return tuple(Folder(name=shown_path(name), path=f"{start}{name}", size=sizes[name]) for name in largest)
