"""A fake of forge.Proposals. It runs the same contract tests as the real adapter."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from weighbridge.core.marker import key_of
from weighbridge.core.proposals import blob_id
from weighbridge.forge import Proposal, StoredFile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from weighbridge.errors import GitHubError


@dataclass
class FakeProposals:
    """Commits, branches and pull requests in memory. Features: authors (`me` is ours), and a `fault` that every later
    write raises.
    """

    me: str = "github-actions[bot]"
    fault: GitHubError | None = None
    writes: int = 0
    branches: dict[str, str] = field(default_factory=dict)
    files: dict[str, dict[str, tuple[str, str]]] = field(default_factory=dict)
    titles: dict[int, str] = field(default_factory=dict)
    _pulls: list[tuple[str, str, Proposal]] = field(default_factory=list)

    def tip(self, branch: str) -> str | None:
        """See the port."""
        return self.branches.get(branch)

    def stored(self, commit: str, path: str) -> StoredFile | None:
        """See the port."""
        found = self.files[commit].get(path)
        return None if found is None else StoredFile(blob=blob_id(found[1]), mode=found[0])

    def commit(self, parent: str, message: str, files: Mapping[str, tuple[str, str] | None]) -> str:
        """See the port."""
        self._write()
        kept = {path: file for path, file in self.files[parent].items() if path not in files}
        return self.add_commit(kept | {path: file for path, file in files.items() if file is not None})

    def set_branch(self, name: str, commit: str) -> None:
        """See the port."""
        self._write()
        self.branches[name] = commit

    def delete_branch(self, name: str) -> None:
        """See the port."""
        self._write()
        self.branches.pop(name, None)

    def ours(self, base: str, key: str) -> tuple[Proposal, ...]:
        """See the port."""
        return tuple(
            pull
            for who, into, pull in self._pulls
            if pull.open and (who, into) == (self.me, base) and key_of(pull.body) == key
        )

    def of_branch(self, name: str) -> tuple[Proposal, ...]:
        """See the port."""
        return tuple(pull for _, _, pull in self._pulls if pull.branch == name)

    def open(self, base: str, branch: str, title: str, body: str) -> Proposal:
        """See the port."""
        self._write()
        return self.add_pull(base, branch, title, body, author=self.me)

    def edit(self, number: int, title: str, body: str) -> None:
        """See the port."""
        self._write()
        self.titles[number] = title
        self._change(number, body=body)

    def close(self, number: int, body: str) -> None:
        """See the port."""
        self._write()
        self._change(number, body=body, open=False)

    def add_commit(self, files: Mapping[str, tuple[str, str]]) -> str:
        """Somebody commits; mode and content by path."""
        commit = f"{len(self.files) + 1:040x}"
        self.files[commit] = dict(files)
        return commit

    def add_pull(self, base: str, branch: str, title: str, body: str, *, author: str) -> Proposal:
        """Somebody opens a pull request."""
        number = len(self._pulls) + 1
        url = f"https://github.example/octocat/yard/pull/{number}"
        pull = Proposal(number=number, body=body, branch=branch, url=url, open=True)
        self._pulls.append((author, base, pull))
        self.titles[number] = title
        return pull

    def pulls(self) -> list[Proposal]:
        """All, oldest first."""
        return [pull for _, _, pull in self._pulls]

    def _change(self, number: int, **fields: object) -> None:
        self._pulls = [
            (who, base, replace(pull, **fields) if pull.number == number else pull)  # type: ignore[arg-type]
            for who, base, pull in self._pulls
        ]

    def _write(self) -> None:
        if self.fault is not None:
            raise self.fault
        self.writes += 1
