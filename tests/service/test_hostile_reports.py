"""Reports whose values no database likes: kept as well as they can be, or refused in one line; never an error."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.service import sent

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi.testclient import TestClient

NASTY = "a\0b\uffffc\u202e\x1b[31m'\"--;\U0001f4a9"
LARGEST = 1 << 60


def _names(report: dict[str, Any]) -> None:
    (image,) = report["images"]
    image["name"] = image["platform"] = NASTY
    for package in image["head"]["packages"]:
        package["name"] = package["version"] = NASTY
    for layer in image["head"]["layers"]:
        layer["created_by"] = layer["diff_id"] = NASTY


def _occasion(report: dict[str, Any]) -> None:
    report["occasion"] |= {"ref": NASTY, "release": NASTY, "default_branch": NASTY, "event": NASTY[:3]}


def _long_names(report: dict[str, Any]) -> None:
    (image,) = report["images"]
    image["name"] = image["platform"] = "\U0001f4a9" * 1000
    report["occasion"] |= dict.fromkeys(("ref", "release", "default_branch"), "💩" * 1000)


def _largest(report: dict[str, Any]) -> None:
    head = report["images"][0]["head"]
    head |= {"size": LARGEST, "packed_size": LARGEST, "wasted": LARGEST, "file_count": 1 << 40}
    for package in head["packages"]:
        package["size"] = LARGEST
    report["pull_request"] = 1 << 53


def _first_year(report: dict[str, Any]) -> None:
    report["occasion"] |= {"time": "0001-01-01T00:00:00Z", "recorded": "0001-01-01T00:00:00Z"}


def _last_year(report: dict[str, Any]) -> None:
    report["occasion"] |= {"time": "9999-12-31T23:59:59Z", "recorded": "9999-12-31T23:59:59Z"}


@pytest.mark.parametrize("change", [_names, _occasion, _long_names, _largest, _first_year, _last_year])
def test_values_that_are_odd_are_kept(
    client: TestClient, sender: dict[str, str], change: Callable[[dict[str, Any]], None]
) -> None:
    report = json.loads(sent())
    change(report)
    for outcome in ("created", "unchanged"):
        answer = client.post("/api/v1/reports", content=json.dumps(report), headers=sender)
        assert 201 == answer.status_code, answer.text
        assert [outcome] == [one["outcome"] for one in answer.json()["images"]]

    (shown,) = client.get("/api/v1/images").json()["images"]
    assert 200 == client.get("/").status_code
    assert "\0" not in shown["name"]
    there = client.get(f"/api/v1/images/octocat/yard/{shown['name']}")
    assert 200 == there.status_code


def test_nothing_is_newer_than_now(client: TestClient, sender: dict[str, str]) -> None:
    """Or nobody could ever correct what was said of that commit."""
    report = json.loads(sent())
    _last_year(report)
    client.post("/api/v1/reports", content=json.dumps(report), headers=sender)
    report["images"][0]["head"]["size"] = 5
    answer = client.post("/api/v1/reports", content=json.dumps(report), headers=sender)

    assert "updated" == answer.json()["images"][0]["outcome"]
    assert 5 == client.get("/api/v1/images").json()["images"][0]["size"]


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("images", 0, "head", "size"), 1 << 63),
        (("images", 0, "head", "size"), -1),
        (("images", 0, "head", "size"), 10**4000),
        (("images", 0, "head", "size"), 1e30),
        (("images", 0, "head", "size"), float("inf")),
        (("images", 0, "name"), "a" * 1001),
        (("images", 0, "name"), "a\ud800"),
        (("occasion", "ref"), "\udfff"),
        (("repository",), "octocat/yard\0"),
        (("repository",), "octocat/yard/../x"),
        (("pull_request",), 1 << 70),
        (("head", "commit"), "zz"),
        (("occasion", "time"), "0000-00-00T00:00:00Z"),
    ],
)
def test_values_that_make_no_sense_are_refused(
    client: TestClient, sender: dict[str, str], where: tuple[str | int, ...], value: object
) -> None:
    report: Any = json.loads(sent())
    place = report
    for key in where[:-1]:
        place = place[key]
    assert where[-1] in place
    place[where[-1]] = value

    answer = client.post("/api/v1/reports", content=json.dumps(report), headers=sender)
    assert (422, "application/problem+json") == (answer.status_code, answer.headers["content-type"]), answer.text
    assert "\n" not in answer.json()["detail"]
    assert [] == client.get("/api/v1/images").json()["images"]
