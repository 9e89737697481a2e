"""Base images: pulled where they can be, else loaded from the cache folder, else made from the recipes here."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path

from outside import api, contexts, engines
from outside.machine import Refusal, cache_root, local_certificates, run, say

RECIPES = Path(__file__).resolve().parent.parent / "bases"
LABEL = "dev.weighbridge.stand-in"
REGISTRY_SECONDS = 10
PULL_SECONDS = 600
BUILD_SECONDS = 1200
PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """One row of the table: the official name, the other names it gets, and how its stand-in is made.

    `arguments` are the build arguments that tell rows of one recipe apart.
    """

    name: str
    recipe: str
    aliases: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    context: str = ""
    arguments: tuple[tuple[str, str], ...] = ()

    @property
    def file(self) -> str:
        """What this row's files in the cache folder are named by."""
        if not self.arguments:
            return self.recipe
        return f"{self.recipe}-{hashlib.sha256(self.name.encode()).hexdigest()[:8]}"


def table() -> tuple[Base, ...]:
    rows = json.loads((RECIPES / "table.json").read_text())
    return tuple(
        Base(
            name=row["name"],
            recipe=row["recipe"],
            aliases=tuple(row.get("aliases", ())),
            needs=tuple(row.get("needs", ())),
            context=row.get("context", ""),
            arguments=tuple(row.get("arguments", {}).items()),
        )
        for row in rows
    )


def tagged(name: str) -> str:
    """The name with its tag, as engines list it."""
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def registry(name: str) -> str:
    """The registry that serves an image: the first part where it looks like a host (has a dot or a port)."""
    first, slash, _ = name.partition("/")
    return first if slash and (("." in first) or (":" in first) or first == "localhost") else "docker.io"


def find(name: str) -> Base:
    """The row of an image, by its name or one of its aliases. Raises Refusal where there is none."""
    for base in table():
        if tagged(name) in {tagged(known) for known in (base.name, *base.aliases)}:
            return base
    known = ", ".join(base.name for base in table())
    raise Refusal(
        f"{name} is neither on the engine nor can it be pulled, and there is no recipe for it (known: {known})"
    )


def key(base: Base) -> str:
    """Changes when the stand-in would be made otherwise: by its recipe, its files, or what it stands on."""
    parts = [
        repr((base.name, base.recipe, base.context)).encode(),
        (RECIPES / f"{base.recipe}.Dockerfile").read_bytes(),
    ]
    parts += [key(find(need)).encode() for need in base.needs]
    parts += [certificate.read_bytes() for certificate in local_certificates()]
    parts.append(Path(contexts.__file__).read_bytes())
    parts += [f"{name}={value}".encode() for name, value in base.arguments]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


@dataclass(slots=True)
class Bases:
    """The images on one engine. Remembers which registries did not answer, so that each is asked once."""

    host: str
    silent: set[str] = field(default_factory=set)

    def ensure(self, name: str) -> str:
        """Has the image on the engine, and says where it came from: "there", "pulled", "loaded" or "made"."""
        if self._current(name):
            return "there"
        if self._pull(name):
            return "pulled"
        base = find(name)
        how = self._stand_in(base)
        for alias in (base.name, *base.aliases):
            if not self._current(alias) and alias != base.name:
                self._docker("tag", base.name, alias)
        return how

    def _stand_in(self, base: Base) -> str:
        if self._current(base.name):
            return "there"
        archive = cache_root() / "bases" / f"{base.file}-{key(base)}.tar"
        if archive.is_file():
            self._docker("load", "--quiet", "--input", archive)
            return "loaded"
        for need in base.needs:
            self.ensure(need)
        began = time.monotonic()
        say(f"making a stand-in for {base.name}")
        self._build(base)
        self._keep(base, archive)
        say(f"made a stand-in for {base.name} in {time.monotonic() - began:.0f} s")
        return "made"

    def _current(self, name: str) -> bool:
        """Whether the engine has the image: anyone's own as it is, ours only if its recipe is still the same."""
        body = api.ask(self.host, f"/images/{tagged(name)}/json", timeout=30)
        if body is None:
            return False
        labels = (json.loads(body).get("Config") or {}).get("Labels") or {}
        made_as = labels.get(LABEL)
        if made_as is None:
            return True
        try:
            return bool(made_as == stamp(find(name)))
        except Refusal:
            return True

    def _pull(self, name: str) -> bool:
        where = registry(name)
        if where in self.silent:
            return False
        status = api.status(self.host, f"/distribution/{tagged(name)}/json", timeout=REGISTRY_SECONDS)
        if status != 200:
            # Refused names (401, 403, 404) say nothing about the next one; anything else is a registry out of reach.
            if status not in (401, 403, 404):
                say(f"the registry {where} does not answer; its images are stood in for")
                self.silent.add(where)
            return False
        say(f"pulling {name}")
        self._docker("pull", "--quiet", name, timeout=PULL_SECONDS)
        return True

    def _build(self, base: Base) -> None:
        folder = cache_root() / "bases" / "work" / base.file
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        if base.context:
            contexts.MAKERS[base.context](folder)
        given = [f"--build-arg={name}" for name in PROXIES if os.environ.get(name)]
        given += [f"--build-arg={name}={value}" for name, value in base.arguments]
        self._docker(
            *("build", "--network", "host", "--progress", "plain", "--label", f"{LABEL}={stamp(base)}", *given),
            *("--file", RECIPES / f"{base.recipe}.Dockerfile", "--tag", base.name, folder),
            timeout=BUILD_SECONDS,
            log=folder.parent / f"{base.file}.log",
        )
        shutil.rmtree(folder)

    def _keep(self, base: Base, archive: Path) -> None:
        """Another engine, or this one with its data gone, has the image back in seconds."""
        part = archive.with_suffix(".part")
        self._docker("save", "--output", part, base.name)
        for outdated in archive.parent.glob(f"{base.file}-{'?' * 16}.tar"):
            outdated.unlink()
        part.rename(archive)

    def _docker(self, *arguments: str | Path, timeout: float = 300, log: Path | None = None) -> str:
        # An attestation would make an index of each image on an engine with containerd's store.
        plain = {"DOCKER_BUILDKIT": "1", "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}
        return run(["docker", *arguments], env=engines.exports(self.host) | plain, timeout=timeout, log=log)


def stamp(base: Base) -> str:
    return f"{base.name} {key(base)}"
