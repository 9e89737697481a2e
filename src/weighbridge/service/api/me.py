"""`/api/v1/me`: who asks, and what is theirs."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict

from weighbridge.service import tokens
from weighbridge.service.api.administration import Days, IssuedV1, Name, TokensV1, token_of
from weighbridge.service.auth import read_tokens
from weighbridge.service.auth.keeping import Keeper, Listed
from weighbridge.service.auth.reader import Asking, Reader, Role
from weighbridge.service.problems import Problem
from weighbridge.service.running import Here

router = APIRouter(prefix="/me", tags=["me"])


class ReaderV1(BaseModel):
    """Who asks; `login` is null for one who has not said who they are."""

    login: str | None
    role: Role


class OwnTokenOrderV1(BaseModel):
    """A token that is wanted, to read as its owner does."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    days: Days = 90


@router.get("", summary="Who asks")
def me(asking: Asking) -> ReaderV1:
    """The reader that the cookie or the token is of."""
    return ReaderV1(login=asking.login, role=asking.role)


@router.get("/tokens", summary="Own tokens")
def list_own(here: Here, asking: Asking) -> TokensV1:
    """Tokens that read as their owner does."""
    refuse_unless_signed_in(asking)
    with here.database.reading() as session:
        return TokensV1(tokens=[token_of(Listed.of(row)) for row in read_tokens.every(session, asking.account_id)])


@router.post("/tokens", status_code=201, summary="Make an own token")
def issue_own(here: Here, asking: Asking, order: OwnTokenOrderV1) -> IssuedV1:
    """Makes a token that reads as its owner does, and tells it, this once."""
    refuse_unless_signed_in(asking)
    return IssuedV1(token=Keeper(here, asking).issue_own(order.name, order.days))


@router.delete("/tokens/{name:path}", status_code=204, summary="Revoke an own token")
def revoke_own(here: Here, asking: Asking, name: Annotated[str, Path(max_length=tokens.NAME_LENGTH)]) -> None:
    """Ends a token at once."""
    refuse_unless_signed_in(asking)
    Keeper(here, asking).revoke_own(name)


def refuse_unless_signed_in(reader: Reader) -> None:
    """Raises Problem for who is not signed in with a browser: a token makes no tokens."""
    if reader.session is None:
        raise Problem(401, "sign in with a browser to do this: /login")
