"""What people see of a comparison of bases: what ran, what did not and why, and what is not known said to be so."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from weighbridge.core.rendering.bases import bases_markdown, bases_text
from weighbridge.core.rendering.bases_page import bases_html
from weighbridge.core.rendering.columns import columns
from weighbridge.core.wire.bases import dump_bases
from weighbridge.model.bases import Base, BaseFacts, Comparison, Standing
from weighbridge.model.fix import Check, Outcome, Proof, ProofStatus, Step

FACTS = BaseFacts(id="sha256:1", size=3_000_000, libc="musl", shells=("ash", "sh"), package_managers=("apk",))
NOTHING = BaseFacts(id="scratch", size=0, libc="", shells=(), package_managers=())
REFUSED = "/app/server was linked against glibc, and the base is musl's"


def proof(status: ProofStatus, *steps: Step, failed: Step | None = None, size: int | None = None) -> Proof:
    """A climb of these steps that all passed, and one that failed."""
    checks = [Check(step=step, outcome=Outcome.PASSED) for step in steps]
    if failed is not None:
        outcome = Outcome.FAILED if status is ProofStatus.REJECTED else Outcome.UNKNOWN
        checks.append(Check(step=failed, outcome=outcome, details=("why",)))
    reason = "" if failed is None else f"rejected at step {failed}: why"
    return Proof(status=status, reason=reason, checks=tuple(checks), size=size)


RAN = Standing(
    base=Base(image="scratch"), facts=NOTHING, brought=("libc.so.6", "TLS certificates"), brought_bytes=9_900_000,
    proof=proof(ProofStatus.VERIFIED, *Step, size=10_000_000),
)  # fmt: skip
CANNOT = Standing(
    base=Base(image="alpine:3", libc="musl"), facts=FACTS, brought_bytes=7_000_000, missing=(REFUSED,),
    proof=proof(ProofStatus.REJECTED, Step.BUILD, Step.CONFIGURATION, failed=Step.CLOSURE),
)  # fmt: skip
ENDED = replace(
    CANNOT, base=Base(image="own/base:1"), missing=(),
    proof=proof(ProofStatus.REJECTED, Step.BUILD, Step.CONFIGURATION, Step.CLOSURE, failed=Step.BEHAVIOUR),
)  # fmt: skip
NO_SMALLER = replace(
    CANNOT, base=Base(image="debian:12"), missing=(),
    proof=proof(
        ProofStatus.REJECTED, Step.BUILD, Step.CONFIGURATION, Step.CLOSURE, Step.BEHAVIOUR, failed=Step.SIZE
    ),
)  # fmt: skip
ABSENT = Standing(base=Base(image="gone:1"), unavailable="cannot be had: no such host")
COMPARED = Comparison(
    name="app", id="sha256:2", platform="linux/amd64", size=900_000_000, base_name="golang:1.22", libc="glibc",
    shells=("bash", "sh"), package_managers=("apt", "dpkg"), program=("app/server",),
    standings=(RAN, CANNOT, ENDED, NO_SMALLER, ABSENT), was_run=True, notes=("it is linked against glibc",),
)  # fmt: skip


def words(compared: Comparison) -> dict[str, str]:
    """Whether it ran, by base."""
    return {row["image"]: row["ran"] for row in json.loads(dump_bases([compared]))["images"][0]["bases"]}


def test_what_ran_is_told_from_what_did_not_and_from_what_is_not_known() -> None:
    assert {"scratch": "yes", "alpine:3": "no", "own/base:1": "no", "debian:12": "yes", "gone:1": "unknown"} == words(
        COMPARED
    )
    computed = replace(
        COMPARED, was_run=False, standings=tuple(replace(each, proof=None) for each in COMPARED.standings)
    )
    assert ["not run", "cannot", "not run", "not run", "unknown"] == list(words(computed).values())
    unlike = proof(ProofStatus.UNVERIFIABLE, failed=Step.BEHAVIOUR)
    failing = replace(COMPARED, incomparable="it ends at once", standings=(replace(RAN, proof=unlike),))
    assert {"scratch": "unknown"} == words(failing)
    assert "could not be told: it ends at once" in bases_text(failing)
    late = replace(RAN, proof=Proof(status=ProofStatus.NOT_RUN, reason="the budget of 1 minutes was used up"))
    assert {"scratch": "not run"} == words(replace(COMPARED, standings=(late,)))


@pytest.mark.parametrize("width", [70, 100, 160])
def test_the_text_answers_first_and_tells_each_base_and_its_reason(width: int) -> None:
    text = bases_text(COMPARED, width)
    lines = text.splitlines()

    assert "app weighs 900.0 MB on golang:1.22; on scratch it ran with 10.0 MB (−98.9 %)" == lines[0]
    assert all(columns(line) <= width for line in lines[2:9])
    joined = " ".join(text.split())
    assert f"rejected, as computed: {REFUSED}" in joined
    assert "rejected at step behaviour: why" in joined
    assert "cannot be had: no such host" in joined
    assert "`libc.so.6`, TLS certificates" in joined
    assert "it is linked against glibc" == lines[-1]
    (absent,) = [line for line in lines[3:9] if line.strip().startswith("gone:1")]
    assert "0 B" not in absent and absent.split().count("unknown") == 5


HOSTILE = replace(
    COMPARED,
    name="<b>@all|</b>\x1b[31m",
    program=("app/`<script>alert(1)</script>",),
    standings=(replace(CANNOT, missing=("</td><script>alert(2)</script> @octocat | `x`\nnext",)),),
    notes=("<img src=x> #1 \u202e",),
)


def test_nothing_that_a_name_holds_becomes_markup() -> None:
    text = bases_markdown(HOSTILE)
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    kinds = {child.type for token in tokens for child in token.children or ()} | {token.type for token in tokens}

    assert not {"html_inline", "html_block", "link_open", "image"} & kinds
    assert "@octocat" not in text and "#1" not in text
    assert "\x1b" not in bases_text(HOSTILE) and "\u202e" not in bases_text(HOSTILE)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(tag)


def test_the_page_shows_every_base_and_runs_nothing() -> None:
    tags = Tags()
    tags.feed(bases_html([HOSTILE, COMPARED]))

    assert not {"script", "img", "b"} & set(tags.found)
    assert 2 == tags.found.count("table")
    assert "default-src &#39;none&#39;" in bases_html([COMPARED])
    assert 'width="1"' in bases_html([COMPARED]) and 'title="10,000,000 bytes"' in bases_html([COMPARED])


def test_the_json_is_bytes_or_null() -> None:
    (image,) = json.loads(dump_bases([COMPARED]))["images"]
    rows = {row["image"]: row for row in image["bases"]}

    assert ("golang:1.22", ["/app/server"], 900_000_000) == (image["base"], image["program"], image["size"])
    assert (10_000_000, 0, None) == (rows["scratch"]["size"], rows["scratch"]["base_size"], rows["scratch"]["libc"])
    assert (10_000_000, 3_000_000) == (rows["alpine:3"]["size"], rows["alpine:3"]["base_size"])
    assert (None, None, None) == (rows["gone:1"]["size"], rows["gone:1"]["base_size"], rows["gone:1"]["proof"])
