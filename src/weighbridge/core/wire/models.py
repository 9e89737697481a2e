"""What the JSON looks like, field by field. All sizes are bytes; what is unknown is null or `unavailable`, never zero.

Changes are additive only: unknown keys are ignored when reading, no field that was there is ever taken away.
"""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from weighbridge.model.budget import Status
from weighbridge.model.change import Change, Origin
from weighbridge.model.finding import Severity
from weighbridge.model.fix import Family, Outcome, ProofStatus, Step
from weighbridge.model.packages import Ecosystem
from weighbridge.model.report import Stage

# Bounds for what comes from a stranger; everything that weighbridge writes stays far below them.
_MAX_SIZE = 1 << 60
Size = Annotated[int, Field(ge=0, le=_MAX_SIZE, strict=True)]
Delta = Annotated[int, Field(ge=-_MAX_SIZE, le=_MAX_SIZE, strict=True)]
Count = Annotated[int, Field(ge=0, le=1 << 40, strict=True)]
Name = Annotated[str, Field(max_length=1_000, strict=True)]
Text = Annotated[str, Field(max_length=8_000, strict=True)]
PathText = Annotated[str, Field(max_length=262_144, strict=True)]
FileText = Annotated[str, Field(max_length=4_194_304, strict=True)]
LineNumber = Annotated[int, Field(ge=1, le=10_000_000, strict=True)]
Time = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$")]
Recipe = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
Commit = Annotated[str, Field(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})$")]


class Wire(BaseModel):
    """The settings that all parts share."""

    model_config = ConfigDict(extra="ignore", frozen=True, ser_json_inf_nan="null")


class LineW(Wire):
    """Lines of a Dockerfile, 1-based and inclusive."""

    file: Text
    start: LineNumber
    end: LineNumber


class LayerW(Wire):
    """One layer; `line` is null where FROM brought it or nothing tells it, `compression` empty where none is known."""

    diff_id: Name
    size: Size
    packed_size: Size
    packed_size_estimated: bool
    created_by: Text
    line: LineW | None
    line_exact: bool
    from_base: bool
    compression: Literal["", "gzip", "zstd"] = ""


class ConfigW(Wire):
    """The part of the image configuration that decides how a container behaves."""

    entrypoint: Annotated[tuple[PathText, ...], Field(max_length=10_000)]
    command: Annotated[tuple[PathText, ...], Field(max_length=10_000)]
    environment: Annotated[tuple[PathText, ...], Field(max_length=10_000)]
    exposed_ports: Annotated[tuple[Name, ...], Field(max_length=10_000)]
    user: Name
    working_directory: PathText
    volumes: Annotated[tuple[PathText, ...], Field(max_length=10_000)]
    labels: Annotated[tuple[tuple[PathText, PathText], ...], Field(max_length=10_000)]
    stop_signal: Name
    health_check: Annotated[tuple[PathText, ...], Field(max_length=10_000)]
    on_build: Annotated[tuple[PathText, ...], Field(max_length=10_000)] = ()


class PackageW(Wire):
    """One package; `size` is null where its manager says nothing."""

    ecosystem: Ecosystem
    name: Name
    version: Name
    size: Size | None
    path: PathText


class LargeFileW(Wire):
    """A file of the final file system; `layer` counts from the oldest, 0."""

    path: PathText
    size: Size
    layer: Count


class DuplicateW(Wire):
    """The same content at several paths, `size` bytes each."""

    size: Size
    paths: Annotated[tuple[PathText, ...], Field(max_length=1_000)]


class TreeW(Wire):
    """A node of the treemap of the final file system."""

    name: PathText
    size: Size
    delta: Delta
    change: Change
    children: Annotated[tuple["TreeW", ...], Field(max_length=5_000)] = ()


class UnavailableW(Wire):
    """Why something could not be measured."""

    stage: Stage
    reason: Text
    line: LineNumber | None = None
    log_tail: Annotated[tuple[Text, ...], Field(max_length=500)] = ()
    expected: bool = False


class SideW(Wire):
    """One side of a comparison: measured, or `unavailable` and nothing else.

    Of a base that is `recorded` and not built again, `id` and `config` are null where it is not the same as the head;
    with `weights_only`, so are packages, files and tree.
    """

    reference: Text | None = None
    id: Name | None = None
    size: Size | None = None
    packed_size: Size | None = None
    packed_size_estimated: bool | None = None
    wasted: Size | None = None
    layers: Annotated[tuple[LayerW, ...], Field(max_length=2_000)] | None = None
    config: ConfigW | None = None
    packages: Annotated[tuple[PackageW, ...], Field(max_length=10_000)] | None = None
    largest_files: Annotated[tuple[LargeFileW, ...], Field(max_length=1_000)] | None = None
    wasted_paths: Annotated[tuple[LargeFileW, ...], Field(max_length=1_000)] | None = None
    duplicates: Annotated[tuple[DuplicateW, ...], Field(max_length=1_000)] | None = None
    tree: TreeW | None = None
    file_count: Count | None = None
    build_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    base_name: Text | None = None
    base_digest: Name | None = None
    recorded: bool = False
    weights_only: bool = False
    unavailable: UnavailableW | None = None


class CauseW(Wire):
    """One reason why the size changed; the causes add up to the difference."""

    delta: Delta
    phrase: Text
    line: LineW | None
    in_base: bool
    origin: Origin


class LayerChangeW(Wire):
    """A pair of layers that the same instruction made, or one that stands alone."""

    change: Change
    base: LayerW | None
    head: LayerW | None
    delta: Delta


