"""The command as a shell starts it, where no engine is needed: help, usage, formats, files, pipes, completion."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import threading
from typing import TYPE_CHECKING

import jsonschema
import pytest

from tests.support.archives import archive, docker_archive, recipe, tagged
from tests.support.command import Ran, command, run
from tests.support.git import create
from tests.support.limits import WITHOUT_RIGHTS
from weighbridge.cli import main
from weighbridge.core import wire

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Here = Callable[..., Ran]

COMMANDS = ("check", "compare", "inspect", "fix", "bases", "schema", "action")


@pytest.fixture
def app(tmp_path: Path) -> str:
    """An archive as a name."""
    made = tagged(recipe("COPY / /\n    bin/app 3000\nRUN more\n    lib/more 20000\n"), "app:1")
    return f"docker-archive:{archive(docker_archive(made), tmp_path / 'app.tar')}"


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """Runs the command in this process, which takes less time."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")

    def call(*words: str) -> Ran:
        monkeypatch.setattr("sys.argv", ["weighbridge", *words])
        with pytest.raises(SystemExit) as end:
            main()
        out, err = capsys.readouterr()
        return Ran(status=int(end.value.code or 0), out=out, err=err)

    return call


@pytest.mark.parametrize("words", [("--help",), ("-h",), *((name, "--help") for name in COMMANDS)])
def test_help_is_printed_and_ends_well(words: tuple[str, ...], here: Here) -> None:
    ran = here(*words)

    assert (0, "") == (ran.status, ran.err)
    assert "Usage: weighbridge" in ran.out


@pytest.mark.parametrize("name", ["check", "compare", "inspect"])
def test_help_groups_options_and_gives_examples_and_exit_statuses(name: str, here: Here) -> None:
    shown = here(name, "--help").out

    build = ["Build"] if name == "check" else []
    assert ["Arguments", "Options", *build, "Budget", "Report"] == re.findall(r"╭─ (\w+) ─", shown)
    assert f"$ weighbridge {name} " in shown
    assert "3 could not be measured" in " ".join(shown.split())


def test_without_a_command_help_is_printed_and_it_is_wrong_usage(here: Here) -> None:
    ran = here()

    assert (2, "") == (ran.status, ran.err)
    assert "Commands" in ran.out


def test_the_version_is_one_line(here: Here) -> None:
    assert re.fullmatch(r"weighbridge \d+\.\d+\.\S+\n", here("--version").out)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--nope",), "no such option: --nope; see weighbridge --help"),
        (("check", "--nope"), "no such option: --nope (Possible options: --no-cache); see weighbridge check --help"),
        (("frob",), "no such command 'frob'; see weighbridge --help"),
        (("compare", "a"), "missing argument 'HEAD'; see weighbridge compare --help"),
        (("inspect", "a", "--format", "x"), "invalid value for '--format': 'x' is not one of"),
        (("inspect", "UPPER"), "'UPPER' does not name an image"),
        (("inspect", "docker-archive:nope.tar"), "docker-archive:nope.tar: there is no nope.tar"),
        (("inspect", "a", "--max-size", "x"), "--max-size: must be a size such as 250MB"),
        (("inspect", "a", "--config", "nope.yml"), "--config: there is no file nope.yml in"),
        (("check", "--platform", "x"), "--platform: must be platforms such as linux/amd64"),
        (("check", "--build-arg", "1=2"), "--build-arg: must be lines of the form KEY=value"),
        (("check", "../.."), "CONTEXT: must not leave the repository"),
    ],
)
def test_wrong_usage_is_one_line_on_stderr_that_names_the_option(
    words: tuple[str, ...], said: str, here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(create(tmp_path / "repository").path)

    ran = here(*words)

    assert (2, "") == (ran.status, ran.out)
    assert 1 == len(ran.err.splitlines())
    assert ran.err.startswith("weighbridge: ")
    assert said in ran.err


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("unix:///nonexistent/docker.sock", "no container engine at unix:///nonexistent/docker.sock: start Docker"),
        ("tcp://127.0.0.1:9", "the container engine at tcp://127.0.0.1:9 does not answer"),
        ("nonsense", "the container engine at nonsense does not answer"),
    ],
)
def test_no_engine_is_one_line(host: str, said: str) -> None:
    ran = run("inspect", "app:1", environ={"DOCKER_HOST": host})

    assert (3, "") == (ran.status, ran.out)
    assert 1 == len(ran.err.splitlines())
    assert said in ran.err


