"""How an image is tried: by what the repository says, or by what the image itself tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.core.proof.http import health_urls
from weighbridge.core.proof.starting import SHELLS
from weighbridge.model.behaviour import Request, Trial

if TYPE_CHECKING:
    from weighbridge.model.behaviour import Seen, Smoke
    from weighbridge.model.image import ImageConfig

# Without a terminal they read the end of their input, and end: that shows nothing of the image.
_OTHER_PROMPTS = "python node irb php perl jshell ghci julia r erl iex lua"
_PROMPTS = SHELLS | frozenset(_OTHER_PROMPTS.split())
_INFORMATION = ("--version", "--help")


def first_trial(config: ImageConfig, smoke: Smoke) -> Trial:
    """The container as it is started, with the requests that are known before it runs."""
    told = {request.path for request in smoke.requests if request.method == "GET"}
    asked = tuple(Request(path=path, port=port) for port, path in health_urls(config.health_check) if path not in told)
    if smoke.command is None:
        return Trial(title="the command", requests=(*smoke.requests, *asked))
    return Trial(title="the smoke test's command", command=smoke.command, requests=(*smoke.requests, *asked))


def further_trials(config: ImageConfig, smoke: Smoke, seen: Seen) -> tuple[Trial, ...]:
    """What more is tried where the command just ended: a tool is asked for its version and its help."""
    if smoke.given or seen.alive or seen.refusal or (seen.status == 0 and (seen.stdout or seen.stderr)):
        return ()
    argv = (*config.entrypoint, *config.command)
    if not argv or _is_prompt(argv[0]):
        return ()
    if config.entrypoint:
        return tuple(Trial(title=word, command=(word,), explore=False) for word in _INFORMATION)
    return tuple(Trial(title=word, command=(config.command[0], word), explore=False) for word in _INFORMATION)


def is_interactive(config: ImageConfig) -> bool:
    """Whether the image starts a shell or the prompt of an interpreter, or nothing."""
    argv = [word for word in (*config.entrypoint, *config.command) if not word.startswith("-")]
    # The official images' entrypoint script hands on to the interpreter.
    words = [word for word in argv if word.rpartition("/")[2] != "docker-entrypoint.sh"]
    return not words or (len(words) == 1 and _is_prompt(words[0]))


def _is_prompt(word: str) -> bool:
    return word.rpartition("/")[2].rstrip("0123456789.").lower() in _PROMPTS
