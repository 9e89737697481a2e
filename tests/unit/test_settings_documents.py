"""action.yml, the documentation and the schema say what the settings are."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
import yaml

from weighbridge.errors import ConfigurationError
from weighbridge.settings import load
from weighbridge.settings.documents import describe_inputs, shipped_schema

ROOT = Path(__file__).parents[2]
OUTPUTS = [
    "new-size",
    "reference-size",
    "size-diff",
    "size-diff-percent",
    "layers-diff",
    "verdict",
    "report-file",
    "comment-id",
    "badge",
    "json",
]
BUILD_PUSH_ACTION = {
    "context",
    "file",
    "target",
    "build-args",
    "build-contexts",
    "secrets",
    "secret-envs",
    "secret-files",
    "ssh",
    "cache-from",
    "cache-to",
    "platforms",
    "pull",
    "no-cache",
    "network",
}


def action() -> dict[str, dict[str, dict[str, str]]]:
    loaded: dict[str, dict[str, dict[str, str]]] = yaml.safe_load((ROOT / "action.yml").read_text())
    return loaded


def test_the_actions_inputs_are_the_settings_described_alike() -> None:
    assert describe_inputs() == {name: given["description"] for name, given in action()["inputs"].items()}


def test_only_the_token_has_a_default_since_any_other_would_override_the_file() -> None:
    defaults = {name: given["default"] for name, given in action()["inputs"].items() if "default" in given}

    assert defaults == {"github-token": "${{ github.token }}"}


def test_the_actions_outputs_are_exactly_these() -> None:
    assert list(action()["outputs"]) == OUTPUTS


def test_what_concerns_building_is_called_as_in_build_push_action() -> None:
    assert not BUILD_PUSH_ACTION - set(describe_inputs())


def test_every_input_is_described() -> None:
    assert not [name for name, text in describe_inputs().items() if len(text) < 10]


def example() -> str:
    text = (ROOT / "docs/configuration.md").read_text()
    return text.split("```yaml\n")[1].split("```")[0]


def valid(text: str) -> bool:
    validator = jsonschema.Draft202012Validator(yaml.safe_load(shipped_schema()))
    return validator.is_valid(yaml.safe_load(text))


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(yaml.safe_load(shipped_schema()))


def test_the_documented_example_is_accepted_by_schema_and_loader(tmp_path: Path) -> None:
    (tmp_path / ".weighbridge.yml").write_text(example())

    settings = load(cli={}, environ={}, root=tmp_path)

    assert [image.name for image in settings.images] == ["api", "worker"]
    assert valid(example())


@pytest.mark.parametrize(
    "text", ["max-sizee: 1", "images: []", "images: [{nam: a}]", "pull: perhaps", "secrets: A=1", "comment-mode: maybe"]
)
def test_schema_and_loader_refuse_alike(tmp_path: Path, text: str) -> None:
    (tmp_path / ".weighbridge.yml").write_text(text)

    with pytest.raises(ConfigurationError):
        load(cli={}, environ={}, root=tmp_path)
    assert not valid(text)
