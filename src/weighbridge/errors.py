"""Everything that weighbridge raises on purpose.

WeighbridgeError                 str() is one line: what, where, what to do
├── UsageError                   exit 2: wrong usage or configuration
│   ├── ConfigurationError         of the settings: names file, line and key
│   └── ServiceRefused             the reporting service will not take it: token, scope or document
└── MeasurementError             exit 3: could not be measured
    ├── EngineUnavailable          no engine answers, or it may not be asked
    ├── ImageNotFound              nothing by that name
    ├── MalformedImage             an archive or image that is truncated, lies or is hostile
    ├── MalformedDockerfile        BuildKit's parser refuses it; carries the line
    ├── BuildFailed                carries the failing line and the last lines of the log
    ├── RevisionNotFound           git does not know the revision, or cannot reach it
    ├── GitError                   git failed for another reason
    │   └── GitForbidden             the server refuses to take what is pushed
    ├── GitHubError                the API refused or stayed away
    │   └── GitHubForbidden          the token may not do this
    ├── ServiceUnavailable         the reporting service, or what names us to it, stayed away
    ├── UnknownProgram             an image of which it is not known what starts
    ├── ProbeUnavailable           no image to look into containers with
    └── Interrupted                work that was cancelled under way

Signals are no error of this tree: interruption.Stop is a KeyboardInterrupt.
"""

from typing import ClassVar


class WeighbridgeError(Exception):
    """The root. `exit_status` is what the command line ends with."""

    exit_status: ClassVar[int] = 3


class UsageError(WeighbridgeError):
    """Wrong usage: the user can fix it on the command line or in the event."""

    exit_status = 2


class ConfigurationError(UsageError):
    """A setting that cannot be used; the message names file, line and key."""


class ServiceRefused(UsageError):
    """The reporting service refuses for good. `status` is HTTP's, None where nothing was sent."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class MeasurementError(WeighbridgeError):
    """Something that was asked for could not be measured."""


class EngineUnavailable(MeasurementError):
    """No container engine answers, or this user may not talk to it."""


class ImageNotFound(MeasurementError):
    """No image by that name, or it vanished while it was read."""


class MalformedImage(MeasurementError):
    """An image or archive that is truncated, contradicts itself, or exceeds a bound."""


class MalformedDockerfile(MeasurementError):
    """A Dockerfile that BuildKit's parser refuses. `line` is 1-based, None where unknown."""

    def __init__(self, message: str, *, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class BuildFailed(MeasurementError):
    """A build that ended without an image.

    `line` is the failing Dockerfile line (1-based) or None; `log_tail` holds the last lines of the
    build log as the builder wrote them, secrets masked, not escaped for any output.
    """

    def __init__(self, message: str, *, line: int | None = None, log_tail: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.line = line
        self.log_tail = log_tail


class RevisionNotFound(MeasurementError):
    """git does not know the revision and could not fetch it."""


class GitError(MeasurementError):
    """A git command failed."""


class GitForbidden(GitError):
    """The repository's server does not let this user or token push."""


class GitHubError(MeasurementError):
    """The GitHub API refused, or stayed away through all retries."""


class GitHubForbidden(GitHubError):
    """The token lacks the permission (401, 403, or 404 where the resource is known to exist)."""


class ServiceUnavailable(MeasurementError):
    """The reporting service stayed away through all retries; the same may succeed later."""


class UnknownProgram(MeasurementError):
    """An image whose command names nothing that it holds."""


class ProbeUnavailable(MeasurementError):
    """There is no image whose programs could look into a container's network."""


class Interrupted(MeasurementError):
    """Cancelled under way, because something else of the same run failed or a signal came."""
