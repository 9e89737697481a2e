"""`check`, `compare` and `inspect`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from weighbridge.cli.base import FLAG, app, epilog
from weighbridge.cli.ending import ending
from weighbridge.cli.options import (
    REPORT,
    BuildArgOption,
    ConfigOption,
    ContextArgument,
    FailOnOption,
    FileOption,
    Format,
    FormatOption,
    MaxIncreaseOption,
    MaxSizeOption,
    MinimumChangeOption,
    NetworkOption,
    OutputOption,
    PlatformOption,
    TargetOption,
    build_option,
)
from weighbridge.core.verdict import exit_status


@app.command(
    epilog=epilog(
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
        list[str] | None, build_option("--build-context", text="Further context; repeatable.", metavar="NAME=PATH")
    ] = None,
    secret_env: Annotated[
        list[str] | None,
        build_option("--secret-env", text="Secret from the environment; repeatable.", metavar="ID=VARIABLE"),
    ] = None,
    secret_file: Annotated[
        list[str] | None, build_option("--secret-file", text="Secret from a file; repeatable.", metavar="ID=PATH")
    ] = None,
    ssh: Annotated[
        list[str] | None,
        build_option("--ssh", text="SSH agent or keys for the build; repeatable.", metavar="ID[=PATH]"),
    ] = None,
    cache_from: Annotated[
        list[str] | None, build_option("--cache-from", text="External cache to read; repeatable.", metavar="CACHE")
    ] = None,
    cache_to: Annotated[
        list[str] | None, build_option("--cache-to", text="External cache to write; repeatable.", metavar="CACHE")
    ] = None,
    platform: Annotated[
        list[str] | None, build_option("--platform", text="As linux/arm64; repeatable.", metavar="PLATFORM")
    ] = None,
    network: NetworkOption = None,
    pull: Annotated[bool, build_option("--pull", text="Always ask for newer base images.", metavar=FLAG)] = False,
    build_base: Annotated[
        bool, typer.Option("--build-base", help="Build the base even where its weight is recorded.", metavar=FLAG)
    ] = False,
    fix: Annotated[
        bool,
        typer.Option("--fix", help="Look for a smaller Dockerfile and prove it, as fix does.", metavar=FLAG),
    ] = False,
    no_cache: Annotated[bool, build_option("--no-cache", text="Build without cache.", metavar=FLAG)] = False,
    timeout: Annotated[
        str | None,
        build_option("--timeout", text="How long one build may take, as 90 (seconds) or 30m.", metavar="TIME"),
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
        "max-increase": max_increase, "minimum-change": minimum_change, "fail-on": fail_on, "fix": fix or None,
        "recorded-base": False if build_base else None,
    }  # fmt: skip
    with ending() as end:
        from weighbridge import commands

        report, failing = commands.check(given, base=base, head=head)
        commands.present(report, output_format.value, output)
        end(exit_status(report.verdict, failing))


@app.command(epilog=epilog("compare app:1.0 app:1.1", "compare docker-archive:old.tar oci:layout --format markdown"))
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
        str | None, typer.Option(help="What to call the image in the report.", metavar="NAME", rich_help_panel=REPORT)
    ] = None,
    output_format: FormatOption = Format.TEXT,
    output: OutputOption = None,
) -> None:
    """Compares two images: REF or docker-daemon:REF, docker-archive:PATH, oci-archive:PATH, oci:DIR (with :REF)."""
    given = {
        "config": config, "max-size": max_size, "max-increase": max_increase, "minimum-change": minimum_change,
        "fail-on": fail_on,
    }  # fmt: skip
    with ending() as end:
        from weighbridge import commands

        limits = commands.limits(given, name)
        report = commands.compare(base, head, name, limits, platform)
        commands.present(report, output_format.value, output)
        end(exit_status(report.verdict, limits.fail_on))


@app.command(epilog=epilog("inspect app", "inspect docker-archive:app.tar --format html -o app.html"))
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
    with ending() as end:
        from weighbridge import commands

        limits = commands.limits({"config": config, "max-size": max_size, "fail-on": fail_on})
        report = commands.inspect(image, limits, platform, dockerfile=dockerfile)
        commands.present(report, output_format.value, output, single=True)
        end(exit_status(report.verdict, limits.fail_on))
