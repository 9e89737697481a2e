"""What people see of fixes: a saving only where it is proven, and nothing that a stranger's text could do."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from markdown_it import MarkdownIt
from rich.console import Console

from tests.support.reports import image, report
from weighbridge.adapters.climbing import TerminalClimb
from weighbridge.commands import apply
from weighbridge.core import rendering, wire
from weighbridge.core.fixes.best import best
from weighbridge.core.fixes.patch import patch_of
from weighbridge.core.rendering.fixes import fixes_page, fixes_text
from weighbridge.core.rendering.surface import surface_words
from weighbridge.core.trim import LEVELS, trim
from weighbridge.errors import UsageError
from weighbridge.fixing import apply_fix
from weighbridge.model.change import ImageDiff
from weighbridge.model.finding import Finding, Severity
from weighbridge.model.fix import (
    Candidate,
    Check,
    Family,
    FileEdit,
    Fix,
    Outcome,
    Proof,
    ProofStatus,
    Step,
    Surface,
)
from weighbridge.model.image import PackedSize

if TYPE_CHECKING:
    from pathlib import Path

BEFORE, AFTER = "FROM golang:1.22\nRUN go build\n", "FROM golang:1.22 AS build\nRUN go build\n\nFROM scratch\n"
SURFACE = Surface(packages=100, executables=500, setuid=3, shells=("bin/sh", "bin/bash"), package_managers=("apt",))
BARE = Surface(packages=0, executables=1, setuid=0, shells=(), package_managers=())


def fix(
    status: ProofStatus = ProofStatus.VERIFIED,
    *,
    strategy: str = "go/scratch",
    title: str = "Ships the program on scratch",
    size: int | None = 6_000_000,
    reason: str = "",
) -> Fix:
    """A fix of a Go image of 950 MB."""
    edits = (FileEdit(path="Dockerfile", before=BEFORE, after=AFTER),)
    candidate = Candidate(
        strategy=strategy,
        family=Family.MULTI_STAGE,
        title=title,
        rules=("toolchain-in-final",),
        dockerfile="Dockerfile",
        dockerfile_text=AFTER,
        edits=edits,
        costs=("no nsswitch",),
    )
    checks = tuple(Check(step=step, outcome=Outcome.PASSED, details=(f"{step} is fine",)) for step in Step)
    proof = Proof(
        status=status,
        reason=reason,
        checks=checks,
        original_size=950_000_000,
        size=size,
        packed=PackedSize(size=2_000_000, estimated=True),
        before=SURFACE,
        after=BARE,
    )
    return Fix(candidate=candidate, patch=patch_of(edits), proof=proof)


def shown(*fixes: Fix) -> str:
    """The comment of a report with these fixes."""
    made = report(image())
    return rendering.render_markdown(replace(made, images=(replace(made.images[0], fixes=fixes),)))


def test_a_verified_fix_is_one_measured_line_with_patch_and_proof_behind() -> None:
    text = shown(fix())

    assert "**Fix, built and run here: 950.0 MB → 6.0 MB** (−99.4 %; ≈ 2.0 MB to pull). Ships the program" in text
    assert "+FROM scratch\n" in text
    assert "<summary>How it was proven: 5 of 5 steps</summary>" in text
    assert "100 packages, 499 executables, 3 setuid files fewer; no sh, bash, apt any more" in text
    assert "it costs: no nsswitch" in text


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (SURFACE, SURFACE, "as many packages, executables and setuid files as before"),
        (SURFACE, replace(SURFACE, packages=90, executables=503), "10 packages fewer; 3 executables more"),
        (BARE, replace(BARE, shells=("busybox", "sh")), "busybox, sh besides"),
        (SURFACE, replace(SURFACE, shells=("usr/bin/sh",)), "no bash any more"),
        (None, BARE, ""),
    ],
)
def test_what_an_attacker_finds_is_told_whichever_way_it_goes(
    before: Surface | None, after: Surface, words: str
) -> None:
    assert words == surface_words(before, after)


def test_why_no_stage_is_split_off_folds_where_a_reader_may_wonder() -> None:
    reason = "`go` is what the image is for <b>"
    found = (Finding(rule="apt-lists-kept", severity=Severity.LOW, message="kept", line=None, waste=1_000),)
    made = report(image(delta=2_000_000))
    tidy = replace(fix(), candidate=replace(fix().candidate, family=Family.IN_PLACE))

    def comment(**parts: Any) -> str:
        return rendering.render_markdown(replace(made, images=(replace(made.images[0], unsplit=reason, **parts),)))

    folded = "<details><summary>Why no build stage is split off</summary>\n\n`go` is what the image is for \\<b\\>."
    assert folded in comment(findings=found)
    assert folded in comment(fixes=(tidy,))
    assert folded in comment(findings=found, fixes=(fix(ProofStatus.REJECTED, reason="at step 1"), tidy))
    for text in (comment(), comment(findings=found, fixes=(fix(),))):
        assert "split off" not in text
    whole = replace(made, images=(replace(made.images[0], unsplit=reason, findings=found),))
    assert "no stage is split off: `go` is what the image is for" in rendering.render_text(whole)
    assert "No stage is split off: `go` is what the image is for &lt;b&gt;." in rendering.render_html(whole)


@pytest.mark.parametrize("status", [each for each in ProofStatus if each is not ProofStatus.VERIFIED])
def test_nothing_is_claimed_of_a_fix_that_is_not_verified(status: ProofStatus) -> None:
    assert shown() == shown(fix(status, reason="rejected at step 3"))
    assert best([fix(status)]) is None
    assert fix(status).proof.saved is None


def test_the_smallest_verified_fix_is_the_best() -> None:
    fixes = [fix(size=80_000_000, strategy="a"), fix(size=6_000_000, strategy="b"), fix(ProofStatus.REJECTED, size=1)]

    found = best(fixes)
    assert found is not None
    assert "b" == found.candidate.strategy


def test_a_terminal_is_told_every_candidate_and_why_it_failed() -> None:
    lines = fixes_text([fix(), fix(ProofStatus.REJECTED, strategy="go/alpine", size=None, reason="rejected at step 3")])

    assert any(line.startswith("verified") and "go/scratch" in line and "6.0 MB" in line for line in lines)
    assert "go/alpine: rejected at step 3" in lines


def test_what_fix_prints_ends_with_a_patch_that_a_terminal_can_show() -> None:
    hostile = fix(title="a\x1b[31mb")
    page = fixes_page(replace(report(image()).images[0], fixes=(replace(hostile, patch="+a\x1b]0;x\x07\r\n"),)))

    assert "\x1b" not in page
    assert "\x07" not in page
    assert page.endswith("+a�]0;x�\n\n")


def test_fix_says_why_no_stage_is_split_off() -> None:
    plain = replace(report(image()).images[0], unsplit="start.sh calls `yarn`\x1b[31m")
    for fixes in ((), (fix(ProofStatus.REJECTED),), (fix(),)):
        lines = fixes_page(replace(plain, fixes=fixes)).splitlines()
        assert 1 == sum(line.startswith("no stage is split off: start.sh calls `yarn`") for line in lines)
        assert "\x1b" not in "".join(lines)
    assert "split off" not in fixes_page(replace(plain, unsplit=""))


def test_words_of_a_stranger_stay_words() -> None:
    text = shown(fix(title="@octocat <img src=x> [a](http://example.com) **b**"))
    inline = [
        child for token in MarkdownIt("gfm-like", {"linkify": False}).parse(text) for child in token.children or ()
    ]

    assert [] == [child for child in inline if child.type == "image"]
    assert all(child.attrs.get("href", "") != "http://example.com" for child in inline)
    assert "@octocat" not in text


def test_fixes_survive_the_reports_json() -> None:
    made = report(image())
    made = replace(made, images=(replace(made.images[0], fixes=(fix(),), unsplit="by its name"),))

    loaded = wire.load(wire.dump(made).encode())
    assert shown(fix()) == rendering.render_markdown(loaded)
    assert "by its name" == loaded.images[0].unsplit


def test_a_verified_fix_is_written_and_nothing_else_is(tmp_path: Path) -> None:
    file = tmp_path / "Dockerfile"
    file.write_bytes(BEFORE.encode())

    with pytest.raises(UsageError, match="not verified"):
        apply_fix(fix(ProofStatus.REJECTED), tmp_path)
    assert BEFORE == file.read_text()
    assert ("Dockerfile",) == apply_fix(fix(), tmp_path)
    assert AFTER == file.read_text()
    with pytest.raises(UsageError, match="has changed since"):
        apply_fix(fix(), tmp_path)


def test_of_two_images_of_one_dockerfile_one_fix_is_written_and_the_other_told(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_bytes(BEFORE.encode())
    images = tuple(replace(report(image(name)).images[0], fixes=(fix(),)) for name in ("api", "worker"))

    lines = list(apply(report(*images), tmp_path))

    assert "wrote Dockerfile" == lines[0]
    assert "worker: Dockerfile was rewritten for another image already" in lines[1]
    assert AFTER == (tmp_path / "Dockerfile").read_text()


def test_a_fix_never_writes_through_a_link_or_out_of_the_tree(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text(BEFORE)
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "Dockerfile").symlink_to(outside)

    with pytest.raises(UsageError, match="apply the patch by hand"):
        apply_fix(fix(), tree)
    assert BEFORE == outside.read_text()


NOTHING = PackedSize(size=0, estimated=False)
HOSTILE = "</pre><script>alert(1)</script>@octocat\x1b[31m\u202e"


def hostile_fix() -> Fix:
    made = fix(title=HOSTILE, strategy=HOSTILE)
    checks = tuple(replace(check, details=(HOSTILE,)) for check in made.proof.checks)
    before = replace(SURFACE, shells=(HOSTILE,))
    return replace(
        made,
        patch=f"+{HOSTILE}\n",
        candidate=replace(made.candidate, costs=(HOSTILE,)),
        proof=replace(made.proof, checks=checks, before=before),
    )


@pytest.mark.parametrize("fixes", [(hostile_fix(),), (fix(ProofStatus.REJECTED, reason=HOSTILE),)])
def test_a_page_shows_a_strangers_words_as_words(fixes: tuple[Fix, ...]) -> None:
    made = report(image())
    page = rendering.render_html(replace(made, images=(replace(made.images[0], fixes=fixes, unfixed=HOSTILE),)))

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_a_terminal_gets_a_line_with_the_saving_and_one_with_what_an_attacker_loses() -> None:
    made = report(image())
    text = rendering.render_text(replace(made, images=(replace(made.images[0], fixes=(fix(),)),)))

    assert "fix, built and run here: 950.0 MB → 6.0 MB (−99.4 %; ≈ 2.0 MB to pull): Ships the program" in text
    assert "  for an attacker: 100 packages, 499 executables, 3 setuid files fewer; no sh, bash, apt any more\n" in text
    assert "  it costs: no nsswitch\n" in text


def test_why_nothing_was_tried_is_a_line_everywhere() -> None:
    made = report(image("app", 17))
    untried = replace(made, images=(replace(made.images[0], unfixed="nothing is new"),))

    assert "No fix was tried: nothing is new." in rendering.render_markdown(untried)
    assert "No fix was tried: nothing is new." in rendering.render_html(untried)
    assert "no fix was tried: nothing is new" in rendering.render_text(untried)


def test_a_fix_of_an_image_that_did_not_change_is_told_and_nothing_else_of_it() -> None:
    same = replace(
        image(), diff=ImageDiff(size=0, packed=NOTHING, wasted=0, causes=(), layers=(), files=(), packages=())
    )
    quiet = rendering.render_markdown(report(same))
    told = rendering.render_markdown(report(replace(same, fixes=(fix(),))))

    assert "Fix, built and run here" in told
    assert "<summary>The patch</summary>" in told
    assert "Layers" not in told
    assert "Fix" not in quiet


def test_a_shared_comment_keeps_the_fix_that_is_told_and_no_more() -> None:
    made = report(image())
    made = replace(made, images=(replace(made.images[0], fixes=(fix(), fix(ProofStatus.REJECTED, strategy="x"))),))

    (kept,) = trim(made).images[0].fixes
    assert (fix().patch, "", None) == (kept.patch, kept.candidate.dockerfile_text, kept.candidate.edits[0].before)
    (least,) = trim(made, LEVELS[-1]).images[0].fixes
    assert "" == least.patch
    assert "<summary>The patch" not in rendering.render_markdown(trim(made, LEVELS[-1]))


def test_candidates_of_several_images_climb_in_one_table() -> None:
    console = Console(file=io.StringIO(), width=140, force_terminal=True)
    climb = TerminalClimb(console)
    try:
        climb.image("api")
        climb.begin(fix().candidate, Step.BUILD)
        climb.end(fix().candidate, fix().proof)
        climb.image("web")
        climb.line(None, "running the original, twice")
        original = lines_of(climb)
        climb.begin(fix().candidate, Step.CLOSURE)
        lines = lines_of(climb)
    finally:
        climb.close()

    assert any("web" in line and "running the original, twice" in line for line in original)
    (api,) = [line for line in lines if line.startswith("api")]
    (web,) = [line for line in lines if line.startswith("web")]
    assert api.split() == ["api", "go/scratch", *"✓✓✓✓✓", "verified", "6.0", "MB"]
    assert web.split() == ["web", "go/scratch", "✓", "✓", "…"]


def lines_of(climb: TerminalClimb) -> list[str]:
    """The table as it is shown now."""
    console = Console(file=io.StringIO(), width=140)
    console.print(climb._table())
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()
