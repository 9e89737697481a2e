"""How GitHub is asked, by PyGithub: who we are, how patiently, and one line for each fault.

Slow to import: import what stands on it when it is needed.
"""

from __future__ import annotations

import contextlib
import re
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from github import (
    Auth,
    BadAttributeException,
    Github,
    GithubException,
    RateLimitExceededException,
)
from requests import RequestException

from weighbridge import __version__
from weighbridge.adapters.github_retry import Patience, patient_retry
from weighbridge.errors import GitHubError, GitHubForbidden, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from github.NamedUser import NamedUser
    from github.Organization import Organization
    from github.Repository import Repository

Made = TypeVar("Made")

ACTIONS_BOT = "github-actions[bot]"
PULLS_READ, PULLS_WRITE = "pull-requests: read", "pull-requests: write"
CONTENTS_READ, CONTENTS_WRITE = "contents: read", "contents: write"
_REPOSITORY = re.compile(r"[A-Za-z0-9_-]{1,39}/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")


def _silent(_: str) -> None:
    """Says nothing."""


class GitHubConnection:
    """One repository on GitHub or GitHub Enterprise, asked with one token.

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
        return f"{type(self).__name__}({self._repository!r}, api_url={self._api_url!r})"

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

    def _is_ours(self, author: NamedUser | Organization | None) -> bool:
        """Whether we wrote it: anybody may write a marker."""
        return author is not None and author.login.casefold() == self._login.casefold()

    def _once(self, make: Callable[[], Made], look: Callable[[], Made | None], what: str) -> Made:
        """Makes something, once: where the answer got lost, it looks for it before it tries again."""
        for attempt in range(self._retries + 1):
            try:
                return make()
            except (GithubException, RequestException) as error:
                failed = not isinstance(error, GithubException) or error.status >= 500
                if not failed or attempt == self._retries:
                    raise
            self._patience.sleep(self._backoff * 2**attempt, f"it did not confirm the {what}")
            there = look()
            if there is not None:
                return there
        raise AssertionError("the last attempt returns or raises")

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
