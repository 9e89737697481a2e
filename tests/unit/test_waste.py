"""Exact waste: what the layers hold and nothing shows, every byte once; and what is there twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.layers import layer, tar
from tests.support.weigh import indexed, merged
from weighbridge.model.files import Duplicate, Waste, WastedPath
from weighbridge.reading.merge import merge
from weighbridge.reading.waste import duplicates, waste

if TYPE_CHECKING:
    from collections.abc import Mapping

MB = 100_000


def wasted(*texts: str) -> Waste:
    """The waste of layers that are written down as text."""
    indexes = [indexed(tar(layer(text))) for text in texts]
    return waste(indexes, merge(indexes))


def rows(found: Waste) -> Mapping[tuple[str, int], int]:
    """Bytes by path and layer."""
    return {(row.path, row.layer): row.size for row in found.largest}


def test_nothing_is_wasted_where_everything_is_shown() -> None:
    assert Waste(total=0, by_layer=(0, 0)) == wasted("a 5\nb => a\nd/x 3", "c 7\nd/\nd/y 4")


def test_a_file_that_is_removed_is_wasted() -> None:
    found = wasted(f"data/\ndata/big {MB}\ndata/keep 5", "- data/big")

    assert Waste(total=MB, by_layer=(MB, 0), largest=(WastedPath(path="data/big", layer=0, size=MB),)) == found


def test_a_directory_that_is_removed_is_wasted_with_all_that_is_in_it() -> None:
    found = wasted(f"data/\ndata/a {MB}\ndata/sub/\ndata/sub/b 7", "- data")

    assert (MB + 7, {("data", 0): MB + 7}) == (found.total, rows(found))


def test_a_directory_that_is_removed_and_made_again_is_wasted() -> None:
    # `rm -rf data && mkdir data` in one RUN: engines mark the new directory as opaque.
    found = wasted(f"data/\ndata/a {MB}\ndata/sub/b 7", "data/\n! data")

    assert (MB + 7, {("data/a", 0): MB, ("data/sub", 0): 7}) == (found.total, rows(found))


def test_a_file_copied_up_for_its_mode_is_wasted_once() -> None:
    found = wasted(f"big {MB} fill=x", f"big {MB} fill=x mode=600")

    assert (MB, (MB, 0), {("big", 0): MB}) == (found.total, found.by_layer, rows(found))


def test_a_file_copied_up_for_its_owner_again_and_again_is_wasted_but_for_the_last_time() -> None:
    found = wasted(*(f"big {MB} fill=x uid={uid}" for uid in range(4)))

    assert (3 * MB, (MB, MB, MB, 0)) == (found.total, found.by_layer)


def test_a_copy_is_no_waste_but_a_duplicate() -> None:
    indexes = [indexed(tar(layer(text))) for text in (f"big {MB} fill=x", f"copy {MB} fill=x")]
    tree = merge(indexes)

    assert 0 == waste(indexes, tree).total
    assert (Duplicate(size=MB, paths=("big", "copy")),) == duplicates(tree)
    assert MB == duplicates(tree)[0].redundant


def test_a_file_that_is_moved_is_wasted_where_it_was() -> None:
    assert {("a", 0): MB} == rows(wasted(f"a {MB} fill=x", f"- a\nb {MB} fill=x"))


def test_a_file_that_is_deleted_and_written_again_is_wasted_twice() -> None:
    found = wasted("a 10", "a 20", "- a", "a 30")

    assert (30, (10, 20, 0, 0)) == (found.total, found.by_layer)


def test_a_file_that_a_directory_or_link_replaces_is_wasted() -> None:
    assert {("a", 0): 10, ("b", 0): 20} == rows(wasted("a 10\nb 20\nc 5", "a/\na/x 3\nb -> c"))


def test_a_directory_that_a_file_replaces_is_wasted() -> None:
    assert {("d", 0): 30} == rows(wasted("d/\nd/x 10\nd/e/y 20", "d 5"))


def test_a_file_with_several_names_is_wasted_only_when_the_last_of_them_is_gone() -> None:
    assert 0 == wasted("a 10\nb => a\nc => a", "- a\n- b").total
    assert 10 == wasted("a 10\nb => a\nc => a", "- a\n- b", "- c").total


def test_a_name_that_is_written_anew_leaves_its_other_names_their_content() -> None:
    # What overlayfs does when one of two linked names is changed.
    found = wasted("a 10\nb => a", "a 10 mode=600")

    assert 0 == found.total


def test_an_empty_file_that_is_removed_is_no_row() -> None:
    assert Waste(total=0, by_layer=(0, 0)) == wasted("a 0", "- a")


def test_rows_are_bounded_but_the_total_is_not() -> None:
    files = "\n".join(f"d/f{number} {number + 1}" for number in range(300))
    gone = "\n".join(f"- d/f{number}" for number in range(300))

    found = wasted(f"d/keep 1\n{files}", gone)

    assert 300 * 301 // 2 == found.total
    assert 200 == len(found.largest)
    assert [300, 299, 298] == [row.size for row in found.largest[:3]]


def test_duplicates_are_told_apart_by_content_and_size_and_the_small_are_left_out() -> None:
    tree = merged(
        "a 5000 fill=x\nb 5000 fill=x\nc 5001 fill=x\nd 5000 fill=y\nh => a\nl -> a\n"
        "e 9000 fill=z\nf 9000 fill=z\ng 9000 fill=z\ns 4095 fill=x\nt 4095 fill=x"
    )

    assert [("e", "f", "g"), ("a", "b")] == [each.paths for each in duplicates(tree)]
    assert [18_000, 5_000] == [each.redundant for each in duplicates(tree)]
