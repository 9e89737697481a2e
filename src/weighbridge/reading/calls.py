"""Which programs a source file may start at run time: `git` in `subprocess.run(["git", …])`.

A file counts only if it calls something that starts programs; of such a file, every quoted text's first word counts.
Who reads this asks which of the words name programs of the image, so that words too many do no harm.
"""

from __future__ import annotations

import re

MAX_BYTES = 256 * 1024
_MAX_WORDS = 400

_STARTERS = {
    "py": rb"\bsubprocess\b|\bos\.(?:system|popen|exec\w+|spawn\w+)\b|create_subprocess_|\bshutil\.which\b|\bsh\.",
    "js": rb"child_process|\bexeca?\b|\bspawn(?:Sync)?\b|\bexecFile",
    "rb": rb"`|\bsystem\b|\bspawn\b|\bexec\b|\bOpen3\b|%x|\bIO\.popen\b",
    "php": rb"`|\b(?:shell_exec|exec|system|passthru|proc_open|popen)\b|\bProcess\b",
    "pl": rb"`|\bsystem\b|\bexec\b|\bqx\b|\bopen\b",
    "java": rb"ProcessBuilder|getRuntime\(\)",
    "cs": rb"ProcessStartInfo|Process\.Start",
}
_ALIASES = {"mjs": "js", "cjs": "js", "ts": "js", "pm": "pl", "kt": "java", "groovy": "java", "rake": "rb"}
_PATTERNS = {ending: re.compile(pattern) for ending, pattern in _STARTERS.items()}
_WORD = re.compile(rb"""['"`(]((?:/[\w.+-]{1,64}){0,8}/?[A-Za-z0-9_][\w.+-]{1,63})(?=['"` )])""")


def may_call(path: str) -> bool:
    """Whether a file's ending says that it is a source that this module can read."""
    return _ending(path) in _PATTERNS


def called_words(path: str, text: bytes) -> frozenset[str]:
    """The words that may be programs' names, as written (`git`, `/usr/bin/git`); bounded."""
    pattern = _PATTERNS.get(_ending(path))
    if pattern is None or pattern.search(text) is None:
        return frozenset()
    words: set[str] = set()
    for found in _WORD.finditer(text):
        words.add(found[1].decode("ascii", "replace"))
        if len(words) >= _MAX_WORDS:
            break
    return frozenset(words)


def _ending(path: str) -> str:
    ending = path.rpartition(".")[2]
    return _ALIASES.get(ending, ending)
