"""`weighbridge push`: stored reports to the reporting service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from weighbridge import wiring
from weighbridge.commands import stored_report
from weighbridge.core.names import one_line
from weighbridge.errors import ServiceUnavailable, UsageError
from weighbridge.sending import told

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

NAME = "report.json"


def push(paths: Sequence[Path], url: str, token: str | None, environ: Mapping[str, str]) -> bool:
    """Sends each report, of folders all by the name of report.json below them; whether all were taken.

    A report that is refused is told on stderr and does not stop the others. Raises UsageError where there is nothing
    to send or nobody to send it as, ServiceUnavailable where the service stays away.
    """
    found = list(dict.fromkeys(path for given in paths for path in _reports(given)))
    receiver = wiring.sender(url, token, environ, say=lambda text: typer.echo(f"weighbridge: {text}", err=True))
    if receiver is None:
        raise UsageError("no token to send with: give --token, or set WEIGHBRIDGE_TOKEN")
    refused = 0
    for number, path in enumerate(found, 1):
        try:
            stored_report(path)
            # As it stands, so that it is the same report as what the action sent.
            receipt = receiver.send(path.read_text(encoding="utf-8"))
        except ServiceUnavailable as error:
            left = len(found) - number + 1
            raise ServiceUnavailable(f"{error}; {left} of {len(found)} not sent: push again later") from None
        except UsageError as error:
            refused += 1
            shown = str(error) if str(error).startswith(str(path)) else f"{path}: {error}"
            typer.echo(f"weighbridge: {one_line(shown)}", err=True)
            continue
        for line in told(receipt):
            typer.echo(f"{number}/{len(found)} {line}")
    return not refused


def _reports(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    found = sorted(path.rglob(NAME))
    if not found:
        raise UsageError(f"{path}: there is no {NAME} below it")
    yield from found
