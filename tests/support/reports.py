"""Reports as model values, written down in a few words, for tests of what becomes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.core.verdict import overall
from weighbridge.model.budget import Budget, Status, Verdict
from weighbridge.model.change import Cause, Change, FileChange, ImageDiff, LayerChange, PackageChange
from weighbridge.model.image import ImageConfig, Layer, PackedSize, SourceLine
from weighbridge.model.packages import Ecosystem, Package
from weighbridge.model.report import (
    ImageReport,
    LargeFile,
    Report,
    Revision,
    Stage,
    TreeNode,
    Unavailable,
    WeighedImage,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

BASE = "b" * 40
HEAD = "a" * 40
MEGABYTE = 1_000_000


def weighed(size: int, *, packages: int = 2) -> WeighedImage:
    """One side: two layers, some packages and files, a small tree."""
    layers = tuple(
        Layer(
            diff_id=f"sha256:{number:064x}",
            size=part,
            packed=PackedSize(size=part // 3, estimated=True),
            created_by=f"RUN step {number}",
            line=SourceLine(file="Dockerfile", start=number + 1, end=number + 1),
            line_exact=True,
            from_base=number == 0,
        )
        for number, part in enumerate((size // 2, size - size // 2))
    )
    return WeighedImage(
        reference="app:latest",
        id=f"sha256:{size:064x}",
        size=size,
        packed=PackedSize(size=sum(layer.packed.size for layer in layers), estimated=True),
        wasted=size // 10,
        layers=layers,
        config=ImageConfig(command=("serve",), environment=("PATH=/bin",)),
        packages=tuple(
            Package(ecosystem=Ecosystem.APT, name=f"lib{number}", version="1", size=number, path="var/lib/dpkg/status")
            for number in range(packages)
        ),
        largest_files=(LargeFile(path="usr/lib/big.so", size=size // 4, layer=1),),
        wasted_paths=(),
        duplicates=(),
        tree=TreeNode(
            name="/",
            size=size,
            delta=0,
            change=Change.CHANGED,
            children=(TreeNode(name="usr", size=size, delta=0, change=Change.SAME),),
        ),
        file_count=9,
        build_seconds=1.5,
        base_name="debian:12-slim",
    )


def diff(delta: int, *, causes: int = 1) -> ImageDiff:
    """A difference of `delta` bytes with as many causes, a file and a package."""
    shares = [delta // causes] * causes
    shares[0] += delta - sum(shares)
    line = SourceLine(file="Dockerfile", start=7, end=7)
    return ImageDiff(
        size=delta,
        packed=PackedSize(size=delta // 3, estimated=True),
        wasted=0,
        causes=tuple(
            Cause(delta=share, phrase=f"apt-get install part-{number}", line=line)
            for number, share in enumerate(shares)
        ),
        layers=(LayerChange(change=Change.ADDED, base=None, head=weighed(abs(delta)).layers[1], delta=delta),),
        files=(FileChange(path="usr/lib/go", change=Change.ADDED, delta=delta, files=9, directory=True),),
        packages=(
            PackageChange(ecosystem=Ecosystem.APT, name="gcc", base_version=None, head_version="12", delta=delta),
        ),
    )


def image(
    name: str = "app",
    delta: int = 0,
    *,
    platform: str = "linux/amd64",
    status: Status = Status.PASS,
    causes: int = 1,
    size: int = 100 * MEGABYTE,
) -> ImageReport:
    """An image that grew by `delta` from `size` bytes."""
    reasons = () if status is Status.PASS else (f"is {status}",)
    return ImageReport(
        name=name,
        platform=platform,
        dockerfile="Dockerfile",
        base=weighed(size),
        head=weighed(size + delta),
        diff=diff(delta, causes=causes),
        budget=Budget(max_size=300 * MEGABYTE),
        verdict=Verdict(status=status, reasons=reasons),
    )


def unbuilt(name: str = "app", *, log: Sequence[str] = ("error: no",)) -> ImageReport:
    """An image whose head does not build."""
    reason = Unavailable(stage=Stage.BUILD, reason="it does not build", line=4, log_tail=tuple(log))
    return ImageReport(
        name=name,
        platform="linux/amd64",
        dockerfile="Dockerfile",
        base=weighed(MEGABYTE),
        head=reason,
        diff=None,
        budget=Budget(),
        verdict=Verdict(status=Status.UNKNOWN, reasons=("it does not build",)),
    )


def new_image(name: str = "app") -> ImageReport:
    """An image that the base does not have."""
    return ImageReport(
        name=name,
        platform="linux/amd64",
        dockerfile="Dockerfile",
        base=Unavailable(stage=Stage.DOCKERFILE, reason="new image", expected=True),
        head=weighed(MEGABYTE),
        diff=None,
        budget=Budget(),
        verdict=Verdict(status=Status.PASS, reasons=("new image",)),
    )


def report(*images: ImageReport, head: str = HEAD, base: str | None = BASE, minimum_change: int = 0) -> Report:
    """What a pull request's run found."""
    return Report(
        tool_version="0.1.0",
        repository="octocat/yard",
        server_url="https://github.com",
        pull_request=1,
        base=None if base is None else Revision(commit=base, label="main"),
        head=Revision(commit=head, label="feature"),
        images=images,
        verdict=overall(images),
        minimum_change=minimum_change,
    )
