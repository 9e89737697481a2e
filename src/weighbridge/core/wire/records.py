"""Records as JSON lines: one compact object a line, each with its version, so that old ones stay readable.

A line that this version cannot read (a newer version's, a damaged one) is kept as it stands and counted.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta
from msgspec.structs import asdict

from weighbridge.core.wire.models import Commit, Count, Name, Recipe, Seconds, Size, Text, Time, Wire
from weighbridge.core.wire.parsing import parsed
from weighbridge.core.wire.times import time_of, written
from weighbridge.model.budget import Status
from weighbridge.model.image import PackedSize
from weighbridge.model.packages import Ecosystem
from weighbridge.model.record import (
    DirectoryWeight,
    EcosystemWeight,
    Record,
    RecordedLayer,
    RecordedPackage,
)

VERSION = 1
"""What is written. Versions that were ever written are read for good; a file of each is among the tests."""

_MAX_LINE = 262_144


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """What a file of records holds: `unread` are lines of other versions or damaged ones, as they stand."""

    records: tuple[Record, ...]
    unread: tuple[str, ...] = ()


class _LayerV1(Wire, kw_only=True):
    id: Name
    size: Size
    packed_size: Size
    packed_size_estimated: bool
    created_by: Text
    from_base: bool


class _PackageV1(Wire, kw_only=True):
    ecosystem: Ecosystem
    name: Name
    version: Name
    size: Size


class _EcosystemV1(Wire, kw_only=True):
    ecosystem: Ecosystem
    size: Size
    packages: Count


class _DirectoryV1(Wire, kw_only=True):
    path: Text
    size: Size


class _RecordV1(Wire, kw_only=True):
    """Version 1, field by field. All sizes are bytes, all times UTC."""

    commit: Commit
    image: Name
    platform: Name
    time: Time
    recorded: Time
    ref: Name | None
    release: Name | None
    recipe: Recipe | None
    size: Size
    packed_size: Size
    packed_size_estimated: bool
    wasted: Size
    file_count: Count
    layers: Annotated[tuple[_LayerV1, ...], Meta(max_length=2_000)]
    packages: Annotated[tuple[_PackageV1, ...], Meta(max_length=1_000)]
    ecosystems: Annotated[tuple[_EcosystemV1, ...], Meta(max_length=100)]
    directories: Annotated[tuple[_DirectoryV1, ...], Meta(max_length=1_000)]
    build_seconds: Seconds | None
    base_name: Text | None
    base_digest: Name | None
    verdict: Status
    max_size: Size | None
    saving: Size | None
    tool_version: Name

    def record(self) -> Record:
        """As the model has it. Raises ValueError for a time that there is not."""
        plain = {name: getattr(self, name) for name in _PLAIN}
        return Record(
            **plain,
            time=time_of(self.time),
            recorded=time_of(self.recorded),
            packed=PackedSize(size=self.packed_size, estimated=self.packed_size_estimated),
            layers=tuple(
                RecordedLayer(
                    id=layer.id,
                    size=layer.size,
                    packed=PackedSize(size=layer.packed_size, estimated=layer.packed_size_estimated),
                    created_by=layer.created_by,
                    from_base=layer.from_base,
                )
                for layer in self.layers
            ),
            packages=tuple(RecordedPackage(**asdict(package)) for package in self.packages),
            ecosystems=tuple(EcosystemWeight(**asdict(ecosystem)) for ecosystem in self.ecosystems),
            directories=tuple(DirectoryWeight(**asdict(directory)) for directory in self.directories),
        )


_PLAIN = (
    "commit", "image", "platform", "ref", "release", "recipe", "size", "wasted", "file_count", "build_seconds",
    "base_name", "base_digest", "verdict", "max_size", "saving", "tool_version",
)  # fmt: skip


class _Versioned(Wire):
    """What every line tells first."""

    v: int


def _read_v1(line: str) -> Record:
    return parsed(line, _RecordV1).record()


_READERS: Mapping[int, Callable[[str], Record]] = {1: _read_v1}


def load_records(text: str) -> Lines:
    """Reads what anybody may have written; nothing in it is an error."""
    records: list[Record] = []
    unread: list[str] = []
    for line in text.split("\n"):
        if not line.strip():
            continue
        record = _read(line)
        if record is None:
            unread.append(line)
        else:
            records.append(record)
    return Lines(records=tuple(records), unread=tuple(unread))


def _read(line: str) -> Record | None:
    if len(line) > _MAX_LINE:
        return None
    try:
        reader = _READERS.get(parsed(line, _Versioned).v)
        return None if reader is None else reader(line)
    except (ValueError, RecursionError):
        return None


def dump_records(records: Iterable[Record], unread: Iterable[str] = ()) -> str:
    """A line each, the same for the same record; then the lines that could not be read, as they stand."""
    return "".join(f"{line}\n" for line in (*map(dump_record, records), *unread))


def dump_record(record: Record) -> str:
    """One line, without its end."""
    return json.dumps({"v": VERSION, **record_value(record)}, ensure_ascii=False, separators=(",", ":"))


def record_value(record: Record) -> dict[str, Any]:
    """The JSON value of a record, without its version."""
    return {
        "commit": record.commit,
        "image": record.image,
        "platform": record.platform,
        "time": written(record.time),
        "recorded": written(record.recorded),
        "ref": record.ref,
        "release": record.release,
        "recipe": record.recipe,
        "size": record.size,
        "packed_size": record.packed.size,
        "packed_size_estimated": record.packed.estimated,
        "wasted": record.wasted,
        "file_count": record.file_count,
        "layers": [_layer(layer) for layer in record.layers],
        "packages": [
            {"ecosystem": each.ecosystem.value, "name": each.name, "version": each.version, "size": each.size}
            for each in record.packages
        ],
        "ecosystems": [
            {"ecosystem": each.ecosystem.value, "size": each.size, "packages": each.packages}
            for each in record.ecosystems
        ],
        "directories": [{"path": each.path, "size": each.size} for each in record.directories],
        "build_seconds": None if record.build_seconds is None else round(record.build_seconds, 1),
        "base_name": record.base_name,
        "base_digest": record.base_digest,
        "verdict": record.verdict.value,
        "max_size": record.max_size,
        "saving": record.saving,
        "tool_version": record.tool_version,
    }


def _layer(layer: RecordedLayer) -> dict[str, Any]:
    return {
        "id": layer.id,
        "size": layer.size,
        "packed_size": layer.packed.size,
        "packed_size_estimated": layer.packed.estimated,
        "created_by": layer.created_by,
        "from_base": layer.from_base,
    }
