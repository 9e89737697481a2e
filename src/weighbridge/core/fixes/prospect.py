"""Whether a stage is to be split off, judged before anything is built: from the Dockerfile, the scripts that it names,
and what is known of base images by their names.

A split leaves behind what only builds. So it is meant where something builds, and what it builds with stays in the
image; it is not where that is gone already, where nothing would be left behind, and where a container needs the tools.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from weighbridge.core.fixes.anatomy import SYSTEM_PROGRAMS, Anatomy
from weighbridge.core.fixes.needs import needs
from weighbridge.core.fixes.started import builds_at_start, is_shell, started
from weighbridge.core.fixes.toolchain import COMPILERS, is_toolchain
from weighbridge.core.names import clipped
from weighbridge.core.rules.builds import builds, fetches, program_of
from weighbridge.core.rules.case import Case
from weighbridge.core.rules.config import RulesConfig
from weighbridge.core.rules.glue import find_glue
from weighbridge.core.rules.installs import SYSTEM
from weighbridge.core.rules.registry import examine
from weighbridge.core.rules.replay import WINDOWS
from weighbridge.core.rules.toolchains import COMPILERS as COMPILER_PACKAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weighbridge.core.rules.calls import Call
    from weighbridge.core.rules.glue import Glue
    from weighbridge.core.rules.installs import Installed
    from weighbridge.model.subject import Subject

_WINDOWS_SHELL = re.compile(r"(?:cmd|powershell|pwsh)(?:\.exe)?", re.IGNORECASE)
_DEVELOPMENT = re.compile(
    r"(?:^|[._-])(?:dev(?:el|elop|elopment|container)?|tests?|testing|ci|debug|gitpod)(?:$|[._-])", re.IGNORECASE
)
_DISTRIBUTIONS_TEXT = (
    "alpine debian ubuntu fedora centos rockylinux almalinux archlinux amazonlinux oraclelinux opensuse/leap "
    "opensuse/tumbleweed busybox buildpack-deps"
)
_DISTRIBUTIONS = frozenset(_DISTRIBUTIONS_TEXT.split())
_IDLE_TEXT = (
    "export cd pushd popd sed awk cp mv cat tee test [ [[ : exit sleep date find grep head tail cut tr sort id env "
    "which command eval source . curl wget tar unzip gunzip gzip xz bzip2 gpg apt-key add-apt-repository apt-cache "
    "apt-mark dpkg dpkg-reconfigure debconf-set-selections rpm update-locale localedef update-alternatives a2enmod "
    "a2ensite a2dismod a2dissite apt-config yum-config-manager subscription-manager sysctl ldd strip file stat du "
    "sha256sum sha512sum md5sum basename dirname readlink mktemp uname arch nproc whoami hostname unlink rmdir "
    "chsh local return shift read trap umask unset wait"
)
_IDLE = SYSTEM_PROGRAMS | SYSTEM | frozenset(_IDLE_TEXT.split())
_PREPARES_TEXT = "gnupg gnupg2 dirmngr apt-transport-https lsb-release software-properties-common apt-utils npm yarn"
_PREPARES = frozenset(_PREPARES_TEXT.split())
"""Packages that set others up, or may run a program: no reason for a split by themselves."""

_VERSION_CONTROL = frozenset({"git", "subversion", "mercurial"})
_SOURCES = ("source-in-final", "toolchain-in-layers", "npm-dev-deps")
_MEASURED = ("toolchain-in-final", "dev-headers-in-final", *_SOURCES)
_REASON = 160
# No rule that is asked looks at a date.
_CONFIG = RulesConfig(today=date.min)


class Outlook(StrEnum):
    """What a split, or a merge of two Dockerfiles, would be here."""

    YES = "yes"
    """It is meant: something would be left behind."""

    ALREADY = "already"
    """The author did it."""

    NO = "no"
    """It is wrong, or wins nothing."""

    REFUSE = "refuse"
    """It must not be tried: the tools are what the image is for, or what it is made of cannot be seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """The judgement with its reason, one line that names what decided it. `glue` is what a merge would do away with."""

    outlook: Outlook
    reason: str
    glue: Glue | None = None

    @property
    def refusal(self) -> str:
        """The reason where it speaks against a split; empty where one is meant."""
        return "" if self.outlook is Outlook.YES else self.reason


def prospect(subject: Subject) -> Prospect:
    """Judges one subject. A built image is asked only for what the text leaves open."""
    glue = find_glue(subject)
    if glue is not None:
        reason = f"{glue.scripts[0]} carries files from {glue.builder} to {glue.target}"
        return Prospect(outlook=Outlook.YES, reason=clipped(reason, _REASON), glue=glue)
    view = _View(subject)
    outlook, reason = _judged(view)
    return Prospect(outlook=outlook, reason=clipped(reason, _REASON))


