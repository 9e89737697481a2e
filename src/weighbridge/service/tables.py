"""What the database holds. Sizes are bytes; times are whole seconds since 1970 in UTC, the same on every database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.sql import operators

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.sql.operators import OperatorType

# SQLite numbers rows by itself only where the key is a plain INTEGER.
Key = BigInteger().with_variant(Integer, "sqlite")
Long = BigInteger

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


ASIDE = "pull = 0 AND trunk IS FALSE"
"""Records of branches beside the default one. A query that says it in these words is answered off their own index."""


class GitHubName(TypeDecorator[str]):
    """`owner/name`, which GitHub takes in any case: equal in the database where only that differs."""

    impl = String
    cache_ok = True

    class comparator_factory(TypeDecorator.Comparator[str]):  # noqa: N801 - SQLAlchemy's own name
        """Equality, as the index on `lower(name)` has it; order stays that of the letters."""

        def operate(self, op: OperatorType, *other: Any, **options: Any) -> ColumnElement[Any]:
            """See SQLAlchemy."""
            if op in (operators.eq, operators.ne) and isinstance(other[0], str):
                return func.lower(self.expr).operate(op, other[0].lower(), **options)
            return super().operate(op, *other, **options)


class Base(DeclarativeBase):
    """The root of all tables. Constraints have names, so that migrations can speak of them."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {int: BigInteger}  # noqa: RUF012 - SQLAlchemy's own


