"""Where a request is from, and by which name the service was asked."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from weighbridge.service.problems import problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from weighbridge.service.configuration import Configuration

PROBES = ("/healthz", "/readyz", "/metrics")
"""Asked by machines beside this one, by its address."""
_HOPS = 20


class Front:
    """ASGI middleware. It writes the true address of the client into the scope, and turns away who asks by another name
    than the service's: such a request comes from a page that makes a browser believe that we are its host."""

    def __init__(self, app: ASGIApp, configuration: Configuration) -> None:
        self._app = app
        self._trusted = configuration.proxies()
        self._names = configuration.host_names() | {(configuration.public_url.host or "").lower()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if scope["path"] not in PROBES and not self._is_ours(headers.get("host", "")):
            detail = "this service is not known by that name: see its settings public_url and hosts"
            await problem(421, detail)(scope, receive, send)
            return
        if "\x00" in scope["path"] or b"%00" in scope["query_string"]:
            # No name has one, and not every database takes it as text.
            await problem(400, "a NUL character is part of no address here")(scope, receive, send)
            return
        peer = (scope.get("client") or ("", 0))[0]
        if self._trusts(peer):
            # Not in a copy: the log, too, tells of the client, and of the route that is found further on.
            scope["client"] = (self._true(headers.getlist("x-forwarded-for"), peer), 0)
        await self._app(scope, receive, send)

    def _is_ours(self, host: str) -> bool:
        name = host.lower()
        if name.rpartition(":")[2].isdigit():
            name = name.rpartition(":")[0]
        # Addresses and names without a dot are taken too: no stranger can own one, and have his page's browser use it.
        return name in self._names or (bool(name) and ("." not in name or _address(name.strip("[]")) is not None))

    def _trusts(self, address: str) -> bool:
        if not self._trusted:
            return False
        known = _address(address)
        return known is not None and any(known in network for network in self._trusted)

    def _true(self, forwarded: list[str], peer: str) -> str:
        """The nearest address that no trusted proxy has; what stands before it anybody may have written."""
        hops = [hop.strip() for line in forwarded for hop in line.split(",")]
        for hop in reversed(hops[-_HOPS:]):
            if _address(hop) is None:
                return peer
            if not self._trusts(hop):
                return hop
            peer = hop
        return peer


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
