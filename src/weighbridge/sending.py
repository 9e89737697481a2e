"""The action's report to the reporting service. Whatever comes of it, the job goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.core import wire
from weighbridge.core.names import one_line
from weighbridge.errors import WeighbridgeError
from weighbridge.event import PullRequestEvent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from weighbridge.adapters.runner import Runner
    from weighbridge.client import Receipt
    from weighbridge.event import Event
    from weighbridge.model.report import Report
    from weighbridge.settings import Settings
    from weighbridge.wiring import Outside


def send(
    report: Report, settings: Settings, event: Event, environ: Mapping[str, str], runner: Runner, outside: Outside
) -> None:
    """Sends the report where a service is set. What goes wrong is one warning that says what to do."""
    if settings.service is None:
        return
    try:
        receiver = outside.receiver(settings, environ, runner)
        if receiver is None:
            _without_identity(event, runner)
            return
        receipt = receiver.send(wire.dump(report))
    except WeighbridgeError as error:
        runner.warning(
            f"the report was not sent: {one_line(str(error))}; it is kept in {settings.report_directory}/report.json: "
            "upload that as an artifact, and `weighbridge push` sends it later"
        )
        return
    for line in told(receipt):
        runner.line(f"sent to {settings.service}: {line}")


def told(receipt: Receipt) -> list[str]:
    """What came of a report, a line for each image."""
    at = receipt.commit[:12] + (f" of #{receipt.pull_request}" if receipt.pull_request is not None else "")
    if not receipt.images:
        return [f"{receipt.repository} at {at}: nothing was weighed"]
    return [
        f"{receipt.repository} {one_line(each.image)} {one_line(each.platform)} at {at}: {one_line(each.outcome)}"
        for each in receipt.images
    ]


def _without_identity(event: Event, runner: Runner) -> None:
    if isinstance(event, PullRequestEvent) and event.is_fork:
        runner.line("a fork's job has no identity to send its report with")
    else:
        runner.warning(
            "the report was not sent: the job needs the permission id-token: write, or the input service-token"
        )
