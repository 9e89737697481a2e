"""Real git repositories for tests."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_IDENTITY = {
    "GIT_AUTHOR_NAME": "A Developer",
    "GIT_AUTHOR_EMAIL": "developer@example.com",
    "GIT_COMMITTER_NAME": "A Developer",
    "GIT_COMMITTER_EMAIL": "developer@example.com",
    "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z",
    "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


@dataclass(frozen=True, slots=True)
class WorkTree:
    """A repository in a directory, driven by git itself."""

    path: Path

    def git(self, *arguments: str, stdin: str = "", env: Mapping[str, str] | None = None) -> str:
        """Runs git and returns what it printed."""
        ran = subprocess.run(
            ["git", *arguments],  # noqa: S607 - the git on the PATH
            cwd=self.path,
            env={**os.environ, **_IDENTITY, **(env or {})},
            capture_output=True,
            input=stdin,
            text=True,
            timeout=60,
        )
        if ran.returncode != 0:
            raise AssertionError(f"git {' '.join(arguments)}: {ran.stderr}")
        return ran.stdout.strip()

    def commit(self, files: Mapping[str, str] | None = None, message: str = "Change something", *, day: int = 1) -> str:
        """Writes the files, commits everything on a day of January 2026, returns the commit."""
        for name, text in (files or {}).items():
            target = self.path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        self.git("add", "--all")
        date = f"2026-01-{day:02d}T00:00:00Z"
        dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        self.git("commit", "--quiet", "--allow-empty", "--message", message, env=dates)
        return self.git("rev-parse", "HEAD")

    def commits(self, count: int) -> list[str]:
        """That many commits on the current branch, oldest first, in one go."""
        branch = self.git("symbolic-ref", "HEAD")
        stream = []
        for number in range(count):
            text = str(number)
            stream.append(
                f"commit {branch}\ncommitter A Developer <developer@example.com> {1767225600 + number} +0000\n"
            )
            stream.append(f"data {len(text)}\n{text}\n")
            if number == 0 and self.git("for-each-ref", branch):
                stream.append(f"from {branch}^0\n")
            stream.append(f"M 100644 inline counter\ndata {len(text)}\n{text}\n")
        self.git("fast-import", "--quiet", stdin="".join(stream))
        self.git("reset", "--quiet", "--hard")
        return self.git("rev-list", "--reverse", f"--max-count={count}", "HEAD").split()

    def checkout(self, name: str, start: str | None = None) -> None:
        """Switches to a branch, a new one if it has a start."""
        self.git("checkout", "--quiet", *(("-b", name, start) if start else (name,)))

    def merge_into(self, base: str, head: str) -> str:
        """The merge commit that GitHub makes for a pull request: head merged into base, on no branch."""
        self.git("checkout", "--quiet", "--detach", base)
        self.git("merge", "--quiet", "--no-ff", "--message", f"Merge {head} into {base}", head)
        return self.git("rev-parse", "HEAD")

    def state(self) -> tuple[str, str, str, tuple[str, ...]]:
        """What must not change: status, references, worktrees, and the names in the work tree."""
        names = sorted(str(path.relative_to(self.path)) for path in self.path.rglob("*") if ".git" not in path.parts)
        return (
            self.git("status", "--porcelain", "--branch"),
            self.git("for-each-ref") + self.git("rev-parse", "HEAD"),
            self.git("worktree", "list", "--porcelain"),
            tuple(names),
        )


def create(path: Path) -> WorkTree:
    """An empty repository on a branch `main`."""
    path.mkdir(parents=True)
    tree = WorkTree(path)
    tree.git("init", "--quiet", "--initial-branch", "main")
    return tree


def check_out(origin: Path, path: Path, *, ref: str, depth: int = 1) -> WorkTree:
    """What actions/checkout does: fetches a reference to a depth (0: everything), detaches HEAD unless on a branch."""
    tree = create(path)
    tree.git("remote", "add", "origin", origin.as_uri())
    local = ref.replace("refs/heads/", "refs/remotes/origin/").replace("refs/pull/", "refs/remotes/pull/")
    refspecs = [f"+{ref}:{local}"]
    if depth == 0:
        refspecs += ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"]
    tree.git("fetch", "--quiet", "--no-tags", *([f"--depth={depth}"] if depth else []), "origin", *refspecs)
    if ref.startswith("refs/heads/"):
        tree.git("checkout", "--quiet", "--force", "-B", ref.removeprefix("refs/heads/"), local)
    else:
        tree.git("checkout", "--quiet", "--force", "--detach", local)
    return tree
