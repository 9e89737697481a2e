"""A file that people asked for is there whole, or as it was."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.support.limits import largest_file
from weighbridge.adapters.files import write_text

if TYPE_CHECKING:
    from pathlib import Path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_as_utf_8_with_the_rights_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "made").touch()

    write_text(tmp_path / "report", "ä\n")

    assert b"\xc3\xa4\n" == (tmp_path / "report").read_bytes()
    assert (tmp_path / "made").stat().st_mode == (tmp_path / "report").stat().st_mode
    assert ["made", "report"] == names(tmp_path)


def test_a_disk_that_is_full_leaves_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "report").write_text("before")

    with largest_file(1000), pytest.raises(OSError, match="too large"):
        write_text(tmp_path / "report", "x" * 2000)

    assert "before" == (tmp_path / "report").read_text()
    assert ["report"] == names(tmp_path)


def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("before")
    (tmp_path / "link").symlink_to("target")

    write_text(tmp_path / "link", "after")

    assert "after" == (tmp_path / "target").read_text()
    assert (tmp_path / "link").is_symlink()


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_text(tmp_path / "pipe", "through")

        assert b"through" == os.read(reader, 100)
    finally:
        os.close(reader)


def test_a_folder_that_is_missing_is_an_error_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_text(tmp_path / "no" / "report", "text")

    assert [] == names(tmp_path)
