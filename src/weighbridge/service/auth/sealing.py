"""What is signed or encrypted with the service's secret."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken
from itsdangerous import BadSignature, Signer

if TYPE_CHECKING:
    from collections.abc import Mapping


class Seals:
    """One key for each use, so that what is made for one is nothing to another."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._box = Fernet(base64.urlsafe_b64encode(self._key("box")))
        self._signer = Signer(self._key("session"), salt="weighbridge.session", digest_method=hashlib.sha256)

    def _key(self, use: str) -> bytes:
        return hmac.digest(self._secret, f"weighbridge:{use}".encode(), "sha256")

    def signed(self, value: str) -> str:
        """Text for a cookie."""
        return self._signer.sign(value).decode()

    def unsigned(self, text: str) -> str | None:
        """The value of such a text, None where it is not ours."""
        try:
            return self._signer.unsign(text).decode()
        except (BadSignature, UnicodeError):
            return None

    def boxed(self, value: str) -> bytes:
        """Encrypted."""
        return self._box.encrypt(value.encode())

    def unboxed(self, box: bytes) -> str | None:
        """What is in a box, None where it is not ours: the secret may have changed."""
        try:
            return self._box.decrypt(box).decode()
        except InvalidToken:
            return None

    def passed(self, values: Mapping[str, str]) -> str:
        """Text that a browser carries, and cannot read or change."""
        return self._box.encrypt(json.dumps(dict(values)).encode()).decode()

    def received(self, text: str, seconds: int) -> dict[str, str]:
        """The values of such a text that is not older than `seconds`; none where it is not ours."""
        try:
            values: dict[str, str] = json.loads(self._box.decrypt(text.encode("utf-8", "replace"), ttl=seconds))
        except InvalidToken:
            return {}
        return values

    def csrf(self, session: str) -> str:
        """What the forms of a session carry."""
        return hmac.new(self._key("csrf"), session.encode(), "sha256").hexdigest()


def same(one: str, other: str) -> bool:
    """Whether two secrets are the same, without telling how far they are."""
    return secrets.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))
