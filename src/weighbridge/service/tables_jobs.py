"""What the database holds of work that takes long."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from weighbridge.service.tables import Base, Key


class Job(Base):
    """A piece of work, from when it is asked for until long after it is done.

    `kind` names the task, `arguments` are its own as JSON. `name` is unique: work that was asked for under a name is
    not asked for again. `state` is one of jobs.queue.State. `done` of `total` is how far it is, `total` None where
    nobody knows; `message` what it says. `attempt` counts how often it was begun; `beat` is when the one that works on
    it was last seen. `parent_id` is the job that asked for it.
    """

    __tablename__ = "jobs"
    __table_args__ = (Index(None, "state", "beat"), Index(None, "parent_id", "state"), Index(None, "kind", "created"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    name: Mapped[str | None] = mapped_column(String(255), unique=True)
    arguments: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))
    actor: Mapped[str] = mapped_column(String(255))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int | None]
    message: Mapped[str] = mapped_column(String(1000), default="")
    attempt: Mapped[int] = mapped_column(default=0)
    cancel: Mapped[bool] = mapped_column(default=False)
    created: Mapped[int]
    started: Mapped[int | None]
    finished: Mapped[int | None]
    beat: Mapped[int | None]
