"""Builds an application's image and sees whether the program works. Everything made is removed again.

The program has no network but its own loopback: requests come from a second container in the same network namespace.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
import uuid
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support import apps
from tests.support.apps import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.support.apps import App, Smoke

BUILD_SECONDS = 1200
LIMITS = ("--network=none", "--memory=768m", "--pids-limit=512", "--security-opt=no-new-privileges")
PROBE_IMAGE = "python:3.11-slim"
LOG_LINES = "200"

# Runs inside the probe. Waits until the first port answers, then asks each request once.
PROBE = """
import json, socket, sys, time, urllib.error, urllib.request
requests, seconds, only_listen = json.loads(sys.argv[1]), float(sys.argv[2]), sys.argv[3] == "1"
deadline = time.monotonic() + seconds
while True:
    try:
        socket.create_connection(("127.0.0.1", requests[0]["port"]), timeout=2).close()
        break
    except OSError:
        if time.monotonic() > deadline:
            sys.exit(f"nothing listens on port {requests[0]['port']} after {seconds:.0f} s")
        time.sleep(0.2)
answers = []
for each in [] if only_listen else requests:
    url = f"http://127.0.0.1:{each['port']}{each['path']}"
    request = urllib.request.Request(url, data=each["body"].encode() or None, method=each["method"])
    request.add_header("Content-Type", "text/plain")
    while True:
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                answers.append([answer.status, answer.read(100_000).decode(errors="replace")])
            break
        except urllib.error.HTTPError as problem:
            answers.append([problem.code, problem.read(100_000).decode(errors="replace")])
            break
        except OSError as problem:
            if answers or time.monotonic() > deadline:
                sys.exit(f"{url}: {problem}")
            time.sleep(0.3)
