"""Load: readers by `wrk`, senders by threads of our own, each with the times that single requests took."""

from __future__ import annotations

import http.client
import json
import math
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from outside.machine import Refusal, run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SCRIPT = """\
local paths = {}
for line in io.lines("PATHS") do paths[#paths + 1] = line end
local at = 0
request = function()
  at = at % #paths + 1
  return wrk.format("GET", paths[at])
end
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("\\nRESULT %d %d %d %d %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What came of some load: requests a second, median and 99th percentile in seconds, and failed requests."""

    requests: int
    rate: float
    median: float
    slow: float
    failed: int


def read(wrk: Path, url: str, paths: Sequence[str], *, connections: int, seconds: int) -> Load:
    """As many readers as connections, each asking as soon as it was answered. Raises Refusal."""
    with tempfile.TemporaryDirectory() as folder:
        listed, script = Path(folder) / "paths", Path(folder) / "script.lua"
        listed.write_text("\n".join(paths))
        script.write_text(_SCRIPT.replace("PATHS", str(listed)))
        out = run([wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", script, url])
    found = next((line.split()[1:] for line in out.splitlines() if line.startswith("RESULT ")), None)
    if found is None:
        raise Refusal(f"wrk said nothing of use:\n{out[-500:]}")
    requests, micros, median, slow, failed = map(int, found)
    return Load(requests=requests, rate=requests / (micros / 1e6), median=median / 1e6, slow=slow / 1e6, failed=failed)


def send(url: str, token: str, bodies: Sequence[bytes], *, senders: int) -> Load:
    """Sends packed reports, each once."""
    waiting = iter(bodies)
    lock = threading.Lock()
    times: list[float] = []
    failed = [0]

    def following() -> Iterator[bytes]:
        while True:
            with lock:
                body = next(waiting, None)
            if body is None:
                return
            yield body

    def work() -> None:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        headers = {"Authorization": f"Bearer {token}", "Content-Encoding": "zstd", "Content-Type": "application/json"}
        for body in following():
            began = time.monotonic()
            connection.request("POST", "/api/v1/reports", body, headers)
            answer = connection.getresponse()
            told = json.loads(answer.read())
            times.append(time.monotonic() - began)
            if answer.status != 201 or not told["images"]:
                failed[0] += 1
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(senders)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - began
    times.sort()
    return Load(
        requests=len(times),
        rate=len(times) / took,
        median=times[len(times) // 2],
        slow=times[min(len(times) - 1, math.ceil(len(times) * 0.99) - 1)],
        failed=failed[0],
    )
