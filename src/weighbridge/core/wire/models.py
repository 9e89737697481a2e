"""What the JSON looks like, field by field. All sizes are bytes; what is unknown is null or `unavailable`, never zero.

Changes are additive only: unknown keys are ignored when reading, no field that was there is ever taken away.
"""

from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct

from weighbridge.model.budget import Status
from weighbridge.model.change import Change, Origin
from weighbridge.model.finding import Severity
from weighbridge.model.fix import Family, Outcome, ProofStatus, Step
from weighbridge.model.packages import Ecosystem
from weighbridge.model.report import Stage

NOT_BEFORE_A_LINE_END = r"(?!\n)"
"""Behind `$`, which in Python lets a line end follow, and in JSON Schema does not."""


def whole(pattern: str) -> str:
    """A pattern for the whole of a text."""
    return rf"^{pattern}${NOT_BEFORE_A_LINE_END}"


# Bounds for what comes from a stranger; everything that weighbridge writes stays far below them.
_MAX_SIZE = 1 << 60
Size = Annotated[int, Meta(ge=0, le=_MAX_SIZE)]
Delta = Annotated[int, Meta(ge=-_MAX_SIZE, le=_MAX_SIZE)]
Count = Annotated[int, Meta(ge=0, le=1 << 40)]
Name = Annotated[str, Meta(max_length=1_000)]
Text = Annotated[str, Meta(max_length=8_000)]
PathText = Annotated[str, Meta(max_length=262_144)]
FileText = Annotated[str, Meta(max_length=4_194_304)]
Seconds = Annotated[float, Meta(ge=0, le=1 << 40)]
LineNumber = Annotated[int, Meta(ge=1, le=10_000_000)]
Time = Annotated[str, Meta(pattern=whole(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"))]
Recipe = Annotated[str, Meta(pattern=whole(r"[0-9a-f]{16}"))]
Commit = Annotated[str, Meta(pattern=whole(r"([0-9a-f]{40}|[0-9a-f]{64})"))]

Repository = Annotated[str, Meta(pattern=whole(r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}"))]
ServerUrl = Annotated[str, Meta(pattern=whole(r"https?://[A-Za-z0-9.:\[\]-]{1,250}(/[A-Za-z0-9._~/-]{0,250})?"))]


class Wire(Struct, gc=False):
    """The settings that all parts share. None of them can be part of a cycle, which spares the collector a look."""


class LineW(Wire, kw_only=True):
    """Lines of a Dockerfile, 1-based and inclusive."""

    file: Text
    start: LineNumber
    end: LineNumber


class LayerW(Wire, kw_only=True):
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


class ConfigW(Wire, kw_only=True):
    """The part of the image configuration that decides how a container behaves."""

    entrypoint: Annotated[tuple[PathText, ...], Meta(max_length=10_000)]
    command: Annotated[tuple[PathText, ...], Meta(max_length=10_000)]
    environment: Annotated[tuple[PathText, ...], Meta(max_length=10_000)]
    exposed_ports: Annotated[tuple[Name, ...], Meta(max_length=10_000)]
    user: Name
    working_directory: PathText
    volumes: Annotated[tuple[PathText, ...], Meta(max_length=10_000)]
    labels: Annotated[tuple[tuple[PathText, PathText], ...], Meta(max_length=10_000)]
    stop_signal: Name
    health_check: Annotated[tuple[PathText, ...], Meta(max_length=10_000)]
    on_build: Annotated[tuple[PathText, ...], Meta(max_length=10_000)] = ()


class PackageW(Wire, kw_only=True):
    """One package; `size` is null where its manager says nothing."""

    ecosystem: Ecosystem
    name: Name
    version: Name
    size: Size | None
    path: PathText


class LargeFileW(Wire, kw_only=True):
    """A file of the final file system; `layer` counts from the oldest, 0."""

    path: PathText
    size: Size
    layer: Count


class DuplicateW(Wire, kw_only=True):
    """The same content at several paths, `size` bytes each."""

    size: Size
    paths: Annotated[tuple[PathText, ...], Meta(max_length=1_000)]


class TreeW(Wire, kw_only=True):
    """A node of the treemap of the final file system."""

    name: PathText
    size: Size
    delta: Delta
    change: Change
    children: Annotated[tuple["TreeW", ...], Meta(max_length=5_000)] = ()


class UnavailableW(Wire, kw_only=True):
    """Why something could not be measured."""

    stage: Stage
    reason: Text
    line: LineNumber | None = None
    log_tail: Annotated[tuple[Text, ...], Meta(max_length=500)] = ()
    expected: bool = False


class SideW(Wire, kw_only=True):
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
    layers: Annotated[tuple[LayerW, ...], Meta(max_length=2_000)] | None = None
    config: ConfigW | None = None
    packages: Annotated[tuple[PackageW, ...], Meta(max_length=10_000)] | None = None
    largest_files: Annotated[tuple[LargeFileW, ...], Meta(max_length=1_000)] | None = None
    wasted_paths: Annotated[tuple[LargeFileW, ...], Meta(max_length=1_000)] | None = None
    duplicates: Annotated[tuple[DuplicateW, ...], Meta(max_length=1_000)] | None = None
    tree: TreeW | None = None
    file_count: Count | None = None
    build_seconds: Seconds | None = None
    base_name: Text | None = None
    base_digest: Name | None = None
    recorded: bool = False
    weights_only: bool = False
    unavailable: UnavailableW | None = None


class CauseW(Wire, kw_only=True):
    """One reason why the size changed; the causes add up to the difference."""

    delta: Delta
    phrase: Text
    line: LineW | None
    in_base: bool
    origin: Origin


class LayerChangeW(Wire, kw_only=True):
    """A pair of layers that the same instruction made, or one that stands alone."""

    change: Change
    base: LayerW | None
    head: LayerW | None
    delta: Delta


class FileChangeW(Wire, kw_only=True):
    """A file, or a directory that stands for `files` files."""

    path: PathText
    change: Change
    delta: Delta
    files: Count
    directory: bool


class PackageChangeW(Wire, kw_only=True):
    """A package that came, went or moved."""

    ecosystem: Ecosystem
    name: Name
    base_version: Name | None
    head_version: Name | None
    delta: Delta | None


class DiffW(Wire, kw_only=True):
    """Head minus base. `unread` says why files and packages were not compared, null where they were."""

    size: Delta
    packed_size: Delta
    packed_size_estimated: bool
    wasted: Delta
    causes: Annotated[tuple[CauseW, ...], Meta(max_length=1_000)]
    layers: Annotated[tuple[LayerChangeW, ...], Meta(max_length=4_000)]
    files: Annotated[tuple[FileChangeW, ...], Meta(max_length=5_000)]
    packages: Annotated[tuple[PackageChangeW, ...], Meta(max_length=20_000)]
    unread: UnavailableW | None = None


class BudgetW(Wire, kw_only=True):
    """The limits; `max_increase` is bytes, or a percentage as text: `5%`."""

    max_size: Size | None
    max_increase: Size | Annotated[str, Meta(pattern=whole(r"[0-9]{1,9}(\.[0-9]{1,9})?%"))] | None

    def percent(self) -> Decimal | None:
        """The percentage, if it is one."""
        return Decimal(self.max_increase[:-1]) if isinstance(self.max_increase, str) else None


class VerdictW(Wire, kw_only=True):
    """The verdict and why."""

    status: Status
    reasons: Annotated[tuple[Text, ...], Meta(max_length=1_000)]


class FileEditW(Wire, kw_only=True):
    """One file of the repository before and after; null where it is not there."""

    path: PathText
    before: FileText | None
    after: FileText | None


class CheckW(Wire, kw_only=True):
    """One step of the ladder and what came of it."""

    step: Step
    outcome: Outcome
    details: Annotated[tuple[Text, ...], Meta(max_length=1_000)] = ()


class SurfaceW(Wire, kw_only=True):
    """What an attacker finds in an image."""

    packages: Count
    executables: Count
    setuid: Count
    shells: Annotated[tuple[Name, ...], Meta(max_length=100)]
    package_managers: Annotated[tuple[Name, ...], Meta(max_length=100)]


class ProofW(Wire, kw_only=True):
    """How far a fix climbed; `saved` is unpacked bytes, null unless it is verified."""

    status: ProofStatus
    reason: Text = ""
    checks: Annotated[tuple[CheckW, ...], Meta(max_length=20)] = ()
    original_size: Size | None = None
    size: Size | None = None
    packed_size: Size | None = None
    packed_size_estimated: bool | None = None
    saved: Delta | None = None
    before: SurfaceW | None = None
    after: SurfaceW | None = None
    seconds: Seconds | None = None


class FixW(Wire, kw_only=True):
    """A smaller Dockerfile: `path` and `dockerfile` are what the patch leaves to build from, and its text."""

    title: Text
    strategy: Name
    family: Family
    rules: Annotated[tuple[Name, ...], Meta(max_length=100)]
    patch: FileText
    path: PathText
    dockerfile: FileText
    ignore: FileText | None = None
    target: Name | None = None
    may_change: Annotated[tuple[PathText, ...], Meta(max_length=1_000)] = ()
    costs: Annotated[tuple[Text, ...], Meta(max_length=100)] = ()
    edits: Annotated[tuple[FileEditW, ...], Meta(max_length=100)] = ()
    proof: ProofW


class EvidenceW(Wire, kw_only=True):
    """One thing that shows a finding: bytes, a path of the image, a layer (the oldest is 0), where it is about them."""

    text: Text
    path: PathText | None = None
    size: Size | None = None
    layer: Count | None = None


class FindingW(Wire, kw_only=True):
    """One smell at one place; `waste` is measured bytes, null where only the Dockerfile shows it.

    `introduced` tells whether the head has it and the base has not, null where there is no base to tell.
    """

    rule: Name
    severity: Severity
    message: Text
    line: LineW | None
    waste: Size | None
    evidence: Annotated[tuple[EvidenceW, ...], Meta(max_length=1_000)] = ()
    introduced: bool | None = None


class ImageW(Wire, kw_only=True):
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
    fixes: Annotated[tuple[FixW, ...], Meta(max_length=200)] = ()
    unfixed: Text = ""
    findings: Annotated[tuple[FindingW, ...], Meta(max_length=1_000)] = ()


class RevisionW(Wire, kw_only=True):
    """A commit, and what people call it."""

    commit: Commit | None
    label: Text


class OccasionW(Wire, kw_only=True):
    """What the head was weighed for: the event, the times of commit and weighing, a branch or tag, a release's tag.

    `recipes` are digests of how each image was built, by its name.
    """

    event: Name
    time: Time
    recorded: Time
    ref: Name | None
    release: Name | None
    default_branch: Name | None
    recipes: Annotated[dict[Name, Recipe], Meta(max_length=1_000)]


class ReportW(Wire, kw_only=True, rename={"schema_": "schema"}):
    """A whole report."""

    schema_: Literal["weighbridge.report/1"]
    tool_version: Name
    repository: Annotated[str, Meta(pattern=whole(r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}"))] | None
    server_url: (
        Annotated[str, Meta(pattern=whole(r"https?://[A-Za-z0-9.:\[\]-]{1,250}(/[A-Za-z0-9._~/-]{0,250})?"))] | None
    )
    pull_request: Annotated[int, Meta(ge=1, le=1 << 53)] | None
    base: RevisionW | None
    head: RevisionW
    minimum_change: Size
    images: Annotated[tuple[ImageW, ...], Meta(max_length=1_000)]
    verdict: VerdictW
    occasion: OccasionW | None = None
