"""Examples for the OpenAPI document."""

from typing import Any

COMMIT = "4eca9d7c41f2a0b3c6d5e8f7091a2b3c4d5e6f70"

IMAGE: dict[str, Any] = {
    "repository": "octocat/yard",
    "name": "app",
    "platform": "linux/amd64",
    "time": "2026-11-20T10:15:00Z",
    "size": 98_200_000,
    "packed_size": 37_300_000,
    "packed_size_estimated": False,
    "wasted": 1_700_000,
    "layers": 6,
    "status": "pass",
    "max_size": 120_000_000,
    "saving": 18_900_000,
    "month_change": 2_400_000,
    "trend": [95_800_000, 97_100_000, 98_200_000],
    "record": 1184,
}

RECORD: dict[str, Any] = {
    "id": 1184,
    "commit": COMMIT,
    "time": "2026-11-20T10:15:00Z",
    "ref": "main",
    "release": "v1.4.0",
    "pull_request": None,
    "size": 98_200_000,
    "packed_size": 37_300_000,
    "packed_size_estimated": False,
    "wasted": 1_700_000,
    "layers": 6,
    "files": 3_402,
    "base_size": 97_100_000,
    "delta": 1_100_000,
    "status": "pass",
    "max_size": 120_000_000,
    "saving": 18_900_000,
}

REPOSITORY: dict[str, Any] = {
    "name": "octocat/yard",
    "default_branch": "main",
    "private": False,
    "images": 2,
    "size": 153_100_000,
    "packed_size": 58_400_000,
    "month_change": 2_700_000,
    "over_budget": 0,
    "saving": 18_900_000,
}

PULL_IMAGE: dict[str, Any] = {
    "repository": "octocat/yard",
    "number": 42,
    "ref": "render-invoices",
    "commit": COMMIT,
    "updated": "2026-11-20T10:20:00Z",
    "image": "app",
    "platform": "linux/amd64",
    "size": 109_400_000,
    "delta": 11_200_000,
    "status": "pass",
    "max_size": 120_000_000,
    "record": 1190,
}

RULE: dict[str, Any] = {
    "rule": "pip-cache",
    "title": "pip's cache stays in the image",
    "findings": 4,
    "images": 4,
    "waste": 236_000_000,
    "unmeasured": 0,
}

FINDING: dict[str, Any] = {
    "repository": "octocat/yard",
    "image": "app",
    "platform": "linux/amd64",
    "rule": "pip-cache",
    "severity": "medium",
    "message": "`pip install` leaves its cache in the layer",
    "file": "Dockerfile",
    "line": 8,
    "waste": 59_000_000,
}

PACKAGE: dict[str, Any] = {"ecosystem": "apt", "name": "gcc-12", "images": 2, "versions": 1, "size": 136_800_000}

SHIPPED: dict[str, Any] = {
    "repository": "octocat/yard",
    "image": "app",
    "platform": "linux/amd64",
    "version": "12.2.0-14+deb12u1",
    "size": 68_400_000,
}
