"""A fake of forge.Reviews. It runs the same contract tests as the real adapter."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from weighbridge.core.marker import key_of
from weighbridge.core.suggestions import shown_lines
from weighbridge.errors import GitHubError, GitHubForbidden
from weighbridge.forge import ChangedFile, ReviewComment

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass
class FakeReviews:
    """Review comments in memory. Features: several authors (`me` is ours), answers, lines that change later
    (`outdate`), lines outside of the diff refused as GitHub refuses them, and a `fault` that every later write raises.
    """

    me: str = "github-actions[bot]"
    files: dict[int, tuple[ChangedFile, ...]] = field(default_factory=dict)
    fault: GitHubError | None = None
    writes: int = 0
    _comments: dict[int, list[tuple[str, ReviewComment]]] = field(default_factory=dict)
    _last_id: int = 0

    def changed_files(self, number: int) -> tuple[ChangedFile, ...]:
        """See the port."""
        return self.files.get(number, ())

    def comments(self, number: int, key: str) -> tuple[ReviewComment, ...]:
        """See the port."""
        return tuple(
            comment for who, comment in self._comments.get(number, []) if who == self.me and key_of(comment.body) == key
        )

    def create_comment(self, number: int, commit: str, path: str, lines: tuple[int, int], body: str) -> ReviewComment:
        """See the port."""
        self._write()
        shown = {file.path: shown_lines(file.patch or "") for file in self.changed_files(number)}
        if any(line not in shown.get(path, {}) for line in lines):
            raise GitHubError(
                "GitHub refused to comment (422, pull_request_review_thread.line must be part of the diff)"
            )
        return self.add(number, body, line=lines[1], author=self.me)

    def edit_comment(self, number: int, comment_id: int, body: str) -> None:
        """See the port."""
        self._write()
        if comment_id not in {comment.id for _, comment in self._comments.get(number, [])}:
            raise GitHubForbidden("there is no such comment")
        self._change(number, comment_id, body=body)

    def delete_comment(self, number: int, comment_id: int) -> None:
        """See the port."""
        self._write()
        kept = [(who, comment) for who, comment in self._comments.get(number, []) if comment.id != comment_id]
        self._comments[number] = kept

    def add(self, number: int, body: str, *, line: int, author: str) -> ReviewComment:
        """Somebody comments on a line."""
        self._last_id += 1
        comment = ReviewComment(id=self._last_id, body=body, line=line, answered=False)
        self._comments.setdefault(number, []).append((author, comment))
        return comment

    def answer(self, number: int, comment_id: int) -> None:
        """Somebody replies."""
        self._change(number, comment_id, answered=True)

    def outdate(self, number: int, comment_id: int) -> None:
        """The lines change."""
        self._change(number, comment_id, line=None)

    def bodies(self, number: int) -> Sequence[str]:
        """Of all comments, oldest first."""
        return [comment.body for _, comment in self._comments.get(number, [])]

    def _change(self, number: int, comment_id: int, **fields: object) -> None:
        self._comments[number] = [
            (who, replace(comment, **fields) if comment.id == comment_id else comment)  # type: ignore[arg-type]
            for who, comment in self._comments[number]
        ]

    def _write(self) -> None:
        if self.fault is not None:
            raise self.fault
        self.writes += 1
