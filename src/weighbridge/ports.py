"""The outside, as the use cases see it. Each Protocol has one real adapter and one documented fake in tests/support."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from weighbridge.model.behaviour import USUAL_LIMITS, Limit, Limits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    from weighbridge.client import Receipt
    from weighbridge.model.build import BuildSpec, BuiltImage, DockerfileText
    from weighbridge.model.files import LayerIndex
    from weighbridge.model.fix import Fix
    from weighbridge.model.image import ImageDescription
    from weighbridge.model.programs import Programs


class Engine(Protocol):
    """A container engine. Never builds (Builder does)."""

    def describe(self, reference: str) -> ImageDescription:
        """What the engine knows of an image. Raises ImageNotFound, EngineUnavailable."""
        ...

    def save(self, references: Sequence[str]) -> AbstractContextManager[Iterator[bytes]]:
        """One archive (docker or OCI layout) of all the images, streamed. Raises ImageNotFound, EngineUnavailable."""
        ...

    def export(self, reference: str) -> AbstractContextManager[Iterator[bytes]]:
        """The image's final file system as one tar, streamed. Raises ImageNotFound, EngineUnavailable.

        The engine adds what it mounts into containers (empty etc/hosts, etc/hostname, etc/resolv.conf, dev, proc, sys).
        """
        ...

    def remove(self, reference: str) -> None:
        """Removes an image by ID or tag, untagged parents too; an image that is gone already is fine."""
        ...

    def data_folder(self) -> Path | None:
        """A folder on the disk that the engine keeps its images on; None where that cannot be seen from here.

        Raises EngineUnavailable.
        """
        ...


class Builder(Protocol):
    """Builds images with BuildKit."""

    def build(
        self,
        spec: BuildSpec,
        *,
        tree: Path,
        tag: str,
        on_line: Callable[[str], None],
        instead: DockerfileText | None = None,
    ) -> BuiltImage:
        """Builds `spec` in the checked-out `tree`, from another Dockerfile where one is given, and tags the result.

        `on_line` gets each line of progress, secrets masked; it may be called from another thread.
        Raises BuildFailed, MalformedDockerfile, EngineUnavailable, Interrupted (time limit or cancel()).
        """
        ...

    def cancel(self) -> None:
        """Ends builds that are under way, from any thread; they raise Interrupted."""
        ...


class LayerCache(Protocol):
    """Layer indexes by diff ID. A cache: get may forget, put may drop, neither raises."""

    def get(self, diff_id: str) -> LayerIndex | None:
        """The index, or None."""
        ...

    def find(self, digits: str) -> LayerIndex | None:
        """The index of the layer whose diff ID begins with these hexadecimal digits (16 or more), or None."""
        ...

    def put(self, index: LayerIndex) -> None:
        """Keeps an index whose content is known to be that of its diff ID."""
        ...


class ProgramsCache(Protocol):
    """What was read of images' programs, by image ID. A cache: get may forget, put may drop, neither raises."""

    def get(self, image_id: str) -> Programs | None:
        """What was kept, or None."""
        ...

    def put(self, image_id: str, programs: Programs) -> None:
        """Keeps it."""
        ...


class ProofCache(Protocol):
    """What candidates came to, by a digest of all that it rests on; they may have been mended on the way.

    A cache: get may forget, put may drop, neither raises.
    """

    def get(self, key: str) -> Fix | None:
        """What was kept, or None."""
        ...

    def put(self, key: str, fix: Fix) -> None:
        """Keeps it."""
        ...


class Repository(Protocol):
    """A git repository's work tree. Leaves it as it was found."""

    def resolve(self, revision: str) -> str:
        """The full commit ID. Raises RevisionNotFound."""
        ...

    def branch(self, name: str, *, fresh: bool = False) -> str | None:
        """The commit at the tip of a branch, here or on origin; None if there is none by that name.

        `fresh` asks origin first, for the tip of this moment.
        """
        ...

    def tags(self) -> tuple[str, ...]:
        """The names of all tags, here and on origin, by name."""
        ...

    def current_branch(self) -> str | None:
        """The name of the branch that is checked out, None where HEAD is on none."""
        ...

    def dirty(self) -> bool:
        """Whether the work tree holds anything that is not committed (ignored files apart)."""
        ...

    def pristine(self) -> bool:
        """Whether the work tree holds exactly what its commit says: nothing edited, untracked or ignored."""
        ...

    def parents(self, commit: str) -> tuple[str, ...]:
        """The commit's parents as written in the commit itself (also in a shallow clone, where they may be missing)."""
        ...

    def commit_time(self, commit: str) -> datetime:
        """When the commit was made, in UTC. Raises RevisionNotFound, GitError."""
        ...

    def ensure_commit(self, commit: str) -> None:
        """Fetches the commit (depth 1) if it is not there. Raises RevisionNotFound."""
        ...

    def merge_base(self, one: str, other: str) -> str | None:
        """Best common ancestor, deepening a shallow clone by as little as is needed; None if there is none.

        Raises RevisionNotFound if one of them cannot be had.
        """
        ...

    def worktree(self, commit: str) -> AbstractContextManager[Path]:
        """A temporary checkout of the commit outside the work tree, removed at the end, also on errors."""
        ...

    @property
    def root(self) -> Path:
        """The top of the work tree."""
        ...


Edit = Callable[[Mapping[str, bytes]], Mapping[str, bytes]]
"""From the files that a branch has to those that it is to have."""


