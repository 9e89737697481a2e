"""A fake of releases and issues. It passes the same contract tests as the real adapter."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from weighbridge.core.marker import key_of
from weighbridge.errors import GitHubError
from weighbridge.forge import Issue, ReleaseNotes

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class FakeTracking:
    """Releases by tag and issues in memory; implements forge.Tracking.

    Features: issues of `others`; a `fault` that every later call raises; `meanwhile`, run once before an issue is
    opened; `writes` counts what was changed.
    """

    releases: dict[str, ReleaseNotes] = field(default_factory=dict)
    titles: dict[int, str] = field(default_factory=dict)
    ours: dict[int, Issue] = field(default_factory=dict)
    others: dict[int, Issue] = field(default_factory=dict)
    fault: GitHubError | None = None
    meanwhile: Callable[[], None] | None = None
    writes: int = 0

    def notes(self, tag: str) -> ReleaseNotes | None:
        """See the port."""
        self._check()
        return self.releases.get(tag)

    def edit_notes(self, release_id: int, body: str) -> None:
        """See the port."""
        self._check()
        self.writes += 1
        for tag, release in self.releases.items():
            if release.id == release_id:
                self.releases[tag] = replace(release, body=body)
                return
        raise GitHubError(f"there is no release {release_id}")

    def issues(self, key: str) -> tuple[Issue, ...]:
        """See the port."""
        self._check()
        found = [issue for issue in self.ours.values() if key_of(issue.body) == key]
        return tuple(sorted(found, key=lambda issue: (not issue.open, -issue.number)))

    def create_issue(self, title: str, body: str) -> Issue:
        """See the port."""
        self._check()
        if self.meanwhile is not None:
            other, self.meanwhile = self.meanwhile, None
            other()
        self.writes += 1
        number = 1 + max([0, *self.ours, *self.others])
        self.ours[number] = Issue(number=number, body=body, open=True, url=f"https://github.example/issues/{number}")
        self.titles[number] = title
        return self.ours[number]

    def edit_issue(self, number: int, *, body: str, is_open: bool, title: str | None = None) -> None:
        """See the port."""
        self._check()
        if number not in self.ours:
            raise GitHubError(f"there is no issue {number}")
        self.writes += 1
        self.ours[number] = replace(self.ours[number], body=body, open=is_open)
        self.titles[number] = title or self.titles[number]

    def _check(self) -> None:
        if self.fault is not None:
            raise self.fault
