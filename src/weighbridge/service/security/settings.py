"""The settings of what is let through to the application."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings

_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]")
_Rate = Annotated[int, Field(ge=0, le=10_000_000)]


class SecuritySettings(BaseSettings):
    """What `Configuration` has of them. Lists are separated by commas."""

    hosts: str | None = Field(
        default=None, description="Names by which the service may be asked, besides that of `public_url`."
    )
    trusted_proxies: str | None = Field(
        default=None,
        description="Addresses or networks of proxies whose `X-Forwarded-For` is believed. Default: nobody's.",
    )
    read_rate: _Rate = Field(
        default=1200,
        description="Requests a minute of one address, or one token, for pages and the API; 0: any number.",
    )
    send_rate: _Rate = Field(default=1200, description="Reports a minute with one token; 0: any number.")
    failure_rate: _Rate = Field(
        default=60, description="Refused requests a minute of one address (sign-ins, wrong tokens); 0: any number."
    )
    head_seconds: Annotated[float, Field(gt=0, le=600)] = Field(
        default=15, description="Seconds that the head of a request may take to arrive."
    )

    @field_validator("hosts")
    @classmethod
    def _hosts(cls, value: str | None) -> str | None:
        for name in _listed(value):
            if not _HOST.fullmatch(name):
                raise ValueError(f"{name[:100]!r} is no host name")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies(cls, value: str | None) -> str | None:
        for name in _listed(value):
            try:
                ip_network(name)
            except ValueError as error:
                raise ValueError(f"{name[:100]!r} is no address or network: {error}") from None
        return value

    def host_names(self) -> frozenset[str]:
        """The other names, in lower case."""
        return frozenset(name.lower() for name in _listed(self.hosts))

    def proxies(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """Whose `X-Forwarded-For` is believed."""
        return tuple(ip_network(name) for name in _listed(self.trusted_proxies))


def _listed(value: str | None) -> list[str]:
    return [entry.strip() for entry in (value or "").split(",") if entry.strip()]
