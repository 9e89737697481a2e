"""A repository's own smoke test, with a companion service, and candidates that lack what only the run shows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.engine import docker
from tests.support.git import create

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]

# Asks its database for each page; without one it does not serve.
SHOP = """\
import http.server, os, sys, urllib.request

DATABASE = os.environ.get("DATABASE_URL") or sys.exit("shop: DATABASE_URL is not set")

class Shop(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            body, status = urllib.request.urlopen(DATABASE + self.path).read(), 200
        except urllib.error.HTTPError as error:
            body, status = b"no such apple", error.code
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

http.server.HTTPServer(("", 8080), Shop).serve_forever()
"""
DOCKERFILE = """\
FROM python:3.11-slim
# the lists of all packages stay in the layer
RUN apt-get update && date > /updated
COPY shop.py /shop.py
EXPOSE 8080
CMD ["python3", "-u", "/shop.py"]
"""
SETTINGS = """\
smoke:
  environment:
    DATABASE_URL: http://db:5432
  services:
    - name: db
      image: busybox:1.36
      command: [sh, -c, "mkdir /www && echo red > /www/apple && exec httpd -f -p 5432 -h /www"]
      port: 5432
  requests:
    - path: /apple
      status: 200
      contains: {expected}
    - path: /pear
      status: 404
"""


def fixed(tree: Path, cache: Path) -> dict[str, Any]:
    """What `fix` reports, after which nothing of it is on the engine."""
    command = [sys.executable, "-m", "weighbridge", "fix", "--format", "json"]
    with subprocess.Popen(
        command,
        cwd=tree,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "XDG_CACHE_HOME": str(cache)},
    ) as process:
        stdout, stderr = process.communicate(timeout=280)
    assert "" == stderr
    mine = f"label=weighbridge.process={process.pid}"
    assert [] == docker("ps", "--all", "--quiet", "--filter", mine).split()
    assert [] == docker("volume", "ls", "--quiet", "--filter", mine).split()
    report: dict[str, Any] = json.loads(stdout)
    return report


def proof_of(report: dict[str, Any]) -> dict[str, Any]:
    """The best fix's proof."""
    proof: dict[str, Any] = report["fixes"][0]["proof"]
    return proof


def details(proof: dict[str, Any]) -> str:
    """What was seen when it was run."""
    return "\n".join(line for check in proof["checks"] if check["step"] == "behaviour" for line in check["details"])


def test_a_fix_is_proven_by_the_repositorys_own_smoke_test_beside_its_database(tmp_path: Path) -> None:
    tree = create(tmp_path / "repository")
    files = {"Dockerfile": DOCKERFILE, "shop.py": SHOP}

    tree.commit({**files, ".weighbridge.yml": SETTINGS.format(expected="red")}, "Begin")
    proof = proof_of(fixed(tree.path, tmp_path / "cache"))

    assert "verified" == proof["status"], proof
    seen = details(proof)
    assert "GET :8080/apple answers 200 (4 bytes), the same" in seen
    assert "GET :8080/pear answers 404 (13 bytes), the same" in seen
    assert "listens on 8080" in seen
    assert "5432" not in seen

    # One that lies claims nothing, and a second time neither.
    tree.commit({".weighbridge.yml": SETTINGS.format(expected="green")}, "Lie")
    proof = proof_of(fixed(tree.path, tmp_path / "cache"))

    said = "the smoke test fails on the original: the answer to GET /apple does not hold 'green'"
    assert ("unverifiable", said, None) == (proof["status"], proof["reason"], proof["saved"])


SCALE = """\
#include <dlfcn.h>
#include <stdio.h>

int main(void) {
    void *zlib = dlopen("libz.so.1", RTLD_NOW);
    if (!zlib) { fprintf(stderr, "scale: %s\\n", dlerror()); return 1; }
    const char *(*version)(void) = (const char *(*)(void)) dlsym(zlib, "zlibVersion");
    printf("zlib %s\\n", version());
    FILE *magic = fopen("/usr/share/misc/magic.mgc", "r");
    if (!magic) { perror("scale: /usr/share/misc/magic.mgc"); return 2; }
    puts("magic is there");
    return 0;
}
"""
LOADS_AT_RUN_TIME = """\
FROM buildpack-deps:bookworm
WORKDIR /src
COPY . .
RUN gcc -o /usr/local/bin/scale scale.c
CMD ["scale"]
"""


def test_what_only_the_run_shows_is_brought_along_and_proven(tmp_path: Path) -> None:
    tree = create(tmp_path / "repository")
    tree.commit({"Dockerfile": LOADS_AT_RUN_TIME, "scale.c": SCALE}, "Begin")

    report = fixed(tree.path, tmp_path / "cache")
    best = report["fixes"][0]

    assert "verified" == best["proof"]["status"], best["proof"]
    assert "native/distroless/base" == best["strategy"]
    assert best["title"].endswith("; brings along libz.so.1, /usr/share/misc/magic.mgc")
    lines = best["dockerfile"].splitlines()
    assert "COPY --from=build /usr/lib/x86_64-linux-gnu/libz.so.1 /usr/lib/x86_64-linux-gnu/libz.so.1" in lines
    assert "COPY --from=build /usr/share/misc/magic.mgc /usr/share/misc/magic.mgc" in lines
    assert "+COPY --from=build /usr/share/misc/magic.mgc /usr/share/misc/magic.mgc\n" in best["patch"]

    # The next time it is remembered as it was mended.
    again = fixed(tree.path, tmp_path / "cache")["fixes"][0]
    assert (best["dockerfile"], best["proof"]) == (again["dockerfile"], again["proof"])
