"""The one owner of escaping: what comes from an image, a branch or a log becomes text, and nothing but text."""

from __future__ import annotations

import re

# Controls, and characters that reorder or hide text (bidirectional marks, zero widths, line separators).
_UNSEEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]+"
)
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_PUNCTUATION = re.compile(r"([\\`*_\[\]<>|~$!^={}])")
# What GitHub makes links of after Markdown: mentions, issues, addresses, commits.
_AUTOLINKS = re.compile(
    r"(@)(?=[\w-])|(#)(?=\d)|\b(GH)(?=-\d)|(:)(?=//)|\b(www)(?=\.)|\b([0-9a-f]{3})(?=[0-9a-f]{4,61}\b)|(mailto|xmpp)(?=:)",
    re.IGNORECASE,
)
_ZERO_WIDTH = "\u200b"
_BACKTICKS = re.compile(r"`+")


def plain(text: str, limit: int = 500) -> str:
    """One line of valid, visible text of at most `limit` characters; the middle is cut, since both ends tell most."""
    text = _SURROGATES.sub("\ufffd", text[: 4 * limit] if len(text) > 8 * limit else text)
    text = " ".join(_UNSEEN.sub(" ", text).split())
    if len(text) <= limit:
        return text
    tail = limit // 3
    return f"{text[: limit - tail - 1]}…{text[-tail:]}"


def markdown(text: str, limit: int = 500) -> str:
    """Text inside a Markdown line or table cell: no markup, HTML, mention, link or further cell comes of it."""
    escaped = _PUNCTUATION.sub(r"\\\1", plain(text, limit)).replace("&", "&amp;")
    return _AUTOLINKS.sub(lambda found: found[0] + _ZERO_WIDTH, escaped)


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


def code_block(lines: tuple[str, ...], language: str = "") -> str:
    """A fenced block that nothing inside can end."""
    cleaned = [_SURROGATES.sub("\ufffd", _UNSEEN.sub(" ", line))[:500] for line in lines]
    longest = max((len(run) for line in cleaned for run in _BACKTICKS.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}{language}", *cleaned, fence])


def url_path(path: str) -> str:
    """A path inside a URL that stands in Markdown's parentheses."""
    from urllib.parse import quote

    return quote(path.encode("utf-8", "replace"), safe="/")
