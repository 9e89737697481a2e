"""Every rule finds its own bad example, and nothing in its good one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.models import base_step, image, package, step
from tests.support.rules import context, found, subject
from weighbridge.core.rules.registry import RULES
from weighbridge.dockerfile.parse import parse
from weighbridge.model.packages import Ecosystem
from weighbridge.model.programs import Elf, Programs

if TYPE_CHECKING:
    from weighbridge.core.rules.rule import Rule
    from weighbridge.model.image import Image

CONTEXT = context(
    {".git/objects/pack/a": 4_000_000, "src/main.c": 900, "server.js": 2_000, "model.bin": 1_000_000},
    {
        "package.json": '{"devDependencies": {"jest": "29"}}',
        "package-lock.json": "{}",
        "Gemfile": "",
        "go.mod": "module app\n",
    },
)
NEIGHBOURS = {
    "Dockerfile.build": "FROM golang:1.26\nCOPY . .\nRUN go build -o /app .\n",
    "build.sh": "#!/bin/sh\ndocker build -t build -f Dockerfile.build .\ndocker create --name out build\n"
    "docker cp out:/app app\ndocker build -t app .\n",
}
STATIC = [rule for rule in RULES if not rule.needs_image]
MB = 1_000_000


def stored(made: Image, compression: str) -> Image:
    """The image as an archive holds it."""
    return replace(made, layers=tuple(replace(layer, compression=compression) for layer in made.layers))


def measured(rule: str) -> tuple[Image, Image]:
    """What the rule's bad and its good Dockerfile make."""
    base = base_step({"etc/os-release": 100})
    pair = {
        "rewritten-file": (
            image(
                base, step("RUN make-database", {"data.db": MB}, line=2), step("RUN fill", {"data.db": 2 * MB}, line=4)
            ),
            image(base, step("RUN both", {"data.db": 2 * MB}, line=3)),
        ),
        "consecutive-runs": (
            image(
                base, step("RUN make-database", {"data.db": MB}, line=2), step("RUN fill", {"data.db": 2 * MB}, line=3)
            ),
            image(base, step("RUN both", {"data.db": 2 * MB}, line=2)),
        ),
        "gzip-layers": (
            stored(image(base, step("COPY data /data", {"data": 30 * MB}, line=2)), "gzip"),
            stored(image(base, step("COPY data /data", {"data": 30 * MB}, line=2)), "zstd"),
        ),
        "tests-in-packages": (
            image(base, step("RUN pip", {"usr/local/lib/python3.13/site-packages/pandas/tests/a.csv": 9 * MB}, line=2)),
            image(base, step("RUN pip", {"usr/local/lib/python3.13/site-packages/pandas/a.py": MB}, line=2)),
        ),
        "gpu-wheels": (
            image(base, packages=[package("nvidia-cudnn-cu12", 700 * MB, ecosystem=Ecosystem.PIP)]),
            image(base, packages=[package("torch", 200 * MB, ecosystem=Ecosystem.PIP)]),
        ),
        "static-libraries": (
            image(base, step("RUN make install", {"usr/local/lib/libx.a": MB}, line=2)),
            image(base, step("RUN make install", {"usr/local/lib/libx.so": MB}, line=2)),
        ),
        "source-maps": (
            image(base, step("COPY dist", {"usr/share/nginx/html/app.js.map": MB}, line=2)),
            image(base, step("COPY dist", {"usr/share/nginx/html/app.js": MB}, line=2)),
        ),
        "docs-in-final": (
            image(base, step("RUN apt-get", {"usr/share/doc/nginx/a": MB, "usr/share/doc/nginx/copyright": 9}, line=2)),
            image(base, step("RUN apt-get", {"usr/share/doc/nginx/copyright": MB}, line=2)),
        ),
        "logs-kept": (
            image(base, step("RUN apt-get", {"var/log/dpkg.log": MB}, line=2)),
            image(base, step("RUN apt-get", {"usr/sbin/nginx": MB}, line=2)),
        ),
        "unstripped-binaries": (
            image(base, step("COPY server", {"usr/local/bin/server": 3 * MB}, line=2)),
            image(base, step("COPY server", {"usr/local/bin/server": MB}, line=5)),
        ),
        "duplicate-files": (_copied_twice(), image(base, step("COPY model", {"app/model.bin": MB}, line=2))),
    }
    return pair[rule]


def _copied_twice() -> Image:
    from dataclasses import replace

    from weighbridge.model.files import Duplicate

    made = image(step("COPY", {"app/model.bin": MB}, line=2), step("RUN cp", {"srv/model.bin": MB}, line=3))
    return replace(made, duplicates=(Duplicate(size=MB, paths=("app/model.bin", "srv/model.bin")),))


def programs(*, stripped: bool) -> Programs:
    elf = Elf(
        path="usr/local/bin/server",
        size=MB,
        machine="EM_X86_64",
        bits=64,
        executable=True,
        stripped=stripped,
        debug_bytes=0 if stripped else 2 * MB,
    )
    return Programs(elves={elf.path: elf}, scripts={}, links={}, files={})


@pytest.mark.parametrize("rule", STATIC, ids=lambda rule: rule.id)
def test_the_dockerfile_alone_shows_the_bad_example_and_nothing_in_the_good_one(rule: Rule) -> None:
    bad = found(rule.id, subject(rule.bad, context=CONTEXT, neighbours=NEIGHBOURS))
    good = found(rule.id, subject(rule.good, context=CONTEXT, neighbours=NEIGHBOURS))

    assert bad
    assert all(finding.static and finding.line is not None for finding in bad)
    assert [] == good


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.needs_image], ids=lambda rule: rule.id)
def test_an_image_shows_the_bad_example_and_nothing_in_the_good_one(rule: Rule) -> None:
    bad_image, good_image = measured(rule.id)
    bad = found(rule.id, subject(rule.bad, image=bad_image, programs=programs(stripped=False)))
    good = found(rule.id, subject(rule.good, image=good_image, programs=programs(stripped=True)))

    # How layers are stored costs no byte on a disk.
    assert all(finding.waste or rule.id == "gzip-layers" for finding in bad)
    assert not any(finding.static for finding in bad)
    assert 1 == len(bad)
    assert [] == good


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_is_documented_in_sentences_with_dockerfiles_that_parse(rule: Rule) -> None:
    for text in (rule.why, rule.how):
        assert text.endswith(".")
    assert parse(rule.bad, "Dockerfile").stages
    assert parse(rule.good, "Dockerfile").stages
    assert len(rule.title) < 80


def test_ids_are_unique() -> None:
    ids = [rule.id for rule in RULES]

    assert sorted(set(ids)) == sorted(ids)
