"""From what people write to what a setting holds.

The same parsers serve every source: an input or variable brings text, the file and the command line also bring
lists, numbers and booleans. Each raises ValueError, in words that follow the key's name.
"""

from __future__ import annotations

import csv
import io
import posixpath
import re
from decimal import Decimal, InvalidOperation
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, SecretStr, WithJsonSchema

from weighbridge.core.rendering.units import parse_size
from weighbridge.errors import UsageError
from weighbridge.model.budget import Percent, Status
from weighbridge.reading.platforms import is_platform

MAX_TEXT = 65_536
"""Characters of one value; twice what GitHub lets an action's input hold."""

MAX_ITEMS = 1_000
MAX_TIMEOUT = 7 * 24 * 3600.0

_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)(s|m|h|)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LIST_SCHEMA = {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}]}


def _records(text: str) -> list[list[str]]:
    if len(text) > MAX_TEXT:
        raise ValueError(f"is longer than {MAX_TEXT:,} characters")
    try:
        return [record for record in csv.reader(io.StringIO(text, newline="")) if record]
    except csv.Error as error:
        raise ValueError(f"is not a list: {error}") from error


def _items(values: list[object] | tuple[object, ...]) -> tuple[object, ...]:
    kept = tuple(value.strip() if isinstance(value, str) else value for value in values)
    if len(kept) > MAX_ITEMS:
        raise ValueError(f"has more than {MAX_ITEMS:,} items")
    return tuple(value for value in kept if value != "")


def parse_lines(value: object) -> object:
    """One item a line; a quoted item may span lines, as docker/build-push-action has it."""
    if isinstance(value, str):
        return _items([",".join(record) for record in _records(value)])
    return _items(value) if isinstance(value, list | tuple) else value


def takes_from_environment(value: object) -> bool:
    """Whether one of some build arguments is a name alone, whose value the builder takes from its environment."""
    try:
        items = parse_lines(value)
    except ValueError:
        return False
    return isinstance(items, tuple) and any(isinstance(item, str) and "=" not in item for item in items)


def parse_csv(value: object) -> object:
    """Items between commas or on lines of their own."""
    if isinstance(value, str):
        return _items([item for record in _records(value) for item in record])
    if isinstance(value, list | tuple):
        parts = [part for item in value for part in (item.split(",") if isinstance(item, str) else [item])]
        return _items(parts)
    return value


