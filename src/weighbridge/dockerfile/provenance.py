"""BuildKit's provenance, as buildx writes it into its metadata file: which Dockerfile line made which layer.

`BUILDX_METADATA_PROVENANCE=max` puts a SLSA v0.2 predicate there, without a registry and without an attestation. Its
`source.locations` maps every step to lines, `layers` every step's output to the layers up to it. Format: BuildKit,
docs/attestations/slsa-definitions.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from weighbridge.model.build import Provenance, ProvenLayer
from weighbridge.model.image import SourceLine

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_STEPS = 20_000
_IMAGE_SOURCES = ("docker-image://", "oci-layout://")

Chain = tuple[str, ...]


def parse_provenance(metadata: object, dockerfile: str) -> Provenance | None:
    """The provenance in a metadata file's JSON; None where there is none that can be understood.

    `dockerfile` is the path that lines are reported with: BuildKit knows only the file's own name.
    """
    document = _mapping(_mapping(metadata).get("buildx.build.provenance"))
    # SLSA v1 moved the same parts one level down.
    inside = _mapping(_mapping(document.get("metadata")).get("https://mobyproject.org/buildkit@v1#metadata"))
    steps = _mapping(_mapping(document.get("buildConfig"))).get("llbDefinition")
    if not inside or not isinstance(steps, list) or len(steps) > _MAX_STEPS:
        return None
    chains = _chains(_mapping(inside.get("layers")))
    final = _final_chain(steps, chains)
    if final is None:
        return None
    locations = _mapping(_mapping(inside.get("source")).get("locations"))
    makers = _makers(steps, chains)
    base = _base_length(steps, chains, final)
    layers = []
    for position, digest in enumerate(final):
        from_base = position < base
        maker = makers.get(final[: position + 1])
        line = None if from_base or maker is None else _line(locations.get(maker), dockerfile)
        layers.append(ProvenLayer(digest=digest, line=line, from_base=from_base))
    return Provenance(layers=tuple(layers), materials=_materials(document.get("materials")))


def _chains(layers: Mapping[str, Any]) -> dict[str, Chain]:
    """Step output (`step4:0`) → the digests of the layers up to it."""
    chains: dict[str, Chain] = {}
    for output, value in layers.items():
        first = value[0] if isinstance(value, list) and value else None
        if isinstance(first, list) and all(isinstance(_mapping(layer).get("digest"), str) for layer in first):
            chains[output] = tuple(layer["digest"] for layer in first)
    return chains


def _final_chain(steps: list[Any], chains: Mapping[str, Chain]) -> Chain | None:
    """What the last step, which only names the result, takes as its input."""
    inputs = _mapping(steps[-1] if steps else None).get("inputs")
    output = inputs[0] if isinstance(inputs, list) and inputs else None
    return chains.get(output) if isinstance(output, str) else None


def _makers(steps: list[Any], chains: Mapping[str, Chain]) -> dict[Chain, str]:
    """Chain → the first step whose output it is; a step that changed nothing has the chain of its input."""
    makers: dict[Chain, str] = {}
    for step in steps:
        name = _mapping(step).get("id")
        if isinstance(name, str):
            for output in (f"{name}:0", f"{name}:1"):
                if output in chains:
                    makers.setdefault(chains[output], name)
    return makers


def _base_length(steps: list[Any], chains: Mapping[str, Chain], final: Chain) -> int:
    """How many of the result's oldest layers an image brought."""
    longest = 0
    for step in steps:
        source = _mapping(_mapping(_mapping(_mapping(step).get("op")).get("Op")).get("source"))
        chain = chains.get(f"{_mapping(step).get('id')}:0", ())
        if str(source.get("identifier", "")).startswith(_IMAGE_SOURCES) and final[: len(chain)] == chain:
            longest = max(longest, len(chain))
    return longest


def _line(location: object, dockerfile: str) -> SourceLine | None:
    places = _mapping(location).get("locations")
    # The last place is the instruction's own; ONBUILD triggers stand at their FROM.
    own = places[-1] if isinstance(places, list) and places else None
    ranges = _mapping(own).get("ranges")
    if not isinstance(ranges, list):
        return None
    numbers = [
        number
        for each in ranges
        for edge in ("start", "end")
        if isinstance(number := _mapping(_mapping(each).get(edge)).get("line"), int) and number > 0
    ]
    return SourceLine(file=dockerfile, start=min(numbers), end=max(numbers)) if numbers else None


def _materials(value: object) -> tuple[tuple[str, str], ...]:
    found = []
    for material in value[:1000] if isinstance(value, list) else []:
        uri, digest = _mapping(material).get("uri"), _mapping(_mapping(material).get("digest")).get("sha256")
        if isinstance(uri, str) and isinstance(digest, str):
            found.append((uri, f"sha256:{digest}"))
    return tuple(found)


def base_digest(provenance: Provenance | None, base_name: str | None) -> str | None:
    """The digest of FROM's image (`sha256:…`); None where neither its name nor the provenance tells it."""
    if base_name is None:
        return None
    name, _, pinned = base_name.partition("@")
    if pinned:
        return pinned
    wanted = _full_name(name)
    for url, digest in provenance.materials if provenance is not None else ():
        material = unquote(url.removeprefix("pkg:docker/").partition("?")[0])
        path, _, tag = material.rpartition("@")
        if url.startswith("pkg:docker/") and _full_name(f"{path}:{tag}" if path else material) == wanted:
            return digest
    return None


def _full_name(name: str) -> str:
    """As registries know it, with host and tag: `docker.io/library/debian:latest`."""
    host, slash, rest = name.partition("/")
    if not slash or not (host == "localhost" or set(host) & set(".:")):
        host, rest = "docker.io", name
    if host in ("docker.io", "index.docker.io"):
        host, rest = "docker.io", rest if "/" in rest else f"library/{rest}"
    return f"{host}/{rest}" if ":" in rest else f"{host}/{rest}:latest"


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
