"""What weighbridge asks of a repository holds on the fake and on git."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

import pytest

from tests.support.fake_repository import FakeRepository
from tests.support.git import create
from weighbridge.adapters.git import GitRepository
from weighbridge.errors import RevisionNotFound

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from weighbridge.ports import Repository


class World(Protocol):
    """What somebody who works in the repository does."""

    @property
    def repository(self) -> Repository: ...

    def commit(self, files: Mapping[str, str]) -> str: ...

    def checkout(self, name: str, start: str | None = None) -> None: ...

    def tag(self, name: str) -> None: ...


class _Fake:
    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.repository = FakeRepository(root=folder)

    def commit(self, files: Mapping[str, str]) -> str:
        return self.repository.commit(files)

    def checkout(self, name: str, start: str | None = None) -> None:
        self.repository.checkout(name, start)

    def tag(self, name: str) -> None:
        self.repository.tagged[name] = self.repository.resolve("HEAD")


class _Real:
    def __init__(self, folder: Path) -> None:
        self._tree = create(folder)
        self.repository = GitRepository(folder)

    def commit(self, files: Mapping[str, str]) -> str:
        return self._tree.commit(files)

    def checkout(self, name: str, start: str | None = None) -> None:
        self._tree.checkout(name, start)

    def tag(self, name: str) -> None:
        self._tree.git("tag", "--annotate", "--message", name, name)


@pytest.fixture(params=[_Fake, _Real], ids=["fake", "git"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    made: World = request.param(tmp_path / "repository")
    made.commit({"Dockerfile": "FROM a\n", "src/app": "1"})
    return made


class TestRepository:
    """The contract of ports.Repository."""

    def test_the_root_is_the_top_of_the_work_tree(self, world: World, tmp_path: Path) -> None:
        assert tmp_path / "repository" == world.repository.root

    def test_a_commit_is_known_by_its_id_its_branch_and_as_head(self, world: World) -> None:
        made = world.commit({"a": "1"})

        names = (made, "main", "refs/heads/main", "HEAD")
        assert [made] * 4 == [world.repository.resolve(name) for name in names]

    @pytest.mark.parametrize("name", ["nope", "0" * 40, "", "-x", "a\nb"])
    def test_what_nobody_knows_is_not_found(self, world: World, name: str) -> None:
        with pytest.raises(RevisionNotFound):
            world.repository.resolve(name)

    def test_a_branch_has_a_tip_and_what_is_no_branch_has_none(self, world: World) -> None:
        made = world.commit({"a": "1"})

        assert (made, None, None) == tuple(world.repository.branch(name) for name in ("main", "nope", made))

    def test_parents_are_told_the_first_commit_has_none(self, world: World) -> None:
        first = world.repository.resolve("HEAD")
        second = world.commit({"a": "1"})

        assert ((first,), ()) == (world.repository.parents(second), world.repository.parents(first))

    def test_tags_are_listed_by_name(self, world: World) -> None:
        assert () == world.repository.tags()

        for name in ("v1.0.0", "latest"):
            world.tag(name)

        assert ("latest", "v1.0.0") == world.repository.tags()

    def test_the_branch_that_is_checked_out_is_known(self, world: World) -> None:
        assert "main" == world.repository.current_branch()

        world.checkout("feature", "main")

        assert "feature" == world.repository.current_branch()

    def test_a_commit_has_the_time_when_it_was_made_in_utc(self, world: World) -> None:
        time = world.repository.commit_time(world.repository.resolve("HEAD"))

        assert datetime(2026, 1, 1, tzinfo=UTC) == time
        assert UTC == time.tzinfo

    def test_the_merge_base_is_where_a_branch_left(self, world: World) -> None:
        left = world.repository.resolve("HEAD")
        main = world.commit({"a": "1"})
        world.checkout("feature", left)
        feature = world.commit({"b": "1"})

        assert left == world.repository.merge_base(main, feature)
        assert left == world.repository.merge_base(left, feature)

    def test_a_commit_that_is_missing_cannot_be_had(self, world: World) -> None:
        for ask in (world.repository.ensure_commit, world.repository.parents, world.repository.commit_time):
            with pytest.raises(RevisionNotFound):
                ask("0" * 40)

    def test_a_worktree_holds_the_commit_and_is_gone_afterwards(self, world: World) -> None:
        first = world.repository.resolve("HEAD")
        world.commit({"src/app": "2", "new": "3"})

        with world.repository.worktree(first) as tree:
            held = {str(path.relative_to(tree)): path.read_text() for path in tree.rglob("*") if path.name != ".git"
                    and path.is_file()}  # fmt: skip
            assert world.repository.root not in (tree, *tree.parents)

        assert {"Dockerfile": "FROM a\n", "src/app": "1"} == held
        assert not tree.exists()
        assert "2" == (world.repository.root / "src/app").read_text()

    def test_a_worktree_is_gone_when_its_use_fails(self, world: World) -> None:
        with pytest.raises(KeyboardInterrupt), world.repository.worktree(world.repository.resolve("HEAD")) as tree:
            raise KeyboardInterrupt

        assert not tree.exists()

    def test_two_worktrees_are_apart(self, world: World) -> None:
        commit = world.repository.resolve("HEAD")

        with world.repository.worktree(commit) as one, world.repository.worktree(commit) as other:
            (one / "made").touch()
            assert not (other / "made").exists()

    def test_a_worktree_of_no_commit_is_not_found(self, world: World) -> None:
        with pytest.raises(RevisionNotFound), world.repository.worktree("0" * 40):
            pytest.fail("opened")

    def test_a_work_tree_is_clean_until_something_is_edited_or_added(self, world: World) -> None:
        assert (False, True) == (world.repository.dirty(), world.repository.pristine())

        (world.repository.root / "new").write_text("1")

        assert (True, False) == (world.repository.dirty(), world.repository.pristine())
