"""The locks are those of pyproject.toml: complete, with hashes, without an address, and what is installed here."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = ("runtime", "dev", "build", "installer", "tools")
_PIN = re.compile(
    r"^([A-Za-z0-9._-]+)==([^ ;\\]+)([^\\]*)\\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE
)


def lock(name: str) -> str:
    return (ROOT / "requirements" / f"{name}.txt").read_text()


def pins(name: str) -> dict[str, str]:
    """Version by canonical name, those for other systems and other Pythons included."""
    return {canonicalize_name(found[1]): found[2] for found in _PIN.finditer(lock(name))}


def group(name: str) -> list[Requirement]:
    """The requirements of a dependency group, with those of the groups that it includes."""
    found = []
    for entry in PROJECT["dependency-groups"][name]:
        found += [Requirement(entry)] if isinstance(entry, str) else group(entry["include-group"])
    return found


def wanted(name: str) -> list[Requirement]:
    """What a lock has to hold."""
    runtime = [Requirement(entry) for entry in PROJECT["project"]["dependencies"]]
    return {"runtime": runtime, "dev": [*runtime, *group("dev"), *group("installer")]}.get(name) or group(name)


@pytest.mark.parametrize("name", ["runtime", "dev", "build", "installer"])
def test_a_lock_satisfies_the_project(name: str) -> None:
    locked = pins(name)
    assert [
        str(need)
        for need in wanted(name)
        if not need.specifier.contains(locked.get(canonicalize_name(need.name), "0"), prereleases=True)
    ] == []


@pytest.mark.parametrize("name", ["runtime", "dev", "build"])
def test_a_lock_is_complete(name: str) -> None:
    """Whatever an installed distribution needs on this machine is pinned, in a version that it accepts."""
    locked, missing, seen = pins(name), [], set()
    left = [(need.name, need.extras) for need in wanted(name)]
    while left:
        project, extras = left.pop()
        if (project, *extras) in seen:
            continue
        seen.add((project, *extras))
        for need in map(Requirement, distribution(project).requires or ()):
            if need.marker and not any(need.marker.evaluate({"extra": extra}) for extra in (*extras, "")):
                continue
            if not need.specifier.contains(locked.get(canonicalize_name(need.name), "0"), prereleases=True):
                missing.append(f"{project} needs {need}")
            left.append((need.name, need.extras))
    assert missing == []


@pytest.mark.parametrize("name", LOCKS)
def test_every_line_of_a_lock_is_a_pin_with_hashes(name: str) -> None:
    rest = _PIN.sub("", lock(name))
    assert [line for line in rest.splitlines() if not line.startswith("#")] == []


@pytest.mark.parametrize("name", ["runtime", "build", "installer"])
def test_what_is_locked_twice_is_locked_alike(name: str) -> None:
    everything = pins("dev")
    assert {project: version for project, version in pins(name).items() if everything.get(project) != version} == {}


def test_what_is_installed_here_is_what_is_locked() -> None:
    locked = pins("dev")
    needed = {canonicalize_name(need.name) for need in wanted("dev")}
    assert {project: locked[project] for project in needed} == {
        project: distribution(project).version for project in needed
    }
