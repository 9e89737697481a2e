"""Text to shapes: every encoding of JSON is taken, nothing else is, and many may read at once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from weighbridge.core import wire
from weighbridge.core.wire.models import RevisionW
from weighbridge.core.wire.parsing import compact, parsed
from weighbridge.errors import UsageError

REPORT = (Path(__file__).parents[1] / "golden" / "reports" / "model.json").read_bytes()
AT_ONCE = """
import sys, threading
from weighbridge.core import wire
text = sys.stdin.buffer.read()
start = threading.Barrier(8)
def read():
    start.wait()
    wire.load(text)
sys.setswitchinterval(1e-6)
threads = [threading.Thread(target=read) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""


def test_the_first_reports_may_come_at_once() -> None:
    for _ in range(3):
        subprocess.run([sys.executable, "-c", AT_ONCE], input=REPORT, check=True, capture_output=True)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_other_encodings_of_json_are_read(encoding: str) -> None:
    assert wire.load(REPORT.decode().encode(encoding)) == wire.load(REPORT)


@pytest.mark.parametrize("written", [json.dumps("\ud800"), '"\ud800"'])
def test_half_a_surrogate_pair_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"surrogates|truncated"):
        parsed(f'{{"commit": null, "label": {written}}}', RevisionW)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_what_is_no_number_is_refused_in_either_reader(value: str) -> None:
    text = REPORT.decode().replace('"build_seconds":', f'"build_seconds": {value}, "were":')
    assert value in text

    for written in (text, text.encode("utf-16")):
        with pytest.raises(UsageError, match=r"not a weighbridge\.report/1"):
            wire.load(written)


def test_a_name_may_not_end_with_a_line_end() -> None:
    report = json.loads(REPORT) | {"repository": "octocat/yard\n"}

    with pytest.raises(UsageError, match=r"\$\.repository"):
        wire.load(json.dumps(report))


def test_nesting_without_end_is_refused() -> None:
    with pytest.raises(UsageError, match="not JSON"):
        wire.load('{"unknown":' + "[" * 100_000)


def test_space_for_people_is_left_out() -> None:
    pretty = json.dumps(json.loads(REPORT), indent=2).encode()

    short = compact(pretty)

    assert b"\n" not in short
    assert len(short) < len(pretty) * 0.7
    assert wire.load(REPORT) == wire.load(short)


@pytest.mark.parametrize(
    "text", [b'{ "name": "\\ud800" }', b"[1,]", b"\xff", b"[" * 100_000, b"{} x", b"", b"\xff\xfe{\x00 \x00}\x00"]
)
def test_what_is_no_such_json_stays_as_it_is(text: bytes) -> None:
    assert text == compact(text)
