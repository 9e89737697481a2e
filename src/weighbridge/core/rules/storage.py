"""How an image is stored: what its exporter could do better, whatever is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.core.rendering.units import format_size
from weighbridge.core.rules.case import shown
from weighbridge.core.rules.rule import Rule
from weighbridge.model.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weighbridge.core.rules.case import Case

_WORTH_PULLING = 10_000_000
"""Packed bytes below which nobody notices how they are packed."""


def _gzip(rule: Rule, case: Case) -> Iterator[Finding]:
    image = case.subject.image
    if image is None:
        return
    stored = [
        (number, layer)
        for number, layer in enumerate(image.layers)
        if layer.compression == "gzip" and not layer.from_base
    ]
    size = sum(layer.packed.size for _, layer in stored)
    if size < _WORTH_PULLING:
        return
    largest = sorted(stored, key=lambda each: -each[1].packed.size)
    yield case.found(
        rule,
        f"{format_size(size)} of layers are packed by gzip: zstd packs tighter, and unpacks several times as fast",
        line=None,
        # On a disk it is no byte less.
        waste=0,
        evidence=[
            shown(f"layer {1 + number} is {format_size(layer.packed.size)} of gzip", layer=number)
            for number, layer in largest
        ],
    )


STORAGE = (
    Rule(
        id="gzip-layers",
        severity=Severity.LOW,
        title="Layers are packed by gzip where zstd would do",
        why="zstd packs layers tighter than gzip, and a machine that pulls them unpacks them several times as fast. "
        "Docker 23, containerd 1.5, CRI-O and Podman read both. How much it saves is only known once it was packed.",
        how="Say so to the exporter: `docker buildx build --output "
        "type=image,name=NAME,push=true,compression=zstd,force-compression=true`, or `outputs:` of "
        "docker/build-push-action. `force-compression` packs the layers of the base image anew, too.",
        bad='FROM debian:13-slim\nCOPY data /data\nCMD ["cat", "/data"]\n',
        good='FROM debian:13-slim\nCOPY data /data\nCMD ["cat", "/data"]\n',
        examine=_gzip,
        needs_image=True,
    ),
)
