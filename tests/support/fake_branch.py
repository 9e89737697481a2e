"""A fake of the branch that holds files. It passes the same contract tests as the real one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from weighbridge.errors import GitError
    from weighbridge.ports import Edit


@dataclass
class FakeFilesBranch:
    """Files in memory; implements ports.FilesBranch.

    Features: `commits` are the messages, the oldest first; a `fault` that every later call raises, or one of writing
    alone (`write_fault`); and `meanwhile`, run once before the next write, in which another may write.
    """

    name: str = "weighbridge-history"
    files: dict[str, bytes] = field(default_factory=dict)
    commits: list[str] = field(default_factory=list)
    fault: GitError | None = None
    write_fault: GitError | None = None
    meanwhile: Callable[[], None] | None = None

    def read(self) -> Mapping[str, bytes]:
        """See the port."""
        if self.fault is not None:
            raise self.fault
        return dict(self.files)

    def update(self, edit: Edit, message: str, *, squash: bool = False) -> bool:
        """See the port."""
        after = dict(edit(self.read()))
        if after == self.files and not (squash and len(self.commits) > 1):
            return False
        if self.meanwhile is not None:
            other, self.meanwhile = self.meanwhile, None
            other()
            after = dict(edit(self.read()))
        if self.write_fault is not None:
            raise self.write_fault
        self.files = after
        self.commits = [message] if squash else [*self.commits, message]
        return True
