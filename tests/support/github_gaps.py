"""Answers where the API of the tests has a gap, from what it does know."""

from __future__ import annotations

import base64
import difflib
import json
import re
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from tests.support.github_proxy import Answer, Ask
from weighbridge.core.suggestions import shown_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

_PULLS_OF_COMMIT = re.compile(r"(/repos/[^/]+/[^/]+)/commits/([0-9a-f]{40})/pulls")
_EVENTS = re.compile(r"(/repos/[^/]+/[^/]+)/issues/(\d+)/events")
_FILES = re.compile(r"(/repos/[^/]+/[^/]+)/pulls/(\d+)/files")
_REVIEW_COMMENTS = re.compile(r"(/repos/[^/]+/[^/]+)/pulls/(\d+)/comments")
_LABELS = re.compile(r"(/repos/[^/]+/[^/]+)/issues/(\d+)/labels(?:/(.+))?")


def pulls_of_commit(method: str, target: str, body: bytes, headers: Mapping[str, str], ask: Ask) -> Answer | None:
    """`GET …/commits/SHA/pulls`: the pull requests whose head the commit is."""
    found = _PULLS_OF_COMMIT.fullmatch(urlsplit(target).path)
    if method != "GET" or not found:
        return None
    pulls = ask("GET", f"{found[1]}/pulls?state=all&per_page=100")
    return Answer.of(200, [pull for pull in pulls if pull["head"]["sha"] == found[2]])


def files_of_pull_request(method: str, target: str, body: bytes, headers: Mapping[str, str], ask: Ask) -> Answer | None:
    """`GET …/pulls/N/files`: what differs between the trees of base and head, and how; the API makes names up."""
    found = _FILES.fullmatch(urlsplit(target).path)
    if method != "GET" or not found:
        return None
    asked = {name: int(value) for name, value in parse_qsl(urlsplit(target).query)}
    page, most = asked.get("page", 1), asked.get("per_page", 30)
    files = _changed_files(found[1], found[2], ask)
    links = {}
    if len(files) > page * most:
        links["Link"] = f'<http://{headers["Host"]}{found[0]}?per_page={most}&page={page + 1}>; rel="next"'
    return Answer.of(200, files[(page - 1) * most : page * most], links)


def comment_outside_the_diff(
    method: str, target: str, body: bytes, headers: Mapping[str, str], ask: Ask
) -> Answer | None:
    """`POST …/pulls/N/comments` on a line that the diff does not show, which GitHub refuses and the API does not."""
    found = _REVIEW_COMMENTS.fullmatch(urlsplit(target).path)
    if method != "POST" or not found:
        return None
    asked = json.loads(body)
    if "in_reply_to" in asked:
        return None
    shown = {each["filename"]: shown_lines(each["patch"]) for each in _changed_files(found[1], found[2], ask)}
    if all(line in shown.get(asked["path"], {}) for line in (asked.get("start_line", asked["line"]), asked["line"])):
        return None
    where = {"resource": "PullRequestReviewComment", "field": "pull_request_review_thread.line", "code": "custom"}
    refusal = {"message": "Validation Failed", "errors": [where], "documentation_url": ""}
    return Answer.of(422, refusal)


def _changed_files(repository: str, number: str, ask: Ask) -> list[dict[str, Any]]:
    pull = ask("GET", f"{repository}/pulls/{number}")
    before, after = (_blobs(repository, pull[side]["sha"], ask) for side in ("base", "head"))
    changed = sorted(path for path in {*before, *after} if before.get(path) != after.get(path))
    return [_changed_file(path, before.get(path, ""), after.get(path, "")) for path in changed]


def _blobs(repository: str, commit: str, ask: Ask) -> dict[str, str]:
    tree = ask("GET", f"{repository}/git/commits/{commit}")["tree"]["sha"]
    entries = ask("GET", f"{repository}/git/trees/{tree}?recursive=1")["tree"]
    return {
        entry["path"]: base64.b64decode(ask("GET", f"{repository}/git/blobs/{entry['sha']}")["content"]).decode()
        for entry in entries
        if entry["type"] == "blob"
    }


def _changed_file(path: str, before: str, after: str) -> dict[str, Any]:
    lines = [line.rstrip("\n") for line in difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="")]
    return {
        "sha": "0" * 40,
        "filename": path,
        "status": "modified" if before and after else "added" if after else "removed",
        "additions": 1,
        "deletions": 1,
        "changes": 2,
        "blob_url": f"https://github.example/blob/{quote(path)}",
        "raw_url": f"https://github.example/raw/{quote(path)}",
        "contents_url": f"https://github.example/contents/{quote(path)}",
        "patch": "\n".join(lines[2:]),
    }


class LabelEvents:
    """`GET …/issues/N/events` of a pull request: who set and removed which label, as it was seen passing by."""

    def __init__(self) -> None:
        self._events: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self._lock = threading.Lock()

    def __call__(self, method: str, target: str, body: bytes, headers: Mapping[str, str], ask: Ask) -> Answer | None:
        """Notes changes of labels, and answers when it is asked for them."""
        path = urlsplit(target).path
        if method == "GET" and (found := _EVENTS.fullmatch(path)):
            with self._lock:
                return Answer.of(200, self._events.get((found[1], found[2]), []))
        if method in ("POST", "DELETE") and (found := _LABELS.fullmatch(path)):
            names = json.loads(body)["labels"] if method == "POST" else [unquote(found[3] or "")]
            self._note(found[1], found[2], "labeled" if method == "POST" else "unlabeled", names, ask("GET", "/user"))
        return None

    def _note(self, repository: str, number: str, event: str, names: list[str], actor: object) -> None:
        with self._lock:
            events = self._events.setdefault((repository, number), [])
            for name in names:
                events.append(
                    {
                        "id": len(events) + 1,
                        "node_id": "",
                        "url": f"{repository}/issues/events/{len(events) + 1}",
                        "event": event,
                        "actor": actor,
                        "label": {"name": name, "color": "ededed"},
                        "commit_id": None,
                        "commit_url": None,
                        "created_at": "2026-01-01T00:00:00Z",
                    }
                )
