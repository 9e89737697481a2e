"""The web application, put together."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from fastapi import APIRouter, FastAPI

from weighbridge import __version__
from weighbridge.service import described, problems
from weighbridge.service.api import (
    administration,
    github_events,
    health,
    images,
    jobs,
    layers,
    me,
    metrics,
    records,
    reports,
    webhooks,
)
from weighbridge.service.api import lists as api_lists
from weighbridge.service.auth.access import Access
from weighbridge.service.auth.gate import Gate
from weighbridge.service.heads import Heads
from weighbridge.service.kept import kept
from weighbridge.service.observed import Observed
from weighbridge.service.pages import account, assets, details, errors, lists, overview, session
from weighbridge.service.pages import administration as keeping
from weighbridge.service.pages import jobs as jobs_page
from weighbridge.service.pictures import schema as pictures
from weighbridge.service.pictures.layer import Pictures
from weighbridge.service.security.front import Front
from weighbridge.service.security.headers import SecurityHeaders
from weighbridge.service.security.limits import Limits
from weighbridge.service.security.sizes import Sizes
from weighbridge.service.webhooks.courier import Courier

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractContextManager

    from weighbridge.service.running import Service


def create(service: Service, workers: AbstractContextManager[None] | None = None) -> FastAPI:
    """The application. It closes the service's database when it ends. `workers` do jobs as long as it lives."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        courier = Courier(service)
        courier.start()
        with workers or contextlib.nullcontext():
            yield
        courier.stop()
        kept(service.database).settle()
        service.database.close()

    app = FastAPI(
        title="weighbridge",
        summary="What container images weigh, over repositories and time.",
        version=__version__,
        lifespan=lifespan,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.service = service
    _guard(app, service)
    problems.handle(app)
    errors.dress(app)
    api = APIRouter(prefix="/api/v1")
    api_routes = (reports, layers, images, api_lists, records, administration, webhooks, me, github_events, jobs)
    for module in api_routes:
        api.include_router(module.router)
    app.include_router(api)
    for route in (health, metrics, assets, overview, lists, details, session, account, keeping, jobs_page):
        app.include_router(route.router)
    pictures.describe(app)
    described.describe(app)
    return app


def _guard(app: FastAPI, service: Service) -> None:
    """What a request passes before a route sees it. The last one added is the first that it comes to."""
    configuration = service.configuration
    app.state.access = access = Access(service)
    app.add_middleware(Gate, service=service, access=access)
    app.add_middleware(Sizes)
    app.add_middleware(Limits, configuration=configuration)
    app.add_middleware(SecurityHeaders, configuration=configuration)
    # A badge is answered out of memory, with headers that were put together once; limits would not count it.
    app.add_middleware(Pictures, service=service)
    app.add_middleware(Front, configuration=configuration)
    app.add_middleware(Heads)
    app.add_middleware(Observed)
