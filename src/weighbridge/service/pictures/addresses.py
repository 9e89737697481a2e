"""Where badges and charts are, and the tokens in the addresses of those that not everybody may see."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import TYPE_CHECKING

from weighbridge.core.badges.choices import Kind
from weighbridge.service.addresses import linked, path
from weighbridge.service.auth.settings import Reading

if TYPE_CHECKING:
    from weighbridge.core.charts.choices import ChartKind
    from weighbridge.service.queries import Shown
    from weighbridge.service.running import Service

BADGES, CHARTS = "/badges/", "/charts/"
_BYTES = 24


def token(secret: bytes, repository: str) -> str:
    """What opens the pictures of a repository: 192 bits of an HMAC-SHA-256 of its name."""
    told = hmac.new(secret, b"pictures\0" + repository.casefold().encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(told[:_BYTES]).decode()


def is_token(secret: bytes, repository: str, given: str) -> bool:
    """Whether a token is that of a repository, in a time that tells nothing."""
    return hmac.compare_digest(token(secret, repository).encode(), given.encode("utf-8", "replace"))


def is_open(here: Service, *, private: bool) -> bool:
    """Whether everybody may see a repository's pictures."""
    return here.configuration.reading is Reading.PUBLIC and not private


def _address(
    here: Service, start: str, repository: str, private: bool, image: str | None, file: str, platform: str | None
) -> str:
    parts = (*repository.split("/", 1), *([image] if image is not None else []), file)
    # An image's name may have slashes in it.
    whole = start + "/".join(path(part) for part in parts)
    return linked(
        whole, platform=platform, token=None if is_open(here, private=private) else token(here.secret, repository)
    )


def chart(
    here: Service,
    repository: str,
    image: str | None,
    platform: str | None,
    kind: ChartKind,
    *,
    private: bool = False,
) -> str:
    """A chart of an image, or of all images of a repository."""
    return _address(here, CHARTS, repository, private, image, f"{kind.value}.svg", platform)


def badges(here: Service, shown: Shown) -> Mapping[str, str]:
    """The badges of an image, by what they say."""
    names = {
        Kind.SIZE: "image size",
        Kind.PACKED: "image pull size",
        Kind.CHANGE: "change since the last release",
        Kind.LAYERS: "image layers",
        Kind.SAVING: "proven saving",
    }
    image = shown.image
    return {
        name: _address(
            here, BADGES, shown.repository, shown.private, image.name, f"{kind.value}.svg", _platform(image.platform)
        )
        for kind, name in names.items()
    }


def _platform(platform: str) -> str | None:
    return None if platform == "linux/amd64" else platform


def snippet(here: Service, shown: Shown, chart_kinds: Mapping[ChartKind, str]) -> str:
    """What to paste into a README."""
    site = str(here.configuration.public_url).rstrip("/")
    lines = [f"![{name}]({site}{address})" for name, address in badges(here, shown).items()]
    lines.append("")
    image = shown.image
    lines += [
        f"![{name} over time]({site}"
        f"{chart(here, shown.repository, image.name, _platform(image.platform), kind, private=shown.private)})"
        for kind, name in chart_kinds.items()
    ]
    return "\n".join(lines)
