"""weighbridge beside its peers, in the same run: a pair of images of about 1 GB, from archives and from the daemon.

    .venv/bin/python -m bench.weigh [--rounds N] [--write]

Makes the pair once (a minute, kept under the cache folder), then measures everything in turn, N times. `--write` puts
the table into docs/benchmarks.md. Figures of one run are compared with each other only: machines differ, and are noisy.

weighbridge runs on the system's Python where that is of the environment's version: it is the kind that the action's
image has, built with optimizations, which many others are not.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tabulate import tabulate

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

import tools  # noqa: E402 - found by the line above
from bench.measure import Run, measured  # noqa: E402
from bench.pair import BASE, HEAD  # noqa: E402
from outside import engines  # noqa: E402
from outside.machine import Refusal, cache_root, run, say  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PAGE = ROOT / "docs" / "benchmarks.md"
_SOURCES = ("content.py", "layers.py", "pair.py")
_PAIR = "pair.tar"
_SYSTEM_PYTHON = Path("/usr/bin/python3")
_VERSION = "import platform, sys; print(sys.implementation.cache_tag, platform.python_version())"
_TIME = """\
An archive is a stranger's word: a layer that is not what its diff ID says is refused, so each is hashed by SHA-256,
once, on as many cores as there are. What openssl takes for the same bytes is what nobody who checks them can save: on a
core with instructions for SHA-256 under a second, on one without three to five (AMD's have them since 2017, Intel's
servers since 2021). dive checks no digest, estimates no packed size, reads no packages, has no rules and compares
nothing.

