"""Packages, from the records that package managers leave: what is installed, in which version, of which size."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.layers import Item, file, tar
from tests.support.weigh import indexed, merged
from weighbridge.reading.merge import merge
from weighbridge.reading.packages import find_packages, is_evidence

if TYPE_CHECKING:
    from weighbridge.model.files import FileTree

STATUS = "var/lib/dpkg/status"


def tree(files: dict[str, str | bytes | int], *more: Item) -> FileTree:
    """Files by path: their content, or how many bytes they have."""
    items = [file(path, _bytes(content)) for path, content in files.items()]
    return merge([indexed(tar([*items, *more]))])


def _bytes(content: str | bytes | int) -> bytes:
    if isinstance(content, int):
        return b"x" * content
    return content.encode() if isinstance(content, str) else content


def found(files: dict[str, str | bytes | int], *more: Item) -> list[tuple[str, str, int | None]]:
    """Name, version, size."""
    return [(each.name, each.version, each.size) for each in find_packages(tree(files, *more))]


def dpkg(name: str, status: str | None = "install ok installed", size: object = 10, version: str = "1") -> str:
    """A stanza of dpkg's status."""
    lines = [f"Package: {name}", *([] if status is None else [f"Status: {status}"]), f"Installed-Size: {size}"]
    return "\n".join([*lines, f"Version: {version}", "Description: a package", " Package: not-this", " .", ""])


def test_packages_of_apt_are_those_of_its_status() -> None:
    assert [("bash", "5.2", 7_340_032), ("libc6", "2.36-9+deb12u4", 10_240)] == found(
        {STATUS: "\n".join([dpkg("libc6", version="2.36-9+deb12u4"), dpkg("bash", size=7168, version="5.2")])}
    )


@pytest.mark.parametrize(
    ("status", "there"),
    [
        ("install ok installed", True), ("hold ok installed", True), ("install reinstreq installed", True),
        ("install ok unpacked", True), ("install ok half-configured", True), ("install ok triggers-pending", True),
        ("install ok triggers-awaited", True), (None, True), ("deinstall ok config-files", False),
        ("purge ok not-installed", False), ("install reinstreq half-installed", False), ("", False),
    ],
)  # fmt: skip
def test_a_package_of_apt_counts_while_its_files_are_there(status: str | None, there: bool) -> None:
    assert ([("x", "1", 10_240)] if there else []) == found({STATUS: dpkg("x", status)})


def test_packages_of_apt_in_distroless_images_have_a_file_each() -> None:
    files: dict[str, str | bytes | int] = {
        f"{STATUS}.d/libc6": dpkg("libc6", None),
        f"{STATUS}.d/libc6.md5sums": "Package: no\nVersion: 1\n",
        f"{STATUS}.d/base": dpkg("base-files", None),
    }

    assert ["base-files", "libc6"] == [name for name, _, _ in found(files)]


def test_packages_of_apt_for_two_architectures_are_two() -> None:
    assert [("libc6", "1", 10_240)] * 2 == found({STATUS: f"{dpkg('libc6')}\n{dpkg('libc6')}"})


@pytest.mark.parametrize("size", ["", "-5", "1e3", "many", "9" * 30, "٣"])
def test_a_size_that_cannot_be_true_is_unknown(size: str) -> None:
    assert [("x", "1", None)] == found({STATUS: dpkg("x", size=size)})


def test_a_description_with_line_ends_of_unicode_does_not_end_a_stanza() -> None:
    description = "Description: a\x0cb\u2028Status: deinstall ok config-files\x85\x1cc"
    text = f"Package: x\nVersion: 1\n{description}\nInstalled-Size: 3\n"

    assert [("x", "1", 3072)] == found({STATUS: text})


def test_packages_of_apk_are_those_of_its_database_wherever_that_is() -> None:
    musl = "C:Q1x=\nP:musl\nV:1.2.5-r0\nA:x86_64\nS:400000\nI:634880\nF:lib\nR:ld-musl.so\na:0:0:755\n"
    text = f"{musl}\nP:zlib\nV:1.3\nI:100\n"

    for path in ("lib/apk/db/installed", "usr/lib/apk/db/installed"):
        assert [("musl", "1.2.5-r0", 634_880), ("zlib", "1.3", 100)] == found({path: text})


def test_a_distribution_of_pip_weighs_what_its_record_names() -> None:
    site = "usr/lib/python3.11/site-packages"
    rows = [
        "x/a.py,sha256=0,5", "x/b.py,,", "x/b.py,,", "../../../bin/x,,", "/opt/x/data,,", '"x/with,comma",,',
        "x/gone.py,,7",
        "x-1.dist-info/RECORD,,",
    ]  # fmt: skip
    record = "\n".join([*rows, ""])
    files: dict[str, str | bytes | int] = {
        f"{site}/x-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: X.y\nVersion: 1.0\n\nName: not-this\n",
        f"{site}/x-1.dist-info/RECORD": record,
        f"{site}/x/a.py": 100, f"{site}/x/b.py": 20, f"{site}/x/with,comma": 3, f"{site}/x/unnamed.py": 4000,
        "usr/bin/x": 1000, "opt/x/data": 50_000,
    }  # fmt: skip

    assert [("X.y", "1.0", 51_123 + len(record))] == found(files)


