"""Events as GitHub writes them, and as nobody should."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge import event as module
from weighbridge.errors import UsageError
from weighbridge.event import (
    Event,
    LocalEvent,
    MergeGroupEvent,
    OtherEvent,
    PullRequestEvent,
    PushEvent,
    ReleaseEvent,
    TagEvent,
    WorkflowRunEvent,
    read_event,
)

if TYPE_CHECKING:
    from collections.abc import Callable

EVENTS = Path(__file__).parent / "events"
HEAD = "1f0c6f2d9f0b4d3c8a7e6b5a4c3d2e1f0a9b8c7d"
BASE = "9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b"
MERGE = "5d41402abc4b2a76b9719d911017c592aaaabbbb"


def environment(name: str, path: Path, ref: str = "refs/heads/main") -> dict[str, str]:
    """What a runner sets."""
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": "https://api.github.com",
        "GITHUB_EVENT_NAME": name,
        "GITHUB_EVENT_PATH": str(path),
        "GITHUB_REF": ref,
        "GITHUB_REPOSITORY": "octo-org/basket",
        "GITHUB_RUN_ID": "19876543210",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_SHA": MERGE,
        "GITHUB_WORKSPACE": "/github/workspace",
    }


def read(file: str, ref: str = "refs/heads/main") -> Event:
    return read_event(environment(file.partition(".")[0], EVENTS / f"{file}.json", ref))


def fields(event: Event) -> dict[str, object]:
    """What an event says beyond what every event says."""
    shared = set(Event.__dataclass_fields__)
    return {name: getattr(event, name) for name in event.__dataclass_fields__ if name not in shared}


PULL_REQUEST = {
    "action": "opened",
    "number": 42,
    "head_sha": HEAD,
    "head_ref": "add-feature",
    "base_sha": BASE,
    "base_ref": "main",
    "is_fork": False,
    "labels": (),
}
WORKFLOW_RUN = {
    "action": "completed",
    "triggered_by": "pull_request",
    "conclusion": "success",
    "completed_run_id": 19876543210,
    "head_sha": HEAD,
    "head_branch": "add-feature",
    "head_owner": "contributor",
    "is_fork": True,
    "pull_requests": (),
}


@pytest.mark.parametrize(
    ("file", "kind", "expected"),
    [
        ("pull_request.opened", PullRequestEvent, PULL_REQUEST | {"labels": ("area: api", "weighbridge: accepted")}),
        ("pull_request.synchronize.fork", PullRequestEvent, PULL_REQUEST | {"action": "synchronize", "is_fork": True}),
        ("pull_request.gone-fork", PullRequestEvent, PULL_REQUEST | {"action": "synchronize", "is_fork": True}),
        ("pull_request_target.fork", PullRequestEvent, PULL_REQUEST | {"is_fork": True}),
        ("push.main", PushEvent, {"branch": "main", "head_sha": HEAD, "before": BASE, "forced": False}),
        ("push.new-branch", PushEvent, {"branch": "add-feature", "head_sha": HEAD, "before": None, "forced": False}),
        ("push.forced", PushEvent, {"branch": "add-feature", "head_sha": HEAD, "before": BASE, "forced": True}),
        ("push.tag", TagEvent, {"tag": "v1.2.0"}),
        ("release.published", ReleaseEvent, {"action": "published", "tag": "v1.2.0"}),
        ("schedule", OtherEvent, {}),
        ("workflow_dispatch", OtherEvent, {}),
        ("workflow_run.fork", WorkflowRunEvent, WORKFLOW_RUN),
        (
            "workflow_run.own",
            WorkflowRunEvent,
            WORKFLOW_RUN | {"triggered_by": "push", "head_owner": "octo-org", "is_fork": False, "pull_requests": (42,)},
        ),
        ("merge_group.checks_requested", MergeGroupEvent, {"head_sha": MERGE, "base_sha": BASE, "base_ref": "main"}),
    ],
)
def test_each_event_says_what_it_is_about(file: str, kind: type[Event], expected: dict[str, object]) -> None:
    found = read(file)

    assert kind is type(found)
    assert expected == fields(found)


def test_the_environment_tells_what_every_event_has() -> None:
    found = read("pull_request.opened", "refs/pull/42/merge")

    assert found.name == "pull_request"
    assert found.repository == "octo-org/basket"
    assert found.default_branch == "main"
    assert found.sha == MERGE
    assert found.ref_name == "42/merge"
    assert found.workspace == Path("/github/workspace")
    assert found.run_url == "https://github.com/octo-org/basket/actions/runs/19876543210"


def test_a_branch_keeps_its_slashes() -> None:
    assert read("workflow_dispatch", "refs/heads/team/feature").ref_name == "team/feature"


def test_a_schedule_knows_no_default_branch() -> None:
    assert read("schedule").default_branch is None


def test_an_enterprise_server_is_at_its_own_address() -> None:
    environ = environment("schedule", EVENTS / "schedule.json") | {
        "GITHUB_SERVER_URL": "https://git.example.com:8443/",
        "GITHUB_API_URL": "https://git.example.com:8443/api/v3/",
    }

    found = read_event(environ)

    assert found.server_url == "https://git.example.com:8443"
    assert found.api_url == "https://git.example.com:8443/api/v3"


def test_outside_of_a_workflow_there_is_no_event() -> None:
    assert read_event({}) == LocalEvent()
    assert LocalEvent().run_url is None


def test_an_event_written_by_hand_need_not_name_repositories(tmp_path: Path) -> None:
    path = tmp_path / "event.json"
    sides = {"head": {"ref": "a", "sha": HEAD}, "base": {"ref": "main", "sha": BASE}}
    path.write_text(json.dumps({"pull_request": {"number": 1, **sides}}))

    found = read_event(environment("pull_request", path))

    assert isinstance(found, PullRequestEvent)
    assert not found.is_fork


def test_deleting_a_branch_leaves_nothing_to_weigh() -> None:
    with pytest.raises(UsageError, match="refs/heads/add-feature was deleted, so there is nothing to weigh"):
        read("push.deleted")


def altered(tmp_path: Path, file: str, change: Callable[[dict[str, object]], object]) -> dict[str, str]:
    payload = json.loads((EVENTS / f"{file}.json").read_text())
    change(payload)
    path = tmp_path / "event.json"
    path.write_text(json.dumps(payload))
    return environment(file.partition(".")[0], path)


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("pull_request.opened", lambda e: e.pop("pull_request"), "pull_request event makes no sense: pull_request is"),
        ("pull_request.opened", lambda e: e["pull_request"].update(number="42"), "number is not a positive number"),
        ("pull_request.opened", lambda e: e["pull_request"].update(number=True), "number is not a positive number"),
        ("pull_request.opened", lambda e: e["pull_request"].update(labels="x"), "labels is not a list of objects"),
        (
            "pull_request.opened",
            lambda e: e["pull_request"]["head"].update(sha="--help"),
            "head makes no sense: sha is",
        ),
        ("pull_request.opened", lambda e: e["pull_request"]["base"].update(ref="a\nb"), "ref is not a line of text"),
        ("pull_request.opened", lambda e: e["pull_request"].update(head=[]), "head is not an object"),
        ("push.main", lambda e: e.update(after="abc"), "after is not a full commit ID"),
        ("push.main", lambda e: e.pop("ref"), "ref is missing"),
        ("release.published", lambda e: e["release"].update(tag_name=""), "tag_name is missing"),
        ("workflow_run.fork", lambda e: e["workflow_run"].update(id=0), "id is not a positive number"),
        ("merge_group.checks_requested", lambda e: e["merge_group"].pop("base_sha"), "base_sha is missing"),
    ],
)
def test_an_event_that_makes_no_sense_is_one_clear_line(
    tmp_path: Path, file: str, change: Callable[[dict[str, object]], object], message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        read_event(altered(tmp_path, file, change))

    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 200_000, "is not JSON"),
        (b"9" * 5000, "is not JSON"),
        (b"[]", "is not a JSON object"),
        (b"null", "is not a JSON object"),
    ],
)
def test_a_file_that_is_no_event_is_refused(tmp_path: Path, text: bytes, message: str) -> None:
    path = tmp_path / "event.json"
    path.write_bytes(text)

    with pytest.raises(UsageError, match=message):
        read_event(environment("push", path))


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "event.json"
    with path.open("wb") as file:
        file.truncate(module.MAX_EVENT_BYTES + 1)

    with pytest.raises(UsageError, match="larger than 26,214,400 bytes"):
        read_event(environment("push", path))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"GITHUB_EVENT_PATH": ""}, "GITHUB_EVENT_PATH is not set"),
        ({"GITHUB_EVENT_PATH": "/no/such/file"}, "cannot be read: No such file"),
        ({"GITHUB_EVENT_NAME": "push\n::set-output"}, "GITHUB_EVENT_NAME is not the name of an event"),
        ({"GITHUB_REPOSITORY": "../../etc"}, "GITHUB_REPOSITORY is not of the form owner/name"),
        ({"GITHUB_API_URL": "https://user:pass@api"}, "GITHUB_API_URL is not the URL of a GitHub server"),
        ({"GITHUB_SERVER_URL": "javascript:alert(1)"}, "GITHUB_SERVER_URL is not the URL of a GitHub server"),
    ],
)
def test_an_environment_that_makes_no_sense_is_refused(changes: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_event(environment("push", EVENTS / "push.main.json") | changes)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)
NAMES = st.sampled_from(["pull_request", "push", "release", "workflow_run", "merge_group", "schedule"])


@given(
    name=NAMES,
    key=st.sampled_from(["pull_request", "ref", "after", "release", "workflow_run", "merge_group", "repository"]),
    value=JSON,
)
def test_any_nonsense_is_an_event_or_wrong_usage(
    tmp_path_factory: pytest.TempPathFactory, name: str, key: str, value: object
) -> None:
    source = next(EVENTS.glob(f"{name}*.json"))
    path = tmp_path_factory.getbasetemp() / "nonsense.json"
    path.write_text(json.dumps({**json.loads(source.read_text()), key: value}))

    try:
        found = read_event(environment(name, path))
    except UsageError as error:
        assert "\n" not in str(error)
    else:
        assert isinstance(found, Event)
