"""Advice to write an ignore file says what may not be in it."""

from __future__ import annotations

import pytest

from tests.support.rules import context, found, subject

ALL = "FROM golang:1.22\nCOPY . .\n"


def evidence(text: str, files: dict[str, str]) -> str:
    (finding,) = found("no-dockerignore", subject(text, context=context({"main.go": 9}, files)))
    return "\n".join(each.text for each in finding.evidence)


@pytest.mark.parametrize(
    ("run", "files", "asking"),
    [
        ('RUN go build -ldflags "-X main.v=$(git describe --tags)" .\n', {}, "git describe"),
        ("RUN git -C /src rev-parse HEAD > /version\n", {}, "git -C /src rev-parse"),
        ("RUN <<EOR\nset -e\ngit  log -1 > /version\nEOR\n", {}, "git log"),
        ("RUN make\n", {"Makefile": "V := $(shell git describe)\n"}, "git describe in Makefile"),
        (
            "RUN pip install .\n",
            {"pyproject.toml": 'requires = ["setuptools_scm"]\n'},
            "setuptools_scm in pyproject.toml",
        ),
    ],
)
def test_a_build_that_asks_git_keeps_its_history(run: str, files: dict[str, str], asking: str) -> None:
    assert f"`.git` may not be in it: the build asks for `{asking}`" in evidence(ALL + run, files)


@pytest.mark.parametrize(
    ("run", "files"),
    [
        ("RUN go build .\n", {}),
        ("RUN git clone https://example.org/a && git init b\n", {}),
        ("RUN make\n", {"docs/Makefile": "git describe\n"}),
        ("RUN digit log\n", {}),
    ],
)
def test_others_are_not_told_so(run: str, files: dict[str, str]) -> None:
    assert ".git`" not in evidence(ALL + run, files)
