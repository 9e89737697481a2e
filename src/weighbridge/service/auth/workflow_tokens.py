"""GitHub's tokens for the runs of workflows (OpenID Connect): no secret to manage, the default of the action."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jwt

from weighbridge.service.auth import outward
from weighbridge.service.auth.claims import ClaimsUnusable, sender_of
from weighbridge.service.auth.keys import Keys
from weighbridge.service.problems import Problem

if TYPE_CHECKING:
    from weighbridge.service.auth.settings import AccessSettings
    from weighbridge.service.sender import Sender

ALGORITHMS = ("RS256",)
"""What GitHub signs with. Nothing else is taken, whatever a token's header asks for."""
_LEEWAY = 30
_LONGEST = 8192
_CLAIMS = ["iss", "aud", "exp", "nbf", "iat", "repository", "ref", "event_name"]
_RETRY = {"Retry-After": "30"}


class WorkflowTokens:
    """Judges the tokens of one issuer."""

    def __init__(self, settings: AccessSettings, keys: Keys | None = None) -> None:
        self._settings = settings
        self._issuer = settings.issuer()
        self._audiences = settings.audiences()
        self._keys = keys or Keys(lambda: outward.ask(f"{self._issuer}/.well-known/jwks"))

    def sender(self, token: str) -> Sender:
        """Who sends. Raises Problem: 401 for a token that proves nothing, 403 for one of somebody else, 503 where the
        issuer cannot be asked."""
        claims = self._claims(token)
        try:
            sender = sender_of(claims)
        except ClaimsUnusable as error:
            raise refused(str(error)) from None
        if not self._settings.takes_from(sender.scope):
            raise Problem(
                403, f"this service takes no reports of {sender.scope}: its setting WEIGHBRIDGE_SERVICE_SENDERS"
                " must name the owner or the repository"
            )  # fmt: skip
        return sender

    def _claims(self, token: str) -> dict[str, object]:
        if len(token) > _LONGEST:
            raise refused("the token is too long")
        key = self._key(token)
        try:
            claims: dict[str, object] = jwt.decode(
                token,
                key,
                algorithms=list(ALGORITHMS),
                audience=self._audiences,
                issuer=self._issuer,
                leeway=_LEEWAY,
                options={"require": _CLAIMS},
            )
        except jwt.PyJWTError as error:
            raise refused(self._said(error)) from None
        return claims

    def _key(self, token: str) -> jwt.PyJWK:
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError:
            raise refused("the token is none that this service knows") from None
        kid = header.get("kid")
        if header.get("alg") not in ALGORITHMS or not isinstance(kid, str):
            raise refused("the token is not signed by RS256 with a named key")
        try:
            key = self._keys.key(kid)
        except outward.Unreachable as error:
            raise Problem(503, f"{error}; try again", _RETRY) from None
        if key is None:
            raise refused("the token is signed with a key that its issuer does not have")
        return key

    def _said(self, error: jwt.PyJWTError) -> str:
        match error:
            case jwt.ExpiredSignatureError():
                return "the token has expired"
            case jwt.ImmatureSignatureError():
                return "the token is not valid yet"
            case jwt.InvalidAudienceError():
                return f"the token is for another audience: ask GitHub for one for {self._audiences[0]}"
            case jwt.InvalidIssuerError():
                return f"the token is of another issuer than {self._issuer}"
            case jwt.MissingRequiredClaimError():
                return f"the token has no claim {error.claim}"
            case _:
                return "the token's signature is not valid"


def refused(reason: str) -> Problem:
    """A 401 that says how to authenticate."""
    return Problem(401, reason, {"WWW-Authenticate": 'Bearer realm="weighbridge", error="invalid_token"'})
