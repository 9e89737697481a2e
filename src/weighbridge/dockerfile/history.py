"""An image's history in the words of its Dockerfile: BuildKit's and the classic builder's decoration taken off."""

from __future__ import annotations

import re

# `/bin/sh -c #(nop)  CMD ["bash"]` (classic builder); SHELL puts another shell there.
_NOP = re.compile(r"^(?:[^#]{1,300} )?#\(nop\)\s+")
# `RUN |1 A=b /bin/sh -c …` (BuildKit), `|1 A=b /bin/sh -c …` (classic): the build arguments' values stand between.
_FLAGS = r"sh (?:-\w+ (?:pipefail )?)+"
_SHELL = re.compile(rf"^(?:(?:RUN )?(?:\|\d{{1,4}} .*?)?(?:/usr)?/bin/(?:ba|a|da|z)?|RUN (?:ba|a|da|z)?){_FLAGS}")
_BUILDKIT = "# buildkit"
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_MAX_RAW = 16_000
_MAX_TEXT = 4000


def clean_created_by(text: str) -> str:
    """A history entry as an instruction in one line: `RUN apt-get install -y gcc`."""
    text = _UNPRINTABLE.sub(" ", text[:_MAX_RAW]).strip().removesuffix(_BUILDKIT).rstrip()
    instruction = without_nop(text)
    if instruction == text:
        shell = _SHELL.match(text)
        if shell:
            instruction = f"RUN {text[shell.end() :]}"
    return " ".join(instruction.split())[:_MAX_TEXT]


def without_nop(text: str) -> str:
    """The classic builder's entry for an instruction that runs nothing, without its mark; anything else as it is."""
    return _NOP.sub("", text)


def is_run(text: str) -> bool:
    """Whether an entry is a command of the classic builder, which has no word for it."""
    return not text.startswith("RUN") and without_nop(text) == text and _SHELL.match(text) is not None
