"""What a reader may not read is found by no query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import exists, func, select
from sqlalchemy.orm import aliased

from weighbridge.service import readable
from weighbridge.service.auth.tables import Account, RepositoryRight
from weighbridge.service.readable import NOTHING, PUBLIC, Readable
from weighbridge.service.tables import Finding, Image, Package, Pull, Record, Report, Repository

if TYPE_CHECKING:
    from weighbridge.service.database import Database
    from weighbridge.service.running import Service

ROWS = (Repository, Image, Report, Pull, Record, Finding, Package)


@pytest.fixture
def database(service: Service) -> Database:
    """One public and two private repositories, with a row of everything each."""
    with service.database.writing() as session:
        for number, (name, private) in enumerate(
            (("octocat/open", False), ("octocat/shut", True), ("hubot/a_b", True))
        ):
            session.add(Repository(id=number, name=name, private=private, created=0))
            session.flush()
            session.add(Image(id=number, repository_id=number, name="app", platform="linux/amd64", trend="[]"))
            session.add(Report(id=number, repository_id=number, commit="c", received=0, actor="a", digest="d", bytes=1))
            session.add(Pull(id=number, repository_id=number, number=1, commit="c", updated=0))
            session.flush()
            session.add(_record(number))
            session.add(Finding(id=number, image_id=number, rule="r", severity="note", message="m"))
            session.add(Package(id=number, image_id=number, ecosystem="apt", name="gcc", version="1"))
        session.add(Account(id=1, github_id=1, login="mona", created=0, seen=0))
        session.flush()
        session.add(RepositoryRight(account_id=1, repository_id=2))
    return service.database


def _record(number: int) -> Record:
    return Record(
        id=number, image_id=number, commit="c", time=0, recorded=0, trunk=True, size=1, packed=1,
        packed_estimated=False, wasted=0, layer_count=1, file_count=1, status="pass", line=b"",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("limit", "found"),
    [
        (None, [0, 1, 2]),
        (NOTHING, []),
        (PUBLIC, [0]),
        (Readable(public=True, account_id=1), [0, 2]),
        (Readable(public=True, account_id=2), [0]),
        (Readable(scope="octocat/*"), [0, 1]),
        (Readable(scope="OctoCat/Shut"), [1]),
        (Readable(scope="octo/*"), []),
        (Readable(scope="hubot/aXb"), []),
    ],
)
def test_rows_of_others_are_not_found(database: Database, limit: Readable | None, found: list[int]) -> None:
    for table in ROWS:
        _check(database, table, limit, found)


def _check(database: Database, table: type[Any], limit: Readable | None, found: list[int]) -> None:
    with readable.only(limit), database.reading() as session:
        assert found == sorted(session.scalars(select(table.id)).all())
        assert len(found) == len(session.scalars(select(table)).all())
        assert len(found) == session.scalar(select(func.count()).select_from(table))
        assert len(found) == len(session.scalars(select(aliased(table))).all())
        assert (1 in found) == (session.get(table, 1) is not None)


def test_neither_joins_nor_subqueries_find_them(database: Database) -> None:
    other = aliased(Image)
    inner = select(Image.repository_id).where(Image.name == "app").subquery()
    statements: list[Any] = [
        select(Record.id).join(Image, Image.id == Record.image_id).join(Repository),
        select(Image.id).outerjoin(Pull, Pull.repository_id == Image.repository_id),
        select(inner.c.repository_id),
        select(other.id).where(exists().where(Finding.image_id == other.id)),
        select(Repository.id).where(Repository.id.in_(select(Image.repository_id))),
        select(Image.id).order_by(Image.size.desc(), Image.id).limit(50),
        select(Image.id).union(select(other.id)),
    ]
    with readable.only(PUBLIC), database.reading() as session:
        for statement in statements:
            assert [0] == list(session.scalars(statement).all()), str(statement)
    with readable.only(PUBLIC), readable.everything(), database.reading() as session:
        assert 3 == session.scalar(select(func.count()).select_from(Image))


def test_what_is_written_is_not_narrowed(database: Database) -> None:
    with readable.only(NOTHING), database.writing() as session:
        assert 3 == len(session.scalars(select(Repository.id)).all())
