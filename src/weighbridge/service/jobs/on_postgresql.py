"""Workers that procrastinate tells what to do: on PostgreSQL, in any number of processes on any machines."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from typing import TYPE_CHECKING

import procrastinate
from procrastinate.jobs import Status

from weighbridge.service.jobs import delivery, house, queue, work
from weighbridge.service.values import seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from weighbridge.service.running import Service

_STALLED = 60
"""Seconds after which a worker that was not seen is taken to be gone."""


def run(service: Service, tasks: Mapping[str, work.Task], concurrency: int, *, drain: bool = False) -> None:
    """Until it is told to stop by SIGTERM or SIGINT; with `drain` until nothing is left to do."""
    asyncio.run(_run(service, tasks, concurrency, drain=drain))


async def _run(service: Service, tasks: Mapping[str, work.Task], concurrency: int, *, drain: bool) -> None:
    stop = threading.Event()
    connector = procrastinate.PsycopgConnector(
        conninfo=delivery.address(service.database), min_size=1, max_size=concurrency + 2
    )
    app = procrastinate.App(connector=connector)
    _define(app, service, tasks, stop)
    async with app.open_async():
        while not stop.is_set():
            await asyncio.to_thread(house.keep, service)
            await _work(app, concurrency, stop, drain=drain)
            # Told to end with the queue, procrastinate does not look for what its last jobs asked for.
            if not (drain and await asyncio.to_thread(_is_left, service)):
                return


async def _work(app: procrastinate.App, concurrency: int, stop: threading.Event, *, drain: bool) -> None:
    worker = asyncio.ensure_future(
        app.run_worker_async(
            queues=[delivery.QUEUE],
            concurrency=concurrency,
            wait=not drain,
            delete_jobs="always",
            install_signal_handlers=False,
        )
    )

    def end() -> None:
        stop.set()
        worker.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(ValueError, RuntimeError):  # not in the main thread
            loop.add_signal_handler(number, end)
    with contextlib.suppress(asyncio.CancelledError):
        await worker


def _is_left(service: Service) -> bool:
    with service.database.reading() as session:
        return bool(queue.open_jobs(session, seconds(service.now()), limit=1))


def _define(app: procrastinate.App, service: Service, tasks: Mapping[str, work.Task], stop: threading.Event) -> None:
    @app.task(name=delivery.TASK, queue=delivery.QUEUE)
    async def _work(number: int) -> None:
        await asyncio.to_thread(work.run, service, tasks, number, stop)

    @app.periodic(cron="* * * * *")
    @app.task(name=delivery.HOUSEKEEPING, queue=delivery.QUEUE, queueing_lock=delivery.HOUSEKEEPING)
    async def _keep(timestamp: int) -> None:  # noqa: ARG001 - procrastinate gives it
        # The table of jobs says what was left undone; what the lost worker was told is of no use any more.
        for job in await app.job_manager.get_stalled_jobs(queue=delivery.QUEUE, seconds_since_heartbeat=_STALLED):
            await app.job_manager.finish_job(job, status=Status.FAILED, delete_job=True)
        await asyncio.to_thread(house.keep, service)
