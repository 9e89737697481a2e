"""Puts a fix in place on its pull request, as suggestions on the lines that the pull request wrote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge.core.fixes.best import best_in_place
from weighbridge.core.marker import marker
from weighbridge.core.rendering.suggestion import suggestion_body
from weighbridge.core.suggestions import fits, identity_of, payload, scope_of, shown_lines, suggestions_of
from weighbridge.errors import GitHubError
from weighbridge.model.report import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from weighbridge.core.suggestions import DiffLine, Suggestion
    from weighbridge.forge import ReviewComment, Reviews
    from weighbridge.model.report import ImageReport, Report
    from weighbridge.ports import PullRequests

_MOST = 10
"""New comments of one run at most: whoever has more to commit takes the patch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggested:
    """What became of the suggestions: counts of comments."""

    created: int = 0
    edited: int = 0
    unchanged: int = 0
    deleted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSuggested:
    """`reason` is one line; `fault` where suggestions were due and GitHub refused them or stayed away."""

    reason: str
    fault: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    scope: str
    suggestion: Suggestion
    body: str


def suggest(
    pulls: PullRequests, reviews: Reviews, number: int, report: Report, *, key: str
) -> Suggested | NotSuggested:
    """Posts what is new, edits what says something else by now, and takes away what is not proven any more.

    A comment that somebody answered stays as it is. What GitHub does is an answer, not an exception. Raises UsageError
    for a key that can't be one.
    """
    tried = [image for image in report.images if not image.unfixed and not isinstance(image.head, Unavailable)]
    if not tried or report.head.commit is None:
        return NotSuggested(reason="no fix was looked for")
    try:
        if pulls.get(number).head_sha != report.head.commit:
            return NotSuggested(reason="the pull request has moved on")
        existing = reviews.comments(number, key)
        wanted = _wanted(reviews, number, tried, key) if any(best_in_place(image.fixes) for image in tried) else []
        if not wanted and not existing:
            return NotSuggested(reason="no proven change of a few lines is in the pull request's diff")
        return _Reconciling(reviews, number, key, report.head.commit, existing).done(
            wanted, frozenset(map(scope_of, tried))
        )
    except GitHubError as error:
        return NotSuggested(reason=str(error), fault=True)


def _wanted(reviews: Reviews, number: int, images: Sequence[ImageReport], key: str) -> list[_Wanted]:
    diff = {file.path: shown_lines(file.patch) for file in reviews.changed_files(number) if file.patch is not None}
    taken: set[str] = set()
    found = []
    for image in images:
        for each in _of_image(image, diff, key):
            # Two images of one Dockerfile want the same change of it once.
            if each.suggestion.id not in taken:
                taken.add(each.suggestion.id)
                found.append(each)
    return found


def _of_image(image: ImageReport, diff: Mapping[str, Mapping[int, DiffLine]], key: str) -> list[_Wanted]:
    fix = best_in_place(image.fixes)
    parts = suggestions_of(fix) if fix is not None else None
    if fix is None or parts is None:
        return []
    scope = scope_of(image)
    return [
        _Wanted(
            scope=scope,
            suggestion=part,
            body=suggestion_body(image, fix, part, len(parts), marker(key, payload(scope, part))),
        )
        for part in parts
        if fits(part, diff.get(part.path, {}))
    ]


class _Reconciling:
    """What is there, and what is to be there."""

    def __init__(self, reviews: Reviews, number: int, key: str, commit: str, existing: Sequence[ReviewComment]) -> None:
        self._reviews = reviews
        self._number = number
        self._commit = commit
        self._there: list[tuple[tuple[str, str], ReviewComment]] = [
            (identity, comment) for comment in existing if (identity := identity_of(comment.body, key)) is not None
        ]

    def done(self, wanted: Sequence[_Wanted], scopes: frozenset[str]) -> Suggested:
        kept: set[int] = set()
        created = edited = 0
        for each in wanted:
            comment = self._of(each)
            if comment is not None:
                kept.add(comment.id)
                if comment.body != each.body and not comment.answered:
                    self._reviews.edit_comment(self._number, comment.id, each.body)
                    edited += 1
            elif created < _MOST:
                part = each.suggestion
                self._reviews.create_comment(self._number, self._commit, part.path, (part.start, part.end), each.body)
                created += 1
        # One whose lines have changed since was perhaps committed: that is part of what was talked about.
        stale = [
            comment
            for (scope, _), comment in self._there
            if scope in scopes and comment.id not in kept and comment.line is not None and not comment.answered
        ]
        for comment in stale:
            self._reviews.delete_comment(self._number, comment.id)
        return Suggested(created=created, edited=edited, unchanged=len(kept) - edited, deleted=len(stale))

    def _of(self, wanted: _Wanted) -> ReviewComment | None:
        """The comment that says it, where it can still be committed or somebody spoke below it."""
        return next(
            (
                comment
                for identity, comment in self._there
                if identity == (wanted.scope, wanted.suggestion.id) and (comment.line is not None or comment.answered)
            ),
            None,
        )
