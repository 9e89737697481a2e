"""Two records, read and compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge.service import queries_records, stored
from weighbridge.service.comparing import Side, compared
from weighbridge.service.problems import Problem

if TYPE_CHECKING:
    from weighbridge.model.report import Report
    from weighbridge.service.queries_records import Kept
    from weighbridge.service.running import Service
    from weighbridge.service.visible import Visible

NOT_WHOLE = "The report of one of the two is not kept any more: layers are compared, files and packages are not."


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two records and the report of their difference; `whole` where the reports of both are kept."""

    base: Kept
    head: Kept
    report: Report
    whole: bool


def kept_record(here: Service, number: int, visible: Visible) -> Kept:
    """A record by its number. Raises Problem where there is none that is visible."""
    with here.database.reading() as session:
        found = queries_records.record(session, number, visible)
    if found is None:
        raise Problem(404, f"there is no record {number}")
    return found


def comparison(here: Service, base: int, head: int, visible: Visible) -> Comparison:
    """Raises Problem where one of the two is not there, StoreUnavailable where the store is away."""
    one, other = kept_record(here, base, visible), kept_record(here, head, visible)
    before, after = _side(here, one), _side(here, other)
    server = str(here.configuration.github_url).rstrip("/")
    return Comparison(
        base=one, head=other, report=compared(before, after, server), whole=before.is_whole and after.is_whole
    )


def _side(here: Service, kept: Kept) -> Side:
    report = stored.report_of(kept, here.store)
    return Side(
        repository=kept.repository,
        record=stored.record_of(kept.record),
        image=None if report is None else stored.image_of(report, kept.image),
    )
