"""The service's API, one method for each of its routes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Self, TypeVar
from urllib.parse import quote

import zstandard
from pydantic import TypeAdapter, ValidationError

from weighbridge.client.transport import Bearer, Transport, silent
from weighbridge.client.values import History, Image, ImagesPage, Lacking, Receipt
from weighbridge.core import wire
from weighbridge.errors import ServiceUnavailable
from weighbridge.model.report import Report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from weighbridge.model.budget import Status

Answer = TypeVar("Answer")

_LEVEL = 6
_RECEIPT, _PAGE, _HISTORY = TypeAdapter(Receipt), TypeAdapter(ImagesPage), TypeAdapter(History)
_LACKING = TypeAdapter(Lacking)


class ServiceClient:
    """A reporting service. Every call raises ServiceRefused where it says no, ServiceUnavailable where it stays away.

    5xx, 429 and lost connections are tried again: `retries` times, with waits that double from `backoff` seconds, as
    long as `Retry-After` asks for, and `deadline` seconds for all of one call at most. `say` gets a line before a wait
    that a person would notice. The token is in no message and no repr.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        retries: int = 8,
        deadline: float = 120.0,
        backoff: float = 0.5,
        say: Callable[[str], None] = silent,
    ) -> None:
        """`url` is where browsers reach the service. Asks nothing yet. Raises UsageError for what can't be one."""
        self._transport = Transport(url, retries=retries, deadline=deadline, backoff=backoff, say=say)
        self._auth = None if token is None else Bearer(token)

    def __repr__(self) -> str:
        return f"ServiceClient({self._transport.url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, report: Report | str | bytes) -> Receipt:
        """Sends a report, or the JSON of one. Once it returns, the report is kept; sending again changes nothing."""
        # Not needed to write a report, and it takes its time.
        from weighbridge.core.wire.parsing import compact

        text = wire.dump(report) if isinstance(report, Report) else report
        # More than half of it is indentation, which the service would unpack, hash, read and keep.
        plain = compact(text.encode() if isinstance(text, str) else text)
        body = zstandard.ZstdCompressor(level=_LEVEL).compress(plain)
        headers = {"Content-Type": "application/json", "Content-Encoding": "zstd"}
        answer = self._transport.ask("POST", "/api/v1/reports", auth=self._auth, body=body, headers=headers)
        return self._read(_RECEIPT, answer)

    def missing_layers(
        self, repository: str, layers: Mapping[str, str], *, pull_request: int | None = None
    ) -> tuple[str, ...]:
        """Of layers (diff ID, digest of its document) those whose files the service lacks, of a report that it has."""
        having = {
            "repository": repository,
            "pull_request": pull_request,
            "layers": [{"diff_id": diff_id, "digest": digest} for diff_id, digest in layers.items()],
        }
        answer = self._transport.ask(
            "POST",
            "/api/v1/layers/missing",
            auth=self._auth,
            body=json.dumps(having).encode(),
            headers={"Content-Type": "application/json"},
        )
        return self._read(_LACKING, answer).missing

    def send_layer(self, repository: str, diff_id: str, document: bytes, *, pull_request: int | None = None) -> None:
        """Sends the document of a layer's files (core.wire.layers). Sending it again changes nothing."""
        pull = {} if pull_request is None else {"pull_request": str(pull_request)}
        self._transport.ask(
            "PUT",
            f"/api/v1/layers/{quote(diff_id)}",
            auth=self._auth,
            query={"repository": repository, **pull},
            body=zstandard.ZstdCompressor(level=_LEVEL).compress(document),
            headers={"Content-Type": "application/jsonl", "Content-Encoding": "zstd"},
        )

    def images(
        self, *, sort: str = "size", text: str = "", status: Status | None = None, repository: str | None = None
    ) -> Iterator[Image]:
        """All images, the heaviest first, asked for page by page.

        `sort` is `size`, `change`, `saving`, `time` or `status`; `text` is part of a name.
        """
        given = {"sort": sort, "q": text, "status": status and status.value, "repository": repository, "limit": "200"}
        query = {name: value for name, value in given.items() if value}
        while True:
            page = self._read(_PAGE, self._get("/api/v1/images", query))
            yield from page.images
            if page.next is None:
                return
            query["cursor"] = page.next

    def history(self, repository: str, image: str, *, platform: str | None = None, limit: int = 500) -> History:
        """What an image weighed; `repository` is `owner/name`, `limit` the number of weights at most."""
        query = {"limit": str(limit), **({} if platform is None else {"platform": platform})}
        return self._read(_HISTORY, self._get(f"/api/v1/images/{quote(repository)}/{quote(image)}", query))

    def close(self) -> None:
        """Ends its connections."""
        self._transport.close()

    def _get(self, path: str, query: dict[str, str]) -> bytes:
        return self._transport.ask("GET", path, auth=self._auth, query=query)

    def _read(self, kind: TypeAdapter[Answer], text: bytes) -> Answer:
        try:
            return kind.validate_json(text)
        except ValidationError:
            raise ServiceUnavailable(
                f"{self._transport.host} answers something else than a weighbridge service does: check its address"
            ) from None
