"""A proof is known again by what it rests on: on another machine, too, and not where something is another thing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.subjects import subject
from weighbridge.core.proof.keys import source_digest
from weighbridge.model.image import ImageConfig, Layer

if TYPE_CHECKING:
    from weighbridge.model.subject import Subject

TEXT = "FROM debian:12-slim\nCOPY app /app\n"
SCRIPT = "docker build -t b -f Dockerfile.build .\ndocker create --name x b\ndocker cp x:/app ./app\ndocker build .\n"


def made(text: str = TEXT, **more: str) -> Subject:
    return subject(text, {2: {"app": 1000}}, neighbours={"Dockerfile.build": "FROM gcc\n", "build.sh": SCRIPT, **more})


def built_again(before: Subject, *, base: bool = False, **changes: object) -> Subject:
    """The same, built on another machine: what it made has other times; or what FROM brings is another one."""
    assert before.image is not None
    layers = tuple(_moved(layer) if base or not layer.from_base else layer for layer in before.image.layers)
    return replace(before, image=replace(before.image, id="sha256:another", layers=layers, **changes))  # type: ignore[arg-type]


def _moved(layer: Layer) -> Layer:
    return replace(layer, diff_id=f"sha256:{'9' * 64}")


def test_what_was_built_again_of_the_same_is_the_same() -> None:
    assert source_digest(made(), "context") == source_digest(built_again(made()), "context") is not None


@pytest.mark.parametrize(
    "other",
    [
        made(TEXT + "CMD /app\n"),
        made(**{"Dockerfile.build": "FROM gcc:14\n"}),
        made(**{"build.sh": SCRIPT + "echo done\n"}),
        built_again(made(), base=True),
        built_again(made(), config=ImageConfig(environment=("A=1",))),
        built_again(made(), platform="linux/arm64"),
    ],
)
def test_what_is_made_of_something_else_is_another(other: Subject) -> None:
    assert source_digest(made(), "context") != source_digest(other, "context")


def test_the_context_counts_and_other_scripts_do_not() -> None:
    assert source_digest(made(), "context") != source_digest(made(), "another")
    assert source_digest(made(), "context") == source_digest(made(**{"release.sh": "git tag\n"}), "context")


def test_where_something_is_not_known_only_the_very_image_is_the_same() -> None:
    secretive = replace(made(), spec=replace(made().spec, build_args=("VERSION",)))
    said = replace(made(), spec=replace(made().spec, build_args=("VERSION=1",)))

    assert source_digest(secretive, "context") != source_digest(built_again(secretive), "context")
    assert source_digest(said, "context") == source_digest(built_again(said), "context")
    assert source_digest(replace(made(), image=None), "context") is None
