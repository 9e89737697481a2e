"""Caches that language package managers and compilers leave."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from weighbridge.core.rules.builds import builds, fetches, program_of, verb_of
from weighbridge.core.rules.caches import Cache, home, kept
from weighbridge.core.rules.path_pattern import paths
from weighbridge.core.rules.rule import Rule
from weighbridge.model.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from weighbridge.core.rules.calls import Call

_TRUE = frozenset({"1", "true", "yes", "on"})
_NODE_INSTALLS = frozenset({"install", "i", "ci", "add", "update"})


def _switched_on(call: Call, variable: str) -> bool:
    return call.environment.get(variable, "").lower() in _TRUE | {"off"}


def _pip(call: Call) -> Sequence[str]:
    program, arguments = program_of(call)
    if not re.fullmatch(r"pip[\d.]*", program) or "install" not in arguments:
        return ()
    # pip takes any beginning of an option that is no other's.
    if any(word.startswith("--no-cache") for word in arguments) or _switched_on(call, "PIP_NO_CACHE_DIR"):
        return ()
    return (call.environment.get("PIP_CACHE_DIR") or f"{home(call)}/.cache/pip",)


def _npm(call: Call) -> Sequence[str]:
    program, arguments = program_of(call)
    if program not in ("npm", "npx") or (program == "npm" and not _NODE_INSTALLS & set(arguments)):
        return ()
    given = next((word.partition("=")[2] for word in arguments if word.startswith("--cache=")), "")
    return (given or call.environment.get("npm_config_cache") or f"{home(call)}/.npm",)


def _yarn(call: Call) -> Sequence[str]:
    program, arguments = program_of(call)
    if program != "yarn" or (arguments and verb_of(call) not in ("install", "add", "workspaces", "global", "")):
        return ()
    return (call.environment.get("YARN_CACHE_FOLDER") or "/usr/local/share/.cache/yarn",)


def _pnpm(call: Call) -> Sequence[str]:
    program, arguments = program_of(call)
    if program != "pnpm" or not _NODE_INSTALLS & set(arguments):
        return ()
    return (f"{home(call)}/.local/share/pnpm/store",)


def _gem(call: Call) -> Sequence[str]:
    program, arguments = program_of(call)
    if (program == "gem" and verb_of(call) in ("install", "update")) or (
        program == "bundle" and verb_of(call) in ("install", "update", "") and "config" not in arguments
    ):
        return ("/usr/local/bundle/cache",)
    return ()


def _composer(call: Call) -> Sequence[str]:
    program, arguments = program_of(call)
    if program not in ("composer", "composer.phar") or not {"install", "update", "require"} & set(arguments):
        return ()
    if "--no-cache" in arguments:
        return ()
    place = call.environment.get("COMPOSER_CACHE_DIR") or f"{home(call)}/.composer/cache"
    return () if place == "/dev/null" else (place,)


def _conda(call: Call) -> Sequence[str]:
    program, arguments = program_of(call)
    if program not in ("conda", "mamba", "micromamba") or not {"install", "create", "update", "env"} & set(arguments):
        return ()
    return ("/opt/conda/pkgs",)


def _builds(call: Call) -> Sequence[str]:
    """Where a compile or a download of modules leaves what only the next build would use."""
    program, arguments = program_of(call)
    folder = call.folder or "/"
    if program == "go" and (builds(call) or fetches(call)):
        modules = call.environment.get("GOMODCACHE") or f"{call.environment.get('GOPATH', '/go')}/pkg/mod"
        built = call.environment.get("GOCACHE") or f"{home(call)}/.cache/go-build"
        return (modules,) if verb_of(call) == "mod" else (modules, built)
    if program == "cargo" and (builds(call) or fetches(call)):
        target = call.environment.get("CARGO_TARGET_DIR") or posixpath.join(folder, "target")
        return (f"{call.environment.get('CARGO_HOME', '/usr/local/cargo')}/registry", target)
    if program == "dotnet" and verb_of(call) in ("restore", "build", "publish"):
        return (f"{home(call)}/.nuget/packages",)
    if program in ("mvn", "mvnw"):
        return (f"{home(call)}/.m2",)
    if program in ("gradle", "gradlew"):
        return (call.environment.get("GRADLE_USER_HOME") or f"{home(call)}/.gradle",)
    if program == "sbt":
        return (f"{home(call)}/.cache/coursier",)
    return _python_builds(call, program, arguments) or _rails(call, folder)


def _python_builds(call: Call, program: str, arguments: Sequence[str]) -> Sequence[str]:
    if program == "uv" and {"sync", "pip", "add", "install"} & set(arguments):
        off = "--no-cache" in arguments or "-n" in arguments or _switched_on(call, "UV_NO_CACHE")
        return () if off else (call.environment.get("UV_CACHE_DIR") or f"{home(call)}/.cache/uv",)
    if program == "poetry" and verb_of(call) == "install":
        off = "--no-cache" in arguments
        return () if off else (call.environment.get("POETRY_CACHE_DIR") or f"{home(call)}/.cache/pypoetry",)
    return ()


def _rails(call: Call, folder: str) -> Sequence[str]:
    if call.program in ("bundle", "rake", "rails") and any("assets:precompile" in word for word in call.argv):
        return (posixpath.join(folder, "tmp/cache"),)
    return ()


_BUILD_FILES = paths(
    r"(?:^|/)(?:\.cache/(?:go-build|uv|pypoetry|coursier|bazel|ccache)|go/pkg/mod|\.?cargo/(?:registry|git)"
    r"|target/(?:[\w-]+/)?(?:release|debug)/(?:deps|build|incremental|\.fingerprint)|\.m2/repository"
    r"|\.gradle/(?:caches|wrapper|daemon|native)|\.nuget/packages|\.local/share/NuGet|\.ivy2/cache|\.sbt/boot"
    r"|tmp/cache/(?:assets|bootsnap|webpacker)|node_modules/\.cache|\.next/cache|obj/(?:Debug|Release))/.",
    ".cache/", "go/pkg/mod/", "cargo/registry/", "cargo/git/", "/release/", "/debug/", ".m2/repository/", ".gradle/",
    ".nuget/packages/", ".local/share/NuGet/", ".ivy2/cache/", ".sbt/boot/", "tmp/cache/", ".next/cache/", "obj/Debug/",
    "obj/Release/",
)  # fmt: skip

LANGUAGE_CACHES = (
    Rule(
        id="pip-cache",
        severity=Severity.MEDIUM,
        title="pip's cache stays in the image",
        why="pip keeps every wheel that it fetched or built below `~/.cache/pip`, for a next time that never comes.",
        how="Write `pip install --no-cache-dir`, set `PIP_NO_CACHE_DIR=1`, or mount a cache.",
        bad="FROM python:3.13-slim\nRUN pip install flask\n",
        good="FROM python:3.13-slim\nRUN pip install --no-cache-dir flask\n",
        examine=kept(
            Cache(
                what="pip's cache",
                places=_pip,
                pattern=paths(r"(?:^|/)\.cache/pip/.", ".cache/pip/"),
                cleaners=(("pip", "cache", "purge"), ("pip3", "cache", "purge")),
            )
        ),
        others=("hadolint DL3042",),
    ),
    Rule(
        id="npm-cache",
        severity=Severity.MEDIUM,
        title="npm's cache stays in the image",
        why="npm keeps every package that it fetched below `~/.npm`, a second time beside `node_modules`.",
        how="End the same `RUN` with `npm cache clean --force`, or mount a cache at `/root/.npm`.",
        bad="FROM node:24-slim\nWORKDIR /app\nCOPY package*.json ./\nRUN npm ci --omit=dev\n",
        good="FROM node:24-slim\nWORKDIR /app\nCOPY package*.json ./\n"
        "RUN npm ci --omit=dev && npm cache clean --force\n",
        examine=kept(
            Cache(
                what="npm's cache",
                places=_npm,
                pattern=paths(r"(?:^|/)\.npm/(?:_cacache|_npx|_logs)/.", ".npm/_"),
                cleaners=(("npm", "cache", "clean"), ("npm", "cache", "clear")),
                onbuild="node",
            )
        ),
    ),
    Rule(
        id="yarn-cache",
        severity=Severity.MEDIUM,
        title="yarn's cache stays in the image",
        why="yarn keeps every package that it fetched in a folder of its own, a second time beside `node_modules`.",
        how="End the same `RUN` with `yarn cache clean`, or mount a cache.",
        bad="FROM node:24-slim\nWORKDIR /app\nCOPY package.json yarn.lock ./\nRUN yarn install --production\n",
        good="FROM node:24-slim\nWORKDIR /app\nCOPY package.json yarn.lock ./\n"
        "RUN yarn install --production && yarn cache clean\n",
        examine=kept(
            Cache(
                what="yarn's cache",
                places=_yarn,
                pattern=paths(r"(?:^|/)(?:\.cache/yarn|\.yarn/berry/cache)/.", ".cache/yarn/", ".yarn/berry/"),
                cleaners=(("yarn", "cache", "clean"),),
            )
        ),
        others=("hadolint DL3060",),
    ),
    Rule(
        id="pnpm-store",
        severity=Severity.LOW,
        title="pnpm's store stays in the image",
        why="pnpm keeps every package in its store. `node_modules` links to it where both are on one file system of "
        "one layer, and copies it elsewhere.",
        how="Mount a cache at the store, or end the same `RUN` with `pnpm store prune`.",
        bad="FROM node:24-slim\nWORKDIR /app\nCOPY package.json pnpm-lock.yaml ./\n"
        "RUN corepack enable && pnpm install --prod --frozen-lockfile\n",
        good="FROM node:24-slim\nWORKDIR /app\nCOPY package.json pnpm-lock.yaml ./\n"
        "RUN --mount=type=cache,target=/root/.local/share/pnpm/store \\\n"
        "    corepack enable && pnpm install --prod --frozen-lockfile\n",
        examine=kept(
            Cache(
                what="pnpm's store",
                places=_pnpm,
                pattern=paths(r"(?:^|/)(?:\.local/share/pnpm/store|\.pnpm-store)/.", "/pnpm/store/", ".pnpm-store/"),
                cleaners=(("pnpm", "store", "prune"),),
            )
        ),
    ),
    Rule(
        id="gem-cache",
        severity=Severity.LOW,
        title="RubyGems' cache stays in the image",
        why="`gem` and `bundle install` keep the packed gem of everything that they installed in `cache`.",
        how='End the same `RUN` with `rm -rf "$GEM_HOME"/cache` (`/usr/local/bundle/cache` in the official images).',
        bad="FROM ruby:3.4-slim\nWORKDIR /app\nCOPY Gemfile Gemfile.lock ./\nRUN bundle install\n",
        good="FROM ruby:3.4-slim\nWORKDIR /app\nCOPY Gemfile Gemfile.lock ./\n"
        "RUN bundle config set --local without 'development test' && bundle install \\\n"
        " && rm -rf /usr/local/bundle/cache\n",
        examine=kept(
            Cache(
                what="RubyGems' cache",
                places=_gem,
                pattern=paths(r"(?:^|/)cache/[^/]+\.gem$|(?:^|/)\.gem/specs/.", ".gem"),
            )
        ),
        others=("hadolint DL3028",),
    ),
    Rule(
        id="composer-cache",
        severity=Severity.LOW,
        title="Composer's cache stays in the image",
        why="Composer keeps the archive of every package below `~/.composer/cache`, beside `vendor`.",
        how="Write `composer install --no-cache`, or run it in another stage.",
        bad="FROM php:8.3-alpine\nWORKDIR /app\nCOPY composer.json composer.lock ./\nRUN composer install --no-dev\n",
        good="FROM php:8.3-alpine\nWORKDIR /app\nCOPY composer.json composer.lock ./\n"
        "RUN composer install --no-dev --no-cache\n",
        examine=kept(
            Cache(
                what="Composer's cache",
                places=_composer,
                pattern=paths(
                    r"(?:^|/)(?:\.composer/cache|\.cache/composer)/.", ".composer/cache/", ".cache/composer/"
                ),
                cleaners=(
                    ("composer", "clear-cache"),
                    ("composer", "clearcache"),
                    ("composer.phar", "clear-cache"),
                ),
            )
        ),
    ),
    Rule(
        id="conda-cache",
        severity=Severity.MEDIUM,
        title="conda's package cache stays in the image",
        why="conda keeps the archive and the unpacked folder of every package in `pkgs`, beside the environment.",
        how="End the same `RUN` with `conda clean -afy`.",
        bad="FROM condaforge/miniforge3:25.3.1-0\nRUN conda install -y numpy\n",
        good="FROM condaforge/miniforge3:25.3.1-0\nRUN conda install -y numpy && conda clean -afy\n",
        examine=kept(
            Cache(
                what="conda's package cache",
                places=_conda,
                pattern=paths(r"(?:^|/)(?:conda|(?:mini|ana)conda3?|mambaforge|miniforge3?)/pkgs/.", "/pkgs/"),
                cleaners=(("conda", "clean"), ("mamba", "clean"), ("micromamba", "clean")),
            )
        ),
    ),
    Rule(
        id="build-cache-kept",
        severity=Severity.HIGH,
        title="Modules and intermediate files of a build stay in the image",
        why="Compilers and build tools keep what they fetched and what they compiled for the next build: "
        "`~/.cache/go-build`, `target/`, `~/.m2`, `~/.gradle`, `~/.nuget`. A container never builds again.",
        how="Build in another stage, or mount caches there. `uv` and `poetry` have `--no-cache`.",
        bad="FROM rust:1-slim\nWORKDIR /app\nCOPY . .\nRUN cargo install --path .\n",
        good="FROM rust:1-slim AS build\nWORKDIR /app\nCOPY . .\nRUN cargo install --path .\n"
        "FROM debian:13-slim\nCOPY --from=build /usr/local/cargo/bin/app /usr/local/bin/\n",
        examine=kept(
            Cache(
                what="what a build fetched and compiled",
                places=_builds,
                pattern=_BUILD_FILES,
                cleaners=(("go", "clean", "-modcache", "-cache"), ("uv", "cache", "clean")),
            )
        ),
    ),
)
