"""Points action.yml at a pushed image, so that users of a release pull it and never build it.

    python3 scripts/release.py REGISTRY/NAME@sha256:DIGEST

Standard library only.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ACTION = Path(__file__).resolve().parent.parent / "action.yml"
_BUILT = "\n  image: Dockerfile\n"
_REFERENCE = re.compile(r"[a-z0-9][a-z0-9./_:-]*@sha256:[0-9a-f]{64}")


def released(text: str, reference: str) -> str:
    """The action's text with the image in place of the Dockerfile. Raises ValueError."""
    if _REFERENCE.fullmatch(reference) is None:
        raise ValueError(f"{reference!r} is no image with a digest, like registry/name@sha256:…")
    if text.count(_BUILT) != 1:
        raise ValueError("action.yml does not say `image: Dockerfile` once; is this a release already?")
    return text.replace(_BUILT, f"\n  image: docker://{reference}\n")


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        text = released(ACTION.read_text(encoding="utf-8"), sys.argv[1])
    except ValueError as problem:
        sys.exit(f"weighbridge: {problem}")
    ACTION.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
