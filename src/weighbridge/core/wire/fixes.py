"""Fixes and their proofs as JSON values, and back."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict as fields_of

from weighbridge.model.fix import Candidate, Check, FileEdit, Fix, Proof, Surface
from weighbridge.model.image import PackedSize

if TYPE_CHECKING:
    from weighbridge.core.wire.models import FixW, ProofW, SurfaceW

Json = dict[str, Any]


def encode_fix(fix: Fix) -> Json:
    """A fix as the report has it."""
    candidate = fix.candidate
    return {
        "title": candidate.title,
        "strategy": candidate.strategy,
        "family": candidate.family.value,
        "rules": list(candidate.rules),
        "patch": fix.patch,
        "path": candidate.dockerfile,
        "dockerfile": candidate.dockerfile_text,
        "ignore": candidate.ignore_text,
        "target": candidate.target,
        "may_change": sorted(candidate.may_change),
        "costs": list(candidate.costs),
        "edits": [asdict(edit) for edit in candidate.edits],
        "proof": encode_proof(fix.proof),
    }


def encode_proof(proof: Proof) -> Json:
    """A proof as the report has it."""
    return {
        "status": proof.status.value,
        "reason": proof.reason,
        "checks": [
            {"step": check.step.value, "outcome": check.outcome.value, "details": list(check.details)}
            for check in proof.checks
        ],
        "original_size": proof.original_size,
        "size": proof.size,
        "packed_size": None if proof.packed is None else proof.packed.size,
        "packed_size_estimated": None if proof.packed is None else proof.packed.estimated,
        "saved": proof.saved,
        "before": _encode_surface(proof.before),
        "after": _encode_surface(proof.after),
        "seconds": None if proof.seconds is None else round(proof.seconds, 3),
    }


def _encode_surface(surface: Surface | None) -> Json | None:
    if surface is None:
        return None
    return {
        **asdict(surface),
        "shells": list(surface.shells),
        "package_managers": list(surface.package_managers),
    }


def decode_fix(fix: FixW) -> Fix:
    """A fix that was validated."""
    return Fix(
        candidate=Candidate(
            strategy=fix.strategy,
            family=fix.family,
            title=fix.title,
            rules=fix.rules,
            dockerfile=fix.path,
            dockerfile_text=fix.dockerfile,
            edits=tuple(FileEdit(path=edit.path, before=edit.before, after=edit.after) for edit in fix.edits),
            ignore_text=fix.ignore,
            target=fix.target,
            may_change=frozenset(fix.may_change),
            costs=fix.costs,
        ),
        patch=fix.patch,
        proof=_decode_proof(fix.proof),
    )


def _decode_proof(proof: ProofW) -> Proof:
    packed = None
    if proof.packed_size is not None:
        packed = PackedSize(size=proof.packed_size, estimated=proof.packed_size_estimated is not False)
    return Proof(
        status=proof.status,
        reason=proof.reason,
        checks=tuple(Check(step=each.step, outcome=each.outcome, details=each.details) for each in proof.checks),
        original_size=proof.original_size,
        size=proof.size,
        packed=packed,
        before=_decode_surface(proof.before),
        after=_decode_surface(proof.after),
        seconds=proof.seconds,
    )


def _decode_surface(surface: SurfaceW | None) -> Surface | None:
    return None if surface is None else Surface(**fields_of(surface))


def dump_fix(fix: Fix) -> str:
    """JSON text of a fix alone, for the cache."""
    return json.dumps(encode_fix(fix), ensure_ascii=True)


def load_fix(text: str | bytes) -> Fix:
    """Raises ValueError for anything that dump_fix() did not make."""
    try:
        from weighbridge.core.wire.models import FixW
        from weighbridge.core.wire.parsing import parsed

        return decode_fix(parsed(text, FixW))
    except (ValueError, RecursionError) as error:
        raise ValueError("not a fix") from error
