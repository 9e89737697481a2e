"""A git repository, driven through the git program."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from weighbridge.adapters.git_process import CONFIGURATION, UNPRINTABLE, Result, plain, run, temporary_folder
from weighbridge.errors import GitError, RevisionNotFound, UsageError
from weighbridge.interruption import interruptible
from weighbridge.model.record import COMMIT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Each step adds this many generations to a shallow clone; after the last the whole history is fetched.
DEEPENING_STEPS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048)

_NEARLY_FULL_BYTES = 1 << 20


_FETCH = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")


class GitRepository:
    """Implements ports.Repository. Fetches from `origin` only, with the credentials that git is configured with.

    `trusted` accepts a work tree that another user owns, as the action's container finds it. `timeout`
    bounds a local command and `fetch_timeout` one that moves data, both in seconds.
    """

    def __init__(
        self, directory: Path, *, trusted: bool = False, timeout: float = 120.0, fetch_timeout: float = 900.0
    ) -> None:
        self._directory = directory
        self._timeout = timeout
        self._fetch_timeout = fetch_timeout
        configuration = [*CONFIGURATION, *(("safe.directory=*",) if trusted else ()), *_large_files()]
        self._options = tuple(option for setting in configuration for option in ("-c", setting))

    @cached_property
    def root(self) -> Path:
        """The top of the work tree. Raises UsageError outside of one."""
        if not self._directory.is_dir():
            raise UsageError(f"{self._directory}: no such directory")
        result = self._run("rev-parse", "--show-toplevel", where=self._directory)
        top = result.output.removesuffix("\n")
        if result.status != 0 or not top:
            advice = result.complaint or "run inside one, or after actions/checkout"
            raise UsageError(f"{self._directory}: not the work tree of a git repository: {advice}")
        return Path(top)

    def resolve(self, revision: str) -> str:
        """The full commit ID, of a tag on origin too. Raises RevisionNotFound."""
        if not revision or revision.startswith("-") or UNPRINTABLE.search(revision):
            raise RevisionNotFound(f"{plain(revision)!r} is not the name of a revision")
        found = self._local(revision)
        if found is not None:
            return found
        if COMMIT.fullmatch(revision):
            self.ensure_commit(revision)
            return revision
        if revision == "HEAD":
            raise RevisionNotFound(f"{self.root}: the repository has no commit yet")
        tag = f"refs/tags/{revision}"
        may_be_tag = not revision.startswith("refs/") and self._is_ref(tag)
        remote = self._remote(tag, f"{tag}^{{}}") if may_be_tag else {}
        commit = remote.get(f"{tag}^{{}}") or remote.get(tag)
        if commit is None:
            raise RevisionNotFound(f"{plain(revision)}: no such revision in {self.root} or as a tag of origin")
        self.ensure_commit(commit)
        return commit

    def branch(self, name: str, *, fresh: bool = False) -> str | None:
        """The tip of a branch, here or on origin."""
        reference = f"refs/heads/{name}"
        if name == "HEAD" or COMMIT.fullmatch(name) or not self._is_ref(reference):
            return None
        if fresh and (tip := self._remote_branch(reference)) is not None:
            return tip
        for candidate in (reference, f"refs/remotes/{name}", f"refs/remotes/origin/{name}"):
            if (found := self._local(candidate)) is not None:
                return found
        if fresh or self._local(name) is not None:
            return None
        return self._remote_branch(reference)

    def tags(self) -> tuple[str, ...]:
        """The tags of the clone and of origin, where that can be asked."""
        local = self._git("for-each-ref", "--format=%(refname)", "refs/tags").splitlines()
        listed = self._run("ls-remote", "--quiet", "--tags", "--refs", "origin", timeout=self._fetch_timeout)
        remote = [line.partition("\t")[2] for line in listed.output.splitlines()] if listed.status == 0 else []
        names = (name.removeprefix("refs/tags/") for name in (*local, *remote) if name.startswith("refs/tags/"))
        return tuple(sorted({name for name in names if not UNPRINTABLE.search(name)}))

    def current_branch(self) -> str | None:
        """The branch that HEAD is on."""
        result = self._run("symbolic-ref", "--quiet", "--short", "HEAD")
        return result.output.removesuffix("\n") or None if result.status == 0 else None

    def dirty(self) -> bool:
        """Whether anything in the work tree is not committed."""
        return bool(self._git("status", "--porcelain", "--untracked-files=normal", "--ignore-submodules=none"))

    def pristine(self) -> bool:
        """Whether the work tree holds exactly its commit, ignored files counted too."""
        return not self._git(
            "status", "--porcelain", "--untracked-files=normal", "--ignored", "--ignore-submodules=none"
        )

    def parents(self, commit: str) -> tuple[str, ...]:
        """The parents that the commit object names."""
        self.ensure_commit(commit)
        header = self._git("cat-file", "commit", commit).split("\n\n", 1)[0]
        return tuple(line.removeprefix("parent ") for line in header.splitlines() if line.startswith("parent "))

    def commit_time(self, commit: str) -> datetime:
        """When the commit was made, by its committer's clock."""
        self.ensure_commit(commit)
        seconds = self._git("show", "--no-patch", "--no-show-signature", "--format=%ct", commit).strip()
        try:
            return datetime.fromtimestamp(int(seconds), UTC)
        except (ValueError, OverflowError, OSError) as error:
            raise GitError(f"commit {commit} has no time that there is") from error

    def ensure_commit(self, commit: str) -> None:
        """Fetches the commit if it is missing: alone in a shallow clone, with its history in a whole one."""
        if not COMMIT.fullmatch(commit):
            raise RevisionNotFound(f"{plain(commit)!r} is not a full commit ID")
        if self._local(commit) is not None:
            return
        # A depth would turn a whole clone into a shallow one.
        depth = ("--depth=1",) if self._shallow() else ()
        result = self._run(*_FETCH, *depth, "origin", commit, timeout=self._fetch_timeout)
        if result.status != 0 or self._local(commit) is None:
            raise RevisionNotFound(
                f"commit {commit} is not in {self.root} and origin did not give it: {result.complaint}"
            )

    def merge_base(self, one: str, other: str) -> str | None:
        """Best common ancestor. Deepens until nothing that is still missing could hold a better one."""
        self.ensure_commit(one)
        self.ensure_commit(other)
        for step in DEEPENING_STEPS:
            found = self._visible_merge_base(one, other)
            if not self._cut_off(one, other, found):
                return found
            self._fetch_history(f"--deepen={step}", one, other)
        if self._shallow():
            self._fetch_history("--unshallow", one, other)
        return self._visible_merge_base(one, other)

    @contextmanager
    def worktree(self, commit: str) -> Iterator[Path]:
        """A temporary checkout. Neither hooks nor submodules take part; other worktrees are left alone."""
        with interruptible():
            self.ensure_commit(commit)
        holder = temporary_folder()
        # The name becomes that of the administrative directory in .git, so it must be our own.
        tree = holder / holder.name
        try:
            with interruptible():
                self._check_out(commit, tree)
            # It names a folder of this run, which would make every `COPY . .` another one.
            (tree / ".git").unlink()
            yield tree
        finally:
            self._remove_worktree(tree)
            shutil.rmtree(holder, ignore_errors=True)

    def _check_out(self, commit: str, tree: Path) -> None:
        arguments = ("worktree", "add", "--quiet", "--detach", "--lock", str(tree), commit)
        try:
            self._git(*arguments, timeout=self._fetch_timeout)
        except GitError as error:
            if shutil.disk_usage(tree.parent).free >= _NEARLY_FULL_BYTES:
                raise
            # git says which file it could not write, but not why.
            raise GitError(f"{error} (the disk of {tree.parent.parent} is full; TMPDIR names another)") from error

    def _remove_worktree(self, tree: Path) -> None:
        """Forgets the one worktree. Not `git worktree prune`: that would forget the user's unmounted ones, too."""
        shutil.rmtree(tree, ignore_errors=True)
        administration = self._path("worktrees")
        shutil.rmtree(administration / tree.name, ignore_errors=True)
        if administration.is_dir() and not any(administration.iterdir()):
            administration.rmdir()

    def _local(self, revision: str) -> str | None:
        result = self._run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        commit = result.output.strip()
        return commit if result.status == 0 and COMMIT.fullmatch(commit) else None

    def _is_ref(self, reference: str) -> bool:
        return not UNPRINTABLE.search(reference) and self._run("check-ref-format", reference).status == 0

    def _remote_branch(self, reference: str) -> str | None:
        tip = self._remote(reference).get(reference)
        if tip is not None:
            self.ensure_commit(tip)
        return tip

    def _remote(self, *references: str) -> Mapping[str, str]:
        """What origin says of the references; nothing where it cannot be asked."""
        result = self._run("ls-remote", "--quiet", "origin", *references, timeout=self._fetch_timeout)
        rows = (line.split("\t", 1) for line in result.output.splitlines() if "\t" in line)
        return {name: commit for commit, name in rows if name in references and COMMIT.fullmatch(commit)}

    def _shallow(self) -> bool:
        return self._git("rev-parse", "--is-shallow-repository").strip() == "true"

    def _visible_merge_base(self, one: str, other: str) -> str | None:
        result = self._run("merge-base", one, other)
        if result.status not in (0, 1):
            raise GitError(f"git merge-base failed in {self.root}: {result.complaint}")
        return result.output.strip() or None

    def _cut_off(self, one: str, other: str, found: str | None) -> bool:
        """Whether history that could hold a better merge base than `found` is missing.

        A better one descends from `found`; so what is missing below `found` cannot matter.
        """
        if not self._shallow():
            return False
        boundary = set(self._path("shallow").read_text("ascii", "replace").split())
        exclusion = () if found is None else (f"^{found}",)
        ends = self._git("rev-list", "--max-parents=0", one, other, *exclusion).split()
        return not boundary.isdisjoint(ends)

    def _fetch_history(self, how: str, *commits: str) -> None:
        self._git(*_FETCH, how, "origin", *commits, timeout=self._fetch_timeout)

    def _path(self, name: str) -> Path:
        return self.root / self._git("rev-parse", "--git-path", name).removesuffix("\n")

    def _git(self, *arguments: str, timeout: float | None = None) -> str:
        """Standard output of a command that has to succeed. Raises GitError."""
        result = self._run(*arguments, timeout=timeout)
        if result.status != 0:
            raise GitError(f"git {arguments[0]} failed in {self.root}: {result.complaint}")
        return result.output

    def _run(self, *arguments: str, timeout: float | None = None, where: Path | None = None) -> Result:
        if where is not None:
            return run(self._options, arguments, where, timeout or self._timeout)
        return run(self._options, arguments, self.root, timeout or self._timeout, environ=self._ssh)

    @cached_property
    def _ssh(self) -> Mapping[str, str]:
        """The clone's own ssh, with the key that actions/checkout was given: else a variable of ours would hide it."""
        if "GIT_SSH_COMMAND" in os.environ:
            return {}
        command = run(self._options, ("config", "core.sshCommand"), self.root, self._timeout).output.strip()
        return {"GIT_SSH_COMMAND": command} if command else {}


def _large_files() -> tuple[str, ...]:
    """Where git-lfs is configured but missing, its pointers stay as they are instead of failing the checkout."""
    if shutil.which("git-lfs") is not None:
        return ()
    return ("filter.lfs.smudge=", "filter.lfs.process=", "filter.lfs.required=false")
