"""Fixes as model values, written down in a few words."""

from __future__ import annotations

from weighbridge.core.fixes.patch import patch_of
from weighbridge.model.fix import (
    Candidate,
    Check,
    Family,
    FileEdit,
    Fix,
    Outcome,
    Proof,
    ProofStatus,
    Step,
    Surface,
)
from weighbridge.model.image import PackedSize

DOCKERFILE = """\
FROM debian:12-slim
RUN apt-get update && apt-get install -y curl
COPY app /app
CMD ["/app"]
"""
TIDY = DOCKERFILE.replace("install -y curl", "install -y curl && rm -rf /var/lib/apt/lists/*")
SPLIT = """\
FROM debian:12-slim AS build
RUN apt-get update && apt-get install -y curl
COPY app /app

FROM scratch
COPY --from=build /app /app
CMD ["/app"]
"""
SURFACE = Surface(
    packages=100, executables=500, setuid=3, shells=("bash", "sh"), package_managers=("apt", "apt-get", "dpkg")
)


SLIGHTLY_LESS = Surface(packages=99, executables=490, setuid=1, shells=("sh",), package_managers=("dpkg",))


def edited_fix(
    before: str | None,
    after: str | None,
    *,
    path: str = "Dockerfile",
    family: Family = Family.IN_PLACE,
    strategy: str = "in-place/tidy",
    title: str = "Leaves caches, lists and recommended packages out of the layers",
    status: ProofStatus = ProofStatus.VERIFIED,
    original: int = 100_000_000,
    size: int = 90_000_000,
    surface: Surface = SLIGHTLY_LESS,
    costs: tuple[str, ...] = (),
    reason: str = "",
) -> Fix:
    """A fix that makes one file another one."""
    edits = (FileEdit(path=path, before=before, after=after),)
    candidate = Candidate(
        strategy=strategy,
        family=family,
        title=title,
        rules=("apt-lists-kept",),
        dockerfile=path,
        dockerfile_text=after or "",
        edits=edits,
        costs=costs,
    )
    proof = Proof(
        status=status,
        reason=reason,
        checks=tuple(Check(step=step, outcome=Outcome.PASSED, details=(f"{step.value} is fine",)) for step in Step),
        original_size=original,
        size=size,
        packed=PackedSize(size=size // 3, estimated=True),
        before=SURFACE,
        after=surface,
    )
    return Fix(candidate=candidate, patch=patch_of(edits), proof=proof)


def tidy_fix(*, size: int = 90_000_000) -> Fix:
    """A fix in place of one line, from 100 MB."""
    return edited_fix(DOCKERFILE, TIDY, size=size)


def split_fix(*, size: int = 6_000_000) -> Fix:
    """A fix that splits a stage off, from 100 MB."""
    bare = Surface(packages=0, executables=1, setuid=0, shells=(), package_managers=())
    return edited_fix(
        DOCKERFILE,
        SPLIT,
        family=Family.MULTI_STAGE,
        strategy="compiled/scratch",
        title="Ships the program on `scratch`",
        size=size,
        surface=bare,
        costs=("no shell to look around with",),
    )
