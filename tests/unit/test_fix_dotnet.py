"""What .NET published is shipped on the runtime that it asks for itself, and goes on listening where it did."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.support.elf import ElfFile
from tests.support.subjects import subject
from weighbridge.core.fixes.planner import plan
from weighbridge.dockerfile.parse import parse
from weighbridge.model.fix import Candidate, Family
from weighbridge.model.image import ImageConfig

LOADER = "/lib64/ld-linux-x86-64.so.2"
DYNAMIC = ElfFile(interpreter=LOADER, needed=("libc.so.6", "libstdc++.so.6"), pie=True)
SDK = "mcr.microsoft.com/dotnet/sdk"
ENVIRONMENT = ("PATH=/usr/bin:/bin", "ASPNETCORE_HTTP_PORTS=", "DOTNET_VERSION=8.0.11", "DOTNET_SDK_VERSION=8.0.404")
TEXT = """\
# the orders
FROM mcr.microsoft.com/dotnet/sdk:8.0
WORKDIR /src
COPY . .
RUN dotnet restore
RUN dotnet publish -c Release -o /app/out --no-restore
EXPOSE 5000
WORKDIR /app/out
ENTRYPOINT ["dotnet", "Orders.dll"]
"""
WEB = [("Microsoft.NETCore.App", "8.0.0"), ("Microsoft.AspNetCore.App", "8.0.0")]
CORE = [("Microsoft.NETCore.App", "8.0.0")]


def configuration(frameworks: list[tuple[str, str]], *, key: str = "frameworks", invariant: bool = False) -> str:
    """As the SDK writes it beside a program."""
    listed = [{"name": name, "version": version} for name, version in frameworks]
    asked = {"framework": listed[0]} if len(listed) == 1 and key == "frameworks" else {key: listed}
    return json.dumps(
        {
            "runtimeOptions": {
                "tfm": "net8.0",
                **asked,
                "configProperties": {"System.Globalization.Invariant": invariant},
            }
        }
    )


def splits(
    text: str = TEXT,
    asked: str | None = None,
    *,
    entrypoint: tuple[str, ...] = ("dotnet", "Orders.dll"),
    environment: tuple[str, ...] = ENVIRONMENT,
) -> list[Candidate]:
    """The candidates that split; every one parses."""
    published = {
        "app/out/Orders.dll": 9_000,
        "app/out/Orders": 70_000,
        "app/out/Orders.runtimeconfig.json": 300,
        "app/out/appsettings.json": 100,
        "app/out/wwwroot/index.html": 50,
    }
    made = subject(
        text,
        {
            4: {"src/Orders.csproj": 300, "src/Program.cs": 900, "src/data/seed.json": 40},
            5: {"src/obj/project.assets.json": 9_000, "root/.nuget/packages/a/a.dll": 9_000},
            6: {"src/bin/Release/net8.0/Orders.dll": 9_000, "root/.dotnet/x": 1, **published},
        },
        {
            "usr/bin/dotnet": DYNAMIC,
            "bin/sh": DYNAMIC,
            "app/out/Orders": DYNAMIC,
            "app/out/Orders.dll": "MZ",
            "app/out/Orders.runtimeconfig.json": configuration(WEB) if asked is None else asked,
        },
        config=ImageConfig(entrypoint=entrypoint, working_directory="/app/out", environment=environment),
    )
    made = replace(made, base_config=ImageConfig(environment=environment))
    found = [each for each in plan(made).candidates if each.family is Family.MULTI_STAGE]
    for each in found:
        parse(each.dockerfile_text, "Dockerfile")
    return found


def bases(found: list[Candidate]) -> list[str]:
    """What the second stages are FROM, without the registry."""
    lines = [each.dockerfile_text.partition("\n\nFROM ")[2].partition("\n")[0] for each in found]
    return [line.removeprefix("mcr.microsoft.com/dotnet/") for line in lines]


def test_what_was_published_is_shipped_without_a_shell_first() -> None:
    first, second = splits()

    assert (
        """\
# the orders
FROM mcr.microsoft.com/dotnet/sdk:8.0 AS build
WORKDIR /src
COPY . .
RUN dotnet restore
RUN dotnet publish -c Release -o /app/out --no-restore

