"""Which programs a source file may start at run time: `git` in `subprocess.run(["git", …])`.

A word counts where it is the first of what a call is given that starts programs (`system("git log")`), and, in a file
that holds such a call, where it is the first of a list (`command = ["git", "log"]`). Who reads this asks which of the
words name programs of the image, so that words too many do little harm.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_BYTES = 256 * 1024
_MAX_WORDS = 400

_CALLS = {
    "py": rb"subprocess\.\w+|os\.(?:system|popen|exec\w+|spawn\w+)|create_subprocess_\w+|shutil\.which"
    rb"|(?<![\w.])(?:run|Popen|call|check_call|check_output|which)",
    "js": rb"(?:(?:child_process|cp)\.|(?<![\w.]))(?:exec|execSync|execFile|execFileSync|spawn|spawnSync|fork|execa)",
    "rb": rb"Open3\.\w+|IO\.popen|(?<![\w.])(?:system|spawn|exec)",
    "php": rb"(?<![\w>:$])(?:shell_exec|exec|system|passthru|proc_open|popen)"
    rb"|new\s{1,4}\\?(?:\w{1,64}\\){0,8}Process",
    "pl": rb"(?<!\w)(?:system|exec)",
    "java": rb"new\s{1,4}ProcessBuilder|getRuntime\(\)\.exec",
    "cs": rb"new\s{1,4}ProcessStartInfo|Process\.Start",
}
# Where these open a text that is a command.
_QUOTES = {"rb": rb"|`|%x[({]", "php": rb"|`", "pl": rb"|`|qx[({]"}
_ALIASES = {"mjs": "js", "cjs": "js", "ts": "js", "pm": "pl", "kt": "java", "groovy": "java", "rake": "rb"}
_INTERPRETERS = {"python": "py", "node": "js", "nodejs": "js", "ruby": "rb", "php": "php", "perl": "pl"}
_NAME = rb"((?:/[\w.+-]{1,64}){0,8}/?[A-Za-z0-9_][\w.+-]{1,63})"
_OPENING = rb"\s{0,4}[({]\s{0,80}(?:[\[({]\s{0,80})?"
_STARTS = {
    ending: re.compile(rb"""(?:(?:%s)%s["'`]%s)%s(?=["'`\s)}])""" % (calls, _OPENING, _QUOTES.get(ending, b""), _NAME))
    for ending, calls in _CALLS.items()
}
_LISTED = re.compile(rb"""[\[{]\s{0,80}["']%s["']""" % _NAME)


def may_call(path: str, interpreter: Sequence[str] = ()) -> bool:
    """Whether a file's ending, or the words of its `#!` line, say that it is a source that this module can read."""
    return _language(path, interpreter) is not None


def called_words(path: str, text: bytes, interpreter: Sequence[str] = ()) -> frozenset[str]:
    """The words that may be programs' names, as written (`git`, `/usr/bin/git`); bounded."""
    language = _language(path, interpreter)
    if language is None:
        return frozenset()
    words: set[str] = set()
    for pattern in (_STARTS[language], _LISTED):
        for found in pattern.finditer(text):
            if len(words) >= _MAX_WORDS:
                break
            words.add(found[1].decode("ascii", "replace"))
        if not words and not _may_start(language, text):
            return frozenset()
    return frozenset(words)


def _may_start(language: str, text: bytes) -> bool:
    """Whether the file starts something, though not by a name that stands in the call itself."""
    return re.search(rb"(?:%s)\s{0,4}[(`]" % _CALLS[language], text) is not None


def _language(path: str, interpreter: Sequence[str]) -> str | None:
    """What it is written in, by its ending, or else by what is to run it (`env node`, `python3.11`)."""
    ending = path.rpartition(".")[2]
    ending = _ALIASES.get(ending, ending)
    if ending in _STARTS:
        return ending
    names = (word.rpartition("/")[2].rstrip("0123456789.") for word in interpreter[:3])
    return next((_INTERPRETERS[name] for name in names if name in _INTERPRETERS), None)
