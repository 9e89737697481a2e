"""One command from start to end: how long, how much processor, how much memory at its peak."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from outside.machine import Refusal, shown, tail

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_LIMIT_SECONDS = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """`seconds` by the clock, `processor` seconds of user and system, `peak` bytes resident.

    The peak is that of the process itself (or of the largest one it waited for), not of an engine it talks to.
    """

    seconds: float
    processor: float
    peak: int

    def then(self, other: Run) -> Run:
        """Both, one after the other."""
        return Run(
            seconds=self.seconds + other.seconds,
            processor=self.processor + other.processor,
            peak=max(self.peak, other.peak),
        )


def measured(command: Sequence[str | Path], environment: Mapping[str, str]) -> Run:
    """Runs the command, its output thrown away. Raises Refusal if it fails or takes more than a quarter of an hour."""
    words = [str(word) for word in command]
    with tempfile.TemporaryFile() as complaints:
        began = time.monotonic()
        process = subprocess.Popen(
            words, env=dict(environment), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=complaints
        )
        watch = threading.Timer(_LIMIT_SECONDS, process.send_signal, [signal.SIGKILL])
        watch.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            watch.cancel()
        seconds = time.monotonic() - began
        # wait4 took the child away from subprocess, which would otherwise wait for it at the end.
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            complaints.seek(0)
            said = tail(complaints.read().decode("utf-8", "replace"))
            raise Refusal(f"{shown(words)} ended with status {process.returncode} after {seconds:.0f} s\n{said}")
    return Run(seconds=seconds, processor=usage.ru_utime + usage.ru_stime, peak=usage.ru_maxrss * 1024)
