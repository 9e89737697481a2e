"""The GitHub Actions runner: workflow commands on standard output, and the files that it reads after a step.

Outside Actions the same calls give plain text, and there are no files to write.
Commands: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import threading
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SUMMARY_LIMIT = 1024 * 1024
"""Bytes of a step's summary at most: GitHub drops a larger one whole."""

_CUT = "\n\n_Cut here: a summary holds 1 MiB at most._\n"
_OUTPUT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_ZERO_WIDTH = "\u200b"


class Runner:
    """Speaks to the runner through `stream`; `environ` tells whether there is one and which files it reads.

    Lines may come from several threads.
    """

    def __init__(self, environ: Mapping[str, str], stream: TextIO) -> None:
        self._environ = environ
        self._stream = stream
        self._lock = threading.RLock()
        self._untrusted = False

    @property
    def in_actions(self) -> bool:
        """Whether a runner listens."""
        return self._environ.get("GITHUB_ACTIONS") == "true"

    def line(self, text: str) -> None:
        """Writes text as it is, line by line; none of them is taken for a command."""
        with self._lock:
            for line in text.splitlines() or [""]:
                self._write(line if self._untrusted or not self.in_actions else _defused(line))

    @contextlib.contextmanager
    def group(self, title: str) -> Iterator[None]:
        """Folds what is written inside. Groups don't nest."""
        if self.in_actions:
            self._command("group", _one_line(title))
        else:
            self.line(_one_line(title))
        try:
            yield
        finally:
            if self.in_actions:
                self._command("endgroup", "")

    @contextlib.contextmanager
    def untrusted(self) -> Iterator[None]:
        """Lines inside may say anything, also `::add-mask::`: no command is obeyed until a secret word comes."""
        if not self.in_actions:
            yield
            return
        word = f"weighbridge-{secrets.token_hex(16)}"
        self._command("stop-commands", word)
        self._untrusted = True
        try:
            yield
        finally:
            self._untrusted = False
            self._command(word, "")

    def mask(self, secret: str) -> None:
        """Keeps a secret out of the log from here on: the whole of it and each of its lines."""
        if self.in_actions:
            for value in dict.fromkeys([secret, *secret.splitlines()]):
                if value.strip():
                    self._command("add-mask", value)

    def error(
        self, message: str, *, file: str | None = None, line: int | None = None, title: str | None = None
    ) -> None:
        """An annotation, at a line of a file of the repository if given."""
        self._annotate("error", message, file, line, title)

    def warning(
        self, message: str, *, file: str | None = None, line: int | None = None, title: str | None = None
    ) -> None:
        """A milder annotation."""
        self._annotate("warning", message, file, line, title)

    def notice(
        self, message: str, *, file: str | None = None, line: int | None = None, title: str | None = None
    ) -> None:
        """The mildest annotation."""
        self._annotate("notice", message, file, line, title)

    def summary(self, markdown: str) -> bool:
        """Adds to the summary of the job, cut where it would get too long. False, with a warning, if that fails."""
        path = self._file("GITHUB_STEP_SUMMARY")
        if path is None:
            return False
        try:
            room = SUMMARY_LIMIT - (path.stat().st_size if path.exists() else 0)
            return self._append(path, _bounded(_encodable(markdown).rstrip("\n") + "\n", room))
        except OSError as error:
            return self._unwritable("job summary", path, error)

    def outputs(self, values: Mapping[str, str]) -> bool:
        """Sets the outputs of the step that action.yml names. False, with a warning, if they can not be written."""
        for name in values:
            if not _OUTPUT_NAME.fullmatch(name):
                raise ValueError(f"{name!r} is no name of an output")
        path = self._file("GITHUB_OUTPUT")
        if path is None:
            return False
        # Nobody who wrote a value could know the word, so nobody can end the value early and set another output.
        word = f"weighbridge-{secrets.token_hex(16)}"
        text = "".join(f"{name}<<{word}\n{_encodable(value)}\n{word}\n" for name, value in values.items())
        try:
            return self._append(path, text)
        except OSError as error:
            return self._unwritable("outputs", path, error)

    def _annotate(self, kind: str, message: str, file: str | None, line: int | None, title: str | None) -> None:
        if not self.in_actions:
            place = f"{file}:{line}: " if file and line else f"{file}: " if file else ""
            self.line(f"{kind}: {place}{message}")
            return
        properties = {"title": title, "file": file, "line": None if line is None else str(line)}
        self._command(kind, message, {name: value for name, value in properties.items() if value is not None})

    def _command(self, name: str, message: str, properties: Mapping[str, str] | None = None) -> None:
        pairs = ",".join(f"{key}={_escaped_property(value)}" for key, value in (properties or {}).items())
        with self._lock:
            self._write(f"::{name}{f' {pairs}' if pairs else ''}::{_escaped(message)}")

    def _write(self, line: str) -> None:
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        self._stream.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        self._stream.flush()

    def _file(self, variable: str) -> Path | None:
        path = self._environ.get(variable)
        return Path(path) if path else None

    @staticmethod
    def _append(path: Path, text: str) -> bool:
        """All of the text or nothing: half a value would fail the step, however well everything else went."""
        rest = text.encode()
        with path.open("ab", buffering=0) as file:
            before = file.seek(0, os.SEEK_END) if file.seekable() else None
            try:
                while rest:
                    rest = rest[file.write(rest) :]
            except OSError:
                if before is not None:
                    file.truncate(before)
                raise
        return True

    def _unwritable(self, what: str, path: Path, error: OSError) -> bool:
        self.warning(f"could not write the {what} to {path}: {error.strerror or error}")
        return False


def _escaped(text: str) -> str:
    return _encodable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped_property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def _defused(line: str) -> str:
    """A line that is no command, neither in the present syntax (`::name::`) nor in the old one (`##[name]`)."""
    line = line.replace("##[", f"#{_ZERO_WIDTH}#[")
    return f"{_ZERO_WIDTH}{line}" if line.lstrip().startswith("::") else line


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def _bounded(text: str, room: int) -> str:
    data = text.encode()
    if len(data) <= room:
        return text
    kept = data[: max(0, room - len(_CUT.encode()))]
    # Whole lines only, so that no table row or tag is torn.
    kept = kept[: kept.rfind(b"\n") + 1]
    return kept.decode() + _CUT if len(kept) + len(_CUT.encode()) <= room else ""
