"""What an image is built from: which files count, and whether two trees have the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from weighbridge.core.copied import copied, literal_sources
from weighbridge.dockerfile.parse import parse
from weighbridge.model.build import BuildSpec
from weighbridge.touched import touched

if TYPE_CHECKING:
    from pathlib import Path

SOURCES = {
    "Dockerfile": "FROM a\nCOPY src/ go.mod /app/\nCOPY --from=build docs /docs\n",
    "src/deep/main.go": "1",
    "go.mod": "2",
    "README": "3",
    "docs/x": "4",
}


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, False),
        ({"README": "new"}, False),
        ({"docs/x": "new"}, False),
        ({"src/deep/main.go": "9"}, True),
        ({"src/new": ""}, True),
        ({"go.mod": "22"}, True),
        ({"Dockerfile": SOURCES["Dockerfile"] + "# a comment\n"}, True),
        ({".dockerignore": "README\n"}, True),
        ({"Dockerfile.dockerignore": "README\n"}, True),
    ],
)
def test_only_what_is_copied_counts(tmp_path: Path, change: dict[str, str], expected: bool) -> None:
    before = tree(tmp_path / "before", SOURCES)
    after = tree(tmp_path / "after", SOURCES | change)

    assert expected is touched(BuildSpec(name="app"), before, after)


def test_the_mode_of_a_file_counts_and_what_is_ignored_does_not(tmp_path: Path) -> None:
    ignoring = SOURCES | {".dockerignore": "src/deep\n"}
    before, after = tree(tmp_path / "before", ignoring), tree(tmp_path / "after", ignoring)
    (after / "src/deep/main.go").write_text("changed")
    assert not touched(BuildSpec(name="app"), before, after)

    (after / "go.mod").chmod(0o755)
    assert touched(BuildSpec(name="app"), before, after)


@pytest.mark.parametrize(
    "spec",
    [
        BuildSpec(name="app", context="https://example.com/x.git"),
        BuildSpec(name="app", build_contexts=("data=data",)),
        BuildSpec(name="app", file="elsewhere/Dockerfile"),
    ],
)
def test_where_nobody_can_tell_it_counts_as_touched(tmp_path: Path, spec: BuildSpec) -> None:
    before, after = tree(tmp_path / "before", SOURCES), tree(tmp_path / "after", SOURCES)

    assert touched(spec, before, after)


@pytest.mark.parametrize(
    "line",
    [
        "COPY . .",
        "COPY ./ /app",
        "ADD / /",
        "ARG D\nCOPY $D /app",
        "COPY 'a b' /app",
        "RUN --mount=type=bind,target=/src make",
        "RUN --mount=target=/src make",
        "ONBUILD COPY x /x",
        "COPY ***************************************** /x",
    ],
)
def test_what_may_be_any_file_is_all_of_them(line: str) -> None:
    assert copied(parse(f"FROM a\n{line}\n", "Dockerfile")) is None


@pytest.mark.parametrize(
    ("lines", "path", "expected"),
    [
        ("COPY *.json /x", "package.json", True),
        ("COPY *.json /x", "deep/package.json", False),
        ("COPY /abs /x", "abs/file", True),
        ("COPY src /x", "srcs", False),
        ('COPY ["one two", "/x"]', "one two", True),
        ("COPY --from=build src /x", "src", False),
        ("ADD https://example.com/a /x", "a", False),
        ("RUN --mount=type=cache,target=/c make", "c", False),
        ("COPY <<EOF /x\nsrc\nEOF", "src", False),
    ],
)
def test_a_source_takes_what_it_matches_and_what_lies_below(lines: str, path: str, expected: bool) -> None:
    patterns = copied(parse(f"FROM a\n{lines}\n", "Dockerfile"))

    assert patterns is not None
    assert expected is patterns.excludes(path)


def test_sources_that_are_named_in_full(tmp_path: Path) -> None:
    text = "FROM a\nCOPY go.mod *.sum ${X} ../up /app/\nCOPY . .\nADD https://example.com/a /a\n"

    assert ("go.mod",) == literal_sources(parse(text, "Dockerfile"))


PATTERN = {
    "Dockerfile.build": "FROM golang:1.22\nCOPY httpd.go go.mod ./\nRUN go build -o /httpd httpd.go\n",
    "Dockerfile": "FROM ubuntu:22.04\nCOPY ./httpd /root/httpd\n",
    "build.sh": "docker build -t b -f Dockerfile.build .\ndocker create --name x b\ndocker cp x:/httpd ./httpd\n"
    "docker build .\n",
    "httpd.go": "package main\n",
    "README": "3",
}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, False),
        ({"README": "new"}, False),
        ({"httpd.go": "package other\n"}, True),
        ({"Dockerfile.build": PATTERN["Dockerfile.build"] + "RUN true\n"}, True),
        ({"build.sh": PATTERN["build.sh"] + "echo done\n"}, True),
        ({"build.sh": "docker build .\n"}, True),
    ],
)
def test_what_a_script_carries_between_two_images_counts(
    tmp_path: Path, change: dict[str, str], expected: bool
) -> None:
    before = tree(tmp_path / "before", PATTERN)
    after = tree(tmp_path / "after", PATTERN | change)

    assert expected is touched(BuildSpec(name="app"), before, after)
