"""Comparing two images: what belongs together, and sums that never lose a byte."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.models import Step, base_step, image, package, step
from weighbridge.core.align import Pair, align
from weighbridge.core.compare import compare
from weighbridge.core.filediff import diff_trees
from weighbridge.core.packages import package_changes, pair_packages
from weighbridge.core.rollup import roll_up
from weighbridge.core.treemap import treemap
from weighbridge.model.change import Change, FileChange, PackageChange
from weighbridge.model.packages import Ecosystem

if TYPE_CHECKING:
    from weighbridge.model.image import Image
    from weighbridge.model.report import TreeNode

unhurried = settings(deadline=None)

_names = st.sampled_from(["a", "b", "usr", "lib", "go"])
_paths = st.lists(_names, min_size=1, max_size=4).map("/".join)


def _no_file_is_a_directory(files: dict[str, int]) -> bool:
    return not any(other.startswith(f"{path}/") for path in files for other in files)


_files = st.dictionaries(_paths, st.integers(0, 10_000), max_size=12).filter(_no_file_is_a_directory)
_steps = st.builds(
    Step,
    run=st.sampled_from(["RUN make", "RUN apt-get install gcc", "RUN apt-get install gcc git", "COPY . /", ""]),
    files=_files.map(lambda files: {f"d/{path}": size for path, size in files.items()}),
    content=st.sampled_from(["", "x"]),
    from_base=st.booleans(),
)
_images = st.lists(_steps, max_size=5).map(lambda steps: image(*steps))


@unhurried
@given(_images)
def test_an_image_does_not_differ_from_itself(one: Image) -> None:
    diff = compare(one, one)

    assert (0, 0, 0) == (diff.size, diff.packed.size, diff.wasted)
    assert ((), (), (), ()) == (diff.causes, diff.layers, diff.files, diff.packages)


@unhurried
@given(_images, _images)
def test_causes_and_layers_add_up_to_the_difference(base: Image, head: Image) -> None:
    diff = compare(base, head)

    assert head.size - base.size == diff.size
    assert diff.size == sum(cause.delta for cause in diff.causes)
    assert diff.size == sum(layer.delta for layer in diff.layers)


@unhurried
@given(_images, _images)
def test_every_layer_of_both_sides_is_in_exactly_one_pair(base: Image, head: Image) -> None:
    pairs = align(base.layers, head.layers)

    assert list(range(len(base.layers))) == sorted(pair.base for pair in pairs if pair.base is not None)
    assert list(range(len(head.layers))) == [pair.head for pair in pairs if pair.head is not None]


@unhurried
@given(_images, _images)
def test_comparing_backwards_turns_every_sign(base: Image, head: Image) -> None:
    there, back = compare(base, head), compare(head, base)

    assert -there.size == back.size
    assert sorted((row.path, -row.delta) for row in there.files) == sorted((row.path, row.delta) for row in back.files)


@unhurried
@given(_files, _files, st.sampled_from([2, 3, 200]))
def test_rows_of_files_add_up_and_none_is_counted_twice(old: dict[str, int], new: dict[str, int], limit: int) -> None:
    base, head = image(step("COPY . /", old)), image(step("COPY . /", new, content="x"))
    diff = diff_trees(base.tree, head.tree)

    rows = roll_up(diff, limit)

    assert head.tree.size - base.tree.size == sum(row.delta for row in rows)
    assert len(diff.changes) == sum(row.files for row in rows)
    assert len(rows) <= limit
    whole = [row.path for row in rows if row.directory and row.change is not Change.CHANGED]
    assert [] == [row.path for row in rows for path in whole if row.path.startswith(f"{path}/")]


@unhurried
@given(_files, _files, st.integers(5, 60))
def test_the_treemap_adds_up_within_its_bound(old: dict[str, int], new: dict[str, int], limit: int) -> None:
    base, head = image(step("COPY . /", old)), image(step("COPY . /", new))

    diff = diff_trees(base.tree, head.tree)
    root = treemap(diff.head, diff, limit)

    assert (head.tree.size, head.tree.size - base.tree.size) == (root.size, root.delta)
    everything = list(_walk(root))
    assert len(everything) <= max(limit, 1 + len(root.children))
    assert [] == [node for node in everything if node.children and node.size != sum(c.size for c in node.children)]


def _walk(node: TreeNode) -> list[TreeNode]:
    return [node, *(below for child in node.children for below in _walk(child))]


def test_an_inserted_layer_does_not_shift_the_ones_after_it() -> None:
    base = image(step("RUN a", {"a": 1}), step("RUN b", {"b": 2}))
    head = image(step("RUN a", {"a": 1}), step("RUN new", {"n": 3}), step("RUN b", {"b": 2}, content="rebuilt"))

    assert (Pair(0, 0), Pair(None, 1), Pair(1, 2)) == align(base.layers, head.layers)


def test_an_edited_instruction_pairs_with_its_former_self_and_not_with_its_neighbour() -> None:
    base = image(step("COPY app /app", {"x": 1}), step("RUN apt-get install -y git curl", {"y": 2}), step("RUN z", {}))
    head = image(
        step("RUN apt-get install -y git curl gcc", {"y": 3}),
        step("COPY application /app", {"x": 2}),
        step("RUN z", {}),
    )

    assert (Pair(1, 0), Pair(0, 1), Pair(2, 2)) == align(base.layers, head.layers)


def test_unlike_instructions_in_the_same_place_are_one_gone_and_one_new() -> None:
    base = image(step("RUN apt-get install -y gcc", {"x": 1}))
    head = image(step("RUN curl -o /big https://example.com/big", {"y": 2}))

    assert (Pair(None, 0), Pair(0, None)) == align(base.layers, head.layers)


def test_a_moved_layer_is_matched_by_its_content() -> None:
    one, two = step("RUN one", {"1": 1}), step("RUN two", {"2": 2})

    assert () == compare(image(one, two), image(two, one)).layers


def test_layers_of_the_base_image_do_not_pair_with_the_dockerfiles_own() -> None:
    base = image(base_step({"sh": 1}), step("RUN x", {"x": 1}))
    head = image(Step(run="RUN x", files={"y": 5}, from_base=True), step("RUN y", {"x": 2}))

    pairs = align(base.layers, head.layers)

    assert Pair(1, 0) not in pairs


def test_a_new_directory_is_one_row_however_many_files_it_holds() -> None:
    go = {f"usr/lib/go/{folder}/f{number}": 1_000 for folder in "abc" for number in range(300)}
    old = {f"usr/lib/f{number}": 1 for number in range(5)}
    base, head = image(step("COPY", old)), image(step("COPY", old | go | {"etc/motd": 7}))

    assert (
        FileChange(path="/usr/lib/go", change=Change.ADDED, delta=900_000, files=900, directory=True),
        FileChange(path="/etc/motd", change=Change.ADDED, delta=7, files=1, directory=False),
    ) == roll_up(diff_trees(base.tree, head.tree))


def test_many_small_changes_in_an_old_directory_are_a_row_of_that_directory() -> None:
    old = {f"usr/bin/f{number}": 10 for number in range(500)}
    new = {f"usr/bin/f{number}": 12 for number in range(500)} | {"srv/model.bin": 100_000}
    base, head = image(step("COPY", old)), image(step("COPY", new))

    assert (
        FileChange(path="/srv/model.bin", change=Change.ADDED, delta=100_000, files=1, directory=False),
        FileChange(path="/usr/bin", change=Change.CHANGED, delta=1_000, files=500, directory=True),
    ) == roll_up(diff_trees(base.tree, head.tree))


def test_a_directory_that_is_gone_is_one_row() -> None:
    old = {f"opt/tool/f{number}": 10 for number in range(500)}
    base, head = image(step("COPY", old | {"opt/keep": 1})), image(step("COPY", {"opt/keep": 1}))

    assert (FileChange(path="/opt/tool", change=Change.REMOVED, delta=-5_000, files=500, directory=True),) == roll_up(
        diff_trees(base.tree, head.tree)
    )


def test_a_change_of_owner_weighs_nothing_and_is_listed() -> None:
    base = image(Step(run="COPY a /", files={"a": 5}))
    head = image(Step(run="COPY a /", files={"a": 5}, uid=7))

    assert (FileChange(path="/a", change=Change.CHANGED, delta=0, files=1, directory=False),) == roll_up(
        diff_trees(base.tree, head.tree)
    )


def test_a_path_that_is_not_utf_8_is_shown_with_escapes() -> None:
    head = image(step("COPY", {"caf\udce9": 5}))

    assert "/caf\\xe9" == roll_up(diff_trees(image().tree, head.tree))[0].path


def test_packages_that_came_went_and_moved() -> None:
    base = [package("gone", 10), package("moved", 5, "1"), package("same", 7)]
    head = [package("came", None), package("moved", 25, "2"), package("same", 7)]

    def change(name: str, before: str | None, after: str | None, delta: int | None) -> PackageChange:
        return PackageChange(ecosystem=Ecosystem.APT, name=name, base_version=before, head_version=after, delta=delta)

    assert (
        change("moved", "1", "2", 20),
        change("gone", "1", None, -10),
        change("came", None, "1", None),
    ) == package_changes(pair_packages(base, head))


def test_one_of_several_installed_versions_moves() -> None:
    base = [package("ms", 3, "2.0.0", Ecosystem.NPM), package("ms", 3, "2.1.2", Ecosystem.NPM)]
    head = [package("ms", 3, "2.0.0", Ecosystem.NPM), package("ms", 4, "2.1.3", Ecosystem.NPM)]

    (moved,) = package_changes(pair_packages(base, head))

    assert ("2.1.2", "2.1.3", 1) == (moved.base_version, moved.head_version, moved.delta)


def test_the_treemap_says_what_is_new_and_what_changed() -> None:
    base = image(step("COPY", {"a/x": 5, "a/y": 5, "b/z": 10}))
    head = image(step("COPY", {"a/x": 50, "a/y": 5, "b/z": 10, "c/n": 20}))

    diff = diff_trees(base.tree, head.tree)
    root = treemap(diff.head, diff)

    assert [("a", 55, 45, Change.CHANGED), ("c", 20, 20, Change.ADDED), ("b", 10, 0, Change.SAME)] == [
        (node.name, node.size, node.delta, node.change) for node in root.children
    ]
    assert [("x", Change.CHANGED), ("y", Change.SAME)] == [(n.name, n.change) for n in root.children[0].children]


def test_many_long_and_unlike_instructions_are_compared_in_bounded_time() -> None:
    def side(salt: str) -> Image:
        return image(*(step("RUN " + " ".join(f"{salt}{n}w{w}" for w in range(500)), {f"{n}": n}) for n in range(127)))

    started = time.monotonic()
    diff = compare(side("a"), side("b"))

    assert 0 == diff.size
    assert time.monotonic() - started < 60