def test_no_permission_on_the_socket_is_one_line(tmp_path: Path) -> None:
    import socket

    with socket.socket(socket.AF_UNIX) as listening:
        # A path of its own: pytest's folders are too long for a socket's address.
        path = f"/tmp/weighbridge-{os.getpid()}.sock"
        listening.bind(path)
        listening.listen()
        try:
            os.chmod(path, 0)  # noqa: PTH101 - a socket, which is no Path to open
            ran = run("inspect", "app:1", environ={"DOCKER_HOST": f"unix://{path}"}, before=WITHOUT_RIGHTS)
        finally:
            os.unlink(path)  # noqa: PTH108 - as above

    assert (3, "") == (ran.status, ran.out)
    assert f"weighbridge: no permission on unix://{path}: run as root or as a member of the socket's group\n" == ran.err


def test_json_on_stdout_is_one_document_of_the_schema(app: str, here: Here) -> None:
    inspected, compared = here("inspect", app, "--format", "json"), here("compare", app, app, "--format", "json")

    schema = json.loads(wire.shipped_schema())
    jsonschema.validate(json.loads(compared.out), schema)
    image = json.loads(inspected.out)
    jsonschema.validate(image, {"$defs": schema["$defs"], "$ref": "#/$defs/Image"})
    assert 23_000 == image["head"]["size"]
    assert ("", "") == (inspected.err, compared.err)


@pytest.mark.parametrize(
    ("form", "begins"), [("text", "docker-archive:"), ("markdown", "###"), ("json", "{"), ("html", "<!doctype html>")]
)
@pytest.mark.parametrize("verb", [("inspect",), ("compare", "base")])
def test_every_report_comes_in_every_format_on_stdout_or_in_a_file(
    verb: tuple[str, ...], form: str, begins: str, app: str, here: Here, tmp_path: Path
) -> None:
    words = (verb[0], *([app] * len(verb)), "--format", form)

    printed = here(*words)
    written = here(*words, "-o", str(tmp_path / "report"))

    assert (0, 0, "", "", "") == (printed.status, written.status, printed.err, written.err, written.out)
    # An image compared with itself is one quiet line, without a heading.
    quiet = form == "markdown" and verb[0] == "compare"
    assert printed.out.startswith("🟢 " if quiet else begins)
    assert printed.out == (tmp_path / "report").read_text()


def test_an_image_is_unchanged_against_itself(app: str, here: Here) -> None:
    assert "is unchanged at 23.0 kB" in here("compare", app, app).out.splitlines()[0]


def test_over_budget_is_status_1_and_unless_it_does_not_count(app: str, here: Here) -> None:
    assert (1, 0) == tuple(
        here("inspect", app, "--max-size", "1kB", *more).status for more in ((), ("--fail-on", "never"))
    )


@pytest.mark.parametrize("where", ["no/such/folder", ".", "/dev/full"])
def test_a_file_that_cannot_be_written_is_one_line_and_not_half_there(
    where: str, app: str, here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    ran = here("inspect", app, "--format", "html", "-o", where)

    assert (2, "") == (ran.status, ran.out)
    assert re.fullmatch(rf"weighbridge: {where}: cannot be written: [\w ]+\n", ran.err)
    assert ["app.tar"] == [path.name for path in tmp_path.iterdir()]


def test_a_reader_that_leaves_early_is_no_error(app: str) -> None:
    shell = f"{' '.join(command('inspect', app, '--format', 'html'))} | head -c 1; echo ${{PIPESTATUS[0]}}"
    ran = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, timeout=60)  # noqa: S607

    assert ("<0\n", "") == (ran.stdout, ran.stderr)


