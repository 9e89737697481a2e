"""Which values must reach no log, comment or report."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from weighbridge.core.redaction import hidden_parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from weighbridge.settings.model import ImageSettings, Settings

# Real ones are a few kilobytes.
_MAX_SECRET_FILE_BYTES = 64 * 1024

# BuildKit's own rule for its warning SecretsUsedInArgOrEnv.
_LIKE_A_SECRET = re.compile(
    r"(?:^|_)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|$)", re.IGNORECASE
)
_LIKE_NO_SECRET = re.compile(r"(?:^|_)public(?:_|$)", re.IGNORECASE)
# What is a secret by its argument's name alone may be a word such as `none`, which must not vanish from every text.
_SHORTEST_GUESS = 8


def hidden_values(settings: Settings, environ: Mapping[str, str], root: Path) -> tuple[str, ...]:
    """The tokens, the builds' secrets from inputs, `environ` and files, and build arguments with a secret's name.

    In parts, longest first, as core.redaction takes them. `root` is what secret files are relative to.
    """
    return hidden_parts(_values(settings, environ, root))


def _values(settings: Settings, environ: Mapping[str, str], root: Path) -> Iterator[str]:
    if settings.github_token is not None:
        yield settings.github_token.get_secret_value()
    if settings.service_token is not None:
        yield settings.service_token.get_secret_value()
    for image in settings.images:
        for secret in image.secrets:
            yield secret.get_secret_value().partition("=")[2]
        for reference in image.secret_envs:
            yield environ.get(reference.partition("=")[2], "")
        for reference in image.secret_files:
            yield _content(root / Path(reference.partition("=")[2]).expanduser())
        yield from _arguments(image, environ)


def _arguments(image: ImageSettings, environ: Mapping[str, str]) -> Iterator[str]:
    for argument in image.build_args:
        name, given, value = argument.partition("=")
        if _LIKE_A_SECRET.search(name) and not _LIKE_NO_SECRET.search(name):
            value = value if given else environ.get(name, "")
            if len(value) >= _SHORTEST_GUESS:
                yield value


def _content(path: Path) -> str:
    """The secret in a file; nothing where it can't be read, which the build will complain of."""
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            return file.read(_MAX_SECRET_FILE_BYTES).decode("utf-8", "replace")
    except (OSError, ValueError):
        return ""
