"""The parts of a running service, and how routes get at them."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, cast

from fastapi import Depends, Request

from weighbridge.errors import ConfigurationError
from weighbridge.service.configuration import Configuration
from weighbridge.service.database import Database
from weighbridge.service.store import Store, opened

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The time of this moment."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What every request may use. `secret` signs what browsers carry."""

    configuration: Configuration
    database: Database
    store: Store
    secret: bytes
    now: Clock = utc_now


def assembled(configuration: Configuration) -> Service:
    """Opens what the configuration names. Raises ConfigurationError where it cannot be opened."""
    try:
        configuration.data.mkdir(parents=True, exist_ok=True)
        secret = _secret(configuration)
    except OSError as error:
        raise ConfigurationError(f"{configuration.data}: cannot be written: {error.strerror}") from None
    return Service(
        configuration=configuration,
        database=Database(configuration.database()),
        store=opened(configuration.store()),
        secret=secret,
    )


def _secret(configuration: Configuration) -> bytes:
    """The one that is given, or one that is made once for the data folder."""
    if configuration.secret is not None:
        return configuration.secret.get_secret_value().encode()
    path: Path = configuration.data / "secret"
    try:
        with path.open("x", encoding="ascii") as file:
            path.chmod(0o600)
            file.write(secrets.token_hex(32))
    except FileExistsError:
        pass
    return path.read_bytes()


def of(request: Request) -> Service:
    """The service that a request came to."""
    return cast(Service, request.app.state.service)


Here = Annotated[Service, Depends(of)]
