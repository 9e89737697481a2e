"""Who sends a report, and what that one may write."""

from __future__ import annotations

from dataclasses import dataclass

from weighbridge.errors import UsageError

_SENDING = ("/api/v1/reports", "/api/v1/layers")


class TokenEnded(UsageError):
    """The sender's token was revoked, or has expired, since they were looked up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """A sender that was authenticated. `scope` is `owner/name`, `owner/*` or `*`.

    `exact` says that `scope` is the repository's name as GitHub spells it. `pull` is the one pull request that it may
    write to; with `pulls_only` it may write to any of them, but not to branches. `ref` (without `refs/…/`), `release`
    (the tag, if it is one) and `commit` are known for sure, whatever the report says; where `ref` is None only the
    report tells. `private` and `github_id` (GitHub's number) are the repository's, None where nobody knows.
    `knows_default_branch` is False where the run may be of any branch, and its report may claim that it is the default.
    `token_id` is the upload token's row: who writes down what it sends makes sure that it still holds.
    """

    actor: str
    scope: str
    exact: bool = False
    pull: int | None = None
    pulls_only: bool = False
    ref: str | None = None
    release: str | None = None
    commit: str | None = None
    private: bool | None = None
    github_id: int | None = None
    knows_default_branch: bool = True
    token_id: int | None = None

    def may_write(self, repository: str) -> bool:
        """Whether reports of a repository are taken. GitHub's names are the same in any case."""
        scope, name = self.scope.casefold(), repository.casefold()
        return scope in ("*", name) or (scope.endswith("/*") and name.startswith(scope[:-1]))

    def refusal(self, repository: str, pull: int | None) -> str | None:
        """Why it may not write to a repository's pull request, or to its branches (None)."""
        if not self.may_write(repository):
            return f"{self.actor} may not send reports of {repository}"
        if self.pull is not None and pull != self.pull:
            return f"this run of {self.actor} may only send reports of pull request {self.pull}"
        if self.pulls_only and not pull:
            return f"this run of {self.actor} may only send reports of pull requests: others' code may be in it"
        return None


def is_sending(method: str, path: str) -> bool:
    """Whether a request is a sender's, who proves themselves to the route (see `senders.py`)."""
    return method not in ("GET", "HEAD", "OPTIONS") and any(
        path == prefix or path.startswith(f"{prefix}/") for prefix in _SENDING
    )