Where the processor's time goes on one that has the instructions, by a profile: 26 % hashes the layers; 13 % copies the
archives out of the kernel's cache, once to hash and once to read them; 15 % takes 89,000 entries apart and hashes the
files' contents; 9 % starts Python; 5 % compresses a sample, which tells packed sizes; the other 32 % is file systems,
waste, duplicates, packages, causes, rules, the report, and what the next run need not read again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One thing that is measured. `commands` run one after the other; `cold` ones have an empty cache each time."""

    name: str
    commands: tuple[tuple[str, ...], ...]
    cold: bool = False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    asked = parser.parse_args()
    try:
        with engines.borrowed() as host:
            os.environ.update(engines.exports(host))
            dive = tools.ensure(["dive"])["dive"]
            archives = _archives()
            python = _python()
            cases = _cases(archives, python, str(dive))
            runs = _measure(cases, asked.rounds)
    except Refusal as refusal:
        sys.exit(f"weighbridge: {refusal}")
    text = _table(cases, runs) + "\n\n" + _ratios(runs)
    print(text)
    if asked.write:
        PAGE.write_text(_page(text, asked.rounds, _version(python)[1]))


def _archives() -> dict[str, Path]:
    """The two images, each in an archive of its own, and on the engine."""
    key = hashlib.sha256(b"".join((ROOT / "bench" / name).read_bytes() for name in _SOURCES)).hexdigest()[:16]
    folder = cache_root() / "bench" / key
    found = {tag: folder / f"{tag.rpartition(':')[2]}.tar" for tag in (BASE, HEAD)}
    pair = folder / _PAIR
    if not (folder / ".done").exists():
        say("making a pair of images of 1 GB (once)")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        run([sys.executable, "-m", "bench.pair", pair], cwd=ROOT)
    run(["docker", "load", "--quiet", "--input", pair])
    for tag, path in found.items():
        if not path.exists():
            run(["docker", "save", "--output", path, tag])
    (folder / ".done").touch()
    return found


def _python() -> str:
    """What weighbridge runs on. The environment's packages fit the system's Python if it is of the same version."""
    if _SYSTEM_PYTHON.exists() and _version(str(_SYSTEM_PYTHON))[0] == sys.implementation.cache_tag:
        return str(_SYSTEM_PYTHON)
    return sys.executable


def _version(python: str) -> list[str]:
    """The tag of its compiled modules, which says for what it is built, and its version."""
    return subprocess.run([python, "-c", _VERSION], check=True, capture_output=True, text=True).stdout.split()


def _cases(archives: Mapping[str, Path], python: str, dive: str) -> tuple[Case, ...]:
    weighbridge = (python, "-m", "weighbridge", "compare", "--format", "json", "--fail-on", "never")
    base, head = str(archives[BASE]), str(archives[HEAD])
    named = (*weighbridge, f"docker-archive:{base}", f"docker-archive:{head}")
    quiet = ("--json", os.devnull)
    # Both images in one archive: what they share stands in it once.
    pair = str(archives[BASE].with_name(_PAIR))
    return (
        Case(name="weighbridge, archives", commands=(named,), cold=True),
        Case(
            name="dive, both archives",
            commands=tuple((dive, path, "--source", "docker-archive", *quiet) for path in (base, head)),
        ),
        Case(name="openssl, SHA-256 of each layer once", commands=(("openssl", "dgst", "-sha256", pair),)),
        Case(name="weighbridge, daemon", commands=((*weighbridge, BASE, HEAD),), cold=True),
        Case(name="docker save, both", commands=(("docker", "save", "--output", "SAVED", BASE, HEAD),)),
        Case(name="dive, both from the daemon", commands=tuple((dive, tag, *quiet) for tag in (BASE, HEAD))),
        Case(name="weighbridge, daemon, weighed before", commands=((*weighbridge, BASE, HEAD),)),
    )


def _measure(cases: Sequence[Case], rounds: int) -> dict[str, list[Run]]:
    """All cases in turn, round by round, so that a slow minute of the machine meets all of them."""
    runs: dict[str, list[Run]] = {case.name: [] for case in cases}
    with tempfile.TemporaryDirectory() as scratch:
        warm = Path(scratch) / "warm"
        for number in range(rounds + 1):
            for case in cases:
                with tempfile.TemporaryDirectory(dir=scratch) as cold:
                    result = _run(case, Path(cold) if case.cold else warm, Path(scratch) / "saved.tar")
                # The first round warms the machine's own caches, and ours for what was weighed before.
                if number:
                    runs[case.name].append(result)
            say(f"round {number} of {rounds}")
    return runs


def _run(case: Case, cache: Path, saved: Path) -> Run:
    # The first round leaves compiled modules behind, as an installation does, also where the machine says not to.
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache), "PYTHONDONTWRITEBYTECODE": ""}
    # Where the interpreter is not the environment's own.
    environment["PYTHONPATH"] = os.pathsep.join((str(ROOT / "src"), sysconfig.get_path("platlib")))
    results = []
    for command in case.commands:
        saved.unlink(missing_ok=True)
        results.append(measured([str(saved) if word == "SAVED" else word for word in command], environment))
    first, *rest = results
    for other in rest:
        first = first.then(other)
    return first


def _table(cases: Sequence[Case], runs: Mapping[str, Sequence[Run]]) -> str:
    rows = []
    for case in cases:
        seconds = sorted(each.seconds for each in runs[case.name])
        rows.append(
            [
                case.name,
                *(f"{value:.2f}" for value in (seconds[0], statistics.median(seconds), seconds[-1])),
                f"{statistics.median(each.processor for each in runs[case.name]):.2f}",
                f"{max(each.peak for each in runs[case.name]) / 1e6:.0f}",
            ]
        )
    headers = ["what", "s, least", "s, median", "s, most", "processor s", "peak MB"]
    return tabulate(rows, headers=headers, tablefmt="github", colalign=("left", *["right"] * 5), disable_numparse=True)


def _ratios(runs: Mapping[str, Sequence[Run]]) -> str:
    """Medians of the ratios within each round."""

    def ratio(one: str, other: str) -> str:
        pairs = zip(runs[one], runs[other], strict=True)
        return f"{statistics.median(a.seconds / b.seconds for a, b in pairs):.2f}"

    peak = max(each.peak for name, found in runs.items() if name.startswith("weighbridge") for each in found)
    again = statistics.median(each.seconds for each in runs["weighbridge, daemon, weighed before"])
    rows = [
        ["dive on both archives / weighbridge", ratio("dive, both archives", "weighbridge, archives"), "at least 3"],
        [
            "weighbridge / docker save, from the daemon",
            ratio("weighbridge, daemon", "docker save, both"),
            "at most 1.2",
        ],
        ["dive on both / weighbridge, daemon", ratio("dive, both from the daemon", "weighbridge, daemon"), ""],
        ["peak memory of weighbridge, MB", f"{peak / 1e6:.0f}", "under 150"],
        ["a pair that was weighed before, s", f"{again:.2f}", "under 2"],
    ]
    return tabulate(rows, headers=["figure", "here", "to reach"], tablefmt="github", disable_numparse=True)


def _page(text: str, rounds: int, python: str) -> str:
    day = datetime.now(tz=UTC).date().isoformat()
    return (
        "# Benchmarks\n\n"
        "Two images of about 1 GB that share four of seven layers, weighed and compared. Written by\n"
        f"`make bench` on {day}: {os.cpu_count()} cores, {rounds} rounds, everything in turn, weighbridge on Python\n"
        f"{python}. Peak memory is the largest process's, without the engine's.\n\n"
        f"{text}\n\n"
        f"{_TIME}\n"
    )


if __name__ == "__main__":
    main()
