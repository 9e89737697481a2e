"""What a release is made of agrees before it is made."""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path

import pytest

import release
import weighbridge

ROOT = Path(__file__).parents[2]
PACKAGE = '"""What it is."""\n\n__version__ = "1.2.3"\n'
CHANGELOG = "# Changelog\n\n## 1.2.3\n\n- New.\n\n## 1.2.2\n"
REFERENCE = f"registry.example/octocat/scale@sha256:{'a' * 64}"


def test_package_project_and_changelog_have_one_version() -> None:
    declared = importlib.metadata.version("weighbridge")
    newest = re.findall(r"^## (\S+)(?: \(unreleased\))?$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[0]
    assert (declared, declared) == (weighbridge.__version__, newest)


def test_a_version_that_all_agree_on_may_be_released() -> None:
    release.check("1.2.3", PACKAGE, CHANGELOG)


@pytest.mark.parametrize(
    ("version", "package", "changelog", "complaint"),
    [
        ("v1.2.3", PACKAGE, CHANGELOG, "'v1.2.3' is no version"),
        ("1.2", PACKAGE, CHANGELOG, "'1.2' is no version"),
        ("1.2.03", PACKAGE, CHANGELOG, "'1.2.03' is no version"),
        ("1.2.3\n", PACKAGE, CHANGELOG, "'1.2.3\\\\n' is no version"),
        ("1.2.4", PACKAGE, CHANGELOG, "has the version 1.2.3, not 1.2.4"),
        ("1.2.3", PACKAGE, CHANGELOG.replace("## 1.2.3\n", "## 1.2.3 (unreleased)\n"), "`## 1.2.3 .unreleased.`"),
        ("1.2.3", PACKAGE, "# Changelog\n", "no heading"),
        ("1.2.3", "", CHANGELOG, "has no version, not 1.2.3"),
    ],
)
def test_a_version_that_not_all_agree_on_is_refused(version: str, package: str, changelog: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        release.check(version, package, changelog)


def test_the_released_action_differs_in_its_image_alone() -> None:
    built = (ROOT / "action.yml").read_text()
    assert release.released(built, REFERENCE) == built.replace("image: Dockerfile", f"image: docker://{REFERENCE}")


@pytest.mark.parametrize("reference", ["registry.example/scale:1.2.3", f"x@sha256:{'a' * 63}", f"{REFERENCE}\nargs: x"])
def test_an_image_without_a_digest_is_refused(reference: str) -> None:
    with pytest.raises(ValueError, match="is no image with a digest"):
        release.released("runs:\n  image: Dockerfile\n", reference)


def test_a_released_action_is_not_released_again() -> None:
    text = release.released("runs:\n  image: Dockerfile\n", REFERENCE)
    with pytest.raises(ValueError, match="is this a release already"):
        release.released(text, REFERENCE)
