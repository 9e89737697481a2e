"""Who sends a report, and what that one may write."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """A sender that was authenticated. `scope` is `owner/name`, `owner/*` or `*`.

    `pull` is the one pull request that it may write to, None where it may write to any and to branches. `ref` is the
    branch or tag (without `refs/…/`) that is known for sure, whatever the report says; None where only the report
    tells.
    """

    actor: str
    scope: str
    pull: int | None = None
    ref: str | None = None

    def may_write(self, repository: str) -> bool:
        """Whether reports of a repository are taken. GitHub's names are the same in any case."""
        scope, name = self.scope.casefold(), repository.casefold()
        return scope in ("*", name) or (scope.endswith("/*") and name.startswith(scope[:-1]))
