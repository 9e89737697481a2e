"""The comparison of bases as JSON, `weighbridge.bases/1`: sizes are unpacked bytes, null where they are not known."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from weighbridge.core.names import shown_path
from weighbridge.core.rendering.bases import ran_word, reason
from weighbridge.core.wire.fixes import encode_proof

if TYPE_CHECKING:
    from collections.abc import Sequence

    from weighbridge.model.bases import Comparison, Standing

SCHEMA_NAME = "weighbridge.bases/1"


def dump_bases(compared: Sequence[Comparison]) -> str:
    """JSON text with a line end."""
    document = {"schema": SCHEMA_NAME, "images": [_comparison(each) for each in compared]}
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _comparison(compared: Comparison) -> dict[str, object]:
    return {
        "name": compared.name,
        "id": compared.id,
        "platform": compared.platform,
        "size": compared.size,
        "base": compared.base_name,
        "libc": compared.libc or None,
        "shells": list(compared.shells),
        "package_managers": list(compared.package_managers),
        "program": [shown_path(path) for path in compared.program],
        "run": compared.was_run,
        "incomparable": compared.incomparable or None,
        "notes": list(compared.notes),
        "bases": [_standing(each, compared) for each in compared.standings],
    }


def _standing(each: Standing, compared: Comparison) -> dict[str, object]:
    facts = each.facts
    return {
        "image": each.base.image,
        "id": None if facts is None else facts.id,
        "size": each.size,
        "base_size": None if facts is None else facts.size,
        "libc": None if facts is None else facts.libc or None,
        "shells": None if facts is None else list(facts.shells),
        "package_managers": None if facts is None else list(facts.package_managers),
        "brought": list(each.brought),
        "missing": list(each.missing),
        "ran": ran_word(each, compared),
        "reason": reason(each) or None,
        "proof": None if each.proof is None else encode_proof(each.proof),
    }
