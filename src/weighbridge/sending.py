"""The action's report to the reporting service. Whatever comes of it, the job goes on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from weighbridge.core import wire
from weighbridge.core.names import one_line
from weighbridge.core.wire.layers import digest_of_layer, dump_layer
from weighbridge.errors import ServiceUnavailable, UsageError, WeighbridgeError
from weighbridge.event import PullRequestEvent
from weighbridge.model.report import WeighedImage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from weighbridge.adapters.runner import Runner
    from weighbridge.client import Receipt
    from weighbridge.event import Event
    from weighbridge.model.report import Report
    from weighbridge.ports import LayerCache, ReportReceiver
    from weighbridge.settings import Settings
    from weighbridge.wiring import Outside


LAYERS_SECONDS = 120.0
"""How long the files of layers may take, all together; those that are left come with the next report."""


def send(
    report: Report,
    settings: Settings,
    event: Event,
    environ: Mapping[str, str],
    runner: Runner,
    outside: Outside,
    layers: LayerCache,
) -> None:
    """Sends the report where a service is set, and the files of its heads' layers that the service lacks.

    What goes wrong is one warning that says what to do.
    """
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
    try:
        sent = _send_layers(report, receipt, receiver, layers)
    except WeighbridgeError as error:
        runner.warning(
            f"the files of layers were not all sent, so the service compares without them: {one_line(str(error))}"
        )
        return
    if sent:
        runner.line(f"sent to {settings.service}: the files of {sent} layers")


def _send_layers(report: Report, receipt: Receipt, receiver: ReportReceiver, layers: LayerCache) -> int:
    """How many were sent. Documents are made when they are asked for, not kept: one may have millions of bytes."""
    heads = [image.head for image in report.images if isinstance(image.head, WeighedImage)]
    digests = {}
    for diff_id in dict.fromkeys(layer.diff_id for head in heads for layer in head.layers):
        document = _document(layers, diff_id)
        if document is not None:
            digests[diff_id] = digest_of_layer(document)
    if not digests:
        return 0
    end = time.monotonic() + LAYERS_SECONDS
    sent = 0
    for diff_id in receiver.missing_layers(receipt, digests):
        document = _document(layers, diff_id) if diff_id in digests else None
        if time.monotonic() > end:
            raise ServiceUnavailable(f"it took longer than {LAYERS_SECONDS:.0f} s")
        if document is not None:
            receiver.send_layer(receipt, diff_id, document)
            sent += 1
    return sent


def _document(layers: LayerCache, diff_id: str) -> bytes | None:
    """None where the layer is not known any more, or has too many files for a document."""
    index = layers.get(diff_id)
    try:
        return None if index is None else dump_layer(index)
    except UsageError:
        return None


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
