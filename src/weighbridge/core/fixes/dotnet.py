""".NET: what was published is shipped on the runtime that its own `runtimeconfig.json` asks for.

Whether that is the runtime or ASP.NET's is not in the Dockerfile, nor is the version: an SDK publishes for older ones.
Format: https://github.com/dotnet/sdk/blob/main/documentation/specs/runtime-configuration-file.md. Images and what they
set: https://github.com/dotnet/dotnet-docker, README.runtime.md and documentation/image-variants.md.
"""

from __future__ import annotations

import json
import posixpath
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from weighbridge.core.fixes.finals import CC, Ground
from weighbridge.core.fixes.needs import needs
from weighbridge.core.fixes.payload import copies, freight
from weighbridge.core.fixes.split import Split, split
from weighbridge.core.fixes.stowage import empty_folders, extras, libraries, user_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from weighbridge.core.fixes.anatomy import Anatomy
    from weighbridge.core.fixes.needs import Needs
    from weighbridge.model.dockerfile import Instruction
    from weighbridge.model.fix import Candidate
    from weighbridge.model.programs import Programs

CONFIGURATION = ".runtimeconfig.json"
_VERBS = frozenset({"restore", "build", "publish"})
_PROJECT = re.compile(r"(?:^|/)(?:[^/]+\.(?:csproj|fsproj|vbproj|sln|slnx)|Directory\.Build\.props|project\.json)$")
_TOOLS = re.compile(r"(?:root|home/[^/]+)/\.(?:dotnet|nuget|local|templateengine|aspnet)/")
_SDK = re.compile(r"(?:mcr\.microsoft\.com/dotnet/(?:core/)?sdk|microsoft/dotnet)(?::[^-]*(?:-sdk)?(?:-([\w.-]+))?)?")
_DISTRIBUTION = re.compile(r"(?:alpine[\d.]*|bookworm-slim|bullseye-slim|trixie-slim|jammy|noble|focal)")
# The distribution that Microsoft's images without a shell are made of, by the runtime's version.
_CHISELED = {"8.0": "jammy", "9.0": "noble", "10.0": "noble"}
# The SDK's images set them to nothing, and the runtimes' to something: a program would listen elsewhere.
_KEPT = ("ASPNETCORE_URLS", "ASPNETCORE_HTTP_PORTS", "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT")
_OWN = ("ASPNET_VERSION", "DOTNET_VERSION", "APP_UID", "DOTNET_RUNNING_IN_CONTAINER", *_KEPT)
_LIBRARIES = CC.libraries | {"libz.so.1", "libgssapi_krb5.so.2", "liblttng-ust.so.1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _App:
    """What was published. `folder` holds the program; `image` is the runtime's name, `version` as in `8.0`.

    `invariant` programs know no cultures, and need no ICU.
    """

    folder: str
    image: str
    version: str
    invariant: bool


def plans(anatomy: Anatomy) -> Iterator[Candidate]:
    """Candidates, the most ambitious first; none where what starts was not published with .NET's SDK."""
    image, programs = anatomy.subject.image, anatomy.subject.programs
    first = needs(anatomy, ())
    after = _last_build(anatomy)
    if image is None or programs is None or first is None or after is None:
        return
    app = _published(first.entries, programs)
    if app is None:
        return
    end = anatomy.last_work(after)
    for ground in _grounds(anatomy, app, first, end):
        yield split(anatomy, _split(anatomy, app, ground, end))


def _last_build(anatomy: Anatomy) -> Instruction | None:
    found = None
    for each in anatomy.body:
        for command in anatomy.commands(each):
            if command[0].rpartition("/")[2] == "dotnet" and not _VERBS.isdisjoint(command[1:2]):
                found = each
    return found


def _published(entries: Iterable[str], programs: Programs) -> _App | None:
    """What starts and has its configuration beside it; None where that is not to be understood."""
    for path in entries:
        stem = path.removesuffix(".dll")
        text = programs.texts.get(f"{stem}{CONFIGURATION}")
        if text is not None:
            return _app(posixpath.dirname(path), text)
    return None


def _app(folder: str, text: bytes) -> _App | None:
    try:
        options: Any = json.loads(text)["runtimeOptions"]
        contained = options.get("includedFrameworks") or []
        asked = contained or options.get("frameworks") or [options["framework"]]
        names = [str(each["name"]) for each in asked]
        versions = [str(each["version"]) for each in asked]
        properties = options.get("configProperties") or {}
        invariant = properties.get("System.Globalization.Invariant") is True
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    numbers = re.match(r"(\d{1,2})\.(\d{1,2})\.", f"{versions[0]}.")
    if (
        not folder
        or numbers is None
        or not all(re.match(r"Microsoft\.(?:NETCore|AspNetCore)\.", each) for each in names)
    ):
        # What stands on Windows' desktop runs nowhere here.
        return None
    web = any("AspNetCore" in each for each in names)
    kind = "runtime-deps" if contained else "aspnet" if web else "runtime"
    version = f"{numbers[1]}.{numbers[2]}"
    # Before 3.1 the images had another folder.
    core = "" if (int(numbers[1]), int(numbers[2])) >= (3, 1) else "core/"
    return _App(folder=folder, image=f"mcr.microsoft.com/dotnet/{core}{kind}", version=version, invariant=invariant)


def _grounds(anatomy: Anatomy, app: _App, first: Needs, end: Instruction) -> Iterator[Ground]:
    """Without shell and package manager, where nothing asks for them; then the runtime on the SDK's distribution."""
    found = _SDK.fullmatch(anatomy.base)
    variant = (found[1] or "") if found else ""
    distribution = variant if _DISTRIBUTION.fullmatch(variant) else ""
    musl = distribution.startswith("alpine")
    later = anatomy.body[anatomy.body.index(end) + 1 :]
    runs = any(each.keyword == "RUN" for each in later)
    if app.version in _CHISELED and not (musl or runs or first.shell or first.words or first.packages):
        ending = "chiseled" if app.invariant else "chiseled-extra"
        yield _ground(app, f"{app.version}-{_CHISELED[app.version]}-{ending}", certificates=True, zones=True)
    tag = f"{app.version}-{distribution}" if distribution else app.version
    yield replace(_ground(app, tag), has_shell=True, musl=musl, manager="apk" if musl else "apt")


def _ground(app: _App, tag: str, *, certificates: bool = False, zones: bool = False) -> Ground:
    name = f"{app.image}:{tag}"
    return Ground(
        name=name,
        title=name.removeprefix("mcr.microsoft.com/"),
        glibc=(2, 99),
        libraries=_LIBRARIES,
        certificates=certificates,
        zones=zones,
        temporary=True,
    )


def _split(anatomy: Anatomy, app: _App, ground: Ground, end: Instruction) -> Split:
    image, programs = anatomy.subject.image, anatomy.subject.programs
    assert image is not None and programs is not None  # noqa: S101 - plans() asked
    kept = freight(anatomy, end, _inputs(anatomy, app))
    own = [path for path in kept if path in programs.elves]
    needed = needs(anatomy, own)
    assert needed is not None  # noqa: S101 - plans() asked
    needed = replace(
        needed,
        libraries={name: path for name, path in needed.libraries.items() if path.rpartition("/")[0] != app.folder},
    )
    packages, brought = libraries(needed, ground, image, besides=frozenset(kept))
    if ground.manager == "apk" and not app.invariant:
        packages = [f"RUN apk add --no-cache {' '.join(['icu-libs', 'tzdata', *needed.packages])}"]
    taken = [*copies(kept, image), *empty_folders(anatomy, image, end), *brought]
    taken += extras(anatomy, needed, ground, programs, kept)
    # Images without a shell run as another user by themselves.
    user = ["USER 0"] if ground.manager is None else []
    return Split(
        strategy=f"dotnet/{ground.title}",
        title=f"Publishes in a stage of its own, and ships on {ground.title}",
        after=end,
        base=ground.name,
        preparation=(*user, *_variables(anatomy), *user_lines(anatomy, needed, ground, end), *packages),
        copies=tuple(dict.fromkeys(taken)),
        rules=("base-not-slim", "toolchain-in-final"),
        may_change=frozenset(f"environment.{name}" for name in _OWN if name not in anatomy.authored_environment()),
    )


def _inputs(anatomy: Anatomy, app: _App) -> Callable[[str], bool]:
    """Whether a path is of the projects and not of what was published, or of the tools' own folders."""
    image = anatomy.subject.image
    nodes = image.tree.nodes if image is not None else {}
    roots = {posixpath.dirname(path) for path in nodes if _PROJECT.search(path)} - {""}
    homes = tuple(f"{root}/" for root in roots)
    return lambda path: (
        not path.startswith(f"{app.folder}/")
        and (path.startswith(homes) or _TOOLS.match(path) is not None or _PROJECT.search(path) is not None)
    )


def _variables(anatomy: Anatomy) -> Iterator[str]:
    """What the SDK's image set of what the runtime's sets otherwise."""
    base = anatomy.subject.base_config
    for entry in base.environment if base is not None else ():
        name, _, value = entry.partition("=")
        if name in _KEPT and name not in anatomy.authored_environment() and re.fullmatch(r"[\w.:/+*;-]*", value):
            yield f"ENV {name}={value}"
