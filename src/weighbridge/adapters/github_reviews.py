"""Comments on the lines of pull requests on GitHub (slow to import: import this when it is needed)."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from github import UnknownObjectException
from github.GithubObject import CompletableGithubObject

from weighbridge.adapters.github_connection import PULLS_READ, PULLS_WRITE, GitHubConnection
from weighbridge.core.marker import key_of
from weighbridge.forge import ChangedFile, ReviewComment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from github.PullRequest import PullRequest as GitHubPullRequest
    from github.PullRequestComment import PullRequestComment


class GitHubReviews(GitHubConnection):
    """Implements forge.Reviews."""

    def changed_files(self, number: int) -> tuple[ChangedFile, ...]:
        """See forge.Reviews."""
        with self._asking(f"show the diff of pull request {number}", PULLS_READ):
            return tuple(
                ChangedFile(path=file.filename, patch=file.raw_data.get("patch"))
                for file in self._pull(number).get_files()
            )

    def comments(self, number: int, key: str) -> tuple[ReviewComment, ...]:
        """See forge.Reviews."""
        with self._asking(f"list the review comments of pull request {number}", PULLS_READ):
            return tuple(self._ours(number, lambda comment: key_of(comment.body or "") == key))

    def create_comment(self, number: int, commit: str, path: str, lines: tuple[int, int], body: str) -> ReviewComment:
        """See forge.Reviews."""
        with self._asking(f"comment on a line of pull request {number}", PULLS_WRITE, known=True):
            return self._once(
                lambda: self._created(number, commit, path, lines, body),
                lambda: next(self._ours(number, lambda comment: comment.body == body), None),
                "comment",
            )

    def _created(self, number: int, commit: str, path: str, lines: tuple[int, int], body: str) -> ReviewComment:
        first, last = lines
        pull = self._pull(number)
        if first == last:
            # GitHub refuses a range of one line.
            made = pull.create_review_comment(body, commit, path, line=last, side="RIGHT")
        else:
            made = pull.create_review_comment(
                body, commit, path, line=last, side="RIGHT", start_line=first, start_side="RIGHT"
            )
        return _comment(made, frozenset())

    def edit_comment(self, number: int, comment_id: int, body: str) -> None:
        """See forge.Reviews."""
        with self._asking(f"edit a review comment on pull request {number}", PULLS_WRITE, known=True):
            self._pull(number).get_review_comment(comment_id).edit(body)

    def delete_comment(self, number: int, comment_id: int) -> None:
        """See forge.Reviews."""
        what = f"delete a review comment on pull request {number}"
        with self._asking(what, PULLS_WRITE), contextlib.suppress(UnknownObjectException):
            self._pull(number).get_review_comment(comment_id).delete()

    def _pull(self, number: int) -> GitHubPullRequest:
        # Lazy: the pull request itself is never asked for.
        return self._remote.get_pull(number)

    def _ours(self, number: int, wanted: Callable[[PullRequestComment], bool]) -> Iterator[ReviewComment]:
        every = list(self._pull(number).get_review_comments())
        answered = frozenset(parent for comment in every if (parent := _number(comment, "in_reply_to_id")) is not None)
        for comment in every:
            if wanted(comment) and self._is_ours(comment.user):
                yield _comment(comment, answered)


def _comment(comment: PullRequestComment, answered: frozenset[int]) -> ReviewComment:
    return ReviewComment(
        id=comment.id,
        body=comment.body or "",
        line=_number(comment, "line"),
        answered=comment.id in answered,
    )


def _number(comment: PullRequestComment, field: str) -> int | None:
    # As it came with its page: the library would ask for a comment again, one by one, where a field is left out.
    value = super(CompletableGithubObject, comment).raw_data.get(field)
    return value if isinstance(value, int) else None
