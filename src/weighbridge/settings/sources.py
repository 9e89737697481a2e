"""Where settings come from, and which source wins: command line, inputs, environment, file, defaults."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from pydantic import ValidationError

from weighbridge.errors import ConfigurationError
from weighbridge.settings.base import About, Model, kebab
from weighbridge.settings.file import Document, Place, printable, read_document
from weighbridge.settings.model import DEFAULT_CONFIG, ImageSettings, Settings
from weighbridge.settings.smoke import RequestSettings, ServiceSettings, SmokeSettings
from weighbridge.settings.values import takes_from_environment

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

PREFIX = "WEIGHBRIDGE_"
# What pydantic says of the shapes of values, in the file's words.
_WORDS = {
    "extra_forbidden": "unknown key",
    "missing": "lacks",
    "model_type": "must be a mapping",
    "tuple_type": "must be a list",
    "too_short": "is empty",
    "string_too_short": "is empty",
}
_NO_VALUE = "has no value: give it one, or leave the key out"


@dataclass(frozen=True, slots=True)
class _Given:
    """A value and who gave it, as a message names it."""

    value: object
    where: str


def about(model: type[ImageSettings | Settings], field: str) -> About:
    """What else is known of a field."""
    notes = (note for note in model.model_fields[field].metadata if isinstance(note, About))
    return next(notes, About())


def keys(model: type[ImageSettings | Settings], *, in_file: bool = False) -> tuple[str, ...]:
    """The names that people write, in the model's order: those of the file, or those of inputs and options."""
    fields = ((kebab(field), about(model, field)) for field in model.model_fields if field != "images")
    return tuple(key for key, note in fields if not (note.run_only if in_file else note.file_only))


# Where the command line calls a setting by another name: an option that is repeated holds one item.
OPTIONS = {
    "context": "CONTEXT",
    "build-args": "--build-arg",
    "build-contexts": "--build-context",
    "secret-envs": "--secret-env",
    "secret-files": "--secret-file",
    "platforms": "--platform",
}
_FILE_IMAGE_KEYS = keys(ImageSettings, in_file=True)
_IMAGE_KEYS = tuple(dict.fromkeys((*keys(ImageSettings), *_FILE_IMAGE_KEYS)))
_RUN_KEYS = keys(Settings)
_GIVEN_KEYS = (*keys(ImageSettings), *_RUN_KEYS)


def load(*, cli: Mapping[str, object], environ: Mapping[str, str], root: Path) -> Settings:
    """The settings for the repository at `root`.

    `cli` holds what the command line gave, by option name; None, an empty text or an empty list mean that it said
    nothing. What is not of the file holds for every image in it. Raises ConfigurationError.
    """
    given = _environment(environ) | _inputs(environ) | _command_line(cli)
    document = _document(given.get("config"), root)
    _check(document)
    fallback = _default_name(environ, root)
    # On its own first: a mistake in the file is one even where something else overrides it.
    _settings(document, {}, fallback)
    return _settings(document, given, fallback)


def _environment(environ: Mapping[str, str]) -> dict[str, _Given]:
    names = {PREFIX + key.replace("-", "_").upper(): key for key in _GIVEN_KEYS}
    for variable in environ:
        if variable.startswith(PREFIX) and variable not in names:
            # Other tools may have variables by this prefix; a near miss is a mistake.
            suffixes = [name.removeprefix(PREFIX) for name in names]
            close = difflib.get_close_matches(variable.removeprefix(PREFIX), suffixes, 1, 0.85)
            if close:
                raise ConfigurationError(f"{printable(variable)}: unknown variable, did you mean {PREFIX}{close[0]}?")
    found = {key: _Given(environ[variable], variable) for variable, key in names.items() if environ.get(variable)}
    if environ.get("GITHUB_TOKEN"):
        found.setdefault("github-token", _Given(environ["GITHUB_TOKEN"], "GITHUB_TOKEN"))
    return found


def _inputs(environ: Mapping[str, str]) -> dict[str, _Given]:
    """The runner names an input's variable by its name in capitals and keeps the hyphens."""
    values = {key: environ.get(f"INPUT_{key.upper()}", "") for key in _GIVEN_KEYS}
    return {key: _Given(value, f"input {key}") for key, value in values.items() if value.strip()}


def _command_line(cli: Mapping[str, object]) -> dict[str, _Given]:
    found = {}
    for option, value in cli.items():
        key = kebab(option)
        if key not in _GIVEN_KEYS:
            raise ConfigurationError(f"--{printable(key)}: unknown option{_suggestion(key, _GIVEN_KEYS)}")
        if value is not None and value not in ("", (), []):
            found[key] = _Given(value, OPTIONS.get(key, f"--{key}"))
    return found


def _document(config: _Given | None, root: Path) -> Document:
    """The file that is named, or the one that may be there."""
    name = DEFAULT_CONFIG if config is None else str(config.value).strip()
    path = root / name
    # The repository may be a stranger's: a link in it must not lead out of it.
    if path.is_relative_to(root) and ".." not in path.parts and not path.resolve().is_relative_to(root.resolve()):
        raise ConfigurationError(f"{printable(name)}: is a link that leaves the repository")
    document = read_document(path, printable(name))
    if document is None and config is not None:
        raise ConfigurationError(f"{config.where}: there is no file {printable(name)} in {root}")
    return document or Document(name=name)