def test_standard_output_that_is_full_or_closed_is_one_line(app: str) -> None:
    for redirection in (">/dev/full", ">&-"):
        ran = subprocess.run(
            ["bash", "-c", f"{' '.join(command('inspect', app))} {redirection}"],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=60,
        )

        assert 2 == ran.returncode
        assert re.fullmatch(r"weighbridge: standard output: cannot be written: [\w ]+\n", ran.stderr)


def on_a_terminal(*words: str, environ: dict[str, str] | None = None, output_too: bool = False) -> tuple[str, str]:
    """stdout and stderr, of which stderr, or both, are a terminal."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        command(*words),
        stdout=follower if output_too else subprocess.PIPE,
        stderr=follower,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "TERM": "xterm", **(environ or {})},
    )
    os.close(follower)
    shown = bytearray()

    def watch() -> None:
        while True:
            try:
                data = os.read(leader, 65536)
            except OSError:  # the last one has left
                return
            shown.extend(data)

    watcher = threading.Thread(target=watch)
    watcher.start()
    with process:
        out = process.stdout.read() if process.stdout else b""
    watcher.join()
    os.close(leader)
    return out.decode(), shown.decode()


def test_progress_goes_to_a_terminal_on_stderr_and_leaves_stdout_to_the_report(app: str) -> None:
    out, err = on_a_terminal("inspect", app, "--format", "json")

    assert 23_000 == json.loads(out)["head"]["size"]
    assert f"weighing {app}"[:50] in err
    assert err.endswith("\x1b[2K")  # the line is taken away again


def test_colour_is_for_terminals_and_can_be_switched_off(app: str) -> None:
    _, coloured = on_a_terminal("inspect", app, output_too=True)
    _, plain = on_a_terminal("inspect", app, output_too=True, environ={"NO_COLOR": "1"})

    assert re.search(r"\x1b\[[0-9;]*m", coloured)
    assert not re.search(r"\x1b\[[0-9;]*m", plain)
    assert "\x1b" not in run("inspect", app).out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_get_a_completion_script(shell: str) -> None:
    ran = run(environ={"_WEIGHBRIDGE_COMPLETE": f"source_{shell}"})

    assert f"_WEIGHBRIDGE_COMPLETE=complete_{shell}" in ran.out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["che"], "check"),
        (["check", "--max-"], "--max-size --max-increase"),
        (["inspect", "--format", ""], "text markdown json html"),
    ],
)
def test_bash_completes_commands_options_and_choices(words: list[str], expected: str, tmp_path: Path) -> None:
    program = tmp_path / "weighbridge"
    program.write_text(f'#!/bin/sh\nexec {" ".join(command())} "$@"\n')
    program.chmod(0o755)
    script = run(environ={"_WEIGHBRIDGE_COMPLETE": "source_bash"}).out
    typed = " ".join(f"'{word}'" for word in ["weighbridge", *words])
    asked = f"{script}\nCOMP_WORDS=({typed}); COMP_CWORD={len(words)}; _weighbridge_completion weighbridge\n"

    ran = subprocess.run(
        ["bash", "-c", asked + 'echo "${COMPREPLY[@]}"'],  # noqa: S607 - the bash on the PATH
        env={**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert f"{expected}\n" == ran.stdout


def test_bases_that_cannot_be_compared_are_told_in_one_line(
    here: Here, app: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    archived = here("bases", app)
    assert (2, "") == (archived.status, archived.out)
    assert archived.err.endswith("only an image of the engine can be run: load it with docker load\n")

    (tmp_path / ".weighbridge.yml").write_text('bases: ["Not A Name"]\n')
    unnamed = here("bases", "app:1")
    assert (2, 1) == (unnamed.status, unnamed.err.count("\n"))
    assert "bases: 'Not A Name' does not name an image" in unnamed.err
