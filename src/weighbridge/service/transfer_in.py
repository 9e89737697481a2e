"""What `transfer.export` wrote, or a history branch holds, into the service; what is known stays as it is.

A line is somebody's: each is bounded and checked by itself, and what cannot be read is counted and left.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TextIO

from sqlalchemy import insert, select, update

from weighbridge.core import wire
from weighbridge.core.wire.layers import MAX_BYTES
from weighbridge.core.wire.records import load_records
from weighbridge.errors import UsageError
from weighbridge.model.record import COMMIT
from weighbridge.service import details_intake, tables
from weighbridge.service import ingest_statements as statements
from weighbridge.service.database import upsert
from weighbridge.service.details_intake import Place
from weighbridge.service.ingest import image_row
from weighbridge.service.renewal import renew
from weighbridge.service.store import named
from weighbridge.service.values import plain, record_columns, seconds, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from weighbridge.service.running import Service

_BATCH = 200
_MAX_RECORD = 300_000
_MAX_LINE = 96 << 20
"""Characters. What is packed in a line may unpack to much more, and is bounded by itself."""
_DIGEST = re.compile(r"[0-9a-f]{64}")
_DAMAGED = (ValueError, TypeError, LookupError, RecursionError, UsageError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsaid:
    """What holds where the lines do not tell: whose records they are, and whether a new repository is private."""

    repository: str | None = None
    private: bool = False


def take_in(service: Service, lines: TextIO, unsaid: Unsaid) -> Counter[str]:
    """Keeps what is not known yet, and says how many records were `new` and `known`, how many lines `unread`, and how
    many `report`, `pull` and `layer` lines were taken.

    Raises UsageError where nothing tells whose records they are, and StoreUnavailable. Done again, it changes nothing.
    """
    taking = _Taking(service, unsaid, seconds(service.now()))
    for line in _bounded(lines):
        taking.take(line)
    taking.write()
    for image_id in sorted(taking.touched):
        renew(service.database, service.store, image_id)
    return taking.found


def _bounded(lines: TextIO) -> Iterator[str | None]:
    """Line by line; None for one that is too long, which is passed over in pieces."""
    while piece := lines.readline(_MAX_LINE):
        whole = piece.endswith("\n") or len(piece) < _MAX_LINE
        if whole and piece.strip():
            yield piece
        elif not whole:
            while piece and not piece.endswith("\n"):
                piece = lines.readline(_MAX_LINE)
            yield None


@dataclass(slots=True)
class _Taking:
    """One pass. Records are written many at a time."""

    service: Service
    unsaid: Unsaid
    now: int
    found: Counter[str] = field(default_factory=Counter)
    touched: set[int] = field(default_factory=set)
    waiting: list[str] = field(default_factory=list)

    def take(self, line: str | None) -> None:
        """One line; None: one that is too long."""
        kind = None if line is None else _kind(line)
        if line is None or kind not in ("", *_OTHERS):
            self.found["unread"] += 1
        elif kind == "":
            self.waiting.append(line)
            if len(self.waiting) == _BATCH:
                self.write()
        else:
            self.write()
            try:
                _OTHERS[kind](self, json.loads(line))
                self.found[kind] += 1
            except _DAMAGED:
                self.found["unread"] += 1

    def write(self) -> None:
        """The records that wait."""
        with self.service.database.writing() as session:
            for line in self.waiting:
                outcome, image_id = _record(session, line, self.unsaid, self.now)
                self.found[outcome.rstrip("+")] += 1
                self.touched |= {image_id} if outcome in ("new", "known+") else set()
        self.waiting.clear()


def _kind(line: str) -> str | None:
    """Empty for a record, None for what is no line of ours."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    kind = value.get("kind", "") if isinstance(value, dict) else None
    return kind if isinstance(kind, str) else None


def _record(session: Session, line: str, unsaid: Unsaid, now: int) -> tuple[str, int]:
    """What came of it (`known+`: its report is new), and its image."""
    records = load_records(line.rstrip("\n")).records if len(line) <= _MAX_RECORD else ()
    if not records:
        return "unread", 0
    (record,), told = records, json.loads(line)
    name = told.get("repository", unsaid.repository)
    if not _is_name(name):
        raise UsageError("whose records are these? give --repository owner/name")
    pull = _number(told.get("pull"))
    repository_id = _repository(session, {"name": name, "private": unsaid.private}, now)
    image_id = image_row(session.connection(), repository_id, record).id
    report_id = session.scalar(
        select(tables.Report.id).filter_by(
            repository_id=repository_id, commit=record.commit, pull=pull, digest=plain(str(told.get("report")))
        )
    )
    base = told.get("base_size")
    base = base if type(base) is int and 0 <= base < 1 << 53 else None
    of_report = {"report_id": report_id, "base_size": base, "delta": None if base is None else record.size - base}
    known = session.execute(
        select(tables.Record.id, tables.Record.report_id).filter_by(image_id=image_id, commit=record.commit, pull=pull)
    ).one_or_none()
    if known is not None:
        if report_id is None or known.report_id is not None:
            return "known", image_id
        session.execute(update(tables.Record).where(tables.Record.id == known.id).values(**of_report))
        return "known+", image_id
    trunk = told.get("trunk", record.release is None) is True and not pull
    row = {**record_columns(record), **of_report, "image_id": image_id, "commit": record.commit, "pull": pull}
    session.execute(insert(tables.Record).values(**row, trunk=trunk))
    return "new", image_id


