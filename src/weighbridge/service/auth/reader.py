"""Who reads, and what that one may."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, cast

from fastapi import Depends, Request

from weighbridge.service.readable import PUBLIC, Readable


class Role(StrEnum):
    """What somebody may do beside reading: an admin keeps the service and sees everything."""

    READER = "reader"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Somebody who asks. `login` is None for one who has not said who they are, as is `account_id` for a token that is
    nobody's own. `session` names the browser's session (a digest), `csrf` what its forms must carry. `readable` None:
    everything. `may_sign_in` tells whether people can."""

    login: str | None = None
    account_id: int | None = None
    role: Role = Role.READER
    session: str | None = None
    csrf: str = ""
    readable: Readable | None = PUBLIC
    address: str = ""
    may_sign_in: bool = False

    @property
    def is_known(self) -> bool:
        """Whether it said who it is."""
        return self.login is not None

    @property
    def is_admin(self) -> bool:
        """Whether it keeps the service."""
        return self.role is Role.ADMIN


STRANGER = Reader()

reading: ContextVar[Reader] = ContextVar("reader", default=STRANGER)
"""The reader of the request at hand."""


def _reader(request: Request) -> Reader:
    return cast(Reader, request.scope.get("reader", STRANGER))


Asking = Annotated[Reader, Depends(_reader)]