class Repository(Base):
    """`name` is `owner/name`, as the first report spelt it. `default_branch` as its reports tell it; `private` as far
    as anybody told. `github_id` is GitHub's number of it; `gone` when GitHub told that it was deleted.
    """

    __tablename__ = "repositories"
    __table_args__ = (Index("uq_repositories_name_folded", text("lower(name)"), unique=True),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(GitHubName(201), index=True)
    default_branch: Mapped[str | None] = mapped_column(String(255))
    private: Mapped[bool] = mapped_column(default=False)
    created: Mapped[int]
    github_id: Mapped[int | None] = mapped_column(index=True)
    gone: Mapped[int | None]


class Image(Base):
    """An image on one platform, with what its newest record on the default branch says: pages need no other row.

    `month_change` is bytes against a month before that record; `trend` its last sizes as JSON, the oldest first.
    `packages_digest` and `findings_digest` tell whether the rows about them have to be written anew.
    """

    __tablename__ = "images"
    __table_args__ = (
        UniqueConstraint("repository_id", "name", "platform"),
        Index(None, "size", "id"),
        Index(None, "month_change", "id"),
        Index(None, "saving", "id"),
        Index(None, "time", "id"),
        Index(None, "status", "id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    repository_id: Mapped[int] = mapped_column(ForeignKey("repositories.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(1000))
    platform: Mapped[str] = mapped_column(String(1000))
    record_id: Mapped[int | None]
    time: Mapped[int | None]
    size: Mapped[int | None]
    packed: Mapped[int | None]
    packed_estimated: Mapped[bool | None]
    wasted: Mapped[int | None]
    layer_count: Mapped[int | None]
    status: Mapped[str | None] = mapped_column(String(16))
    max_size: Mapped[int | None]
    saving: Mapped[int | None]
    month_change: Mapped[int | None]
    trend: Mapped[str] = mapped_column(Text, default="[]")
    packages_digest: Mapped[str | None] = mapped_column(String(64))
    findings_digest: Mapped[str | None] = mapped_column(String(64))


class Report(Base):
    """A report as it was received, its text in the store of details under `digest` (SHA-256, hexadecimal).

    `pull` is the pull request's number, 0 where there is none; `actor` who sent it, for the audit.
    """

    __tablename__ = "reports"
    __table_args__ = (UniqueConstraint("repository_id", "commit", "pull", "digest"), Index(None, "received"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    repository_id: Mapped[int] = mapped_column(ForeignKey("repositories.id", ondelete="CASCADE"))
    commit: Mapped[str] = mapped_column(String(64))
    pull: Mapped[int] = mapped_column(default=0)
    received: Mapped[int]
    actor: Mapped[str] = mapped_column(String(255))
    digest: Mapped[str] = mapped_column(String(64))
    bytes: Mapped[int]


class Record(Base):
    """What one image weighed at one commit: at most one for each commit, image and pull request.

    `trunk` marks the default branch's, which history and badges are about. `delta` is bytes against `base_size`, the
    side that it was compared with. `line` is the record as a JSON line, packed with zstandard.
    """

    __tablename__ = "records"
    __table_args__ = (
        UniqueConstraint("image_id", "commit", "pull"),
        Index(None, "image_id", "trunk", "time"),
        Index(None, "image_id", "release"),
        # Of branches beside the default one, which few records are: what is pushed to that one costs nothing more.
        Index(None, "image_id", "ref", "time", sqlite_where=text(ASIDE), postgresql_where=text(ASIDE)),
        Index(None, "report_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    image_id: Mapped[int] = mapped_column(ForeignKey("images.id", ondelete="CASCADE"))
    report_id: Mapped[int | None] = mapped_column(ForeignKey("reports.id", ondelete="SET NULL"))
    commit: Mapped[str] = mapped_column(String(64))
    pull: Mapped[int] = mapped_column(default=0)
    time: Mapped[int]
    recorded: Mapped[int]
    ref: Mapped[str | None] = mapped_column(String(1000))
    release: Mapped[str | None] = mapped_column(String(1000))
    trunk: Mapped[bool]
    size: Mapped[int]
    packed: Mapped[int]
    packed_estimated: Mapped[bool]
    wasted: Mapped[int]
    layer_count: Mapped[int]
    file_count: Mapped[int]
    base_size: Mapped[int | None]
    delta: Mapped[int | None]
    status: Mapped[str] = mapped_column(String(16))
    max_size: Mapped[int | None]
    saving: Mapped[int | None]
    line: Mapped[bytes] = mapped_column(LargeBinary)


class Finding(Base):
    """A finding of an image's newest record on the default branch."""

    __tablename__ = "findings"
    __table_args__ = (Index(None, "image_id"), Index(None, "rule", "waste"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    image_id: Mapped[int] = mapped_column(ForeignKey("images.id", ondelete="CASCADE"))
    rule: Mapped[str] = mapped_column(String(100))
    severity: Mapped[str] = mapped_column(String(16))
    message: Mapped[str] = mapped_column(Text)
    file: Mapped[str | None] = mapped_column(Text)
    start: Mapped[int | None]
    waste: Mapped[int | None]


class Package(Base):
    """A package of an image's newest record on the default branch; `size` None where its manager says nothing."""

    __tablename__ = "packages"
    __table_args__ = (Index(None, "image_id"), Index(None, "name", "ecosystem"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    image_id: Mapped[int] = mapped_column(ForeignKey("images.id", ondelete="CASCADE"))
    ecosystem: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(255))
    version: Mapped[str] = mapped_column(String(255))
    size: Mapped[int | None]


class Pull(Base):
    """A pull request that reports came for. `commit` is the head of the newest one."""

    __tablename__ = "pulls"
    __table_args__ = (UniqueConstraint("repository_id", "number"), Index(None, "open", "updated"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    repository_id: Mapped[int] = mapped_column(ForeignKey("repositories.id", ondelete="CASCADE"))
    number: Mapped[int]
    open: Mapped[bool] = mapped_column(default=True)
    commit: Mapped[str] = mapped_column(String(64))
    updated: Mapped[int]


class UploadToken(Base):
    """A token that may send reports: `digest` is its SHA-256, never the token; `scope` a repository or `owner/*`.

    `private` is what it says of its repositories, None where it says nothing.
    """

    __tablename__ = "upload_tokens"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(String(255), unique=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    scope: Mapped[str] = mapped_column(String(201))
    private: Mapped[bool | None]
    created: Mapped[int]
    expires: Mapped[int | None]
    used: Mapped[int | None]
    revoked: Mapped[int | None]
