"""adapters.git on real repositories."""

from __future__ import annotations

import os
import shutil
import stat
from typing import TYPE_CHECKING

import pytest

from tests.support.git import check_out, create
from weighbridge.adapters.git import GitRepository
from weighbridge.errors import GitError, RevisionNotFound, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.git import WorkTree

ABSENT = "0123456789" * 4


@pytest.fixture
def upstream(tmp_path: Path) -> WorkTree:
    """A repository with ten commits on main."""
    tree = create(tmp_path / "upstream")
    tree.commits(10)
    return tree


def graph_size(tree: WorkTree, *commits: str) -> int:
    return len(tree.git("rev-list", *commits).split())


def test_the_root_is_found_from_a_directory_below_it(upstream: WorkTree) -> None:
    upstream.commit({"a/b/c": ""})

    assert upstream.path == GitRepository(upstream.path / "a/b").root


def test_a_directory_outside_of_any_repository_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not the work tree of a git repository"):
        assert GitRepository(tmp_path).root


def test_a_directory_that_is_missing_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such directory"):
        assert GitRepository(tmp_path / "gone").root


@pytest.mark.parametrize("name", ["main", "HEAD", "v1", "feature/ü_%20_$(x)", "quote'\"&;|"])
def test_a_revision_is_resolved_by_any_name_that_git_knows(upstream: WorkTree, name: str) -> None:
    expected = upstream.git("rev-parse", "HEAD")
    upstream.git("tag", "--annotate", "--message", "One", "v1")
    if name not in ("main", "HEAD", "v1"):
        upstream.git("branch", name)

    assert expected == GitRepository(upstream.path).resolve(name)


@pytest.mark.parametrize("name", ["--upload-pack=touch x", "-h", "", "a\nb", "no such", "x\0y", "HEAD:counter", ABSENT])
def test_what_names_no_commit_is_not_found_and_runs_nothing(upstream: WorkTree, name: str) -> None:
    before = upstream.state()

    with pytest.raises(RevisionNotFound) as caught:
        GitRepository(upstream.path).resolve(name)

    assert "\n" not in str(caught.value)
    assert before == upstream.state()


def test_a_tag_that_only_origin_has_is_fetched_by_its_commit(upstream: WorkTree, tmp_path: Path) -> None:
    upstream.git("tag", "--annotate", "--message", "Old", "v1", "HEAD~4")
    clone = check_out(upstream.path, tmp_path / "clone", ref="refs/heads/main")

    assert upstream.git("rev-parse", "v1^{commit}") == GitRepository(clone.path).resolve("v1")
    assert clone.git("tag") == ""


def test_parents_are_read_from_the_commit_where_a_shallow_clone_lacks_them(upstream: WorkTree, tmp_path: Path) -> None:
    clone = check_out(upstream.path, tmp_path / "clone", ref="refs/heads/main")
    head = upstream.git("rev-parse", "HEAD")

    assert (upstream.git("rev-parse", "HEAD~1"),) == GitRepository(clone.path).parents(head)
    assert graph_size(clone, "HEAD") == 1


def test_a_missing_commit_comes_alone_into_a_shallow_clone(upstream: WorkTree, tmp_path: Path) -> None:
    clone = check_out(upstream.path, tmp_path / "clone", ref="refs/heads/main")
    wanted = upstream.git("rev-parse", "HEAD~3")

    GitRepository(clone.path).ensure_commit(wanted)

    assert graph_size(clone, wanted) == 1


def test_a_whole_clone_stays_whole_when_a_commit_is_fetched(upstream: WorkTree, tmp_path: Path) -> None:
    clone = check_out(upstream.path, tmp_path / "clone", ref="refs/heads/main", depth=0)
    later = upstream.commits(3)[-1]

    GitRepository(clone.path).ensure_commit(later)

    assert graph_size(upstream, later) == graph_size(clone, later)
    assert clone.git("rev-parse", "--is-shallow-repository") == "false"


