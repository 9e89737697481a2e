"""An issuer of tokens for workflows' runs, as GitHub's: its keys by HTTP, on loopback."""

from __future__ import annotations

import contextlib
import functools
import json
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.support.serving import listening

if TYPE_CHECKING:
    from collections.abc import Iterator

AUDIENCE = "http://127.0.0.1:8000"
COMMIT = f"{1:040x}"


@functools.cache
def key(name: str) -> rsa.RSAPrivateKey:
    """A key of its own for each name, made once."""
    del name
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_jwk(name: str) -> dict[str, Any]:
    """The public half, as a document of keys has it."""
    made: dict[str, Any] = jwt.algorithms.RSAAlgorithm.to_jwk(key(name).public_key(), as_dict=True)
    return made | {"kid": name, "use": "sig", "alg": "RS256"}


@dataclass
class Issuer:
    """`kids` name the keys that it has now; `status` is what it answers with; `asked` counts the questions."""

    url: str = ""
    kids: list[str] = field(default_factory=lambda: ["first"])
    status: int = 200
    body: bytes | None = None
    asked: int = 0

    def token(self, *, kid: str = "first", signed_by: str | None = None, **changes: Any) -> str:
        """A token for a push to main of octocat/yard; a claim that is changed to None is left out."""
        claims = {name: value for name, value in (self.claims() | changes).items() if value is not None}
        return jwt.encode(claims, key(signed_by or kid), algorithm="RS256", headers={"kid": kid})

    def claims(self) -> dict[str, Any]:
        """What GitHub says of a push to main."""
        now = int(time.time())
        return {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "repo:octocat/yard:ref:refs/heads/main",
            "iat": now,
            "nbf": now - 10,
            "exp": now + 300,
            "repository": "octocat/yard",
            "repository_id": "1296269",
            "repository_owner": "octocat",
            "repository_visibility": "public",
            "ref": "refs/heads/main",
            "ref_type": "branch",
            "event_name": "push",
            "sha": COMMIT,
        }


@contextlib.contextmanager
def running_issuer() -> Iterator[Issuer]:
    """Answers until the block ends."""
    issuer = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked += 1
            body = issuer.body or json.dumps({"keys": [public_jwk(kid) for kid in issuer.kids]}).encode()
            self.send_response(issuer.status if self.path == "/.well-known/jwks" else 404)
            self.send_header("Location", f"{issuer.url}/.well-known/jwks")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Says nothing."""

    with listening(Handler) as url:
        issuer.url = url
        yield issuer
