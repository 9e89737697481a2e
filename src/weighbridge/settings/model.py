"""The one model of everything that can be set."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

from weighbridge.core.rules.config import RulesConfig
from weighbridge.model.behaviour import Smoke
from weighbridge.model.budget import Budget, Status
from weighbridge.model.build import BuildSpec
from weighbridge.settings.base import About, Model, contradiction
from weighbridge.settings.rule_values import Rules
from weighbridge.settings.smoke import SmokeSettings
from weighbridge.settings.values import (
    Address,
    Assignments,
    Boolean,
    Builder,
    Bytes,
    Duration,
    FailOn,
    Increase,
    Inside,
    Items,
    Line,
    Lines,
    Network,
    Platforms,
    ReferenceItems,
    References,
    RevisionName,
    Secrets,
    Word,
)

DEFAULT_CONFIG = ".weighbridge.yml"


class ImageSettings(Model):
    """One image: how it is built, with the meanings of docker/build-push-action's inputs, and its budget."""

    name: Annotated[Word, About(default="the context's directory, or the repository's name")] = Field(
        description="What the image is called in reports, comments and history."
    )
    context: Inside = Field(".", description="Directory of the build context, relative to the repository.")
    file: Annotated[Inside | None, About(default="Dockerfile in the context")] = Field(
        None, description="Path of the Dockerfile, relative to the repository."
    )
    target: Word | None = Field(None, description="Stage to build.")
    build_args: Assignments = Field((), description="Build arguments, one `KEY=value` a line.")
    build_contexts: References = Field((), description="Additional build contexts, one `name=path` a line.")
    secrets: Annotated[Secrets, About(run_only=True)] = Field(
        (), description="Secrets of the build, one `KEY=value` a line; they are masked in every log."
    )
    secret_envs: Annotated[ReferenceItems, About(run_only=True)] = Field(
        (), description="Secrets of the build from environment variables, `KEY=VARIABLE`, separated by commas or lines."
    )
    secret_files: Annotated[References, About(run_only=True)] = Field(
        (), description="Secrets of the build from files, one `KEY=path` a line."
    )
    ssh: Annotated[Items, About(run_only=True)] = Field(
        (), description="SSH agent sockets or keys to expose to the build, separated by commas or lines."
    )
    cache_from: Lines = Field((), description="Where the build reads caches, one `type=…` or reference a line.")
    cache_to: Annotated[Lines, About(run_only=True)] = Field(
        (), description="Where the build of the head writes caches, one `type=…` a line."
    )
    platforms: Annotated[Platforms, About(default="the builder's own")] = Field(
        (), description="Platforms to build and weigh, such as `linux/amd64`, separated by commas or lines."
    )
    pull: Boolean = Field(False, description="Always look for newer base images.")
    no_cache: Boolean = Field(False, description="Build without the cache.")
    network: Annotated[Network | None, About(run_only=True)] = Field(
        None, description="Network mode of the build's `RUN` instructions."
    )
    timeout: Annotated[Duration, About(default="1h")] = Field(
        3600.0, description="Longest time that one build may take: seconds, or a number with `s`, `m` or `h`."
    )
    max_size: Annotated[Bytes | None, About(default="no limit")] = Field(
        None, description="Unpacked size above which the verdict is fail, such as `250MB`."
    )
    max_increase: Annotated[Increase | None, About(default="no limit")] = Field(
        None,
        description="Growth above which the verdict is fail, in unpacked bytes (`10MB`) or percent of the base (`5%`).",
    )

    smoke: Annotated[SmokeSettings | None, About(file_only=True)] = Field(
        None, description="How to see that the image works; what it does not say is derived from the image."
    )

    @property
    def budget(self) -> Budget:
        """The image's limits, in unpacked bytes."""
        return Budget(max_size=self.max_size, max_increase=self.max_increase)

    def specs(self) -> tuple[BuildSpec, ...]:
        """What to build: one for each platform."""
        return tuple(self._spec(platform) for platform in self.platforms or (None,))

    def _spec(self, platform: str | None) -> BuildSpec:
        return BuildSpec(
            name=self.name,
            context=self.context,
            file=self.file,
            target=self.target,
            build_args=self.build_args,
            build_contexts=self.build_contexts,
            secrets=tuple(secret.get_secret_value() for secret in self.secrets),
            secret_envs=self.secret_envs,
            secret_files=self.secret_files,
            ssh=self.ssh,
            cache_from=self.cache_from,
            cache_to=self.cache_to,
            platform=platform,
            pull=self.pull,
            no_cache=self.no_cache,
            network=self.network,
            timeout=self.timeout,
        )

    @model_validator(mode="after")
    def _secrets_have_one_source(self) -> Self:
        taken = {secret.get_secret_value().partition("=")[0]: "secrets" for secret in self.secrets}
        for field, references in (("secret-envs", self.secret_envs), ("secret-files", self.secret_files)):
            for reference in references:
                key = reference.partition("=")[0]
                if key in taken:
                    raise contradiction(f"the secret {key[:64]} is in {taken[key]} already", field)
                taken[key] = field
        return self


