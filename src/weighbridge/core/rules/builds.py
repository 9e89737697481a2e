"""Which commands build a program, and which fetch what it depends on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from weighbridge.core.rules.calls import Call

_ALWAYS = frozenset(
    {"make", "gmake", "cmake", "ninja", "meson", "gcc", "g++", "cc", "clang", "clang++", "javac", "tsc", "webpack",
     "rustc", "bazel", "sbt", "scons", "stack", "cabal", "swiftc", "ghc", "ng", "vite", "next"}
)  # fmt: skip
_VERBS: dict[str, frozenset[str]] = {
    "go": frozenset({"build", "install", "get"}),
    "cargo": frozenset({"build", "install", "b"}),
    "dotnet": frozenset({"build", "publish", "pack"}),
    "swift": frozenset({"build"}),
    "mix": frozenset({"release", "compile"}),
    "xbuild": frozenset(),
    "msbuild": frozenset(),
}
_JAVA = frozenset({"mvn", "mvnw", "gradle", "gradlew", "ant"})
_JAVA_NO_BUILD = re.compile(r"dependency:|downloadRepos|wrapper|--version|-v$|dependencies$")
_NODE = frozenset({"npm", "yarn", "pnpm", "bun"})
_NODE_BUILDS = re.compile(r"build|compile|bundle|webpack|dist|prod(?:uction)?$")

_FETCHES: dict[str, frozenset[str]] = {
    "go": frozenset({"build", "install", "get", "mod", "vendor"}),
    "cargo": frozenset({"build", "install", "fetch", "b"}),
    "npm": frozenset({"install", "i", "ci"}),
    "yarn": frozenset({"install", "workspaces", ""}),
    "pnpm": frozenset({"install", "i", "fetch"}),
    "bun": frozenset({"install", "i"}),
    "pip": frozenset({"install"}),
    "pip3": frozenset({"install"}),
    "uv": frozenset({"sync", "pip"}),
    "poetry": frozenset({"install"}),
    "pipenv": frozenset({"install", "sync"}),
    "pdm": frozenset({"install", "sync"}),
    "bundle": frozenset({"install", ""}),
    "composer": frozenset({"install", "update"}),
    "composer.phar": frozenset({"install", "update"}),
    "dotnet": frozenset({"restore", "build", "publish"}),
    "mix": frozenset({"deps.get"}),
    "mvn": frozenset(),
    "mvnw": frozenset(),
    "gradle": frozenset(),
    "gradlew": frozenset(),
    "sbt": frozenset(),
}
"""Programs that fetch dependencies and their verbs; no verbs: whatever they are told."""

_INSTALL_SCRIPT = re.compile(r"(?:^|/)(?:install|setup|get)[-_]?(?:deps|dependencies|packages)[^/]*$", re.IGNORECASE)


def program_of(call: Call) -> tuple[str, tuple[str, ...]]:
    """A call's program and arguments, behind interpreters: `python -m pip`, `php composer.phar`, `bundle exec`."""
    argv = call.argv
    if len(argv) > 2 and argv[1] == "-m" and "python" in argv[0]:
        return argv[2], argv[3:]
    if len(argv) > 1 and call.program == "php" and argv[1].endswith(".phar"):
        return argv[1].rpartition("/")[2], argv[2:]
    return call.program, argv[1:]


def verb_of(call: Call) -> str:
    """The first argument that is no option; empty where there is none."""
    return next((word for word in program_of(call)[1] if not word.startswith(("-", "$"))), "")


def builds(call: Call) -> bool:
    """Whether it turns sources into something that no longer needs them."""
    program, arguments = program_of(call)
    if program in _ALWAYS:
        return program not in ("make", "gmake") or not call.has("--version")
    if program in _VERBS:
        return verb_of(call) in _VERBS[program] or not _VERBS[program]
    if program in _JAVA:
        return not any(_JAVA_NO_BUILD.search(word) for word in arguments)
    if program in _NODE:
        script = [word for word in arguments if not word.startswith("-")]
        return (
            bool(script) and script[0] in ("run", "run-script", "build") and _NODE_BUILDS.search(script[-1]) is not None
        )
    return installs_itself(call)


def installs_itself(call: Call) -> bool:
    """Whether pip copies a project out of its folder: `pip install .`, not `-e .` and not a requirement."""
    program, arguments = program_of(call)
    if program == "uv" and arguments[:1] == ("pip",):
        program, arguments = "pip", arguments[1:]
    if not program.startswith("pip") or "install" not in arguments:
        return False
    if {"-e", "--editable"} & set(arguments):
        return False
    return any(_is_folder(word) for word in arguments)


def _is_folder(word: str) -> bool:
    if word in (".", "./") or word.startswith(".["):
        return True
    return word.startswith(("./", "/", "../")) and not re.search(r"\.(?:txt|in|whl|toml|gz|zip|cfg)$", word)


def fetches(call: Call) -> bool:
    """Whether it fetches a program's dependencies, as its manifest names them."""
    program, arguments = program_of(call)
    if program in ("npm", "yarn", "pnpm") and {"-g", "--global", "global"} & set(arguments):
        return False
    if program.startswith("pip"):
        return "install" in arguments and (
            installs_itself(call) or bool({"-r", "--requirement", "-e", "--editable"} & set(arguments))
        )
    verbs = _FETCHES.get(program)
    if verbs is None:
        return _INSTALL_SCRIPT.search(call.argv[0]) is not None
    verb = verb_of(call)
    if program == "npm" and verb in ("install", "i") and any(True for _ in _named(arguments)):
        return False
    return verb in verbs or not verbs


def _named(arguments: tuple[str, ...]) -> list[str]:
    """The packages that npm install is told by name."""
    words = [word for word in arguments if not word.startswith("-")]
    return words[1:] if words and words[0] in ("install", "i", "add") else []
