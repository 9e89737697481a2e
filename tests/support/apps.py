"""The applications in tests/apps: what their manifests say, and their build contexts as a clone would have them.

A manifest is `app.toml` in the app's folder; tests/apps/README.md describes its keys.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).resolve().parents[1] / "apps"
MANIFEST = "app.toml"

Split = Literal["yes", "edit", "no"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An HTTP request to the program, and what has to come back: the status, and a text that the body holds."""

    port: int
    path: str = "/"
    method: str = "GET"
    body: str = ""
    status: int = 200
    contains: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service beside the program, in the same network namespace, that is ready when it listens on `port`."""

    name: str
    image: str
    port: int
    command: tuple[str, ...]
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Smoke:
    """How to see that the program works.

    With `requests` or `healthy` it has to stay up; otherwise it has to end with `status` within `timeout` seconds.
    `command` are arguments after the image's name, `output` texts that its log holds.
    """

    command: tuple[str, ...] = ()
    environment: Mapping[str, str]
    stdin: str = ""
    timeout: int = 30
    status: int = 0
    output: tuple[str, ...] = ()
    healthy: bool = False
    requests: tuple[Request, ...] = ()
    services: tuple[Service, ...] = ()

    @property
    def serves(self) -> bool:
        return bool(self.requests) or self.healthy


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """One application. `secrets` are build secrets by their id; `script` builds instead of one `docker build`.

    `file` is the Dockerfile that fixes are of, where it has another name than usual.
    """

    name: str
    ecosystem: str
    description: str
    split: Split
    traps: tuple[str, ...]
    bases: tuple[str, ...]
    git: bool
    arguments: Mapping[str, str]
    secrets: Mapping[str, str]
    script: tuple[str, ...]
    file: str | None
    smoke: Smoke

    @property
    def folder(self) -> Path:
        return FOLDER / self.name


def names() -> tuple[str, ...]:
    """Every application there is."""
    return tuple(sorted(path.parent.name for path in FOLDER.glob(f"*/{MANIFEST}")))


def in_turn(number: int) -> str:
    """One that a single `docker build` makes, another one for each number until all had their turn."""
    single = [name for name in names() if not load(name).script]
    return single[number % len(single)]


def load(name: str) -> App:
    """Reads a manifest. Raises KeyError for a key that is missing, TypeError or ValueError for one that is wrong."""
    rows: dict[str, Any] = tomllib.loads((FOLDER / name / MANIFEST).read_text(encoding="utf-8"))
    smoke = dict(rows.pop("smoke"))
    build = dict(rows.pop("build", {}))
    app = App(
        name=name,
        ecosystem=str(rows.pop("ecosystem")),
        description=str(rows.pop("description")),
        split=_split(rows.pop("split")),
        traps=tuple(rows.pop("traps")),
        bases=tuple(rows.pop("bases")),
        git=bool(build.pop("git", False)),
        arguments=dict(build.pop("arguments", {})),
        secrets=dict(build.pop("secrets", {})),
        script=tuple(build.pop("script", ())),
        file=build.pop("file", None),
        smoke=_smoke(smoke),
    )
    if rows or build:
        raise ValueError(f"{name}: unknown keys {sorted({*rows, *build})}")
    return app


def _split(value: object) -> Split:
    match value:
        case "yes" | "edit" | "no":
            return value
        case _:
            raise ValueError(f"split has to be yes, edit or no, and is {value!r}")


def _smoke(rows: dict[str, Any]) -> Smoke:
    requests = tuple(Request(**row) for row in rows.pop("requests", ()))
    services = tuple(
        Service(**{"environment": {}, **row, "command": tuple(row["command"])}) for row in rows.pop("services", ())
    )
    for key in ("command", "output"):
        rows[key] = tuple(rows.get(key, ()))
    return Smoke(
        environment=dict(rows.pop("environment", {})),
        requests=requests,
        services=services,
        **rows,
    )


def check_out(app: App, target: Path) -> Path:
    """Copies the app to `target`, as a clone without its manifest, with a history where the build asks git for one."""
    shutil.copytree(app.folder, target, ignore=shutil.ignore_patterns(MANIFEST), symlinks=True)
    if app.git:
        identity = {"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org"}
        identity |= {"GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.org"}
        identity |= {"GIT_AUTHOR_DATE": "2024-03-01T12:00:00Z", "GIT_COMMITTER_DATE": "2024-03-01T12:00:00Z"}
        for words in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "-m", "Begin"), ("tag", "v1.2.3")):
            subprocess.run(
                ["git", *words],  # noqa: S607 - the git on the PATH
                cwd=target,
                env={**os.environ, **identity, "GIT_CONFIG_GLOBAL": "/dev/null"},
                check=True,
                timeout=60,
            )
    return target
