"""The command line. One of the two places where adapters are chosen (the other is `action`)."""

from __future__ import annotations

import gc
import os
import signal
import sys
import traceback
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from weighbridge.core.names import one_line
from weighbridge.core.verdict import exit_status
from weighbridge.errors import Interrupted, MeasurementError, WeighbridgeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

app = typer.Typer(
    name="weighbridge",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Weighs container images: what grew, by how much, and which Dockerfile line did it.",
    epilog="Exit status: 0 within budget · 1 over budget · 2 wrong usage or configuration · 3 could not be measured.",
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Format(StrEnum):
    """How a report is printed."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"
    HTML = "html"


FormatOption = Annotated[Format, typer.Option("--format", help="How to print the report.")]
OutputOption = Annotated[
    Path | None, typer.Option("--output", "-o", help="Write the report to FILE instead of stdout.", metavar="FILE")
]
MaxSizeOption = Annotated[
    str | None, typer.Option("--max-size", help="Budget: unpacked size, as 200MB.", metavar="SIZE")
]
MaxIncreaseOption = Annotated[
    str | None,
    typer.Option("--max-increase", help="Budget: growth against the base, as 10MB or 5%.", metavar="SIZE|PERCENT"),
]
FailOnOption = Annotated[
    str | None,
    typer.Option("--fail-on", help="Verdicts that end with a failing status: fail, unknown, warn, or never."),
]
MinimumChangeOption = Annotated[
    str | None, typer.Option("--minimum-change", help="Changes below this are not worth a word.", metavar="SIZE")
]
PlatformOption = Annotated[
    str | None,
    typer.Option("--platform", help="Of an image for several, as linux/arm64; this machine's if not given."),
]
ListOption = list[str] | None


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and leave.", is_eager=True)] = False,
) -> None:
    if version:
        from weighbridge import __version__

        typer.echo(f"weighbridge {__version__}")
        raise typer.Exit


@app.command()
def check(
    context: Annotated[str | None, typer.Argument(help="Build context, relative to the repository.")] = None,
    base: Annotated[
        str | None, typer.Option(help="What to compare with; a branch means the merge base with it.", metavar="REV")
    ] = None,
    head: Annotated[
        str | None, typer.Option(help="What to weigh; the work tree as it is if not given.", metavar="REV")
    ] = None,
    file: Annotated[str | None, typer.Option("--file", "-f", help="Dockerfile, relative to the repository.")] = None,
    target: Annotated[str | None, typer.Option(help="Stage to build.")] = None,
    build_arg: Annotated[ListOption, typer.Option(help="Build argument KEY=value; repeatable.")] = None,
    build_context: Annotated[ListOption, typer.Option(help="Further context NAME=PATH; repeatable.")] = None,
    secret_env: Annotated[ListOption, typer.Option(help="Secret from the environment ID=VARIABLE.")] = None,
    secret_file: Annotated[ListOption, typer.Option(help="Secret from a file ID=PATH; repeatable.")] = None,
    ssh: Annotated[ListOption, typer.Option(help="SSH agent or keys for the build; repeatable.")] = None,
    cache_from: Annotated[ListOption, typer.Option(help="External cache to read; repeatable.")] = None,
    cache_to: Annotated[ListOption, typer.Option(help="External cache to write; repeatable.")] = None,
    platform: Annotated[ListOption, typer.Option(help="Platform, as linux/arm64; repeatable.")] = None,
    network: Annotated[str | None, typer.Option(help="Network of RUN instructions.")] = None,
    pull: Annotated[bool, typer.Option("--pull", help="Always ask for newer base images.")] = False,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Build without cache.")] = False,
    timeout: Annotated[str | None, typer.Option(help="Seconds that one build may take.")] = None,
    config: Annotated[str | None, typer.Option(help="Configuration file instead of .weighbridge.yml.")] = None,
    max_size: MaxSizeOption = None,
    max_increase: MaxIncreaseOption = None,
    minimum_change: MinimumChangeOption = None,
    fail_on: FailOnOption = None,
    output_format: FormatOption = Format.TEXT,
    output: OutputOption = None,
) -> None:
    """Builds both revisions of a git repository and compares them."""
    given = {
        "context": context, "file": file, "target": target, "build-args": build_arg, "build-contexts": build_context,
        "secret-envs": secret_env, "secret-files": secret_file, "ssh": ssh, "cache-from": cache_from,
        "cache-to": cache_to, "platforms": platform, "network": network, "pull": pull or None,
        "no-cache": no_cache or None, "timeout": timeout, "config": config, "max-size": max_size,
        "max-increase": max_increase, "minimum-change": minimum_change, "fail-on": fail_on,
    }  # fmt: skip
    from weighbridge import commands

    with _ending() as end:
        report, failing = commands.check(
            {key: value for key, value in given.items() if value is not None}, base=base, head=head
        )
        commands.present(report, output_format.value, output)
        end(exit_status(report.verdict, failing))


@app.command()
def compare(
    base: Annotated[str, typer.Argument(help="Image to compare with.", metavar="BASE")],
    head: Annotated[str, typer.Argument(help="Image to weigh.", metavar="HEAD")],
    name: Annotated[str | None, typer.Option(help="What to call the image in the report.")] = None,
    platform: PlatformOption = None,
    max_size: MaxSizeOption = None,
    max_increase: MaxIncreaseOption = None,
    minimum_change: MinimumChangeOption = None,
    fail_on: FailOnOption = None,
    output_format: FormatOption = Format.TEXT,
    output: OutputOption = None,
) -> None:
    """Compares two images: REF or docker-daemon:REF, docker-archive:PATH, oci-archive:PATH, oci:DIR (with :REF)."""
    from weighbridge import commands

    with _ending() as end:
        limits = commands.limits(
            {"max-size": max_size, "max-increase": max_increase, "minimum-change": minimum_change, "fail-on": fail_on},
            name,
        )
        report = commands.compare(base, head, name, limits, platform)
        commands.present(report, output_format.value, output)
        end(exit_status(report.verdict, limits.fail_on))


@app.command()
def inspect(
    image: Annotated[str, typer.Argument(help="Image to weigh.", metavar="IMAGE")],
    platform: PlatformOption = None,
    max_size: MaxSizeOption = None,
    fail_on: FailOnOption = None,
    output_format: FormatOption = Format.TEXT,
    output: OutputOption = None,
) -> None:
    """Weighs one image: layers by line, packages, waste, largest files."""
    from weighbridge import commands

    with _ending() as end:
        limits = commands.limits({"max-size": max_size, "fail-on": fail_on})
        report = commands.inspect(image, limits, platform)
        commands.present(report, output_format.value, output, single=True)
        end(exit_status(report.verdict, limits.fail_on))


@app.command()
def action() -> None:
    """What the action's container runs: everything comes from the environment."""
    from weighbridge.action import run

    with _ending() as end:
        end(run())


class _End(Exception):
    def __init__(self, status: int) -> None:
        self.status = status


def _end(status: int) -> NoReturn:
    raise _End(status)


@contextmanager
def _ending() -> Iterator[Callable[[int], NoReturn]]:
    """Turns errors and signals into one line on stderr and the documented exit status."""
    previous = signal.signal(signal.SIGTERM, _interrupted)
    try:
        yield _end
    except _End as end:
        raise typer.Exit(end.status) from None
    except WeighbridgeError as error:
        _complain(error)
        raise typer.Exit(error.exit_status) from None
    except KeyboardInterrupt:
        _complain(Interrupted("interrupted; nothing was left behind"))
        raise typer.Exit(Interrupted.exit_status) from None
    except typer.Exit:
        raise
    except BrokenPipeError:
        # The reader of a pipe left; so do we, and the interpreter must not try to flush what is left.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None
    except Exception:
        # Status 1 would say "over budget".
        traceback.print_exc()
        _complain(MeasurementError("this is a bug in weighbridge: please report it with the lines above"))
        raise typer.Exit(MeasurementError.exit_status) from None
    finally:
        signal.signal(signal.SIGTERM, previous)


def _interrupted(number: int, _frame: FrameType | None) -> None:
    raise Interrupted(f"stopped by {signal.Signals(number).name}; nothing was left behind")


def _complain(error: Exception) -> None:
    typer.echo(f"weighbridge: {one_line(str(error))}", err=True)


def main() -> None:
    """The `weighbridge` command."""
    # An image is hundreds of thousands of small values without a cycle among them, which the collector would walk
    # again and again.
    gc.set_threshold(200_000, 20, 20)
    app()
