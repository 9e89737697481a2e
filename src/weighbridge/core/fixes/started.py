"""What a container starts, as the text tells it: entrypoint, command, the scripts that they name, npm's scripts."""

from __future__ import annotations

import json
import posixpath
import shlex
from typing import TYPE_CHECKING

from weighbridge.core.proof.starting import SHELLS
from weighbridge.core.rules.builds import builds, fetches, program_of
from weighbridge.core.rules.calls import Reader
from weighbridge.core.rules.replay import context_path
from weighbridge.dockerfile.shell import read_script

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from weighbridge.core.rules.calls import Call
    from weighbridge.core.rules.case import Case
    from weighbridge.core.rules.replay import Step

_WRAPPERS = {"tini": 0, "dumb-init": 0, "catatonit": 0, "exec": 0, "env": 0, "nohup": 0, "gosu": 1, "su-exec": 1}
"""Programs that start another one, and how many arguments of their own stand before it."""

_NODE = frozenset({"npm", "yarn", "pnpm"})
_NODE_OWN = frozenset({"install", "i", "ci", "add", "exec", "dlx", "config", "cache", "workspaces", "workspace", ""})
_BUILDS_AND_RUNS = {
    "go": frozenset({"run", "test"}),
    "cargo": frozenset({"run", "watch", "test"}),
    "dotnet": frozenset({"run", "watch", "test"}),
    "swift": frozenset({"run", "test"}),
    "stack": frozenset({"run"}),
    "passenger-config": frozenset({"compile-nginx-engine", "compile-agent", "install-standalone-runtime"}),
    "node-gyp": frozenset({"build", "rebuild"}),
}
_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
_DEPTH = 3


def started(case: Case) -> tuple[Call, ...]:
    """The commands of the entrypoint and of the command that hold, as far as they can be told."""
    last = {step.instruction.keyword: step for step in case.steps if step.instruction.keyword in ("ENTRYPOINT", "CMD")}
    return tuple(call for step in last.values() for call in _calls(case, step))


def builds_at_start(call: Call, done: Container[str]) -> bool:
    """Whether a command that a container runs builds something, or fetches what its image lacks.

    `done` are the programs that fetched dependencies when the image was built: what they do again finds nothing to do.
    """
    program, arguments = program_of(call)
    if program == "bundle" and arguments[:1] == ("exec",):
        program, arguments = "".join(arguments[1:2]), arguments[2:]
    verb = next((word for word in arguments if not word.startswith(("-", "$"))), "")
    if verb in _BUILDS_AND_RUNS.get(program, ()):
        return True
    if program in _NODE and verb not in _NODE_OWN:
        # Its script is read instead: `npm run prod` may as well start something.
        return False
    return builds(call) or (fetches(call) and program not in done)


def is_shell(call: Call) -> bool:
    """Whether it is a shell that waits for a person: one without a script."""
    return call.program in SHELLS and all(word.startswith("-") for word in call.argv[1:]) and not call.has("-c")


def _calls(case: Case, step: Step) -> Iterator[Call]:
    """The folder and the variables are those at the end of the file."""
    end = case.steps[-1]
    reader = Reader(environment=end.environment, folder=end.folder, script_text=lambda path: _text(case, path))
    yield from _followed(case, reader, _written(step), 0)


def _followed(case: Case, reader: Reader, text: str, depth: int) -> Iterator[Call]:
    for call in reader.calls(read_script(text).commands):
        yield call
        if depth < _DEPTH:
            for script in (_node_script(case, call), _on_path(case, call)):
                if script is not None:
                    yield from _followed(case, reader, script, depth + 1)


def _on_path(case: Case, call: Call) -> str | None:
    """The script that a command without a folder names."""
    if "/" in call.argv[0]:
        return None
    found = (_text(case, f"{folder}/{call.argv[0]}") for folder in _PATH)
    return next((text for text in found if text is not None), None)


def _written(step: Step) -> str:
    """What a shell would be given."""
    instruction = step.instruction
    if not instruction.json:
        return instruction.text
    words = _unwrapped(list(instruction.values))
    if len(words) > 2 and words[0].rpartition("/")[2] in SHELLS and words[1].startswith("-") and words[1][-1] == "c":
        return words[2]
    return shlex.join(words)


def _unwrapped(words: list[str]) -> list[str]:
    """Without what only hands on: `tini -- yarn start`."""
    for _ in range(_DEPTH):
        own = _WRAPPERS.get(words[0].rpartition("/")[2]) if words else None
        if own is None:
            break
        if "--" in words:
            words = words[words.index("--") + 1 :]
            continue
        rest = words[1:]
        while rest and (rest[0].startswith("-") or "=" in rest[0]):
            rest = rest[1:]
        words = rest[own:]
    return words


def _node_script(case: Case, call: Call) -> str | None:
    """The script of package.json that npm, yarn or pnpm is told to run."""
    program, arguments = program_of(call)
    if program not in _NODE:
        return None
    words = [word for word in arguments if not word.startswith("-")]
    if words[:1] in (["run"], ["run-script"]):
        words = words[1:]
    if not words or words[0] in _NODE_OWN:
        return None
    text = _text(case, posixpath.join(call.folder or "/", "package.json"))
    try:
        scripts = json.loads(text or "{}").get("scripts", {})
        script = scripts.get(words[0])
    except (ValueError, AttributeError, RecursionError):
        return None
    return script if isinstance(script, str) else None


def _text(case: Case, path: str) -> str | None:
    """The text of a file of the image that came from the context."""
    context = case.subject.context
    origin = context_path(path, [copy for _, copy in case.copies], case.subject) if context is not None else None
    return context.texts.get(origin) if context is not None and origin is not None else None
