"""No secret reaches a log, a comment or a report: which values they are, and how they are masked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.models import image, step
from weighbridge.core.redaction import hidden_parts, redacted, redacted_image, without_controls
from weighbridge.model.image import ImageConfig
from weighbridge.settings import hidden_values, load

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def hidden(root: Path, cli: Mapping[str, object], environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    environ = environ or {}
    return hidden_values(load(cli=cli, environ=environ, root=root), environ, root)


def test_a_secret_is_masked_wherever_it_stands() -> None:
    parts = hidden_parts(["s3cret"])

    assert "a***b *** c" == redacted("as3cretb s3cret c", parts)


def test_a_secret_of_several_lines_is_masked_line_by_line_but_not_its_brackets() -> None:
    parts = hidden_parts(['{\n  "token": "s3cret"\n}\n'])

    assert "#7 0.1 ***" == redacted('#7 0.1 "token": "s3cret"', parts)
    assert "{ }" == redacted("{ }", parts)


def test_a_secret_that_contains_another_is_masked_whole() -> None:
    assert "***" == redacted("secret-and-more", hidden_parts(["secret", "secret-and-more"]))


def test_an_empty_secret_masks_nothing() -> None:
    assert () == hidden_parts(["", " \n "])


def test_a_colour_in_the_middle_hides_no_secret_from_the_mask() -> None:
    parts = hidden_parts(["s3cret"])

    assert "***" == redacted(without_controls("s3\x1b[31mcr\x00et"), parts)


@given(st.text(min_size=1).filter(str.strip), st.text(), st.text())
def test_whatever_the_secret_is_it_does_not_show(secret: str, before: str, after: str) -> None:
    parts = hidden_parts([secret])

    shown = redacted(f"{before}\u241f{secret}\u241f{after}", parts).split("\u241f")

    assert secret.strip() not in shown or secret.strip() in "***"


def test_the_token_and_secrets_from_inputs_the_environment_and_files_are_hidden(tmp_path: Path) -> None:
    (tmp_path / "npmrc").write_text("//registry:_authToken=from-a-file\n")

    parts = hidden(
        tmp_path,
        {"secrets": "A=from-an-input", "secret-envs": "B=HIDDEN", "secret-files": ["C=npmrc"]},
        {"GITHUB_TOKEN": "the-token", "HIDDEN": "from-the-environment"},
    )

    assert {"the-token", "from-an-input", "from-the-environment", "//registry:_authToken=from-a-file"} == set(parts)


@pytest.mark.parametrize("name", ["TOKEN", "API_TOKEN", "db_password", "AWS_SECRET_ACCESS_KEY", "apikey"])
def test_a_build_argument_with_the_name_of_a_secret_is_hidden(tmp_path: Path, name: str) -> None:
    assert ("hunter2-hunter2",) == hidden(tmp_path, {"build-args": [f"{name}=hunter2-hunter2"]})
    assert ("hunter2-hunter2",) == hidden(tmp_path, {"build-args": [name]}, {name: "hunter2-hunter2"})


@pytest.mark.parametrize(
    "argument", ["VERSION=1.22.33.44", "PUBLIC_KEY=hunter2-hunter2", "MONKEY=hunter2-hunter2", "AUTH=none", "TOKEN="]
)
def test_any_other_build_argument_is_not(tmp_path: Path, argument: str) -> None:
    assert () == hidden(tmp_path, {"build-args": [argument]})


def test_a_secret_file_that_is_missing_or_no_file_hides_nothing(tmp_path: Path) -> None:
    assert () == hidden(tmp_path, {"secret-files": ["A=missing", "B=/dev/zero"]})


def test_what_an_image_keeps_of_its_secrets_is_not_shown() -> None:
    built = replace(
        image(step("RUN login hunter2-hunter2", {"a": 1}), step("RUN true")),
        config=ImageConfig(
            entrypoint=("/app", "--key=hunter2-hunter2"),
            command=("hunter2-hunter2",),
            environment=("X=hunter2-hunter2", "PATH=/bin"),
            labels=(("key", "hunter2-hunter2"),),
            health_check=("CMD", "curl", "hunter2-hunter2"),
        ),
    )

    shown = redacted_image(built, hidden_parts(["hunter2-hunter2"]))

    assert "hunter2" not in repr(shown.config)
    assert ("X=***", "PATH=/bin") == shown.config.environment
    assert ["RUN login ***", "RUN true"] == [layer.created_by for layer in shown.layers]
