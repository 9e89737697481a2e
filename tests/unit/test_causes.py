"""Causes say in a reviewer's words why the size changed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.models import Step, base_step, image, package, step
from weighbridge.core.causes import LIMIT, PHRASE_LIMIT
from weighbridge.core.compare import compare
from weighbridge.core.essence import essence, understand
from weighbridge.model.change import Origin
from weighbridge.model.packages import Ecosystem

if TYPE_CHECKING:
    from weighbridge.model.image import Image

MB = 1_000_000
BASKET = "RUN apt-get update && apt-get install -y golang git && rm -rf /var/lib/apt/lists/*"
BASKET_WITH_GCC = "RUN apt-get update && apt-get install -y golang git gcc && rm -rf /var/lib/apt/lists/*"


def phrases(base: Image, head: Image) -> list[str]:
    return [cause.phrase for cause in compare(base, head).causes]


def test_the_basket_with_gcc_is_told_by_the_package_that_the_pull_request_added() -> None:
    ubuntu = base_step({"bin/sh": 100 * MB})
    tools = {"usr/bin/go": 300 * MB, "var/lib/dpkg/info/golang.list": 10}
    base = image(ubuntu, step(BASKET, tools, line=7), packages=[package("golang", 300 * MB)])
    gcc = {f"var/lib/dpkg/info/{name}.list": 5 for name in ("gcc", "gcc-12", "cpp-12", "libasan8")}
    head = image(
        ubuntu,
        step(BASKET_WITH_GCC, tools | gcc | {"usr/bin/gcc-12": 182 * MB}, line=7),
        packages=[
            package("golang", 300 * MB),
            package("gcc", 1_000),
            package("gcc-12", 150 * MB),
            package("cpp-12", 30 * MB),
            package("libasan8", 2 * MB),
        ],
    )

    (cause,) = compare(base, head).causes

    assert "`apt-get install gcc` brings `gcc-12`, `cpp-12` and 2 more packages" == cause.phrase
    assert (182 * MB + 20, "Dockerfile:7", False) == (cause.delta, str(cause.line), cause.in_base)


def test_the_pull_request_that_takes_gcc_out_again_says_what_is_gone() -> None:
    base = image(step(BASKET_WITH_GCC, {"usr/bin/gcc-12": 182 * MB}, line=7), packages=[package("gcc-12", 182 * MB)])
    head = image(step(BASKET, {"usr/bin/go": 1}, line=7))

    (phrase,) = phrases(base, head)

    assert "`apt-get install golang git` no longer brings `gcc-12`" == phrase


def test_a_copied_file_is_named() -> None:
    sh = base_step({"bin/sh": MB})
    base = image(sh, step("COPY app.py /srv/", {"srv/app.py": 100}))
    head = image(
        sh,
        step("COPY app.py /srv/", {"srv/app.py": 100}),
        step("COPY --chown=app model.bin /srv/", {"srv/model.bin": 12_200_000}),
    )

    assert ["`COPY model.bin /srv/` adds `/srv/model.bin` (12.2 MB)"] == phrases(base, head)


def test_a_change_of_owner_is_told_as_the_second_copy_that_it_is() -> None:
    model = step("COPY model.bin /srv/", {"srv/model.bin": 12_200_000})
    chown = Step(run="RUN chown -R app /srv", files={"srv/model.bin": 12_200_000}, content="", uid=7)

    assert ["`chown -R app /srv` copies `/srv/model.bin` (12.2 MB) a second time"] == phrases(
        image(model), image(model, chown)
    )


def test_a_file_that_a_later_layer_only_gives_to_another_owner_is_still_what_its_copy_adds() -> None:
    sh = base_step({"bin/sh": 1})
    head = image(
        sh,
        step("COPY model.bin /srv/", {"srv/model.bin": 100_000}),
        Step(run="RUN useradd app && chown -R app /srv", files={"srv/model.bin": 100_000, "etc/passwd": 9}, uid=7),
    )

    assert [
        "`chown -R app /srv` copies `/srv/model.bin` (100.0 kB) a second time",
        "`COPY model.bin /srv/` adds `/srv/model.bin` (100.0 kB)",
    ] == phrases(image(sh), head)
    assert "`COPY model.bin /srv/` is gone" == phrases(head, image(sh))[1]


def test_bytes_that_a_later_layer_deletes_are_told_as_still_there() -> None:
    sh = base_step({"bin/sh": MB})
    head = image(
        sh,
        step("ADD big.tar /tmp/", {"tmp/big.tar": 50 * MB}),
        Step(run="RUN rm /tmp/big.tar", gone=("tmp/big.tar",)),
    )

    assert [
        "`ADD big.tar /tmp/` leaves `/tmp/big.tar` (50.0 MB) in its layer, though it is deleted or replaced later"
    ] == phrases(image(sh), head)


def test_a_moved_base_image_is_one_cause_apart_from_the_pull_request() -> None:
    base = image(base_step({"bin/sh": 10}), base_step({"lib/libc": 20}), base_name="python:3.12-slim")
    head = image(base_step({"bin/sh": 11}), base_step({"lib/libc": 25}), base_name="python:3.12-slim")

    (cause,) = compare(base, head).causes

    assert "base image `python:3.12-slim` moved" == cause.phrase
    assert (6, Origin.BASE_IMAGE) == (cause.delta, cause.origin)


def test_another_base_image_is_the_pull_requests_own_doing() -> None:
    base = image(base_step({"bin/sh": 10}), base_name="debian:12")
    head = image(base_step({"bin/busybox": 4}), base_name="alpine")

    (cause,) = compare(base, head).causes

    assert "base image changed from `debian:12` to `alpine`" == cause.phrase
    assert (-6, Origin.CHANGE) == (cause.delta, cause.origin)


def test_an_instruction_that_is_gone_points_into_the_bases_dockerfile() -> None:
    kept = step("COPY a /a", {"a": 1}, line=2)
    base = image(kept, step("RUN pip install torch", {"torch.so": 9 * MB}, line=5))

    (cause,) = compare(base, image(kept)).causes

    assert ("`pip install torch` is gone", "Dockerfile:5", True) == (cause.phrase, str(cause.line), cause.in_base)


def test_packages_with_a_record_of_their_own_belong_to_the_layer_that_wrote_it() -> None:
    torch = package("torch", 90 * MB, ecosystem=Ecosystem.PIP)
    flask = package("flask", MB, ecosystem=Ecosystem.PIP)
    first = step("RUN pip install -r requirements.txt", {torch.path: 90 * MB})
    second = step("RUN pip install flask", {flask.path: MB})

    assert [
        "`pip install -r requirements.txt` brings `torch`",
        "`pip install flask` brings `flask`",
    ] == phrases(image(), image(first, second, packages=[flask, torch]))


def test_a_small_package_does_not_stand_for_a_large_file() -> None:
    curl = package("curl", MB)
    run = "RUN apt-get install -y curl && curl -o /opt/model.bin https://example.com/model.bin"
    head = image(step(run, {"var/lib/dpkg/info/curl.list": 9, "usr/bin/curl": MB, "opt/model.bin": 99 * MB}))

    (phrase,) = phrases(image(), replace(head, packages=(curl,)))

    assert "`curl -o /opt/model.bin https://example.com/model.bin` adds `/opt/model.bin` (99.0 MB)" == phrase


def test_a_package_that_moved_is_named_with_both_versions() -> None:
    old = image(
        step("RUN npm ci", {"npm/left-pad": 1}), packages=[package("left-pad", 1, "1.0.0", ecosystem=Ecosystem.NPM)]
    )
    new = image(
        step("RUN npm ci", {"npm/left-pad": 4}), packages=[package("left-pad", 4, "1.3.0", ecosystem=Ecosystem.NPM)]
    )

    assert ["`npm ci` moves `left-pad` from 1.0.0 to 1.3.0"] == phrases(old, new)


def test_small_causes_past_the_bound_are_told_as_one_and_still_add_up() -> None:
    steps = [step(f"COPY f{number} /d{number}/", {f"d{number}/f": number}) for number in range(1, 41)]

    diff = compare(image(), image(*steps))

    assert LIMIT == len(diff.causes)
    assert ("21 other changes", sum(range(1, 22))) == (diff.causes[-1].phrase, diff.causes[-1].delta)
    assert diff.size == sum(cause.delta for cause in diff.causes)


def test_a_phrase_is_one_bounded_line_whatever_the_names_hold() -> None:
    nasty = "a\nb`\x1b[31m\u202e" + "x" * 5_000
    head = image(step(f"COPY {nasty} /", {nasty: MB}))

    (phrase,) = phrases(image(), head)

    assert phrase.isprintable()
    assert len(phrase) <= PHRASE_LIMIT
    assert 0 == phrase.count("`") % 2


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        ("RUN /bin/sh -c apt-get update && apt-get install -y --no-install-recommends gcc", "apt-get install gcc"),
        ("RUN --mount=type=cache,target=/root pip install -i https://u:p@host torch", "pip install torch"),
        ("RUN python3 -m pip install a b c d e", "pip install a b c and 2 more"),
        ("RUN apk add --no-cache --virtual .deps gcc musl-dev", "apk add gcc musl-dev"),
        ("RUN npm ci --omit=dev", "npm ci"),
        ("RUN set -e; mkdir /x && curl -fsSL http://x 2>/dev/null | tar xz -C /x", "curl -fsSL http://x"),
        ("RUN cd /src && CGO_ENABLED=0 go build -o /httpd && echo done", "go build -o /httpd"),
        ("RUN pip install x && echo 'cut off", "pip install x"),
        ("/bin/sh -c #(nop) COPY file:" + 64 * "0" + " in /root", "COPY file in /root"),
        ("|1 A=b /bin/sh -c make install", "make install"),
        ("COPY --chown=1:1 --from=build /a /b", "COPY --from=build /a /b"),
        ("WORKDIR /app", "WORKDIR /app"),
    ],
)
def test_an_instruction_is_shortened_to_the_command_that_matters(instruction: str, expected: str) -> None:
    assert expected == essence(understand(instruction))


def test_a_command_that_the_base_lacks_comes_before_those_it_has() -> None:
    previous = understand("RUN apt-get install -y git")
    edited = understand("RUN apt-get install -y git && go build -o /x .")

    assert "go build -o /x ." == essence(edited, previous)
