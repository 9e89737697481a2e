"""Where settings come from, what they hold, and what is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.errors import ConfigurationError
from weighbridge.model.budget import Budget, Percent, Status
from weighbridge.model.build import BuildSpec
from weighbridge.settings import Settings, hidden_values, load

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "My Project"
    path.mkdir()
    return path


def configured(
    root: Path, text: str = "", *, environ: Mapping[str, str] | None = None, cli: Mapping[str, object] | None = None
) -> Settings:
    if text:
        (root / ".weighbridge.yml").write_text(text)
    return load(cli=cli or {}, environ=environ or {}, root=root)


def refusal(root: Path, text: str | bytes) -> str:
    """The one line that a file is refused with."""
    path = root / ".weighbridge.yml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigurationError) as caught:
        load(cli={}, environ={}, root=root)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_without_anything_one_image_is_named_after_the_directory(root: Path) -> None:
    settings = configured(root)

    assert [image.specs() for image in settings.images] == [(BuildSpec(name="my-project"),)]
    assert settings.images[0].budget == Budget()
    assert settings.fail_on == frozenset({Status.FAIL, Status.UNKNOWN})


def test_without_a_name_an_image_is_called_like_its_context_or_repository(root: Path) -> None:
    environ = {"GITHUB_REPOSITORY": "octo-org/Basket"}

    settings = configured(root, "images:\n- context: services/api/\n- context: .\n", environ=environ)

    assert [image.name for image in settings.images] == ["api", "basket"]


def test_a_nameless_directory_leaves_the_plainest_name(tmp_path: Path) -> None:
    path = tmp_path / "§§§"
    path.mkdir()

    assert load(cli={}, environ={}, root=path).images[0].name == "image"


def test_an_image_is_built_once_for_each_platform(root: Path) -> None:
    text = """\
build-args: |
  A=1
  B=x,y
pull: true
images:
- name: api
  context: ./api/
  file: api/Dockerfile.slim
  target: run
  platforms: [linux/amd64, linux/arm64]
  cache-from:
  - type=local,src=/tmp/cache
  timeout: 30m
