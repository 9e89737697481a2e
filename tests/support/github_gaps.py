"""Answers where the API of the tests has a gap, from what it does know."""

from __future__ import annotations

import json
import re
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from tests.support.github_proxy import Answer, Ask

if TYPE_CHECKING:
    from collections.abc import Mapping

_PULLS_OF_COMMIT = re.compile(r"(/repos/[^/]+/[^/]+)/commits/([0-9a-f]{40})/pulls")
_EVENTS = re.compile(r"(/repos/[^/]+/[^/]+)/issues/(\d+)/events")
_LABELS = re.compile(r"(/repos/[^/]+/[^/]+)/issues/(\d+)/labels(?:/(.+))?")


def pulls_of_commit(method: str, target: str, body: bytes, headers: Mapping[str, str], ask: Ask) -> Answer | None:
    """`GET …/commits/SHA/pulls`: the pull requests whose head the commit is."""
    found = _PULLS_OF_COMMIT.fullmatch(urlsplit(target).path)
    if method != "GET" or not found:
        return None
    pulls = ask("GET", f"{found[1]}/pulls?state=all&per_page=100")
    return Answer.of(200, [pull for pull in pulls if pull["head"]["sha"] == found[2]])


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
