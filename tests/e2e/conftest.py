"""What the end-to-end tests share: the API, the action's checkout, and a repository with a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.act import Runner, export_action
from tests.support.git import WorkTree, create
from tests.support.github import running_github

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.support.github import GitHub


@pytest.fixture(scope="session")
def action(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The action's repository, as a user's runner gets it."""
    return export_action(tmp_path_factory.mktemp("action"))


@pytest.fixture
def github() -> Iterator[GitHub]:
    """The stateful API; every request of a test is held against GitHub's description when the test ends."""
    with running_github() as running:
        yield running
        assert running.proxy.request_violations == []


@pytest.fixture
def runner(github: GitHub, action: Path, tmp_path: Path) -> Runner:
    """The real runner."""
    return Runner(github=github, folder=tmp_path, action=action)


@pytest.fixture
def merged(tmp_path: Path) -> Callable[[Mapping[str, str], Mapping[str, str]], WorkTree]:
    """Makes a repository whose checked-out merge commit brings `head`'s files into `base`'s."""

    def make(base: Mapping[str, str], head: Mapping[str, str]) -> WorkTree:
        tree = create(tmp_path / "repository")
        tree.commit(base, "Begin")
        tree.checkout("feature", "main")
        tree.commit(head, "Change")
        tree.merge_into("main", "feature")
        return tree

    return make
