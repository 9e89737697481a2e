"""Repositories, pull requests, findings and packages over the whole organisation."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from weighbridge.core.rules.registry import RULES
from weighbridge.core.wire.times import written
from weighbridge.model.budget import Status
from weighbridge.model.finding import Severity
from weighbridge.model.packages import Ecosystem
from weighbridge.service import queries_findings, queries_packages, queries_pulls, queries_totals, tabular
from weighbridge.service.api import examples
from weighbridge.service.api.images import Cursor, Limit
from weighbridge.service.problems import Problem
from weighbridge.service.running import Here
from weighbridge.service.values import moment

router = APIRouter()

Next = Annotated[str | None, Field(description="The cursor of the next page, null on the last.")]
Text = Annotated[str, Query(max_length=200, description="Part of a name.")]
JSON = tabular.Format.JSON
_TITLES = {rule.id: rule.title for rule in RULES}


def _example(value: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"example": value})


class RepositoryV1(BaseModel):
    """A repository with the sums of its images; sizes are bytes."""

    model_config = _example(examples.REPOSITORY)

    name: str
    default_branch: str | None
    private: bool
    images: int
    size: int
    packed_size: int
    month_change: int
    over_budget: int
    saving: int


class RepositoriesV1(BaseModel):
    """A page of repositories, by name."""

    repositories: list[RepositoryV1]
    next: Next


class PullImageV1(BaseModel):
    """An image as an open pull request would make it. `delta` is bytes against its base, null where that is unknown."""

    model_config = _example(examples.PULL_IMAGE)

    repository: str
    number: int
    ref: str | None
    commit: str
    updated: str
    image: str
    platform: str
    size: int
    delta: int | None
    status: Status
    max_size: int | None
    record: int


class PullsV1(BaseModel):
    """A page of open pull requests, the newest first: a row an image."""

    images: list[PullImageV1]
    next: Next


class RuleV1(BaseModel):
    """What a rule costs: `waste` is the bytes of its findings that were measured."""

    model_config = _example(examples.RULE)

    rule: str
    title: str | None
    findings: int
    images: int
    waste: int
    unmeasured: Annotated[int, Field(description="Findings that only the Dockerfile shows.")]


class RulesV1(BaseModel):
    """The rules that found something, the one that costs most first."""

    rules: list[RuleV1]


class FindingV1(BaseModel):
    """A finding on a default branch."""

    model_config = _example(examples.FINDING)

    repository: str
    image: str
    platform: str
    rule: str
    severity: Severity
    message: str
    file: str | None
    line: int | None
    waste: int | None


class FindingsV1(BaseModel):
    """A page of what a rule found, the heaviest first."""

    findings: list[FindingV1]
    next: Next


class PackageV1(BaseModel):
    """A package over all images; `size` sums what its package managers tell."""

    model_config = _example(examples.PACKAGE)

    ecosystem: Ecosystem
    name: str
    images: int
    versions: int
    size: int


class PackagesV1(BaseModel):
    """A page of packages, the heaviest in all first."""

    packages: list[PackageV1]
    found: Annotated[int, Field(description="How many there are on all pages.")]
    next: Next


class ShippedV1(BaseModel):
    """An image that ships a package."""

    model_config = _example(examples.SHIPPED)

    repository: str
    image: str
    platform: str
    version: str
    size: int | None


class ShippedPageV1(BaseModel):
    """A page of the images that ship a package, by version."""

    images: list[ShippedV1]
    next: Next


def _repository(owned: queries_totals.Owned) -> RepositoryV1:
    totals = owned.totals
    return RepositoryV1(
        name=owned.name,
        default_branch=owned.default_branch,
        private=owned.private,
        images=totals.images,
        size=totals.size,
        packed_size=totals.packed,
        month_change=totals.month_change,
        over_budget=totals.over_budget,
        saving=totals.saving,
    )


@router.get(
    "/repositories",
    tags=["repositories"],
    summary="All repositories",
    response_model=RepositoriesV1,
    responses=tabular.RESPONSES,
)
def repositories(
    here: Here,
    q: Text = "",
    cursor: Cursor = None,
    limit: Limit = 50,
    format: tabular.As = JSON,  # noqa: A002
) -> RepositoriesV1 | Response:
    """A page of repositories by name."""

    def page(after: str | None, rows: int) -> tuple[list[RepositoryV1], str | None]:
        with here.database.reading() as session:
            found = queries_totals.repositories(session, text=q, after=after, limit=rows)
        return [_repository(owned) for owned in found.repositories], found.after

    if format is tabular.Format.CSV:
        return tabular.table("repositories", RepositoryV1, tabular.every(lambda at: page(at, tabular.PAGE)))
    rows, after = page(cursor, limit)
    return RepositoriesV1(repositories=rows, next=after)


@router.get("/repositories/{owner}/{name}", tags=["repositories"], summary="One repository")
def repository(here: Here, owner: str, name: str) -> RepositoryV1:
    """A repository with the sums of its images."""
    with here.database.reading() as session:
        owned = queries_totals.repository(session, f"{owner}/{name}")
    if owned is None:
        raise Problem(404, f"no repository {owner[:100]}/{name[:100]} has reported")
    return _repository(owned)


@router.get(
    "/pulls",
    tags=["pull requests"],
    summary="Open pull requests",
    response_model=PullsV1,
    responses=tabular.RESPONSES,
)
def pulls(
    here: Here,
    repository: Annotated[str | None, Query(max_length=201)] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
    format: tabular.As = JSON,  # noqa: A002
) -> PullsV1 | Response:
    """What is open, and what each image would weigh. `limit` counts pull requests."""

    def page(after: str | None, rows: int) -> tuple[list[PullImageV1], str | None]:
        with here.database.reading() as session:
            found = queries_pulls.pulls(session, repository=repository, after=after, limit=rows)
        return [_changed(shown, changed) for shown in found.pulls for changed in shown.images], found.after

    if format is tabular.Format.CSV:
        return tabular.table("pull-requests", PullImageV1, tabular.every(lambda at: page(at, tabular.PAGE)))
    rows, after = page(cursor, limit)
    return PullsV1(images=rows, next=after)


def _changed(shown: queries_pulls.ShownPull, changed: queries_pulls.Changed) -> PullImageV1:
    record = changed.record
    return PullImageV1(
        repository=shown.repository,
        number=shown.pull.number,
        ref=record.ref,
        commit=record.commit,
        updated=written(moment(shown.pull.updated)),
        image=changed.image.name,
        platform=changed.image.platform,
        size=record.size,
        delta=record.delta,
        status=Status(record.status),
        max_size=record.max_size,
        record=record.id,
    )


@router.get(
    "/findings", tags=["findings"], summary="What rules cost", response_model=RulesV1, responses=tabular.RESPONSES
)
def rules(here: Here, format: tabular.As = JSON) -> RulesV1 | Response:  # noqa: A002
    """Which rule costs most bytes on the default branches."""
    rows = [
        RuleV1(
            rule=each.rule,
            title=_TITLES.get(each.rule),
            findings=each.findings,
            images=each.images,
            waste=each.waste,
            unmeasured=each.unmeasured,
        )
        for each in queries_findings.rules(here.database)
    ]
    return RulesV1(rules=rows) if format is JSON else tabular.table("findings", RuleV1, rows)


@router.get(
    "/findings/{rule}",
    tags=["findings"],
    summary="What a rule found",
    response_model=FindingsV1,
    responses=tabular.RESPONSES,
)
def findings(
    here: Here,
    rule: str,
    cursor: Cursor = None,
    limit: Limit = 50,
    format: tabular.As = JSON,  # noqa: A002
) -> FindingsV1 | Response:
    """The findings of a rule, the heaviest first."""

    def page(after: str | None, rows: int) -> tuple[list[FindingV1], str | None]:
        with here.database.reading() as session:
            found = queries_findings.findings(session, rule, after=after, limit=rows)
        return [_found(each) for each in found.found], found.after

    if format is tabular.Format.CSV:
        return tabular.table(f"findings-{rule}", FindingV1, tabular.every(lambda at: page(at, tabular.PAGE)))
    rows, after = page(cursor, limit)
    return FindingsV1(findings=rows, next=after)


def _found(each: queries_findings.Found) -> FindingV1:
    finding = each.finding
    return FindingV1(
        repository=each.repository,
        image=each.image.name,
        platform=each.image.platform,
        rule=finding.rule,
        severity=Severity(finding.severity),
        message=finding.message,
        file=finding.file,
        line=finding.start,
        waste=finding.waste,
    )


@router.get(
    "/packages", tags=["packages"], summary="All packages", response_model=PackagesV1, responses=tabular.RESPONSES
)
def packages(
    here: Here,
    q: Text = "",
    ecosystem: Ecosystem | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
    format: tabular.As = JSON,  # noqa: A002
) -> PackagesV1 | Response:
    """A page of packages, the heaviest in all first."""

    def page(after: str | None, rows: int) -> queries_packages.PackagePage:
        by = ecosystem and ecosystem.value
        return queries_packages.packages(here.database, text=q, ecosystem=by, after=after, limit=rows)

    def split(after: str | None) -> tuple[list[PackageV1], str | None]:
        found = page(after, tabular.PAGE)
        return [PackageV1.model_validate(each, from_attributes=True) for each in found.packages], found.after

    if format is tabular.Format.CSV:
        return tabular.table("packages", PackageV1, tabular.every(split))
    found = page(cursor, limit)
    rows = [PackageV1.model_validate(each, from_attributes=True) for each in found.packages]
    return PackagesV1(packages=rows, found=found.found, next=found.after)


@router.get(
    "/packages/{ecosystem}/{name:path}",
    tags=["packages"],
    summary="Who ships a package",
    response_model=ShippedPageV1,
    responses=tabular.RESPONSES,
)
def shipped(
    here: Here,
    ecosystem: Ecosystem,
    name: str,
    cursor: Cursor = None,
    limit: Limit = 50,
    format: tabular.As = JSON,  # noqa: A002
) -> ShippedPageV1 | Response:
    """The images that ship a package on their default branches."""

    def page(after: str | None, rows: int) -> tuple[list[ShippedV1], str | None]:
        with here.database.reading() as session:
            found = queries_packages.shipped(session, ecosystem.value, name, after=after, limit=rows)
        return [_shipped(each) for each in found.shipped], found.after

    if format is tabular.Format.CSV:
        return tabular.table(f"package-{name}", ShippedV1, tabular.every(lambda at: page(at, tabular.PAGE)))
    rows, after = page(cursor, limit)
    return ShippedPageV1(images=rows, next=after)


def _shipped(each: queries_packages.Shipped) -> ShippedV1:
    return ShippedV1(
        repository=each.repository,
        image=each.image.name,
        platform=each.image.platform,
        version=each.package.version,
        size=each.package.size,
    )
