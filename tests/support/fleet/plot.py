"""Who there is, and what happens to each image over the year."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from tests.support.fleet.content import KB, MB


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What an image is made of at a time. `program` and `assets` are bytes; `copied` what a chown copies again."""

    base: str
    moved: int = 0
    system: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    flaws: tuple[str, ...] = ()
    program: int = 4 * MB
    assets: int = 0
    extra: tuple[tuple[str, int], ...] = ()
    copied: bool = False
    revision: int = 0

    def with_(self, *names: str, to: str = "system") -> State:
        """With packages or flaws more."""
        more: dict[str, Any] = {to: (*getattr(self, to), *names)}
        return replace(self, **more)

    def without(self, *names: str) -> State:
        """Without packages, flaws or files of these names."""
        kept: dict[str, Any] = {
            of: tuple(one for one in getattr(self, of) if one not in names)
            for of in ("system", "dependencies", "flaws")
        }
        return replace(self, **kept, extra=tuple(one for one in self.extra if one[0] not in names))  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Something that happens on a day (0…365): names come and go, the base becomes another one, files are added."""

    day: int
    add: tuple[str, ...] = ()
    to: str = "system"
    drop: tuple[str, ...] = ()
    base: str | None = None
    files: tuple[tuple[str, int], ...] = ()
    program: int = 0
    chown: bool | None = None
    what: str = ""

    def change(self, state: State) -> State:
        """What becomes of it."""
        changed = state.without(*self.drop).with_(*self.add, to=self.to)
        return replace(
            changed,
            base=self.base or changed.base,
            extra=(*changed.extra, *self.files),
            program=changed.program + self.program,
            copied=changed.copied if self.chown is None else self.chown,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """One image: how it begins, how fast its program grows in a week, its turns, budget, and open pull requests."""

    name: str
    start: State
    week: int = 60 * KB
    turns: tuple[Turn, ...] = ()
    pulls: tuple[Turn, ...] = ()
    budget: int | None = None
    platforms: tuple[str, ...] = ("linux/amd64",)
    since: int = 0
    fixes: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A repository. `every` is days between pushes, `releases` days between releases (0: none)."""

    name: str
    images: tuple[Plot, ...]
    every: int = 7
    releases: int = 28
    major: int = 1
    branch: str = "main"
    tags: str = field(default="v{major}.{number}.0")


PYTHON = State(
    base="python:3.12-slim",
    system=("curl", "libpq5"),
    dependencies=("fastapi", "pydantic", "sqlalchemy", "cryptography"),
)
DATA = State(base="python:3.12-slim", system=("curl",), dependencies=("numpy", "pandas", "boto3"), flaws=("pip-cache",))
NODE = State(base="node:22-slim", dependencies=("express", "lodash", "prisma"), program=6 * MB)
WEB = State(
    base="node:22-slim", dependencies=("next", "react-dom", "@swc/core", "sharp"), program=28 * MB, flaws=("npm-cache",)
)
GO = State(base="gcr.io/distroless/static-debian12", program=19 * MB)
JAVA = State(base="eclipse-temurin:17-jre", program=54 * MB)
PLAIN = State(base="debian:12-slim", system=("curl", "perl"), flaws=("apt-lists",))
ARM = ("linux/amd64", "linux/arm64")


def _two(name: str, start: State, **rest: object) -> Plot:
    return Plot(name=name, start=start, platforms=ARM, **rest)  # type: ignore[arg-type]


