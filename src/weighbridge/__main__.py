"""The process: `weighbridge`, and `python -m weighbridge`."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import NoReturn

from weighbridge.cli import main


def run() -> NoReturn:
    """Runs the command line, and leaves at once: what is in memory, the end of the process takes away.

    Taking an image's hundreds of thousands of values apart one by one would cost a tenth of the time of weighing it.
    """
    try:
        main()
    except SystemExit as end:
        status = end.code
    for stream in (sys.stdout, sys.stderr):
        # `main` has reported what could not be written.
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(status if isinstance(status, int) else int(status is not None))


if __name__ == "__main__":
    run()
