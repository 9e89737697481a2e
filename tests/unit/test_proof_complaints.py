"""What a candidate said it missed, by the messages of loaders, languages and shells."""

from __future__ import annotations

import pytest

from tests.support.elf import ElfFile
from tests.support.filesystems import Node, directory, link, programs_of
from weighbridge.core.proof.behaviour import Original
from weighbridge.core.proof.closure import Side
from weighbridge.core.proof.complaints import complaints
from weighbridge.model.behaviour import Answer, AnswerKind, Observation, Seen, Trial
from weighbridge.model.fix import GapKind
from weighbridge.model.image import ImageConfig

Tree = dict[str, Node | bytes | str | ElfFile]

LIBRARIES = "usr/lib/x86_64-linux-gnu"
ORIGINAL: Tree = {
    f"{LIBRARIES}/libz.so.1.2.13": ElfFile(soname="libz.so.1"),
    f"{LIBRARIES}/libz.so.1": link("libz.so.1.2.13"),
    "usr/bin/git": ElfFile(),
    "etc/ssl/certs/ca-certificates.crt": "certificates",
    "etc/passwd": "root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/:/bin/sh\n",
    "etc/mime.types": "text/html html\n",
    "usr/share/zoneinfo/Europe/Lisbon": "TZif2",
    "tmp": directory(mode=0o1777),
}
CANDIDATE: Tree = {"app": ElfFile()}


def observed(*lines: str, stream: str = "stderr", **more: object) -> Observation:
    """One run that printed lines."""
    seen = Seen(status=1, **{stream: lines}, **more)  # type: ignore[arg-type]
    return Observation(seen=((Trial(title="the command"), seen),))


def gaps(
    candidate: Observation, known: Observation | None = None, there: Tree = CANDIDATE
) -> list[tuple[str, str, str]]:
    """Kind, what is wanted and where the original has it."""
    original = Original(first=known or observed(), second=known or observed())
    config = ImageConfig(command=("/app",))
    sides = (Side(programs=programs_of(tree), config=config) for tree in (ORIGINAL, there))
    return [(gap.kind.value, gap.wanted, gap.source or "") for gap in complaints(original, candidate, *sides)]


LIBRARY = (GapKind.LIBRARY.value, "libz.so.1", f"{LIBRARIES}/libz.so.1.2.13")
PROGRAM = (GapKind.PROGRAM.value, "git", "usr/bin/git")
CERTIFICATES = (GapKind.CERTIFICATES.value, "/etc/ssl/certs/ca-certificates.crt", "etc/ssl/certs/ca-certificates.crt")
ZONES = (GapKind.TIME_ZONES.value, "/usr/share/zoneinfo", "usr/share/zoneinfo")
USERS = (GapKind.USER.value, "/etc/passwd", "etc/passwd")
TEMPORARY = (GapKind.TEMPORARY.value, "/tmp", "tmp")
FILE = (GapKind.FILE.value, "/etc/mime.types", "etc/mime.types")


