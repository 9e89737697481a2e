"""What an address of a badge or a chart asks for. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qs

from weighbridge.core.badges.choices import Kind, Style
from weighbridge.core.charts.choices import ChartKind, Theme
from weighbridge.errors import UsageError
from weighbridge.service.pictures.addresses import BADGES, CHARTS
from weighbridge.service.values import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST = 2_000
_Choice = TypeVar("_Choice", Kind, Style, ChartKind, Theme)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A picture. `image` is None for all of a repository; `ref` is a branch or a tag, None for the default branch."""

    kind: Kind | ChartKind
    ending: str
    repository: str
    image: str | None
    platform: str | None
    ref: str | None
    label: str | None
    style: Style
    theme: Theme
    token: str


def asked(path: str, query: bytes) -> Asked:
    """What is asked for. Raises UsageError, in one line, for what there is no picture of."""
    badge = path.startswith(BADGES)
    parts = path.removeprefix(BADGES if badge else CHARTS).split("/")
    if len(path) + len(query) > _LONGEST or len(parts) < 3 or not all(parts):
        raise UsageError("an address of a picture is /badges/OWNER/REPOSITORY/IMAGE/KIND.svg, or /charts/…")
    parts = [plain(part, _LONGEST) for part in parts]
    name, _, ending = parts[-1].partition(".")
    if ending not in (("svg", "json") if badge else ("svg",)):
        raise UsageError("a badge is .svg or .json, a chart is .svg")
    given = {key: values[-1] for key, values in parse_qs(query.decode("latin-1"), keep_blank_values=True).items()}
    kind = _one(Kind, name, "kind") if badge else _one(ChartKind, name, "kind")
    return Asked(
        kind=kind,
        ending=ending,
        repository=f"{parts[0]}/{parts[1]}",
        image="/".join(parts[2:-1]) or None,
        platform=_text(given, "platform"),
        ref=_text(given, "ref"),
        label=given.get("label"),
        style=_one(Style, given.get("style") or Style.FLAT.value, "style"),
        theme=_one(Theme, given.get("theme") or Theme.AUTO.value, "theme"),
        token=given.get("token", ""),
    )


def _text(given: Mapping[str, str], name: str) -> str | None:
    return plain(given[name], _LONGEST) if given.get(name) else None


def _one(choices: type[_Choice], text: str, what: str) -> _Choice:
    try:
        return choices(text)
    except ValueError:
        raise UsageError(f"{what} must be one of {', '.join(choices)}") from None
