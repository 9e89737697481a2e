"""Which of buildx's builders builds: one that there is, by name, or a BuildKit daemon elsewhere, by address.

The driver `remote`: https://docs.docker.com/build/builders/drivers/remote/
"""

from __future__ import annotations

import hashlib
import re
import subprocess
from typing import TYPE_CHECKING

from weighbridge.errors import EngineUnavailable, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "BUILDX_BUILDER"
"""Buildx's own variable for the builder to use; here it may hold an address, too."""
_ADDRESS = re.compile(
    r"(tcp|unix|kube-pod|docker-container)://[A-Za-z0-9][A-Za-z0-9.:/_?=&-]*|unix:///[A-Za-z0-9./_-]+"
)
_OPTIONS = frozenset({"cacert", "cert", "key", "servername"})
_SECONDS = 60


def with_builder(environ: Mapping[str, str], buildx: str) -> dict[str, str]:
    """The environment, with a builder's name in place of an address; buildx is told of that daemon first.

    Raises UsageError for an address that can't be one, EngineUnavailable where buildx does not take it.
    """
    chosen = environ.get(VARIABLE, "")
    if "://" not in chosen:
        return dict(environ)
    address, *options = chosen.split(",")
    if not _ADDRESS.fullmatch(address) or any(each.partition("=")[0] not in _OPTIONS for each in options):
        raise UsageError(
            "builder: must be the name of a builder, or an address such as tcp://buildkitd.example:1234 with "
            f"{', '.join(sorted(_OPTIONS))} after commas"
        )
    name = f"weighbridge-{hashlib.sha256(chosen.encode()).hexdigest()[:12]}"
    given = [word for option in options for word in ("--driver-opt", option)]
    command = [buildx, "create", "--name", name, "--driver", "remote", *given, address]
    made = _run(command, environ)
    # A run before this one may have told buildx already.
    if made.returncode != 0 and _run([buildx, "inspect", name], environ).returncode != 0:
        said = " ".join(made.stderr.split())[:200]
        raise EngineUnavailable(f"builder: buildx does not take {address}: {said}")
    return {**environ, VARIABLE: name}


def _run(command: list[str], environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineUnavailable(f"builder: {command[0]} cannot be run: {type(error).__name__}") from None
