"""The command line. One of the two places where adapters are chosen (the other is `action`)."""

from __future__ import annotations

import gc
import os
import sys
import traceback
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from weighbridge import interruption
from weighbridge.core.names import one_line
from weighbridge.core.verdict import exit_status
from weighbridge.errors import MeasurementError, UsageError, WeighbridgeError
from weighbridge.model.budget import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_STATUSES = "Exit status: 0 within budget · 1 over budget · 2 wrong usage or configuration · 3 could not be measured."
_FLAG = ""
"""The metavar of an option without a value."""


def _epilog(*examples: str) -> str:
    return "\n\n".join([*(f"[bold]$ weighbridge {example}[/bold]" for example in examples), _STATUSES])


app = typer.Typer(
    name="weighbridge",
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Weighs container images: what grew, by how much, and which Dockerfile line did it.",
    epilog=_STATUSES,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Format(StrEnum):
    """How a report is printed."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"
    HTML = "html"


class Document(StrEnum):
    """What there is a JSON Schema of."""

    CONFIG = "config"
    REPORT = "report"


_BUILD = "Build"
_BUDGET = "Budget"
_REPORT = "Report"

FormatOption = Annotated[
    Format,
    typer.Option(
        "--format", help="Print it as text, markdown, json or html.", rich_help_panel=_REPORT, metavar="FORMAT"
    ),
]
OutputOption = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help="Write the report to FILE instead of stdout.",
        metavar="FILE",
        rich_help_panel=_REPORT,
    ),
]
MaxSizeOption = Annotated[
    str | None,
    typer.Option("--max-size", help="Unpacked size at most, as 200MB.", metavar="SIZE", rich_help_panel=_BUDGET),
]
MaxIncreaseOption = Annotated[
    str | None,
    typer.Option(
        "--max-increase",
        help="Growth against the base at most, as 10MB or 5%.",
        metavar="SIZE|PERCENT",
        rich_help_panel=_BUDGET,
    ),
]
FailOnOption = Annotated[
    str | None,
    typer.Option(
        "--fail-on",
        help="Verdicts that end with a failing status: a list of fail, unknown and warn, or never; "
        "fail and unknown if not given.",
        metavar="VERDICTS",
        rich_help_panel=_BUDGET,
    ),
]
MinimumChangeOption = Annotated[
    str | None,
    typer.Option(
        "--minimum-change", help="Changes below this are not worth a word.", metavar="SIZE", rich_help_panel=_BUDGET
    ),
]
ConfigOption = Annotated[
    str | None,
    typer.Option("--config", help="Configuration file instead of .weighbridge.yml.", metavar="FILE"),
]
PlatformOption = Annotated[
    str | None,
    typer.Option(
        "--platform", help="Of an image for several, as linux/arm64; this machine's if not given.", metavar="PLATFORM"
    ),
]


def _build(*names: str, text: str, metavar: str) -> typer.models.OptionInfo:
    """An option that says how to build."""
    option: typer.models.OptionInfo = typer.Option(*names, help=text, metavar=metavar, rich_help_panel=_BUILD)
    return option


ContextArgument = Annotated[
    str | None, typer.Argument(help="Build context, relative to the repository.", metavar="CONTEXT")
]
FileOption = Annotated[
    str | None, _build("--file", "-f", text="Dockerfile, relative to the repository.", metavar="FILE")
]
TargetOption = Annotated[str | None, _build("--target", text="Stage to build.", metavar="STAGE")]
BuildArgOption = Annotated[
    list[str] | None, _build("--build-arg", text="Build argument; repeatable.", metavar="KEY=VALUE")
]
NetworkOption = Annotated[str | None, _build("--network", text="Network of RUN instructions.", metavar="MODE")]


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and leave.", is_eager=True, metavar=_FLAG)
    ] = False,
) -> None:
    if version:
        from weighbridge import __version__

        typer.echo(f"weighbridge {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        context.get_help()  # prints it, as the commands' --help does
        raise typer.Exit(2)


@app.command(
    epilog=_epilog(
        "check",
        "check --base main --max-increase 10MB",
        "check services/api --head HEAD~1 --format json -o report.json",
    )
)
def check(
    context: ContextArgument = None,
    base: Annotated[
        str | None, typer.Option(help="What to compare with; a branch means the merge base with it.", metavar="REV")
    ] = None,
    head: Annotated[
        str | None, typer.Option(help="What to weigh; the work tree as it is if not given.", metavar="REV")
    ] = None,
    config: ConfigOption = None,
    file: FileOption = None,
    target: TargetOption = None,
    build_arg: BuildArgOption = None,
    build_context: Annotated[
        list[str] | None, _build("--build-context", text="Further context; repeatable.", metavar="NAME=PATH")
    ] = None,
    secret_env: Annotated[
        list[str] | None,
        _build("--secret-env", text="Secret from the environment; repeatable.", metavar="ID=VARIABLE"),
    ] = None,
    secret_file: Annotated[
        list[str] | None, _build("--secret-file", text="Secret from a file; repeatable.", metavar="ID=PATH")
    ] = None,
    ssh: Annotated[
        list[str] | None, _build("--ssh", text="SSH agent or keys for the build; repeatable.", metavar="ID[=PATH]")
    ] = None,
    cache_from: Annotated[
        list[str] | None, _build("--cache-from", text="External cache to read; repeatable.", metavar="CACHE")
    ] = None,
    cache_to: Annotated[
        list[str] | None, _build("--cache-to", text="External cache to write; repeatable.", metavar="CACHE")
    ] = None,
    platform: Annotated[
        list[str] | None, _build("--platform", text="As linux/arm64; repeatable.", metavar="PLATFORM")
    ] = None,
    network: NetworkOption = None,
    pull: Annotated[bool, _build("--pull", text="Always ask for newer base images.", metavar=_FLAG)] = False,
    no_cache: Annotated[bool, _build("--no-cache", text="Build without cache.", metavar=_FLAG)] = False,
    timeout: Annotated[
        str | None, _build("--timeout", text="How long one build may take, as 90 (seconds) or 30m.", metavar="TIME")
    ] = None,
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
    with _ending() as end:
        from weighbridge import commands

        report, failing = commands.check(given, base=base, head=head)
        commands.present(report, output_format.value, output)
        end(exit_status(report.verdict, failing))


@app.command(epilog=_epilog("compare app:1.0 app:1.1", "compare docker-archive:old.tar oci:layout --format markdown"))
def compare(
    base: Annotated[str, typer.Argument(help="Image to compare with.", metavar="BASE")],
    head: Annotated[str, typer.Argument(help="Image to weigh.", metavar="HEAD")],
    platform: PlatformOption = None,
    config: ConfigOption = None,
    max_size: MaxSizeOption = None,
    max_increase: MaxIncreaseOption = None,
    minimum_change: MinimumChangeOption = None,
    fail_on: FailOnOption = None,
    name: Annotated[
        str | None, typer.Option(help="What to call the image in the report.", metavar="NAME", rich_help_panel=_REPORT)
    ] = None,
    output_format: FormatOption = Format.TEXT,
    output: OutputOption = None,
) -> None:
    """Compares two images: REF or docker-daemon:REF, docker-archive:PATH, oci-archive:PATH, oci:DIR (with :REF)."""
    given = {
        "config": config, "max-size": max_size, "max-increase": max_increase, "minimum-change": minimum_change,
        "fail-on": fail_on,
    }  # fmt: skip
    with _ending() as end:
        from weighbridge import commands

        limits = commands.limits(given, name)
        report = commands.compare(base, head, name, limits, platform)
        commands.present(report, output_format.value, output)
        end(exit_status(report.verdict, limits.fail_on))


@app.command(epilog=_epilog("inspect app", "inspect docker-archive:app.tar --format html -o app.html"))
def inspect(
    image: Annotated[str, typer.Argument(help="Image to weigh.", metavar="IMAGE")],
    platform: PlatformOption = None,
    config: ConfigOption = None,
    dockerfile: Annotated[
        Path | None, typer.Option(help="What it was built from: for lines, and for rules that read it.", metavar="FILE")
    ] = None,
    max_size: MaxSizeOption = None,
    fail_on: FailOnOption = None,
    output_format: FormatOption = Format.TEXT,
    output: OutputOption = None,
) -> None:
    """Weighs one image, named as in `compare`: layers by line, packages, waste, largest files, findings."""
    with _ending() as end:
        from weighbridge import commands

        limits = commands.limits({"config": config, "max-size": max_size, "fail-on": fail_on})
        report = commands.inspect(image, limits, platform, dockerfile=dockerfile)
        commands.present(report, output_format.value, output, single=True)
        end(exit_status(report.verdict, limits.fail_on))


@app.command(epilog=_epilog("fix", "fix services/api --apply", "fix --format json -o fixes.json"))
def fix(
    context: ContextArgument = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Write the best fix that is verified; nothing else.", metavar=_FLAG)
    ] = False,
    minutes: Annotated[
        float, typer.Option("--minutes", min=0.1, help="How long candidates may take, all together.", metavar="MINUTES")
    ] = 20.0,
    config: ConfigOption = None,
    file: FileOption = None,
    target: TargetOption = None,
    build_arg: BuildArgOption = None,
    network: NetworkOption = None,
    minimum_change: MinimumChangeOption = None,
    output_format: FormatOption = Format.TEXT,
    output: OutputOption = None,
) -> None:
    """Finds what makes the image heavy, rewrites the Dockerfile, builds, runs and weighs it; prints what is proven."""
    given = {
        "context": context, "file": file, "target": target, "build-args": build_arg, "network": network,
        "config": config, "minimum-change": minimum_change,
    }  # fmt: skip
    with _ending() as end:
        from weighbridge import commands

        report, tree = commands.fix(given, minutes=minutes)
        commands.present_fixes(report, output_format.value, output)
        if apply:
            for path in commands.apply(report, tree):
                _complain(f"wrote {path}")
        end(exit_status(report.verdict, frozenset({Status.UNKNOWN})))


@app.command(epilog=_epilog("schema config > weighbridge.schema.json"))
def schema(
    document: Annotated[
        Document,
        typer.Argument(
            help="The configuration file, for editors; or the report, for who reads it.", metavar="config|report"
        ),
    ],
) -> None:
    """Prints a JSON Schema: of .weighbridge.yml, or of the report that --format json prints."""
    with _ending():
        from weighbridge import commands

        typer.echo(commands.schema(document.value), nl=False)


@app.command(epilog=_STATUSES)
def action() -> None:
    """What the action's container runs: everything comes from the environment."""
    with _ending() as end:
        from weighbridge.action import run

        end(run())


class _End(Exception):
    def __init__(self, status: int) -> None:
        self.status = status


def _end(status: int) -> NoReturn:
    raise _End(status)


@contextmanager
def _ending() -> Iterator[Callable[[int], NoReturn]]:
    """Turns errors and signals into one line on stderr and the documented exit status."""
    try:
        with interruption.heeded():
            yield _end
    except _End as end:
        raise typer.Exit(end.status) from None
    except WeighbridgeError as error:
        _complain(str(error))
        raise typer.Exit(error.exit_status) from None
    except KeyboardInterrupt as stop:
        _complain(f"{stop}; nothing was left behind")
        raise typer.Exit(MeasurementError.exit_status) from None
    except BrokenPipeError:
        # The reader of a pipe left; so do we, and the interpreter must not try to flush what is left.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None
    except OSError as error:
        # The machine's fault, such as a full disk: no bug.
        _complain(f"{error.filename or 'the system'}: {error.strerror or error}")
        raise typer.Exit(MeasurementError.exit_status) from None
    except Exception:
        # Status 1 would say "over budget".
        traceback.print_exc()
        _complain("this is a bug in weighbridge: please report it with the lines above")
        raise typer.Exit(MeasurementError.exit_status) from None


def _complain(text: str) -> None:
    typer.echo(f"weighbridge: {one_line(text)}", err=True)


def main() -> None:
    """The `weighbridge` command."""
    # An image is hundreds of thousands of small values without a cycle among them, which the collector would walk
    # again and again.
    gc.set_threshold(200_000, 20, 20)
    try:
        status = app(prog_name="weighbridge", standalone_mode=False)
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "weighbridge"
        message = error.format_message().rstrip(".").replace("Value error, ", "")
        _complain(f"{message[:1].lower()}{message[1:]}; see {command} --help")
        status = error.exit_code
    except OSError as error:
        _complain(f"standard output: cannot be written: {error.strerror}")
        status = UsageError.exit_status
    sys.exit(status)
