"""GitHub's own description of its API, held against requests and answers."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from werkzeug.datastructures import Headers, ImmutableMultiDict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# The description is GitHub's and published as valid; to validate it takes minutes. None is documented, but not typed.
_UNVALIDATED = Config(spec_validator_cls=None)  # type: ignore[arg-type]
_SERVER = "https://api.github.com"


@dataclass(frozen=True)
class Exchange:
    """One request and its answer. `target` is path and query; bodies are bytes."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    status: int
    answer_headers: Mapping[str, str]
    answer: bytes


# GitHub takes slashes in the last parameter of these; a path parameter of OpenAPI ends at one.
_TO_THE_END = re.compile(r"(/repos/[^/]+/[^/]+/git/refs?)/(.+)")


def _one_segment(path: str) -> str:
    return _TO_THE_END.sub(lambda found: f"{found[1]}/{found[2].replace('/', '%2F')}", path)


class _Request:
    """An Exchange's request as openapi-core wants to see one."""

    def __init__(self, exchange: Exchange) -> None:
        parts = urlsplit(exchange.target)
        self.host_url = _SERVER
        self.path = _one_segment(parts.path)
        self.method = exchange.method.lower()
        self.body = exchange.body or None
        # GitHub's clients may say anything of a body that is JSON.
        self.content_type = "application/json"
        self.query = parse_qsl(parts.query, keep_blank_values=True)
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(self.query), header=Headers(dict(exchange.headers)), cookie=ImmutableMultiDict()
        )


class _Response:
    def __init__(self, exchange: Exchange) -> None:
        self.data = exchange.answer
        self.status_code = exchange.status
        self.content_type = exchange.answer_headers.get("Content-Type", "application/json").split(";")[0]
        self.headers = Headers(dict(exchange.answer_headers))


class Description:
    """The description in a JSON file, read when it is first needed (about a second and 100 MB)."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @cached_property
    def _openapi(self) -> OpenAPI:
        return OpenAPI.from_dict(json.loads(self._path.read_text()), config=_UNVALIDATED)

    def request_violations(self, exchange: Exchange) -> Iterator[str]:
        """What GitHub would not have understood: an unknown path, a wrong or undeclared parameter, a wrong body."""
        request = _Request(exchange)
        result: Any = self._openapi.unmarshal_request(request)
        for error in result.errors:
            yield _said(exchange, error)
        if not result.errors:
            for name in {name for name, _ in request.query} - set(result.parameters.query):
                yield f"{exchange.method} {exchange.target}: the query parameter {name!r} is not declared"

    def response_violations(self, exchange: Exchange) -> Iterator[str]:
        """Where the stand-in for GitHub answers otherwise than GitHub says that it does."""
        try:
            self._openapi.validate_response(_Request(exchange), _Response(exchange))
        except OpenAPIError as error:
            yield f"{_said(exchange, error)} (status {exchange.status})"


def _said(exchange: Exchange, error: Exception) -> str:
    return f"{exchange.method} {exchange.target}: {str(error)[:600]}"
