"""Whether the service lives, and whether it can serve."""

from fastapi import APIRouter
from pydantic import BaseModel

from weighbridge import __version__
from weighbridge.service import schema
from weighbridge.service.problems import Problem
from weighbridge.service.running import Here

router = APIRouter(tags=["health"])


class HealthV1(BaseModel):
    """A service that answers."""

    status: str = "ok"
    version: str = __version__


@router.get("/healthz", summary="Alive")
def alive() -> HealthV1:
    """Answers as long as the process does."""
    return HealthV1()


@router.get("/readyz", summary="Ready")
def ready(here: Here) -> HealthV1:
    """Answers where the database does, and its tables are as this version expects them."""
    if not here.database.answers():
        raise Problem(503, "the database does not answer")
    if not schema.is_current(here.database):
        raise Problem(503, "the database's tables are of another version: run weighbridge admin migrate")
    return HealthV1()
