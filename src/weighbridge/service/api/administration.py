"""`/api/v1/admin`: what admins see and do. The gate lets in nobody else."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from weighbridge.core.wire.times import written
from weighbridge.service import tokens
from weighbridge.service.auth import accounts, audit
from weighbridge.service.auth.keeping import Keeper, Kind, Listed, Order, all_tokens
from weighbridge.service.auth.reader import Asking, Role
from weighbridge.service.auth.tables import Account, AuditEntry
from weighbridge.service.running import Here
from weighbridge.service.values import moment

router = APIRouter(prefix="/admin", tags=["admin"])

Name = Annotated[str, Field(min_length=1, max_length=tokens.NAME_LENGTH, examples=["release machine"])]
Days = Annotated[int | None, Field(ge=1, le=3650, description="How long it lasts; null: until it is revoked.")]
_Login = Annotated[str, Path(max_length=100)]


class TokenV1(BaseModel):
    """A token, without what it is: nobody knows that but its holder."""

    name: str
    kind: Kind
    scope: Annotated[str | None, Field(description="`owner/name`, `owner/*` or `*`; null: what its owner may read.")]
    private: Annotated[bool | None, Field(description="What it says of its repositories; null where it says nothing.")]
    created: str
    expires: str | None
    used: Annotated[str | None, Field(description="When it was last used, to the hour.")]
    revoked: str | None


class TokensV1(BaseModel):
    """All tokens of the service, also those that were revoked."""

    tokens: list[TokenV1]


class TokenOrderV1(BaseModel):
    """A token that is wanted."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    scope: Annotated[str, Field(max_length=201, examples=["octocat/*"])]
    kind: Kind = Kind.UPLOAD
    private: Annotated[bool | None, Field(description="Whether its repositories are private.")] = None
    days: Days = None


class IssuedV1(BaseModel):
    """A new token. It is shown this once."""

    token: Annotated[str, Field(examples=["wbu_…"])]


class AccountV1(BaseModel):
    """Somebody who signed in."""

    login: str
    role: Role
    created: str
    seen: Annotated[str, Field(description="The last sign-in.")]


class AccountsV1(BaseModel):
    """Everybody who signed in."""

    accounts: list[AccountV1]


class RoleV1(BaseModel):
    """What somebody may do."""

    model_config = ConfigDict(extra="forbid")

    role: Role


class CorrectionV1(BaseModel):
    """What is true of a repository; what is null stays as it is."""

    model_config = ConfigDict(extra="forbid")

    private: bool | None = None
    default_branch: Annotated[str | None, Field(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]+$")] = None


class AuditEntryV1(BaseModel):
    """Something that was done."""

    time: str
    actor: str
    action: str
    subject: str
    address: str
    detail: str


class AuditV1(BaseModel):
    """A page of the audit log, the newest first."""

    entries: list[AuditEntryV1]
    next: Annotated[str | None, Field(description="The cursor of the next page, null on the last.")]


@router.get("/tokens", summary="All tokens")
def list_tokens(here: Here) -> TokensV1:
    """Tokens that send, and tokens that read for a scope. What people made for themselves is theirs to see."""
    with here.database.reading() as session:
        rows = all_tokens(session)
    return TokensV1(tokens=[token_of(row) for row in rows])


@router.post("/tokens", status_code=201, summary="Make a token")
def issue(here: Here, asking: Asking, order: TokenOrderV1) -> IssuedV1:
    """Makes a token and tells it, this once."""
    return IssuedV1(token=Keeper(here, asking).issue(Order(**order.model_dump())))


@router.delete("/tokens/{kind}/{name:path}", status_code=204, summary="Revoke a token")
def revoke(here: Here, asking: Asking, kind: Kind, name: Annotated[str, Path(max_length=tokens.NAME_LENGTH)]) -> None:
    """Ends a token at once; what it sent stays."""
    Keeper(here, asking).revoke(kind, name)


@router.get("/accounts", summary="Everybody who signed in")
def list_accounts(here: Here) -> AccountsV1:
    """Accounts by name."""
    with here.database.reading() as session:
        rows = accounts.every(session)
    return AccountsV1(accounts=[account_of(row, accounts.role_of(row, here.configuration)) for row in rows])


@router.put("/accounts/{login}/role", status_code=204, summary="Make somebody an admin")
def appoint(here: Here, asking: Asking, login: _Login, wanted: RoleV1) -> None:
    """Those whom the configuration makes admins stay admins."""
    Keeper(here, asking).appoint(login, wanted.role)


@router.delete("/accounts/{login}/sessions", status_code=204, summary="Sign somebody out")
def sign_out(here: Here, asking: Asking, login: _Login) -> None:
    """Ends all sessions of somebody."""
    Keeper(here, asking).sign_out(login)


@router.patch("/repositories/{owner}/{name}", status_code=204, summary="Correct a repository")
def correct(
    here: Here,
    asking: Asking,
    owner: Annotated[str, Path(max_length=100)],
    name: Annotated[str, Path(max_length=200)],
    told: CorrectionV1,
) -> None:
    """Whether it is private, and its default branch, where what reported did not know."""
    Keeper(here, asking).correct(f"{owner}/{name}", told.private, told.default_branch)


@router.get("/audit", summary="The audit log")
def read_audit(
    here: Here,
    cursor: Annotated[str | None, Query(max_length=4000)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> AuditV1:
    """Who did what, the newest first."""
    with here.database.reading() as session:
        entries, after = audit.page(session, cursor, limit)
    return AuditV1(entries=[entry_of(entry) for entry in entries], next=after)


def token_of(row: Listed) -> TokenV1:
    """As the API has it."""
    return TokenV1(
        name=row.name,
        kind=Kind(row.kind),
        scope=row.scope,
        private=row.private,
        created=written(moment(row.created)),
        expires=_when(row.expires),
        used=_when(row.used),
        revoked=_when(row.revoked),
    )


def account_of(row: Account, role: Role) -> AccountV1:
    """As the API has it."""
    return AccountV1(login=row.login, role=role, created=written(moment(row.created)), seen=written(moment(row.seen)))


def entry_of(row: AuditEntry) -> AuditEntryV1:
    """As the API has it."""
    return AuditEntryV1(
        time=written(moment(row.time)), actor=row.actor, action=row.action, subject=row.subject, address=row.address,
        detail=row.detail,
    )  # fmt: skip


def _when(seconds: int | None) -> str | None:
    return None if seconds is None else written(moment(seconds))
