"""Records: made from a report, written as lines, read whoever wrote them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.records import RECIPE, record
from tests.support.reports import image, report, unbuilt, weighed
from weighbridge.core.history.make import recipe_of, records_of
from weighbridge.core.wire.records import dump_record, dump_records, load_records
from weighbridge.model.build import BuildSpec
from weighbridge.model.change import Change
from weighbridge.model.packages import Ecosystem, Package
from weighbridge.model.record import DirectoryWeight, EcosystemWeight, Occasion
from weighbridge.model.report import TreeNode

FILES = Path(__file__).parents[1] / "records"
TIME = datetime(2026, 11, 27, 12, 0, 1, 5, tzinfo=UTC)


def occasion(**changes: object) -> Occasion:
    made = Occasion(
        commit="a" * 40, time=TIME, recorded=TIME, ref="main", release=None, recipes={"app": RECIPE, "db": RECIPE}
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def test_a_record_is_one_line_that_is_read_back() -> None:
    for one in (record(), record(3, release="v1.0", saving=5, ref=None, build_seconds=None, max_size=None)):
        line = dump_record(one)

        assert "\n" not in line
        assert (one,) == load_records(line).records


@pytest.mark.parametrize("path", sorted(FILES.glob("*.jsonl")), ids=lambda path: path.stem)
def test_files_of_every_version_are_read_whole(path: Path) -> None:
    text = path.read_text()

    read = load_records(text)

    assert text.count("\n") == len(read.records)
    assert () == read.unread


def test_version_1_means_what_it_meant() -> None:
    first, second = load_records((FILES / "1.jsonl").read_text()).records

    assert replace(record(), image="app", release="v1.0.0", saving=1_000_000) == first
    assert replace(record(1, 120_000_000), ref=None, base_name=None, base_digest=None, build_seconds=None) == second


def test_what_cannot_be_read_is_kept_as_it_stands() -> None:
    newer = '{"v":2,"commit":"x"}'
    damaged = dump_record(record())[:-9]
    lies = json.dumps({**json.loads(dump_record(record())), "size": -1})

    read = load_records("\n".join([newer, dump_record(record(1)), damaged, lies, "[]", "7", "", "{" * 9_999]))

    assert (record(1),) == read.records
    assert (newer, damaged, lies, "[]", "7", "{" * 9_999) == read.unread
    again = dump_records(read.records, read.unread)
    assert read == load_records(again)


@given(st.lists(st.text() | st.builds(json.dumps, st.dictionaries(st.text(), st.integers() | st.text()))))
def test_whatever_is_written_there_is_survived_and_kept(lines: list[str]) -> None:
    text = "\n".join([*lines, dump_record(record()), '{"v": 1, "size": ' + "[" * 5_000])

    read = load_records(text)

    assert record() in read.records
    kept = [line for line in text.split("\n") if line.strip()]
    assert len(kept) == len(read.records) + len(read.unread)
    assert read == load_records(dump_records(read.records, read.unread))


@given(st.text(min_size=1, max_size=200).filter(lambda text: text.isprintable()))
def test_any_printable_name_comes_back(name: str) -> None:
    named = record(image=name, ref=name, release=name, base_name=name)

    assert (named,) == load_records(dump_record(named)).records


def test_keys_that_a_later_release_adds_are_no_hindrance() -> None:
    line = json.dumps({**json.loads(dump_record(record())), "more": [1]})

    assert (record(),) == load_records(line).records


def test_each_image_that_was_weighed_gives_a_record() -> None:
    made = records_of(report(image("app", 5), unbuilt("db")), occasion())

    (only,) = made
    assert ("a" * 40, "app", "linux/amd64") == only.key
    assert 100_000_005 == only.size
    assert weighed(100_000_005).packed == only.packed
    assert 300_000_000 == only.max_size
    assert (TIME.replace(microsecond=0), "main", None) == (only.time, only.ref, only.release)
    assert ["RUN step 0", "RUN step 1"] == [layer.created_by for layer in only.layers]
    assert (only,) == load_records(dump_record(only)).records


def test_a_record_is_bounded_and_unknown_sizes_are_not_zero() -> None:
    packages = tuple(
        Package(ecosystem=Ecosystem.PIP, name=f"p{number}" * 200, version="1", size=number or None, path="x")
        for number in range(50)
    )
    head = replace(weighed(1000), packages=packages)
    head = replace(head, layers=tuple(replace(layer, created_by="RUN \x1b[1m" + "x" * 5000) for layer in head.layers))

    (made,) = records_of(report(replace(image(), head=head)), occasion())

    assert list(range(49, 39, -1)) == [package.size for package in made.packages]
    assert (EcosystemWeight(ecosystem=Ecosystem.PIP, size=sum(range(50)), packages=50),) == made.ecosystems
    assert 100 == len(made.layers[0].created_by)
    assert "\x1b" not in dump_record(made)
    assert len(dump_record(made)) < 10_000


def directory(name: str, size: int, *children: TreeNode) -> TreeNode:
    return TreeNode(name=name, size=size, delta=0, change=Change.SAME, children=children)


def test_directories_are_those_that_tell_most() -> None:
    tree = directory(
        "/", 1000,
        directory("usr", 900, directory("lib", 890,
                                        directory("a", 400, directory("x", 1)),
                                        directory("b", 400, directory("y", 1)))),
        directory("bin", 50, directory("sh", 50)),
        directory("file", 50),
    )  # fmt: skip

    (made,) = records_of(report(replace(image(), head=replace(weighed(1000), tree=tree))), occasion())

    assert (
        DirectoryWeight(path="/usr/lib", size=890),
        DirectoryWeight(path="/usr/lib/a", size=400),
        DirectoryWeight(path="/usr/lib/b", size=400),
        DirectoryWeight(path="/bin", size=50),
    ) == made.directories


@pytest.mark.parametrize(
    "change",
    [
        {"target": "test"},
        {"build_args": ("A=2",)},
        {"context": "sub"},
        {"file": "other"},
        {"build_contexts": ("a=b",)},
    ],
)
def test_another_way_to_build_has_another_recipe(change: dict[str, object]) -> None:
    spec = BuildSpec(name="app", build_args=("A=1", "B=1"))

    assert recipe_of(spec) != recipe_of(replace(spec, **change))  # type: ignore[arg-type]


def test_the_recipe_is_about_the_image_and_nothing_else() -> None:
    spec = BuildSpec(name="app", build_args=("A=1", "B=1"))

    other = replace(spec, build_args=("B=1", "A=1"), timeout=5.0, no_cache=True, cache_from=("type=gha",), name="x")

    assert recipe_of(spec) == recipe_of(other)


def test_the_recipe_does_not_depend_on_a_secret() -> None:
    one, other = (BuildSpec(name="app", build_args=(f"TOKEN={value}",)) for value in ("hunter22", "swordfish"))

    assert recipe_of(one, ("hunter22",)) == recipe_of(other, ("swordfish",))
