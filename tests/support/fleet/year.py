"""The year, in the order in which its reports were sent."""

from __future__ import annotations

import hashlib
import heapq
import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tests.support.fleet.content import KB
from tests.support.fleet.plot import PROJECTS, Plot, Project, State
from tests.support.fleet.reports import Commit, report
from weighbridge.model.record import Occasion

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from weighbridge.model.report import Report

OWNER = "octocat"
DAYS = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A report and when it was sent; `commit` is what was built for it."""

    time: datetime
    report: Report
    commit: Commit


def year(now: datetime, *, projects: Iterable[Project] = PROJECTS, every: int = 1, days: int = DAYS) -> Iterator[Sent]:
    """All reports, the oldest first. `every` makes pushes so many times rarer; `days` is how far back it goes."""
    stories = [_story(project, now.replace(microsecond=0), every, days) for project in projects]
    yield from heapq.merge(*stories, key=lambda sent: sent.time)


def _story(project: Project, now: datetime, every: int, days: int) -> Iterator[Sent]:
    dice = random.Random(project.name)  # noqa: S311 - the same for every run
    repository = f"{OWNER}/{project.name}"
    before: Commit | None = None
    released, number, day = 0, 0, DAYS - days
    while day <= DAYS:
        time = now - timedelta(days=DAYS - day, hours=dice.randrange(1, 9), minutes=dice.randrange(60))
        head = _commit(project, day, number)
        if head.states:
            yield Sent(time=time, report=report(repository, before, head, _occasion(project, head, time)), commit=head)
            if project.releases and day // project.releases > released:
                released = day // project.releases
                tag = project.tags.format(major=project.major, number=released)
                yield Sent(
                    time=time, report=report(repository, before, head, _occasion(project, head, time, tag)), commit=head
                )
            before = head
        number += 1
        # The last push is of these days, however rare they are.
        step = project.every * every + dice.randrange(-1, 2)
        day = DAYS if day < DAYS < day + step else day + step
    if before is not None:
        yield from _pulls(project, repository, before, now)


def _occasion(project: Project, commit: Commit, time: datetime, tag: str | None = None) -> Occasion:
    return Occasion(
        commit=commit.id,
        time=time,
        recorded=time + timedelta(minutes=6 if tag is None else 25),
        ref=project.branch if tag is None else tag,
        release=tag,
        recipes={plot.name: hashlib.sha256(plot.name.encode()).hexdigest()[:16] for plot, _, _ in commit.states},
        event="push",
        default_branch=project.branch,
    )


def _id(*parts: object) -> str:
    return hashlib.sha1("/".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest()


def _commit(project: Project, day: int, number: int) -> Commit:
    states = tuple(
        (plot, platform, state_at(plot, day, number))
        for plot in project.images
        if day >= plot.since
        for platform in plot.platforms
    )
    return Commit(id=_id(project.name, day, number), label=project.branch, states=states)


def state_at(plot: Plot, day: int, number: int) -> State:
    """What an image is made of on a day: what it began as, its turns until then, and its program's growth."""
    state = plot.start
    for turn in plot.turns:
        if turn.day <= day:
            state = turn.change(state)
    wander = random.Random(f"{plot.name}/{number}").randrange(-90, 91) * KB  # noqa: S311
    grown = state.program + plot.week * day // 7 + (wander if plot.week else 0)
    return replace(state, program=max(grown, 200 * KB), moved=day // 91, revision=number if plot.week else 0)


def _pulls(project: Project, repository: str, base: Commit, now: datetime) -> Iterator[Sent]:
    turns = [(turn, plot) for plot in project.images for turn in plot.pulls]
    for number, (turn, changed) in enumerate(sorted(turns, key=lambda pair: pair[0].day), 400 + len(project.name)):
        states = tuple(
            (plot, platform, turn.change(state) if plot is changed else state) for plot, platform, state in base.states
        )
        head = Commit(id=_id(project.name, "pull", number), label=turn.what.lower().replace(" ", "-"), states=states)
        time = now - timedelta(days=DAYS - turn.day, minutes=7 * (number % 50) + 1)
        occasion = replace(_occasion(project, head, time), ref=head.label, event="pull_request")
        yield Sent(time=time, report=report(repository, base, head, occasion, pull=number), commit=head)
