"""What a machine may refuse: room on the disk, and rights that root has anyway."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_RIGHTS = "-dac_override,-dac_read_search,-fowner"

WITHOUT_RIGHTS: tuple[str, ...] = (
    ("setpriv", f"--bounding-set={_RIGHTS}", f"--inh-caps={_RIGHTS}") if os.geteuid() == 0 else ()
)
"""Put before a command, it holds what file permissions say, as for everybody but root."""


@contextlib.contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Stands for a full disk: the kernel refuses what would make a file longer, in the same call and as an OSError."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
