"""Where the tools of the tests are."""

from __future__ import annotations

import os
from pathlib import Path


def emulate_command() -> list[str]:
    """The stateful GitHub API, without arguments."""
    return [os.environ["WEIGHBRIDGE_NODE"], os.environ["WEIGHBRIDGE_EMULATE"]]


def openapi_description() -> Path:
    """GitHub's description of its API."""
    return Path(os.environ["WEIGHBRIDGE_OPENAPI"])


def node() -> list[str]:
    """Node.js, without arguments."""
    return [os.environ["WEIGHBRIDGE_NODE"]]


def badge_maker() -> Path:
    """The module that shields draws badges with."""
    return Path(os.environ["WEIGHBRIDGE_BADGE_MAKER"])
