"""What a report on its way in says to the database.

Each statement is put together once, and turned into text once: that costs more than to run it. They are of
SQLAlchemy's core, take their values by the names of the columns, and are for `run`. `dialect` is the database's:
`sqlite` or `postgresql`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table, bindparam, func, insert, select, text, update

from weighbridge.service import tables
from weighbridge.service.database import upserting
from weighbridge.service.tokens import holds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, CursorResult, Delete, Dialect, Executable, Insert, Select, Update

_FOLDED = text("lower(name)")
"""What a repository is unique by."""


def _table(of: type[tables.Base]) -> Table:
    table: Any = of.__table__
    return table  # type: ignore[no-any-return]


REPOSITORIES, REPORTS, IMAGES = _table(tables.Repository), _table(tables.Report), _table(tables.Image)
RECORDS, PULLS = _table(tables.Record), _table(tables.Pull)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A statement's text for a driver: with the names of its values in their order where it takes them by position, and
    with what it says itself (limits)."""

    text: str
    order: tuple[str, ...] | None
    own: Mapping[str, object]

    def arranged(self, values: Mapping[str, object]) -> Any:
        """As the driver takes them."""
        whole = {**self.own, **values}
        return whole if self.order is None else tuple([whole[name] for name in self.order])


def run(connection: Connection, statement: Executable, values: Mapping[str, object]) -> CursorResult[Any]:
    """Executes one of the statements of this module. Values go to the driver as they are: no column with a type of its
    own may be among them."""
    prepared = _prepared(statement, connection.dialect, tuple(values))
    return connection.exec_driver_sql(prepared.text, prepared.arranged(values))


def run_many(connection: Connection, statement: Executable, rows: Sequence[Mapping[str, object]]) -> None:
    """The same for several rows, at least one, that have the same columns."""
    prepared = _prepared(statement, connection.dialect, tuple(rows[0]))
    connection.exec_driver_sql(prepared.text, [prepared.arranged(row) for row in rows])


@lru_cache(maxsize=500)
def _prepared(statement: Any, dialect: Dialect, names: tuple[str, ...]) -> _Prepared:
    compiled = statement.compile(dialect=dialect, column_keys=list(names))
    own = {name: value for name, value in compiled.params.items() if name not in names}
    order = compiled.positiontup
    return _Prepared(str(compiled), None if order is None else tuple(order), own)


@cache
def find_token() -> Select[Any]:
    """Gives `id` of a `token` (the same) that holds at the moment `now`."""
    token = tables.UploadToken
    return select(token.id).where(token.id == bindparam("token"), holds(bindparam("now")))


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
def find_repository() -> Select[Any]:
    """By its `name`, in any case. It cannot be deleted meanwhile, and others may read it so too."""
    columns = REPOSITORIES.c
    wanted = (columns.id, columns.name, columns.default_branch, columns.private, columns.github_id, columns.gone)
    statement = select(*wanted).where(func.lower(columns.name) == func.lower(bindparam("name")))
    return statement.with_for_update(read=True, key_share=True)


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
def find_image() -> Select[Any]:
    """The row of a `repository_id`, `name` and `platform`, locked."""
    columns = IMAGES.c
    keys = (columns.repository_id, columns.name, columns.platform)
    return select(IMAGES).where(*(key == bindparam(key.name) for key in keys)).with_for_update(key_share=True)


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
def drop_row(of: type[tables.Finding | tables.Package]) -> Delete:
    """The one with the number `row`."""
    table = _table(of)
    return table.delete().where(table.c.id == bindparam("row"))


@cache
def find_rows(of: type[tables.Finding | tables.Package]) -> Select[Any]:
    """Of an `image`, in their order: `id`, and the columns in the order of values.finding_rows() and package_rows()."""
    table = _table(of)
    own = (column for column in table.columns if column.name not in ("id", "image_id"))
    return select(table.c.id, *own).where(table.c.image_id == bindparam("image")).order_by(table.c.id)


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
