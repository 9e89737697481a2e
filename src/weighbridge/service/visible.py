"""What a reader may see, as far as lists that are kept in memory are concerned: rows narrow themselves (`readable`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends

from weighbridge.service import readable
from weighbridge.service.readable import Readable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import InstrumentedAttribute


@dataclass(frozen=True, slots=True)
class Visible:
    """Tells readers apart who see different things. None: everything."""

    readable: Readable | None = None

    def only(self, _column: InstrumentedAttribute[int] | None = None) -> Sequence[ColumnElement[bool]]:
        """Nothing: sessions are narrowed by themselves."""
        return ()


EVERYTHING = Visible()


async def visible() -> Visible:
    """What the reader of this request may see."""
    return Visible(readable.current())


Seen = Annotated[Visible, Depends(visible)]
