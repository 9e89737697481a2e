"""What the OpenAPI document says of badges and charts, which are answered before the application's routes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weighbridge.core.badges.choices import Kind, Style
from weighbridge.core.charts.choices import ChartKind, Theme

if TYPE_CHECKING:
    from fastapi import FastAPI

_SHIELDS = {"schemaVersion": 1, "label": "image size", "message": "98.2 MB", "color": "brightgreen"}


def describe(app: FastAPI) -> None:
    """Adds them to the application's document."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        document = made()
        document["paths"].update(_paths())
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _paths() -> dict[str, Any]:
    badge = {
        "image/svg+xml": {"schema": {"type": "string"}},
        "application/json": {"schema": {"type": "object"}, "example": _SHIELDS},
    }
    chart = {"image/svg+xml": {"schema": {"type": "string"}}}
    badge_query = [
        _query("style", "How it is drawn.", [style.value for style in Style]),
        _query("label", "What stands in place of its own label."),
    ]
    theme = [_query("theme", "Its colours.", [theme.value for theme in Theme])]
    kinds, charts = [kind.value for kind in Kind], [kind.value for kind in ChartKind]
    endings = ["svg", "json"]
    return {
        "/badges/{owner}/{repository}/{kind}.{ending}": _path(
            "A badge of all images", kinds, endings, badge, badge_query
        ),
        "/badges/{owner}/{repository}/{image}/{kind}.{ending}": _path(
            "A badge of an image", kinds, endings, badge, badge_query, image=True
        ),
        "/charts/{owner}/{repository}/{kind}.{ending}": _path("A chart of all images", charts, ["svg"], chart, theme),
        "/charts/{owner}/{repository}/{image}/{kind}.{ending}": _path(
            "A chart of an image", charts, ["svg"], chart, theme, image=True
        ),
    }


def _path(
    summary: str, kinds: list[str], endings: list[str], content: Any, query: list[Any], *, image: bool = False
) -> dict[str, Any]:
    names = ["owner", "repository", *(["image"] if image else [])]
    parameters = [
        *(_in_path(name) for name in names),
        _in_path("kind", kinds),
        _in_path("ending", endings),
        _query("platform", "The platform, where the image has several."),
        _query("ref", "A branch or a tag; the default branch without it."),
        _query("token", "Opens what not everybody may see; the image's page tells it."),
        *query,
    ]
    answers = {
        "200": {"description": "The picture", "content": content},
        "304": {"description": "It is as If-None-Match has it"},
        "404": {"description": "There is none, or it takes a token", "content": content},
        "422": {
            "description": "Not an address of a picture",
            "content": {"application/problem+json": {"schema": {"type": "object"}}},
        },
    }
    operation = {"tags": ["pictures"], "summary": summary, "parameters": parameters, "responses": answers}
    return {"get": {**operation, "operationId": summary.lower().replace(" ", "_")}}


def _in_path(name: str, choices: list[str] | None = None) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", **({"enum": choices} if choices else {})}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _query(name: str, description: str, choices: list[str] | None = None) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", **({"enum": choices} if choices else {})}
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}
