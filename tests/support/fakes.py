"""Fakes of the ports, for tests of what uses them. Each runs the same contract tests as the real adapter."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from weighbridge.core.marker import key_of
from weighbridge.errors import GitHubError
from weighbridge.ports import Comment, PullRequest

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class _Stored:
    comment: Comment
    author: str
    minimized: bool = False


@dataclass
class FakePullRequests:
    """Pull requests in memory; implements ports.PullRequests.

    Features: several authors (`me` is ours), minimized comments, labels with who set them, a `fault` that every later
    call raises, and `meanwhile`, run once before the next write, in which another job may write.
    """

    me: str = "github-actions[bot]"
    pulls: dict[int, PullRequest] = field(default_factory=dict)
    fault: GitHubError | None = None
    meanwhile: Callable[[], None] | None = None
    writes: int = 0
    _comments: dict[int, list[_Stored]] = field(default_factory=dict)
    _setters: dict[tuple[int, str], str] = field(default_factory=dict)
    _afterwards: list[tuple[int, str]] = field(default_factory=list)
    _last_id: int = 0

    def open(self, number: int, *, head_sha: str = "1" * 40, base_ref: str = "main") -> PullRequest:
        """Opens a pull request of the repository itself."""
        self.pulls[number] = PullRequest(
            number=number, head_sha=head_sha, base_ref=base_ref, open=True, same_repository=True, labels=()
        )
        return self.pulls[number]

    def add_label(self, number: int, label: str, who: str) -> None:
        """Somebody sets a label."""
        self.pulls[number] = replace(self.pulls[number], labels=(*self.pulls[number].labels, label))
        self._setters[number, label.casefold()] = who

    def add_comment(self, number: int, body: str, *, author: str) -> int:
        """Somebody comments; the comment's ID."""
        self._last_id += 1
        url = f"https://github.example/pull/{number}#issuecomment-{self._last_id}"
        comment = Comment(id=self._last_id, body=body, url=url)
        self._comments.setdefault(number, []).append(_Stored(comment, author))
        return comment.id

    def minimize(self, comment_id: int) -> None:
        """Somebody hides a comment."""
        for stored in self._all():
            stored.minimized |= stored.comment.id == comment_id

    def overwrite(self, comment_id: int, body: str) -> None:
        """Another job of ours replaces a comment's body."""
        for stored in self._all():
            if stored.comment.id == comment_id:
                stored.comment = replace(stored.comment, body=body)

    def overwrite_later(self, comment_id: int, body: str) -> None:
        """Another job of ours replaces a comment's body just after the write that is under way."""
        self._afterwards.append((comment_id, body))

    def bodies(self, number: int, *, author: str | None = None) -> list[str]:
        """The comments there are, oldest first, of one author or of all."""
        return [each.comment.body for each in self._comments.get(number, []) if author in (None, each.author)]

    def get(self, number: int) -> PullRequest:
        """See the port."""
        self._check()
        if number not in self.pulls:
            raise GitHubError(f"there is no pull request {number}")
        return self.pulls[number]

    def holding(self, commit: str) -> tuple[PullRequest, ...]:
        """See the port."""
        self._check()
        return tuple(pull for pull in self.pulls.values() if pull.head_sha == commit)

    def label_setter(self, number: int, label: str) -> str | None:
        """See the port."""
        self._check()
        return self._setters.get((number, label.casefold()))

    def find_comment(self, number: int, key: str) -> Comment | None:
        """See the port."""
        self._check()
        for each in self._comments.get(number, []):
            if each.author == self.me and not each.minimized and key_of(each.comment.body) == key:
                return each.comment
        return None

    def create_comment(self, number: int, body: str) -> Comment:
        """See the port."""
        self._before_writing()
        self.get(number)
        self.add_comment(number, body, author=self.me)
        return self._comments[number][-1].comment

    def edit_comment(self, number: int, comment_id: int, body: str) -> Comment:
        """See the port."""
        self._before_writing()
        for each in self._comments.get(number, []):
            if each.comment.id == comment_id:
                each.comment = edited = replace(each.comment, body=body)
                while self._afterwards:
                    self.overwrite(*self._afterwards.pop())
                return edited
        raise GitHubError(f"there is no comment {comment_id}")

    def delete_comment(self, number: int, comment_id: int) -> None:
        """See the port."""
        self._check()
        self._comments[number] = [each for each in self._comments.get(number, []) if each.comment.id != comment_id]

    def _all(self) -> list[_Stored]:
        return [each for comments in self._comments.values() for each in comments]

    def _check(self) -> None:
        if self.fault is not None:
            raise self.fault

    def _before_writing(self) -> None:
        self._check()
        self.writes += 1
        if self.meanwhile is not None:
            other, self.meanwhile = self.meanwhile, None
            other()