def test_a_commit_that_nobody_has_is_not_found(upstream: WorkTree, tmp_path: Path) -> None:
    clone = check_out(upstream.path, tmp_path / "clone", ref="refs/heads/main")

    with pytest.raises(RevisionNotFound, match=ABSENT):
        GitRepository(clone.path).ensure_commit(ABSENT)


def test_a_shallow_clone_is_deepened_until_the_merge_base_and_not_to_the_end(tmp_path: Path) -> None:
    upstream = create(tmp_path / "upstream")
    expected = upstream.commits(200)[-1]
    upstream.checkout("feature", "main")
    head = upstream.commits(3)[-1]
    upstream.checkout("main")
    upstream.commit({"other": "x"})
    clone = check_out(upstream.path, tmp_path / "clone", ref="refs/heads/feature")
    repository = GitRepository(clone.path)
    tip = repository.branch("main")

    assert tip is not None
    assert expected == repository.merge_base(tip, head)
    assert graph_size(clone, head) < 15


def test_the_merge_base_is_the_best_one_even_where_a_worse_one_is_visible_sooner(tmp_path: Path) -> None:
    """main was merged into the branch by a long way round; the short way shows an older common ancestor first."""
    upstream = create(tmp_path / "upstream")
    old = upstream.commit({"a": "1"})
    best = upstream.commits(1)[-1]
    upstream.checkout("long", best)
    upstream.commit({"long": "1"})
    for number in range(12):
        upstream.commit({"long": str(number + 2)})
    upstream.checkout("feature", old)
    upstream.commit({"feature": "1"})
    upstream.git("merge", "--quiet", "--no-ff", "--message", "Take main", "long")
    head = upstream.git("rev-parse", "HEAD")
    upstream.checkout("main")
    tip = upstream.commit({"main": "1"})
    clone = check_out(upstream.path, tmp_path / "clone", ref="refs/heads/feature")

    assert best == upstream.git("merge-base", tip, head)
    assert best == GitRepository(clone.path).merge_base(tip, head)


def test_histories_that_share_nothing_have_no_merge_base(upstream: WorkTree, tmp_path: Path) -> None:
    upstream.git("checkout", "--quiet", "--orphan", "island")
    head = upstream.commit({"island": "1"})
    clone = check_out(upstream.path, tmp_path / "clone", ref="refs/heads/island")

    assert GitRepository(clone.path).merge_base(upstream.git("rev-parse", "main"), head) is None


def test_a_branch_is_known_here_or_on_origin_and_a_tag_is_none(upstream: WorkTree, tmp_path: Path) -> None:
    upstream.git("tag", "v1")
    upstream.git("branch", "release/1.x", "HEAD~2")
    clone = check_out(upstream.path, tmp_path / "clone", ref="refs/heads/main")
    repository = GitRepository(clone.path)

    assert upstream.git("rev-parse", "HEAD~2") == repository.branch("release/1.x")
    assert repository.branch("origin/main") == repository.branch("main") == upstream.git("rev-parse", "main")
    assert not any(repository.branch(name) for name in ("v1", "no-such", "HEAD~1", "HEAD", "--help"))


def test_a_fresh_branch_is_what_origin_has_now(upstream: WorkTree, tmp_path: Path) -> None:
    clone = check_out(upstream.path, tmp_path / "clone", ref="refs/heads/main")
    stale = clone.git("rev-parse", "HEAD")
    now = upstream.commits(1)[-1]
    repository = GitRepository(clone.path)

    assert stale == repository.branch("main")
    assert now == repository.branch("main", fresh=True)


def test_fetching_moves_no_reference_and_no_file(upstream: WorkTree, tmp_path: Path) -> None:
    upstream.checkout("feature", "HEAD~3")
    head = upstream.commit({"feature": "1"})
    clone = check_out(upstream.path, tmp_path / "clone", ref="refs/heads/feature")
    (clone.path / "untracked").write_text("mine")
    (clone.path / "feature").write_text("edited")
    before = clone.state()
    repository = GitRepository(clone.path)

    repository.merge_base(repository.branch("main") or "", head)

    assert before == clone.state()