class FileChangeW(Wire):
    """A file, or a directory that stands for `files` files."""

    path: PathText
    change: Change
    delta: Delta
    files: Count
    directory: bool


class PackageChangeW(Wire):
    """A package that came, went or moved."""

    ecosystem: Ecosystem
    name: Name
    base_version: Name | None
    head_version: Name | None
    delta: Delta | None


class DiffW(Wire):
    """Head minus base. `unread` says why files and packages were not compared, null where they were."""

    size: Delta
    packed_size: Delta
    packed_size_estimated: bool
    wasted: Delta
    causes: Annotated[tuple[CauseW, ...], Field(max_length=1_000)]
    layers: Annotated[tuple[LayerChangeW, ...], Field(max_length=4_000)]
    files: Annotated[tuple[FileChangeW, ...], Field(max_length=5_000)]
    packages: Annotated[tuple[PackageChangeW, ...], Field(max_length=20_000)]
    unread: UnavailableW | None = None


class BudgetW(Wire):
    """The limits; `max_increase` is bytes, or a percentage as text: `5%`."""

    max_size: Size | None
    max_increase: Size | Annotated[str, Field(pattern=r"^[0-9]{1,9}(\.[0-9]{1,9})?%$")] | None

    def percent(self) -> Decimal | None:
        """The percentage, if it is one."""
        return Decimal(self.max_increase[:-1]) if isinstance(self.max_increase, str) else None


class VerdictW(Wire):
    """The verdict and why."""

    status: Status
    reasons: Annotated[tuple[Text, ...], Field(max_length=1_000)]


class FileEditW(Wire):
    """One file of the repository before and after; null where it is not there."""

    path: PathText
    before: FileText | None
    after: FileText | None


class CheckW(Wire):
    """One step of the ladder and what came of it."""

    step: Step
    outcome: Outcome
    details: Annotated[tuple[Text, ...], Field(max_length=1_000)] = ()


class SurfaceW(Wire):
    """What an attacker finds in an image."""

    packages: Count
    executables: Count
    setuid: Count
    shells: Annotated[tuple[Name, ...], Field(max_length=100)]
    package_managers: Annotated[tuple[Name, ...], Field(max_length=100)]


class ProofW(Wire):
    """How far a fix climbed; `saved` is unpacked bytes, null unless it is verified."""

    status: ProofStatus
    reason: Text = ""
    checks: Annotated[tuple[CheckW, ...], Field(max_length=20)] = ()
    original_size: Size | None = None
    size: Size | None = None
    packed_size: Size | None = None
    packed_size_estimated: bool | None = None
    saved: Delta | None = None
    before: SurfaceW | None = None
    after: SurfaceW | None = None
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None


class FixW(Wire):
    """A smaller Dockerfile: `path` and `dockerfile` are what the patch leaves to build from, and its text."""

    title: Text
    strategy: Name
    family: Family
    rules: Annotated[tuple[Name, ...], Field(max_length=100)]
    patch: FileText
    path: PathText
    dockerfile: FileText
    ignore: FileText | None = None
    target: Name | None = None
    may_change: Annotated[tuple[PathText, ...], Field(max_length=1_000)] = ()
    costs: Annotated[tuple[Text, ...], Field(max_length=100)] = ()
    edits: Annotated[tuple[FileEditW, ...], Field(max_length=100)] = ()
    proof: ProofW


class EvidenceW(Wire):
    """One thing that shows a finding: bytes, a path of the image, a layer (the oldest is 0), where it is about them."""

    text: Text
    path: PathText | None = None
    size: Size | None = None
    layer: Count | None = None


class FindingW(Wire):
    """One smell at one place; `waste` is measured bytes, null where only the Dockerfile shows it.

    `introduced` tells whether the head has it and the base has not, null where there is no base to tell.
    """

    rule: Name
    severity: Severity
    message: Text
    line: LineW | None
    waste: Size | None
    evidence: Annotated[tuple[EvidenceW, ...], Field(max_length=1_000)] = ()
    introduced: bool | None = None


class ImageW(Wire):
    """One image on one platform."""

    name: Name
    platform: Name
    dockerfile: Text | None
    base: SideW | None
    head: SideW
    diff: DiffW | None
    budget: BudgetW
    verdict: VerdictW
    unsplit: Text = ""
    fixes: Annotated[tuple[FixW, ...], Field(max_length=200)] = ()
    unfixed: Text = ""
    findings: Annotated[tuple[FindingW, ...], Field(max_length=1_000)] = ()


class RevisionW(Wire):
    """A commit, and what people call it."""

    commit: Commit | None
    label: Text


class OccasionW(Wire):
    """What the head was weighed for: the event, the times of commit and weighing, a branch or tag, a release's tag.

    `recipes` are digests of how each image was built, by its name.
    """

    event: Name
    time: Time
    recorded: Time
    ref: Name | None
    release: Name | None
    default_branch: Name | None
    recipes: Annotated[dict[Name, Recipe], Field(max_length=1_000)]


class ReportW(Wire):
    """A whole report."""

    schema_: Annotated[Literal["weighbridge.report/1"], Field(alias="schema")]
    tool_version: Name
    repository: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}$")] | None
    server_url: Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.:\[\]-]{1,250}(/[A-Za-z0-9._~/-]{0,250})?$")] | None
    pull_request: Annotated[int, Field(ge=1, le=1 << 53)] | None
    base: RevisionW | None
    head: RevisionW
    minimum_change: Size
    images: Annotated[tuple[ImageW, ...], Field(max_length=1_000)]
    verdict: VerdictW
    occasion: OccasionW | None = None
