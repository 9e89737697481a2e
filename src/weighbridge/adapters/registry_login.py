"""Who asks a registry: what `docker login` left, and the token that a registry wants in its place.

Protocols: https://distribution.github.io/distribution/spec/auth/token/ for a name and a password,
https://distribution.github.io/distribution/spec/auth/oauth/ for an identity token.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import docker.auth
import docker.errors
from requests.auth import AuthBase

if TYPE_CHECKING:
    import requests

_CHALLENGE = re.compile(r'([a-z]+)="([^"]*)"')
_MAX_ANSWER = 1 << 20
_CLIENT = "weighbridge"
_HELPER = "docker-credential-"
TIMEOUT = (15.0, 120.0)
"""Seconds to connect, and to wait for more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A name and a password, or an identity token in their place."""

    username: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)


def docker_credentials(host: str) -> Credentials | None:
    """What `docker login` left for a registry, also in its credential helpers."""
    try:
        config = docker.auth.load_config()
        helper = config.get_credential_store(host)
        if helper and shutil.which(f"{_HELPER}{helper}") is None:
            # The library would warn, and fail with the next word.
            return None
        found = config.resolve_authconfig(host)
    except docker.errors.DockerException:
        return None
    # Helpers and the file itself give their keys in different cases.
    given = {str(key).casefold(): str(value or "") for key, value in (found or {}).items()}
    known = Credentials(
        username=given.get("username", ""),
        password=given.get("password", ""),
        identity_token=given.get("identitytoken", ""),
    )
    return known if known.username or known.identity_token else None


class Nobody(AuthBase):
    """No credentials, not even those that requests would find in ~/.netrc."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """As it is."""
        return request


class Header(Nobody):
    """One header; requests leaves it out where a registry redirects to another host."""

    def __init__(self, value: str) -> None:
        self._value = value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """With the header."""
        request.headers["Authorization"] = self._value
        return request


def authorized(
    session: requests.Session, challenge: str, known: Credentials | None, *, repository: str, scheme: str
) -> Nobody:
    """What answers a registry's challenge, to pull from a repository; nobody where that cannot be had.

    A token is asked for by https, or by the `scheme` of the registry itself. Raises requests.RequestException.
    """
    kind, _, rest = challenge.partition(" ")
    if kind.lower() == "basic":
        return Nobody() if known is None or not known.username else Header(_basic(known))
    asked = dict(_CHALLENGE.findall(rest))
    realm = asked.pop("realm", "")
    if kind.lower() != "bearer" or urlsplit(realm).scheme not in ("https", scheme):
        return Nobody()
    wanted = {"service": asked.get("service", ""), "scope": f"repository:{repository}:pull"}
    answer = _ask(session, realm, wanted, known)
    token = _document(answer.content[:_MAX_ANSWER]) if answer.status_code == 200 else {}
    found = token.get("token") or token.get("access_token")
    return Header(f"Bearer {found}") if isinstance(found, str) else Nobody()


def _ask(session: requests.Session, realm: str, wanted: dict[str, str], known: Credentials | None) -> requests.Response:
    if known is not None and known.identity_token:
        form = {
            **wanted,
            "grant_type": "refresh_token",
            "client_id": _CLIENT,
            "refresh_token": known.identity_token,
        }
        # A redirection could carry the form to anybody.
        return session.post(realm, data=form, timeout=TIMEOUT, allow_redirects=False)
    auth = Nobody() if known is None else Header(_basic(known))
    return session.get(realm, params=wanted, auth=auth, timeout=TIMEOUT)


def _basic(known: Credentials) -> str:
    return f"Basic {base64.b64encode(f'{known.username}:{known.password}'.encode()).decode()}"


def _document(text: bytes) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    return value if isinstance(value, dict) else {}