def test_a_worktree_holds_the_commit_and_leaves_the_repository_as_it_was(upstream: WorkTree) -> None:
    (upstream.path / "counter").write_text("edited")
    (upstream.path / "untracked").write_text("mine")
    before = upstream.state()
    repository = GitRepository(upstream.path)

    with repository.worktree(upstream.git("rev-parse", "HEAD~4")) as tree:
        held = (tree / "counter").read_text()
        assert not tree.is_relative_to(upstream.path)
        (tree / "litter").write_text("left by a build")

    assert held == "5"
    assert not tree.parent.exists()
    assert before == upstream.state()
    assert not (upstream.path / ".git/worktrees").exists()


def test_a_worktree_is_removed_when_its_use_fails(upstream: WorkTree) -> None:
    before = upstream.state()
    repository = GitRepository(upstream.path)

    with pytest.raises(KeyboardInterrupt), repository.worktree(repository.resolve("HEAD")) as tree:
        raise KeyboardInterrupt

    assert not tree.exists()
    assert before == upstream.state()


def test_a_worktree_that_somebody_removed_is_forgotten_all_the_same(upstream: WorkTree) -> None:
    before = upstream.state()
    repository = GitRepository(upstream.path)

    with repository.worktree(repository.resolve("HEAD")) as tree:
        shutil.rmtree(tree)

    assert before == upstream.state()
    assert not (upstream.path / ".git/worktrees").exists()


def test_two_worktrees_of_one_commit_hold_the_same(upstream: WorkTree) -> None:
    repository = GitRepository(upstream.path)
    commit = repository.resolve("HEAD")

    with repository.worktree(commit) as one, repository.worktree(commit) as other:
        files = [{path.name: path.read_bytes() for path in tree.iterdir()} for tree in (one, other)]

    assert files[0] == files[1]
    assert files[0]


def test_a_worktree_of_the_users_own_survives(upstream: WorkTree, tmp_path: Path) -> None:
    own = tmp_path / "own"
    upstream.git("worktree", "add", "--quiet", "--detach", str(own), "HEAD")
    own.rename(tmp_path / "unmounted")
    repository = GitRepository(upstream.path)

    with repository.worktree(repository.resolve("HEAD")):
        pass

    assert str(own) in upstream.git("worktree", "list")


def test_two_worktrees_can_be_open_at_once(upstream: WorkTree) -> None:
    repository = GitRepository(upstream.path)
    head = repository.resolve("HEAD")

    with repository.worktree(head) as one, repository.worktree(head) as other:
        assert one != other
        assert (one / "counter").read_text() == (other / "counter").read_text()


def test_no_hook_runs(upstream: WorkTree, tmp_path: Path) -> None:
    hook = upstream.path / ".git/hooks/post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(hook.stat().st_mode | stat.S_IXUSR)
    repository = GitRepository(upstream.path)

    with repository.worktree(repository.resolve("HEAD")):
        pass

    assert not (tmp_path / "ran").exists()


