"""Which line made a layer: by the builder's provenance, by history where there is none, and not at all by guessing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from weighbridge.dockerfile.history import clean_created_by
from weighbridge.dockerfile.lines import attribute
from weighbridge.dockerfile.parse import parse
from weighbridge.dockerfile.stages import argument_values, base_reference, expand
from weighbridge.model.build import Provenance, ProvenLayer
from weighbridge.model.image import Attribution, HistoryEntry, ImageConfig, ImageDescription, SourceLine

DOCKERFILE = r"""ARG BASE=busybox
FROM ${BASE}:1.36 AS first
ENV A=b C="d e"
RUN --mount=type=cache,target=/c echo "first $A" > /first && \
    # note
    echo   two
FROM golang AS other
RUN go build
FROM first
ARG X=1
ARG Y
WORKDIR /made/by/workdir
COPY Dockerfile /copied
COPY --from=other --chmod=700 /first /second
ADD --chown=1:1 Dockerfile /added/
RUN ["touch", "/exec"]
SHELL ["/bin/ash", "-eo", "pipefail", "-c"]
RUN echo shell | cat > /shell
RUN <<EOT
echo here > /here
EOT
ONBUILD RUN true
HEALTHCHECK CMD true
ENTRYPOINT ["a"]
CMD b
"""
# As two engines wrote them. A layer is what stands after a plus.
BASE = ["+COPY /out/ / # buildkit", 'CMD ["sh"]']
BUILDKIT = [
    *BASE,
    "ENV A=b C=d e",
    '+RUN /bin/sh -c echo "first $A" > /first &&     echo   two # buildkit',
    "ARG X=2",
    "ARG Y=a b",
    "+WORKDIR /made/by/workdir",
    "+COPY Dockerfile /copied # buildkit",
    "+COPY --chmod=700 /first /second # buildkit",
    "+ADD --chown=1:1 Dockerfile /added/ # buildkit",
    "+RUN |2 X=2 Y=a b touch /exec # buildkit",
    "SHELL [/bin/ash -eo pipefail -c]",
    "+RUN |2 X=2 Y=a b /bin/ash -eo pipefail -c echo shell | cat > /shell # buildkit",
    "+RUN |2 X=2 Y=a b /bin/ash -eo pipefail -c echo here > /here\n # buildkit",
    'HEALTHCHECK &{["CMD-SHELL" "true"] "0s" "0s" "0s" "0s" \'\\x00\'}',
    'ENTRYPOINT ["a"]',
    'CMD ["/bin/ash" "-eo" "pipefail" "-c" "b"]',
]
FILE = "file:7598c7af7112efe6dd8f622a1a101aebb0af22c6e3cdbcd6b420a90374e4d4ad"
CLASSIC = [
    *BASE,
    "/bin/sh -c #(nop)  ENV A=b C=d e",
    '+/bin/sh -c echo "first $A" > /first &&     echo   two',
    "/bin/sh -c #(nop)  ARG X=1",
    "/bin/sh -c #(nop)  ARG Y",
    "+/bin/sh -c #(nop) WORKDIR /made/by/workdir",
    f"+/bin/sh -c #(nop) COPY {FILE} in /copied ",
    f"+/bin/sh -c #(nop) COPY {FILE} in /second ",
    f"+/bin/sh -c #(nop) ADD --chown=1:1 {FILE} in /added/ ",
    "+|2 X=2 Y=a b touch /exec",
    "/bin/ash -eo pipefail -c #(nop)  SHELL [/bin/ash -eo pipefail -c]",
    "+|2 X=2 Y=a b /bin/ash -eo pipefail -c echo shell | cat > /shell",
    "+|2 X=2 Y=a b /bin/ash -eo pipefail -c echo here > /here",
    "/bin/ash -eo pipefail -c #(nop)  ONBUILD RUN true",
    "/bin/ash -eo pipefail -c #(nop)  HEALTHCHECK &{[CMD-SHELL true] 0s 0s 0s 0s 0}",
    '/bin/ash -eo pipefail -c #(nop)  ENTRYPOINT ["a"]',
    '/bin/ash -eo pipefail -c #(nop)  CMD ["/bin/ash" "-eo" "pipefail" "-c" "b"]',
]


def described(*history: str, layers: int | None = None, platform: str = "linux/amd64") -> ImageDescription:
    """An image with this history; as many layers as it says, unless something else is claimed."""
    count = sum(entry.startswith("+") for entry in history) if layers is None else layers
    return ImageDescription(
        reference="app",
        id="sha256:0",
        platform=platform,
        config=ImageConfig(),
        diff_ids=tuple(f"sha256:{number}" for number in range(count)),
        history=tuple(
            HistoryEntry(created_by=entry.removeprefix("+"), empty=not entry.startswith("+")) for entry in history
        ),
        packed_sizes=(None,) * count,
    )


def lines(found: tuple[Attribution, ...]) -> list[str | None]:
    """The lines as people write them; `base` for what FROM brought."""
    return [
        "base" if each.from_base else None if each.line is None else str(each.line).partition(":")[2] for each in found
    ]


def by_history(
    dockerfile: str, *history: str, target: str | None = None, build_args: tuple[str, ...] = ()
) -> list[str | None]:
    """The lines that history tells."""
    parsed = parse(dockerfile, "Dockerfile")
    return lines(attribute(described(*history), parsed, None, target=target, build_args=build_args))


@pytest.mark.parametrize("history", [BUILDKIT, CLASSIC])
def test_every_layer_of_a_multi_stage_build_finds_its_line_in_the_history(history: list[str]) -> None:
    assert ["base", "4-6", "12", "13", "14", "15", "16", "18", "19-21"] == by_history(DOCKERFILE, *history)


@pytest.mark.parametrize("history", [BUILDKIT, CLASSIC])
def test_layers_are_named_by_their_instructions(history: list[str]) -> None:
    found = attribute(described(*history), parse(DOCKERFILE, "Dockerfile"), None)

    assert [
        "COPY /out/ /",
        'RUN echo "first $A" > /first && echo two',
        "WORKDIR /made/by/workdir",
        "RUN echo shell | cat > /shell",
        "RUN echo here > /here",
    ] == [found[position].created_by for position in (0, 1, 2, 7, 8)]


def test_lines_that_history_tells_are_not_called_exact() -> None:
    found = attribute(described(*BUILDKIT), parse(DOCKERFILE, "Dockerfile"), None)

    assert [False] * 9 == [each.exact for each in found]


def test_a_target_is_the_stage_by_that_name_or_number() -> None:
    history = [*BASE, "ENV A=b C=d e", '+RUN /bin/sh -c echo "first $A" > /first &&     echo   two # buildkit']

    for target in ("first", "FIRST", "0"):
        assert ["base", "4-6"] == by_history(DOCKERFILE, *history, target=target)
    assert ["base", "8"] == by_history(DOCKERFILE, "+COPY / /", "+RUN /bin/sh -c go build", target="other")
    assert [None, None] == by_history(DOCKERFILE, *history, target="absent")


def test_a_stage_that_a_build_argument_names_is_followed() -> None:
    text = "ARG FROM_STAGE=one\nFROM x AS one\nRUN a\nFROM x AS two\nRUN b\nFROM $FROM_STAGE\nRUN c\n"

    assert ["base", "3", "7"] == by_history(text, "+COPY / /", "+RUN /bin/sh -c a", "+RUN /bin/sh -c c")
    assert ["base", "5", "7"] == by_history(
        text, "+COPY / /", "+RUN /bin/sh -c b", "+RUN /bin/sh -c c", build_args=("FROM_STAGE=two",)
    )


def test_a_stage_that_the_platform_names_is_followed() -> None:
    text = "FROM x AS base-amd64\nRUN a\nFROM x AS base-arm64\nRUN b\nFROM base-${TARGETARCH}\nRUN c\n"
    history = ["+COPY / /", "+RUN /bin/sh -c b", "+RUN /bin/sh -c c"]

    found = attribute(described(*history, platform="linux/arm64/v8"), parse(text, "Dockerfile"), None)

    assert ["base", "4", "6"] == lines(found)


def test_matching_ends_where_history_and_dockerfile_part() -> None:
    text = "FROM x\nRUN one\nRUN two\nRUN three\n"

    assert ["base", "base", "4"] == by_history(
        text, "+RUN /bin/sh -c one", "+RUN /bin/sh -c new", "+RUN /bin/sh -c three"
    )


def test_a_history_that_is_another_ones_tells_nothing() -> None:
    assert [None, None] == lines(
        attribute(described("+RUN /bin/sh -c x", "+COPY a b"), parse("FROM x\nRUN y\n", "Dockerfile"), None)
    )


def test_a_squashed_image_keeps_what_is_certain() -> None:
    found = attribute(described("+RUN /bin/sh -c b", layers=3), parse("FROM x\nRUN b\n", "Dockerfile"), None)

    assert ["base", "base", "2"] == lines(found)
    assert ["", "", "RUN b"] == [each.created_by for each in found]


@pytest.mark.parametrize("layers", [0, 1, 2])
def test_a_history_of_more_layers_than_there_are_is_cut(layers: int) -> None:
    history = ["+RUN /bin/sh -c a", "+RUN /bin/sh -c b", "+RUN /bin/sh -c c"]

    found = attribute(described(*history, layers=layers), parse("FROM x\nRUN a\nRUN b\nRUN c\n", "Dockerfile"), None)

    assert ["RUN a", "RUN b", "RUN c"][3 - layers :] == [each.created_by for each in found]


def test_without_a_dockerfile_no_line_is_claimed() -> None:
    assert [None, None] == lines(attribute(described("+RUN /bin/sh -c x", "+COPY a b"), None, None))


def test_the_base_images_own_layers_tell_where_the_dockerfile_begins() -> None:
    found = attribute(
        described("+COPY / /", "+RUN /bin/sh -c unknown"), None, None, base_diff_ids=("sha256:0",)
    )  # fmt: skip

    assert [True, False] == [each.from_base for each in found]


def test_a_base_image_that_moved_meanwhile_tells_nothing() -> None:
    found = attribute(described("+COPY / /", "+RUN x"), None, None, base_diff_ids=("sha256:other",))

    assert [False, False] == [each.from_base for each in found]


def proven(*layers: tuple[str, int | None]) -> Provenance:
    """Digests and lines; no line is a layer of the base image."""
    return Provenance(
        layers=tuple(
            ProvenLayer(
                digest=digest,
                line=None if line is None else SourceLine(file="Dockerfile", start=line, end=line),
                from_base=line is None,
            )
            for digest, line in layers
        )
    )


def test_provenance_is_believed_before_history() -> None:
    found = attribute(
        described("+COPY / /", "+RUN /bin/sh -c x"),
        parse("FROM x\nRUN x\n", "Dockerfile"),
        proven(("sha256:0", None), ("sha256:1", 7)),
    )

    assert ["base", "7"] == lines(found)
    assert [False, True] == [each.exact for each in found]


def test_a_line_that_provenance_does_not_tell_is_told_by_history_but_not_called_exact() -> None:
    known = proven(("sha256:0", None), ("sha256:1", 2), ("sha256:2", 3))
    first, second, third = known.layers
    gap = Provenance(layers=(first, replace(second, line=None), third))
    history = described("+COPY / /", "+RUN /bin/sh -c x", "+RUN /bin/sh -c y")

    found = attribute(history, parse("FROM x\nRUN x\nRUN y\n", "Dockerfile"), gap)

    assert ["base", "2", "3"] == lines(found)
    assert [False, False, True] == [each.exact for each in found]


def test_a_base_that_provenance_does_not_tell_is_told_by_its_own_layers() -> None:
    known = proven(("sha256:0", None), ("sha256:1", 2))
    silent = Provenance(layers=(replace(known.layers[0], from_base=False), known.layers[1]))
    history, text = described("+COPY / /", "+RUN /bin/sh -c x"), parse("FROM x\nRUN x\n", "Dockerfile")

    assert ["base", "2"] == lines(attribute(history, text, silent, base_diff_ids=("sha256:0",)))
    assert ["base", "2"] == lines(attribute(history, text, silent))
    # What provenance says to be a line's is that line's.
    assert ["base", "2"] == lines(attribute(history, text, silent, base_diff_ids=("sha256:0", "sha256:1")))


def test_provenance_by_packed_digests_is_believed_where_the_number_agrees() -> None:
    found = attribute(described("+COPY / /", "+RUN x"), None, proven(("sha256:p", None), ("sha256:q", 7)))

    assert ["base", "7"] == lines(found)


@pytest.mark.parametrize(
    "other",
    [
        proven(("sha256:0", None)),
        proven(("sha256:0", None), ("sha256:9", 7)),
        proven(("sha256:1", None), ("sha256:0", 7)),
        proven(("sha256:p", None), ("sha256:q", 7), ("sha256:r", 8)),
        proven(),
    ],
)
def test_provenance_of_another_image_is_not_believed(other: Provenance) -> None:
    found = attribute(described("+COPY / /", "+RUN /bin/sh -c x"), parse("FROM x\nRUN x\n", "Dockerfile"), other)

    assert ["base", "2"] == lines(found)
    assert [False, False] == [each.exact for each in found]


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("RUN /bin/sh -c apt-get update &&     apt-get install # buildkit", "RUN apt-get update && apt-get install"),
        ("/bin/sh -c apt-get update", "RUN apt-get update"),
        ("|1 A=b /bin/sh -c make", "RUN make"),
        ("RUN |2 A=b c D=/bin/x /bin/bash -o pipefail -c make # buildkit", "RUN make"),
        ("RUN /bin/bash -euxo pipefail -c make # buildkit", "RUN make"),
        ("RUN /usr/bin/bash -l -c make", "RUN make"),
        ("RUN bash -c make # buildkit", "RUN make"),
        ("/bin/sh -c #(nop)  CMD [\"bash\"]", 'CMD ["bash"]'),
        ("/bin/bash -eo pipefail -c #(nop) COPY dir:0 in / ", "COPY dir:0 in /"),
        ("COPY . /app # buildkit", "COPY . /app"),
        ("RUN /bin/sh -c echo '#(nop) x' # buildkit", "RUN echo '#(nop) x'"),
        ("RUN a\x1b[31m\nb\u202e\u2028c # buildkit", "RUN a [31m b c"),
        ("", ""),
        ("RUN " + "x" * 20_000, "RUN " + "x" * 3_996),
    ],
)  # fmt: skip
def test_a_history_entry_is_told_as_its_instruction(raw: str, clean: str) -> None:
    assert clean == clean_created_by(raw)


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "text", [" " * 4_000_000, "a" + " " * 4_000_000 + "b", "|1 " + "/bin/" * 800_000, "RUN /bin/sh " + "-c " * 900_000]
)
def test_a_history_entry_of_any_length_takes_no_time(text: str) -> None:
    for _ in range(50):
        clean_created_by(text)


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("plain", "plain"), ("$A", "one"), ("${A}", "one"), ("x${A}y$A", "xoneyone"), ("$ABSENT", ""),
        ("${ABSENT}", ""),
        ("${A:-other}", "one"), ("${ABSENT:-other}", "other"), ("${EMPTY:-other}", "other"), ("${EMPTY-other}", ""),
        ("${ABSENT-other}", "other"), ("${A:+other}", "other"), ("${EMPTY:+other}", ""), ("${EMPTY+other}", "other"),
        ("${ABSENT+other}", ""), ("${A:?message}", "one"), ("${ABSENT:-x:${A}}", "x:one"),
        ("${ABSENT:-${EMPTY:-${A}}}/y", "one/y"), ("a$", "a$"), ("a${", "a${"), ("${A", "${A"), ("${A#x}", "${A#x}"),
        ("${}", "${}"), ("$$A", "$one"), ("{}", "{}"), ("${ABSENT:-a}b}", "ab}"),
    ],
)  # fmt: skip
def test_variables_are_replaced_as_from_does(text: str, expanded: str) -> None:
    assert expanded == expand(text, {"A": "one", "EMPTY": ""})


def test_variables_that_nest_without_end_stay_as_they_are() -> None:
    assert "${A:-${A:-" in expand("${A:-" * 5000 + "}" * 5000, {})


@pytest.mark.parametrize(
    ("text", "target", "build_args", "base"),
    [
        ("FROM x:1", None, (), "x:1"),
        ("FROM scratch", None, (), None),
        ("FROM x AS a\nFROM scratch\nCOPY --from=a / /", None, (), None),
        ("FROM x AS a\nFROM y AS b\nFROM a", None, (), "x"),
        ("FROM x AS a\nFROM y AS b\nFROM a", "B", (), "y"),
        ("FROM x AS a\nFROM 0", None, (), "x"),
        ("FROM x AS a\nFROM z AS a\nFROM A", None, (), "z"),
        ("FROM a AS a", None, (), "a"),
        ("ARG V=1\nFROM x:$V", None, (), "x:1"),
        ("ARG V=1\nFROM x:$V", None, ("V=2",), "x:2"),
        ("ARG V\nFROM x:${V:-3}", None, (), "x:3"),
        ("ARG V\nFROM x:${V:-3}", None, ("V=2",), "x:2"),
        ('ARG R="r.example" N=\'img\'\nFROM "${R}/${N}"', None, (), "r.example/img"),
        ("ARG A=1\nARG B=${A}.2\nFROM x:$B", None, (), "x:1.2"),
        ("FROM --platform=$BUILDPLATFORM x:$TARGETARCH$TARGETVARIANT", None, (), "x:armv7"),
        ("FROM x\nARG V=1\nFROM y:$V", None, (), "y:"),
        ("FROM x", "absent", (), None),
    ],
)
def test_the_base_image_is_what_the_target_is_from_in_the_end(
    text: str, target: str | None, build_args: tuple[str, ...], base: str | None
) -> None:
    assert base == base_reference(parse(text, "Dockerfile"), target, build_args, "linux/arm/v7")


def test_an_argument_that_nothing_declares_is_not_used() -> None:
    assert {"A": "1"} == argument_values(parse("ARG A=1\nARG C\nFROM x", "Dockerfile"), ("B=2",))