def _is_name(name: object) -> bool:
    return isinstance(name, str) and len(plain(name, 201)) >= 3 and name.count("/") == 1


def _number(value: object) -> int:
    return value if type(value) is int and 0 <= value < 1 << 53 else 0


def _repository(session: Session, told: dict[str, Any], now: int) -> int:
    """Its number; made as it is told where nobody knows it yet."""
    if not _is_name(told["name"]):
        raise UsageError("not the name of a repository")
    branch = told.get("default_branch")
    # What is known stays as it is.
    statement = statements.put_repository(
        session.get_bind().dialect.name, branch=False, sure=False, private=False, numbered=False
    )
    values = {
        "name": plain(told["name"], 201),
        "private": told.get("private") is not False,
        "default_branch": plain(branch) if isinstance(branch, str) else None,
        "github_id": _number(told.get("github_id")) or None,
        "created": min(_number(told.get("created")) or now, now),
        "gone": _number(told.get("gone")) or None,
    }
    return int(session.connection().execute(statement, values).one().id)


def _take_repository(taking: _Taking, told: dict[str, Any]) -> None:
    with taking.service.database.writing() as session:
        _repository(session, told, taking.now)


def _take_report(taking: _Taking, told: dict[str, Any]) -> None:
    content = base64.b64decode(told["content"], validate=True)
    text = unpacked(content, wire.MAX_BYTES)
    digest, commit = hashlib.sha256(text).hexdigest(), told["commit"]
    if digest != told["digest"] or not COMMIT.fullmatch(commit):
        raise UsageError("not what it claims to be")
    wire.load(text)
    taking.service.store.put(named("reports", digest), content)
    with taking.service.database.writing() as session:
        row = {
            "repository_id": _known(session, told),
            "commit": commit,
            "pull": _number(told["pull"]),
            "digest": digest,
            "received": min(_number(told["received"]), taking.now),
            "actor": plain(str(told["actor"])),
            "bytes": len(text),
        }
        session.execute(upsert(session)(tables.Report).values(row).on_conflict_do_nothing())


def _take_pull(taking: _Taking, told: dict[str, Any]) -> None:
    number, commit = _number(told["number"]), told["commit"]
    if not number or not COMMIT.fullmatch(commit):
        raise UsageError("not a pull request")
    with taking.service.database.writing() as session:
        row = {
            "repository_id": _known(session, told),
            "number": number,
            "open": told["open"] is True,
            "commit": commit,
            "updated": min(_number(told["updated"]), taking.now),
        }
        session.execute(upsert(session)(tables.Pull).values(row).on_conflict_do_nothing())


def _take_layer(taking: _Taking, told: dict[str, Any]) -> None:
    diff_id, digest, used = told["diff_id"], told["digest"], min(_number(told["used"]), taking.now)
    if not _DIGEST.fullmatch(diff_id) or not _DIGEST.fullmatch(digest) or not _is_name(told["repository"]):
        raise UsageError("not a layer")
    database, where = taking.service.database, Place(repository=told["repository"], pull=_number(told["pull"]))
    if "content" not in told:
        if details_intake.missing(database, where, {diff_id: digest}, used):
            raise UsageError("nobody knows its files")
        return
    document = unpacked(base64.b64decode(told["content"], validate=True), MAX_BYTES)
    details_intake.keep(database, taking.service.store, where, diff_id, document, used)


def _known(session: Session, told: dict[str, Any]) -> int:
    """Its repository's number. Raises UsageError where no line before told of that."""
    name = plain(str(told["repository"]), 201)
    found = session.scalar(select(tables.Repository.id).where(tables.Repository.name == name))
    if found is None:
        raise UsageError("no line told of its repository")
    return int(found)


_OTHERS = {"repository": _take_repository, "report": _take_report, "pull": _take_pull, "layer": _take_layer}
