"""Findings in comments, pages and on terminals."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

from tests.support.reports import image, report
from weighbridge.core.redaction import redacted_findings
from weighbridge.core.rendering import render_html, render_markdown, render_summary, render_text
from weighbridge.core.trim import trim
from weighbridge.model.finding import Evidence, Finding, Severity
from weighbridge.model.image import SourceLine

if TYPE_CHECKING:
    from weighbridge.model.report import Report

MB = 1_000_000


def finding(rule: str, waste: int | None, *, introduced: bool | None = False, message: str = "a smell") -> Finding:
    return Finding(
        rule=rule,
        severity=Severity.MEDIUM,
        message=message,
        line=SourceLine(file="Dockerfile", start=7, end=8),
        waste=waste,
        evidence=(Evidence(text="proof"),),
        introduced=introduced,
    )


def told(*findings: Finding, minimum_change: int = 0) -> Report:
    return replace(report(replace(image(delta=5 * MB), findings=findings)), minimum_change=minimum_change)


def rows(text: str) -> list[str]:
    return [line for line in text.splitlines() if "`rule-" in line]


def test_the_comment_folds_findings_with_bytes_line_and_rule_and_new_ones_first() -> None:
    text = render_markdown(told(finding("rule-a", 9 * MB), finding("rule-b", 3 * MB, introduced=True)))

    assert "<summary>Findings: 1 new, 2 in all</summary>" in text
    assert ["`rule-b`", "`rule-a`"] == [row.split("|")[-2].strip() for row in rows(text)]
    assert "**new** a smell" in rows(text)[0]
    assert "Dockerfile:7-8" in rows(text)[0]
    assert "3.0\u00a0MB" in rows(text)[0]


def test_what_weighs_less_than_the_minimum_change_stays_out() -> None:
    shown = render_markdown(told(finding("rule-a", 9 * MB), finding("rule-b", 10), minimum_change=1000))

    assert ["`rule-a`"] == [row.split("|")[-2].strip() for row in rows(shown)]


def test_static_findings_say_so_and_those_of_low_severity_stay_out() -> None:
    low = replace(finding("rule-b", None), severity=Severity.LOW)
    shown = render_markdown(told(finding("rule-a", None), low, minimum_change=1000))

    assert ["static"] == [row.split("|")[1].strip() for row in rows(shown)]


def test_a_comment_shows_at_most_ten_and_says_how_many_more() -> None:
    text = render_markdown(told(*(finding(f"rule-{number}", MB) for number in range(14))))

    assert 10 == len(rows(text))
    assert "4 more" in text
    assert 14 == len(rows(render_summary(told(*(finding(f"rule-{number}", MB) for number in range(14))))))


def test_names_in_a_finding_mean_nothing_in_markdown_and_html() -> None:
    hostile = finding("rule-a", MB, message="@octocat | <img src=x> [a](http://b) `c` #1")
    markdown, page = render_markdown(told(hostile)), render_html(told(hostile))

    rendered = MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown)
    assert "<img" not in rendered
    assert "http://b" not in rendered
    assert "@octocat" not in markdown
    assert "<img" not in page


def test_the_page_and_the_terminal_show_them() -> None:
    shown = told(finding("rule-a", 9 * MB, introduced=True))

    assert "rule-a" in render_html(shown)
    text = render_text(shown)
    assert "Findings" in text
    assert "new: a smell" in text


def test_without_findings_nothing_is_said_of_them() -> None:
    for text in (render_markdown(told()), render_text(told()), render_html(told())):
        assert "Findings" not in text


def test_what_is_kept_in_a_comment_has_the_heaviest_without_their_evidence() -> None:
    kept = trim(told(*(finding(f"rule-{number}", MB) for number in range(30)))).images[0].findings

    assert 20 == len(kept)
    assert all(not each.evidence for each in kept)


def test_secrets_are_masked_in_findings() -> None:
    secret = replace(
        finding("rule-a", MB, message="uses hunter2"), evidence=(Evidence(text="hunter2", path="hunter2"),)
    )
    (masked,) = redacted_findings([secret], ("hunter2",))

    assert "hunter2" not in repr(masked)
