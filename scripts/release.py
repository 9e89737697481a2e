"""What a release needs besides git and docker.

    python3 scripts/release.py check 1.2.3                              the package and the changelog say so too
    python3 scripts/release.py point REGISTRY/NAME@sha256:DIGEST        action.yml names the pushed image, so that
                                                                        users of a release pull it and never build it

Standard library only.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_BUILT = "\n  image: Dockerfile\n"
_REFERENCE = re.compile(r"[a-z0-9][a-z0-9./_:-]*@sha256:[0-9a-f]{64}")
_VERSION = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}")
_PACKAGE = "src/weighbridge/__init__.py"
_DECLARED = re.compile(r'^__version__ = "([^"\n]*)"$', re.MULTILINE)
_HEADING = re.compile(r"^## (.*)$", re.MULTILINE)


def check(version: str, package: str, changelog: str) -> None:
    """Raises ValueError unless the package and CHANGELOG.md, given as texts, are about to release `version`."""
    if _VERSION.fullmatch(version) is None:
        raise ValueError(f"{version!r} is no version like 1.2.3")
    declared = _DECLARED.search(package)
    if declared is None or declared[1] != version:
        told = "no version" if declared is None else f"the version {declared[1]}"
        raise ValueError(f"{_PACKAGE} has {told}, not {version}")
    newest = _HEADING.search(changelog)
    if newest is None or newest[1] != version:
        heading = "no heading" if newest is None else f"the heading `## {newest[1]}`"
        raise ValueError(f"CHANGELOG.md begins with {heading}, not with `## {version}`")


def released(text: str, reference: str) -> str:
    """The action's text with the image in place of the Dockerfile. Raises ValueError."""
    if _REFERENCE.fullmatch(reference) is None:
        raise ValueError(f"{reference!r} is no image with a digest, like registry/name@sha256:…")
    if text.count(_BUILT) != 1:
        raise ValueError("action.yml does not say `image: Dockerfile` once; is this a release already?")
    return text.replace(_BUILT, f"\n  image: docker://{reference}\n")


def main() -> None:
    if len(sys.argv) != 3 or sys.argv[1] not in ("check", "point"):
        sys.exit(__doc__)
    action, value = ROOT / "action.yml", sys.argv[2]
    try:
        if sys.argv[1] == "check":
            check(value, (ROOT / _PACKAGE).read_text("utf-8"), (ROOT / "CHANGELOG.md").read_text("utf-8"))
        else:
            action.write_text(released(action.read_text("utf-8"), value), encoding="utf-8")
    except ValueError as problem:
        sys.exit(f"weighbridge: {problem}")


if __name__ == "__main__":
    main()