class FilesBranch(Protocol):
    """A branch of the repository on its server that holds nothing but files of ours. The work tree is left alone."""

    @property
    def name(self) -> str:
        """The branch's name, without `refs/heads/`."""
        ...

    def read(self) -> Mapping[str, bytes]:
        """Its files by path, none where there is no such branch. Raises GitError."""
        ...

    def update(self, edit: Edit, message: str, *, squash: bool = False) -> bool:
        """Gives the branch one commit with the files of `edit`, made anew whenever another writer came first.

        False where nothing changed. `squash` leaves that commit alone, without the ones before it. Raises GitError, and
        GitForbidden where the server does not take it from us.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """What is asked of a pull request. Titles are not: nothing of a stranger's text is kept."""

    number: int
    head_sha: str
    base_ref: str
    open: bool
    same_repository: bool
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment of ours on a pull request."""

    id: int
    body: str
    url: str


class PullRequests(Protocol):
    """The pull requests of one repository on GitHub. All methods raise GitHubError, GitHubForbidden."""

    def get(self, number: int) -> PullRequest:
        """One pull request."""
        ...

    def holding(self, commit: str) -> tuple[PullRequest, ...]:
        """The pull requests that hold a commit."""
        ...

    def label_setter(self, number: int, label: str) -> str | None:
        """Login of who last set the label, None if it is not set or cannot be told."""
        ...

    def find_comment(self, number: int, key: str) -> Comment | None:
        """Our comment with this key: marker and author match, all pages, minimized ones ignored."""
        ...

    def create_comment(self, number: int, body: str) -> Comment:
        """Posts a comment."""
        ...

    def edit_comment(self, number: int, comment_id: int, body: str) -> Comment:
        """Replaces a comment's body."""
        ...

    def delete_comment(self, number: int, comment_id: int) -> None:
        """Takes away a comment of ours; one that is gone already is fine."""
        ...


class ReportReceiver(Protocol):
    """A reporting service."""

    def send(self, report: str) -> Receipt:
        """Sends a report's JSON; once this returns, it is kept. Sending again changes nothing.

        Raises ServiceRefused, ServiceUnavailable, and UsageError where nobody is known to send it as.
        """
        ...

    def missing_layers(self, receipt: Receipt, layers: Mapping[str, str]) -> tuple[str, ...]:
        """Of layers of a report (diff ID, digest of its document) those whose files are to be sent. Raises as send."""
        ...

    def send_layer(self, receipt: Receipt, diff_id: str, document: bytes) -> None:
        """Sends the document of a layer's files. Raises as send."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """What a registry tells of an image before any of its layers is fetched, all of it a stranger's words.

    `config` is its configuration, `annotations` those of its manifest and, where that has none, of its index.
    """

    config: Mapping[str, Any]
    annotations: Mapping[str, Any]
    diff_ids: tuple[str, ...]


Choose = Callable[[Announced], frozenset[str]]
"""Gives the diff IDs of the layers that are wanted; what it raises ends the download."""


class Registry(Protocol):
    """One repository of a registry."""

    def tags(self) -> tuple[str, ...]:
        """All tags. Raises ImageNotFound where the registry does not give them."""
        ...

    def download(self, tag: str, platform: str, layout: Path, choose: Choose | None = None) -> None:
        """Writes the image for a platform as an OCI layout into a folder; only the layers chosen, if somebody chooses.

        Raises ImageNotFound, MalformedImage.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How a container is started. None leaves the image's own entrypoint or command.

    `volumes` are those of the scene's that it mounts, by path. `files` is a tar that is unpacked at its root before.
    """

    image: str
    entrypoint: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    environment: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    limits: Limits = USUAL_LIMITS
    files: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerState:
    """How a container is. `status` is its exit status once it ended; `refusal` the engine's words if it never started.

    `exceeded` is the limit that it was ended for. `health` is `starting`, `healthy`, `unhealthy`, or None where there
    is no health check.
    """

    running: bool
    status: int | None = None
    refusal: str = ""
    exceeded: Limit | None = None
    health: str | None = None
    health_output: str = ""


class Container(Protocol):
    """One container, started once. Raises EngineUnavailable."""

    def state(self) -> ContainerState:
        """How it is now."""
        ...

    def output(self) -> tuple[bytes, bytes, bool]:
        """stdout and stderr so far, and whether there was more than is kept."""
        ...

    def written(self) -> frozenset[str]:
        """Paths that it made or changed, with a leading slash, bounded; volumes included."""
        ...

    def read(self, path: str, limit: int) -> bytes | None:
        """The first `limit` bytes of a regular file of it; None where there is none."""
        ...

    def stop(self, patience: float) -> bool:
        """Asks it to end, and ends it after `patience` seconds; whether it ended by itself."""
        ...


class Scene(Protocol):
    """A network of its own for some containers, where 127.0.0.1 is shared by all of them. Raises EngineUnavailable."""

    def start(self, launch: Launch) -> Container:
        """Starts a container; one that cannot be started is told by its state."""
        ...

    def listening(self) -> tuple[int, ...]:
        """The TCP ports that are listened on, sorted."""
        ...

    def exchange(self, port: int, data: bytes, *, timeout: float, limit: int) -> bytes | None:
        """Connects to 127.0.0.1, sends, and reads until the other side closes, `limit` bytes or `timeout` seconds.

        None where the connection was refused.
        """
        ...


class Containers(Protocol):
    """Runs images, isolated: never privileged, bounded, without a network to the outside unless asked for."""

    def scene(
        self, *, names: Sequence[str] = (), volumes: Sequence[str] = (), network: bool = False
    ) -> AbstractContextManager[Scene]:
        """A scene in which `names` mean 127.0.0.1, with a volume for each path. All of it is removed at its end.

        Raises EngineUnavailable, and ProbeUnavailable where nothing can look into it.
        """
        ...

    def fetch(self, image: str) -> None:
        """Has an image by name, pulled where it is missing. Raises ImageNotFound, EngineUnavailable."""
        ...
