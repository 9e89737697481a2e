"""What happened: the event that started a workflow run, or nothing of the kind.

`read_event` is a function of the environment and the event's file, and trusts neither.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, cast

from weighbridge.errors import UsageError
from weighbridge.model.record import COMMIT

MAX_EVENT_BYTES = 25 * 1024 * 1024
"""GitHub's own bound on the payload of an event."""

_MAX_LABELS = 100
_MAX_TEXT = 1024
_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}")
_URL = re.compile(r"https?://[A-Za-z0-9.\-:\[\]]+(/[A-Za-z0-9._~/-]*)?")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

_PULL_REQUEST_EVENTS = frozenset({"pull_request", "pull_request_target"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What every event has. `name` is GitHub's, empty outside of a workflow.

    `sha` is what the run was started for (for a pull request the merge commit), `ref_name` the branch or
    tag without `refs/…/`. URLs have no trailing slash.
    """

    name: str = ""
    repository: str | None = None
    server_url: str = "https://github.com"
    api_url: str = "https://api.github.com"
    default_branch: str | None = None
    sha: str | None = None
    ref_name: str | None = None
    run_id: int | None = None
    workspace: Path | None = None

    @property
    def run_url(self) -> str | None:
        """The page of the workflow run."""
        if self.repository is None or self.run_id is None:
            return None
        return f"{self.server_url}/{self.repository}/actions/runs/{self.run_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalEvent(Event):
    """Not a workflow run: somebody's terminal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestEvent(Event):
    """`pull_request` or `pull_request_target`.

    `head_sha` is the tip of the pull request's branch, `base_sha` the tip of the branch it would go into at that moment
    (not the merge base). `is_fork`: the head lives in another repository, or in one that is gone.
    """

    action: str
    number: int
    head_sha: str
    head_ref: str
    base_sha: str
    base_ref: str
    is_fork: bool
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PushEvent(Event):
    """Commits on a branch. `before` is the tip until then, None for a new branch."""

    branch: str
    head_sha: str
    before: str | None
    forced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TagEvent(Event):
    """A tag was pushed. `tag` is its name."""

    tag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseEvent(Event):
    """A release was made, edited or published. `tag` is the release's."""

    action: str
    tag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowRunEvent(Event):
    """Another workflow's run went on or ended; `triggered_by` is the event that had started that one.

    `head_owner` and `head_branch` find the pull request where `pull_requests` is empty, as it is for forks.
    """

    action: str
    triggered_by: str
    conclusion: str | None
    completed_run_id: int
    head_sha: str
    head_branch: str
    head_owner: str | None
    is_fork: bool
    pull_requests: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeGroupEvent(Event):
    """A merge queue asks. `base_sha` is what the group would be put on."""

    head_sha: str
    base_sha: str
    base_ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherEvent(Event):
    """`schedule`, `workflow_dispatch` and everything else that names nothing but a commit."""


def read_event(environ: Mapping[str, str]) -> Event:
    """The event that `environ` and the file that it names describe.

    Raises UsageError where they make no sense.
    """
    name = environ.get("GITHUB_EVENT_NAME", "")
    if not name:
        return LocalEvent(**_common(environ, "", _Node({}, "event")))
    if not re.fullmatch(r"[a-z_]{1,100}", name):
        raise UsageError("GITHUB_EVENT_NAME is not the name of an event")
    payload = _Node(_payload(environ, name), f"{name} event")
    common = _common(environ, name, payload)
    if name in _PULL_REQUEST_EVENTS:
        return _pull_request(payload, common)
    if name == "push":
        return _push(payload, common)
    if name == "release":
        return _release(payload, common)
    if name == "workflow_run":
        return _workflow_run(payload, common)
    if name == "merge_group":
        return _merge_group(payload, common)
    return OtherEvent(**common)


def _payload(environ: Mapping[str, str], name: str) -> Mapping[str, object]:
    path = environ.get("GITHUB_EVENT_PATH", "")
    if not path:
        raise UsageError(f"GITHUB_EVENT_PATH is not set, so nothing is known of the {name} event")
    try:
        with Path(path).open("rb") as file:
            text = file.read(MAX_EVENT_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: the event cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UsageError("GITHUB_EVENT_PATH is not a path") from error
    if len(text) > MAX_EVENT_BYTES:
        raise UsageError(f"{path}: the event is larger than {MAX_EVENT_BYTES:,} bytes, which GitHub's never are")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: the event is not JSON") from error
    if not isinstance(value, dict):
        raise UsageError(f"{path}: the event is not a JSON object")
    return cast(Mapping[str, object], value)


class _Common(TypedDict):
    name: str
    repository: str | None
    server_url: str
    api_url: str
    default_branch: str | None
    sha: str | None
    ref_name: str | None
    run_id: int | None
    workspace: Path | None


def _common(environ: Mapping[str, str], name: str, payload: _Node) -> _Common:
    repository = environ.get("GITHUB_REPOSITORY") or None
    if repository is not None and not _REPOSITORY.fullmatch(repository):
        raise UsageError("GITHUB_REPOSITORY is not of the form owner/name")
    workspace = environ.get("GITHUB_WORKSPACE", "")
    run_id = environ.get("GITHUB_RUN_ID", "")
    sha = environ.get("GITHUB_SHA", "")
    reference = re.sub(r"^refs/(heads|tags|pull)/", "", environ.get("GITHUB_REF", ""))
    described = payload.child_or_none("repository")
    return _Common(
        name=name,
        repository=repository,
        server_url=_url(environ, "GITHUB_SERVER_URL", "https://github.com"),
        api_url=_url(environ, "GITHUB_API_URL", "https://api.github.com"),
        default_branch=described.text_or_none("default_branch") if described else None,
        sha=sha if COMMIT.fullmatch(sha) else None,
        ref_name=reference or None,
        run_id=int(run_id) if re.fullmatch(r"[0-9]{1,18}", run_id) else None,
        workspace=Path(workspace) if workspace else None,
    )


def _url(environ: Mapping[str, str], variable: str, default: str) -> str:
    url = environ.get(variable) or default
    if not _URL.fullmatch(url):
        raise UsageError(f"{variable} is not the URL of a GitHub server")
    return url.rstrip("/")


def _pull_request(payload: _Node, common: _Common) -> PullRequestEvent:
    pull = payload.child("pull_request")
    head, base = pull.child("head"), pull.child("base")
    return PullRequestEvent(
        **common,
        action=payload.text_or_none("action") or "",
        number=pull.number("number"),
        head_sha=head.commit("sha"),
        head_ref=head.text("ref"),
        base_sha=base.commit("sha"),
        base_ref=base.text("ref"),
        is_fork=_is_fork(head, base, "repo"),
        labels=_labels(pull),
    )


def _is_fork(head: _Node, base: _Node, key: str) -> bool:
    """A repository that is gone (null) was a fork; one that nobody mentions, as in events written by hand, is ours."""
    if key not in head.value:
        return False
    theirs, ours = head.child_or_none(key), base.child_or_none(key)
    if theirs is None:
        return True
    return ours is not None and theirs.text("full_name").casefold() != ours.text("full_name").casefold()


def _labels(pull: _Node) -> tuple[str, ...]:
    names = (label.text_or_none("name") for label in pull.children("labels")[:_MAX_LABELS])
    return tuple(name for name in names if name)


def _push(payload: _Node, common: _Common) -> Event:
    reference = payload.text("ref")
    if payload.value.get("deleted") is True or not payload.text("after").strip("0"):
        raise UsageError(f"{reference} was deleted, so there is nothing to weigh: leave deletions out of the workflow")
    if reference.startswith("refs/tags/"):
        return TagEvent(**common, tag=reference.removeprefix("refs/tags/"))
    before = payload.text_or_none("before") or ""
    return PushEvent(
        **common,
        branch=reference.removeprefix("refs/heads/"),
        head_sha=payload.commit("after"),
        before=payload.commit("before") if before.strip("0") else None,
        forced=payload.value.get("forced") is True,
    )


def _release(payload: _Node, common: _Common) -> ReleaseEvent:
    tag = payload.child("release").text("tag_name")
    return ReleaseEvent(**common, action=payload.text_or_none("action") or "", tag=tag)


def _workflow_run(payload: _Node, common: _Common) -> WorkflowRunEvent:
    run = payload.child("workflow_run")
    head = run.child_or_none("head_repository")
    owner = head.child_or_none("owner") if head else None
    return WorkflowRunEvent(
        **common,
        action=payload.text_or_none("action") or "",
        triggered_by=run.text("event"),
        conclusion=run.text_or_none("conclusion"),
        completed_run_id=run.number("id"),
        head_sha=run.commit("head_sha"),
        head_branch=run.text_or_none("head_branch") or "",
        head_owner=owner.text_or_none("login") if owner else None,
        is_fork=_is_of_fork(run, head, common["repository"]),
        pull_requests=tuple(pull.number("number") for pull in run.children("pull_requests")),
    )


def _is_of_fork(run: _Node, head: _Node | None, repository: str | None) -> bool:
    ours = run.child_or_none("repository")
    name = ours.text("full_name") if ours else repository
    return head is None or name is None or head.text("full_name").casefold() != name.casefold()


def _merge_group(payload: _Node, common: _Common) -> MergeGroupEvent:
    group = payload.child("merge_group")
    return MergeGroupEvent(
        **common,
        head_sha=group.commit("head_sha"),
        base_sha=group.commit("base_sha"),
        base_ref=group.text("base_ref").removeprefix("refs/heads/"),
    )


@dataclass(frozen=True, slots=True)
class _Node:
    """An object in the payload and where it was found; what is missing or nonsense is a UsageError that says where."""

    value: Mapping[str, object]
    place: str

    def child(self, key: str) -> _Node:
        found = self.child_or_none(key)
        if found is None:
            raise self._nonsense(key, "is missing")
        return found

    def child_or_none(self, key: str) -> _Node | None:
        value = self.value.get(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self._nonsense(key, "is not an object")
        return _Node(cast(Mapping[str, object], value), f"{self.place}, {key}")

    def children(self, key: str) -> tuple[_Node, ...]:
        values = self.value.get(key)
        if values is None:
            return ()
        if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
            raise self._nonsense(key, "is not a list of objects")
        return tuple(_Node(value, f"{self.place}, {key}[{index}]") for index, value in enumerate(values))

    def text(self, key: str) -> str:
        found = self.text_or_none(key)
        if not found:
            raise self._nonsense(key, "is missing")
        return found

    def text_or_none(self, key: str) -> str | None:
        value = self.value.get(key)
        if value is None:
            return None
        if not isinstance(value, str) or len(value) > _MAX_TEXT or _UNPRINTABLE.search(value):
            raise self._nonsense(key, "is not a line of text")
        return value

    def commit(self, key: str) -> str:
        value = self.text(key)
        if not COMMIT.fullmatch(value):
            raise self._nonsense(key, "is not a full commit ID")
        return value

    def number(self, key: str) -> int:
        value = self.value.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 2**63:
            raise self._nonsense(key, "is not a positive number")
        return value

    def _nonsense(self, key: str, what: str) -> UsageError:
        return UsageError(f"the {self.place} makes no sense: {key} {what}")
