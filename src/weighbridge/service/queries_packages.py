"""Packages over all images: which there are, and who ships one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select, tuple_

from weighbridge.service import cursors
from weighbridge.service.kept import kept
from weighbridge.service.tables import Image, Package, Repository

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from weighbridge.service.database import Database

_MOST = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageTotal:
    """A package over all images; `size` sums the bytes of those whose size is known."""

    ecosystem: str
    name: str
    images: int
    versions: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagePage:
    """A page of them, out of so many that were `found`; `after` is the cursor of the next one, None on the last."""

    packages: tuple[PackageTotal, ...]
    found: int
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """A package in an image."""

    package: Package
    image: Image
    repository: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippedPage:
    """A page of them, by version; `after` is the cursor of the next one, None on the last."""

    shipped: tuple[Shipped, ...]
    after: str | None


def packages(
    database: Database,
    *,
    text: str = "",
    ecosystem: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> PackagePage:
    """Packages by their bytes in all images, `text` in their names. Raises Problem for a cursor that is none."""
    wanted = text.casefold()
    found = [
        each for each in _everything(database) if wanted in each.name.casefold() and ecosystem in (None, each.ecosystem)
    ]
    start = 0 if after is None else _start(cursors.place(after))
    more = start + limit < len(found)
    return PackagePage(
        packages=tuple(found[start : start + limit]),
        found=len(found),
        after=cursors.cursor((start + limit, 0)) if more else None,
    )


def _start(place: cursors.Place) -> int:
    if not isinstance(place[0], int) or place[0] < 0:
        raise cursors.unknown()
    return place[0]


def _everything(database: Database) -> tuple[PackageTotal, ...]:
    """All of them: a look at every row, which is why it is kept."""

    def make() -> tuple[PackageTotal, ...]:
        size = func.sum(func.coalesce(Package.size, 0))
        images = func.count(Package.image_id.distinct())
        statement = (
            select(Package.ecosystem, Package.name, images, func.count(Package.version.distinct()), size)
            .group_by(Package.name, Package.ecosystem)
            .order_by(size.desc(), images.desc(), Package.name)
            .limit(_MOST)
        )
        with database.reading() as session:
            return tuple(
                PackageTotal(ecosystem=by, name=name, images=count, versions=versions, size=int(total or 0))
                for by, name, count, versions, total in session.execute(statement)
            )

    return kept(database).get("packages", make)


def shipped(
    session: Session,
    ecosystem: str,
    name: str,
    *,
    after: str | None = None,
    limit: int = 50,
) -> ShippedPage:
    """Which images have a package. Raises Problem for a cursor that is none."""
    statement = (
        select(Package, Image, Repository.name)
        .join(Image, Image.id == Package.image_id)
        .join(Repository, Repository.id == Image.repository_id)
        .where(Package.name == name, Package.ecosystem == ecosystem)
        .order_by(Package.version, Package.id)
        .limit(limit + 1)
    )
    if after is not None:
        place = cursors.place(after)
        if not isinstance(place[0], str):
            raise cursors.unknown()
        statement = statement.where(tuple_(Package.version, Package.id) > tuple_(*place))
    rows = session.execute(statement).all()
    shown = tuple(Shipped(package=package, image=image, repository=owner) for package, image, owner in rows[:limit])
    last = shown[-1].package if len(rows) > limit else None
    return ShippedPage(shipped=shown, after=None if last is None else cursors.cursor((last.version, last.id)))