def _check(document: Document) -> None:
    """Unknown keys and misplaced ones, before values are looked at."""
    top = (*_FILE_IMAGE_KEYS, *keys(Settings, in_file=True), "images")
    _check_keys(document, document.values, (), top)
    images = document.values.get("images")
    if images is None:
        return
    if not isinstance(images, list) or not images:
        raise ConfigurationError(f"{document.where(('images',))}: must be a list with at least one image")
    for index, image in enumerate(images):
        if not isinstance(image, dict):
            raise ConfigurationError(f"{document.where(('images', index))}: must be a mapping of an image's settings")
        _check_keys(document, image, ("images", index), _FILE_IMAGE_KEYS)


def _check_keys(document: Document, values: Mapping[str, object], place: Place, allowed: Sequence[str]) -> None:
    for key, value in values.items():
        where = document.where((*place, key)) if key.isprintable() else document.where(place)
        if key in allowed:
            if value is None:
                raise ConfigurationError(f"{where}: {_NO_VALUE}")
            _check_values(document, value, (*place, key))
            if key == "build-args" and takes_from_environment(value):
                raise ConfigurationError(
                    f"{where}: must be KEY=value in the file: a KEY alone would pass on a variable"
                )
        elif key in _RUN_KEYS and key in keys(Settings, in_file=True):
            raise ConfigurationError(f"{where}: is not a setting of one image: put it at the top of the file")
        elif key in _GIVEN_KEYS:
            raise ConfigurationError(f"{where}: cannot be set in the file: give it as an input or option")
        else:
            raise ConfigurationError(f"{_bounded(where)}: unknown key{_suggestion(key, allowed)}")


def _check_values(document: Document, value: object, place: Place) -> None:
    """No key further down is without a value either."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if inner is None:
                raise ConfigurationError(f"{_where(document, (*place, key))}: {_NO_VALUE}")
            _check_values(document, inner, (*place, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _check_values(document, inner, (*place, index))


def _where(document: Document, place: Place) -> str:
    """The place, up to a key that may be shown."""
    shown = next((number for number, step in enumerate(place) if not str(step).isprintable()), len(place))
    return _bounded(document.where(place[:shown]))


def _settings(document: Document, given: Mapping[str, _Given], fallback: str) -> Settings:
    """Puts the sources together and validates the result."""
    listed = cast(list[dict[str, object]], document.values.get("images", [{}]))
    places: dict[Place, str | Place] = {}
    values: dict[str, object] = {}
    for key in _RUN_KEYS:
        _pick(values, places, (), key, given, document, [()])
    images = []
    for index in range(len(listed)):
        image: dict[str, object] = {}
        sources: list[Place] = [("images", index), ()] if "images" in document.values else [()]
        for key in _IMAGE_KEYS:
            _pick(image, places, ("images", index), key, given, document, sources)
        image.setdefault("name", _name_of(image.get("context"), fallback))
        images.append(image)
    try:
        return Settings.model_validate({**values, "images": images})
    except ValidationError as error:
        raise ConfigurationError(_message(error, places, document)) from None


def _pick(
    target: dict[str, object],
    places: dict[Place, str | Place],
    at: Place,
    key: str,
    given: Mapping[str, _Given],
    document: Document,
    sources: Iterable[Place],
) -> None:
    """Takes the value from the first source that has one, and notes which it was."""
    if key in given:
        target[key], places[(*at, key)] = given[key].value, given[key].where
        return
    for source in sources:
        values = _at(document, source)
        if key in values:
            target[key], places[(*at, key)] = values[key], (*source, key)
            return


def _at(document: Document, place: Place) -> Mapping[str, object]:
    value: object = document.values
    for step in place:
        value = cast(Mapping[object, object], value)[step]
    return cast(Mapping[str, object], value)


def _message(error: ValidationError, places: Mapping[Place, str | Place], document: Document) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    context = first.get("ctx", {})
    location: Place = (*first["loc"], *context.get("at", ()))
    known = location
    while known and known not in places:
        known = known[:-1]
    cause = context.get("error")
    text = str(cause) if cause is not None else first["msg"].replace("Input should", "should")
    text = _WORDS.get(first["type"], text)
    if first["type"] == "extra_forbidden":
        text += _suggestion(str(location[-1]), _siblings(location))
    elif first["type"] == "missing":
        text += f" {location[-1]}"
    source = places.get(known, ())
    if isinstance(source, str):
        return f"{source}: {text}"
    deeper = (*source, *location[len(known) :])
    while len(deeper) > len(source) and deeper not in document.lines:
        deeper = deeper[:-1]
    return f"{_where(document, deeper)}: {text}"


def _siblings(location: Place) -> tuple[str, ...]:
    """The keys that there are where an unknown one was found."""
    models: dict[str, type[Model]] = {"requests": RequestSettings, "services": ServiceSettings, "smoke": SmokeSettings}
    named = next((models[str(step)] for step in reversed(location[:-1]) if step in models), None)
    return () if named is None else tuple(kebab(field) for field in named.model_fields)


def _default_name(environ: Mapping[str, str], root: Path) -> str:
    """What an image is called where nobody names it: as the repository is."""
    repository = environ.get("GITHUB_REPOSITORY", "").rpartition("/")[2]
    return _word(repository) or _word(root.resolve().name) or "image"


def _name_of(context: object, fallback: str) -> str:
    """The last directory of the context, which tells the images of one repository apart."""
    directory = context.rstrip("/").rpartition("/")[2] if isinstance(context, str) else ""
    return _word(directory) or fallback


def _word(text: str) -> str:
    return re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-._")[:64]


def _suggestion(key: str, allowed: Sequence[str]) -> str:
    close = difflib.get_close_matches(key, allowed, 1)
    return f", did you mean {close[0]}?" if close else ""


def _bounded(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:200]}…"
