"""Addresses of pages and of the API. Names may hold anything: every part is escaped. Pure."""

from __future__ import annotations

from urllib.parse import quote, urlencode

API = "/api/v1"


def linked(to: str, /, **query: object) -> str:
    """A path with a query of those values that there are."""
    given = {name: str(value) for name, value in query.items() if value not in (None, "")}
    return f"{to}?{urlencode(given)}" if given else to


def path(*parts: str) -> str:
    """Parts of an address, slashes in the last one kept."""
    *first, last = parts
    return "/".join([*(quote(part, safe="") for part in first), quote(last, safe="/")])


def repository(name: str) -> str:
    """A repository's page."""
    return f"/repositories/{quote(name, safe='/')}"


def image(repository: str, name: str, platform: str | None = None, **query: object) -> str:
    """An image's page."""
    return linked(f"/images/{quote(repository, safe='/')}/{quote(name, safe='/')}", platform=platform, **query)


def record(number: int) -> str:
    """The page of what was reported for a record."""
    return f"/records/{number}"


def comparison(base: int, head: int) -> str:
    """The page that compares two records."""
    return linked("/compare", base=base, head=head)


def rule(name: str) -> str:
    """The page of what a rule found."""
    return f"/findings/{quote(name, safe='')}"


def package(ecosystem: str, name: str) -> str:
    """The page of who ships a package."""
    return f"/packages/{quote(ecosystem, safe='')}/{quote(name, safe='/')}"
