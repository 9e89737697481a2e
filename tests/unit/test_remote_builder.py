"""Builders elsewhere: buildx is told of an address once, and builds by the name that it got."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from weighbridge.adapters.builder import BuildxBuilder, Tool
from weighbridge.adapters.remote import with_builder
from weighbridge.errors import ConfigurationError, EngineUnavailable, UsageError
from weighbridge.settings import load

if TYPE_CHECKING:
    from pathlib import Path

ADDRESS = "tcp://buildkitd.example:1234,cacert=ca.pem,cert=cert.pem,key=key.pem"
# Knows a builder once it was created; a second `create` fails, as buildx's does.
BUILDX = """\
#!/bin/sh
here="$(dirname "$0")"
echo "$@" >> "$here/asked"
case "$1" in
  create) [ ! -e "$here/$3" ] || { echo "ERROR: existing instance for $3" >&2; exit 1; }; touch "$here/$3" ;;
  inspect) [ -e "$here/$2" ] || exit 1 ;;
esac
"""


@pytest.fixture
def buildx(tmp_path: Path) -> Path:
    path = tmp_path / "docker-buildx"
    path.write_text(BUILDX)
    path.chmod(0o755)
    return path


def asked(buildx: Path) -> list[str]:
    log = buildx.parent / "asked"
    return log.read_text().splitlines() if log.exists() else []


def test_an_address_becomes_a_builder_of_the_remote_driver(buildx: Path) -> None:
    first = with_builder({"BUILDX_BUILDER": ADDRESS, "PATH": "/bin:/usr/bin"}, str(buildx))
    again = with_builder({"BUILDX_BUILDER": ADDRESS, "PATH": "/bin:/usr/bin"}, str(buildx))

    name = first["BUILDX_BUILDER"]
    assert first == again
    options = "--driver-opt cacert=ca.pem --driver-opt cert=cert.pem --driver-opt key=key.pem"
    create = f"create --name {name} --driver remote {options} tcp://buildkitd.example:1234"
    assert [create, create, f"inspect {name}"] == asked(buildx)


def test_a_name_is_left_to_buildx(buildx: Path) -> None:
    environ = {"BUILDX_BUILDER": "cluster"}

    assert environ == with_builder(environ, str(buildx))
    assert {} == with_builder({}, str(buildx))
    assert [] == asked(buildx)


def test_the_builder_builds_with_it(buildx: Path, tmp_path: Path) -> None:
    environ = {"BUILDX_BUILDER": "unix:///run/buildkit.sock", "PATH": "/bin:/usr/bin"}
    made = BuildxBuilder(root=tmp_path, environ=environ, tool=Tool(command=(str(buildx), "build"), buildx=True))

    assert made._environ["BUILDX_BUILDER"].startswith("weighbridge-")


@pytest.mark.parametrize("address", ["tcp://", "file:///etc/passwd", "tcp://x,driver=evil", "tcp://-x", "ssh://x y"])
def test_what_is_no_address(buildx: Path, address: str) -> None:
    with pytest.raises(UsageError, match="must be the name of a builder, or an address"):
        with_builder({"BUILDX_BUILDER": address}, str(buildx))
    assert [] == asked(buildx)


def test_a_buildx_that_does_not_take_it_is_one_line(tmp_path: Path) -> None:
    broken = tmp_path / "docker-buildx"
    broken.write_text("#!/bin/sh\necho 'ERROR: no' >&2\nexit 1\n")
    broken.chmod(0o755)

    with pytest.raises(EngineUnavailable, match="buildx does not take tcp://b:1: ERROR: no"):
        with_builder({"BUILDX_BUILDER": "tcp://b:1", "PATH": "/bin:/usr/bin"}, str(broken))


def test_the_setting_goes_to_builds_and_not_into_the_file(tmp_path: Path) -> None:
    settings = load(cli={}, environ={"INPUT_BUILDER": "tcp://b:1234"}, root=tmp_path)

    assert {"A": "b", "BUILDX_BUILDER": "tcp://b:1234"} == settings.build_environment({"A": "b"})
    with pytest.raises(ConfigurationError, match="input builder: must be the name of a builder"):
        load(cli={}, environ={"INPUT_BUILDER": "--evil"}, root=tmp_path)
    (tmp_path / ".weighbridge.yml").write_text("builder: mine\n")
    with pytest.raises(ConfigurationError, match="cannot be set in the file"):
        load(cli={}, environ={}, root=tmp_path)
