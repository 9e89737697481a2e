"""Whether a build asks git for something: then `.git` may not be kept out of its context."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from weighbridge.core.rules.case import Case

_ASKS = re.compile(
    r"\bgit\s+(?:-[cC]\s+\S+\s+|--[\w-]+(?:=\S+)?\s+)*"
    r"(?:log|describe|show|rev-parse|rev-list|ls-files|submodule|tag|name-rev|shortlog|status|diff)\b"
)
_VERSIONS = re.compile(
    r"setuptools[_-]scm|hatch-vcs|versioneer|setuptools-git-versioning|poetry-dynamic-versioning|\bpbr\s*[=~>]=",
)
_BUILD_FILES = frozenset(
    {"Makefile", "makefile", "GNUmakefile", "CMakeLists.txt", "meson.build", "configure.ac", "build.gradle", "Rakefile"}
)
_PYTHON_FILES = frozenset({"pyproject.toml", "setup.py", "setup.cfg"})


def asks_git(case: Case) -> str:
    """What asks, as it is written; empty where nothing is seen to."""
    for step in case.steps:
        if step.instruction.keyword == "RUN":
            found = _ASKS.search("\n".join([step.instruction.text, *step.instruction.heredocs]))
            if found is not None:
                return " ".join(found[0].split())
    context = case.subject.context
    for path, text in (context.texts if context is not None else {}).items():
        asks = _ASKS if path in _BUILD_FILES else _VERSIONS if path in _PYTHON_FILES else None
        found = asks.search(text) if asks is not None else None
        if found is not None:
            return f"{' '.join(found[0].split())} in {path}"
    return ""