def _judged(view: _View) -> tuple[Outlook, str]:
    """The first cause that decides."""
    if refusal := _refusal(view):
        return Outlook.REFUSE, refusal
    left = next(view.left_behind(), "")
    if view.anatomy.base == "scratch":
        outlook = Outlook.ALREADY if view.copies_from_stages else Outlook.NO
        return outlook, "there is nothing below the author's own files"
    if view.copies_from_stages and not left:
        return Outlook.ALREADY, "what is built comes from a stage of its own already"
    if not view.anatomy.on_image():
        return Outlook.REFUSE, "the stage that is shipped stands on another stage of the same file"
    if left and view.is_made_from:
        return Outlook.REFUSE, "other stages are made from this one, and may need what it builds with"
    for call in view.started:
        if builds_at_start(call, view.fetched):
            where = f"{call.script.rpartition('/')[2]} calls" if call.script else "a container starts with"
            return Outlook.NO, f"{where} `{call.written}`, which needs the tools at run time"
    if left:
        return Outlook.YES, left
    return Outlook.NO, _nothing_left(view)


def _refusal(view: _View) -> str:
    anatomy = view.anatomy
    if view.windows:
        return "a Windows image cannot be built and run beside another one here"
    if any(each.keyword == "ONBUILD" and each.text.upper().startswith("RUN") for each in anatomy.body):
        return "ONBUILD RUN makes this an image to build on, which needs its tools"
    if view.case.base.onbuild:
        return f"what {view.case.base.reference} copies and installs by ONBUILD is not in this file"
    if view.for_development:
        return "by its name this is an image to develop or test in, which needs its tools"
    if view.is_toolbox:
        return "the image builds other things: its tools are what it is for"
    if view.compilers_at_start:
        return f"what starts calls {view.compilers_at_start[0]}: the toolchain is what the image is for"
    return ""


def _nothing_left(view: _View) -> str:
    case = view.case
    if not view.works:
        return "nothing is built or installed here that could be left behind"
    if any(is_toolchain(package.name) and package.removed is package.step for package in case.packages):
        return "what builds is removed by the instruction that installed it"
    if case.base.toolchain and not view.base_can_go:
        return f"{case.base.reference} runs the program as well as it builds, and nothing else would stay behind"
    return "nothing that only builds is left in the image"


