"""A server of tokens for a real registry: it signs what it grants, and the registry checks the signature.

Protocols: https://distribution.github.io/distribution/spec/auth/token/ and …/oauth/.
"""

from __future__ import annotations

import base64
import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.support.registry import PASSWORD, USER
from tests.support.serving import listening

if TYPE_CHECKING:
    from collections.abc import Iterator

IDENTITY = "identity-token-of-octocat"


@dataclass
class TokenServer:
    """Knows a user by name and password, and by an identity token. `asked` are the grants that were asked for."""

    url: str = ""
    service: str = "registry of the tests"
    issuer: str = "tests"
    asked: list[str] = field(default_factory=list)
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def __post_init__(self) -> None:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.issuer)])
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self.key, hashes.SHA256())
        )
        self.certificate = made.public_bytes(Encoding.PEM)
        self._chain = [base64.b64encode(made.public_bytes(Encoding.DER)).decode()]

    def grant(self, asked: dict[str, str], *, known: bool) -> tuple[int, dict[str, Any]]:
        """Status and answer; who is not known may nothing."""
        if not known or asked.get("service") != self.service:
            return 401, {"errors": [{"code": "UNAUTHORIZED"}]}
        kind, name, actions = asked["scope"].split(":")
        now = int(datetime.now(UTC).timestamp())
        claims = {
            "iss": self.issuer,
            "sub": USER,
            "aud": self.service,
            "exp": now + 300,
            "nbf": now - 10,
            "iat": now,
            "jti": str(now),
            "access": [{"type": kind, "name": name, "actions": actions.split(",")}],
        }
        return 200, {"access_token": jwt.encode(claims, self.key, "ES256", headers={"x5c": self._chain})}


@contextmanager
def running_token_server() -> Iterator[TokenServer]:
    """On a free port."""
    server = TokenServer()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Says nothing."""

        def do_GET(self) -> None:
            basic = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
            server.asked.append("password")
            self._answer(urlsplit(self.path).query, known=self.headers.get("Authorization") == f"Basic {basic}")

        def do_POST(self) -> None:
            form = self.rfile.read(int(self.headers["Content-Length"])).decode()
            asked = _fields(form)
            server.asked.append(asked.get("grant_type", ""))
            known = bool(asked.get("client_id")) and asked.get("refresh_token") == IDENTITY
            self._answer(form, known=known and asked.get("grant_type") == "refresh_token")

        def _answer(self, query: str, *, known: bool) -> None:
            status, document = server.grant(_fields(query), known=known)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

    with listening(Handler) as url:
        server.url = url
        yield server


def _fields(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query).items()}
