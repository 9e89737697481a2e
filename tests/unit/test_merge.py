"""The final file system: what layers show once they lie over each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.extraction import Files, extract, linked, total
from tests.support.layers import Item, tar
from tests.support.strategies import stacks
from tests.support.weigh import indexed, merged
from weighbridge.errors import MalformedImage
from weighbridge.model.files import Entry, FileTree, Kind
from weighbridge.reading.merge import merge, merge_each
from weighbridge.reading.waste import waste

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

unhurried = settings(deadline=None)


def sizes(tree: FileTree) -> dict[str, int]:
    """Bytes of everything but directories."""
    return {path: placed.entry.size for path, placed in tree.nodes.items() if placed.entry.kind is not Kind.DIRECTORY}


@dataclass(frozen=True)
class Shown:
    """What can be said of a path, by either way of finding out."""

    kind: str
    mode: int
    owner: tuple[int, int]
    target: str


def ours(tree: FileTree) -> dict[str, Shown]:
    """A tree in those words; a hard link is the file that it names."""
    return {path: _shown(placed.entry) for path, placed in tree.nodes.items()}


def _shown(entry: Entry) -> Shown:
    hard = entry.kind is Kind.HARDLINK
    kind = Kind.FILE if hard else entry.kind
    return Shown(kind=kind.value, mode=entry.mode, owner=(entry.uid, entry.gid), target="" if hard else entry.link)


def theirs(files: Files) -> dict[str, Shown]:
    """What extraction shows, in those words."""
    return {
        path: Shown(kind=inode.kind, mode=inode.mode, owner=inode.owner, target=inode.target)
        for path, inode in files.items()
        if not inode.implied
    }


def names_of_inodes(tree: FileTree) -> set[frozenset[str]]:
    """The names of each file that has several."""
    names: dict[tuple[int, str], set[str]] = {}
    for path, placed in tree.nodes.items():
        names.setdefault((placed.content_layer, placed.content_path), set()).add(path)
    return {frozenset(paths) for paths in names.values() if len(paths) > 1}


@unhurried
@given(stacks)
def test_the_merged_tree_is_what_extracting_the_layers_leaves(stack: list[tuple[Item, ...]]) -> None:
    layers = [tar(items) for items in stack]

    tree = merge([indexed(data) for data in layers])

    files = extract(layers)
    assert theirs(files) == ours(tree)
    assert linked(files) == names_of_inodes(tree)
    assert total(files) == tree.size


@unhurried
@given(stacks)
def test_what_is_shown_and_what_is_wasted_add_up_to_the_layers(stack: list[tuple[Item, ...]]) -> None:
    indexes = [indexed(tar(items)) for items in stack]
    tree = merge(indexes)

    found = waste(indexes, tree)

    assert sum(index.size for index in indexes) == tree.size + found.total
    assert found.total == sum(found.by_layer) == sum(row.size for row in found.largest)
    assert [] == [row for row in found.largest if row.size <= 0]
    assert [index.size >= by for index, by in zip(indexes, found.by_layer, strict=True)] == [True] * len(indexes)


@unhurried
@given(stacks, st.lists(stacks, min_size=1, max_size=3))
def test_images_that_share_layers_are_merged_as_each_by_itself(
    shared: list[tuple[Item, ...]], rests: list[list[tuple[Item, ...]]]
) -> None:
    start = [indexed(tar(items)) for items in shared]
    images = [start + [indexed(tar(items)) for items in rest] for rest in rests]

    together = merge_each(images)

    assert [merge(indexes) for indexes in images] == list(together)
    assert [list(merge(indexes).nodes) for indexes in images] == [list(tree.nodes) for tree in together]


@unhurried
@given(stacks, st.randoms(use_true_random=False))
def test_the_order_of_a_layers_entries_does_not_matter(stack: list[tuple[Item, ...]], chance: random.Random) -> None:
    shuffled = [_shuffled(items, chance) for items in stack]
    indexes, others = [[indexed(tar(items)) for items in each] for each in (stack, shuffled)]

    one, other = merge(indexes), merge(others)

    assert {path: placed.entry for path, placed in one.nodes.items()} == {
        path: placed.entry for path, placed in other.nodes.items()
    }
    assert waste(indexes, one) == waste(others, other)


def _shuffled(items: Sequence[Item], chance: random.Random) -> list[Item]:
    """Any order in which an engine would still extract them: hard links after files."""
    early, late = [item for item in items if item.typeflag != b"1"], [item for item in items if item.typeflag == b"1"]
    chance.shuffle(early)
    chance.shuffle(late)
    return early + late


def test_a_whiteout_takes_a_file_away() -> None:
    assert {"b": 2} == sizes(merged("a 1\nb 2", "- a"))


def test_a_whiteout_takes_a_directory_away_with_all_that_is_in_it() -> None:
    assert {"e/x": 3} == sizes(merged("d/\nd/x 1\nd/y/z 2\ne/x 3", "- d"))


def test_an_opaque_directory_hides_what_older_layers_put_there_and_keeps_what_its_own_brings() -> None:
    assert {"d/new": 4, "e": 3} == sizes(merged("d/\nd/x 1\nd/y/z 2\ne 3", "d/\nd/new 4\n! d"))


def test_an_opaque_root_hides_everything_older() -> None:
    # As the OCI specification says; overlay2 cannot mark the root itself.
    assert {"c": 3} == sizes(merged("a 1\nd/b 2", "c 3\n! ."))


def test_a_whiteout_does_not_hide_what_its_own_layer_brings() -> None:
    assert {"a": 2} == sizes(merged("a 1", "a 2\n- a"))


def test_a_deleted_and_made_again_directory_shows_only_what_is_new() -> None:
    # As the OCI specification says; overlay2 shows d/old, which is why no engine writes such a layer.
    assert {"d/new": 2} == sizes(merged("d/\nd/old 1", "- d\nd/\nd/new 2"))


def test_a_whiteout_below_a_file_makes_a_directory_of_it() -> None:
    assert {} == sizes(merged("d 4", "- d/x"))


def test_an_opaque_mark_below_a_file_makes_a_directory_of_it() -> None:
    assert {} == sizes(merged("d 4", "! d"))


def test_a_whiteout_of_nothing_does_nothing() -> None:
    assert {"a": 1} == sizes(merged("a 1", "- nothing\n- no/where"))


def test_a_file_takes_the_place_of_a_directory() -> None:
    assert {"d": 5} == sizes(merged("d/\nd/x 1\nd/e/y 2", "d 5"))


def test_a_directory_takes_the_place_of_a_file() -> None:
    assert {"d/x": 5} == sizes(merged("d 1", "d/\nd/x 5"))


def test_a_path_below_a_file_of_an_older_layer_makes_a_directory_of_it() -> None:
    assert {"d/x": 5} == sizes(merged("d 1", "d/x 5"))


def test_a_directory_named_again_keeps_what_is_in_it() -> None:
    tree = merged("d/\nd/x 1", "d/ mode=700")

    assert {"d/x": 1} == sizes(tree)
    assert 0o700 == tree.nodes["d"].entry.mode


def test_a_symlink_takes_the_place_of_a_directory() -> None:
    assert {"d": 0, "e/y": 2} == sizes(merged("d/\nd/x 1\ne/y 2", "d -> e"))


def test_a_path_below_an_older_layers_symlink_makes_a_directory_of_it() -> None:
    assert {"usr/lib/a": 1, "lib/b": 2} == sizes(merged("usr/lib/a 1\nlib -> usr/lib", "lib/b 2"))


def test_a_path_below_a_symlink_of_its_own_layer_is_extracted_to_where_that_leads() -> None:
    assert {"usr/lib/a": 1, "usr/lib/x86/b": 2, "lib": 0, "l": 0} == sizes(
        merged("usr/lib/a 1\nlib -> /usr/lib\nl -> ./usr/../lib\nl/x86/b 2")
    )


def test_whiteouts_and_links_follow_the_symlinks_of_their_own_layer_too() -> None:
    tree = merged("usr/lib/a 1", "usr/lib/b 2\nlib -> usr/lib\n- lib/a\nc => lib/b")

    assert {"usr/lib/b": 0, "lib": 0, "c": 2} == sizes(tree)
    assert {frozenset({"c", "usr/lib/b"})} == names_of_inodes(tree)


def test_symlinks_that_lead_out_end_at_the_root() -> None:
    assert {"out": 0, "etc/a": 1} == sizes(merged("out -> ../../../etc\nout/a 1"))


def test_a_hard_link_shares_its_files_bytes() -> None:
    tree = merged("a 100\nb => a\nc => b")

    assert 100 == tree.size
    assert {frozenset("abc")} == names_of_inodes(tree)


def test_a_hard_link_keeps_the_content_when_the_first_name_is_deleted() -> None:
    tree = merged("a 100\nb => a", "- a")

    assert (Kind.FILE, 100, 100) == (tree.nodes["b"].entry.kind, tree.nodes["b"].entry.size, tree.size)


def test_a_hard_link_keeps_the_old_content_when_the_first_name_is_overwritten() -> None:
    assert {"a": 7, "b": 100} == sizes(merged("a 100\nb => a", "a 7"))


def test_the_content_is_gone_when_the_last_name_is() -> None:
    assert {"x": 1} == sizes(merged("a 100\nb => a\nx 1", "- a", "- b"))


def test_a_hard_link_to_what_is_not_there_weighs_nothing() -> None:
    assert {"b": 0} == sizes(merged("b => a"))


def test_the_first_name_in_alphabetical_order_holds_the_content() -> None:
    assert {"a": 100, "z": 0} == sizes(merged("z 100\na => z")) == sizes(merged("a 100\nz => a"))


def test_a_path_named_twice_is_what_the_second_entry_says() -> None:
    tree = merged("a 1\na 5\nd/\nd/ mode=700\nx -> a\nx 3\nx/\ny 4\ny/z 5")

    assert {"a": 5, "d": 0o700, "y/z": 5} == {
        "a": tree.nodes["a"].entry.size, "d": tree.nodes["d"].entry.mode, "y/z": tree.nodes["y/z"].entry.size,
    }  # fmt: skip
    assert {"a", "d", "x", "y/z"} == set(tree.nodes)


def test_a_hard_link_to_the_first_of_two_entries_keeps_that_ones_content() -> None:
    tree = merged("a 100\nb => a\nc => b\na 7")

    assert {"a": 7, "b": 100, "c": 0} == sizes(tree)
    assert {frozenset("bc")} == names_of_inodes(tree)


def test_package_records_of_the_final_tree_are_kept_by_every_name_that_they_have_there() -> None:
    record = "node_modules/x/package.json"
    tree = merged(f"a/{record} = one\nb/{record} => a/{record}\nc/{record} = two", f"- a/{record}\nc/{record} -> there")

    assert {f"b/{record}": b"one"} == tree.contents


def test_a_record_that_its_own_layer_replaces_by_something_else_is_not_kept() -> None:
    status = "var/lib/dpkg/status"

    assert {} == merged(f"{status} = Package: x\n{status} -> elsewhere").contents
    assert {status: b"two"} == merged(f"{status} = one\n{status} = two").contents


def test_a_few_very_deep_names_are_refused_before_they_fill_the_memory() -> None:
    deep = "/".join("a" * 2000)

    with pytest.raises(MalformedImage, match=r"the paths of its directories take more than 268,435,456 bytes"):
        merge([indexed(tar(Item(name=f"{number}/{deep}".encode()) for number in range(200)))])
