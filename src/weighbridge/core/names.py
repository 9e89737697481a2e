"""Names from images and branches, made fit to print: one line, no control characters, valid Unicode, bounded."""

from __future__ import annotations


def shown_path(path: str) -> str:
    """A path of a file tree as people write it: with a leading slash, bytes that are not UTF-8 as `\\xNN`.

    Nothing else changes, so that different paths stay different; escaping is the renderers' part.
    """
    absolute = path if path.startswith("/") else f"/{path}"
    try:
        absolute.encode()
    except UnicodeEncodeError:
        return absolute.encode(errors="surrogateescape").decode(errors="backslashreplace")
    return absolute


def one_line(text: str) -> str:
    """`text` with runs of white space as one space and every character that cannot be seen as its escape."""
    words = " ".join(text.split())
    if words.isprintable():
        return words
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in words)


def clipped(text: str, limit: int) -> str:
    """`text` as one line of at most `limit` characters, the last an ellipsis where something was cut."""
    line = one_line(text[: 4 * limit])
    if len(line) <= limit and len(text) <= 4 * limit:
        return line
    return line[: limit - 1].rstrip() + "…"


def clipped_path(path: str, limit: int) -> str:
    """A path of at most `limit` characters; the middle goes first, since both ends tell most."""
    line = one_line(shown_path(path))
    if len(line) <= limit:
        return line
    tail = limit // 2
    return f"{line[: limit - tail - 1]}…{line[-tail:]}"


def quoted(text: str) -> str:
    """`text` between backticks: how code is told from words in one line of plain text."""
    return "`" + text.replace("`", "'") + "`"