FROM mcr.microsoft.com/dotnet/aspnet:8.0-jammy-chiseled-extra
USER 0
ENV ASPNETCORE_HTTP_PORTS=
WORKDIR /src
COPY --from=build /app /app
EXPOSE 5000
WORKDIR /app/out
ENTRYPOINT ["dotnet", "Orders.dll"]
"""
        == first.dockerfile_text
    )
    assert "\nFROM mcr.microsoft.com/dotnet/aspnet:8.0\nENV ASPNETCORE_HTTP_PORTS=\n" in second.dockerfile_text
    assert "environment.ASPNET_VERSION" in first.may_change


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (configuration(CORE), ["runtime:8.0-jammy-chiseled-extra", "runtime:8.0"]),
        # An older one than the SDK.
        (configuration([("Microsoft.AspNetCore.App", "6.0.0")]), ["aspnet:6.0"]),
        (configuration([("Microsoft.NETCore.App", "2.1.0")]), ["core/runtime:2.1"]),
        (configuration([("Microsoft.NETCore.App", "10.0.0")]), ["runtime:10.0-noble-chiseled-extra", "runtime:10.0"]),
        (configuration(CORE, key="includedFrameworks"), ["runtime-deps:8.0-jammy-chiseled-extra", "runtime-deps:8.0"]),
        (
            configuration(CORE, invariant=True),
            ["runtime:8.0-jammy-chiseled", "runtime:8.0"],
        ),
    ],
)
def test_the_runtime_is_the_one_that_the_program_asks_for(asked: str, expected: list[str]) -> None:
    assert expected == bases(splits(asked=asked))


@pytest.mark.parametrize(
    "asked",
    [
        "", "{", "[]", '{"runtimeOptions": 1}', '{"runtimeOptions": {"framework": {"name": "x", "version": "1.0"}}}',
        '{"runtimeOptions": {"framework": {"name": "Microsoft.NETCore.App", "version": "x; RUN"}}}',
        configuration([("Microsoft.WindowsDesktop.App", "8.0.0")]),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_not_split_as_dotnet(asked: str) -> None:
    assert not [each for each in splits(asked=asked) if each.strategy.startswith("dotnet/")]


def test_a_program_that_starts_by_itself_is_found_by_its_configuration() -> None:
    assert "aspnet:8.0" in bases(splits(entrypoint=("./Orders",)))


def test_a_shell_and_tools_that_are_asked_for_stay() -> None:
    text = TEXT.replace('ENTRYPOINT ["dotnet", "Orders.dll"]', "ENTRYPOINT dotnet Orders.dll")
    assert ["aspnet:8.0"] == bases(splits(text, entrypoint=("/bin/sh", "-c", "dotnet Orders.dll")))


def test_the_distribution_stays_and_alpine_gets_what_cultures_need() -> None:
    assert "aspnet:8.0-noble" in bases(splits(TEXT.replace("sdk:8.0", "sdk:8.0-noble")))
    environment = (*ENVIRONMENT, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=false")
    (alpine,) = splits(TEXT.replace("sdk:8.0", "sdk:8.0-alpine3.20"), environment=environment)
    assert ["aspnet:8.0-alpine3.20"] == bases([alpine])
    assert "ENV DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=false\n" in alpine.dockerfile_text
    assert "RUN apk add --no-cache icu-libs tzdata\n" in alpine.dockerfile_text


def test_what_the_author_sets_is_left_to_him() -> None:
    text = TEXT.replace("EXPOSE 5000", "ENV ASPNETCORE_HTTP_PORTS=5000\nEXPOSE 5000")
    first = splits(text)[0]

    assert 1 == first.dockerfile_text.count("ASPNETCORE_HTTP_PORTS")
    assert "environment.ASPNETCORE_HTTP_PORTS" not in first.may_change


def test_what_runs_from_source_is_not_split() -> None:
    text = TEXT.replace('["dotnet", "Orders.dll"]', '["dotnet", "run"]')
    assert not splits(text, entrypoint=("dotnet", "run"))
