"""Releases and issues on GitHub, by the same client as its pull requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from github import UnknownObjectException

from weighbridge.adapters.github_connection import CONTENTS_READ, CONTENTS_WRITE, GitHubConnection
from weighbridge.core.marker import key_of
from weighbridge.forge import Issue, ReleaseNotes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from github.Issue import Issue as GitHubIssue

_ISSUES = "issues: write"


class GitHubTracking(GitHubConnection):
    """Implements forge.Tracking."""

    def notes(self, tag: str) -> ReleaseNotes | None:
        """The release of a tag. Raises GitHubError, GitHubForbidden."""
        with self._asking(f"show the release {tag[:80]}", CONTENTS_READ):
            try:
                release = self._remote.get_release(tag)
            except UnknownObjectException:
                return None
            return ReleaseNotes(id=release.id, body=release.body or "")

    def edit_notes(self, release_id: int, body: str) -> None:
        """Only the body is sent: whatever else changed meanwhile stays. Raises GitHubError, GitHubForbidden."""
        self._patch(f"releases/{release_id}", {"body": body}, "edit the release's notes", CONTENTS_WRITE)

    def issues(self, key: str) -> tuple[Issue, ...]:
        """All pages of what we opened. Raises GitHubError, GitHubForbidden."""
        with self._asking("list our issues", _ISSUES):
            found = [issue for issue in self._ours("all") if key_of(issue.body) == key]
        return tuple(sorted(found, key=lambda issue: (not issue.open, -issue.number)))

    def create_issue(self, title: str, body: str) -> Issue:
        """See forge.Tracking."""
        with self._asking("open an issue", _ISSUES, known=True):
            return self._once(
                lambda: _issue(self._remote.create_issue(title, body)),
                lambda: next((issue for issue in self._ours("open") if issue.body == body), None),
                "issue",
            )

    def edit_issue(self, number: int, *, body: str, is_open: bool, title: str | None = None) -> None:
        """Replaces an issue's body, and opens or closes it. Raises GitHubError, GitHubForbidden."""
        change = {"body": body, "state": "open" if is_open else "closed", **({"title": title} if title else {})}
        self._patch(f"issues/{number}", change, f"edit issue {number}", _ISSUES)

    def _ours(self, state: str) -> Iterator[Issue]:
        # By author too: anybody may write a marker into an issue. A login is taken as well as a user.
        for issue in self._remote.get_issues(state=state, creator=self._login):  # type: ignore[arg-type]
            if self._is_ours(issue.user):
                yield _issue(issue)

    def _patch(self, what: str, change: dict[str, Any], told: str, permission: str) -> None:
        with self._asking(told, permission, known=True):
            self._github.requester.requestJsonAndCheck("PATCH", f"/repos/{self._repository}/{what}", input=change)


def _issue(issue: GitHubIssue) -> Issue:
    return Issue(number=issue.number, body=issue.body or "", open=issue.state == "open", url=issue.html_url)
