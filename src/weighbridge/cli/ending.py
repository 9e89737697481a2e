"""How a command ends: errors and signals as one line and an exit status."""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import typer

from weighbridge import interruption
from weighbridge.core.names import one_line
from weighbridge.errors import MeasurementError, WeighbridgeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class _End(Exception):
    def __init__(self, status: int) -> None:
        self.status = status


def _end(status: int) -> NoReturn:
    raise _End(status)


@contextmanager
def ending() -> Iterator[Callable[[int], NoReturn]]:
    """Turns errors and signals into one line on stderr and the documented exit status."""
    try:
        with interruption.heeded():
            yield _end
    except _End as end:
        raise typer.Exit(end.status) from None
    except WeighbridgeError as error:
        complain(str(error))
        raise typer.Exit(error.exit_status) from None
    except KeyboardInterrupt as stop:
        complain(f"{stop}; nothing was left behind")
        raise typer.Exit(MeasurementError.exit_status) from None
    except BrokenPipeError:
        # The reader of a pipe left; so do we, and the interpreter must not try to flush what is left.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None
    except OSError as error:
        # The machine's fault, such as a full disk: no bug.
        complain(f"{error.filename or 'the system'}: {error.strerror or error}")
        raise typer.Exit(MeasurementError.exit_status) from None
    except Exception:
        # Status 1 would say "over budget".
        traceback.print_exc()
        complain("this is a bug in weighbridge: please report it with the lines above")
        raise typer.Exit(MeasurementError.exit_status) from None


def complain(text: str) -> None:
    """One line on stderr."""
    typer.echo(f"weighbridge: {one_line(text)}", err=True)