"""

    specs = configured(root, text).images[0].specs()

    assert [spec.platform for spec in specs] == ["linux/amd64", "linux/arm64"]
    assert specs[0] == BuildSpec(
        name="api",
        context="api",
        file="api/Dockerfile.slim",
        target="run",
        build_args=("A=1", "B=x,y"),
        cache_from=("type=local,src=/tmp/cache",),
        platform="linux/amd64",
        pull=True,
        timeout=1800.0,
    )


def test_inputs_arrive_under_their_hyphenated_names(root: Path) -> None:
    settings = configured(
        root,
        environ={
            "INPUT_GITHUB-TOKEN": "t0ken",
            "INPUT_BUILD-ARGS": "A=1\n\n  B=two words  \n",
            "INPUT_PLATFORMS": "linux/amd64,linux/arm/v7",
            "INPUT_MAX-INCREASE": "5 %",
            "INPUT_MAX-SIZE": "",
            "INPUT_NO-CACHE": "TRUE",
            "INPUT_PR-NUMBER": "42",
            "INPUT_FAIL-ON": "fail, warn",
        },
    )

    assert settings.github_token is not None
    assert settings.github_token.get_secret_value() == "t0ken"
    assert settings.images[0].build_args == ("A=1", "B=two words")
    assert settings.images[0].platforms == ("linux/amd64", "linux/arm/v7")
    assert settings.images[0].budget == Budget(max_increase=Percent(value=Decimal(5)))
    assert settings.images[0].no_cache
    assert settings.pr_number == 42
    assert settings.fail_on == frozenset({Status.FAIL, Status.WARN})


def test_a_quoted_item_spans_lines(root: Path) -> None:
    settings = configured(
        root, environ={"INPUT_SECRETS": 'KEY="-----BEGIN\n'.replace('KEY="', '"KEY=') + '-----END"\nB=2'}
    )

    assert settings.images[0].specs()[0].secrets == ("KEY=-----BEGIN\n-----END", "B=2")


def test_fail_on_never_is_the_empty_set(root: Path) -> None:
    assert configured(root, "fail-on: never").fail_on == frozenset()


def test_off_is_a_word(root: Path) -> None:
    assert configured(root, "comment-mode: off").comment_mode == "off"


def test_an_input_holds_for_every_image(root: Path) -> None:
    text = "max-size: 10MB\nimages:\n- name: a\n- name: b\n  max-size: 20MB\n"

    file = configured(root, text)
    both = configured(root, text, environ={"INPUT_MAX-SIZE": "30MB"})

    assert [image.max_size for image in file.images] == [10_000_000, 20_000_000]
    assert [image.max_size for image in both.images] == [30_000_000, 30_000_000]


@given(
    cli=st.none() | st.integers(0, 9),
    given_input=st.none() | st.integers(10, 19),
    variable=st.none() | st.integers(20, 29),
    own=st.none() | st.integers(30, 39),
    shared=st.none() | st.integers(40, 49),
)
def test_the_first_source_that_says_something_wins(
    tmp_path_factory: pytest.TempPathFactory,
    cli: int | None,
    given_input: int | None,
    variable: int | None,
    own: int | None,
    shared: int | None,
) -> None:
    root = tmp_path_factory.getbasetemp()
    lines = [] if shared is None else [f"max-size: {shared}"]
    lines += ["images:", "- name: a"] + ([] if own is None else [f"  max-size: {own}"])
    (root / ".weighbridge.yml").write_text("\n".join(lines))
    environ = {
        "INPUT_MAX-SIZE": "" if given_input is None else str(given_input),
        "WEIGHBRIDGE_MAX_SIZE": "" if variable is None else str(variable),
    }

    settings = load(cli={"max_size": cli}, environ=environ, root=root)

    expected = next((size for size in (cli, given_input, variable, own, shared) if size is not None), None)
    assert expected == settings.images[0].max_size


@pytest.mark.parametrize("value", [None, "", (), []])
def test_an_option_that_says_nothing_is_not_given(root: Path, value: object) -> None:
    assert configured(root, "build-args: [A=1]", cli={"build_args": value}).images[0].build_args == ("A=1",)


def test_options_take_lists_and_false(root: Path) -> None:
    settings = configured(
        root, "pull: true", cli={"build-args": ("A=1,2", "B"), "platforms": ["a/b,c/d"], "pull": False}
    )

    assert settings.images[0].build_args == ("A=1,2", "B")
    assert settings.images[0].platforms == ("a/b", "c/d")
    assert not settings.images[0].pull


def test_the_runners_token_is_the_last_resort(root: Path) -> None:
    tokens = [
        configured(root, environ=environ).github_token
        for environ in ({"GITHUB_TOKEN": "a"}, {"GITHUB_TOKEN": "a", "WEIGHBRIDGE_GITHUB_TOKEN": "b"}, {})
    ]

    assert [token and token.get_secret_value() for token in tokens] == ["a", "b", None]


def test_secrets_show_nowhere(root: Path) -> None:
    environ = {
        "INPUT_GITHUB-TOKEN": "t0ken",
        "INPUT_SECRETS": "A=s3cret",
        "INPUT_SECRET-ENVS": "B=HIDDEN",
        "HIDDEN": "h1dden",
    }

    settings = configured(root, environ=environ)

    shown = f"{settings} {settings!r} {settings.model_dump_json()} {settings.images[0].specs()[0]!r}"
    assert not [secret for secret in ("t0ken", "s3cret", "h1dden") if secret in shown]
    assert hidden_values(settings, environ, root) == ("h1dden", "s3cret", "t0ken")


def test_a_secret_that_is_malformed_is_not_repeated(root: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        configured(root, environ={"INPUT_SECRETS": "s3cret-without-a-key"})

    assert str(caught.value) == "input secrets: must be lines of the form key=value"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\n\nmax-sizee: 3", ":3: max-sizee: unknown key, did you mean max-size?"),
        ("images:\n- name: a\n  max-sizee: 3", ":3: images[0].max-sizee: unknown key, did you mean max-size?"),
        ("images:\n- name: a\n  comment-mode: off", ":3: images[0].comment-mode: is not a setting of one image: put"),
        ("github-token: x", ":1: github-token: cannot be set in the file: give it as an input or option"),
        ("secrets: A=1", ":1: secrets: cannot be set in the file: give it as an input or option"),
        ("max_size: 1", ":1: max_size: unknown key, did you mean max-size?"),
        ("max-size: 1\nmax-size: 2", ":2: max-size: is there already, in line 1"),
        ("max-size:", ":1: max-size: has no value"),
        ("max-size: big", ":1: max-size: must be a size such as 250MB"),
        ("max-size: true", ":1: max-size: must be a size such as 250MB"),
        ("max-size: [1]", ":1: max-size: must be a size such as 250MB"),
        ("max-size: -1", ":1: max-size: must not be negative"),
        ("max-increase: -5%", ":1: max-increase: must not be negative"),
        ("max-increase: NaN%", ":1: max-increase: must be a size such as 10MB or a share such as 5%"),
        ("max-increase: five%", ":1: max-increase: must be a size such as 10MB or a share such as 5%"),
        ("pull: off", ":1: pull: must be true or false"),
        ("timeout: 1d", ":1: timeout: must be a time such as"),
        ("timeout: 0", ":1: timeout: must be more than nothing"),
        ("comment-mode: sometimes", ":1: comment-mode: should be 'always', 'changes' or 'off'"),
        ("github-retries: -1", ":1: github-retries: should be greater than or equal to 0"),
        ("fail-on: [never, fail]", ":1: fail-on: contradicts itself: never stands alone"),
        ("fail-on: [pass]", ":1: fail-on: must be a list of fail, unknown and warn, or never"),
        ("build-args:\n- A=1\n- 2", ":3: build-args[1]: should be a valid string"),
        ("build-args: {A: 1}", ":1: build-args: must be a list"),
        ("build-args: [A=1, A=2]", ":1: build-args: contradicts itself: A has two values"),
        ("build-args: ['--x=1']", ":1: build-args: must be lines of the form KEY=value"),
        ("platforms: [linux/amd64, linux/amd64]", ":1: platforms: contradicts itself: names the same platform twice"),
        ("platforms: amd64", ":1: platforms: must be platforms such as linux/amd64"),
        ("build-contexts: [a=b, a=c]", ":1: build-contexts: contradicts itself: names the same key twice"),
        ("build-args: " + "A=1," * 20_000, ":1: build-args: is longer than 65,536 characters"),
        ("build-args:\n" + "- A=1\n" * 1_001, ":1: build-args: has more than 1,000 items"),
        ("name: a b", ":1: name: must be letters, digits"),
        ("name: 7", ":1: name: should be a valid string"),
        ("target: --x", ":1: target: must be letters, digits"),
        ("context: ../up", ":1: context: must not leave the repository"),
        ("context: a/../../up", ":1: context: must not leave the repository"),
        ("file: /etc/passwd", ":1: file: must be a path relative to the repository"),
        ("context: https://example.com/a.git", ":1: context: must be a path relative to the repository"),
        ("images: []", ":1: images: must be a list with at least one image"),
        ("images: {name: a}", ":1: images: must be a list with at least one image"),
        ("images:\n- a", ":2: images[0]: must be a mapping of an image's settings"),
        ("images:\n- name: a\n- max-size: 1\n  name: a", ":4: images[1].name: two images are called a"),
        ("images:\n- max-size: 1\n- max-size: 2", ":3: images[1]: two images are called my-project"),
        ("- a", ":1: must be a mapping of settings"),
        ("a: &x [*x]", ":1: aliases (*x) are not supported"),
        ("a: [[[[[[[[[[1]]]]]]]]]]", ":1: is nested too deeply"),
        ("\n? [a]\n: b", ":2: a key must be text"),
        ("max-size: !!binary eA==", ":1: the tag tag:yaml.org,2002:binary is not supported"),
        ("!!python/object/apply:os.system [id]", ":1: the tag tag:yaml.org,2002:python/object/apply:os.system is not"),
        ("a: 1\nb: [", ":2: is not YAML: expected the node content"),
        ("a: 1\n---\nb: 2", ":2: is not YAML: but found another document"),
        ("a: \x07", ": is not YAML: it holds characters that YAML does not allow"),
        (b"a: 1\nb: \xff", ":2: is not UTF-8"),
        (b"#" * 300_000, ": is larger than 262,144 bytes"),
    ],
)
def test_a_file_that_cannot_be_used_names_line_and_key(root: Path, text: str | bytes, message: str) -> None:
    assert refusal(root, text).startswith(f".weighbridge.yml{message}")


@pytest.mark.parametrize(
    "line",
    [
        "secret-envs: A=AWS_SECRET_ACCESS_KEY",
        "secret-files: A=~/.ssh/id_ed25519",
        "ssh: default",
        "network: host",
        "cache-to: type=registry,ref=registry.example.com/cache",
    ],
)
def test_a_branch_cannot_reach_out_of_the_repository_by_its_file(root: Path, line: str) -> None:
    assert "cannot be set in the file" in refusal(root, line)
    assert "cannot be set in the file" in refusal(root, f"images:\n- {line}")


@pytest.mark.parametrize("text", ["build-args: [A=1, HOME]", "images:\n- build-args: |\n    A=1\n    HOME\n"])
def test_a_branch_cannot_have_a_variable_passed_on(root: Path, text: str) -> None:
    assert "build-args: must be KEY=value in the file" in refusal(root, text)


def test_a_key_that_a_terminal_would_obey_is_not_printed_as_it_is(root: Path) -> None:
    assert "\x1b" not in refusal(root, '"\\e[2Jmax": 1')
    assert len(refusal(root, f"{'x' * 5000}: 1")) < 300


def test_a_mistake_in_the_file_is_one_even_where_it_is_overridden(root: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"\.weighbridge\.yml:1: max-size: must be a size"):
        configured(root, "max-size: big", cli={"max-size": 1})


@pytest.mark.parametrize(
    ("environ", "cli", "message"),
    [
        ({"INPUT_MAX-SIZE": "big"}, {}, "input max-size: must be a size"),
        ({"WEIGHBRIDGE_MAX_SIZE": "big"}, {}, "WEIGHBRIDGE_MAX_SIZE: must be a size"),
        (
            {"WEIGHBRIDGE_MAX_SIZEE": "1"},
            {},
            "WEIGHBRIDGE_MAX_SIZEE: unknown variable, did you mean WEIGHBRIDGE_MAX_SIZE",
        ),
        ({}, {"max_size": "big"}, "--max-size: must be a size"),
        ({}, {"max_sizes": 1}, "--max-sizes: unknown option, did you mean max-size?"),
        ({"INPUT_PR-NUMBER": "x"}, {}, "input pr-number: should be a valid integer"),
        ({"INPUT_BASE-REF": "--upload-pack=x"}, {}, "input base-ref: must be a branch, tag or commit"),
        ({"INPUT_BUILD-ARGS": "A=1\n" * 40_000}, {}, "input build-args: is longer than 65,536 characters"),
        ({"INPUT_NETWORK": "--x"}, {}, "input network: must be the name of a network mode"),
        ({"INPUT_SECRET-ENVS": "A=B,A=C"}, {}, "input secret-envs: contradicts itself: names the same key twice"),
        ({"INPUT_SECRETS": "A=1"}, {"secret-files": ["A=b"]}, "--secret-file: the secret A is in secrets already"),
        ({"INPUT_CONFIG": "no.yml"}, {}, "input config: there is no file no.yml"),
    ],
)
def test_a_value_that_cannot_be_used_names_its_source(
    root: Path, environ: dict[str, str], cli: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        configured(root, environ=environ, cli=cli)

    assert str(caught.value).startswith(message)


def test_variables_of_other_tools_are_left_alone(root: Path) -> None:
    assert configured(root, environ={"WEIGHBRIDGE_CACHE": "x"}) == configured(root)


def test_another_file_can_be_named(root: Path) -> None:
    (root / "ci").mkdir()
    (root / "ci/weigh.yml").write_text("max-size: 5\nbad: 1")

    with pytest.raises(ConfigurationError, match=r"ci/weigh\.yml:2: bad: unknown key"):
        configured(root, cli={"config": "ci/weigh.yml"})


def test_an_empty_file_says_nothing(root: Path) -> None:
    assert configured(root, "# nothing yet\n") == configured(root)


def test_a_link_out_of_the_repository_is_not_followed(root: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("root:x:0:0\n")
    (root / ".weighbridge.yml").symlink_to(tmp_path / "outside")

    with pytest.raises(ConfigurationError, match="is a link that leaves the repository"):
        configured(root)


def test_a_directory_in_the_files_place_is_named(root: Path) -> None:
    (root / ".weighbridge.yml").mkdir()

    with pytest.raises(ConfigurationError, match=r"\.weighbridge\.yml: cannot be read: Is a directory"):
        configured(root)


@given(st.text(max_size=60))
def test_any_text_is_settings_or_one_line(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    root = tmp_path_factory.getbasetemp()
    (root / ".weighbridge.yml").write_bytes(text.encode("utf-8", "surrogatepass"))

    try:
        settings = load(cli={}, environ={}, root=root)
    except ConfigurationError as error:
        assert "\n" not in str(error)
    else:
        assert len(settings.images) >= 1
