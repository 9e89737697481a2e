"""Any two records compared: as a report whose base is the one and whose head is the other. Pure.

Where the files of both are kept, they are compared as the images themselves would be, down to single files. Where only
their reports are, as much as the reports' bounded trees tell; where only a record is left, its layers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from weighbridge import __version__
from weighbridge.core.align import align, pair_change
from weighbridge.core.compare import compare
from weighbridge.core.filediff import TreeDiff, diff_trees
from weighbridge.core.footprint import Footprint, directory_totals
from weighbridge.core.history.make import short_id
from weighbridge.core.packages import package_changes, pair_packages
from weighbridge.core.rollup import roll_up
from weighbridge.core.summarize import summarize
from weighbridge.core.treemap import REST, treemap
from weighbridge.model.budget import Budget, Status, Verdict
from weighbridge.model.change import Change, FileChange, ImageDiff
from weighbridge.model.image import ImageConfig, Layer, PackedSize
from weighbridge.model.packages import Package
from weighbridge.model.report import ImageReport, Report, Revision, TreeNode, WeighedImage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from weighbridge.model.image import Image
    from weighbridge.model.record import Record

_FILES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of two records. `image` is what its report says of it, `files` the image with its files; None: not kept."""

    repository: str
    record: Record
    image: ImageReport | None
    files: Image | None = None

    @property
    def weighed(self) -> WeighedImage:
        """What is known of it."""
        if self.image is not None and isinstance(self.image.head, WeighedImage):
            return self.image.head
        return _remembered(self.record)

    @property
    def is_whole(self) -> bool:
        """Whether more is known than what a record keeps."""
        return self.image is not None and isinstance(self.image.head, WeighedImage)


def compared(base: Side, head: Side, server_url: str, path: str = "") -> Report:
    """The report of the difference. With a `path` (no slash around it) its files are those of that directory alone."""
    if base.files is not None and head.files is not None:
        before, after, diff = _by_file(base.files, head.files, path)
    else:
        before, after, diff = _by_report(base, head)
    one = ImageReport(
        name=head.record.image,
        platform=head.record.platform,
        dockerfile=head.image.dockerfile if head.image else None,
        base=before,
        head=after,
        diff=diff,
        budget=Budget(max_size=head.record.max_size),
        verdict=Verdict(status=head.record.verdict),
        findings=head.image.findings if head.image else (),
    )
    return Report(
        tool_version=__version__,
        repository=head.repository,
        server_url=server_url,
        pull_request=None,
        base=Revision(commit=base.record.commit, label=_label(base.record)),
        head=Revision(commit=head.record.commit, label=_label(head.record)),
        images=(one,),
        verdict=Verdict(status=Status.PASS if head.record.max_size is None else head.record.verdict),
    )


def _by_file(base: Image, head: Image, path: str) -> tuple[WeighedImage, WeighedImage, ImageDiff]:
    trees = diff_trees(base.tree, head.tree)
    before = summarize(base, against=None, build_seconds=None)
    after = summarize(head, against=trees, build_seconds=None)
    diff = compare(base, head, trees)
    if path:
        inside = below(trees, path)
        after = replace(after, tree=treemap(inside.head, inside))
        found = (replace(each, path=f"{path}/{each.path.lstrip('/')}".rstrip("/")) for each in roll_up(inside, _FILES))
        diff = replace(diff, files=tuple(found))
    return before, after, diff


def below(trees: TreeDiff, path: str) -> TreeDiff:
    """What of a difference is in one directory, paths being told from there."""
    start = f"{path}/"
    changes = tuple(
        change._replace(path=change.path.removeprefix(start))
        for change in trees.changes
        if change.path.startswith(start)
    )
    return TreeDiff(changes, _inside(trees.base, start), _inside(trees.head, start))


def _inside(whole: Footprint, start: str) -> Footprint:
    sizes = {path.removeprefix(start): size for path, size in whole.sizes.items() if path.startswith(start)}
    return Footprint(sizes, directory_totals(sizes))


def _by_report(base: Side, head: Side) -> tuple[WeighedImage, WeighedImage, ImageDiff]:
    before, after = base.weighed, head.weighed
    whole = base.is_whole and head.is_whole
    if not whole:
        before, after = _shortened(before), _shortened(after)
    tree = merged(before.tree, after.tree) if whole else after.tree
    return before, replace(after, tree=tree), _difference(before, after, tree if whole else None)


def _label(record: Record) -> str:
    return record.release or record.ref or record.commit[:7]


