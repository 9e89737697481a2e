"""What rules find, what they leave alone, and what the image has to say about it."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.models import Step, base_step, image, package, step
from tests.support.reports import image as image_report
from tests.support.reports import report
from tests.support.rules import CONFIG, context, found, subject
from weighbridge.core.rules.config import RulesConfig
from weighbridge.core.rules.introduced import told_apart, told_by_instruction
from weighbridge.core.rules.registry import MOST, RULES, examine
from weighbridge.core.wire import dump, load
from weighbridge.errors import MalformedDockerfile
from weighbridge.model.finding import Severity

MB = 1_000_000
APT = "RUN apt-get update && apt-get install -y --no-install-recommends tini"
LISTS = {"var/lib/apt/lists/a_Packages": 19 * MB}


def names(text: str, **known: object) -> set[str]:
    """The ids of all that is found."""
    return {finding.rule for finding in examine(subject(text, **known), CONFIG)}  # type: ignore[arg-type]


class TestEvidence:
    """Bytes come from the image; without one a finding is static."""

    def test_bytes_line_layer_and_paths_are_those_of_the_layer_that_holds_them(self) -> None:
        made = image(base_step({"bin/sh": MB}), step(APT, LISTS, line=2))
        (finding,) = found("apt-lists-kept", subject(f"FROM debian:13-slim\n{APT}\n", image=made))

        assert 19 * MB == finding.waste
        assert "Dockerfile:2" == str(finding.line)
        assert ("var/lib/apt/lists/a_Packages", 19 * MB, 1) == (
            finding.evidence[0].path,
            finding.evidence[0].size,
            finding.evidence[0].layer,
        )

    def test_an_image_without_the_bytes_denies_what_the_dockerfile_suggests(self) -> None:
        made = image(base_step({"bin/sh": MB}), step(APT, {"usr/bin/tini": MB}, line=2))

        assert [] == found("apt-lists-kept", subject(f"FROM debian:13-slim\n{APT}\n", image=made))

    def test_without_an_image_a_finding_is_static(self) -> None:
        (finding,) = found("apt-lists-kept", subject(f"FROM debian:13-slim\n{APT}\n"))

        assert finding.static
        assert "Dockerfile:2" == str(finding.line)

    def test_what_the_base_image_brought_is_not_held_against_the_dockerfile(self) -> None:
        made = image(base_step(LISTS), step("COPY app", {"app": MB}, line=2))

        assert [] == found("apt-lists-kept", subject("FROM debian:13-slim\nCOPY app /\n", image=made))

    def test_a_cache_deleted_in_a_later_layer_is_told_once_and_at_the_line_that_wrote_it(self) -> None:
        removal = Step(run="RUN rm -rf /var/lib/apt/lists/*", gone=("var/lib/apt/lists/a_Packages",), line=3)
        made = image(base_step({"bin/sh": MB}), step(APT, LISTS, line=2), removal)
        text = f"FROM debian:13-slim\n{APT}\nRUN rm -rf /var/lib/apt/lists/*\n"
        findings = examine(subject(text, image=made), CONFIG)

        assert [("apt-lists-kept", 19 * MB)] == [(each.rule, each.waste) for each in findings if each.waste]

    def test_findings_are_sorted_by_bytes_and_static_ones_follow_by_severity(self) -> None:
        made = image(
            base_step({"bin/sh": MB}),
            step("RUN a", {"root/.cache/pip/x": MB}, line=2),
            step("RUN b", {"root/.npm/_cacache/x": 3 * MB}, line=3),
        )
        findings = examine(subject("FROM node:latest\nRUN pip install a\nRUN npm install b\n", image=made), CONFIG)

        assert ["npm-cache", "pip-cache", "base-not-slim", "unpinned-base"] == [each.rule for each in findings]

    def test_a_chown_is_charged_with_what_it_copies(self) -> None:
        text = "FROM debian:13-slim\nCOPY model.bin /srv/\nRUN chown -R 1:1 /srv\n"
        made = image(
            base_step({"bin/sh": MB}),
            step("COPY model.bin /srv/", {"srv/model.bin": 9 * MB}, line=2),
            Step(run="RUN chown", files={"srv/model.bin": 9 * MB}, uid=1, line=3),
        )
        (finding,) = found("recursive-chown-layer", subject(text, image=made))

        assert (9 * MB, "Dockerfile:3") == (finding.waste, str(finding.line))
        assert "rewritten-file" not in names(text, image=made)

    def test_a_deletion_names_the_instruction_that_deletes(self) -> None:
        text = "FROM debian:13-slim\nCOPY src /src\nRUN make -C /src install\nRUN rm -rf /src\n"
        made = image(
            base_step({"bin/sh": MB}),
            step("COPY src /src", {"src/a.c": 2 * MB}, line=2),
            step("RUN make", {"usr/local/bin/a": MB}, line=3),
            Step(run="RUN rm -rf /src", gone=("src/a.c",), line=4),
        )
        (finding,) = found("no-clean-same-layer", subject(text, image=made))

        assert (2 * MB, "Dockerfile:2") == (finding.waste, str(finding.line))
        assert "in line 4" in finding.message

    def test_a_toolchain_is_weighed_by_its_packages_and_folders(self) -> None:
        made = image(
            base_step({"usr/bin/gcc": MB, "usr/local/go/bin/go": 200 * MB}),
            packages=[package("gcc-12", 50 * MB), package("libc6-dev", 10 * MB), package("libc6", 12 * MB)],
        )
        (finding,) = found("toolchain-in-final", subject("FROM golang:1.26\n", image=made))

        assert 260 * MB == finding.waste
        assert "Dockerfile:1" == str(finding.line)
        assert Severity.HIGH is finding.severity

    def test_names_from_an_image_are_one_printable_line(self) -> None:
        path = "var/lib/apt/lists/a\nb\x1b[31m@here|`\udcff"
        made = image(base_step({"bin/sh": MB}), step(APT, {path: MB}, line=2))
        (finding,) = found("apt-lists-kept", subject(f"FROM debian:13-slim\n{APT}\n", image=made))

        assert all(evidence.text.isprintable() for evidence in finding.evidence)
        assert finding.evidence[0].path is not None
        assert finding.evidence[0].path.encode()

    def test_values_of_build_arguments_are_not_shown(self) -> None:
        text = "FROM debian:13-slim\nARG TOKEN\nRUN pip install https://$TOKEN@example.org/a.zip\n"
        findings = examine(subject(text, build_args=("TOKEN=hunter2",)), CONFIG)

        assert findings
        assert "hunter2" not in repr(findings)


class TestDeliberate:
    """What is not to be reported."""

    @pytest.mark.parametrize(
        "text",
        [
            "FROM golang:1.26 AS build\nCOPY . .\nRUN apt-get update\nFROM scratch\nCOPY --from=build /a /\n",
            "FROM python:3.13 AS build\nRUN pip install a\nFROM python:3.13-slim\nCOPY --from=build /venv /venv\n",
        ],
    )
    def test_build_stages_are_not_nagged(self, text: str) -> None:
        assert set() == names(text, context=context(ignore=".git"))

    def test_packages_removed_in_the_same_layer_leave_nothing(self) -> None:
        text = "FROM alpine:3.22\nRUN apk add --no-cache --virtual .b gcc git && make && apk del .b\n"

        assert set() == names(text)

    def test_variables_tell_what_is_removed(self) -> None:
        text = (
            'FROM debian:13-slim\nENV DEPS="gcc git"\nRUN apt-get update && apt-get install -y --no-install-recommends '
            "$DEPS \\\n && make && apt-get purge -y ${DEPS} && rm -rf /var/lib/apt/lists/*\n"
        )

        assert set() == names(text)

    def test_a_cache_mount_keeps_the_cache_out_of_the_layer(self) -> None:
        text = "FROM python:3.13-slim\nRUN --mount=type=cache,target=/root/.cache/pip pip install a\n"

        assert set() == names(text)

    def test_a_target_is_examined_without_the_stages_after_it(self) -> None:
        text = "FROM alpine:3.22 AS app\nFROM app AS test\nRUN apk add chromium-chromedriver git\n"

        assert set() == names(text, target="app")
        assert {"apk-cache", "debug-tools", "test-deps-in-final"} == names(text.replace("test", "web"), target="web")

    def test_an_image_for_tests_may_hold_what_tests_need(self) -> None:
        text = "FROM alpine:3.22 AS test\nRUN apk add --no-cache chromium-chromedriver git\n"

        assert set() == names(text, target="test")

    def test_the_dockerfile_that_glue_builds_first_is_no_target_of_it(self) -> None:
        script = "docker build -t b -f Dockerfile .\ndocker cp b:/a a\ndocker build -f Dockerfile.run .\n"
        text, beside = "FROM golang:1.26\nCOPY a /\n", {"build.sh": script, "Dockerfile.run": "FROM scratch\n"}

        assert [] == found("builder-pattern-glue", subject(text, neighbours=beside))

    def test_an_archive_that_a_later_step_deletes_is_told_once(self) -> None:
        text = "FROM alpine:3.22\nADD https://a/b.zip /tmp/\nRUN unzip /tmp/b.zip\nRUN rm /tmp/b.zip\n"

        assert {"add-remote-archive", "no-clean-same-layer"} == names(text)

    def test_a_tool_that_the_health_check_calls_is_no_debug_tool(self) -> None:
        text = "FROM alpine:3.22\nRUN apk add --no-cache curl git\nHEALTHCHECK CMD curl -f http://localhost\n"
        (finding,) = found("debug-tools", subject(text))

        assert finding.message.startswith("git stay")

    def test_replacing_what_was_copied_by_a_link_is_no_clean_up(self) -> None:
        text = "FROM alpine:3.22\nCOPY . /app\nRUN rm -rf /app/data && ln -s /var/data /app/data\n"

        assert [] == found("no-clean-same-layer", subject(text, context=context({"data/a": MB}, ignore=".git")))

    def test_scripts_that_were_copied_in_are_read(self) -> None:
        text = "FROM debian:13-slim\nCOPY docker/prepare /scripts/\nRUN /scripts/prepare\n"
        script = "#!/bin/sh\ninstall='apt-get install -y'\napt-get update\n$install git\n"

        assert {"apt-lists-kept", "apt-no-recommends", "debug-tools"} <= names(
            text, context=context(texts={"docker/prepare": script})
        )


class TestSettings:
    """Severity, paths, and comments of the Dockerfile."""

    TEXT = f"FROM debian:13-slim\n{APT}\n"

    def test_a_rule_is_switched_off_or_gets_another_severity(self) -> None:
        off = replace(CONFIG, severities={"apt-lists-kept": None})
        high = replace(CONFIG, severities={"apt-lists-kept": Severity.HIGH})

        assert [] == found("apt-lists-kept", subject(self.TEXT), off)
        assert [Severity.HIGH] == [each.severity for each in found("apt-lists-kept", subject(self.TEXT), high)]

    def test_no_finding_is_about_ignored_paths(self) -> None:
        made = image(base_step({"bin/sh": MB}), step(APT, LISTS, line=2))
        config = replace(CONFIG, ignored=("var/lib/**",))

        assert [] == found("apt-lists-kept", subject(self.TEXT, image=made), config)

    @pytest.mark.parametrize(
        "text",
        [
            f"# weighbridge: ignore=apt-lists-kept for now\n\nFROM debian:13-slim\n{APT}\n",
            f"FROM debian:13-slim\n# weighbridge: ignore=npm-cache,apt-lists-kept for now\n# more\n{APT}\n",
            f"FROM debian:13-slim\n{APT} # weighbridge: ignore=apt-lists-kept\n",
            "FROM debian:13-slim\nRUN apt-get update \\\n  # weighbridge: ignore=all\n && true\n",
        ],
    )
    def test_a_comment_silences_a_rule(self, text: str) -> None:
        assert [] == found("apt-lists-kept", subject(text))

    @pytest.mark.parametrize(
        "text",
        [
            f"FROM debian:13-slim\n# weighbridge: ignore=apt-lists-kept\nRUN true\n{APT}\n",
            f"FROM debian:13-slim\n# weighbridge: ignore=npm-cache\n{APT}\n",
            f"FROM debian:13-slim\n# weighbridge: ignore=apt-lists-kept\n\n{APT}\n",
        ],
    )
    def test_a_comment_elsewhere_does_not(self, text: str) -> None:
        assert [] != found("apt-lists-kept", subject(text))

    def test_support_is_held_against_the_day(self) -> None:
        text = "FROM python:3.11-slim-bookworm\n"

        assert [] == found("eol-base", subject(text))
        assert [] != found("eol-base", subject(text), RulesConfig(today=CONFIG.today.replace(year=2028)))


class TestIntroduced:
    """What a change introduced is told apart from what was there."""

    def marked(self, base: str, head: str) -> list[tuple[str, bool | None]]:
        before, after = subject(base), subject(head)
        found_now = told_apart(examine(after, CONFIG), examine(before, CONFIG), after, before)
        return sorted((each.rule, each.introduced) for each in found_now)

    def test_a_finding_that_moved_is_old(self) -> None:
        assert [("apt-lists-kept", False)] == self.marked(
            f"FROM debian:13-slim\n{APT}\n", f"FROM debian:13-slim\nRUN true\nENV A=b\n{APT}\n"
        )

    def test_a_finding_of_an_edited_instruction_is_old(self) -> None:
        assert [("apt-lists-kept", False)] == self.marked(
            f"FROM debian:13-slim\n{APT}\n", f"FROM debian:13-slim\n{APT} dumb-init\n"
        )

    def test_a_second_one_of_the_same_rule_is_new(self) -> None:
        assert [("apt-lists-kept", False), ("apt-lists-kept", True)] == self.marked(
            f"FROM debian:13-slim\n{APT}\n", f"FROM debian:13-slim\n{APT}\nRUN apt-get update && other thing entirely\n"
        )

    @pytest.mark.parametrize(
        ("head", "introduced"),
        [
            (f"FROM debian:13-slim\nRUN true\n{APT}\n", [False]),
            (f"FROM debian:13-slim\n{APT} dumb-init\n", [None]),
            (f"FROM debian:13-slim\n{APT}\nRUN apt-get update && other thing entirely\n", [False, True]),
        ],
    )
    def test_without_the_bases_image_its_dockerfile_tells_what_it_can(
        self, head: str, introduced: list[bool | None]
    ) -> None:
        after, before = subject(head), subject(f"FROM debian:13-slim\n{APT}\n")

        told = told_by_instruction(examine(after, CONFIG), after, before)

        assert introduced == [finding.introduced for finding in sorted(told, key=lambda each: str(each.line))]

    def test_nothing_is_new_against_itself(self) -> None:
        for rule in RULES:
            assert all(not introduced for _, introduced in self.marked(rule.bad, rule.bad))


_PIECES = (
    "FROM RUN COPY ADD ENV ARG USER WORKDIR SHELL CMD HEALTHCHECK scratch debian:12 node python:3.9-slim AS build . / "
    "/app --from=build --mount=type=cache,target=/x apt-get install update -y gcc rm -rf && ; | $A ${B:-c} npm ci pip "
    'cargo go build chown -R <<EOF EOF # ignore=all " \' ` ["sh","-c","npm"]'
)
WORDS = st.sampled_from([*_PIECES.split(), "\\\n", "\n", "\n", "\t", "# weighbridge: ignore=all"])


@settings(max_examples=300)
@given(st.lists(WORDS, max_size=60), st.booleans())
def test_any_dockerfile_that_parses_is_examined(words: list[str], with_context: bool) -> None:
    text = " ".join(words).replace(" \n ", "\n")
    try:
        made = subject(text, context=context({"a": 1}, {"package.json": "[]"}) if with_context else None)
    except MalformedDockerfile:
        return
    for finding in examine(made, CONFIG):
        assert finding.message.isprintable()
        assert finding.line is None or 1 <= finding.line.start <= finding.line.end


@given(st.text(max_size=200))
def test_any_text_is_examined_or_refused_in_one_line(text: str) -> None:
    try:
        made = subject(f"FROM a\n{text}")
    except MalformedDockerfile as error:
        assert "\n" not in str(error)
    else:
        assert MOST >= len(examine(made, CONFIG))


@pytest.mark.parametrize(
    ("text", "line"),
    [("FROM a\nRUN <<EOF\necho\n", 2), ("FROM a\nNONSENSE x\n", 2), ("RUN x\n", 1), ("FROM a b\n", 1)],
)
def test_a_broken_dockerfile_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(MalformedDockerfile) as refused:
        subject(text)

    assert line == refused.value.line
    assert "\n" not in str(refused.value)


def test_a_long_dockerfile_is_examined_in_bounded_time() -> None:
    text = "FROM debian:12\n" + "RUN apt-get update && apt-get install -y gcc && npm i && pip install a\n" * 1500
    began = time.monotonic()
    findings = examine(subject(text), CONFIG)

    assert MOST == len(findings)
    assert time.monotonic() - began < 30


def test_findings_go_through_json_unchanged() -> None:
    made = image(base_step({"bin/sh": MB}), step(APT, LISTS, line=2))
    findings = examine(subject(f"FROM debian:12\n{APT}\n", image=made), CONFIG)
    told = report(replace(image_report(delta=5), findings=findings))

    assert findings
    assert findings == load(dump(told)).images[0].findings


def test_a_report_without_findings_is_still_read() -> None:
    import json

    document = json.loads(dump(report(image_report(delta=5))))
    for each in document["images"]:
        del each["findings"]

    assert () == load(json.dumps(document)).images[0].findings
