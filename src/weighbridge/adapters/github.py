"""Pull requests on GitHub or GitHub Enterprise, by PyGithub (slow to import: import this when it is needed)."""

from __future__ import annotations

import contextlib
import re
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from github import (
    Auth,
    BadAttributeException,
    Github,
    GithubException,
    RateLimitExceededException,
    UnknownObjectException,
)
from requests import RequestException

from weighbridge import __version__
from weighbridge.adapters.github_retry import Patience, patient_retry
from weighbridge.core.marker import key_of
from weighbridge.errors import GitHubError, GitHubForbidden, UsageError
from weighbridge.ports import Comment, PullRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from github.Issue import Issue
    from github.IssueComment import IssueComment
    from github.PullRequest import PullRequest as GitHubPullRequest
    from github.Repository import Repository

ACTIONS_BOT = "github-actions[bot]"
_READ = "pull-requests: read"
_WRITE = "pull-requests: write"
_REPOSITORY = re.compile(r"[A-Za-z0-9_-]{1,39}/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")
_COMMIT = re.compile(r"[0-9a-f]{40}")


def _silent(_: str) -> None:
    """Says nothing."""


class GitHubPullRequests:
    """The pull requests of one repository; implements ports.PullRequests.

    Each call may take `deadline` seconds with all its retries and waits (plus one `timeout` of a request that hangs).
    `say` gets a line before each wait that a person would notice. The token is in no message, log or repr.
    """

    def __init__(
        self,
        repository: str,
        token: str,
        *,
        api_url: str = "https://api.github.com",
        ca_bundle: str | None = None,
        retries: int = 8,
        deadline: float = 180.0,
        timeout: int = 15,
        backoff: float = 1.0,
        page_size: int = 100,
        say: Callable[[str], None] = _silent,
    ) -> None:
        """Asks nothing yet. Raises UsageError for what can't be a repository, a token or a URL."""
        if not _REPOSITORY.fullmatch(repository):
            raise UsageError(f"{repository[:200]!r} is no repository: owner/name is needed")
        if not token.strip() or not token.isascii() or not token.isprintable():
            raise UsageError("no usable token: set the input github-token, or GITHUB_TOKEN")
        self._repository = repository
        self._token = token.strip()
        self._api_url, self._host = _checked(api_url)
        self._ca_bundle = ca_bundle
        self._retries = retries
        self._timeout = timeout
        self._backoff = backoff
        self._page_size = page_size
        self._patience = Patience(deadline, say)

    def __repr__(self) -> str:
        return f"GitHubPullRequests({self._repository!r}, api_url={self._api_url!r})"

    def get(self, number: int) -> PullRequest:
        """One pull request. Raises GitHubError, GitHubForbidden."""
        with self._asking(f"show pull request {number}", _READ):
            return _pull_request(self._remote.get_pull(number).complete())

    def holding(self, commit: str) -> tuple[PullRequest, ...]:
        """The pull requests that hold a commit; none for one that GitHub does not know.

        Raises GitHubError, GitHubForbidden.
        """
        if not _COMMIT.fullmatch(commit):
            raise UsageError(f"{commit[:80]!r} is no full commit ID")
        with self._asking(f"list the pull requests of {commit[:12]}", _READ):
            try:
                return tuple(_pull_request(pull) for pull in self._remote.get_commit(commit).get_pulls())
            except GithubException as error:
                if error.status == 422:
                    return ()
                raise

    def label_setter(self, number: int, label: str) -> str | None:
        """Login of who last set the label, None if it is not set or cannot be told."""
        wanted = label.casefold()
        with self._asking(f"tell who labelled pull request {number}", _READ):
            if all(wanted != name.casefold() for name in _pull_request(self._remote.get_pull(number)).labels):
                return None
            with contextlib.suppress(GitHubForbidden, GitHubError):
                return self._last_to_set(number, wanted)
        return None

    def find_comment(self, number: int, key: str) -> Comment | None:
        """Our oldest comment with this key that nobody minimized. Raises GitHubError, GitHubForbidden."""
        with self._asking(f"list the comments of pull request {number}", _READ):
            return next(self._ours(number, lambda comment: key_of(comment.body or "") == key), None)

    def create_comment(self, number: int, body: str) -> Comment:
        """Posts a comment, once: where the answer got lost, it looks before it posts again.

        Raises GitHubError, GitHubForbidden.
        """
        with self._asking(f"comment on pull request {number}", _WRITE, known=True):
            for attempt in range(self._retries + 1):
                try:
                    return _comment(self._issue(number).create_comment(body))
                except (GithubException, RequestException) as error:
                    failed = not isinstance(error, GithubException) or error.status >= 500
                    if not failed or attempt == self._retries:
                        raise
                self._patience.sleep(self._backoff * 2**attempt, "it did not confirm the comment")
                there = next(self._ours(number, lambda comment: comment.body == body), None)
                if there is not None:
                    return there
        raise AssertionError("the last attempt returns or raises")

    def edit_comment(self, number: int, comment_id: int, body: str) -> Comment:
        """Replaces a comment's body. Raises GitHubError, GitHubForbidden."""
        with self._asking(f"edit the comment on pull request {number}", _WRITE, known=True):
            comment = self._issue(number).get_comment(comment_id)
            comment.edit(body)
            return _comment(comment)

    def delete_comment(self, number: int, comment_id: int) -> None:
        """Takes away a comment of ours; one that is gone already is fine. Raises GitHubError, GitHubForbidden."""
        what = f"delete a comment on pull request {number}"
        with self._asking(what, _WRITE), contextlib.suppress(UnknownObjectException):
            self._issue(number).get_comment(comment_id).delete()

    @cached_property
    def _github(self) -> Github:
        return Github(
            auth=Auth.Token(self._token),
            base_url=self._api_url,
            timeout=self._timeout,
            user_agent=f"weighbridge/{__version__}",
            per_page=self._page_size,
            verify=self._ca_bundle or True,
            retry=patient_retry(self._patience, retries=self._retries, backoff=self._backoff),
            seconds_between_requests=None,
            seconds_between_writes=None,
            lazy=True,
        )

    @cached_property
    def _remote(self) -> Repository:
        return self._github.get_repo(self._repository)

    @cached_property
    def _login(self) -> str:
        """Who we are. The token of a job or an app may not ask `GET /user`, but GraphQL tells it its own name."""
        try:
            return self._github.get_user().login
        except RateLimitExceededException:
            raise
        except GithubException as error:
            if error.status != 403:
                raise
        try:
            _, answer = self._github.requester.graphql_query("query { viewer { login } }", {})
            return str(answer["data"]["viewer"]["login"])
        except (GithubException, LookupError, TypeError):
            return ACTIONS_BOT

    def _issue(self, number: int) -> Issue:
        # Lazy: the issue itself is never asked for.
        return self._remote.get_issue(number)

    def _ours(self, number: int, wanted: Callable[[IssueComment], bool]) -> Iterator[Comment]:
        for comment in self._issue(number).get_comments():
            author = comment.user
            if author is None or not wanted(comment) or author.login.casefold() != self._login.casefold():
                continue
            try:
                # Completing it reads it afresh; it may be gone by now.
                minimized = comment.raw_data.get("minimized")
            except UnknownObjectException:
                continue
            if not minimized:
                yield _comment(comment)

    def _last_to_set(self, number: int, wanted: str) -> str | None:
        with self._asking("tell who set the label", _READ):
            setter = None
            for event in self._issue(number).get_events():
                if event.event == "labeled" and event.label and event.label.name.casefold() == wanted:
                    setter = event.actor.login if event.actor else None
            return setter

    @contextlib.contextmanager
    def _asking(self, what: str, permission: str, *, known: bool = False) -> Iterator[None]:
        """Gives an operation its time, and makes one line of what can go wrong. `known`: a 404 means no access."""
        self._patience.start()
        try:
            yield
        except GithubException as error:
            raise self._refused(error, what, permission, known=known) from None
        except (BadAttributeException, AssertionError) as error:
            raise GitHubError(
                f"{self._host} can't {what}: its answer makes no sense "
                f"({self._clean(str(error) or type(error).__name__)}); "
                "is the API URL the one that GitHub itself uses in its links?"
            ) from None
        except OSError as error:
            # requests' exceptions are OSErrors, and so is a CA bundle that is not there.
            raise GitHubError(f"{self._host} could not be asked to {what}: {self._clean(str(error))}") from None

    def _refused(self, error: GithubException, what: str, permission: str, *, known: bool) -> GitHubError:
        said = error.data.get("message") if isinstance(error.data, dict) else error.message
        answer = f"{self._host} refused to {what} ({error.status}{f', {self._clean(str(said))}' if said else ''})"
        if error.status == 401:
            return GitHubForbidden(f"{answer}: the token is not valid (any more); check github-token")
        if error.status == 403 or (error.status == 404 and known):
            return GitHubForbidden(f'{answer}: the token needs the permission "{permission}"')
        if error.status == 404:
            return GitHubError(
                f'{answer}: {self._repository} has no such thing, or the token lacks the permission "{permission}"'
            )
        if error.status >= 500 or error.status == 429:
            return GitHubError(f"{answer}, also after retries; run the job again later")
        return GitHubError(answer)

    def _clean(self, text: str) -> str:
        """One bounded line of what came from outside, without the token."""
        line = " ".join(text.replace(self._token, "***").split())
        printable = "".join(character if character.isprintable() else "�" for character in line)
        return printable if len(printable) <= 200 else f"{printable[:199]}…"


def _checked(api_url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(api_url.strip())
        usable = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc
    except ValueError:
        usable = False
    if not usable:
        raise UsageError("GITHUB_API_URL is no http or https URL without a user name, such as https://api.github.com")
    return api_url.strip().rstrip("/"), parts.netloc


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
