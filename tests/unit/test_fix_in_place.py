"""Flags and clean-ups put where they belong, and nothing else touched."""

from __future__ import annotations

import pytest

from tests.support.subjects import subject
from weighbridge.core.fixes.planner import plan
from weighbridge.dockerfile.parse import parse
from weighbridge.model.fix import Family


def tidied(text: str) -> str | None:
    """The Dockerfile after the edits in place; None where there are none."""
    found = [each for each in plan(subject(text, {})).candidates if each.family is Family.IN_PLACE]
    if not found:
        return None
    parse(found[0].dockerfile_text, "Dockerfile")
    return found[0].dockerfile_text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "RUN apt-get update && apt-get install -y curl",
            "RUN apt-get update && apt-get install --no-install-recommends -y curl && rm -rf /var/lib/apt/lists/*",
        ),
        (
            "RUN apt-get update \\\n && apt-get install -y \\\n    curl",
            (
                "RUN apt-get update \\\n && apt-get install --no-install-recommends -y \\\n    curl \\\n"
                "    && rm -rf /var/lib/apt/lists/*"
            ),
        ),
        (
            "RUN apt-get update\nRUN apt-get install -y curl",
            (
                "RUN apt-get update \\\n    && apt-get install --no-install-recommends -y curl "
                "&& rm -rf /var/lib/apt/lists/*"
            ),
        ),
        (
            "RUN apt-get update\n# for the health check\nRUN apt-get install -y curl",
            (
                "RUN apt-get update\n# for the health check\nRUN apt-get install --no-install-recommends -y curl "
                "&& rm -rf /var/lib/apt/lists/*"
            ),
        ),
        ("RUN pip install flask", "RUN pip install --no-cache-dir flask"),
        ("RUN npm ci", "RUN npm ci && npm cache clean --force"),
        ("RUN apk add curl", "RUN apk add --no-cache curl"),
        (
            "RUN <<EOF\napt-get update\napt-get install -y curl\nEOF",
            (
                "RUN <<EOF\napt-get update\napt-get install --no-install-recommends -y curl\n"
                "rm -rf /var/lib/apt/lists/*\nEOF"
            ),
        ),
    ],
)
def test_says_what_the_package_manager_should_not_leave(before: str, after: str) -> None:
    assert f"FROM debian:12\n{after}\nCMD x\n" == tidied(f"FROM debian:12\n{before}\nCMD x\n")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_what_is_tidy_stays_as_it_is(newline: str) -> None:
    text = (
        "FROM debian:12\n"
        "RUN apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*\n"
        "RUN pip install --no-cache-dir flask\n"
        "RUN --mount=type=cache,target=/root/.cache pip install flask\n"
    ).replace("\n", newline)

    assert tidied(text) is None


def test_fixing_the_fixed_file_finds_nothing() -> None:
    text = "FROM debian:12\nRUN apt-get update && apt-get install -y curl\nRUN npm install && pip3 install x\n"
    once = tidied(text)

    assert once is not None
    assert tidied(once) is None


def test_lists_stay_for_a_later_install_that_lives_on_them() -> None:
    text = "FROM debian:12\nRUN apt-get update\nENV A=b\nRUN apt-get install -y --no-install-recommends curl\n"

    assert text.replace("curl\n", "curl && rm -rf /var/lib/apt/lists/*\n") == tidied(text)
