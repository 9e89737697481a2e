"""The web application, put together."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from fastapi import APIRouter, FastAPI

from weighbridge import __version__
from weighbridge.service import problems
from weighbridge.service.api import health, images, layers, records, reports
from weighbridge.service.api import lists as api_lists
from weighbridge.service.pages import assets, details, errors, lists, overview
from weighbridge.service.pictures import schema as pictures
from weighbridge.service.pictures.layer import Pictures

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from weighbridge.service.running import Service


def create(service: Service) -> FastAPI:
    """The application. It closes the service's database when it ends."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
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
    errors.dress(app)
    api = APIRouter(prefix="/api/v1")
    for module in (reports, layers, images, api_lists, records):
        api.include_router(module.router)
    app.include_router(api)
    app.include_router(health.router)
    for page in (assets, overview, lists, details):
        app.include_router(page.router)
    # Around everything else: a badge is answered out of memory.
    app.add_middleware(Pictures, service=service)
    pictures.describe(app)
    return app
