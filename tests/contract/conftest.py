"""What contract tests on GitHub share: a stateful API a module, and no request that its description forbids."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.github import GitHub, running_github

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def running() -> Iterator[GitHub]:
    with running_github() as github:
        yield github


@pytest.fixture
def github(running: GitHub) -> Iterator[GitHub]:
    running.proxy.clear()
    yield running
    assert [] == running.proxy.request_violations
