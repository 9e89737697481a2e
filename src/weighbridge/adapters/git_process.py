"""The git program: run without a shell, without asking anybody, ended when it takes too long."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from weighbridge.errors import GitError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_KILL_AFTER_SECONDS = 3

UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")

# Variables that would point git at another repository, as they do inside a git hook.
_ELSEWHERE = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_DIR",
        "GIT_GRAFT_FILE",
        "GIT_INDEX_FILE",
        "GIT_NAMESPACE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_SHALLOW_FILE",
        "GIT_WORK_TREE",
    }
)

# Nothing of the repository's own may run, and nothing may be tidied up behind the user's back.
CONFIGURATION = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "fetch.writeCommitGraph=false",
    "fetch.prune=false",
    "advice.detachedHead=false",
    "color.ui=false",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How git ended. `raw` is standard output as bytes, `complaint` the line that says what went wrong."""

    status: int
    raw: bytes
    complaint: str

    @property
    def output(self) -> str:
        """Standard output as text, bytes that are not UTF-8 by surrogateescape."""
        return self.raw.decode("utf-8", "surrogateescape")


def run(
    options: Sequence[str],
    arguments: Sequence[str],
    where: Path,
    timeout: float,
    *,
    stdin: bytes | None = None,
    environ: Mapping[str, str] | None = None,
) -> Result:
    """git with `options` before the command. `timeout` is seconds; `environ` is added to the environment.

    Raises GitError where git cannot be run or takes longer.
    """
    try:
        process = subprocess.Popen(
            ("git", *options, *arguments),  # noqa: S607 - the git on the PATH is the one that is meant
            cwd=where,
            env=_environment(os.environ) | dict(environ or {}),
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise GitError("git is not installed, or not on the PATH") from error
    except OSError as error:
        raise GitError(f"git cannot be run in {where}: {error.strerror}") from error
    with process:
        try:
            output, complaint = process.communicate(stdin, timeout=timeout)
        except subprocess.TimeoutExpired as error:
            _end(process)
            raise GitError(f"git {arguments[0]} took longer than {timeout:g} s in {where}") from error
        except BaseException:
            _end(process)
            raise
    return Result(status=process.returncode, raw=output, complaint=_last_line(complaint.decode("utf-8", "replace")))


def temporary_folder() -> Path:
    """A folder of our own, for the caller to remove. Raises GitError."""
    try:
        return Path(tempfile.mkdtemp(prefix="weighbridge-"))
    except OSError as error:
        raise GitError(f"no temporary folder can be made: {error.strerror}; set TMPDIR to one that can") from error


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends git and its transport helpers, which share its session: kindly, so that git takes its lock files away."""
    for number, patience in ((signal.SIGTERM, _KILL_AFTER_SECONDS), (signal.SIGKILL, None)):
        if process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The user's environment, with which git asks nobody, translates nothing and takes no locks it can do without."""
    kept = {name: value for name, value in environ.items() if name not in _ELSEWHERE}
    quiet = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_REPLACE_OBJECTS": "1", "LC_ALL": "C"}
    quiet |= {"GIT_ASKPASS": "true", "SSH_ASKPASS": "true", "GCM_INTERACTIVE": "never"}
    if "GIT_SSH_COMMAND" not in environ and "GIT_SSH" not in environ:
        quiet["GIT_SSH_COMMAND"] = "ssh -oBatchMode=yes"
    return kept | quiet


def _last_line(text: str) -> str:
    """The line in which git says what went wrong, without credentials."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("hint:")]
    fatal = [line for line in lines if line.startswith(("fatal:", "error:"))]
    return plain((fatal or lines or ["git gave no reason"])[0])


def plain(text: str) -> str:
    """One printable line of bounded length."""
    return _CREDENTIALS.sub("***@", UNPRINTABLE.sub(" ", text)).strip()[:300]
