"""What is asked of a forge besides comments. Each Protocol has one real adapter and one fake, as those of ports do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedFile:
    """A file of a pull request's diff. `patch` are its hunks; None where GitHub shows none (binary, very large)."""

    path: str
    patch: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewComment:
    """A comment of ours on lines of a pull request's diff.

    `line` is the last of them, None where they have changed since. `answered`: somebody replied.
    """

    id: int
    body: str
    line: int | None
    answered: bool


class Reviews(Protocol):
    """Comments on the lines of one repository's pull requests. All methods raise GitHubError, GitHubForbidden."""

    def changed_files(self, number: int) -> tuple[ChangedFile, ...]:
        """The pull request's diff, all pages (GitHub tells 3,000 files at most)."""
        ...

    def comments(self, number: int, key: str) -> tuple[ReviewComment, ...]:
        """Ours with this key, oldest first: marker and author match, all pages."""
        ...

    def create_comment(self, number: int, commit: str, path: str, lines: tuple[int, int], body: str) -> ReviewComment:
        """Comments on lines (first and last, 1-based, of the head); once, also where the answer got lost."""
        ...

    def edit_comment(self, number: int, comment_id: int, body: str) -> None:
        """Replaces a comment's body."""
        ...

    def delete_comment(self, number: int, comment_id: int) -> None:
        """Takes away a comment of ours; one that is gone already is fine."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file of a commit: git's ID of its content, and its mode as git writes it (`100644`)."""

    blob: str
    mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A pull request of ours that proposes a fix. `branch` is its head, in the same repository."""

    number: int
    body: str
    branch: str
    url: str
    open: bool


class Proposals(Protocol):
    """Pull requests of our own in one repository, and the commits they consist of, all by token: there is no clone.

    All methods raise GitHubError, GitHubForbidden.
    """

    def tip(self, branch: str) -> str | None:
        """The commit that a branch is at; None if there is none by that name."""
        ...

    def stored(self, commit: str, path: str) -> StoredFile | None:
        """A file as a commit has it; None where there is no regular file."""
        ...

    def commit(self, parent: str, message: str, files: Mapping[str, tuple[str, str] | None]) -> str:
        """Makes a commit on a parent, and tells its ID. `files` are mode and content by path; None takes it away.

        No branch has it yet.
        """
        ...

    def set_branch(self, name: str, commit: str) -> None:
        """Makes a branch, or moves the one there is, whatever it had."""
        ...

    def delete_branch(self, name: str) -> None:
        """Takes a branch away; one that is gone already is fine."""
        ...

    def ours(self, base: str, key: str) -> tuple[Proposal, ...]:
        """The open ones into `base` with this key, oldest first: marker and author match, all pages."""
        ...

    def of_branch(self, name: str) -> tuple[Proposal, ...]:
        """All that ever came from a branch of this repository, closed ones too, whoever opened them."""
        ...

    def open(self, base: str, branch: str, title: str, body: str) -> Proposal:
        """Opens one; once, also where the answer got lost."""
        ...

    def edit(self, number: int, title: str, body: str) -> None:
        """Replaces title and body."""
        ...

    def close(self, number: int, body: str) -> None:
        """Closes one, with a last body."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseNotes:
    """A release on GitHub and what is written about it."""

    id: int
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """An issue of ours."""

    number: int
    body: str
    open: bool
    url: str


class Tracking(Protocol):
    """The releases and issues of one repository on GitHub. All methods raise GitHubError, GitHubForbidden."""

    def notes(self, tag: str) -> ReleaseNotes | None:
        """The release of a tag, None where there is none."""
        ...

    def edit_notes(self, release_id: int, body: str) -> None:
        """Replaces what is written about a release, and nothing else of it."""
        ...

    def issues(self, key: str) -> tuple[Issue, ...]:
        """Our issues with this key in their marker, open ones first, then the newest first."""
        ...

    def create_issue(self, title: str, body: str) -> Issue:
        """Opens an issue; once, also where the answer got lost."""
        ...

    def edit_issue(self, number: int, *, body: str, is_open: bool, title: str | None = None) -> None:
        """Replaces an issue's body (and title), and opens or closes it."""
        ...
