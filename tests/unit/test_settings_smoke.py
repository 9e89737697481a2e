"""The smoke test of the configuration file: what it holds, and what is refused with file, line and key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jsonschema
import pytest
import yaml

from weighbridge.errors import ConfigurationError
from weighbridge.model.behaviour import Request, Service, Smoke
from weighbridge.settings import load
from weighbridge.settings.documents import shipped_schema

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def smokes(root: Path, text: str, environ: Mapping[str, str] | None = None) -> dict[str, Smoke]:
    """Each image's smoke test."""
    (root / ".weighbridge.yml").write_text(text)
    return load(cli={}, environ=environ or {}, root=root).smokes()


def is_valid(text: str) -> bool:
    """Whether the JSON Schema takes it."""
    return jsonschema.Draft202012Validator(yaml.safe_load(shipped_schema())).is_valid(yaml.safe_load(text))


WHOLE = """\
images:
- name: api
  smoke:
    command: serve --motto "weigh it"
    environment: {PORT: 8080, MODE: test}
    services:
    - name: db
      image: postgres:16
      environment: [POSTGRES_PASSWORD=a=b]
      command: [postgres, -c, max_connections=5]
      port: 5432
    requests:
    - path: /health
      status: 200
      contains: ok
    - path: /orders?dry=1
      method: POST
      port: 8081
      headers: {Content-Type: application/json}
      body: '{}'
    contains: listening
    timeout: 2m
- name: worker
  smoke:
    command: [work, --count, 3]
    status: 0
- name: plain
"""


def test_everything_that_it_may_say_is_kept(tmp_path: Path) -> None:
    api = Smoke(
        command=("serve", "--motto", "weigh it"),
        environment=("PORT=8080", "MODE=test"),
        services=(
            Service(
                name="db",
                image="postgres:16",
                environment=("POSTGRES_PASSWORD=a=b",),
                command=("postgres", "-c", "max_connections=5"),
                port=5432,
            ),
        ),
        requests=(
            Request(path="/health", status=200, contains="ok"),
            Request(
                path="/orders?dry=1",
                method="POST",
                port=8081,
                headers=(("Content-Type", "application/json"),),
                body="{}",
            ),
        ),
        contains="listening",
        timeout=120.0,
    )

    expected = {"api": api, "worker": Smoke(command=("work", "--count", "3"), status=0), "plain": Smoke()}
    assert expected == smokes(tmp_path, WHOLE)
    assert is_valid(WHOLE)


def test_one_at_the_top_is_for_all_images_and_one_of_an_image_stands_alone(tmp_path: Path) -> None:
    text = "smoke: {contains: ready}\nimages:\n- name: a\n- name: b\n  smoke: {status: 1}\n"

    assert {"a": Smoke(contains="ready"), "b": Smoke(status=1)} == smokes(tmp_path, text)


def test_the_network_outside_is_the_runs_to_allow_and_never_the_files(tmp_path: Path) -> None:
    environ = {"INPUT_FIX-NETWORK": "true"}

    assert smokes(tmp_path, "smoke: {status: 0}", environ)[tmp_path.name.lower()].network
    for text in ("fix-network: true\n", "smoke:\n  network: true\n"):
        with pytest.raises(ConfigurationError):
            smokes(tmp_path, text)


def test_it_is_no_input_option_or_variable(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="--smoke: unknown option"):
        load(cli={"smoke": "x"}, environ={}, root=tmp_path)
    assert Smoke() == load(cli={}, environ={"INPUT_SMOKE": "x"}, root=tmp_path).smokes()[tmp_path.name.lower()]


WRONG = [
    ("smoke: x", "1: smoke: must be a mapping"),
    ("smoke:\n  statsu: 1", "2: smoke.statsu: unknown key, did you mean status?"),
    ("smoke:\n  status: 256", "2: smoke.status: should be less than or equal to 255"),
    ("smoke:\n  command: []", "2: smoke.command: is empty"),
    ('smoke:\n  command: "say \'it"', "2: smoke.command: is not a command: a quotation has no end"),
    ("smoke:\n  contains: ''", "2: smoke.contains: is empty"),
    ("smoke:\n  timeout: 31m", "2: smoke.timeout: must be at most 30 minutes"),
    ("smoke:\n  environment:\n    A:", "3: smoke.environment.A: has no value: give it one, or leave the key out"),
    ("smoke:\n  environment: [A]", "2: smoke.environment: must be KEY=value: a KEY alone would pass on a variable"),
    ("smoke:\n  environment: {A: 1.10}", "2: smoke.environment: must be text: put it in quotes"),
    (
        "smoke:\n  environment: {A B: 1}",
        "2: smoke.environment: names a variable that cannot be: letters, digits and underscores make a name",
    ),
    ("smoke:\n  environment: [A=1, A=2]", "2: smoke.environment: contradicts itself: names the same variable twice"),
    ("smoke:\n  requests: {path: /}", "2: smoke.requests: must be a list"),
    ("smoke:\n  requests:\n  - path: /\n    pth: /", "4: smoke.requests[0].pth: unknown key, did you mean path?"),
    (
        "smoke:\n  requests:\n  - path: a",
        "3: smoke.requests[0].path: must be a path that starts with a slash, without blanks (write %20)",
    ),
    (
        "smoke:\n  requests:\n  - path: /\n  - status: 99",
        "4: smoke.requests[1].status: should be greater than or equal to 100",
    ),
    (
        'smoke:\n  requests:\n  - headers: {"a\\nb": c}',
        "3: smoke.requests[0].headers: must be header fields: names of letters and dashes, values of one line",
    ),
    ("smoke:\n  services:\n  - name: db", "3: smoke.services[0]: lacks image"),
    (
        "smoke:\n  services:\n  - name: a/b\n    image: x",
        "3: smoke.services[0].name: must be a host name: letters, digits, dots and dashes, 63 at most",
    ),
    (
        "smoke:\n  services:\n  - {name: a, image: x}\n  - {name: A, image: y}",
        "4: smoke.services[1].name: two services are called A",
    ),
    (
        "smoke:\n  services:\n  - {name: a, image: x, port: 1}\n  - {name: b, image: y, port: 1}",
        "4: smoke.services[1].port: a has port 1, too: all of them share 127.0.0.1",
    ),
    (
        "images:\n- name: a\n- name: b\n  smoke:\n    requests:\n    - port: 0",
        "6: images[1].smoke.requests[0].port: should be greater than or equal to 1",
    ),
]


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_what_is_wrong_is_told_by_file_line_and_key(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        smokes(tmp_path, text)

    assert f".weighbridge.yml:{said}" == str(caught.value)


# What a schema cannot say.
BEYOND = ("quotation", "cannot be", "twice", "two services", "share 127", "alone", "at most 30")


@pytest.mark.parametrize("text", [text for text, said in WRONG if not any(word in said for word in BEYOND)])
def test_the_schema_refuses_alike(text: str) -> None:
    assert not is_valid(text)