@dataclass(frozen=True)
class _View:
    """What the judgement asks of a subject."""

    subject: Subject

    @cached_property
    def case(self) -> Case:
        """The text alone: what rules say of it without an image."""
        return Case(replace(self.subject, image=None, programs=None), _CONFIG)

    @cached_property
    def anatomy(self) -> Anatomy:
        return Anatomy(self.subject)

    @cached_property
    def started(self) -> tuple[Call, ...]:
        """What a container starts, as far as the text tells."""
        return started(self.case)

    @cached_property
    def compilers_at_start(self) -> list[str]:
        """Compilers that the programs and scripts call which the built image starts."""
        first = needs(self.anatomy, ())
        if first is None:
            return []
        names = first.words | {path.rpartition("/")[2] for path in first.entries}
        return sorted(names & COMPILERS)

    @cached_property
    def named_at_start(self) -> frozenset[str]:
        """The words of all that a container starts."""
        return frozenset(re.split(r"[^\w.+-]+", self.case.started))

    @cached_property
    def fetched(self) -> frozenset[str]:
        """The programs that fetch dependencies when the image is built."""
        return frozenset(program_of(call)[0] for _, call in self.case.calls if fetches(call))

    @cached_property
    def windows(self) -> bool:
        instructions = [step.instruction for step in self.case.steps]
        shells = [each.values[0] for each in instructions if each.keyword == "SHELL" and each.values]
        named = any(_WINDOWS_SHELL.fullmatch(re.split(r"[\\/]", shell)[-1]) for shell in shells)
        return named or WINDOWS.search(self.case.base.reference) is not None

    @cached_property
    def copies_from_stages(self) -> bool:
        """Whether what is shipped takes files from another stage of the file: from another image, a tool may come."""
        names = {(stage.name or "").lower() for stage in self.subject.dockerfile.stages} - {""}
        sources = [copy.source.lower() for _, copy in self.case.copies if copy.source is not None]
        return any(source in names or source.isdigit() for source in sources)

    @cached_property
    def is_made_from(self) -> bool:
        """Whether a later stage stands on this one, takes files from it, or counts stages, one of which is to come."""
        stage = self.anatomy.stage
        name = (stage.name or "").lower()
        for later in self.subject.dockerfile.stages[stage.index + 1 :]:
            flags = [part for each in later.instructions for flag in each.flags for part in flag.split(",")]
            asked = {part.rpartition("from=")[2].lower() for part in flags if re.match(r"(?:--mount=|--)?from=", part)}
            if name in {later.base.lower(), *asked} - {""} or any(each.isdigit() for each in asked):
                return True
        return False

    @cached_property
    def for_development(self) -> bool:
        """By the names of file and target, and of a folder that holds the Dockerfile and not what is built."""
        folder, _, name = self.subject.dockerfile.path.rpartition("/")
        inner = folder.rpartition("/")[2]
        apart = posixpath.normpath(folder or ".") != posixpath.normpath(self.subject.spec.context)
        if inner == ".devcontainer" or (apart and _DEVELOPMENT.fullmatch(inner)):
            return True
        return any(_DEVELOPMENT.search(each) for each in (name, self.subject.spec.target or ""))

    @cached_property
    def works(self) -> bool:
        """Whether some command may build, or install a program's dependencies. What is unknown may."""
        return any(call.program not in _IDLE and "=" not in call.argv[0] for _, call in self.case.calls)

    @cached_property
    def base_can_go(self) -> bool:
        """Whether the base's toolchain could be left behind: a program that compiles goes elsewhere, others to a twin.

        There is no slimmer php: whoever runs on it has what builds its extensions.
        """
        base = self.case.base
        return not base.known or base.family.slim_too or bool(base.family.slimmer)

    @cached_property
    def tools(self) -> list[Installed]:
        """Packages that build and stay."""
        return [each for each in self.case.packages if each.removed is None and _builds_only(each.name)]

    @cached_property
    def is_toolbox(self) -> bool:
        """Whether it has tools, takes no program in, and starts nothing but a shell or the tools themselves."""
        if not (self.tools or self.case.base.toolchain) or any(copy.whole_context for _, copy in self.case.copies):
            return False
        if not self.started:
            bare = self.case.base.name in _DISTRIBUTIONS or self.case.base.family.slim_too
            return bare and not any(copy.source is None for _, copy in self.case.copies)
        if all(is_shell(call) for call in self.started):
            return True
        return not self.works and any(builds_at_start(call, self.fetched) for call in self.started)

    def left_behind(self) -> Iterator[str]:
        """What would be left behind, in words, the heaviest first."""
        base = self.case.base
        if not self.works:
            return
        if base.toolchain and self.base_can_go:
            yield f"what builds stays in the image that is shipped: {base.toolchain}, from {base.reference}"
        if self.tools:
            names = ", ".join(dict.fromkeys(each.name for each in self.tools))
            yield f"what builds stays in the image that is shipped: {names}"
        found = examine(self.case.subject, _CONFIG, only=frozenset(_SOURCES))
        yield from (finding.message for finding in found)
        yield from self._fetchers()
        yield from self._foreign()
        yield from self._unexplained()
        if self.subject.image is not None and (self.base_can_go or not base.toolchain):
            yield from (finding.message for finding in examine(self.subject, _CONFIG, only=frozenset(_MEASURED)))

    def _fetchers(self) -> Iterator[str]:
        """What fetches sources, where something is fetched: other tools are for health checks and scripts, too."""
        if any(fetches(call) or builds(call) for _, call in self.case.calls):
            for package in self.case.packages:
                if package.removed is None and package.name in _VERSION_CONTROL - self.named_at_start:
                    yield f"what only fetches stays in the image that is shipped: {package.name}"

    def _foreign(self) -> Iterator[str]:
        """Tools that come from another image for a RUN."""
        called = {call.program for _, call in self.case.calls if fetches(call) or builds(call)}
        for _, copy in self.case.copies:
            for source in copy.sources if copy.source is not None else ():
                name = posixpath.basename(source)
                if name in called - self.named_at_start:
                    yield f"what builds stays in the image that is shipped: {name}, from {copy.source}"

    def _unexplained(self) -> Iterator[str]:
        """Something compiles, and nothing here tells with what: then the tools are in the base, or were fetched."""
        if any(_builds_only(package.name) for package in self.case.packages) or self.case.base.toolchain:
            return
        for _, call in self.case.calls:
            if builds(call):
                yield f"`{call.written}` builds in the stage that is shipped"


def _builds_only(package: str) -> bool:
    return package not in _PREPARES and (is_toolchain(package) or COMPILER_PACKAGES.fullmatch(package) is not None)
