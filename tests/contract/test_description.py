"""The check against GitHub's description is one that fails: it knows wrong requests, and wrong answers."""

from __future__ import annotations

import pytest

from tests.support.openapi import Description, Exchange
from tests.support.tools import openapi_description

COMMENTS = "/repos/octocat/yard/issues/1/comments"


@pytest.fixture(scope="module")
def description() -> Description:
    return Description(openapi_description())


def exchange(method: str, target: str, body: bytes = b"", status: int = 200, answer: bytes = b"[]") -> Exchange:
    return Exchange(
        method=method,
        target=target,
        headers={"Accept": "application/json"},
        body=body,
        status=status,
        answer_headers={"Content-Type": "application/json; charset=utf-8"},
        answer=answer,
    )


@pytest.mark.parametrize(
    "right",
    [
        exchange("GET", f"{COMMENTS}?per_page=100&page=2"),
        exchange("POST", COMMENTS, b'{"body": "hello"}'),
        exchange("PATCH", "/repos/octocat/yard/issues/comments/1", b'{"body": "hello"}'),
        exchange("GET", "/repos/octocat/yard/commits/main/pulls"),
    ],
)
def test_a_right_request_has_no_violation(description: Description, right: Exchange) -> None:
    assert [] == list(description.request_violations(right))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (exchange("GET", "/repos/octocat/yard/nonsense"), "Path not found"),
        (exchange("PUT", COMMENTS), "Operation put not found"),
        (exchange("GET", f"{COMMENTS}?per_page=many"), "per_page"),
        (exchange("GET", f"{COMMENTS}?perpage=100"), "'perpage' is not declared"),
        (exchange("POST", COMMENTS, b'{"text": "hello"}'), "'body' is a required property"),
        (exchange("POST", COMMENTS, b'{"body": 1}'), "not of type"),
        (exchange("POST", COMMENTS), "body"),
    ],
)
def test_a_wrong_request_is_a_violation(description: Description, wrong: Exchange, said: str) -> None:
    (violation,) = description.request_violations(wrong)

    assert said in violation


def test_a_wrong_answer_is_a_violation(description: Description) -> None:
    (violation,) = description.response_violations(exchange("GET", COMMENTS, answer=b'[{"id": "one"}]'))

    assert "(status 200)" in violation
