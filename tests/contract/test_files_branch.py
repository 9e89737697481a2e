"""What weighbridge asks of a branch of files holds on the fake and on real git servers, over file:// and HTTP."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.support.fake_branch import FakeFilesBranch
from tests.support.git import WorkTree, create
from tests.support.git_server import READER, WRITER, GitServer, running_git_server
from weighbridge.adapters.git_branch import Access, GitFilesBranch
from weighbridge.errors import GitError, GitForbidden, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from weighbridge.ports import Edit, FilesBranch

NAME = "weighbridge-history"


def adding(text: str, path: str = "records/2026.jsonl") -> Edit:
    """An edit that adds a line to a file."""
    return lambda files: {**files, path: files.get(path, b"") + f"{text}\n".encode()}


def origin_of(folder: Path) -> WorkTree:
    """A bare repository that takes pushes, with one commit on `main`, and a clone of it."""
    source = create(folder / "source")
    source.commit({"Dockerfile": "FROM scratch\n"})
    source.git("clone", "--quiet", "--bare", ".", str(folder / "origin.git"))
    WorkTree(folder / "origin.git").git("config", "http.receivepack", "true")
    return WorkTree(folder / "origin.git")


def clone_of(url: str, path: Path, *options: str) -> WorkTree:
    path.parent.mkdir(parents=True, exist_ok=True)
    WorkTree(path.parent).git("clone", "--quiet", *options, url, str(path))
    return WorkTree(path)


@pytest.fixture
def origin(tmp_path: Path) -> WorkTree:
    return origin_of(tmp_path)


@pytest.fixture
def server(origin: WorkTree) -> Iterator[GitServer]:
    with running_git_server(origin.path.parent) as running:
        yield running


@pytest.fixture(params=["fake", "file", "http"])
def branch(request: pytest.FixtureRequest, tmp_path: Path) -> FilesBranch:
    if request.param == "fake":
        return FakeFilesBranch(name=NAME)
    origin: WorkTree = request.getfixturevalue("origin")
    url = origin.path.as_uri()
    if request.param == "http":
        url = f"{request.getfixturevalue('server').url}/origin.git"
    return GitFilesBranch(clone_of(url, tmp_path / "clone").path, NAME)


class TestFilesBranch:
    """The contract of ports.FilesBranch."""

    def test_a_branch_that_is_not_there_has_no_files(self, branch: FilesBranch) -> None:
        assert {} == branch.read()
        assert NAME == branch.name

    def test_what_is_written_is_read(self, branch: FilesBranch) -> None:
        files = {"records/2026.jsonl": b"\xff\x00 one\n", "charts/a b.svg": b""}

        assert branch.update(lambda _: files, "Record")

        assert files == branch.read()

    def test_an_edit_sees_what_is_there_and_may_take_files_away(self, branch: FilesBranch) -> None:
        branch.update(lambda _: {"a": b"1", "b/c": b"2"}, "First")
        seen: list[Mapping[str, bytes]] = []

        def edit(files: Mapping[str, bytes]) -> Mapping[str, bytes]:
            seen.append(files)
            return {"a": files["a"] + b"2"}

        assert branch.update(edit, "Second")
        assert [{"a": b"1", "b/c": b"2"}] == seen
        assert {"a": b"12"} == branch.read()

    def test_what_changes_nothing_is_no_commit(self, branch: FilesBranch) -> None:
        branch.update(lambda _: {"a": b"1"}, "First")

        assert not branch.update(lambda files: files, "Second")
        assert not branch.update(lambda files: files, "Squash one commit", squash=True)

    def test_squashing_leaves_the_files(self, branch: FilesBranch) -> None:
        for number in range(3):
            branch.update(adding(str(number)), "Add")

        assert branch.update(lambda files: files, "Squash", squash=True)
        assert {"records/2026.jsonl": b"0\n1\n2\n"} == branch.read()


def test_each_update_is_one_commit_of_an_orphan_branch_until_it_is_squashed(origin: WorkTree, tmp_path: Path) -> None:
    branch = GitFilesBranch(clone_of(origin.path.as_uri(), tmp_path / "clone").path, NAME)
    for number in range(3):
        branch.update(adding(str(number)), f"Record {number}\n\n[skip ci]")

    assert ["Record 2", "Record 1", "Record 0"] == origin.git("log", "--format=%s", NAME).splitlines()
    assert "" == origin.git("log", "--format=%s", "main..HEAD")

    branch.update(lambda files: files, "Squash", squash=True)

    assert ["Squash"] == origin.git("log", "--format=%s", NAME).splitlines()


@pytest.mark.parametrize("options", [(), ("--depth=1",), ("--bare",)], ids=["whole", "shallow", "bare"])
def test_the_clone_is_left_as_it_was(origin: WorkTree, tmp_path: Path, options: tuple[str, ...]) -> None:
    clone = clone_of(origin.path.as_uri(), tmp_path / "clone", *options)
    if "--bare" not in options:
        (clone.path / "Dockerfile").write_text("FROM edited\n")
        clone.git("add", "Dockerfile")
        (clone.path / "new").write_text("x")
    before = _everything(clone.path)

    branch = GitFilesBranch(clone.path, NAME)
    branch.update(adding("1"), "Record")
    branch.read()

    assert before == _everything(clone.path)


def _everything(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("how", ["file", "http"])
def test_twenty_writers_at_once_lose_no_record(
    request: pytest.FixtureRequest, origin: WorkTree, tmp_path: Path, how: str
) -> None:
    url = origin.path.as_uri() if how == "file" else f"{request.getfixturevalue('server').url}/origin.git"
    clone = clone_of(url, tmp_path / "clone")

    def write(number: int) -> bool:
        return GitFilesBranch(clone.path, NAME).update(adding(str(number)), f"Record {number}")

    with ThreadPoolExecutor(20) as writers:
        assert all(writers.map(write, range(20)))

    written = GitFilesBranch(clone.path, NAME).read()["records/2026.jsonl"].split()
    assert {str(number).encode() for number in range(20)} == set(written)
    assert 20 == len(written) == int(origin.git("rev-list", "--count", NAME))


def test_writers_and_a_squash_at_once_lose_no_record(origin: WorkTree, tmp_path: Path) -> None:
    clone = clone_of(origin.path.as_uri(), tmp_path / "clone")

    def write(number: int) -> bool:
        branch = GitFilesBranch(clone.path, NAME)
        if number % 4 == 3:
            return branch.update(lambda files: files, "Squash", squash=True)
        return branch.update(adding(str(number)), f"Record {number}")

    with ThreadPoolExecutor(8) as writers:
        list(writers.map(write, range(16)))

    written = GitFilesBranch(clone.path, NAME).read()["records/2026.jsonl"].split()
    assert sorted(str(number).encode() for number in range(16) if number % 4 != 3) == sorted(written)


def test_files_of_others_on_the_branch_stay(origin: WorkTree, tmp_path: Path) -> None:
    clone = clone_of(origin.path.as_uri(), tmp_path / "clone")
    clone.git("checkout", "--quiet", "--orphan", NAME)
    (clone.path / "link").symlink_to("/etc/passwd")
    clone.commit({"note.md": "mine"})
    clone.git("push", "--quiet", "origin", NAME)
    branch = GitFilesBranch(clone.path, NAME)

    assert {"Dockerfile": b"FROM scratch\n", "note.md": b"mine"} == branch.read()
    branch.update(adding("1"), "Record")

    assert ["Dockerfile", "link", "note.md", "records"] == origin.git("ls-tree", "--name-only", NAME).splitlines()


class TestAccess:
    """Who may write, over HTTP as GitHub has it."""

    @pytest.fixture
    def clone(self, server: GitServer, tmp_path: Path) -> WorkTree:
        clone = clone_of(f"{server.url}/origin.git", tmp_path / "clone")
        server.tokens = {WRITER: True, READER: False}
        return clone

    def branch(self, clone: WorkTree, server: GitServer, token: str | None) -> GitFilesBranch:
        access = Access(server_url=server.url, token=token) if token else None
        return GitFilesBranch(clone.path, NAME, access=access)

    def test_a_token_that_writes_writes(self, clone: WorkTree, server: GitServer) -> None:
        assert self.branch(clone, server, WRITER).update(adding("1"), "Record")

    def test_it_goes_before_the_header_that_a_checkout_left(self, clone: WorkTree, server: GitServer) -> None:
        for token, works in ((READER, False), (WRITER, True)):
            header = Access(server_url=server.url, token=token).settings()[1]
            clone.git("config", *header)
            if works:
                assert self.branch(clone, server, None).update(adding("2"), "Record")
            else:
                assert self.branch(clone, server, WRITER).update(adding("1"), "Record")

    @pytest.mark.parametrize("token", [READER, "nobody's", None])
    def test_one_that_may_not_is_told_what_to_add(self, clone: WorkTree, server: GitServer, token: str | None) -> None:
        with pytest.raises(GitForbidden, match=r'"permissions: contents: (read|write)"'):
            self.branch(clone, server, token).update(adding("1"), "Record")

    def test_a_reader_is_told_to_add_write(self, clone: WorkTree, server: GitServer) -> None:
        branch = self.branch(clone, server, READER)

        assert {} == branch.read()
        with pytest.raises(GitForbidden, match=r"may not push to .* contents: write"):
            branch.update(adding("1"), "Record")

    def test_a_token_is_given_to_its_own_server_only(self, clone: WorkTree, server: GitServer) -> None:
        server.tokens = {}
        server.seen.clear()
        access = Access(server_url="http://127.0.0.1:1", token=WRITER)

        GitFilesBranch(clone.path, NAME, access=access).update(adding("1"), "Record")

        assert {None} == set(server.seen)

    def test_no_secret_is_in_a_message_or_repr(self, clone: WorkTree, server: GitServer) -> None:
        clone.git("remote", "set-url", "origin", server.url.replace("//", "//user:swordfish@") + "/origin.git")

        with pytest.raises(GitError) as refused:
            self.branch(clone, server, "hunter22").update(adding("1"), "Record")

        assert not {"swordfish", "hunter22"} & set(str(refused.value).replace("@", " ").replace(":", " ").split())
        assert "hunter22" not in repr(self.branch(clone, server, "hunter22"))

    def test_an_outage_is_waited_for(self, clone: WorkTree, server: GitServer) -> None:
        server.outages = 4

        assert self.branch(clone, server, WRITER).update(adding("1"), "Record")

    def test_a_long_outage_is_told(self, clone: WorkTree, server: GitServer) -> None:
        server.outages = 10**6
        branch = GitFilesBranch(clone.path, NAME, deadline=0.2)

        with pytest.raises(GitError, match="gave up after"):
            branch.update(adding("1"), "Record")


def no_pause(_: float) -> None:
    pytest.fail("it was tried again")


def test_a_branch_that_a_hook_protects_is_told_and_not_retried(origin: WorkTree, tmp_path: Path) -> None:
    hook = origin.path / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho no >&2\nexit 1\n")
    hook.chmod(0o755)
    branch = GitFilesBranch(clone_of(origin.path.as_uri(), tmp_path / "clone").path, NAME, pause=no_pause)

    with pytest.raises(GitError, match=r"could not push to the branch weighbridge-history: .*hook declined"):
        branch.update(adding("1"), "Record")


@pytest.mark.parametrize("name", ["a b", "a..b", "-x/.", "a\nb", ""])
def test_what_is_no_name_of_a_branch_is_refused(origin: WorkTree, tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="not the name of a branch"):
        GitFilesBranch(clone_of(origin.path.as_uri(), tmp_path / "clone").path, name).read()


def test_without_an_origin_it_says_so(tmp_path: Path) -> None:
    tree = create(tmp_path / "alone")

    with pytest.raises(GitError, match="origin"):
        GitFilesBranch(tree.path, NAME).read()


def test_an_origin_by_a_relative_path_is_found(origin: WorkTree, tmp_path: Path) -> None:
    clone = clone_of(origin.path.as_uri(), tmp_path / "clone")
    clone.git("remote", "set-url", "origin", "../origin.git")

    assert GitFilesBranch(clone.path, NAME).update(adding("1"), "Record")


def test_the_key_that_a_checkout_was_given_is_used(origin: WorkTree, tmp_path: Path) -> None:
    clone = clone_of(origin.path.as_uri(), tmp_path / "clone")
    # What ssh would do on the server, here: the last argument is the command, git-upload-pack or git-receive-pack.
    ssh = tmp_path / "ssh"
    ssh.write_text(f'#!/bin/sh\nfor last; do :; done\ntouch "{tmp_path}/used"\neval "$last"\n')
    ssh.chmod(0o755)
    clone.git("config", "core.sshCommand", str(ssh))
    clone.git("remote", "set-url", "origin", f"ssh://git@server.example{origin.path}")

    assert GitFilesBranch(clone.path, NAME).update(adding("1"), "Record")

    assert (tmp_path / "used").exists()
    assert "1" == origin.git("rev-list", "--count", NAME)


def test_where_no_temporary_folder_can_be_made_it_says_so(
    origin: WorkTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = clone_of(origin.path.as_uri(), tmp_path / "clone")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))

    with pytest.raises(GitError, match="no temporary folder can be made"):
        GitFilesBranch(clone.path, NAME).read()
