"""Errors as `application/problem+json` (RFC 9457): one line each, the same words as the command line uses."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from weighbridge.errors import UsageError
from weighbridge.service.arrival import Refused
from weighbridge.service.database import unavailable
from weighbridge.service.store import StoreUnavailable

if TYPE_CHECKING:
    from fastapi import FastAPI, Request

MEDIA_TYPE = "application/problem+json"
_RETRY_SECONDS = 5
_log = logging.getLogger(__name__)

_TITLES = {
    400: "Bad request", 401: "Not authenticated", 403: "Not allowed", 404: "Not found", 405: "Method not allowed",
    409: "Conflict", 411: "Length required", 408: "Too slow", 413: "Too large", 415: "Unsupported media type",
    421: "Misdirected request", 422: "Not a valid document", 429: "Too many requests", 500: "Internal error",
    503: "Not available now",
}  # fmt: skip


class Problem(HTTPException):
    """An error that a route raises: `detail` is one line, what and where and what to do."""


def problem(status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """The answer that tells of one."""
    title = _TITLES.get(status, "Error")
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return JSONResponse(body, status_code=status, headers=headers, media_type=MEDIA_TYPE)


def handle(app: FastAPI) -> None:
    """Makes an application answer with problems."""
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(UsageError, _usage)
    app.add_exception_handler(StoreUnavailable, _away)
    app.add_exception_handler(DBAPIError, _database)
    app.add_exception_handler(PoolTimeout, _database)
    app.add_exception_handler(Exception, _unexpected)


def of_database(error: DBAPIError | PoolTimeout) -> JSONResponse:
    """The answer where the database did not do what it should."""
    if isinstance(error, PoolTimeout) or unavailable(error):
        _log.warning("not available: %s", type(error).__name__)
        return _try_again()
    _log.error("the database refused a statement: %s", type(error).__name__)
    return problem(500, "the database refused this; the log says more")


def _http(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - what it is registered for
    return problem(error.status_code, str(error.detail), dict(error.headers or {}))


def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return problem(422, f"{where}: {first['msg']}"[:300])


def _unexpected(_request: Request, _error: Exception) -> JSONResponse:
    # It is raised again after this, and logged by the server.
    return problem(500, "something went wrong here; the log says more", {"X-Content-Type-Options": "nosniff"})


def _usage(_request: Request, error: Exception) -> JSONResponse:
    return problem(403 if isinstance(error, Refused) else 422, str(error))


def _database(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DBAPIError | PoolTimeout)  # noqa: S101
    return of_database(error)


def _away(_request: Request, error: Exception) -> JSONResponse:
    _log.warning("not available: %s", type(error).__name__)
    return _try_again()


def _try_again() -> JSONResponse:
    return problem(503, "the service cannot reach its storage now; try again", {"Retry-After": str(_RETRY_SECONDS)})
