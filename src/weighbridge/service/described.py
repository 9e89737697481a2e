"""The OpenAPI document: what FastAPI makes, with who may do what, and with the errors as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weighbridge.service.sender import is_sending

if TYPE_CHECKING:
    from fastapi import FastAPI

SCHEMES: dict[str, dict[str, Any]] = {
    "workflow": {
        "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
        "description": "GitHub's OpenID Connect token of a workflow's run (`id-token: write`), for this service.",
    },
    "uploadToken": {"type": "http", "scheme": "bearer", "description": "A token that sends reports (`wbu_…`)."},
    "readToken": {"type": "http", "scheme": "bearer", "description": "A token that reads (`wbr_…`)."},
    "session": {
        "type": "apiKey", "in": "cookie", "name": "weighbridge-session",
        "description": "A browser that somebody signed in with at /login; `__Host-weighbridge-session` where the"
        " service is reached by https. What changes something needs the header `X-CSRF-Token` as well.",
    },
    "signature": {
        "type": "apiKey", "in": "header", "name": "X-Hub-Signature-256",
        "description": "HMAC-SHA256 of the body with the webhook's secret.",
    },
}  # fmt: skip
PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457. `detail` is one line: what, where, and what to do.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "const": "about:blank"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
    },
    "example": {
        "type": "about:blank", "title": "Not found", "status": 404,
        "detail": "no image app of octocat/yard has reported",
    },
}  # fmt: skip
_ERROR = {
    "description": "An error.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def describe(app: FastAPI) -> None:
    """Completes the document of an application."""
    made = app.openapi

    def complete() -> dict[str, Any]:
        document = made()
        # Each time: others add to it as often.
        _complete(document)
        return document

    app.openapi = complete  # type: ignore[method-assign]


def _complete(document: dict[str, Any]) -> None:
    parts = document.setdefault("components", {})
    parts["securitySchemes"] = SCHEMES
    schemas = parts.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = PROBLEM
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            operation["security"] = _security(method, path)
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = _ERROR


def _security(method: str, path: str) -> list[dict[str, list[str]]]:
    """Any one of these; an empty one: nothing is needed."""
    if path in ("/healthz", "/readyz", "/metrics"):
        return []
    if path == "/api/v1/github/events":
        return [{"signature": []}]
    if is_sending(method.upper(), path):
        return [{"workflow": []}, {"uploadToken": []}]
    if path.startswith(("/api/v1/admin/", "/api/v1/me/", "/api/v1/jobs")):
        return [{"session": []}]
    return [{}, {"session": []}, {"readToken": []}]
