"""What the service counts, for Prometheus. Several processes count into files of one folder (`share`).

Names and units follow https://prometheus.io/docs/practices/naming/.
"""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_FOLDER = "PROMETHEUS_MULTIPROC_DIR"

REQUESTS = Counter("weighbridge_http_requests", "Requests that were answered.", ["method", "route", "status"])
SECONDS = Histogram(
    "weighbridge_http_request_duration_seconds",
    "How long requests took.",
    ["route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
UNDER_WAY = Gauge("weighbridge_http_requests_in_progress", "Requests under way.", multiprocess_mode="livesum")
IMAGES = Counter("weighbridge_ingested_images", "Images of reports that were taken.", ["outcome"])
REPORTS = Counter("weighbridge_ingested_reports", "Reports that were taken.")
REPORT_BYTES = Counter("weighbridge_ingested_bytes", "Bytes of reports that were taken, unpacked.")
DELIVERIES = Counter("weighbridge_webhook_attempts", "Attempts to send webhooks.", ["outcome"])


class _Queue(Collector):
    def __init__(self, messages: Mapping[str, int]) -> None:
        self._messages = messages

    def collect(self) -> Iterator[GaugeMetricFamily]:
        made = GaugeMetricFamily("weighbridge_webhook_messages", "Messages to webhooks, by state.", labels=["state"])
        for state, number in self._messages.items():
            made.add_metric([state], number)
        yield made


def share() -> None:
    """Before processes are started that are to count together. Their files are removed with the machine's others."""
    os.environ[_FOLDER] = tempfile.mkdtemp(prefix="weighbridge-metrics-")


def exposition(messages: Mapping[str, int]) -> bytes:
    """All counts as text, of all processes; `messages` are webhooks' by state, from the database."""
    registry = CollectorRegistry()
    registry.register(_Queue(messages))
    if _FOLDER in os.environ:
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
    return generate_latest(REGISTRY) + generate_latest(registry)