print(json.dumps(answers))
"""


class SmokeFailed(Exception):
    """The program does not do what its manifest says; one line, and the end of its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one app. `size` is bytes as the engine counts them; None where no image was built."""

    name: str
    split: str
    size: int | None
    build_seconds: float
    smoke_seconds: float
    problem: str


def docker(*words: str, timeout: float = 120, stdin: str = "", check: bool = True) -> str:
    """The output of a docker command. Raises SmokeFailed with the end of what it printed when it fails."""
    try:
        done = subprocess.run(
            ["docker", *words],  # noqa: S607 - the client that `engine.py env` put on the PATH
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raise SmokeFailed(f"docker {words[0]} did not end within {timeout:.0f} s") from late
    if check and done.returncode != 0:
        raise SmokeFailed(f"docker {words[0]} failed: {_tail(done.stderr or done.stdout)}")
    return done.stdout


def build(app: App, tag: str, *, dockerfile: str | None = None, change: Callable[[Path], object] | None = None) -> None:
    """Builds the app in a copy of its folder, from another `dockerfile` or `change`d before.

    RUN steps have the machine's own network. Raises SmokeFailed.
    """
    with tempfile.TemporaryDirectory(prefix="weighbridge-app-") as folder:
        context = apps.check_out(app, Path(folder) / app.name)
        if change is not None:
            change(context)
        elif app.script and dockerfile is None:
            _run_script(app, tag, context)
            return
        written = Path(folder) / "Dockerfile"
        if dockerfile is not None:
            written.write_bytes(dockerfile.encode())
        options = [f"--file={written if dockerfile is not None else context / 'Dockerfile'}"]
        options += [f"--build-arg={name}={value}" for name, value in app.arguments.items()]
        for name, value in app.secrets.items():
            path = Path(folder) / f"secret-{name}"
            path.write_text(value)
            options.append(f"--secret=id={name},src={path}")
        docker(
            *("buildx", "build", "--progress=plain", "--provenance=false", "--load", "--network=host", f"--tag={tag}"),
            *options,
            str(context),
            timeout=BUILD_SECONDS,
        )


def _run_script(app: App, tag: str, context: Path) -> None:
    try:
        done = subprocess.run(
            [context / app.script[0], *(word.replace("{tag}", tag) for word in app.script[1:])],
            cwd=context,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=BUILD_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raise SmokeFailed(f"{app.script[0]} did not end within {BUILD_SECONDS} s") from late
    if done.returncode != 0:
        raise SmokeFailed(f"{app.script[0]} failed: {_tail(done.stderr or done.stdout)}")


def smoke(image: str, app: App) -> None:
    """Runs the image as the manifest says. Raises SmokeFailed with what was wrong."""
    wanted = app.smoke
    with _container(image, wanted) as identity:
        if wanted.serves:
            with _services(app, identity):
                _hold_answers(wanted, identity)
                _await_health(wanted, identity)
                _hold_output(wanted, identity)
        else:
            status = docker("wait", identity, timeout=wanted.timeout).strip()
            if status != str(wanted.status):
                raise SmokeFailed(f"ended with status {status}, not {wanted.status}: {_tail(_log(identity))}")
            _hold_output(wanted, identity)


@contextmanager
def _container(image: str, wanted: Smoke) -> Iterator[str]:
    options = [f"--env={name}={value}" for name, value in wanted.environment.items()]
    if wanted.healthy:
        options += ["--health-interval=1s", "--health-start-period=0s"]
    name = f"weighbridge-app-{uuid.uuid4().hex[:12]}"
    docker("create", "--interactive", f"--name={name}", *LIMITS, *options, image, *wanted.command)
    try:
        if wanted.serves:
            docker("start", name)
        else:
            # Attached, so that standard input is given and closed; the status is asked for afterwards.
            docker("start", "--attach", "--interactive", name, stdin=wanted.stdin, timeout=wanted.timeout, check=False)
        yield name
    finally:
        docker("rm", "--force", "--volumes", name, check=False)


@contextmanager
def _services(app: App, identity: str) -> Iterator[None]:
    started: list[str] = []
    limits = ("--memory=256m", "--pids-limit=64", "--security-opt=no-new-privileges")
    try:
        for service in app.smoke.services:
            options = [f"--env={name}={value}" for name, value in service.environment.items()]
            words = ("run", "--detach", f"--network=container:{identity}", *limits, *options, service.image)
            started.append(docker(*words, *service.command).strip())
            _probe(identity, [Request(port=service.port)], app.smoke.timeout, only_listen=True)
        yield
    finally:
        for each in started:
            docker("rm", "--force", "--volumes", each, check=False)


def _hold_answers(wanted: Smoke, identity: str) -> None:
    if not wanted.requests:
        return
    for request, (status, body) in zip(wanted.requests, _probe(identity, wanted.requests, wanted.timeout), strict=True):
        _hold_answer(request, status, body)


def _probe(
    identity: str, requests: Sequence[Request], seconds: int, *, only_listen: bool = False
) -> list[tuple[int, str]]:
    """The status and body of each answer, from inside the network namespace; none of them with `only_listen`."""
    asked = json.dumps([asdict(request) for request in requests])
    words = ("run", "--rm", f"--network=container:{identity}", PROBE_IMAGE, "python", "-c", PROBE)
    try:
        printed = docker(
            *(*words, asked, str(seconds), str(int(only_listen))),
            timeout=seconds + 30 * len(requests) + 30,
        )
    except SmokeFailed as failed:
        raise SmokeFailed(f"{failed}; its log: {_tail(_log(identity))}") from failed
    return [(int(status), str(body)) for status, body in json.loads(printed)]


def _hold_answer(request: Request, status: int, body: str) -> None:
    what = f"{request.method} :{request.port}{request.path}"
    if status != request.status:
        raise SmokeFailed(f"{what} answers {status}, not {request.status}: {body[:200]!r}")
    if request.contains not in body:
        raise SmokeFailed(f"{what} answers {body[:200]!r}, without {request.contains!r}")


def _await_health(wanted: Smoke, identity: str) -> None:
    if not wanted.healthy:
        return
    deadline = time.monotonic() + wanted.timeout
    while True:
        state = json.loads(docker("inspect", "--format={{json .State}}", identity))
        health = (state.get("Health") or {}).get("Status")
        if health == "healthy":
            return
        if not state["Running"] or health is None or time.monotonic() > deadline:
            raise SmokeFailed(f"not healthy but {health or state['Status']}: {_tail(json.dumps(state.get('Health')))}")
        time.sleep(0.3)


def _hold_output(wanted: Smoke, identity: str) -> None:
    missing: Sequence[str] = wanted.output
    deadline = time.monotonic() + (wanted.timeout if wanted.serves else 0)
    while True:
        log = _log(identity)
        missing = [text for text in wanted.output if text not in log]
        if not missing:
            return
        if time.monotonic() > deadline:
            raise SmokeFailed(f"its log lacks {missing[0]!r}: {_tail(log)}")
        time.sleep(0.3)


def _log(identity: str) -> str:
    done = subprocess.run(
        ["docker", "logs", "--tail", LOG_LINES, identity],  # noqa: S607
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=60,
        check=False,
    )
    return done.stdout


def _tail(text: str) -> str:
    return text.strip()[-1500:]


def measure(name: str, *, keep: bool = False) -> Outcome:
    """Builds one app, runs its smoke test, and removes the image unless it is to be kept (as weighbridge-app-NAME)."""
    app = apps.load(name)
    tag = f"weighbridge-app-{name}:{'kept' if keep else uuid.uuid4().hex[:12]}"
    size, problem, built, tested = None, "", 0.0, 0.0
    try:
        began = time.monotonic()
        build(app, tag)
        built = time.monotonic() - began
        size = int(docker("image", "inspect", "--format={{.Size}}", tag))
        began = time.monotonic()
        smoke(tag, app)
        tested = time.monotonic() - began
    except SmokeFailed as failed:
        problem = str(failed)
    finally:
        if not keep:
            docker("image", "rm", "--force", tag, check=False)
    return Outcome(name=name, split=app.split, size=size, build_seconds=built, smoke_seconds=tested, problem=problem)
