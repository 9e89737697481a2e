"""Fixes with their proofs in a folder of the user's cache, for as long as they may be believed."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from weighbridge.adapters.folder import BoundedFolder
from weighbridge.core.wire import dump_fix, load_fix
from weighbridge.model.fix import ProofStatus

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from weighbridge.model.fix import Fix

_MAX_BYTES = 1 << 26
_DAY = 86_400.0
# The bases that a candidate names may move meanwhile; a rejection may have been a mirror's bad hour.
_LIFETIMES = {ProofStatus.VERIFIED: 7 * _DAY}


class DirectoryProofCache:
    """Implements ports.ProofCache, one file a key."""

    def __init__(self, root: Path, *, now: Callable[[], float] = time.time) -> None:
        self._folder = BoundedFolder(root, max_bytes=_MAX_BYTES)
        self._now = now

    def get(self, key: str) -> Fix | None:
        """See ports.ProofCache."""
        data = self._folder.get(_name(key))
        if data is None:
            return None
        try:
            made, _, text = data.partition(b"\n")
            fix = load_fix(text)
            age = self._now() - json.loads(made)["made"]
        except (ValueError, TypeError, KeyError):
            return None
        return fix if 0 <= age <= _LIFETIMES.get(fix.proof.status, _DAY) else None

    def put(self, key: str, fix: Fix) -> None:
        """See ports.ProofCache."""
        made = json.dumps({"made": self._now()})
        self._folder.put(_name(key), f"{made}\n{dump_fix(fix)}\n".encode())


def _name(key: str) -> str:
    return f"{key}.fix"