def test_links_that_lead_out_of_the_tree_are_checked_out_as_links(upstream: WorkTree, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    (upstream.path / "way-out").symlink_to(tmp_path)
    upstream.commit()
    repository = GitRepository(upstream.path)

    with repository.worktree(repository.resolve("HEAD")) as tree:
        assert (tree / "way-out").is_symlink()

    assert (tmp_path / "precious").read_text() == "precious"


def test_large_file_pointers_stay_pointers_where_git_lfs_is_configured_but_missing(
    upstream: WorkTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
    upstream.commit({".gitattributes": "*.bin filter=lfs\n", "big.bin": pointer})
    upstream.git("config", "filter.lfs.process", "no-such-git-lfs")
    upstream.git("config", "filter.lfs.smudge", "no-such-git-lfs")
    upstream.git("config", "filter.lfs.required", "true")
    monkeypatch.setattr("shutil.which", lambda name: None)
    repository = GitRepository(upstream.path)

    with repository.worktree(repository.resolve("HEAD")) as tree:
        assert pointer == (tree / "big.bin").read_text()


def test_a_work_tree_is_dirty_by_edits_and_new_files_but_not_by_ignored_ones(upstream: WorkTree) -> None:
    upstream.commit({".gitignore": "out/\n", "out/x": "1"})
    repository = GitRepository(upstream.path)
    assert not repository.dirty()

    (upstream.path / "new").write_text("")

    assert repository.dirty()


def test_a_work_tree_is_pristine_only_without_ignored_files_too(upstream: WorkTree) -> None:
    upstream.commit({".gitignore": "out/\n", "tracked": "1"})
    repository = GitRepository(upstream.path)
    assert repository.pristine()

    (upstream.path / "out").mkdir()
    (upstream.path / "out" / "built").write_text("")

    assert not repository.dirty()
    assert not repository.pristine()


def test_variables_that_a_hook_inherits_do_not_lead_elsewhere(
    upstream: WorkTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = create(tmp_path / "other")
    other.commit({"other": "1"})
    expected = upstream.git("rev-parse", "HEAD")
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))

    assert expected == GitRepository(upstream.path).resolve("HEAD")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_a_work_tree_of_another_user_is_read_only_where_it_is_trusted(upstream: WorkTree) -> None:
    """The action's container is root, the workspace belongs to the runner."""
    expected = upstream.git("rev-parse", "HEAD")
    for path in (upstream.path, *upstream.path.rglob("*")):
        os.chown(path, 12345, 12345)

    assert expected == GitRepository(upstream.path, trusted=True).resolve("HEAD")
    with pytest.raises(UsageError, match="dubious ownership"):
        GitRepository(upstream.path).resolve("HEAD")


def test_a_command_that_takes_too_long_is_ended(upstream: WorkTree, tmp_path: Path) -> None:
    slow = tmp_path / "slow"
    slow.write_text("#!/bin/sh\nsleep 60\n")
    slow.chmod(0o755)
    upstream.git("remote", "add", "origin", "ssh://localhost/none")
    upstream.git("config", "core.sshCommand", str(slow))
    repository = GitRepository(upstream.path, fetch_timeout=0.5)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_SSH_COMMAND", str(slow))
        with pytest.raises(GitError, match=r"git fetch took longer than 0\.5 s"):
            repository.ensure_commit(ABSENT)


def test_credentials_of_a_remote_stay_out_of_messages(upstream: WorkTree) -> None:
    upstream.git("remote", "add", "origin", "http://user:s3cret@127.0.0.1:9/none")

    with pytest.raises(RevisionNotFound) as caught:
        GitRepository(upstream.path).ensure_commit(ABSENT)

    assert "s3cret" not in str(caught.value)


def test_a_missing_git_is_named(upstream: WorkTree, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(GitError, match="git is not installed"):
        GitRepository(upstream.path).resolve("HEAD")


def test_the_ssh_command_that_a_checkout_was_given_is_used(upstream: WorkTree, tmp_path: Path) -> None:
    clone = check_out(upstream.path, tmp_path / "clone", ref="refs/heads/main")
    # What ssh would run on the server, here: its last argument.
    ssh = tmp_path / "ssh"
    ssh.write_text('#!/bin/sh\nfor last; do :; done\neval "$last"\n')
    ssh.chmod(0o755)
    clone.git("config", "core.sshCommand", str(ssh))
    clone.git("remote", "set-url", "origin", f"ssh://git@server.example{upstream.path}")
    parent = upstream.git("rev-parse", "HEAD~3")

    GitRepository(clone.path).ensure_commit(parent)

    assert "commit" == clone.git("cat-file", "-t", parent)
