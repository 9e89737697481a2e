"""Releases in the order of their versions."""

from __future__ import annotations

import pytest
import semver

from weighbridge.core.history.versions import in_order, previous_release, release_of

# From semver.org, 11: in this order.
SPECIFIED = [
    "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1",
    "1.0.0", "2.0.0", "2.1.0", "2.1.1", "10.0.0",
]  # fmt: skip


def test_the_order_is_that_of_the_specification() -> None:
    assert SPECIFIED == in_order(reversed(SPECIFIED))
    assert SPECIFIED == sorted(SPECIFIED, key=semver.Version.parse)


@pytest.mark.parametrize(
    ("tag", "component", "version"),
    [
        ("v1.2.3", "", "1.2.3"),
        ("1.2", "", "1.2.0"),
        ("v1.2.3-rc.1+build.5", "", "1.2.3-rc.1+build.5"),
        ("api-v1.2.3", "api-", "1.2.3"),
        ("services/api/1.2.3", "services/api/", "1.2.3"),
        ("api@2.0.0", "api@", "2.0.0"),
        ("2026.01.05", "", "2026.1.5"),
        ("release-1.10.0", "release-", "1.10.0"),
    ],
)
def test_a_version_is_found_in_what_people_write(tag: str, component: str, version: str) -> None:
    release = release_of(tag)

    assert release is not None
    assert (component, version) == (release.component, str(release.version))


@pytest.mark.parametrize("tag", ["latest", "v1", "", "1.2.3.4", "1.2.3-", "v1.2.x", "1.2.3-rc.01", "1" * 99 + ".0"])
def test_what_is_no_version_is_none(tag: str) -> None:
    assert release_of(tag) is None
    assert previous_release(tag, ["v0.1.0"]) is None


@pytest.mark.parametrize(
    ("tag", "previous"),
    [
        ("v1.10.0", "v1.9.0"),
        ("v1.9.0", "v1.2.0"),
        ("v2.0.0", "v1.10.0"),
        ("v2.0.0-rc.2", "v2.0.0-rc.1"),
        ("v2.0.0-rc.1", "v1.10.0"),
        ("v1.2.0", None),
        ("api-v2.0.0", "api-v1.0.0"),
        ("v1.9.1", "v1.9.0"),
    ],
)
def test_the_previous_release_is_the_next_lower_version(tag: str, previous: str | None) -> None:
    # By date, the fix of the old line came last.
    tags = ["v1.10.0", "v1.9.0", "v1.2.0", "v2.0.0-rc.1", "v2.0.0-rc.2", "latest", "v1", "api-v1.0.0", "v1.9.1"]

    others = [other for other in tags if other != tag and not (tag == "v1.10.0" and other == "v1.9.1")]
    assert previous == previous_release(tag, others)