PROJECTS: tuple[Project, ...] = (
    Project(name="shop", every=5, releases=21, major=4, images=(
        Plot(name="storefront", start=WEB, week=420 * KB, budget=450 * MB,
             turns=(Turn(day=96, add=("dev-deps",), to="flaws"), Turn(day=231, drop=("dev-deps",)),
                    Turn(day=338, add=("typescript", "webpack", "date-fns"), to="dependencies")),
             pulls=(Turn(day=364, add=("puppeteer-core",), to="dependencies", what="Render invoices"),
                    Turn(day=362, drop=("npm-cache", "typescript"), what="Install without caches"))),
        Plot(name="checkout", start=PYTHON, week=90 * KB, budget=260 * MB,
             turns=(Turn(day=150, add=("gcc-12", "libpython3.11-dev")), Turn(day=290, drop=("gcc-12", "libpython3.11-dev"))),
             pulls=(Turn(day=363, add=("boto3",), to="dependencies", what="Store receipts"),)),
        Plot(name="worker", start=PYTHON.with_("celery", to="dependencies"), budget=260 * MB, week=70 * KB))),
    Project(name="search", every=6, images=(
        Plot(name="indexer", start=replace(JAVA, flaws=("apt-lists",)), budget=500 * MB, week=310 * KB,
             turns=(Turn(day=120, add=("openjdk-17-jdk-headless",)), Turn(day=260, base="ubuntu:24.04", drop=("apt-lists",))),
             pulls=(Turn(day=360, drop=("openjdk-17-jdk-headless",), add=("openjdk-17-jre-headless",), what="Ship the runtime alone"),)),
        _two("query", GO, week=110 * KB, budget=30 * MB))),
    Project(name="ml-serving", every=8, releases=42, major=0, images=(
        Plot(name="model-server", start=DATA.with_("torch", to="dependencies"), budget=1_400 * MB, week=900 * KB,
             turns=(Turn(day=70, files=(("models/ranker.onnx", 214 * MB),)), Turn(day=180, add=("scipy",), to="dependencies"),
                    Turn(day=280, chown=True)),
             pulls=(Turn(day=364, files=(("models/ranker-large.onnx", 512 * MB),), what="Rank by the large model"),)),
        Plot(name="feature-store", start=DATA, week=180 * KB, budget=600 * MB,
             turns=(Turn(day=200, add=("gcc-12", "g++-12")),)))),
    Project(name="media", every=9, images=(
        Plot(name="transcoder", start=PLAIN.with_("ffmpeg"), week=60 * KB, budget=300 * MB,
             turns=(Turn(day=88, add=("imagemagick",)), Turn(day=301, drop=("apt-lists", "perl"))),
             pulls=(Turn(day=361, add=("fonts-noto-cjk",), what="Burn in Asian subtitles"),)),
        Plot(name="thumbnails", start=NODE.with_("sharp", to="dependencies"), budget=320 * MB, week=45 * KB),
        Plot(name="renderer", start=NODE.with_("chromium"), budget=700 * MB, week=130 * KB,
             turns=(Turn(day=250, add=("fonts-noto-cjk",)),)))),
    Project(name="auth", every=7, releases=14, major=7, images=(
        _two("auth", GO, week=70 * KB, budget=40 * MB,
             turns=(Turn(day=44, base="golang:1.23", add=("build-cache",), to="flaws"),
                    Turn(day=66, base="gcr.io/distroless/static-debian12", drop=("build-cache",)))),)),
    Project(name="payments", every=6, releases=28, major=2, images=(
        Plot(name="api", start=replace(JAVA, system=("curl",)), week=240 * KB, budget=360 * MB,
             pulls=(Turn(day=363, program=38 * MB, what="Bundle the fraud model"),)),
        Plot(name="reconcile", start=replace(PYTHON, flaws=("pip-cache", "apt-lists")), week=80 * KB, budget=300 * MB,
             turns=(Turn(day=322, drop=("pip-cache",)),)))),
    Project(name="gateway", every=10, releases=35, images=(
        Plot(name="gateway", start=replace(GO, base="alpine:3.20"), week=50 * KB, budget=60 * MB,
             turns=(Turn(day=310, base="debian:12-slim"),)),)),
    Project(name="docs", every=12, releases=0, branch="trunk", images=(
        Plot(name="site", start=replace(WEB, base="node:22", flaws=("npm-cache", "context")), week=700 * KB, fixes=False),)),
    Project(name="notifications", every=8, images=(
        Plot(name="mailer", start=NODE, week=55 * KB, budget=330 * MB,
             pulls=(Turn(day=364, add=("puppeteer-core",), to="dependencies", what="Preview mails"),)),
        Plot(name="push", start=replace(GO, program=14 * MB), week=40 * KB, budget=25 * MB))),
    Project(name="warehouse", every=9, images=(
        Plot(name="stock", start=replace(PYTHON, base="python:3.12"), week=140 * KB, budget=1_200 * MB,
             turns=(Turn(day=205, base="python:3.12-slim"),)),
        Plot(name="labels", start=PLAIN.with_("imagemagick", "fonts-noto-cjk"), week=20 * KB),
        Plot(name="forecast", start=DATA.with_("scipy", to="dependencies"), week=190 * KB, budget=650 * MB,
             turns=(Turn(day=166, add=("pillow",), to="dependencies"),)))),
    Project(name="base-images", every=14, releases=28, images=(
        Plot(name="python", start=State(base="python:3.12-slim", system=("curl", "git"), program=1 * MB, flaws=("apt-lists",)), week=0, platforms=ARM),
        Plot(name="node", start=State(base="node:22-slim", system=("curl",), program=1 * MB), week=0),
        Plot(name="java", start=State(base="eclipse-temurin:17-jre", program=1 * MB), week=0))),
    Project(name="ci-runner", every=7, releases=0, images=(
        Plot(name="runner", start=State(base="ubuntu:24.04", system=("curl", "git", "gcc-12", "g++-12"), flaws=("apt-lists", "logs"), program=160 * MB),
             week=1_500 * KB, budget=900 * MB, turns=(Turn(day=140, add=("openjdk-17-jdk-headless",)), Turn(day=273, add=("chromium",)))),)),
    Project(name="billing", every=8, images=(
        Plot(name="invoices", start=PYTHON.with_("pillow", to="dependencies"), week=100 * KB, budget=280 * MB,
             turns=(Turn(day=352, add=("fonts-noto-cjk",)),),
             pulls=(Turn(day=365, drop=("fonts-noto-cjk",), what="Load fonts when they are needed"),)),
        Plot(name="ledger", start=JAVA, week=160 * KB, budget=400 * MB))),
    Project(name="maps", every=10, images=(
        Plot(name="tiles", start=replace(PLAIN, assets=310 * MB), week=2_200 * KB, budget=800 * MB,
             turns=(Turn(day=228, files=(("data/world-14.mbtiles", 180 * MB),)), Turn(day=334, drop=("data/world-14.mbtiles",)))),)),
    Project(name="chat", every=6, releases=14, major=3, images=(
        Plot(name="chat", start=replace(NODE, dependencies=("express", "lodash", "prisma", "esbuild")), week=120 * KB, budget=350 * MB,
             pulls=(Turn(day=364, add=("next", "react-dom"), to="dependencies", what="Serve the console too"),)),
        Plot(name="presence", start=replace(GO, program=11 * MB), week=30 * KB, budget=20 * MB, platforms=ARM))),
    Project(name="reports", every=11, images=(
        Plot(name="reports", start=DATA.with_("pillow", to="dependencies"), week=150 * KB, budget=430 * MB,
             turns=(Turn(day=110, chown=True), Turn(day=296, chown=False, drop=("pip-cache",)))),)),
    Project(name="scheduler", every=9, images=(
        Plot(name="scheduler", start=replace(GO, base="golang:1.23", flaws=("build-cache",)), week=90 * KB, budget=1_200 * MB),)),
    Project(name="crm", every=7, releases=21, major=5, images=(
        Plot(name="web", start=WEB.with_("dev-deps", to="flaws"), week=360 * KB, budget=520 * MB,
             turns=(Turn(day=190, add=("date-fns",), to="dependencies"),),
             pulls=(Turn(day=363, drop=("dev-deps", "npm-cache"), what="Leave development out"),)),
        Plot(name="api", start=PYTHON.with_("django", to="dependencies"), week=110 * KB, budget=280 * MB))),
    Project(name="telemetry", every=8, images=(
        Plot(name="collector", start=replace(GO, program=42 * MB), week=210 * KB, budget=60 * MB, platforms=ARM),)),
    Project(name="sandbox", every=15, releases=0, images=(
        Plot(name="notebook", start=DATA.with_("scipy", to="dependencies"), week=400 * KB, since=210, fixes=False),)),
)  # fmt: skip