class Settings(Model):
    """Everything that can be set. Where nothing is said, one image is built from the repository's own Dockerfile."""

    images: tuple[ImageSettings, ...] = Field(min_length=1, description="The images to weigh.")
    github_token: Annotated[SecretStr | None, About(run_only=True, default="the job's own token")] = Field(
        None, description="Token that finds the pull request and writes its comment; needs `pull-requests: write`."
    )
    comment_mode: Literal["always", "changes", "off"] = Field(
        "always",
        description="When to comment: `always`, on `changes` only (an older comment is still updated), or `off`.",
    )
    comment_key: Word = Field("default", description="Tells comments apart where a pull request has several.")
    base_ref: Annotated[RevisionName | None, About(run_only=True, default="what the head would be merged into")] = (
        Field(None, description="What to compare with: a branch (from where the head left it), a tag or a commit.")
    )
    pr_number: Annotated[int | None, About(run_only=True, default="the event's")] = Field(
        None, ge=1, description="Number of the pull request to comment on."
    )
    minimum_change: Bytes = Field(0, description="Changes below this many unpacked bytes are not worth a comment.")
    rules: Annotated[Rules, About(default="each rule's own")] = Field(
        default_factory=dict,
        description="Severities of rules, one `rule=severity` a line: `off`, `low`, `medium` or `high`.",
    )
    ignore_paths: Lines = Field(
        (), description="Paths in the image that no finding is about, one pattern of `.dockerignore`'s kind a line."
    )
    fix: Boolean = Field(
        False,
        description="Whether to look for a smaller Dockerfile, build it, run it beside the original and weigh it.",
    )
    fix_minutes: int = Field(
        10, ge=1, le=360, description="How long the candidates of one image may take, all together, in minutes."
    )
    fix_suggestions: Boolean = Field(
        True,
        description="Whether a proven fix of a few lines is suggested on the lines that the pull request wrote, "
        "to be committed by a click.",
    )
    fix_pull_request: Annotated[Boolean, About(run_only=True)] = Field(
        False,
        description="Whether to open a pull request with the best fix that is proven, on pushes to the default branch, "
        "`schedule` and `workflow_dispatch`; needs `contents: write`.",
    )
    fix_network: Annotated[Boolean, About(run_only=True)] = Field(
        False, description="Whether the containers that fixes are tried in reach the network outside."
    )
    fix_trace: Boolean = Field(
        False,
        description="Whether the original is run once more under strace, and a fix must have every file of the image "
        "that it was seen to open or start.",
    )
    record: Boolean = Field(
        True,
        description="Whether to remember what was weighed on a push to the default branch, a tag, a release and a "
        "schedule; needs `contents: write`.",
    )
    history_branch: Line = Field(
        "weighbridge-history", max_length=200, description="Branch that remembers; it shares no commit with the others."
    )
    squash_history: Annotated[Boolean, About(run_only=True)] = Field(
        False,
        description="Whether a run that records leaves one commit on the history branch, with all records: "
        "for a schedule, say.",
    )
    release_notes: Boolean = Field(
        True,
        description="Whether a release's notes say how it compares with the version before; needs `contents: write`.",
    )
    alert_growth: Annotated[Increase | None, About(default="no alert")] = Field(
        None,
        description="Growth on the default branch, against the last release or else the push before, that opens an "
        "issue: bytes (`10MB`) or percent (`5%`); needs `issues: write`.",
    )
    recorded_base: Boolean = Field(
        True,
        description="Whether a base whose weight is recorded is compared by its record, and not built again.",
    )
    bases: Annotated[Lines, About(no_input=True)] = Field(
        (), description="Further base images that `weighbridge bases` compares, one name a line."
    )
    builder: Annotated[Builder | None, About(run_only=True, default="buildx's current one")] = Field(
        None,
        description="Builder to build with: the name of one of buildx's, or a BuildKit daemon's address such as "
        "`tcp://buildkitd:1234`, with `,cacert=…,cert=…,key=…` behind it for TLS.",
    )
    service: Annotated[Address | None, About(run_only=True, default="no service")] = Field(
        None,
        description="Address of the reporting service that gets the report; needs `id-token: write`, or a "
        "`service-token`.",
    )
    service_token: Annotated[SecretStr | None, About(run_only=True, default="the job's own identity")] = Field(
        None, description="Upload token of the reporting service, where the job's identity is not to be used."
    )
    fail_on: Annotated[FailOn, About(default="fail, unknown")] = Field(
        frozenset({Status.FAIL, Status.UNKNOWN}),
        description="Verdicts that fail the job: a list of `fail`, `unknown` and `warn`, or `never`.",
    )
    accept_label: Annotated[Line, Field(max_length=50)] = Field(
        "weighbridge: accepted", description="Label of a pull request that turns a failed verdict into a pass."
    )
    job_summary: Boolean = Field(True, description="Whether to write the report into the job's summary.")
    github_retries: int = Field(
        10, ge=0, le=100, description="How often a request that GitHub fails to answer is tried again."
    )
    config: Annotated[Line, About(run_only=True)] = Field(
        DEFAULT_CONFIG, description="Path of the configuration file, relative to the repository."
    )
    report_directory: Annotated[Line, About(run_only=True)] = Field(
        "weighbridge-report", description="Directory for the report's files, relative to the workspace."
    )

    def build_environment(self, environ: Mapping[str, str]) -> Mapping[str, str]:
        """What builds are run with."""
        return environ if self.builder is None else {**environ, "BUILDX_BUILDER": self.builder}

    def rules_config(self, today: date) -> RulesConfig:
        """What of the rules is set; `today` is what ends of support are held against."""
        return RulesConfig(today=today, severities=self.rules, ignored=self.ignore_paths)

    def smokes(self) -> dict[str, Smoke]:
        """How each image is tried, by the image's name."""
        return {image.name: self._smoke(image.smoke) for image in self.images}

    def _smoke(self, given: SmokeSettings | None) -> Smoke:
        return replace(Smoke() if given is None else given.smoke(), network=self.fix_network, trace=self.fix_trace)

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [image.name for image in self.images]
        for index, name in enumerate(names):
            if name in names[:index]:
                raise contradiction(f"two images are called {name}: give each its own name", "images", index, "name")
        return self
