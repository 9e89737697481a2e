"""By what a proof is known again: everything that it rests on, and nothing else."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from weighbridge.model.behaviour import Smoke
    from weighbridge.model.build import BuildSpec
    from weighbridge.model.fix import Candidate

LADDER = 2
"""The version of the ladder: another one may judge otherwise."""

# What a build is given but no result depends on, and what no key should hold.
_IRRELEVANT = frozenset({"name", "timeout", "cache_from", "cache_to", "pull", "no_cache", "secrets", "ssh"})


def proof_key(
    original_id: str,
    candidate: Candidate,
    spec: BuildSpec,
    smoke: Smoke,
    *,
    context: str,
    minimum_change: int,
) -> str:
    """A hex digest. `context` is the build context's digest, `original_id` the image's."""
    document = {
        "ladder": LADDER,
        "original": original_id,
        "dockerfile": candidate.dockerfile_text,
        "ignore": candidate.ignore_text,
        "target": candidate.target,
        "may_change": sorted(candidate.may_change),
        "spec": {key: value for key, value in asdict(spec).items() if key not in _IRRELEVANT},
        "smoke": asdict(smoke),
        "context": context,
        "minimum_change": minimum_change,
    }
    text = json.dumps(document, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
