"""Options that several commands have."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


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


BUILD = "Build"
BUDGET = "Budget"
REPORT = "Report"

FormatOption = Annotated[
    Format,
    typer.Option(
        "--format", help="Print it as text, markdown, json or html.", rich_help_panel=REPORT, metavar="FORMAT"
    ),
]
OutputOption = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help="Write the report to FILE instead of stdout.",
        metavar="FILE",
        rich_help_panel=REPORT,
    ),
]
MaxSizeOption = Annotated[
    str | None,
    typer.Option("--max-size", help="Unpacked size at most, as 200MB.", metavar="SIZE", rich_help_panel=BUDGET),
]
MaxIncreaseOption = Annotated[
    str | None,
    typer.Option(
        "--max-increase",
        help="Growth against the base at most, as 10MB or 5%.",
        metavar="SIZE|PERCENT",
        rich_help_panel=BUDGET,
    ),
]
FailOnOption = Annotated[
    str | None,
    typer.Option(
        "--fail-on",
        help="Verdicts that end with a failing status: a list of fail, unknown and warn, or never; "
        "fail and unknown if not given.",
        metavar="VERDICTS",
        rich_help_panel=BUDGET,
    ),
]
MinimumChangeOption = Annotated[
    str | None,
    typer.Option(
        "--minimum-change", help="Changes below this are not worth a word.", metavar="SIZE", rich_help_panel=BUDGET
    ),
]
ConfigOption = Annotated[
    str | None,
    typer.Option("--config", help="Configuration file instead of .weighbridge.yml.", metavar="FILE"),
]
HistoryBranchOption = Annotated[
    str | None,
    typer.Option("--history-branch", help="Branch that remembers; weighbridge-history if not given.", metavar="BRANCH"),
]
PlatformOption = Annotated[
    str | None,
    typer.Option(
        "--platform", help="Of an image for several, as linux/arm64; this machine's if not given.", metavar="PLATFORM"
    ),
]


def build_option(*names: str, text: str, metavar: str) -> typer.models.OptionInfo:
    """An option that says how to build."""
    option: typer.models.OptionInfo = typer.Option(*names, help=text, metavar=metavar, rich_help_panel=BUILD)
    return option


ContextArgument = Annotated[
    str | None, typer.Argument(help="Build context, relative to the repository.", metavar="CONTEXT")
]
FileOption = Annotated[
    str | None, build_option("--file", "-f", text="Dockerfile, relative to the repository.", metavar="FILE")
]
TargetOption = Annotated[str | None, build_option("--target", text="Stage to build.", metavar="STAGE")]
BuildArgOption = Annotated[
    list[str] | None, build_option("--build-arg", text="Build argument; repeatable.", metavar="KEY=VALUE")
]
NetworkOption = Annotated[str | None, build_option("--network", text="Network of RUN instructions.", metavar="MODE")]
