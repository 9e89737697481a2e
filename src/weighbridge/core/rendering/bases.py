"""A program on every base: the table, why it is not carried where it is not, and what holds everywhere."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from weighbridge.core.names import quoted
from weighbridge.core.rendering.columns import bar, fit, shorten
from weighbridge.core.rendering.escape import code, markdown, plain, prose
from weighbridge.core.rendering.units import format_percent, format_size
from weighbridge.model.fix import Outcome, ProofStatus, Step

if TYPE_CHECKING:
    from collections.abc import Iterable

    from weighbridge.model.bases import Comparison, Standing

UNKNOWN = "unknown"
ANYHOW = "its own image"
_NONE = "none"
_BROUGHT = 6
_NARROWEST = 70
_NAME = 40
_BARS = ((100, 6), (0, 0))
"""From how many columns on a bar has how many cells."""


def bases_text(compared: Comparison, width: int = 100) -> str:
    """What `bases` prints on a terminal. Ends with a line end."""
    width = max(width, _NARROWEST)
    lines = [headline(compared), ""]
    cells = next(cells for least, cells in _BARS if width >= least)
    largest = max([compared.size, *(each.size or 0 for each in compared.standings)])
    rows = [["base", "with it", *([""] if cells else []), "alone", "C library", "tools", "ran"]]
    for each in compared.standings:
        bars = [bar(each.size or 0, largest, cells)] if cells else []
        rows.append(
            [
                shorten(plain(each.base.image), _NAME),
                _size(each.size),
                *bars,
                *base_cells(each),
                ran_word(each, compared),
            ]
        )
    bars = [bar(compared.size, largest, cells)] if cells else []
    rows.append([ANYHOW, format_size(compared.size), *bars, "", *own_cells(compared), own_word(compared)])
    align = "lrlrlll" if cells else "lrrlll"
    lines += fit(rows, align, width=width, flexible=0)
    for title, told in (("why not", _reasons(compared)), ("comes along", _brought(compared))):
        for names, text in told:
            lines += ["", f"{title}: {', '.join(names)}", *_wrapped(text, width)]
    for note in compared.notes:
        lines += ["", *_wrapped(plain(note), width, indent="")]
    return "\n".join([*lines, ""])


def bases_markdown(compared: Comparison) -> str:
    """The same as Markdown. Ends with a line end."""
    headings = ("Base", "With the program", "Alone", "C library", "Shell, package manager", "Ran there")
    lines = [
        f"### {markdown(headline(compared))}",
        "",
        f"| {' | '.join(headings)} |",
        "| --- | ---: | ---: | --- | --- | --- |",
    ]
    for each in compared.standings:
        cells = [code(each.base.image), _size(each.size), *map(markdown, base_cells(each)), ran_word(each, compared)]
        lines.append(f"| {' | '.join(cells)} |")
    own = [ANYHOW, format_size(compared.size), "", *map(markdown, own_cells(compared)), own_word(compared)]
    lines.append(f"| {' | '.join(own)} |")
    for title, told in (("Why not", _reasons(compared)), ("Comes along", _brought(compared))):
        shown = [f"- {', '.join(map(code, names))}: {prose(text)}" for names, text in told]
        lines += ["", f"**{title}**", "", *shown] if shown else []
    lines += ["", *(f"{prose(note)}." for note in compared.notes)] if compared.notes else []
    return "\n".join([*lines, ""])


def ran_word(standing: Standing, compared: Comparison) -> str:
    """Whether the program ran on a base, in a word or two."""
    proof = standing.proof
    if standing.facts is None or (compared.was_run and compared.incomparable):
        return UNKNOWN
    if proof is None:
        return "cannot" if standing.missing else "not run"
    if proof.status is ProofStatus.NOT_RUN:
        return "not run"
    if standing.ran is None and proof.status is ProofStatus.UNVERIFIABLE:
        return UNKNOWN
    return "yes" if standing.ran else "no"


def reason(standing: Standing) -> str:
    """Why a program did not run on a base, or was not tried there; empty where it ran."""
    if standing.facts is None:
        return standing.unavailable
    more = f" (and {len(standing.missing) - 1} more)" if len(standing.missing) > 1 else ""
    missing = "".join(standing.missing[:1]) + more
    if standing.proof is None:
        return missing
    if standing.ran:
        return ""
    closed = all(check.step is not Step.CLOSURE or check.outcome is Outcome.PASSED for check in standing.proof.checks)
    # Computed before, and told with the base's own C library, where the ladder came to the same.
    return standing.proof.reason if closed or not missing else f"rejected, as computed: {missing}"


def headline(compared: Comparison) -> str:
    """The answer in one line."""
    on = f" on {plain(compared.base_name)}" if compared.base_name else ""
    start = f"{plain(compared.name)} weighs {format_size(compared.size)}{on}"
    able = [each for each in compared.standings if each.ran and each.size is not None]
    if not compared.was_run:
        return f"{start}; on other bases, computed and not run"
    if compared.incomparable:
        return f"{start}; where else it runs could not be told: {plain(compared.incomparable, 300)}"
    if not able:
        return f"{start}, and ran on no other base"
    best = min(able, key=lambda each: each.size or 0)
    if (best.size or 0) >= compared.size:
        return f"{start}, and ran on no base that makes it smaller"
    share = format_percent((best.size or 0) - compared.size, compared.size)
    return f"{start}; on {best.base.image} it ran with {format_size(best.size or 0)} ({share})"


def base_cells(each: Standing) -> list[str]:
    """A base on its own: its size, its C library, its tools."""
    if each.facts is None:
        return [UNKNOWN] * 3
    facts = each.facts
    return [format_size(facts.size), facts.libc or _NONE, _tools(facts.shells, facts.package_managers)]


def own_cells(compared: Comparison) -> list[str]:
    """C library and tools of the image as it is."""
    return [compared.libc or _NONE, _tools(compared.shells, compared.package_managers)]


def own_word(compared: Comparison) -> str:
    """Whether the program ran in its own image."""
    if not compared.was_run:
        return "not run"
    return UNKNOWN if compared.incomparable else "yes"


def _tools(shells: tuple[str, ...], managers: tuple[str, ...]) -> str:
    """One of each: who has a shell has it by several names."""
    shell = "sh" if "sh" in shells else next(iter(shells), "")
    # dpkg and rpm alone install nothing by name, and busybox goes by theirs.
    manager = next((name for name in managers if name not in ("dpkg", "rpm")), "")
    return ", ".join(name for name in (shell, manager) if name) or _NONE


def _reasons(compared: Comparison) -> list[tuple[list[str], str]]:
    # What is wrong with the image itself is said once, above.
    told = ((each, reason(each)) for each in compared.standings)
    return _together((each, plain(why, 400)) for each, why in told if why != compared.incomparable)


def _brought(compared: Comparison) -> list[tuple[list[str], str]]:
    return _together((each, brought_words(each)) for each in compared.standings)


def _together(told: Iterable[tuple[Standing, str]]) -> list[tuple[list[str], str]]:
    """Bases of which the same is to be told, and that; nothing of those without."""
    found: dict[str, list[str]] = {}
    for each, text in told:
        if text:
            found.setdefault(text, []).append(plain(each.base.image))
    return [(names, text) for text, names in found.items()]


def _wrapped(text: str, width: int, indent: str = "  ") -> list[str]:
    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


def brought_words(each: Standing) -> str:
    """What a base lacks and the own image lends it; empty where the program does not run, or lacks nothing."""
    if not each.brought or each.missing or each.ran is False:
        return ""
    names = list(each.brought)
    shown = [quoted(name) if " " not in name else name for name in names[:_BROUGHT]]
    more = f" and {len(names) - _BROUGHT} more" if len(names) > _BROUGHT else ""
    return plain(f"{', '.join(shown)}{more}", 400)


def _size(size: int | None) -> str:
    return UNKNOWN if size is None else format_size(size)
