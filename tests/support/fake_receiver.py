"""A fake of the reporting service. It passes the same contract tests as the real one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from weighbridge.client import Receipt, Taken
from weighbridge.core import wire
from weighbridge.core.wire.layers import check_layer
from weighbridge.errors import ServiceRefused
from weighbridge.model.report import WeighedImage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from weighbridge.errors import WeighbridgeError
    from weighbridge.model.report import Report


@dataclass
class FakeReportReceiver:
    """Keeps reports and layers in memory; implements ports.ReportReceiver. `fault` is raised instead."""

    scope: str = "octocat"
    fault: WeighbridgeError | None = None
    reports: list[Report] = field(default_factory=list)
    layers: dict[str, bytes] = field(default_factory=dict)
    layer_fault: WeighbridgeError | None = None

    def send(self, report: str) -> Receipt:
        """See ports.ReportReceiver."""
        if self.fault is not None:
            raise self.fault
        read = wire.load(report)
        if read.repository is None or not read.repository.startswith(f"{self.scope}/"):
            raise ServiceRefused("answered 403", status=403)
        known = read in self.reports
        if not known:
            self.reports.append(read)
        return Receipt(
            repository=read.repository,
            commit=read.head.commit or "",
            pull_request=read.pull_request,
            images=tuple(
                Taken(image=each.name, platform=each.platform, outcome="unchanged" if known else "created")
                for each in read.images
                if isinstance(each.head, WeighedImage)
            ),
        )

    def missing_layers(self, receipt: Receipt, layers: Mapping[str, str]) -> tuple[str, ...]:
        """See ports.ReportReceiver."""
        return tuple(diff_id for diff_id in layers if diff_id not in self.layers)

    def send_layer(self, receipt: Receipt, diff_id: str, document: bytes) -> None:
        """See ports.ReportReceiver."""
        if self.layer_fault is not None:
            raise self.layer_fault
        assert diff_id == check_layer(document)
        self.layers[diff_id] = document
