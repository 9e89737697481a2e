"""What an image can be named by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from weighbridge.errors import UsageError
from weighbridge.naming import Transport, parse_image_name

if TYPE_CHECKING:
    from pathlib import Path

DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    "name",
    [
        "app",
        "app:1.0",
        "a/b_c/d__e.f-g:Latest",
        "localhost:5000/app:1",
        "Registry.example.com/app",
        f"app@{DIGEST}",
        f"app:1@{DIGEST}",
        DIGEST,
        "0123456789ab",
    ],
)
def test_a_bare_name_is_looked_up_in_the_daemon(name: str) -> None:
    assert (Transport.DAEMON, name) == (parse_image_name(name).transport, parse_image_name(name).reference)
    assert name == parse_image_name(f"docker-daemon:{name}").reference


@pytest.mark.parametrize(
    "name",
    [
        "",
        "UPPER",
        "a b",
        "a\nb",
        "@app",
        "app:",
        "../x",
        "x/../../containers",
        "a?b=c",
        "app:1/json?x",
        "-x",
        "app@sha256:0",
        "ä",
        "app\x1b[31m",
    ],
)
def test_what_no_engine_can_know_is_refused_in_one_line(name: str) -> None:
    for text in (name, f"docker-daemon:{name}"):
        with pytest.raises(UsageError) as caught:
            parse_image_name(text)

        assert str(caught.value).isprintable()


def test_an_archive_is_named_by_its_path_and_may_have_a_reference(tmp_path: Path) -> None:
    (tmp_path / "image.tar").touch()
    (tmp_path / "with:colon").mkdir()

    archive = parse_image_name(f"docker-archive:{tmp_path}/image.tar:app:1")
    layout = parse_image_name(f"oci:{tmp_path}/with:colon")

    assert (tmp_path / "image.tar", "app:1") == (archive.path, archive.reference)
    assert (tmp_path / "with:colon", None) == (layout.path, layout.reference)


def test_a_path_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no"):
        parse_image_name(f"docker-archive:{tmp_path}/missing")


def test_a_path_without_a_transport_is_told_what_to_write(tmp_path: Path) -> None:
    (tmp_path / "image.tar").touch()

    with pytest.raises(UsageError, match=f"write docker-archive:{tmp_path}/image.tar"):
        parse_image_name(f"{tmp_path}/image.tar")
    with pytest.raises(UsageError, match="pull the image first"):
        parse_image_name("docker://app")
