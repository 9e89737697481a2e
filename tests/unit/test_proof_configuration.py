"""Two configurations are the same unless a container would be set up differently."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.core.proof.configuration import check_configuration, compare_configurations
from weighbridge.model.fix import Check, Outcome, Step
from weighbridge.model.image import ImageConfig

ORIGINAL = ImageConfig(
    entrypoint=("/app/httpd",),
    command=("-v",),
    environment=("PATH=/usr/bin", "GOPATH=/go", "LANG=C.UTF-8"),
    exposed_ports=("8080/tcp", "9090/tcp"),
    user="app",
    working_directory="/app",
    volumes=("/data",),
    labels=(("org.opencontainers.image.title", "httpd"),),
    stop_signal="SIGINT",
    health_check=("CMD", "/app/httpd", "--check"),
)


def lines(candidate: ImageConfig, *may_change: str) -> tuple[Outcome, tuple[str, ...]]:
    check = check_configuration(ORIGINAL, candidate, frozenset(may_change))
    assert Step.CONFIGURATION is check.step
    return check.outcome, check.details


def test_an_equal_configuration_passes() -> None:
    expected = Check(step=Step.CONFIGURATION, outcome=Outcome.PASSED, details=("the same, in every part",))

    assert expected == check_configuration(ORIGINAL, replace(ORIGINAL), frozenset())


@pytest.mark.parametrize(
    ("candidate", "said"),
    [
        (replace(ORIGINAL, entrypoint=()), "ENTRYPOINT is gone"),
        (replace(ORIGINAL, entrypoint=("/httpd",)), 'ENTRYPOINT is ["/httpd"], was ["/app/httpd"]'),
        (replace(ORIGINAL, command=("-q",)), 'CMD is ["-q"], was ["-v"]'),
        (replace(ORIGINAL, environment=ORIGINAL.environment[:2]), "ENV LANG is gone"),
        (replace(ORIGINAL, environment=(*ORIGINAL.environment, "A=1")), "ENV A is new: 1"),
        (replace(ORIGINAL, environment=("PATH=/bin", *ORIGINAL.environment[1:])), "ENV PATH is /bin, was /usr/bin"),
        (replace(ORIGINAL, exposed_ports=("8080/tcp",)), "EXPOSE 9090/tcp is gone"),
        (replace(ORIGINAL, user=""), "USER is root, was app"),
        (replace(ORIGINAL, working_directory=""), "WORKDIR is /, was /app"),
        (replace(ORIGINAL, volumes=("/data", "/more")), "VOLUME /more is new"),
        (replace(ORIGINAL, labels=()), "LABEL org.opencontainers.image.title is gone"),
        (replace(ORIGINAL, stop_signal=""), "STOPSIGNAL is SIGTERM, was SIGINT"),
        (replace(ORIGINAL, health_check=("NONE",)), "HEALTHCHECK is gone"),
        (replace(ORIGINAL, on_build=("COPY . /x",)), 'ONBUILD is new: ["COPY . /x"]'),
    ],
)
def test_every_part_that_differs_is_told(candidate: ImageConfig, said: str) -> None:
    assert (Outcome.FAILED, (said,)) == lines(candidate)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (ImageConfig(user="root"), ImageConfig(user="0:0")),
        (ImageConfig(working_directory="/app/"), ImageConfig(working_directory="/app")),
        (ImageConfig(working_directory="/"), ImageConfig()),
        (ImageConfig(stop_signal="SIGTERM"), ImageConfig()),
        (ImageConfig(health_check=("NONE",)), ImageConfig()),
        (ImageConfig(environment=("A=1", "B=2")), ImageConfig(environment=("B=2", "A=1"))),
        (ImageConfig(volumes=("/data/",)), ImageConfig(volumes=("/data",))),
    ],
)
def test_two_ways_of_saying_the_same_are_no_difference(one: ImageConfig, other: ImageConfig) -> None:
    assert [] == list(compare_configurations(one, other))


def test_what_the_fix_means_to_change_passes_and_is_told() -> None:
    candidate = replace(ORIGINAL, environment=("PATH=/usr/bin", "LANG=C.UTF-8"), labels=())

    assert (
        Outcome.PASSED,
        (
            "the rest is the same",
            "as meant: ENV GOPATH is gone",
            "as meant: LABEL org.opencontainers.image.title is gone",
        ),
    ) == lines(candidate, "environment.GOPATH", "labels")


def test_what_it_does_not_mean_to_change_fails_all_the_same() -> None:
    candidate = replace(ORIGINAL, environment=("LANG=C.UTF-8",))

    assert (Outcome.FAILED, ("ENV PATH is gone", "as meant: ENV GOPATH is gone")) == lines(
        candidate, "environment.GOPATH"
    )


CONFIGS = st.builds(
    ImageConfig,
    entrypoint=st.lists(st.text(max_size=4), max_size=2).map(tuple),
    environment=st.lists(st.sampled_from(["A=1", "A=2", "B", "C=x\ny"]), unique=True, max_size=3).map(tuple),
    user=st.sampled_from(["", "root", "app", "1000"]),
    volumes=st.lists(st.sampled_from(["/a", "/b/"]), unique=True).map(tuple),
)


@given(CONFIGS, CONFIGS)
def test_nothing_differs_from_itself_and_every_line_is_one_line(one: ImageConfig, other: ImageConfig) -> None:
    assert [] == list(compare_configurations(one, one))
    assert all("\n" not in each.text and len(each.text) < 500 for each in compare_configurations(one, other))
