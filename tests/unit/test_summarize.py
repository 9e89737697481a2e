"""What a report keeps of an image is bounded, ranked, and fit to print."""

from __future__ import annotations

from dataclasses import replace

from tests.support.models import image, package, step
from weighbridge.core.summarize import summarize
from weighbridge.model.files import Duplicate, WastedPath
from weighbridge.model.report import LargeFile


def test_the_largest_files_come_first_and_fifty_are_kept() -> None:
    files = {f"f{number:03}": number for number in range(100)}

    summary = summarize(image(step("COPY . /", files)), against=None, build_seconds=1.5)

    assert LargeFile(path="/f099", size=99, layer=0) == summary.largest_files[0]
    assert 50 == len(summary.largest_files)
    assert (100, 1.5) == (summary.file_count, summary.build_seconds)


def test_wasted_and_duplicate_paths_are_written_from_the_root() -> None:
    weighed = replace(
        image(step("COPY a /", {"a": 1}), step("RUN touch a", {"a": 1})),
        duplicates=(Duplicate(size=5, paths=("x", "y")), Duplicate(size=4, paths=("p", "q", "r"))),
    )

    summary = summarize(weighed, against=None, build_seconds=None)

    assert (WastedPath(path="/a", layer=0, size=1),) == summary.wasted_paths
    assert [("/p", "/q", "/r"), ("/x", "/y")] == [duplicate.paths for duplicate in summary.duplicates]
    assert 1 == summary.wasted


def test_packages_are_ranked_by_size_with_unknown_sizes_last() -> None:
    packages = [package("b", None), package("a", 0), package("c", 7)]

    summary = summarize(image(packages=packages), against=None, build_seconds=None)

    assert ["c", "a", "b"] == [each.name for each in summary.packages]


def test_an_endless_instruction_is_cut() -> None:
    summary = summarize(image(step("RUN " + "x" * 100_000, {"a": 1})), against=None, build_seconds=None)

    assert 4_000 == len(summary.layers[0].created_by)


def test_without_a_base_the_treemap_shows_no_change() -> None:
    tree = summarize(image(step("COPY . /", {"a/b": 5})), against=None, build_seconds=None).tree

    assert ("/", 5, 0, "same") == (tree.name, tree.size, tree.delta, tree.change)
