"""A file system's tar becomes what is needed to run what is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.elf import ElfFile
from tests.support.filesystems import Node, directory, link, programs_of, tar_of
from weighbridge.errors import MalformedImage
from weighbridge.model.files import Kind
from weighbridge.model.programs import FileFacts
from weighbridge.reading import programs_codec
from weighbridge.reading.programs import read_programs

if TYPE_CHECKING:
    from collections.abc import Mapping

TREE: Mapping[str, Node | bytes | str | ElfFile] = {
    "app": directory(uid=1000, gid=1000),
    "app/httpd": ElfFile(interpreter="/lib64/ld-linux-x86-64.so.2", needed=("libc.so.6",), pie=True),
    "app/start.sh": "#!/bin/sh -e\nexec git log\n",
    "app/tool.py": "#!/usr/bin/env -S python3 -u\nimport subprocess\nsubprocess.run(['git', 'log'])\n",
    "app/quiet.py": "print('git')\n",
    "bin/su": Node(content=b"\x7fELF not really", mode=0o4755),
    "etc/passwd": "root:x:0:0::/root:/bin/sh\n",
    "etc/ld.so.conf.d/x.conf": "/opt/lib\n",
    "etc/ld-musl-x86_64.path": "/lib:/opt/lib\n",
    "usr/bin/lsb": "#!/usr/bin/python3\n",
    "usr/bin/which": "#!/bin/sh\nexit 0\n",
    "opt/v/pyvenv.cfg": "home = /usr/bin\n",
    "sbin": link("usr/sbin"),
    "app/again": Node(hard="app/httpd"),
    ".dockerenv": "",
}


def test_programs_scripts_links_and_texts_are_told_apart() -> None:
    found = programs_of(TREE)

    assert {"app/httpd", "app/again"} == set(found.elves)
    assert "app/again" == found.elves["app/again"].path
    assert {
        "app/start.sh": ("/bin/sh", "-e"),
        "app/tool.py": ("/usr/bin/env", "-S", "python3", "-u"),
        "usr/bin/lsb": ("/usr/bin/python3",),
        "usr/bin/which": ("/bin/sh",),
    } == found.scripts
    assert {"sbin": "usr/sbin"} == found.links
    # A distribution's own scripts say nothing of what the image is for.
    assert {
        "app/start.sh", "etc/passwd", "etc/ld.so.conf.d/x.conf", "etc/ld-musl-x86_64.path", "opt/v/pyvenv.cfg",
    } == set(found.texts)  # fmt: skip
    assert {"app/tool.py": frozenset({"git"})} == found.calls


def test_modes_and_owners_are_kept_and_the_engines_own_file_is_left_out() -> None:
    found = programs_of(TREE)

    assert FileFacts(kind=Kind.DIRECTORY, mode=0o755, uid=1000, gid=1000, size=0) == found.files["app"]
    assert 0o4755 == found.files["bin/su"].mode
    assert set(TREE) - {".dockerenv"} <= set(found.files)
    assert ".dockerenv" not in found.files


def test_what_the_cache_keeps_is_what_was_read() -> None:
    found = programs_of(TREE)

    assert found == programs_codec.decode(programs_codec.encode(found))


@given(st.binary(max_size=300))
def test_a_damaged_cache_entry_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError):
        programs_codec.decode(data)


def test_a_truncated_tar_is_told() -> None:
    tar = tar_of({"big": bytes(5000)})
    with pytest.raises(MalformedImage, match="too early"):
        read_programs(iter([tar[:2000]]))


def test_a_name_that_climbs_out_is_told() -> None:
    with pytest.raises(MalformedImage, match="climbs out"):
        programs_of({"../../etc/passwd": "x"})
