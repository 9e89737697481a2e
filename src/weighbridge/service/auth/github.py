"""Signing in with GitHub, and what it tells of somebody (OAuth's web flow with state and PKCE, RFC 7636).

https://docs.github.com/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from weighbridge.service.auth.outward import Declined, Unreachable, ask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weighbridge.service.auth.settings import AccessSettings

PAGES = 30
"""Pages of a hundred that are asked for at most."""
_LOGIN = re.compile(r"[A-Za-z0-9_.\[\]-]{1,100}")
_TOKEN = re.compile(r"[!-~]{1,1000}")


@dataclass(frozen=True, slots=True)
class User:
    """Somebody on GitHub, by a number that stays and a name that may change."""

    id: int
    login: str


@dataclass(frozen=True, slots=True)
class Named:
    """A repository on GitHub."""

    id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An attempt to sign in: what the browser keeps until it comes back."""

    state: str
    verifier: str

    @classmethod
    def new(cls) -> Attempt:
        """One that nobody can guess."""
        return cls(state=secrets.token_urlsafe(24), verifier=secrets.token_urlsafe(48))

    @property
    def challenge(self) -> str:
        """What GitHub holds the verifier against."""
        return base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).decode().rstrip("=")


class GitHub:
    """GitHub, as far as people are concerned. All calls raise Unreachable, and Declined where it says no."""

    def __init__(self, settings: AccessSettings) -> None:
        self._settings = settings
        self._url = str(settings.github_url).rstrip("/")
        self._api = settings.api()
        self._back = f"{str(settings.public_url).rstrip('/')}/login/callback"

    def sign_in_address(self, attempt: Attempt) -> str:
        """Where the browser goes to sign in."""
        query = {
            "client_id": self._settings.github_client_id or "",
            "redirect_uri": self._back,
            "scope": self._settings.scope(),
            "state": attempt.state,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
        }
        return f"{self._url}/login/oauth/authorize?{urlencode(query)}"

    def token(self, code: str, attempt: Attempt) -> str:
        """The user's token for the code that the browser came back with."""
        secret = self._settings.github_client_secret
        form = {
            "client_id": self._settings.github_client_id or "",
            "client_secret": secret.get_secret_value() if secret else "",
            "code": code,
            "redirect_uri": self._back,
            "code_verifier": attempt.verifier,
        }
        answer = ask(f"{self._url}/login/oauth/access_token", form=form)
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            # GitHub tells of errors with status 200.
            raise Declined(400)
        return token

    def user(self, token: str) -> User:
        """Whose token it is."""
        answer = ask(f"{self._api}/user", token=token)
        match answer:
            case {"id": int(number), "login": str(login)} if _LOGIN.fullmatch(login):
                return User(number, login)
        raise Unreachable("GitHub's answer about the user makes no sense")

    def organisations(self, token: str) -> list[str]:
        """The organisations of the token's user, as far as it may see them."""
        logins = (entry.get("login") for entry in self._pages("/user/orgs", token))
        return [login for login in logins if isinstance(login, str)]

    def repositories(self, token: str) -> list[Named]:
        """Those that the user may read because of who they are, the ones that were pushed to last first."""
        found = []
        for entry in self._pages("/user/repos?sort=pushed", token):
            match entry:
                case {"id": int(number), "full_name": str(name)} if _may_pull(entry):
                    found.append(Named(number, name))
        return found

    def _pages(self, path: str, token: str) -> Iterator[dict[str, object]]:
        for page in range(1, PAGES + 1):
            mark = "&" if "?" in path else "?"
            answer = ask(f"{self._api}{path}{mark}per_page=100&page={page}", token=token, limit=8 << 20)
            if not isinstance(answer, list):
                raise Unreachable("GitHub's answer is no list")
            yield from (entry for entry in answer if isinstance(entry, dict))
            if len(answer) < 100:
                return


def _may_pull(entry: dict[str, object]) -> bool:
    permissions = entry.get("permissions")
    return not isinstance(permissions, dict) or permissions.get("pull") is not False
