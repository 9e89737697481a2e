"""Where webhooks may be sent: addresses of other machines, never those of this network, unless they are allowed.

A name is resolved once, judged, and connected to by the address that was judged: what a name server says a moment later
does not count.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from weighbridge import __version__
from weighbridge.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Address = ipaddress.IPv4Address | ipaddress.IPv6Address
    Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_SECONDS = 10.0
_ANSWER = 1024


class Undeliverable(Exception):
    """No good answer; str() is one line, `status` HTTP's where there was one."""

    def __init__(self, reason: str, *, status: int | None = None) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A URL in parts."""

    secure: bool
    host: str
    port: int
    path: str


def target_of(url: str) -> Target:
    """Raises UsageError for what is no http or https address."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        parts, port = urlsplit(""), 0
    usable = url.isascii() and url.isprintable() and " " not in url and "@" not in parts.netloc and len(url) <= 2_000
    if not usable or parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError("a webhook's address must be an http or https URL without a user name")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(secure=parts.scheme == "https", host=parts.hostname, port=port, path=path)


def networks(text: str) -> tuple[Network, ...]:
    """Networks between commas. Raises ValueError."""
    return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())


def post(url: str, body: bytes, headers: Mapping[str, str], allowed: Sequence[Network]) -> int:
    """Sends a message; the status of a good answer. Redirects are not followed. Raises Undeliverable."""
    try:
        target = target_of(url)
    except UsageError as error:
        raise Undeliverable(str(error)) from None
    pool = _pool(target, _reachable(target, allowed))
    host = f"[{target.host}]" if ":" in target.host else target.host
    sent = {
        **headers,
        "Host": host if target.port in (80, 443) else f"{host}:{target.port}",
        "Content-Type": "application/json",
        "User-Agent": f"weighbridge/{__version__}",
    }
    try:
        answer = pool.urlopen("POST", target.path, body, sent, retries=False, redirect=False, preload_content=False)
        answer.read(_ANSWER)
        answer.close()
    except (HTTPError, OSError, ValueError) as error:
        raise Undeliverable(f"it could not be asked: {type(error).__name__}") from None
    finally:
        pool.close()
    if not 200 <= answer.status < 300:
        raise Undeliverable(f"it answered {answer.status}", status=answer.status)
    return answer.status


def _reachable(target: Target, allowed: Sequence[Network]) -> str:
    """The address to connect to. All that a name stands for must be allowed, not only the one that is taken."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
        addresses = [ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found]
    except (OSError, ValueError, UnicodeError):
        raise Undeliverable(f"{target.host} has no address") from None
    for address in addresses:
        if not may_reach(address, allowed):
            raise Undeliverable(f"{target.host} is {address}, in a network that webhooks may not reach")
    return str(addresses[0])


def may_reach(address: Address, allowed: Sequence[Network]) -> bool:
    """Whether it is public, or in a network that is allowed."""
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address.sixtofour or address
    if any(address in network for network in allowed if network.version == address.version):
        return True
    return address.is_global and not address.is_multicast


def _pool(target: Target, address: str) -> urllib3.HTTPConnectionPool:
    timeout = urllib3.Timeout(total=_SECONDS)
    if not target.secure:
        return urllib3.HTTPConnectionPool(address, target.port, timeout=timeout)
    return urllib3.HTTPSConnectionPool(
        address,
        target.port,
        timeout=timeout,
        ssl_context=ssl.create_default_context(),
        server_hostname=target.host,
        assert_hostname=target.host,
    )
