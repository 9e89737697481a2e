"""Which repositories a reader may see. Every query for pages and API is narrowed by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute

from weighbridge.service.tables import Repository


@dataclass(frozen=True, slots=True)
class Visible:
    """`repositories` are rows' numbers; None: all of them."""

    repositories: frozenset[int] | None = None

    def only(self, column: InstrumentedAttribute[int] = Repository.id) -> Sequence[ColumnElement[bool]]:
        """What narrows a statement, given the column that names the repository."""
        return () if self.repositories is None else (column.in_(sorted(self.repositories)),)


EVERYTHING = Visible()


async def visible() -> Visible:
    """What the reader of this request may see."""
    return EVERYTHING


Seen = Annotated[Visible, Depends(visible)]
