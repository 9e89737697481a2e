"""Repositories, pull requests, findings and packages: lists over the whole organisation."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from weighbridge.core.rendering.escape import spans
from weighbridge.core.rules.registry import RULES
from weighbridge.model.packages import Ecosystem
from weighbridge.service import addresses, queries_findings, queries_packages, queries_pulls, queries_totals
from weighbridge.service.addresses import API, linked
from weighbridge.service.pages.rendering import render
from weighbridge.service.running import Here

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

Cursor = Annotated[str | None, Query(max_length=4000)]
Text = Annotated[str, Query(max_length=200)]
By = Annotated[str, Query(pattern=f"^({'|'.join(Ecosystem)})?$")]

_RULES = {rule.id: rule for rule in RULES}


@router.get("/repositories")
def repositories(here: Here, q: Text = "", cursor: Cursor = None) -> HTMLResponse:
    """All repositories by name."""
    text = q.strip()
    with here.database.reading() as session:
        page = queries_totals.repositories(session, text=text, after=cursor)
    return render(
        "repositories.html.j2",
        here="Repositories",
        page=page,
        text=text,
        largest=max((each.totals.size for each in page.repositories), default=0),
        address=linked(f"{API}/repositories", q=text),
        next=linked("/repositories", q=text, cursor=page.after) if page.after else None,
        first=linked("/repositories", q=text) if cursor else None,
    )


@router.get("/pulls")
def pulls(here: Here, cursor: Cursor = None) -> HTMLResponse:
    """What is open, and what it would add."""
    with here.database.reading() as session:
        page = queries_pulls.pulls(session, after=cursor)
    return render(
        "pulls.html.j2",
        here="Pull requests",
        page=page,
        forge=str(here.configuration.github_url).rstrip("/"),
        now=here.now(),
        address=f"{API}/pulls",
        next=linked("/pulls", cursor=page.after) if page.after else None,
        first="/pulls" if cursor else None,
    )


@router.get("/findings")
def findings(here: Here) -> HTMLResponse:
    """Which rule costs most bytes."""
    return render(
        "findings.html.j2",
        here="Findings",
        rules=queries_findings.rules(here.database),
        titles={name: rule.title for name, rule in _RULES.items()},
        address=f"{API}/findings",
    )


@router.get("/findings/{rule}")
def rule(here: Here, rule: str, cursor: Cursor = None) -> HTMLResponse:
    """What one rule found, and where."""
    known = _RULES.get(rule)
    with here.database.reading() as session:
        page = queries_findings.findings(session, rule, after=cursor)
    here_address = addresses.rule(rule)
    return render(
        "rule.html.j2",
        here="Findings",
        rule=rule,
        title=known.title if known else rule,
        why=[spans(paragraph, 2_000) for paragraph in known.why.split("\n\n")] if known else [],
        page=page,
        largest=max((each.finding.waste or 0 for each in page.found), default=0),
        address=f"{API}{here_address}",
        next=linked(here_address, cursor=page.after) if page.after else None,
        first=here_address if cursor else None,
    )


@router.get("/packages")
def packages(here: Here, q: Text = "", by: By = "", cursor: Cursor = None) -> HTMLResponse:
    """Which packages weigh most."""
    text = q.strip()
    page = queries_packages.packages(here.database, text=text, ecosystem=by or None, after=cursor)
    return render(
        "packages.html.j2",
        here="Packages",
        page=page,
        text=text,
        by=by,
        ecosystems=[each.value for each in Ecosystem],
        largest=max((each.size for each in page.packages), default=0),
        address=linked(f"{API}/packages", q=text, ecosystem=by),
        next=linked("/packages", q=text, by=by, cursor=page.after) if page.after else None,
        first=linked("/packages", q=text, by=by) if cursor else None,
    )


@router.get("/packages/{ecosystem}/{name:path}")
def package(here: Here, ecosystem: str, name: str, cursor: Cursor = None) -> HTMLResponse:
    """Who ships it."""
    with here.database.reading() as session:
        page = queries_packages.shipped(session, ecosystem, name, after=cursor)
    here_address = addresses.package(ecosystem, name)
    return render(
        "package.html.j2",
        here="Packages",
        ecosystem=ecosystem,
        name=name,
        page=page,
        largest=max((each.package.size or 0 for each in page.shipped), default=0),
        address=f"{API}{here_address}",
        next=linked(here_address, cursor=page.after) if page.after else None,
        first=here_address if cursor else None,
    )
