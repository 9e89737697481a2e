"""A fake of the repository. It passes the same contract tests as the real one."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from weighbridge.errors import GitError, RevisionNotFound

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, kw_only=True)
class _Commit:
    parents: tuple[str, ...]
    files: Mapping[str, str]


@dataclass
class FakeRepository:
    """Commits in memory, and a work tree in the directory `root`; implements ports.Repository.

    Features: `commit` adds to the branch that is checked out; `branches` and `tagged` may be set at will; `unwritable`
    are commits that cannot be checked out; `open_trees` has the worktrees that are not removed yet; `began` is when the
    first commit was made.
    """

    root: Path
    branches: dict[str, str] = field(default_factory=dict)
    tagged: dict[str, str] = field(default_factory=dict)
    head: str = "main"
    unwritable: set[str] = field(default_factory=set)
    open_trees: list[Path] = field(default_factory=list)
    began: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    _commits: dict[str, _Commit] = field(default_factory=dict)

    def commit(self, files: Mapping[str, str] | None = None, *, merge: str | None = None) -> str:
        """Adds files to the tip and checks the result out; `merge` is a second parent, whose files win."""
        parents = tuple(parent for parent in (self.branches.get(self.head), merge) if parent)
        kept = {name: text for parent in parents for name, text in self._commits[parent].files.items()}
        made = _Commit(parents=parents, files={**kept, **(files or {})})
        identity = hashlib.sha1(f"{len(self._commits)}{made}".encode(), usedforsecurity=False).hexdigest()
        self._commits[identity] = made
        self.branches[self.head] = identity
        self._write(self.root, identity)
        return identity

    def checkout(self, branch: str, start: str | None = None) -> None:
        """Switches to a branch, a new one if it has a start."""
        if start is not None:
            self.branches[branch] = self.resolve(start)
        self.head = branch
        for path in self.root.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        self._write(self.root, self.branches[branch])

    def resolve(self, revision: str) -> str:
        """See the port."""
        names = {**self.tagged, **self.branches, **{f"refs/heads/{name}": tip for name, tip in self.branches.items()}}
        found = {**names, "HEAD": self.branches.get(self.head, "")}.get(revision, revision)
        self.ensure_commit(found)
        return found

    def branch(self, name: str, *, fresh: bool = False) -> str | None:
        """See the port."""
        return self.branches.get(name)

    def tags(self) -> tuple[str, ...]:
        """See the port."""
        return tuple(sorted(self.tagged))

    def current_branch(self) -> str | None:
        """See the port."""
        return self.head

    def dirty(self) -> bool:
        """See the port."""
        return self._found() != self._commits[self.resolve("HEAD")].files

    def pristine(self) -> bool:
        """See the port; nothing is ignored here."""
        return not self.dirty()

    def parents(self, commit: str) -> tuple[str, ...]:
        """See the port."""
        self.ensure_commit(commit)
        return self._commits[commit].parents

    def commit_time(self, commit: str) -> datetime:
        """See the port; each commit is made an hour after the one before it."""
        self.ensure_commit(commit)
        return self.began + timedelta(hours=list(self._commits).index(commit))

    def ensure_commit(self, commit: str) -> None:
        """See the port."""
        if commit not in self._commits:
            raise RevisionNotFound(f"{commit!r}: no such revision")

    def merge_base(self, one: str, other: str) -> str | None:
        """See the port."""
        ancestors = self._ancestors(one)
        return next((commit for commit in self._ancestors(other) if commit in ancestors), None)

    @contextmanager
    def worktree(self, commit: str) -> Iterator[Path]:
        """See the port."""
        self.ensure_commit(commit)
        if commit in self.unwritable:
            raise GitError(f"git worktree failed: {commit} cannot be written")
        tree = Path(tempfile.mkdtemp(prefix="fake-worktree-"))
        self.open_trees.append(tree)
        try:
            self._write(tree, commit)
            yield tree
        finally:
            shutil.rmtree(tree)
            self.open_trees.remove(tree)

    def _found(self) -> Mapping[str, str]:
        files = (path for path in self.root.rglob("*") if path.is_file())
        return {str(path.relative_to(self.root)): path.read_text() for path in files}

    def _ancestors(self, commit: str) -> list[str]:
        self.ensure_commit(commit)
        found = [commit]
        for each in found:
            found += [parent for parent in self._commits[each].parents if parent not in found]
        return found

    def _write(self, tree: Path, commit: str) -> None:
        for name, text in self._commits[commit].files.items():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_text(text)
