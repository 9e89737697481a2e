"""YAML to a document, as far as the configuration file may go."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import cast

import yaml

from weighbridge.errors import ConfigurationError
from weighbridge.settings.file import MAX_FILE_BYTES, Document, Place, printable

MAX_DEPTH = 8


def parse_document(data: bytes, name: str) -> Document:
    """A YAML mapping. Aliases, tags, duplicate keys and anything very large or deep are refused."""
    if len(data) > MAX_FILE_BYTES:
        raise ConfigurationError(f"{name}: is larger than {MAX_FILE_BYTES:,} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(f"{name}:{line}: is not UTF-8") from error
    try:
        node = _compose(text, name)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ConfigurationError(f"{name}:{mark.line + 1 if mark else 1}: is not YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{name}: is not YAML: it holds characters that YAML does not allow") from error
    lines: dict[Place, int] = {}
    value = _Reader(name, lines).value(node, ()) if node is not None else {}
    if not isinstance(value, dict):
        raise ConfigurationError(f"{name}:1: must be a mapping of settings")
    return Document(name=name, values=cast(dict[str, object], value), lines=lines)


def _compose(text: str, name: str) -> yaml.Node | None:
    loader = _Loader(text, name)
    try:
        return loader.get_single_node()
    finally:
        loader.dispose()


class _Loader(yaml.BaseLoader):
    """YAML 1.2's core types (`off` and `no` are words, `12:30` is no number), without aliases, of bounded depth."""

    def __init__(self, text: str, name: str) -> None:
        super().__init__(text)
        self._file = name
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]
        line = 1 + (event.start_mark.line if event.start_mark else 0)
        if isinstance(event, yaml.AliasEvent):
            raise ConfigurationError(
                f"{self._file}:{line}: aliases (*{printable(str(event.anchor))}) are not supported"
            )
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ConfigurationError(f"{self._file}:{line}: is nested too deeply")
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


_TAG = "tag:yaml.org,2002:"
for _kind, _pattern, _first in (
    ("null", r"(?:~|null|Null|NULL|)", [*"~nN", ""]),
    ("bool", r"(?:true|True|TRUE|false|False|FALSE)", [*"tTfF"]),
    ("int", r"[-+]?[0-9]+", [*"-+0123456789"]),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", [*"-+.0123456789"]),
):
    _Loader.add_implicit_resolver(_TAG + _kind, re.compile(rf"^{_pattern}$"), _first)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns nodes into values and notes their lines."""

    file: str
    lines: dict[Place, int]

    def value(self, node: yaml.Node, place: Place) -> object:
        self.lines.setdefault(place, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            self._expect(node, "map")
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            self._expect(node, "seq")
            return [self.value(item, (*place, index)) for index, item in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, object]:
        values: dict[str, object] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise ConfigurationError(f"{self.file}:{line}: a key must be text")
            name = str(key.value)
            if name in values:
                first = self.lines[(*place, name)]
                raise ConfigurationError(f"{self.file}:{line}: {printable(name)}: is there already, in line {first}")
            self.lines[(*place, name)] = line
            values[name] = self.value(value, (*place, name))
        return values

    def _scalar(self, node: yaml.Node) -> object:
        text = str(node.value)
        kind = node.tag.removeprefix(_TAG)
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        if kind == "int" and len(text) <= 20:
            return int(text)
        if kind == "float" and len(text) <= 40:
            return float(text)
        self._expect(node, "str", "int", "float")
        return text

    def _expect(self, node: yaml.Node, *kinds: str) -> None:
        if node.tag not in {_TAG + kind for kind in kinds} | {"!"}:
            line = node.start_mark.line + 1
            raise ConfigurationError(f"{self.file}:{line}: the tag {printable(node.tag)} is not supported")
