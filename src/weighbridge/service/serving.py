"""`weighbridge serve`: the application on a socket."""

from __future__ import annotations

import gc
import os
import sys

import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr

from weighbridge.service import metrics, observed, schema
from weighbridge.service.app import create
from weighbridge.service.configuration import Configuration, configured
from weighbridge.service.running import assembled
from weighbridge.service.security.protocol import Guarded


def serve(configuration: Configuration, host: str, port: int, workers: int) -> None:
    """Brings the database up to date and serves until it is told to stop. Raises ConfigurationError."""
    service = assembled(configuration)
    schema.upgrade(service.database)
    service.database.close()
    print(f"weighbridge serves on http://{host}:{port}", file=sys.stderr)
    # Workers are processes of their own, which read the configuration from the environment again.
    os.environ.update(_exported(configuration))
    if workers > 1:
        metrics.share()
    uvicorn.run(
        "weighbridge.service.serving:application",
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


def application() -> FastAPI:
    """One worker's application."""
    configuration = configured()
    Guarded.head_seconds = configuration.head_seconds
    if configuration.access_log:
        observed.to_standard_output()
    # What was imported stays: the collector need not look at it, nor at each report's thousands of values at once.
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)
    return create(assembled(configuration))


def _exported(configuration: Configuration) -> dict[str, str]:
    from weighbridge.service.configuration import PREFIX

    # Secrets came from the environment, and are still there.
    secret = {name for name, value in configuration if isinstance(value, SecretStr)}
    values = configuration.model_dump(exclude_none=True, exclude_unset=True, exclude=secret, mode="json")
    return {f"{PREFIX}{name.upper()}": str(value) for name, value in values.items()}
