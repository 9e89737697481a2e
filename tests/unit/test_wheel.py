"""The wheel, built by the locked backend and installed without the source tree: all that weighbridge needs is in it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import jsonschema
import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "weighbridge"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `weighbridge` command of an environment that has the wheel and the locked dependencies."""
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", str(folder), cwd=folder)
    uv = Path(sys.executable).with_name("uv")
    target = ("--python", str(folder / "bin" / "python"))
    run(str(uv), "pip", "install", "--offline", "--no-deps", *target, str(wheel), cwd=folder)
    # A folder that a .pth file names is searched last, and its own .pth files, which name `src`, are not read.
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin" / "weighbridge"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A docker archive of an image with one file of 1,000 bytes."""
    layer = tar({"srv/model.bin": bytes(1000)})
    config = {
        "os": "linux",
        "architecture": "amd64",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        "history": [{"created_by": "COPY model.bin /srv/"}],
    }
    encoded = json.dumps(config).encode()
    name = f"{hashlib.sha256(encoded).hexdigest()}.json"
    manifest = json.dumps([{"Config": name, "RepoTags": ["app:1"], "Layers": ["layer.tar"]}]).encode()
    path = tmp_path_factory.mktemp("archive") / "app.tar"
    path.write_bytes(tar({name: encoded, "layer.tar": layer, "manifest.json": manifest}))
    return path


def tar(files: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as made:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            made.addfile(member, io.BytesIO(content))
    return written.getvalue()


def run(*command: str, cwd: Path) -> str:
    """What a command prints where nothing leads it to the source tree."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    ours = {f"weighbridge/{path.relative_to(PACKAGE)}" for path in PACKAGE.rglob("*") if path.is_file()}
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert {name for name in ours if "__pycache__" not in name} == held


def test_the_wheel_says_that_it_is_typed_and_has_the_licence(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "weighbridge/py.typed" in names
    assert [name for name in names if name.endswith(".dist-info/licenses/LICENSE")] != []


def test_the_installed_command_is_not_the_source_tree(installed: Path, tmp_path: Path) -> None:
    python = str(installed.with_name("python"))
    found = run(python, "-c", "import weighbridge; print(weighbridge.__file__)", cwd=tmp_path)
    assert Path(found.strip()).is_relative_to(installed.parent.parent)


def test_the_installed_command_says_its_version(installed: Path, wheel: Path, tmp_path: Path) -> None:
    version = wheel.name.split("-")[1]
    assert run(str(installed), "--version", cwd=tmp_path) == f"weighbridge {version}\n"


@pytest.mark.parametrize(
    ("output_format", "parts"),
    [
        ("text", ["weighs 1.0 kB", "verdict: pass"]),
        ("markdown", ["1.0 kB", "COPY model.bin"]),
        ("html", ["<style>", "<script>", "1.0 kB", "</html>"]),
    ],
)
def test_the_installed_command_prints(
    installed: Path, archive: Path, tmp_path: Path, output_format: str, parts: list[str]
) -> None:
    printed = run(str(installed), "inspect", f"docker-archive:{archive}", "--format", output_format, cwd=tmp_path)
    assert [part for part in parts if part not in printed] == []


def test_the_installed_commands_json_follows_the_schema_that_it_prints(
    installed: Path, archive: Path, tmp_path: Path
) -> None:
    written: dict[str, Any] = json.loads(
        run(str(installed), "inspect", f"docker-archive:{archive}", "--format", "json", cwd=tmp_path)
    )
    schema = json.loads(run(str(installed), "schema", "report", cwd=tmp_path))
    jsonschema.validate(written, {"$defs": schema["$defs"], "$ref": "#/$defs/Image"})
    assert written["head"]["size"] == 1000


def test_the_installed_command_prints_the_schema_of_the_configuration(installed: Path, tmp_path: Path) -> None:
    printed = run(str(installed), "schema", "config", cwd=tmp_path)
    assert (PACKAGE / "settings" / "weighbridge.schema.json").read_text() == printed
