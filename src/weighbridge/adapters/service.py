"""The reporting service over HTTP, and who we are to it: a token that was given, or the runner's own identity.

OpenID Connect in GitHub Actions: https://docs.github.com/actions/reference/security/oidc
"""

from __future__ import annotations

import json
from functools import cached_property, partial
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from weighbridge.client import ServiceClient
from weighbridge.client.transport import Bearer, Transport, silent
from weighbridge.errors import ServiceUnavailable, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from weighbridge.client import Receipt

_URL, _TOKEN = "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
_IDENTITY_SECONDS = 30.0


class HttpReportReceiver:
    """Implements ports.ReportReceiver. `token` is asked for when something is sent: the runner's lives for minutes."""

    def __init__(
        self,
        url: str,
        token: Callable[[], str],
        *,
        retries: int = 8,
        deadline: float = 120.0,
        backoff: float = 0.5,
        say: Callable[[str], None] = silent,
    ) -> None:
        """See ServiceClient."""
        self._token = token
        self._open = partial(ServiceClient, url, retries=retries, deadline=deadline, backoff=backoff, say=say)

    def send(self, report: str) -> Receipt:
        """See ports.ReportReceiver."""
        return self._client.send(report)

    def missing_layers(self, receipt: Receipt, layers: Mapping[str, str]) -> tuple[str, ...]:
        """See ports.ReportReceiver."""
        return self._client.missing_layers(receipt.repository, layers, pull_request=receipt.pull_request)

    def send_layer(self, receipt: Receipt, diff_id: str, document: bytes) -> None:
        """See ports.ReportReceiver."""
        self._client.send_layer(receipt.repository, diff_id, document, pull_request=receipt.pull_request)

    @cached_property
    def _client(self) -> ServiceClient:
        return self._open(self._token())


def has_identity(environ: Mapping[str, str]) -> bool:
    """Whether the runner gives this job an identity: it does with `id-token: write`, and not to forks."""
    return bool(environ.get(_URL) and environ.get(_TOKEN))


def identity_token(environ: Mapping[str, str], audience: str, *, retries: int = 5, backoff: float = 0.5) -> str:
    """A token by the runner's issuer that names this job, for `audience` alone.

    Raises UsageError where the runner gives none, ServiceRefused, ServiceUnavailable.
    """
    if not has_identity(environ):
        raise UsageError("the runner gives this job no identity: it needs the permission id-token: write")
    parts = urlsplit(environ[_URL])
    query = {**dict(parse_qsl(parts.query)), "audience": audience}
    transport = Transport(
        parts._replace(query="", fragment="").geturl(),
        retries=retries,
        deadline=_IDENTITY_SECONDS,
        backoff=backoff,
        say=silent,
    )
    try:
        answer = transport.ask("GET", "", auth=Bearer(environ[_TOKEN]), query=query)
    finally:
        transport.close()
    try:
        value = json.loads(answer)["value"]
    except (ValueError, LookupError, TypeError, RecursionError):
        value = None
    if not isinstance(value, str) or not value:
        raise ServiceUnavailable(f"{transport.host} gives no identity token: its answer makes no sense")
    return value