def test_a_distribution_of_pip_without_a_record_has_no_size() -> None:
    header = "Metadata-Version: 2.1\nName: x\nVersion: 1\n"

    assert [("x", "1", None)] == found({"venv/lib/x-1.dist-info/METADATA": header})
    assert [("x", "1", None)] == found({"venv/lib/x-1.egg-info/PKG-INFO": header})
    assert [("x", "1", None)] == found({"usr/lib/python3/dist-packages/x-1.egg-info": header})


def test_what_distributions_of_pip_carry_inside_is_not_installed() -> None:
    header = "Name: x\nVersion: 1\n"

    assert [] == found({"usr/lib/setuptools/_vendor/x-1.dist-info/METADATA": header})


def test_packages_of_npm_weigh_what_is_below_them_without_those_that_they_nest() -> None:
    def named(name: str, version: str) -> str:
        return json.dumps({"name": name, "version": version})

    express, ms, nested, scoped = (
        named("express", "4.0.0"),
        named("ms", "2.0.0"),
        named("ms", "2.1.3"),
        named("@a/b", "1.0.0"),
    )
    files: dict[str, str | bytes | int] = {
        "app/package.json": named("app", "1.0.0"),
        "app/node_modules/express/package.json": express,
        "app/node_modules/express/lib/index.js": 1000,
        "app/node_modules/express/test/package.json": named("fixture", "9.0.0"),
        "app/node_modules/express/node_modules/ms/package.json": nested,
        "app/node_modules/express/node_modules/ms/index.js": 20,
        "app/node_modules/ms/package.json": ms,
        "app/node_modules/@a/b/package.json": scoped,
        "app/node_modules/@a/b/deep/down/x.js": 7,
        "app/node_modules/.bin/express": 3,
    }  # fmt: skip

    fixture = len(named("fixture", "9.0.0"))
    assert [
        ("@a/b", "1.0.0", len(scoped) + 7),
        ("express", "4.0.0", len(express) + 1000 + fixture),
        ("ms", "2.0.0", len(ms)),
        ("ms", "2.1.3", len(nested) + 20),
    ] == found(files)


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{", "null", '{"name": "x"}', '{"version": "1"}', '{"name": 5, "version": "1"}',
        '{"name": null, "version": "1"}',
        '{"name": "", "version": "1"}', '{"name": "x\\n", "version": "1"}', '{"name": "x\\u001b[31m", "version": "1"}',
        '{"name": "\\ud800", "version": "1"}', '{"name": "x", "version": ' + "9" * 5000 + "}", "[" * 100_000,
        '{"name": "' + "x" * 300 + '", "version": "1"}', '{"name": "x", "version": "1"}' + " " * (1 << 20),
    ],
)  # fmt: skip
def test_a_damaged_package_of_npm_is_left_out(text: str) -> None:
    whole = json.dumps({"name": "ok", "version": "1"})

    assert [("ok", "1", len(whole))] == found(
        {"node_modules/x/package.json": text, "node_modules/ok/package.json": whole}
    )


@pytest.mark.parametrize("name", ["", "a\x1bb", "a" * 201, "a\u202eb", "a\u2028b", "\ufffd\x00"])
def test_names_that_cannot_be_a_packages_are_left_out(name: str) -> None:
    files: dict[str, str | bytes | int] = {
        STATUS: f"Package: {name}\nVersion: 1\n\nPackage: x\nVersion: {name}\n",
        "lib/apk/db/installed": f"P:{name}\nV:1\n",
        "a/x.dist-info/METADATA": f"Name: {name}\nVersion: 1\n",
    }

    assert [] == found(files)


def test_records_that_are_not_utf_8_name_what_can_be_read() -> None:
    assert [("x", "1", None)] == found(
        {STATUS: b"Package: x\nMaintainer: \xff\xfe\nVersion: 1\n\nPackage: \xff\nVersion: \n"}
    )


def test_a_record_that_a_later_layer_rewrites_counts_once_and_one_that_it_deletes_not_at_all() -> None:
    first = f"{STATUS} = {dpkg('old')}".replace("\n", "\\n")
    second = f"{STATUS} = {dpkg('new')}".replace("\n", "\\n")

    assert ["new"] == [each.name for each in find_packages(merged(first, second))]
    assert () == find_packages(merged(first, f"- {STATUS}"))


def test_a_hard_linked_record_is_read_by_every_name() -> None:
    store = Item(name=b"b/node_modules/x/package.json", typeflag=b"1", link=b"a/node_modules/x/package.json")
    files: dict[str, str | bytes | int] = {"a/node_modules/x/package.json": '{"name": "x", "version": "1"}'}

    assert ["a/node_modules/x/package.json", "b/node_modules/x/package.json"] == [
        each.path for each in find_packages(tree(files, store))
    ]


def test_only_what_names_packages_is_evidence() -> None:
    assert [True, True, True, True, True, False, False, False] == [
        is_evidence(path)
        for path in (
            STATUS, f"{STATUS}.d/x", "lib/apk/db/installed", "a/x.dist-info/RECORD", "node_modules/@a/b/package.json",
            "package.json", "node_modules/x/test/package.json", "etc/passwd",
        )
    ]  # fmt: skip


RECORDS = [
    STATUS,
    "lib/apk/db/installed",
    "a/x.dist-info/METADATA",
    "a/x.dist-info/RECORD",
    "node_modules/x/package.json",
]


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from(RECORDS))
def test_any_bytes_are_a_record_or_not(data: bytes, path: str) -> None:
    files: dict[str, str | bytes | int] = {"a/x.dist-info/METADATA": "Name: x\nVersion: 1\n", path: data}

    assert all(each.name.isprintable() and (each.size or 0) >= 0 for each in find_packages(tree(files)))
