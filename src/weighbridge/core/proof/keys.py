"""By what a proof is known again: everything that it rests on, and nothing else."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from weighbridge.core.rules.glue import find_glue
from weighbridge.dockerfile.stages import base_reference

if TYPE_CHECKING:
    from weighbridge.model.behaviour import Smoke
    from weighbridge.model.build import BuildSpec
    from weighbridge.model.fix import Candidate
    from weighbridge.model.subject import Subject

LADDER = 3
"""The version of the ladder: another one may judge otherwise."""

# What a build is given but no result depends on, and what no key should hold.
_IRRELEVANT = frozenset({"name", "timeout", "cache_from", "cache_to", "pull", "no_cache", "secrets", "ssh"})


def source_digest(subject: Subject, context: str) -> str | None:
    """A hex digest of what the original is made of, the same on every machine that builds it; None of no image.

    `context` is the digest of what is copied. A build seldom gives the same image twice, since files have times: it is
    told by its own ID only where its base, or a build argument's value, is not known.
    """
    image = subject.image
    if image is None:
        return None
    base = [layer.diff_id for layer in image.layers if layer.from_base]
    spec, glue = subject.spec, find_glue(subject)
    known = base or base_reference(subject.dockerfile, spec.target, spec.build_args, image.platform) is None
    document = {
        "dockerfile": subject.text,
        "ignore": subject.context.ignore if subject.context is not None else None,
        "carried": [subject.neighbours.get(path) for path in (*glue.scripts, glue.builder)] if glue is not None else [],
        "context": context,
        "platform": image.platform,
        "base": base,
        "config": asdict(image.config),
        "image": "" if known and all("=" in each for each in spec.build_args) else image.id,
    }
    return _digest(document)


def proof_key(
    source: str,
    candidate: Candidate,
    spec: BuildSpec,
    smoke: Smoke,
    *,
    minimum_change: int,
) -> str:
    """A hex digest. `source` tells the original, and all that a candidate may copy."""
    document = {
        "ladder": LADDER,
        "source": source,
        "dockerfile": candidate.dockerfile_text,
        "ignore": candidate.ignore_text,
        "target": candidate.target,
        "may_change": sorted(candidate.may_change),
        "spec": {key: value for key, value in asdict(spec).items() if key not in _IRRELEVANT},
        "smoke": asdict(smoke),
        "minimum_change": minimum_change,
    }
    return _digest(document)


def _digest(document: object) -> str:
    text = json.dumps(document, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
