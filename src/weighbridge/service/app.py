"""The web application, put together."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from fastapi import APIRouter, FastAPI

from weighbridge import __version__
from weighbridge.service import problems
from weighbridge.service.api import health, images, layers, metrics, reports
from weighbridge.service.observed import Observed
from weighbridge.service.pages import overview
from weighbridge.service.webhooks.courier import Courier

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from weighbridge.service.running import Service


def create(service: Service) -> FastAPI:
    """The application. It closes the service's database when it ends."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        courier = Courier(service)
        courier.start()
        yield
        courier.stop()
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
    problems.handle(app)
    app.add_middleware(Observed)
    api = APIRouter(prefix="/api/v1")
    for module in (reports, layers, images):
        api.include_router(module.router)
    app.include_router(api)
    app.include_router(health.router)
    app.include_router(metrics.router)
    app.include_router(overview.router)
    return app
