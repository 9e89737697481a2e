"""A branch of the repository's server that holds files of ours, written without touching the user's repository.

Everything happens in a bare repository in a temporary folder: one commit is fetched, one is made and pushed.
The user's clone gives its server's address and the settings that reach it, and gets nothing: no object, no reference.
"""

from __future__ import annotations

import base64
import os
import random
import re
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from weighbridge.adapters.git_process import CONFIGURATION, UNPRINTABLE, Result, plain, run, temporary_folder
from weighbridge.errors import GitError, GitForbidden, UsageError
from weighbridge.interruption import interruptible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from weighbridge.ports import Edit

MAX_BYTES = 256_000_000
"""Bytes of all files at most that are read; what is written stays far below."""

_TIP = "refs/heads/tip"
_BOT = ("github-actions[bot]", "41898282+github-actions[bot]@users.noreply.github.com")
# What of the clone's own settings decides how its server is reached.
_TRANSPORT = r"^(http|url|credential|protocol|ssh|user)\.|^core\.(sshcommand|gitproxy|askpass)$"
_OTHERS_FIRST = re.compile(
    r"fetch first|non-fast-forward|stale info|cannot lock ref|failed to (update|lock)|incorrect old value"
    r"|already exists|reference.*(changed|moved)",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"error: 40[13]|permission.*denied|denied to|authentication failed|could not read (username|password)"
    r"|write access|not granted|access rights|read-only|unable to create temporary object",
    re.IGNORECASE,
)
_NO_BRANCH = re.compile(r"couldn't find remote ref|could not find remote ref", re.IGNORECASE)
_AWAY = re.compile(
    r"error: (429|5[0-9]{2})|could not resolve|couldn't connect|failed to connect|timed out|connection (was )?reset"
    r"|hung up|early eof|rpc failed|empty reply|unexpected disconnect|shallow file has changed|internal server error"
    r"|fatal error in commit_refs",
    re.IGNORECASE,
)


_Made = TypeVar("_Made")


class _Again(Exception):
    """Another writer came first, or the server stayed away: worth another try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """A token for the server (`https://github.com`), which is given to no other one."""

    server_url: str
    token: str

    def settings(self) -> tuple[tuple[str, str], ...]:
        """The header that carries the token, instead of one that actions/checkout left: two are refused."""
        header = f"http.{self.server_url.rstrip('/')}/.extraheader"
        basic = base64.b64encode(f"x-access-token:{self.token}".encode()).decode()
        return (header, ""), (header, f"AUTHORIZATION: basic {basic}")


class GitFilesBranch:
    """Implements ports.FilesBranch for the server that the clone at `root` calls origin.

    `access` is a token that goes before the credentials that git is configured with. An update may take `deadline`
    seconds with all its tries; `pause` sleeps for seconds.
    """

    def __init__(
        self,
        root: Path,
        name: str,
        *,
        access: Access | None = None,
        trusted: bool = False,
        deadline: float = 300.0,
        timeout: float = 300.0,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._root = root
        self._name = name
        self._access = access
        self._deadline = deadline
        self._timeout = timeout
        self._pause = pause
        configuration = [*CONFIGURATION, *(("safe.directory=*",) if trusted else ())]
        self._options = tuple(option for setting in configuration for option in ("-c", setting))

    def __repr__(self) -> str:
        return f"GitFilesBranch({self._name!r})"

    @property
    def name(self) -> str:
        """The branch's name."""
        return self._name

    def read(self) -> Mapping[str, bytes]:
        """Its files by path, none where there is no such branch. Raises GitError."""
        with self._work() as work:
            return self._patiently(lambda: work.files(work.fetch()))

    def update(self, edit: Edit, message: str, *, squash: bool = False) -> bool:
        """One commit with the files of `edit`; again from the new tip whenever another writer came first.

        False where nothing changed. Raises GitError, GitForbidden.
        """
        with self._work() as work:
            return self._patiently(lambda: self._try(work, edit, message, squash=squash))

    def _try(self, work: _Work, edit: Edit, message: str, *, squash: bool) -> bool:
        tip = work.fetch()
        before = work.files(tip)
        after = edit(before)
        if dict(after) == dict(before) and not (squash and tip is not None and work.has_past(tip)):
            return False
        work.push(work.commit(tip, before, after, message, squash=squash), tip, squash=squash)
        return True

    def _patiently(self, action: Callable[[], _Made]) -> _Made:
        end = time.monotonic() + self._deadline
        for attempt in range(1_000):
            try:
                return action()
            except _Again as again:
                if time.monotonic() > end:
                    raise GitError(f"{self._name}: gave up after {attempt + 1} tries: {again}") from None
                # Writers that collided once must not march in step.
                self._pause(random.uniform(0.05, min(5.0, 0.2 * 1.5**attempt)))  # noqa: S311 - spreads writers
        raise GitError(f"{self._name}: gave up after a thousand tries")

    @contextmanager
    def _work(self) -> Iterator[_Work]:
        """A bare repository of its own that reaches the clone's server as the clone does; gone afterwards."""
        folder = temporary_folder()
        try:
            with interruptible():
                kind = self._clone("rev-parse", "--show-object-format").strip()
                url = self._url()
                settings = [*self._transport(), *(self._access.settings() if self._access else ())]
                work = _Work(
                    folder=folder / "git", options=self._options, url=url, branch=self._name, timeout=self._timeout,
                    settings=settings,
                )  # fmt: skip
                work.create(kind)
                yield work
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _url(self) -> str:
        url = self._clone("remote", "get-url", "--push", "origin").removesuffix("\n")
        here = self._root / url
        # A relative path is relative to the clone, not to where we work.
        return str(here.resolve()) if "://" not in url and here.exists() else url

    def _transport(self) -> Iterator[tuple[str, str]]:
        result = self._run("config", "--null", "--show-scope", "--get-regexp", _TRANSPORT)
        parts = result.output.split("\0")
        for scope, setting in zip(parts[::2], parts[1::2], strict=False):
            if scope in ("local", "worktree"):
                key, _, value = setting.partition("\n")
                yield key, value

    def _clone(self, *arguments: str) -> str:
        result = self._run(*arguments)
        if result.status != 0:
            raise GitError(f"git {arguments[0]} failed in {self._root}: {result.complaint}")
        return result.output

    def _run(self, *arguments: str) -> Result:
        return run(self._options, arguments, self._root, self._timeout)