@pytest.mark.parametrize(
    ("line", "gap"),
    [
        # ld.so, musl, Python's ctypes, Java
        ("scale: libz.so.1: cannot open shared object file: No such file or directory", LIBRARY),
        ("Error loading shared library libz.so.1: No such file or directory (needed by /app)", LIBRARY),
        ("OSError: libz.so.1: cannot open shared object file: No such file or directory", LIBRARY),
        ("java.lang.UnsatisfiedLinkError: libz.so.1: cannot open shared object file", LIBRARY),
        # Go, Node, Python, Ruby, Java, sh, bash
        ('exec: "git": executable file not found in $PATH', PROGRAM),
        ("Error: spawn git ENOENT", PROGRAM),
        ("FileNotFoundError: [Errno 2] No such file or directory: 'git'", PROGRAM),
        ("No such file or directory - git", PROGRAM),
        ('java.io.IOException: Cannot run program "git": error=2', PROGRAM),
        ("/entry.sh: 3: git: not found", PROGRAM),
        ("bash: line 1: git: command not found", PROGRAM),
        # Go, OpenSSL, Python, curl, rustls
        ("x509: certificate signed by unknown authority", CERTIFICATES),
        ("ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed", CERTIFICATES),
        ("curl: (60) SSL certificate problem: unable to get local issuer certificate", CERTIFICATES),
        ("invalid peer certificate: UnknownIssuer", CERTIFICATES),
        # Go, Python, Ruby
        ("panic: unknown time zone Europe/Lisbon", ZONES),
        ("zoneinfo._common.ZoneInfoNotFoundError: 'No time zone found with key Europe/Lisbon'", ZONES),
        ("TZInfo::DataSourceNotFound", ZONES),
        # the engine, Go, Python, coreutils
        ("unable to find user app: no matching entries in passwd file", USERS),
        ("user: unknown userid 1000", USERS),
        ("KeyError: 'getpwuid(): uid not found: 1000'", USERS),
        ("id: cannot find name for user ID 1000", USERS),
        # Python, Go
        ("FileNotFoundError: [Errno 2] No usable temporary directory found in ['/tmp', '/var/tmp']", TEMPORARY),
        ("open /tmp/upload-123: no such file or directory", TEMPORARY),
        # Go, Python, C
        ("open /etc/mime.types: no such file or directory", FILE),
        ("FileNotFoundError: [Errno 2] No such file or directory: '/etc/mime.types'", FILE),
        ("scale: /etc/mime.types: No such file or directory", FILE),
    ],
)
def test_what_is_missed_is_known_by_the_message(line: str, gap: tuple[str, str, str]) -> None:
    assert [gap] == gaps(observed(line))


@pytest.mark.parametrize(
    "line",
    [
        "listening on :8080",
        "GET /etc/mime.types 404 not found",
        "open /etc/other: no such file or directory",
        "libother.so.1: cannot open shared object file",
        'exec: "hg": executable file not found in $PATH',
        "no such file or directory",
        "loaded libz.so.1",
        "/proc/self/maps: no such file or directory",
    ],
)
def test_what_the_original_has_not_or_nobody_misses_is_no_gap(line: str) -> None:
    found = gaps(observed(line))
    assert [] == [gap for gap in found if gap != FILE]
    assert [] == found or "mime.types" in line


def test_what_the_original_says_too_is_no_complaint() -> None:
    line = "2024-01-01 10:00:00 open /etc/mime.types: no such file or directory"
    other = line.replace("10:00:00", "11:11:11")

    assert [] == gaps(observed(line), observed(other))


def test_what_the_candidate_has_is_not_missing() -> None:
    line = "x509: certificate signed by unknown authority"

    assert [] == gaps(observed(line), there={**CANDIDATE, "etc/ssl/certs/ca-certificates.crt": "certificates"})


def test_answers_refusals_and_the_health_check_complain_too() -> None:
    answer = Answer(kind=AnswerKind.HTTP, status=500, lines=("unknown time zone Europe/Lisbon",))
    observation = observed(
        answers={"GET :80/": answer}, refusal="unable to find user app", health_output="sh: git: not found"
    )

    assert {USERS, PROGRAM, ZONES} == set(gaps(observation))


def test_however_often_it_is_said_it_is_one_gap() -> None:
    lines = tuple(f"try {number}: open /etc/mime.types: no such file or directory" for number in range(5_000))

    assert [FILE] == gaps(observed(*lines))


def test_a_folder_that_only_the_originals_user_can_write_to_is_a_gap() -> None:
    line = "PermissionError: [Errno 13] Permission denied: '/var/spool/orders/first.yml'"
    users = {"etc/passwd": "root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/:/bin/sh\n"}
    config = ImageConfig(command=("/app",), user="app")
    found = []
    for owner in (0, 1000):
        trees: tuple[Tree, Tree] = (
            {**users, "var/spool/orders": directory(uid=1000)},
            {**users, "var/spool/orders": directory(uid=owner)},
        )
        sides = (Side(programs=programs_of(tree), config=config) for tree in trees)
        found.append(complaints(Original(first=observed(), second=observed()), observed(line), *sides))

    assert [(GapKind.PERMISSION, "/var/spool/orders")] == [(gap.kind, gap.wanted) for gap in found[0]]
    assert not found[1]
