"""What a program prints differs from run to run in ways that mean nothing; the rest of a line stays as it is."""

from __future__ import annotations

import pytest

from weighbridge.core.proof.masking import masked


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('{"level":30,"pid":28,"msg":"up"}', '{"level":30,"pid":<number>,"msg":"up"}'),
        ("worker #3 (pid=17) started", "worker #<number> (pid=<number>) started"),
        ("2026-11-27T20:00:00Z ready", "<time> ready"),
        ("handler at 0xdeadbeef took 12 ms", "handler at <address> took <duration>"),
        (
            '{"reqId":"req-4","res":{"statusCode":404},"responseTime":0.7731199999, "msg":"done"}',
            '{"reqId":"<id>","res":{"statusCode":404},"responseTime":<duration>, "msg":"done"}',
        ),
        ("GET / request_id=17 elapsed_ms=3 status=200", "GET / request_id=<id> elapsed_ms=<duration> status=200"),
        ("tookle: 7, latency budget 9", "tookle: 7, latency budget 9"),
        ("listening on port 6000, 3 routes", "listening on port 6000, 3 routes"),
    ],
)
def test_numbers_of_one_run_are_masked_and_others_are_not(line: str, expected: str) -> None:
    assert expected == masked(line)
