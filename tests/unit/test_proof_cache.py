"""What candidates came to is kept on disk as it was, and for as long as it may be believed."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from weighbridge.adapters.proof_cache import DirectoryProofCache
from weighbridge.model.fix import Candidate, Check, Family, FileEdit, Fix, Outcome, Proof, ProofStatus, Step, Surface
from weighbridge.model.image import PackedSize

if TYPE_CHECKING:
    from pathlib import Path

HOUR = 3600.0
SURFACE = Surface(packages=1, executables=2, setuid=3, shells=("/bin/sh",), package_managers=("apt",))
FIX = Fix(
    candidate=Candidate(
        strategy="native/scratch",
        family=Family.MULTI_STAGE,
        title="Ships on scratch; brings along certificates",
        rules=("toolchain-in-final",),
        dockerfile="Dockerfile",
        dockerfile_text="FROM scratch\r\n# é\r\n",
        edits=(FileEdit(path="Dockerfile", before="FROM debian\r\n", after="FROM scratch\r\n# é\r\n"),),
        may_change=frozenset({"labels+"}),
        costs=("it has no shell",),
    ),
    patch="--- a/Dockerfile\n",
    proof=Proof(
        status=ProofStatus.VERIFIED,
        checks=(Check(step=Step.BUILD, outcome=Outcome.PASSED, details=("built in 1.0 s",)),),
        original_size=100,
        size=10,
        packed=PackedSize(size=5, estimated=True),
        before=SURFACE,
        after=SURFACE,
        seconds=1.5,
    ),
)


def test_a_fix_comes_back_as_it_was_put(tmp_path: Path) -> None:
    DirectoryProofCache(tmp_path).put("key", FIX)

    assert DirectoryProofCache(tmp_path).get("key") == FIX
    assert DirectoryProofCache(tmp_path).get("other") is None


def test_another_user_may_carry_it_to_another_machine(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        DirectoryProofCache(tmp_path / "proofs").put("key", FIX)
    finally:
        os.umask(before)

    assert [0o644] == [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "proofs").iterdir()]


@pytest.mark.parametrize(
    ("status", "hours", "kept"),
    [
        (ProofStatus.VERIFIED, 24 * 6, True),
        (ProofStatus.VERIFIED, 24 * 8, False),
        (ProofStatus.REJECTED, 23, True),
        (ProofStatus.REJECTED, 25, False),
        (ProofStatus.VERIFIED, -1, False),
    ],
)
def test_it_is_believed_for_a_time(tmp_path: Path, status: ProofStatus, hours: float, *, kept: bool) -> None:
    DirectoryProofCache(tmp_path, now=lambda: 1e9).put("key", replace(FIX, proof=replace(FIX.proof, status=status)))

    later = DirectoryProofCache(tmp_path, now=lambda: 1e9 + hours * HOUR)
    assert kept == (later.get("key") is not None)


@pytest.mark.parametrize("content", [b"", b"{}", b'{"made": 1}\n{}', b'{"made": 1}\n[1', b"\xff\n\xff", b"{" * 100_000])
def test_what_is_no_fix_is_forgotten(tmp_path: Path, content: bytes) -> None:
    cache = DirectoryProofCache(tmp_path)
    cache.put("key", FIX)
    (path,) = tmp_path.iterdir()
    path.write_bytes(content)

    assert cache.get("key") is None
