"""The files of layers come in: each document once, whoever sends it, and each repository's word for itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select

from weighbridge.core.wire.layers import check_layer, digest_of_layer
from weighbridge.errors import UsageError
from weighbridge.service import readable, tables
from weighbridge.service.arrival import Refused
from weighbridge.service.database import take_turn, upsert
from weighbridge.service.details import KIND
from weighbridge.service.store import named
from weighbridge.service.tables_details import LayerFiles
from weighbridge.service.values import packed, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from weighbridge.service.database import Database
    from weighbridge.service.sender import Sender
    from weighbridge.service.store import Store

TURN = 7_302_202
"""The advisory lock that keeps a document from being deleted just when it is named again; see `retention`."""
MAX_LAYERS_OF_PULL = 2_000
_DAY = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Whose word it is: a repository's, and the pull request's number where it counts there only (0 otherwise)."""

    repository: str
    pull: int


def place(sender: Sender, repository: str, pull: int | None) -> Place:
    """Raises Refused where the sender may not write there."""
    refusal = sender.refusal(plain(repository), pull)
    if refusal is not None:
        raise Refused(refusal)
    return Place(repository=repository, pull=pull or 0)


def missing(database: Database, where: Place, layers: Mapping[str, str], now: int) -> tuple[str, ...]:
    """Which diff IDs still have to be sent; the others are noted. `layers` is diff ID → digest, both hexadecimal."""
    with database.writing() as session:
        repository_id = _repository(session, where)
        take_turn(session, TURN, shared=True)
        stored = set(session.scalars(select(LayerFiles.digest).where(LayerFiles.digest.in_(set(layers.values())))))
        known = {diff_id: digest for diff_id, digest in layers.items() if digest in stored}
        _note(session, repository_id, where, known, now)
    return tuple(diff_id for diff_id in layers if diff_id not in known)


def keep(
    database: Database, store: Store, where: Place, diff_id: str, document: bytes, now: int, frame: bytes | None = None
) -> str:
    """Stores a layer's document and gives its digest. `frame`: see bodies.Body.

    Raises UsageError for a document that is none of this layer.
    """
    if check_layer(document) != f"sha256:{diff_id}":
        raise UsageError("the document is of another layer")
    digest = digest_of_layer(document)
    # Who sends need not be one who may read.
    with readable.everything(), database.reading() as session:
        _repository(session, where)
    store.put(named(KIND, digest), packed(document) if frame is None else frame)
    with database.writing() as session:
        _note(session, _repository(session, where), where, {diff_id: digest}, now)
    return digest


def _repository(session: Session, where: Place) -> int:
    found = session.scalar(select(tables.Repository.id).where(tables.Repository.name == plain(where.repository, 201)))
    if found is None:
        raise UsageError(f"no report of {plain(where.repository)} was received yet: send that first")
    return found


def _note(session: Session, repository_id: int, where: Place, layers: Mapping[str, str], now: int) -> None:
    if not layers:
        return
    if where.pull:
        layers = _of_pull(session, repository_id, where.pull, layers)
    # In the same order whoever sends them, so that two writers wait for each other rather than deadlock.
    rows = [
        {"repository_id": repository_id, "diff_id": diff_id, "pull": where.pull, "digest": digest, "used": now}
        for diff_id, digest in sorted(layers.items())
    ]
    for row in rows:
        statement = upsert(session)(LayerFiles).values(row)
        excluded = statement.excluded
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["repository_id", "diff_id", "pull"],
                set_={"digest": excluded.digest, "used": excluded.used},
                where=or_(LayerFiles.digest != excluded.digest, LayerFiles.used < excluded.used - _DAY),
            )
        )


def _of_pull(session: Session, repository_id: int, pull: int, layers: Mapping[str, str]) -> Mapping[str, str]:
    """Those of which the branch does not say the same. Raises UsageError for a pull request with too many."""
    of_repository = select(LayerFiles).filter_by(repository_id=repository_id)
    same = session.scalars(of_repository.where(LayerFiles.pull == 0, LayerFiles.diff_id.in_(layers)))
    told = {row.diff_id: row.digest for row in same}
    own = {diff_id: digest for diff_id, digest in layers.items() if told.get(diff_id) != digest}
    count = session.scalar(
        select(func.count()).select_from(LayerFiles).filter_by(repository_id=repository_id, pull=pull)
    )
    if (count or 0) + len(own) > MAX_LAYERS_OF_PULL:
        raise UsageError(f"a pull request may have {MAX_LAYERS_OF_PULL:,} layers of its own")
    return own
