"""What an image can be named by, after skopeo's transports."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from weighbridge.errors import UsageError
from weighbridge.reading.platforms import is_platform

# What the engine takes for a name, after https://pkg.go.dev/github.com/distribution/reference; IDs have its form.
_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]+)?"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_DIGEST = r"[A-Za-z0-9+._-]+:[0-9a-fA-F]{32,}"
_REFERENCE = re.compile(rf"(?:{_HOST}/)?{_PART}(?:/{_PART})*(?::{_TAG})?(?:@{_DIGEST})?")


class Transport(StrEnum):
    """Where an image is read from."""

    DAEMON = "docker-daemon"
    DOCKER_ARCHIVE = "docker-archive"
    OCI_ARCHIVE = "oci-archive"
    OCI_DIRECTORY = "oci"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageName:
    """`path` is None for the daemon; `reference` None where an archive holds one image. `text` is as written.

    `platform` (`os/architecture[/variant]`) chooses where a name stands for several; None: this machine's, or the one.
    """

    text: str
    transport: Transport
    path: Path | None = None
    reference: str | None = None
    platform: str | None = None


def parse_image_name(text: str, platform: str | None = None) -> ImageName:
    """Parses `docker-daemon:REF`, `docker-archive:PATH[:REF]`, `oci-archive:PATH[:REF]`, `oci:DIR[:REF]`, a bare name.

    A bare name is looked up in the daemon. Raises UsageError.
    """
    if platform is not None and not is_platform(platform):
        raise UsageError(f"{platform!r} is no platform; write it as linux/amd64 or linux/arm/v7")
    return replace(_parsed(text), platform=platform)


def _parsed(text: str) -> ImageName:
    if not text or any(ord(character) < 32 for character in text):
        raise UsageError(f"{text!r} does not name an image")
    if text.startswith("docker://"):
        raise UsageError(f"{text}: pull the image first and name it docker-daemon:{text[len('docker://') :]}")
    prefix, _, rest = text.partition(":")
    if prefix == Transport.DAEMON:
        return ImageName(text=text, transport=Transport.DAEMON, reference=_reference(_needed(rest, text), text))
    if prefix in (Transport.DOCKER_ARCHIVE, Transport.OCI_ARCHIVE, Transport.OCI_DIRECTORY):
        path, reference = _split_path(_needed(rest, text))
        if not path.exists():
            raise UsageError(f"{text}: there is no {path}")
        return ImageName(text=text, transport=Transport(prefix), path=path, reference=reference)
    if Path(text).exists() and "/" in text:
        kind = Transport.OCI_DIRECTORY if Path(text).is_dir() else Transport.DOCKER_ARCHIVE
        raise UsageError(f"{text} is a path; to weigh what it holds, write {kind}:{text}")
    return ImageName(text=text, transport=Transport.DAEMON, reference=_reference(text, text))


def _reference(reference: str, text: str) -> str:
    if not is_reference(reference):
        raise UsageError(f"{text!r} does not name an image: names are lower-case, as registry/name:tag")
    return reference


def is_reference(text: str) -> bool:
    """Whether an engine could know an image by the text. What else it is asked for by another name is no image."""
    return _REFERENCE.fullmatch(text) is not None


def _needed(rest: str, text: str) -> str:
    if not rest:
        raise UsageError(f"{text}: what is to be weighed must follow the colon")
    return rest


def _split_path(rest: str) -> tuple[Path, str | None]:
    """PATH[:REF]. A path that exists whole wins, so that paths with colons can be named."""
    if Path(rest).exists() or ":" not in rest:
        return Path(rest), None
    path, _, reference = rest.partition(":")
    return Path(path), reference or None