def _difference(before: WeighedImage, after: WeighedImage, tree: TreeNode | None) -> ImageDiff:
    pairs = align(before.layers, after.layers)
    changes = [pair_change(before.layers, after.layers, pair) for pair in pairs]
    layers = sorted((each for each in changes if each.change is not Change.SAME), key=lambda each: -abs(each.delta))
    return ImageDiff(
        size=after.size - before.size,
        packed=PackedSize(
            size=after.packed.size - before.packed.size, estimated=after.packed.estimated or before.packed.estimated
        ),
        wasted=after.wasted - before.wasted,
        causes=(),
        layers=tuple(layers),
        files=() if tree is None else _files(tree),
        packages=package_changes(pair_packages(before.packages, after.packages)),
    )


def merged(before: TreeNode, after: TreeNode) -> TreeNode:
    """The head's tree, told apart from the base's; what is gone has a node of zero bytes.

    Both trees are bounded: what one of them has no node for may be in its rest, and is then only told of as a whole.
    """
    old = {child.name: child for child in before.children}
    new = {child.name: child for child in after.children}
    # Where a side lists everything, what it does not list is not there.
    complete_before, complete_after = REST not in old and bool(old), REST not in new and bool(new)
    children = []
    for name, child in new.items():
        if name in old:
            children.append(merged(old[name], child))
        elif complete_before or name == REST:
            children.append(_whole(child, Change.ADDED))
        else:
            children.append(_same(child))
    gone = [child for name, child in old.items() if name not in new and complete_after and name != REST]
    children += [_gone(child) for child in gone]
    return TreeNode(
        name=after.name,
        size=after.size,
        delta=after.size - before.size,
        change=Change.SAME if after.size == before.size and not _differs(children) else Change.CHANGED,
        children=tuple(sorted(children, key=lambda child: -child.size)),
    )


def _differs(children: Sequence[TreeNode]) -> bool:
    return any(child.change is not Change.SAME for child in children)


def _whole(node: TreeNode, change: Change) -> TreeNode:
    children = tuple(_whole(child, change) for child in node.children)
    return replace(node, delta=node.size, change=change, children=children)


def _same(node: TreeNode) -> TreeNode:
    return replace(node, delta=0, change=Change.SAME, children=tuple(_same(child) for child in node.children))


def _gone(node: TreeNode) -> TreeNode:
    children = tuple(_gone(child) for child in node.children)
    return TreeNode(name=node.name, size=0, delta=-node.size, change=Change.REMOVED, children=children)


def _files(tree: TreeNode) -> tuple[FileChange, ...]:
    found = sorted(_below(tree, ""), key=lambda change: (-abs(change.delta), change.path))
    return tuple(found[:_FILES])


def _below(node: TreeNode, path: str) -> Iterator[FileChange]:
    """What changed, as near to single files as the trees tell it."""
    for child in node.children:
        if child.change is Change.SAME or (not child.delta and not child.children):
            continue
        there = f"{path}/{child.name}".lstrip("/")
        deeper = child.children and child.change is Change.CHANGED and _differs(child.children)
        if deeper:
            yield from _below(child, there)
        elif child.delta:
            yield FileChange(
                path=there,
                change=child.change,
                delta=child.delta,
                files=_leaves(child),
                directory=bool(child.children),
            )


def _leaves(node: TreeNode) -> int:
    """Files that the tree has nodes for; what is in a rest counts as one."""
    return sum(map(_leaves, node.children)) or 1


def _remembered(record: Record) -> WeighedImage:
    """As much of an image as its record keeps."""
    return WeighedImage(
        reference=record.image,
        id="",
        size=record.size,
        packed=record.packed,
        wasted=record.wasted,
        layers=tuple(
            Layer(
                diff_id=layer.id,
                size=layer.size,
                packed=layer.packed,
                created_by=layer.created_by,
                from_base=layer.from_base,
            )
            for layer in record.layers
        ),
        config=ImageConfig(),
        packages=tuple(
            Package(ecosystem=each.ecosystem, name=each.name, version=each.version, size=each.size, path="")
            for each in record.packages
        ),
        largest_files=(),
        wasted_paths=(),
        duplicates=(),
        tree=TreeNode(name="/", size=record.size, delta=0, change=Change.SAME),
        file_count=record.file_count,
        build_seconds=record.build_seconds,
        base_name=record.base_name,
        base_digest=record.base_digest,
    )


def _shortened(image: WeighedImage) -> WeighedImage:
    """With the layers' names as records keep them, so that the same layer has the same name on both sides.

    Of packages only some are known of one side: none is compared.
    """
    layers = tuple(replace(layer, diff_id=short_id(layer.diff_id)) for layer in image.layers)
    return replace(image, layers=layers, packages=())