def parse_boolean(value: object) -> bool:
    """YAML 1.2's booleans, the only ones that GitHub's toolkit takes, too."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip() in _BOOLEANS:
        return _BOOLEANS[value.strip()]
    raise ValueError("must be true or false")


def parse_bytes(value: object) -> int:
    """Bytes, as a number or as text with a decimal unit."""
    text = "" if isinstance(value, bool) or not isinstance(value, int | str) else str(value).strip()
    if text.startswith("-"):
        raise ValueError("must not be negative")
    try:
        return parse_size(text)
    except UsageError as error:
        raise ValueError("must be a size such as 250MB, 1.5GB or 1000000") from error


def parse_increase(value: object) -> int | Percent:
    """Bytes, or a share of the base with a percent sign."""
    if not (isinstance(value, str) and value.strip().endswith("%")):
        return parse_bytes(value)
    try:
        share = Decimal(value.strip().removesuffix("%").strip())
    except InvalidOperation as error:
        raise ValueError("must be a size such as 10MB or a share such as 5%") from error
    if not share.is_finite() or share > 1_000_000:
        raise ValueError("must be a size such as 10MB or a share such as 5%")
    if share < 0:
        raise ValueError("must not be negative")
    return Percent(value=share)


def parse_duration(value: object) -> float:
    """Seconds, as a number or as text that ends in s, m or h."""
    seconds: float | None = None
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value)
    elif isinstance(value, str) and (match := _DURATION.fullmatch(value.strip())):
        seconds = float(match[1]) * _SECONDS[match[2]]
    if seconds is None:
        raise ValueError("must be a time such as 90, 45s, 30m or 2h")
    if not 0 < seconds <= MAX_TIMEOUT:
        raise ValueError("must be more than nothing and at most seven days")
    return seconds


def parse_fail_on(value: object) -> frozenset[Status]:
    """The verdicts that fail a job; `never` stands for none of them."""
    words = parse_csv(value)
    choices = {status.value: status for status in (Status.FAIL, Status.UNKNOWN, Status.WARN)}
    if not isinstance(words, tuple) or not words or not all(word in choices or word == "never" for word in words):
        raise ValueError("must be a list of fail, unknown and warn, or never")
    if "never" in words and len(words) > 1:
        raise ValueError("contradicts itself: never stands alone")
    return frozenset(choices[word] for word in words if word in choices)


def _line(value: str) -> str:
    if not value.strip():
        raise ValueError("is empty")
    if _UNPRINTABLE.search(value):
        raise ValueError("must be one line without control characters")
    return value.strip()


def _word(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", value):
        raise ValueError(
            "must be letters, digits, dots, dashes and underscores, 64 at most, and begin with a letter or digit"
        )
    return value


def _inside(value: str) -> str:
    if "://" in value or value.startswith(("/", "-", "~", "git@")):
        raise ValueError("must be a path relative to the repository: both revisions are built from their own trees")
    path = posixpath.normpath(_line(value))
    if path == ".." or path.startswith("../"):
        raise ValueError("must not leave the repository")
    return path


def _revision(value: str) -> str:
    if _line(value).startswith("-"):
        raise ValueError("must be a branch, tag or commit")
    return value.strip()


def _address(value: str) -> str:
    address = _line(value).rstrip("/")
    if not re.fullmatch(
        r"https?://[A-Za-z0-9.\-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?|https?://\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?",
        address,
    ):
        raise ValueError("must be an http or https address such as https://weighbridge.example")
    return address


def _builder(value: str) -> str:
    if not re.fullmatch(
        r"[A-Za-z0-9][A-Za-z0-9_.-]*|(tcp|unix|kube-pod|docker-container)://[A-Za-z0-9./:_?=&,-]+", value
    ):
        raise ValueError("must be the name of a builder, or an address such as tcp://buildkitd.example:1234")
    return value


def _network(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.:/-]*", value):
        raise ValueError("must be the name of a network mode, such as default, none or host")
    return value


def _platforms(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if not is_platform(value):
            raise ValueError("must be platforms such as linux/amd64 or linux/arm/v7")
    if len(set(values)) < len(values):
        raise ValueError("contradicts itself: names the same platform twice")
    return values


def _assignments(values: tuple[str, ...]) -> tuple[str, ...]:
    """`KEY` or `KEY=value`; a key that is given twice with different values cannot be meant."""
    seen: dict[str, str] = {}
    for value in values:
        key = value.split("=", 1)[0]
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key):
            raise ValueError("must be lines of the form KEY=value")
        if seen.setdefault(key, value) != value:
            raise ValueError(f"contradicts itself: {key[:64]} has two values")
    return values


def _references(values: tuple[str, ...]) -> tuple[str, ...]:
    """`key=something`, each key once. The message never repeats a value, which may be a secret."""
    keys = []
    for value in values:
        key, separator, rest = value.partition("=")
        if not separator or not rest or not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.:/-]*", key):
            raise ValueError("must be lines of the form key=value")
        keys.append(key)
    if len(set(keys)) < len(keys):
        raise ValueError("contradicts itself: names the same key twice")
    return values


def _secrets(values: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    _references(tuple(value.get_secret_value() for value in values))
    return values


def _size_schema(*examples: str) -> WithJsonSchema:
    return WithJsonSchema({"type": ["integer", "string"], "minimum": 0, "examples": list(examples)})


Lines = Annotated[tuple[str, ...], BeforeValidator(parse_lines), WithJsonSchema(_LIST_SCHEMA)]
Items = Annotated[tuple[str, ...], BeforeValidator(parse_csv), WithJsonSchema(_LIST_SCHEMA)]
Assignments = Annotated[Lines, AfterValidator(_assignments)]
References = Annotated[Lines, AfterValidator(_references)]
Secrets = Annotated[
    tuple[SecretStr, ...], BeforeValidator(parse_lines), AfterValidator(_secrets), WithJsonSchema(_LIST_SCHEMA)
]
ReferenceItems = Annotated[Items, AfterValidator(_references)]
Platforms = Annotated[Items, AfterValidator(_platforms)]
Boolean = Annotated[bool, BeforeValidator(parse_boolean), WithJsonSchema({"type": "boolean"})]
Bytes = Annotated[int, BeforeValidator(parse_bytes), _size_schema("250MB", "1.5GB")]
Increase = Annotated[int | Percent, BeforeValidator(parse_increase), _size_schema("10MB", "5%")]
Duration = Annotated[
    float, BeforeValidator(parse_duration), WithJsonSchema({"type": ["number", "string"], "examples": [900, "30m"]})
]
FailOn = Annotated[frozenset[Status], BeforeValidator(parse_fail_on), WithJsonSchema(_LIST_SCHEMA)]
Line = Annotated[str, AfterValidator(_line)]
Address = Annotated[str, AfterValidator(_address)]
Builder = Annotated[str, AfterValidator(_builder)]
Word = Annotated[str, AfterValidator(_word)]
Inside = Annotated[str, AfterValidator(_inside)]
RevisionName = Annotated[str, AfterValidator(_revision)]
Network = Annotated[str, AfterValidator(_network)]