@dataclass(frozen=True, kw_only=True)
class _Work:
    """The bare repository. Nothing of `settings`, which may hold credentials, is ever an argument of a process."""

    folder: Path
    options: Sequence[str]
    url: str
    branch: str
    timeout: float
    settings: Sequence[tuple[str, str]]

    def create(self, object_format: str) -> None:
        """Makes it. Raises UsageError for a name that no branch can have."""
        self.folder.mkdir()
        if UNPRINTABLE.search(self.branch) or self._run("check-ref-format", f"refs/heads/{self.branch}").status != 0:
            raise UsageError(f"{plain(self.branch)!r} is not the name of a branch")
        self._git("init", "--quiet", "--bare", "--template=", f"--object-format={object_format}", ".")

    def fetch(self) -> str | None:
        """The commit at the tip of the branch, alone; None where there is no such branch."""
        reference = f"refs/heads/{self.branch}"
        options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--depth=1")
        result = self._run("fetch", *options, self.url, f"+{reference}:{_TIP}")
        if result.status == 0:
            return self._git("rev-parse", "--verify", _TIP).strip()
        if _NO_BRANCH.search(result.complaint):
            return None
        raise self._refused("read", result.complaint)

    def has_past(self, tip: str) -> bool:
        """Whether the commit has any before it."""
        header = self._git("cat-file", "commit", tip).partition("\n\n")[0]
        return "\nparent " in header

    def files(self, tip: str | None) -> dict[str, bytes]:
        """The regular files of a commit by path. Raises GitError where there are more bytes than can be ours."""
        if tip is None:
            return {}
        listed = self._git("ls-tree", "-r", "-z", "--long", tip)
        names: dict[str, str] = {}
        total = 0
        for entry in filter(None, listed.split("\0")):
            about, _, path = entry.partition("\t")
            mode, _, digest, size = about.split()
            if mode.startswith("100"):
                names[path] = digest
                total += int(size)
        if total > MAX_BYTES:
            raise GitError(f"the branch {plain(self.branch)} holds {total:,} bytes: more than weighbridge writes there")
        return dict(zip(names, self._blobs(list(names.values())), strict=True))

    def _blobs(self, digests: Sequence[str]) -> Iterator[bytes]:
        if not digests:
            return
        result = self._checked("cat-file", "--batch", stdin="".join(f"{digest}\n" for digest in digests).encode())
        position = 0
        for _ in digests:
            line_end = result.raw.index(b"\n", position)
            size = int(result.raw[position:line_end].split()[2])
            yield result.raw[line_end + 1 : line_end + 1 + size]
            position = line_end + size + 2

    def commit(
        self, tip: str | None, before: Mapping[str, bytes], after: Mapping[str, bytes], message: str, *, squash: bool
    ) -> str:
        """A commit with the files of `after` for those of `before`; whatever else the tip has stays."""
        self._git("read-tree", *((tip,) if tip else ("--empty",)))
        gone = [f"0 {'0' * 40}\t{path}" for path in before if path not in after]
        changed = [path for path, content in after.items() if before.get(path) != content]
        entries = [f"100644 {self._blob(after[path])}\t{path}" for path in changed]
        text = "".join(f"{entry}\0" for entry in (*gone, *entries))
        self._checked("update-index", "-z", "--index-info", stdin=text.encode("utf-8", "surrogateescape"))
        tree = self._git("write-tree").strip()
        parents = ("-p", tip) if tip and not squash else ()
        made = self._run("commit-tree", tree, *parents, stdin=message.encode(), environ=self._identity)
        if made.status != 0:
            raise GitError(f"git commit-tree failed: {made.complaint}")
        return made.output.strip()

    def _blob(self, content: bytes) -> str:
        return self._checked("hash-object", "-w", "--stdin", stdin=content).output.strip()

    def push(self, commit: str, tip: str | None, *, squash: bool) -> None:
        """Makes the commit the branch's tip, if nobody else has moved it. Raises _Again, GitForbidden, GitError."""
        reference = f"refs/heads/{self.branch}"
        lease = (f"--force-with-lease={reference}:{tip or ''}",) if squash else ()
        # Of files that have no earlier version to differ from, git would still try each against the others.
        window = ("-c", "pack.window=0") if squash else ()
        arguments = ("push", "--porcelain", "--no-verify", *lease, self.url, f"{commit}:{reference}")
        result = self._run(*arguments, options=window)
        if result.status == 0:
            return
        refused = [line.split("\t")[-1] for line in result.output.splitlines() if line.startswith("!")]
        why = plain(refused[0]) if refused else result.complaint
        if refused and _OTHERS_FIRST.search(why):
            raise _Again(why)
        raise self._refused("push to", why)

    def _refused(self, what: str, why: str) -> Exception:
        branch = plain(self.branch)
        if _AWAY.search(why):
            return _Again(why)
        if _DENIED.search(why):
            needed = "contents: write" if what == "push to" else "contents: read"
            return GitForbidden(f'may not {what} the branch {branch} ({why}): the job needs "permissions: {needed}"')
        return GitError(f"could not {what} the branch {branch}: {why}")

    def _git(self, *arguments: str) -> str:
        return self._checked(*arguments).output

    def _checked(self, *arguments: str, stdin: bytes | None = None) -> Result:
        result = self._run(*arguments, stdin=stdin)
        if result.status != 0:
            raise GitError(f"git {arguments[0]} failed: {result.complaint}")
        return result

    def _run(
        self,
        *arguments: str,
        stdin: bytes | None = None,
        environ: Mapping[str, str] | None = None,
        options: Sequence[str] = (),
    ) -> Result:
        added = self._environ() | dict(environ or {})
        return run((*self.options, *options), arguments, self.folder, self.timeout, stdin=stdin, environ=added)

    def _environ(self) -> dict[str, str]:
        """Settings by environment, where no list of processes shows them, after those that are there already."""
        there = os.environ.get("GIT_CONFIG_COUNT", "")
        first = int(there) if there.isascii() and there.isdigit() else 0
        environ = {"GIT_CONFIG_COUNT": str(first + len(self.settings)), "GIT_DIR": str(self.folder)}
        for number, (key, value) in enumerate(self.settings, first):
            environ |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
            if key.lower() == "core.sshcommand" and "GIT_SSH_COMMAND" not in os.environ:
                # The key that actions/checkout was given; a command by environment goes before the setting.
                environ["GIT_SSH_COMMAND"] = value
        return environ

    @cached_property
    def _identity(self) -> dict[str, str]:
        """The bot that workflows commit as, where nobody said who they are."""
        if self._run("config", "user.email").status == 0:
            return {}
        name, email = _BOT
        return {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in
                (("NAME", name), ("EMAIL", email))}  # fmt: skip
