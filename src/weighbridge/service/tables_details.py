"""What the database holds of files: which document tells them of which layer."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from weighbridge.service.tables import Base, Key


class LayerFiles(Base):
    """The document of a layer's files, as a repository's own sender gave it.

    `diff_id` and `digest` (SHA-256 of the document, which is in the store under it) are hexadecimal. Each repository
    says for itself which document is a layer's, so that nobody's word counts in another's pictures; the document of a
    layer that several have is stored once nevertheless. `pull` is the pull request that it came for, 0 where none:
    what a fork sends is seen there only. `used` is when it was named last.
    """

    __tablename__ = "layer_files"
    __table_args__ = (
        UniqueConstraint("repository_id", "diff_id", "pull"),
        Index(None, "digest"),
        Index(None, "used"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    repository_id: Mapped[int] = mapped_column(ForeignKey("repositories.id", ondelete="CASCADE"))
    diff_id: Mapped[str] = mapped_column(String(64))
    pull: Mapped[int] = mapped_column(default=0)
    digest: Mapped[str] = mapped_column(String(64))
    used: Mapped[int]
