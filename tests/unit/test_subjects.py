"""Trees to subjects."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from weighbridge import subjects
from weighbridge.errors import MalformedDockerfile, UsageError
from weighbridge.model.build import BuildSpec

if TYPE_CHECKING:
    from pathlib import Path


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())


def test_the_context_is_what_buildkit_would_send(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "Dockerfile": "FROM x\r\n",
            ".dockerignore": "**/node_modules\n*.log\n",
            "package.json": "{}",
            "web/node_modules/a/index.js": "12345",
            "big.log": "123",
            "web/logo.svg": "1",
        },
    )
    found = subjects.read_subject(tmp_path, BuildSpec(name="app"))

    assert found is not None
    assert found.context is not None
    assert {"Dockerfile": 8, ".dockerignore": 22, "package.json": 2, "web/logo.svg": 1} == dict(found.context.sizes)
    assert 8 == found.context.excluded_bytes
    assert {"package.json": "{}"} == dict(found.context.texts)
    assert "FROM x\r\n" == found.text
    assert ".dockerignore" == found.context.ignore_path


def test_a_dockerfile_has_an_ignore_file_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, {"a.Dockerfile": "FROM x\n", "a.Dockerfile.dockerignore": "*", ".dockerignore": "b", "c": "1"})
    found = subjects.read_context(tmp_path, BuildSpec(name="app", file="a.Dockerfile"))

    assert found is not None
    assert {} == dict(found.sizes)
    assert "a.Dockerfile.dockerignore" == found.ignore_path


def test_neighbours_are_other_dockerfiles_and_build_scripts(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "Dockerfile": "FROM x\n",
            "Dockerfile.build": "FROM y\n",
            "build.sh": "docker cp\n",
            "scripts/release.sh": "true\n",
            "deep/er/build.sh": "no\n",
            "notes.txt": "no\n",
        },
    )

    assert {"Dockerfile.build", "build.sh", "scripts/release.sh"} == set(
        subjects.read_neighbours(tmp_path, BuildSpec(name="app"))
    )


def test_links_pipes_and_large_files_are_never_read(tmp_path: Path) -> None:
    write(tmp_path, {"Dockerfile": "FROM x\n"})
    (tmp_path / "build.sh").symlink_to("/etc/passwd")
    (tmp_path / "etc").symlink_to("/etc")
    os.mkfifo(tmp_path / "release.sh")
    with (tmp_path / "Makefile").open("wb") as file:
        file.truncate(10_000_000)

    found = subjects.read_subject(tmp_path, BuildSpec(name="app"))

    assert found is not None
    assert {} == dict(found.neighbours)
    assert found.context is not None
    assert not any(path.startswith("etc/") for path in found.context.sizes)
    assert 10_000_000 == found.context.sizes["Makefile"]


def test_a_context_elsewhere_or_too_large_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"Dockerfile": "FROM x\n", "a": "", "b": ""})
    monkeypatch.setattr(subjects, "_MAX_ENTRIES", 2)

    assert subjects.read_context(tmp_path, BuildSpec(name="app")) is None
    assert subjects.read_context(tmp_path, BuildSpec(name="app", context="https://example.org/a.git")) is None
    assert subjects.read_context(tmp_path, BuildSpec(name="app", context="..")) is None


def test_a_dockerfile_that_leaves_the_tree_or_is_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").symlink_to("/etc/passwd")
    with pytest.raises(UsageError, match="inside the repository"):
        subjects.read_dockerfile(tmp_path, "Dockerfile")

    (tmp_path / "large").write_bytes(b"#" * 2_000_000)
    with pytest.raises(MalformedDockerfile, match="larger than"):
        subjects.read_dockerfile(tmp_path, "large")

    assert subjects.read_dockerfile(tmp_path, "missing") is None
