"""Badges and charts of what is remembered, and the files that they are on the branch."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import cmarkgfm
import pytest

from tests.support.charts import HOSTILE
from tests.support.records import layer, record
from weighbridge.core.badges.choices import Kind
from weighbridge.core.badges.kinds import badge
from weighbridge.core.badges.remembered import figures
from weighbridge.core.charts.choices import ChartKind
from weighbridge.core.charts.remembered import chart
from weighbridge.core.history.look import Series, Wanted, main_line, select
from weighbridge.core.history.pictures import Subject, draw, snippet, subjects
from weighbridge.errors import UsageError
from weighbridge.model.packages import Ecosystem
from weighbridge.model.record import EcosystemWeight

if TYPE_CHECKING:
    from weighbridge.model.record import Record

MB = 1_000_000


def series(*records: Record) -> Series:
    (found,) = select(records, Wanted())
    return found


def message(kind: Kind, *records: Record) -> tuple[str, str]:
    made = badge(kind, figures(series(*records)))
    return made.label, made.message


def groups(kind: ChartKind, *records: Record) -> dict[str, str]:
    """Name → weight, as the legend tells them."""
    labels = chart(kind, [series(*records)]).labels
    return {
        label.runs[0].text: label.runs[1].text.strip()
        for label in labels
        if len(label.runs) == 2 and label.kind != "title"
    }


def test_badges_tell_of_the_newest_record() -> None:
    records = (record(0, 90 * MB), record(1, 100 * MB, saving=20 * MB))
    assert ("image size", "100.0 MB") == message(Kind.SIZE, *records)
    assert ("image pull size", "≈ 33.3 MB") == message(Kind.PACKED, *records)
    assert ("image layers", "2") == message(Kind.LAYERS, *records)
    assert ("proven saving", "−20.0 MB (−20.0 %)") == message(Kind.SAVING, *records)


def test_the_change_is_since_the_highest_release_and_not_the_latest() -> None:
    records = (
        record(0, 80 * MB, release="v2.0.0"),
        record(1, 50 * MB, release="v1.9.1"),
        record(2, 100 * MB),
    )
    assert ("size since v2.0.0", "+20.0 MB (+25.0 %)") == message(Kind.CHANGE, *records)


def test_a_release_is_compared_with_the_one_below_it() -> None:
    records = (
        record(0, 80 * MB, release="v1.9.0"),
        record(1, 90 * MB, release="v2.0.0"),
        record(2, 84 * MB, release="v1.9.1"),
    )
    assert ("size since v1.9.0", "+4.0 MB (+5.0 %)") == message(Kind.CHANGE, *records)


def test_without_a_release_the_change_is_unknown() -> None:
    assert ("size since last release", "unknown") == message(Kind.CHANGE, record(0), record(1))


def test_a_size_without_a_budget_is_neither_good_nor_bad() -> None:
    colors = [badge(Kind.SIZE, figures(series(record(max_size=size)))).color for size in (None, 200 * MB)]
    assert ["blue", "brightgreen"] == colors


def test_layers_are_grouped_by_what_their_instructions_do() -> None:
    layers = (
        layer(0, 30 * MB, "ADD rootfs.tar.xz /", from_base=True),
        layer(1, 10 * MB, "RUN /bin/sh -c apt-get update && apt-get install -y gcc"),
        layer(2, 5 * MB, "RUN /bin/sh -c apt-get install -y curl"),
        layer(3, 4 * MB, "COPY . /srv"),
        layer(4, 3 * MB, "RUN /bin/sh -c cd /srv && go build -o x ."),
        layer(5, 2 * MB, "RUN /bin/sh -c chown -R 1000 /srv"),
        layer(6, MB, "WORKDIR /srv"),
    )
    assert {
        "base image": "30.0 MB",
        "apt-get install": "15.0 MB",
        "COPY": "4.0 MB",
        "go build": "3.0 MB",
        "chown": "2.0 MB",
        "WORKDIR": "1.0 MB",
    } == groups(ChartKind.LAYERS, record(0, 55 * MB, layers=layers))


def test_packages_are_grouped_by_ecosystem_and_what_they_lack_is_the_rest() -> None:
    ecosystems = tuple(
        EcosystemWeight(ecosystem=each, size=size * MB, packages=3)
        for each, size in ((Ecosystem.APT, 60), (Ecosystem.NPM, 10))
    )
    assert {"apt packages": "60.0 MB", "npm packages": "10.0 MB", "everything else": "30.0 MB"} == groups(
        ChartKind.PACKAGES, record(0, 100 * MB, ecosystems=ecosystems)
    )


def test_several_images_are_lines_named_by_what_they_differ_in() -> None:
    records = (record(), record(platform="linux/arm64"), record(image="api"))
    drawn = chart(ChartKind.SIZE, select(records, Wanted()))
    named = {label.runs[0].text for label in drawn.labels if len(label.runs) == 2 and label.kind != "title"}
    assert {"api", "app linux/amd64", "app linux/arm64"} == named


def test_what_has_no_room_is_refused_with_what_to_do() -> None:
    many = select([record(image=f"image-{number}") for number in range(9)], Wanted())
    with pytest.raises(UsageError, match=r"room for 8 images, not for 9: name one"):
        chart(ChartKind.SIZE, many)
    with pytest.raises(UsageError, match=r"one image on one platform: name one of image-0 linux/amd64, image-1"):
        chart(ChartKind.LAYERS, many[:2])


def test_estimated_pull_sizes_say_so() -> None:
    assert "app pull size (estimated)" == chart(ChartKind.PACKED, [series(record())]).title
    exact = record(packed=replace(record().packed, estimated=False))
    assert "app pull size" == chart(ChartKind.PACKED, [series(exact)]).title


def test_other_branches_are_left_out_and_releases_are_not() -> None:
    records = [record(0), record(1, ref="topic"), record(2, ref="1.x", release="v1.0.1"), record(3)]
    kept = [each.commit for each in main_line(series(*records), "main").records]
    assert [records[0].commit, records[2].commit, records[3].commit] == kept
    assert kept == [each.commit for each in main_line(series(*records), None).records]
    assert 1 == len(main_line(series(record(ref="topic")), "main").records)


def test_every_image_has_its_folder_of_pictures() -> None:
    records = (record(0), record(1), record(1, platform="linux/arm/v7"))
    files = draw(records, subjects(records), "main")
    assert {"pictures/app/linux-amd64", "pictures/app/linux-arm-v7"} == {path.rpartition("/")[0] for path in files}
    names = {path.rpartition("/")[2] for path in files}
    assert names == {
        *(f"{kind}.{end}" for kind in Kind for end in ("svg", "json")),
        *(f"chart-{kind}.svg" for kind in ChartKind),
    }
    for path, content in files.items():
        if path.endswith(".json"):
            assert 1 == json.loads(content)["schemaVersion"]
        else:
            ET.fromstring(content)  # noqa: S314 - ours


def test_the_same_records_are_the_same_files() -> None:
    records = [record(number) for number in range(9)]
    assert draw(records, subjects(records), "main") == draw(records, subjects(records), "main")


@pytest.mark.parametrize("name", ["../../etc", ".git", "a/b/c/d", "CON", "A", HOSTILE, "\ud800", "x" * 500, "-", "é"])
def test_a_hostile_name_is_a_folder_like_any_other(name: str) -> None:
    folder = Subject(name, "linux/amd64").folder
    assert re.fullmatch(r"pictures/[a-z0-9][a-z0-9-]{0,60}/linux-amd64", folder)
    assert folder != Subject(f"{name} ", "linux/amd64").folder


def test_the_snippet_shows_files_that_there_are() -> None:
    records = (record(image=HOSTILE),)
    files = draw(records, subjects(records), None)
    text = snippet(subjects(records), repository_url="https://git.example.com/o/r", branch="weights/x")
    shown = re.findall(r"\]\(https://git\.example\.com/o/r/raw/weights%2Fx/([^)]+)\)", text)
    assert 8 == len(shown) == text.count("![")
    assert set(shown) <= files.keys()
    page = cmarkgfm.github_flavored_markdown_to_html(text, cmarkgfm.Options.CMARK_OPT_UNSAFE)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
