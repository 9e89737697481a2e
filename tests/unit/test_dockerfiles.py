"""All Dockerfiles of a repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.test_touched import tree
from weighbridge.dockerfiles import MOST, find_dockerfiles, probable_spec
from weighbridge.errors import UsageError
from weighbridge.selection import at_place, with_every_dockerfile
from weighbridge.settings import load

if TYPE_CHECKING:
    from pathlib import Path

    from weighbridge.settings import Settings


def every(root: Path, **cli: object) -> Settings:
    return with_every_dockerfile(load(cli=cli, environ={}, root=root), root)


def test_dockerfiles_are_found_by_name_shallow_ones_first(tmp_path: Path) -> None:
    named = ["Dockerfile", "web.Dockerfile", "Dockerfile.dev", "api/Dockerfile", "api/deep/Containerfile"]
    others = [
        *(
            "Dockerfile.dockerignore",
            "Dockerfile.j2",
            "Dockerfile.tmpl",
            "docs/Dockerfile.md",
            "dockerfiles",
            "Makefile",
        ),
        *(".devcontainer/Dockerfile", "node_modules/x/Dockerfile", "vendor/x/Dockerfile", ".git/Dockerfile"),
    ]
    tree(tmp_path, dict.fromkeys([*named, *others], "FROM a\n"))
    (tmp_path / "link").mkdir()
    (tmp_path / "link/Dockerfile").symlink_to(tmp_path / "Dockerfile")

    assert ("Dockerfile", "Dockerfile.dev", "web.Dockerfile", "api/Dockerfile", "api/deep/Containerfile") == (
        find_dockerfiles(tmp_path)
    )


def test_there_is_an_end_to_them(tmp_path: Path) -> None:
    tree(tmp_path, {f"d{number}/Dockerfile": "FROM a\n" for number in range(MOST + 20)})

    assert MOST == len(find_dockerfiles(tmp_path))


@pytest.mark.parametrize(
    ("path", "text", "context"),
    [
        ("api/Dockerfile", "FROM a\nCOPY main.go /\n", "api"),
        ("docker/Dockerfile", "FROM a\nCOPY api/main.go /\n", "."),
        ("docker/Dockerfile", "FROM a\nCOPY nowhere /\n", "docker"),
        ("docker/Dockerfile", "FROM a\nCOPY . .\n", "docker"),
        ("docker/Dockerfile", "FROM a\nRUN <<EOF\n", "docker"),
        ("Dockerfile", "FROM a\nCOPY api/main.go /\n", "."),
    ],
)
def test_the_context_is_where_what_is_copied_lies(tmp_path: Path, path: str, text: str, context: str) -> None:
    tree(tmp_path, {path: text, "api/main.go": "1"})

    assert context == probable_spec(tmp_path, path, text, []).context


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("api/Dockerfile", "api"),
        ("services/web/Dockerfile.prod", "web-prod"),
        ("worker.Dockerfile", "worker"),
        ("Dockerfile", "image"),
        ("Ünï/Dockerfile", "n"),
    ],
)
def test_an_image_is_called_after_its_folder_or_its_dockerfile(tmp_path: Path, path: str, name: str) -> None:
    assert name == probable_spec(tmp_path, path, "", []).name
    assert f"{name}-2" == probable_spec(tmp_path, path, "", [name]).name


def test_configured_images_come_first_and_keep_their_settings(tmp_path: Path) -> None:
    config = "images:\n  - name: front\n    context: web\n    target: prod\n  - name: api\n    context: api\n"
    files = dict.fromkeys(["web/Dockerfile", "api/Dockerfile", "tools/Dockerfile"], "FROM a AS prod\n")
    tree(tmp_path, {".weighbridge.yml": config, **files})

    settings = every(tmp_path, network="host")

    assert [("front", "prod"), ("api", None), ("tools", None)] == [(each.name, each.target) for each in settings.images]
    assert ["host"] * 3 == [each.network for each in settings.images]


def test_without_a_dockerfile_in_the_root_there_are_the_others_alone(tmp_path: Path) -> None:
    tree(tmp_path, {"api/Dockerfile": "FROM a\n", "web/Dockerfile": "FROM a\n"})

    assert ["api", "web"] == [image.name for image in every(tmp_path).images]


def test_a_repository_without_any_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no Dockerfile in the repository"):
        every(tmp_path)


@pytest.mark.parametrize(
    ("context", "file", "expected"),
    [
        ("web", None, [("front", "web")]),
        ("./web/", None, [("front", "web")]),
        ("api", None, [("api", "api"), ("cron", "api")]),
        (None, "api/Dockerfile.cron", [("cron", "api")]),
        ("api", "api/Dockerfile", [("api", "api")]),
        ("tools", None, [("tools", "tools")]),
        (None, "tools/Dockerfile", [("tools", ".")]),
    ],
)
def test_a_place_means_the_images_that_lie_there(
    tmp_path: Path, context: str | None, file: str | None, expected: list[tuple[str, str]]
) -> None:
    config = (
        "images:\n  - name: front\n    context: web\n  - name: api\n    context: api\n"
        "  - name: cron\n    context: api\n    file: api/Dockerfile.cron\n"
    )
    tree(tmp_path, {".weighbridge.yml": config})
    asked, configured = (
        load(cli=place, environ={}, root=tmp_path) for place in ({"context": context, "file": file}, {})
    )

    chosen = at_place(asked, configured, context=context, file=file)

    assert expected == [(image.name, image.context) for image in chosen.images]
