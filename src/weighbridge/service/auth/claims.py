"""What the token of a workflow's run says, and what that run may write. Pure.

Claims: https://docs.github.com/actions/reference/security/oidc
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from weighbridge.errors import UsageError
from weighbridge.model.record import COMMIT
from weighbridge.service.sender import Sender

if TYPE_CHECKING:
    from collections.abc import Mapping

_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}")
_REF = re.compile(r"refs/(?:pull/(?P<pull>[1-9][0-9]{0,9})/(?:merge|head)|(?P<kind>heads|tags)/(?P<name>.{1,1000}))")
_NUMBER = re.compile(r"[0-9]{1,18}")

OWN_CODE = frozenset(
    {"push", "schedule", "workflow_dispatch", "repository_dispatch", "release", "create", "merge_group"}
)
"""Events whose runs work on what the repository's own people wrote. All others (`pull_request_target`, `workflow_run`,
`issue_comment`, …) may run on the default branch, yet with a stranger's code or artifact at hand."""


class ClaimsUnusable(UsageError):
    """A token that says too little to know what its run may write."""


def sender_of(claims: Mapping[str, object]) -> Sender:
    """Who sends, bound to what the token proves. Raises ClaimsUnusable."""
    repository = _matching(claims, "repository", _REPOSITORY)
    ref = _REF.fullmatch(_text(claims, "ref"))
    event = _text(claims, "event_name")
    if ref is None:
        raise ClaimsUnusable("the token's ref is no branch, tag or pull request")
    pull = None if ref["pull"] is None else int(ref["pull"])
    own = pull is None and event in OWN_CODE
    visibility = claims.get("repository_visibility")
    return Sender(
        actor=f"github:{repository}",
        scope=repository,
        exact=True,
        pull=pull,
        pulls_only=not own,
        ref=ref["name"] if own else None,
        release=ref["name"] if own and ref["kind"] == "tags" else None,
        commit=_matching(claims, "sha", COMMIT) if own else None,
        private=visibility != "public" if isinstance(visibility, str) else None,
        github_id=_number(claims, "repository_id"),
        knows_default_branch=own and event == "schedule",
    )


def _text(claims: Mapping[str, object], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str):
        raise ClaimsUnusable(f"the token has no claim {name}")
    return value


def _matching(claims: Mapping[str, object], name: str, pattern: re.Pattern[str]) -> str:
    value = _text(claims, name)
    if not pattern.fullmatch(value):
        raise ClaimsUnusable(f"the token's claim {name} makes no sense")
    return value


def _number(claims: Mapping[str, object], name: str) -> int | None:
    value = claims.get(name)
    return int(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else None
