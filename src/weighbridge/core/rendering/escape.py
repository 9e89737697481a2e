"""The one owner of escaping: what comes from an image, a branch or a log becomes text, and nothing but text."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

# Controls, characters that reorder or hide text (bidirectional marks, zero widths, line separators, tags), and the two
# that XML does not take.
_UNSEEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff"
    r"\U000e0000-\U000e007f]+"
)
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_PUNCTUATION = re.compile(r"([\\`*_\[\]<>|~$!^={}])")
# What makes a list, a heading or a rule of a line, but only at its beginning.
_BLOCK = re.compile(r"\A(?:[#+-]|\d{1,9}(?=[.)](?:\s|\Z)))")
# What GitHub makes links and pictures of after Markdown: mentions, issues, addresses, commits, emoji names.
_AUTOLINKS = re.compile(
    r"(@)(?=\S|\Z)|(#)(?=\d)|(GH)(?=-\d)|(:)(?=//|[\w+-]*[a-z][\w+-]*:|[+-]1:|100:|1234:)|(www)(?=\.)|(mailto|xmpp)(?=:)",
    re.IGNORECASE,
)
_COMMIT = re.compile(r"(?<![0-9a-z])[0-9a-f]{7,}(?![0-9a-z])", re.IGNORECASE)
_SHORT_OF_A_COMMIT = re.compile(r"[0-9a-f]{6}", re.IGNORECASE)
_ZERO_WIDTH = "\u200b"
_BACKTICKS = re.compile(r"`+")
_TAB = "    "


class Span(NamedTuple):
    """A part of a line of plain text: `code` as it is in a file, `strong` what is to be seen first, `href` a link."""

    text: str
    code: bool = False
    strong: bool = False
    href: str | None = None


def plain(text: str, limit: int = 500) -> str:
    """One line of valid, visible text of at most `limit` characters; the middle is cut, since both ends tell most."""
    text = _SURROGATES.sub("\ufffd", text[: 4 * limit] if len(text) > 8 * limit else text)
    text = " ".join(_UNSEEN.sub(" ", text).split())
    if len(text) <= limit:
        return text
    tail = limit // 3
    return f"{text[: limit - tail - 1]}…{text[-tail:]}"


def log_line(text: str, limit: int = 500) -> str:
    """A line of a log as it was indented: visible text of at most `limit` characters, the end cut."""
    text = _UNSEEN.sub(" ", _SURROGATES.sub("\ufffd", text[: 2 * limit]).replace("\t", _TAB)).rstrip()
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def visible(line: str) -> str:
    """A line of a file as it is, tabs and spaces included, with a sign for each letter that could not be seen."""
    text = _SURROGATES.sub("\ufffd", line.rstrip("\r"))
    return "".join(letter if letter.isprintable() or letter == "\t" else "\ufffd" for letter in text)


def spans(text: str, limit: int = 500) -> tuple[Span, ...]:
    """`plain` text, taken apart into words and the code between backticks; a backtick without its fellow is a word."""
    parts = plain(text, limit).split("`")
    if len(parts) % 2 == 0:
        parts[-2:] = ["`".join(parts[-2:])]
    found: list[Span] = []
    for number, part in enumerate(parts):
        code = bool(number % 2)
        if found and part and found[-1].code == code:
            # Nothing stood between the backticks: what they seemed to part is one text, and escaped as one.
            found[-1] = Span(found[-1].text + part, code)
        elif part:
            found.append(Span(part, code))
    return tuple(found)


def markdown(text: str, limit: int = 500) -> str:
    """Text inside a Markdown line or table cell: no markup, HTML, mention, link or further cell comes of it."""
    escaped = _PUNCTUATION.sub(r"\\\1", plain(text, limit)).replace("&", "&amp;")
    return _BLOCK.sub(_unblocked, _without_links(escaped))


def _unblocked(found: re.Match[str]) -> str:
    return f"{found[0]}{_ZERO_WIDTH}" if found[0].isdigit() else f"\\{found[0]}"


def _without_links(text: str) -> str:
    text = _AUTOLINKS.sub(lambda found: found[0] + _ZERO_WIDTH, text)
    return _COMMIT.sub(lambda found: _SHORT_OF_A_COMMIT.sub(rf"\g<0>{_ZERO_WIDTH}", found[0]), text)


def prose(text: str, limit: int = 500) -> str:
    """Like `markdown`, with code spans of what stands between backticks."""
    return marked(spans(text, limit))


def marked(parts: Iterable[Span]) -> str:
    """A line of Markdown."""
    return "".join(_linked(part) if part.href else _bare(part) for part in parts)


def _linked(part: Span) -> str:
    return f"[{_bare(part).strip()}]({part.href})"


def _bare(part: Span) -> str:
    return code(part.text) if part.code else _words(part)


def _words(part: Span) -> str:
    if not part.text.strip():
        return " " if part.text else ""
    # `markdown` would take the spaces between two parts away.
    before, after = " " * part.text.startswith(" "), " " * part.text.endswith(" ")
    mark = "**" if part.strong else ""
    return f"{before}{mark}{markdown(part.text)}{mark}{after}"


def code(text: str, limit: int = 200) -> str:
    """A code span, fit for a table cell. Nothing in it is a mention or a link."""
    text = plain(text, limit)
    if not text:
        return ""
    # GFM splits cells before it looks for code, and takes the backslash away again.
    text = text.replace("|", "\\|")
    fence = "`" * (1 + max((len(run) for run in _BACKTICKS.findall(text)), default=0))
    padding = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{padding}{text}{padding}{fence}"


def html_text(text: str, limit: int = 200) -> str:
    """Text for HTML inside of Markdown. Nothing in it is a mention or a link."""
    return _without_links(html.escape(plain(text, limit)))


def html_code(text: str, limit: int = 200) -> str:
    """A code element, for HTML inside of Markdown, where Markdown's own marks mean nothing."""
    return f"<code>{html.escape(plain(text, limit))}</code>"


def code_block(lines: tuple[str, ...], language: str = "") -> str:
    """A fenced block that nothing inside can end."""
    cleaned = [log_line(line) for line in lines]
    longest = max((len(run) for line in cleaned for run in _BACKTICKS.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}{language}", *cleaned, fence])


def url_path(path: str) -> str:
    """A path inside a URL that stands in Markdown's parentheses."""
    from urllib.parse import quote

    return quote(path.encode("utf-8", "replace"), safe="/")
