"""What is derived from the model for people and editors: the table of inputs and the file's JSON Schema."""

from __future__ import annotations

import json
from importlib.resources import files

from tabulate import tabulate

from weighbridge.settings.base import kebab
from weighbridge.settings.model import ImageSettings, Settings
from weighbridge.settings.sources import about, keys

SCHEMA_FILE = "weighbridge.schema.json"


def describe_inputs() -> dict[str, str]:
    """Every input by name, with what it means and its default: what action.yml says of it."""
    return {name: f"{text} Default: {default}." if default else text for name, text, default in _rows()}


def inputs_table() -> str:
    """The inputs as a Markdown table."""
    rows = [(f"`{name}`", text, default) for name, text, default in _rows()]
    return tabulate(rows, headers=("Input", "Meaning", "Default"), tablefmt="github", disable_numparse=True)


def _rows() -> list[tuple[str, str, str]]:
    """Name, meaning and default, the reporting inputs first."""
    rows = []
    for model in (Settings, ImageSettings):
        for field, info in model.model_fields.items():
            note = about(model, field)
            if field != "images" and not (note.file_only or note.no_input):
                rows.append((kebab(field), info.description or "", _default(model, field)))
    return rows


def _default(model: type[ImageSettings | Settings], field: str) -> str:
    note = about(model, field)
    value = model.model_fields[field].default
    if note.default is not None:
        return note.default
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    return f"`{value}`" if isinstance(value, str | int) else ""


def file_schema() -> str:
    """JSON Schema of the configuration file, as the text that ships with the package."""
    image = _properties(ImageSettings)
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "weighbridge configuration",
        "description": "What .weighbridge.yml may hold. Settings of images at the top are defaults for all of them.",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "images": {
                "description": "The images to weigh. Without it there is one, described at the top of the file.",
                "type": "array",
                "minItems": 1,
                "items": {"$ref": "#/$defs/image"},
            },
            **_properties(Settings),
            **image,
        },
        "$defs": {
            "image": {"type": "object", "additionalProperties": False, "properties": image},
            **_definitions(ImageSettings),
        },
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def shipped_schema() -> str:
    """The JSON Schema that the package holds."""
    return files("weighbridge.settings").joinpath(SCHEMA_FILE).read_text("utf-8")


def _properties(model: type[ImageSettings | Settings]) -> dict[str, object]:
    described = model.model_json_schema(by_alias=True)["properties"]
    return {key: _property(described[key]) for key in keys(model, in_file=True)}


def _definitions(model: type[ImageSettings | Settings]) -> dict[str, object]:
    """The mappings that its keys hold."""
    found: dict[str, object] = {}
    for name, described in model.model_json_schema(by_alias=True).get("$defs", {}).items():
        if described.get("type") == "object":
            properties = {key: _property(value) for key, value in described["properties"].items()}
            kept = {key: value for key, value in described.items() if key not in ("title", "properties")}
            found[name] = {**kept, "properties": properties}
    return found


def _property(described: dict[str, object]) -> dict[str, object]:
    """A key that is left out has its default; so null is no value, and defaults stand in the descriptions."""
    kept = {name: value for name, value in described.items() if name not in ("title", "default")}
    choices = kept.pop("anyOf", None)
    if not isinstance(choices, list):
        return kept
    choices = [choice for choice in choices if choice != {"type": "null"}]
    return {**kept, **choices[0]} if len(choices) == 1 else {**kept, "anyOf": choices}
