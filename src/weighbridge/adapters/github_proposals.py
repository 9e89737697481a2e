"""Pull requests of our own on GitHub, by its Git data API (slow to import: import this when it is needed)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from github import GithubException, InputGitTreeElement, UnknownObjectException

from weighbridge.adapters.github_connection import (
    CONTENTS_READ,
    CONTENTS_WRITE,
    PULLS_READ,
    PULLS_WRITE,
    GitHubConnection,
)
from weighbridge.core.marker import key_of
from weighbridge.forge import Proposal, StoredFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from github.PullRequest import PullRequest as GitHubPullRequest

_OPEN = f'{PULLS_WRITE}", and the repository the setting "Allow GitHub Actions to create and approve pull requests'
_FILE_MODES = ("100644", "100755")


class GitHubProposals(GitHubConnection):
    """Implements forge.Proposals."""

    def tip(self, branch: str) -> str | None:
        """See forge.Proposals."""
        with self._asking(f"show the branch {branch}", CONTENTS_READ):
            try:
                return self._remote.get_git_ref(f"heads/{branch}").object.sha
            except UnknownObjectException:
                return None

    def stored(self, commit: str, path: str) -> StoredFile | None:
        """See forge.Proposals."""
        with self._asking(f"show {path}", CONTENTS_READ):
            tree = commit
            *folders, name = path.split("/")
            for folder in folders:
                entries = {entry.path: entry for entry in self._remote.get_git_tree(tree).tree}
                if folder not in entries or entries[folder].type != "tree":
                    return None
                tree = entries[folder].sha
            for entry in self._remote.get_git_tree(tree).tree:
                if entry.path == name and entry.mode in _FILE_MODES:
                    return StoredFile(blob=entry.sha, mode=entry.mode)
            return None

    def commit(self, parent: str, message: str, files: Mapping[str, tuple[str, str] | None]) -> str:
        """See forge.Proposals."""
        with self._asking("commit", CONTENTS_WRITE, known=True):
            elements = [
                InputGitTreeElement(path, _FILE_MODES[0], "blob", sha=None)
                if file is None
                else InputGitTreeElement(path, file[0], "blob", content=file[1])
                for path, file in files.items()
            ]
            below = self._remote.get_git_commit(parent)
            tree = self._remote.create_git_tree(elements, below.tree)
            return self._remote.create_git_commit(message, tree, [below]).sha

    def set_branch(self, name: str, commit: str) -> None:
        """See forge.Proposals."""
        with self._asking(f"make the branch {name}", CONTENTS_WRITE, known=True):
            try:
                self._remote.create_git_ref(f"refs/heads/{name}", commit)
            except GithubException as error:
                if error.status != 422:
                    raise
                # It is there already.
                self._change_branch("PATCH", name, {"sha": commit, "force": True})

    def delete_branch(self, name: str) -> None:
        """See forge.Proposals."""
        with self._asking(f"delete the branch {name}", CONTENTS_WRITE):
            try:
                self._change_branch("DELETE", name)
            except GithubException as error:
                # GitHub's answer is 422 where there is none.
                if error.status not in (404, 422):
                    raise

    def ours(self, base: str, key: str) -> tuple[Proposal, ...]:
        """See forge.Proposals."""
        with self._asking(f"list the pull requests into {base}", PULLS_READ):
            return tuple(self._ours(base, key))

    def of_branch(self, name: str) -> tuple[Proposal, ...]:
        """See forge.Proposals."""
        with self._asking(f"list the pull requests from {name}", PULLS_READ):
            owner = self._repository.partition("/")[0]
            found = self._remote.get_pulls(state="all", head=f"{owner}:{name}", sort="created", direction="asc")
            return tuple(_proposal(pull) for pull in found)

    def open(self, base: str, branch: str, title: str, body: str) -> Proposal:
        """See forge.Proposals."""
        with self._asking("open a pull request", _OPEN, known=True):
            return self._once(
                lambda: _proposal(self._remote.create_pull(base, branch, title=title, body=body)),
                lambda: next((each for each in self.of_branch(branch) if each.open), None),
                "pull request",
            )

    def edit(self, number: int, title: str, body: str) -> None:
        """See forge.Proposals."""
        with self._asking(f"edit pull request {number}", PULLS_WRITE, known=True):
            self._remote.get_pull(number).edit(title=title, body=body)

    def close(self, number: int, body: str) -> None:
        """See forge.Proposals."""
        with self._asking(f"close pull request {number}", PULLS_WRITE, known=True):
            self._remote.get_pull(number).edit(body=body, state="closed")

    def _change_branch(self, method: str, name: str, body: Mapping[str, object] | None = None) -> None:
        # The library asks at the address of reading, which is another one.
        url = f"{self._remote.url}/git/refs/heads/{quote(name)}"
        self._github.requester.requestJsonAndCheck(method, url, input=body)

    def _ours(self, base: str, key: str) -> Iterator[Proposal]:
        for pull in self._remote.get_pulls(state="open", base=base, sort="created", direction="asc"):
            if key_of(pull.body or "") != key:
                continue
            # A fork's branch of that name is a stranger's.
            ours = pull.head.repo is not None and pull.head.repo.full_name == pull.base.repo.full_name
            if ours and self._is_ours(pull.user):
                yield _proposal(pull)


def _proposal(pull: GitHubPullRequest) -> Proposal:
    return Proposal(
        number=pull.number,
        body=pull.body or "",
        branch=pull.head.ref,
        url=pull.html_url,
        open=pull.state == "open",
    )
