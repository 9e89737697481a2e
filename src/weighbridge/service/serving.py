"""`weighbridge serve`: the application on a socket."""

from __future__ import annotations

import gc
import os
import signal
import sys

import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr

from weighbridge.service import metrics, observed, schema
from weighbridge.service.app import create
from weighbridge.service.configuration import Configuration, configured
from weighbridge.service.jobs.local import Local
from weighbridge.service.jobs.tasks import tasks
from weighbridge.service.jobs.weigher import Weigher
from weighbridge.service.running import assembled
from weighbridge.service.security.protocol import Guarded


def serve(
    configuration: Configuration, host: str, port: int, workers: int, factory: str = f"{__name__}:application"
) -> None:
    """Brings the database up to date and serves until it is told to stop. Raises ConfigurationError.

    `factory` makes one worker's application.
    """
    service = assembled(configuration)
    schema.upgrade(service.database)
    service.database.close()
    print(f"weighbridge serves on http://{host}:{port}", file=sys.stderr)
    # Workers are processes of their own, which read the configuration from the environment again.
    os.environ.update(_exported(configuration))
    if workers > 1:
        metrics.share()
    uvicorn.run(
        factory,
        factory=True,
        host=host,
        port=port,
        workers=workers,
        log_level="warning",
        access_log=False,
        server_header=False,
        # Who is behind a proxy is found out by `security/front.py`, from proxies that were named.
        proxy_headers=False,
        http=Guarded,
        ws="none",
        timeout_graceful_shutdown=10,
        # On a busy machine a worker takes its time to start; taken for dead, it would only begin anew.
        timeout_worker_healthcheck=60,
    )


def application(weigher: Weigher | None = None) -> FastAPI:
    """One worker's application. On SQLite it does jobs too; on PostgreSQL there is `weighbridge worker` for them."""
    configuration = configured()
    Guarded.head_seconds = configuration.head_seconds
    if configuration.access_log:
        observed.to_standard_output()
    # What was imported stays: the collector need not look at it, nor at each report's thousands of values at once.
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)
    service = assembled(configuration)
    return create(service, Local(service, tasks(weigher)) if service.database.sqlite else None)


def work(configuration: Configuration, concurrency: int, weigher: Weigher, *, drain: bool) -> None:
    """`weighbridge worker`: does jobs until it is told to stop, with `drain` until none is left."""
    service = assembled(configuration)
    schema.upgrade(service.database)
    try:
        if not service.database.sqlite:
            from weighbridge.service.jobs import on_postgresql

            on_postgresql.run(service, tasks(weigher), concurrency, drain=drain)
            return
        local = Local(service, tasks(weigher), concurrency)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: local.stop())
        with local:
            local.wait(drain=drain)
    finally:
        service.database.close()


def _exported(configuration: Configuration) -> dict[str, str]:
    from weighbridge.service.configuration import PREFIX

    # Secrets came from the environment, and are still there.
    secret = {name for name, value in configuration if isinstance(value, SecretStr)}
    values = configuration.model_dump(exclude_none=True, exclude_unset=True, exclude=secret, mode="json")
    return {f"{PREFIX}{name.upper()}": str(value) for name, value in values.items()}
