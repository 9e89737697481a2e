"""Pull requests on GitHub or GitHub Enterprise (slow to import: import this when it is needed)."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

from github import GithubException, UnknownObjectException

from weighbridge.adapters.github_connection import PULLS_READ, PULLS_WRITE, GitHubConnection
from weighbridge.core.marker import key_of
from weighbridge.errors import GitHubError, GitHubForbidden, UsageError
from weighbridge.ports import Comment, PullRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from github.Issue import Issue
    from github.IssueComment import IssueComment
    from github.PullRequest import PullRequest as GitHubPullRequest

_COMMIT = re.compile(r"[0-9a-f]{40}")


class GitHubPullRequests(GitHubConnection):
    """The pull requests of one repository; implements ports.PullRequests."""

    def get(self, number: int) -> PullRequest:
        """One pull request. Raises GitHubError, GitHubForbidden."""
        with self._asking(f"show pull request {number}", PULLS_READ):
            return _pull_request(self._remote.get_pull(number).complete())

    def holding(self, commit: str) -> tuple[PullRequest, ...]:
        """The pull requests that hold a commit; none for one that GitHub does not know.

        Raises GitHubError, GitHubForbidden.
        """
        if not _COMMIT.fullmatch(commit):
            raise UsageError(f"{commit[:80]!r} is no full commit ID")
        with self._asking(f"list the pull requests of {commit[:12]}", PULLS_READ):
            try:
                return tuple(_pull_request(pull) for pull in self._remote.get_commit(commit).get_pulls())
            except GithubException as error:
                if error.status == 422:
                    return ()
                raise

    def label_setter(self, number: int, label: str) -> str | None:
        """Login of who last set the label, None if it is not set or cannot be told."""
        wanted = label.casefold()
        with self._asking(f"tell who labelled pull request {number}", PULLS_READ):
            if all(wanted != name.casefold() for name in _pull_request(self._remote.get_pull(number)).labels):
                return None
            with contextlib.suppress(GitHubForbidden, GitHubError):
                return self._last_to_set(number, wanted)
        return None

    def find_comment(self, number: int, key: str) -> Comment | None:
        """Our oldest comment with this key that nobody minimized. Raises GitHubError, GitHubForbidden."""
        with self._asking(f"list the comments of pull request {number}", PULLS_READ):
            return next(self._ours(number, lambda comment: key_of(comment.body or "") == key), None)

    def create_comment(self, number: int, body: str) -> Comment:
        """Posts a comment, once: where the answer got lost, it looks before it posts again.

        Raises GitHubError, GitHubForbidden.
        """
        with self._asking(f"comment on pull request {number}", PULLS_WRITE, known=True):
            return self._once(
                lambda: _comment(self._issue(number).create_comment(body)),
                lambda: next(self._ours(number, lambda comment: comment.body == body), None),
                "comment",
            )

    def edit_comment(self, number: int, comment_id: int, body: str) -> Comment:
        """Replaces a comment's body. Raises GitHubError, GitHubForbidden."""
        with self._asking(f"edit the comment on pull request {number}", PULLS_WRITE, known=True):
            comment = self._issue(number).get_comment(comment_id)
            comment.edit(body)
            return _comment(comment)

    def delete_comment(self, number: int, comment_id: int) -> None:
        """Takes away a comment of ours; one that is gone already is fine. Raises GitHubError, GitHubForbidden."""
        what = f"delete a comment on pull request {number}"
        with self._asking(what, PULLS_WRITE), contextlib.suppress(UnknownObjectException):
            self._issue(number).get_comment(comment_id).delete()

    def _issue(self, number: int) -> Issue:
        # Lazy: the issue itself is never asked for.
        return self._remote.get_issue(number)

    def _ours(self, number: int, wanted: Callable[[IssueComment], bool]) -> Iterator[Comment]:
        for comment in self._issue(number).get_comments():
            if not wanted(comment) or not self._is_ours(comment.user):
                continue
            try:
                # Completing it reads it afresh; it may be gone by now.
                minimized = comment.raw_data.get("minimized")
            except UnknownObjectException:
                continue
            if not minimized:
                yield _comment(comment)

    def _last_to_set(self, number: int, wanted: str) -> str | None:
        with self._asking("tell who set the label", PULLS_READ):
            setter = None
            for event in self._issue(number).get_events():
                if event.event == "labeled" and event.label and event.label.name.casefold() == wanted:
                    setter = event.actor.login if event.actor else None
            return setter


def _pull_request(pull: GitHubPullRequest) -> PullRequest:
    # The repository of a head is gone where a fork was deleted.
    head = pull.head.repo.full_name if pull.head.repo else None
    return PullRequest(
        number=pull.number,
        head_sha=pull.head.sha,
        base_ref=pull.base.ref,
        open=pull.state == "open",
        same_repository=head == pull.base.repo.full_name,
        labels=tuple(label.name for label in pull.labels),
    )


def _comment(comment: IssueComment) -> Comment:
    return Comment(id=comment.id, body=comment.body or "", url=comment.html_url)
