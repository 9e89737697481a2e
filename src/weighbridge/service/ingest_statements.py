"""What a report on its way in says to the database.

Each statement is put together once: that costs more than to run it. They are of SQLAlchemy's core, and take their
values as parameters, by the names of the columns. `dialect` is the database's: `sqlite` or `postgresql`.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table, bindparam, func, insert, select, text, update

from weighbridge.service import tables
from weighbridge.service.database import upserting

if TYPE_CHECKING:
    from sqlalchemy import Delete, Executable, Insert, Select, Update

_FOLDED = text("lower(name)")
"""What a repository is unique by."""


def _table(of: type[tables.Base]) -> Table:
    table: Any = of.__table__
    return table  # type: ignore[no-any-return]


REPOSITORIES, REPORTS, IMAGES = _table(tables.Repository), _table(tables.Report), _table(tables.Image)
RECORDS, PULLS = _table(tables.Record), _table(tables.Pull)


@cache
def put_repository(dialect: str, *, branch: bool, sure: bool, private: bool, numbered: bool) -> Executable:
    """Gives `id`, `name` and `default_branch`. What else there is of it stays, except for what is told now.

    `branch`: the default one is told, by one who knows it for `sure`, or takes it for one; `private` and `numbered`:
    whether it is, and its number.
    """
    statement = upserting(dialect)(REPOSITORIES)
    new, old = statement.excluded, REPOSITORIES.c
    changed: dict[str, Any] = {"name": old.name}
    if branch:
        changed["default_branch"] = (
            new.default_branch if sure else func.coalesce(old.default_branch, new.default_branch)
        )
    if private:
        changed["private"] = new.private
    if numbered:
        changed |= {"github_id": new.github_id, "gone": None}
    statement = statement.on_conflict_do_update(index_elements=[_FOLDED], set_=changed)
    done: Executable = statement.returning(old.id, old.name, old.default_branch)
    return done


@cache
def put_new(dialect: str, of: type[tables.Report | tables.Record]) -> Executable:
    """Gives `id`, nothing where there is one already."""
    table = _table(of)
    done: Executable = upserting(dialect)(table).on_conflict_do_nothing().returning(table.c.id)
    return done


@cache
def find_report() -> Select[Any]:
    """Gives `id`."""
    columns = REPORTS.c
    keys = (columns.repository_id, columns.commit, columns.pull, columns.digest)
    return select(columns.id).where(*(key == bindparam(key.name) for key in keys))


@cache
def put_image(dialect: str) -> Executable:
    """Gives its row, as it is: an update that changes nothing locks it."""
    statement = upserting(dialect)(IMAGES)
    done: Executable = statement.on_conflict_do_update(
        index_elements=["repository_id", "name", "platform"], set_={"name": statement.excluded.name}
    ).returning(IMAGES)
    return done


@cache
def show_image() -> Update:
    """Writes what is given into the image with the id `image`."""
    return update(IMAGES).where(IMAGES.c.id == bindparam("image"))


@cache
def earlier_size() -> Select[Any]:
    """The `size` of an `image` on the default branch, at a time or before."""
    columns = RECORDS.c
    return (
        select(columns.size)
        .where(columns.image_id == bindparam("image"), columns.trunk, columns.time <= bindparam("before"))
        .order_by(columns.time.desc())
        .limit(1)
    )


@cache
def drop_rows(of: type[tables.Finding | tables.Package]) -> Delete:
    """All of an `image`."""
    table = _table(of)
    return table.delete().where(table.c.image_id == bindparam("image"))


@cache
def put_rows(of: type[tables.Finding | tables.Package]) -> Insert:
    """Any number at once."""
    return insert(_table(of))


@cache
def put_pull(dialect: str) -> Executable:
    """A pull request is open, and this its head, unless something newer is known."""
    statement = upserting(dialect)(PULLS)
    new = statement.excluded
    done: Executable = statement.on_conflict_do_update(
        index_elements=["repository_id", "number"],
        set_={"open": True, "commit": new.commit, "updated": new.updated},
        where=PULLS.c.updated <= new.updated,
    )
    return done
