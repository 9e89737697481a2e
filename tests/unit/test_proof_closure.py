"""A file system closes when what stays in it finds what it asks for; what is missing is told in words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.elf import ElfFile
from tests.support.filesystems import Node, directory, link, programs_of
from weighbridge.core.proof.closure import Side, check_closure, find_gaps
from weighbridge.model.fix import GapKind, Outcome
from weighbridge.model.image import ImageConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

Tree = dict[str, Node | bytes | str | ElfFile]

LOADER = "lib64/ld-linux-x86-64.so.2"
TMP = directory(mode=0o1777)
DEBIAN: Tree = {
    LOADER: ElfFile(soname="ld-linux-x86-64.so.2"),
    "lib/x86_64-linux-gnu/libc.so.6": ElfFile(soname="libc.so.6", provides=("GLIBC_2.2.5", "GLIBC_2.36")),
    "etc/os-release": 'ID=debian\nVERSION_ID="12"\n',
    "etc/passwd": "root:x:0:0::/root:/bin/bash\napp:x:1000:1000::/home/app:/bin/sh\n",
    "bin/sh": ElfFile(interpreter=f"/{LOADER}", needed=("libc.so.6",), pie=True),
    "usr/bin/env": ElfFile(interpreter=f"/{LOADER}", needed=("libc.so.6",), pie=True),
    "usr/bin/curl": ElfFile(interpreter=f"/{LOADER}", needed=("libc.so.6",), pie=True),
    "etc/ssl/certs/ca-certificates.crt": "certificates",
    "usr/share/zoneinfo/Europe/Berlin": "TZif2",
    "tmp": TMP,
}
ALPINE: Tree = {
    "lib/ld-musl-x86_64.so.1": ElfFile(soname="libc.musl-x86_64.so.1"),
    "etc/alpine-release": "3.20.3\n",
    "etc/os-release": "ID=alpine\nVERSION_ID=3.20.3\n",
    "etc/passwd": "root:x:0:0::/root:/bin/sh\n",
    "bin/busybox": ElfFile(interpreter="/lib/ld-musl-x86_64.so.1", needed=("libc.musl-x86_64.so.1",), pie=True),
    "bin/sh": link("/bin/busybox"),
    "tmp": TMP,
}
DYNAMIC = ElfFile(interpreter=f"/{LOADER}", needed=("libc.so.6",), pie=True, versions=(("libc.so.6", "GLIBC_2.36"),))
STATIC = ElfFile()
CONFIG = ImageConfig(entrypoint=("/app/httpd",))


def gaps(
    original: Mapping[str, Node | bytes | str | ElfFile],
    candidate: Mapping[str, Node | bytes | str | ElfFile],
    config: ImageConfig = CONFIG,
) -> list[tuple[GapKind, str]]:
    """Kind and words of everything that is missing."""
    sides = (Side(programs=programs_of(tree), config=config) for tree in (original, candidate))
    return [(gap.kind, gap.text) for gap in find_gaps(*sides)]


def test_a_static_program_closes_on_nothing_at_all() -> None:
    original = Side(programs=programs_of({**DEBIAN, "app/httpd": STATIC}), config=CONFIG)
    candidate = Side(programs=programs_of({"app/httpd": STATIC, "tmp": TMP}), config=CONFIG)
    check = check_closure(original, candidate)

    assert (Outcome.PASSED, "/app/httpd is static: the kernel alone can start it") == (check.outcome, check.details[-1])


def test_a_glibc_program_on_musl_is_told_as_the_kernel_would() -> None:
    expected = (
        "/app/httpd was linked against glibc (asks for /lib64/ld-linux-x86-64.so.2), which alpine 3.20.3 (musl) "
        "does not have; the kernel would say `no such file or directory`"
    )

    assert [(GapKind.LOADER, expected)] == gaps({**DEBIAN, "app/httpd": DYNAMIC}, {**ALPINE, "app/httpd": DYNAMIC})


def test_a_glibc_program_on_nothing_misses_its_loader() -> None:
    ((kind, text),) = gaps({**DEBIAN, "app/httpd": DYNAMIC}, {"app/httpd": DYNAMIC, "tmp": TMP})

    assert (GapKind.LOADER, True) == (kind, "which a file system without a C library does not have" in text)


def test_a_missing_library_says_who_needs_it_and_where_the_original_has_it() -> None:
    program = replace(DYNAMIC, needed=("libpq.so.5", "libc.so.6"))
    original: Tree = {**DEBIAN, "app/httpd": program, "usr/lib/libpq.so.5": ElfFile(soname="libpq.so.5")}
    sides = (Side(programs=programs_of(tree), config=CONFIG) for tree in (original, {**DEBIAN, "app/httpd": program}))
    (gap,) = find_gaps(*sides)

    assert (GapKind.LIBRARY, "libpq.so.5", "usr/lib/libpq.so.5") == (gap.kind, gap.wanted, gap.source)
    assert "/app/httpd needs libpq.so.5: debian 12 (glibc) does not have it" == gap.text


def test_a_library_that_the_loader_does_not_look_at_is_told_from_one_that_is_not_there() -> None:
    program = replace(DYNAMIC, needed=("libx.so.1", "libc.so.6"))
    library = ElfFile(soname="libx.so.1")
    original: Tree = {**DEBIAN, "app/httpd": program, "usr/lib/libx.so.1": library}
    candidate: Tree = {**DEBIAN, "app/httpd": program, "usr/local/lib/libx.so.1": library}

    ((_, text),) = gaps(original, candidate)
    assert (
        "/app/httpd needs libx.so.1: it lies at /usr/local/lib/libx.so.1, where the loader does not look "
        "(without `ldconfig`)"
    ) == text


def test_an_older_c_library_lacks_a_version() -> None:
    older: Tree = {
        **DEBIAN,
        "lib/x86_64-linux-gnu/libc.so.6": ElfFile(soname="libc.so.6", provides=("GLIBC_2.2.5",)),
        "etc/os-release": 'ID=debian\nVERSION_ID="10"\n',
    }
    expected = "/app/httpd asks libc.so.6 for GLIBC_2.36, which that of debian 10 (glibc) does not have"

    assert [(GapKind.VERSION, expected)] == gaps({**DEBIAN, "app/httpd": DYNAMIC}, {**older, "app/httpd": DYNAMIC})


def test_a_program_for_another_machine() -> None:
    ((kind, text),) = gaps({**DEBIAN, "app/httpd": STATIC}, {"app/httpd": ElfFile(machine=183), "tmp": TMP})

    assert (GapKind.MACHINE, "/app/httpd is for aarch64, the original's programs are for x86-64") == (kind, text)


def test_what_did_not_close_in_the_original_is_not_blamed() -> None:
    broken = replace(DYNAMIC, needed=("libnowhere.so", "libc.so.6"))
    both: Tree = {**DEBIAN, "app/httpd": DYNAMIC, "app/plugins/old.so": broken}

    assert [] == gaps(both, both)


def test_what_the_base_brings_and_nobody_starts_is_not_blamed() -> None:
    odd = replace(DYNAMIC, needed=("libnowhere.so",))

    assert [] == gaps({**DEBIAN, "app/httpd": STATIC}, {"usr/lib/odd/plugin": odd, **ALPINE, "app/httpd": STATIC})


def test_what_a_package_merely_recommends_is_not_missed() -> None:
    plugin = ElfFile(soname="q_atm.so", needed=("libatm.so.1",))
    tree: Tree = {**DEBIAN, "app/httpd": STATIC, "usr/lib/tc/q_atm.so": plugin}
    original: Tree = {**tree, "usr/lib/libatm.so.1": ElfFile(soname="libatm.so.1")}

    assert [] == gaps(original, {**tree, "var/lib/dpkg/status": ""})
    assert [GapKind.LIBRARY] == [kind for kind, _ in gaps(original, tree)]
    program: Tree = {"usr/bin/tc": replace(DYNAMIC, needed=("libatm.so.1",)), "var/lib/dpkg/status": ""}
    assert [GapKind.LIBRARY] == [kind for kind, _ in gaps({**original, **program}, {**tree, **program})]


def test_a_slim_python_may_lack_the_libraries_of_windows_and_no_others() -> None:
    modules = "usr/local/lib/python3.11/lib-dynload"
    module = ElfFile(soname="x.so", needed=("libx.so.1",))
    for name, said in (("_tkinter.cpython-311.so", []), ("_ssl.cpython-311.so", [GapKind.LIBRARY])):
        tree: Tree = {**DEBIAN, "app/httpd": STATIC, f"{modules}/{name}": module}
        original: Tree = {**tree, "usr/lib/libx.so.1": ElfFile(soname="libx.so.1")}
        assert said == [kind for kind, _ in gaps(original, tree)]


def test_a_command_in_shell_form_needs_the_shell() -> None:
    config = ImageConfig(command=("/bin/sh", "-c", "exec /app/httpd"))
    expected = "CMD is for a shell and needs /bin/sh, which a file system without a C library does not have"

    assert [(GapKind.SHELL, expected)] == gaps(
        {**DEBIAN, "app/httpd": STATIC}, {"app/httpd": STATIC, "tmp": TMP}, config
    )


def test_a_command_that_is_not_there() -> None:
    expected = "ENTRYPOINT starts /app/httpd, which alpine 3.20.3 (musl) does not have"

    assert [(GapKind.COMMAND, expected)] == gaps({**DEBIAN, "app/httpd": STATIC}, ALPINE)


def test_a_command_is_found_by_path() -> None:
    config = ImageConfig(entrypoint=("httpd",), environment=("PATH=/opt/bin:/app",))

    assert [] == gaps({**DEBIAN, "app/httpd": STATIC}, {**ALPINE, "app/httpd": STATIC}, config)


@pytest.mark.parametrize(
    "test", [("CMD", "curl", "-f", "http://localhost/"), ("CMD-SHELL", "curl -f http://localhost/ || exit 1")]
)
def test_the_health_checks_tool_must_be_there(test: tuple[str, ...]) -> None:
    config = replace(CONFIG, health_check=test)
    expected = "HEALTHCHECK calls curl, which alpine 3.20.3 (musl) does not have"

    assert [(GapKind.HEALTH_TOOL, expected)] == gaps(
        {**DEBIAN, "app/httpd": STATIC}, {**ALPINE, "app/httpd": STATIC}, config
    )


def test_what_an_entrypoint_script_calls_must_be_there() -> None:
    script = '#!/bin/sh\nset -e\nif curl -s localhost; then echo up; fi\nexec "$@"\n'
    config = ImageConfig(entrypoint=("/app/start.sh",), command=("/app/httpd",))
    original: Tree = {**DEBIAN, "app/httpd": STATIC, "app/start.sh": script}

    assert [(GapKind.PROGRAM, "/app/start.sh calls curl, which alpine 3.20.3 (musl) does not have")] == gaps(
        original, {**ALPINE, "app/httpd": STATIC, "app/start.sh": script}, config
    )


@pytest.mark.parametrize(("line", "wanted"), [("#!/bin/bash", "/bin/bash"), ("#!/usr/bin/env bash", "bash")])
def test_a_scripts_interpreter_must_be_there(line: str, wanted: str) -> None:
    config = ImageConfig(entrypoint=("/app/start",))
    tool = ElfFile(interpreter=f"/{LOADER}", needed=("libc.so.6",), pie=True)
    original: Tree = {**DEBIAN, "bin/bash": tool, "app/start": f"{line}\ntrue\n"}
    candidate: Tree = {**DEBIAN, "app/start": f"{line}\ntrue\n"}
    expected = (
        f"/app/start asks for {wanted}, which debian 12 (glibc) does not have; "
        "the kernel would say `no such file or directory`"
    )

    assert [(GapKind.INTERPRETER, expected)] == gaps(original, candidate, config)


def test_a_user_needs_a_line_in_passwd_and_a_number_does_not() -> None:
    trees = ({**DEBIAN, "app/httpd": STATIC}, {**ALPINE, "app/httpd": STATIC})

    assert [] == gaps(*trees, replace(CONFIG, user="1000:1000"))
    ((kind, text),) = gaps(*trees, replace(CONFIG, user="app"))
    assert (GapKind.USER, "USER app has no line in the candidate's /etc/passwd or /etc/group") == (kind, text)


def test_a_folder_that_the_user_writes_to_must_stay_writable() -> None:
    config = replace(CONFIG, user="1000", working_directory="/data", volumes=("/cache",))
    own = directory(uid=1000)
    original: Tree = {**DEBIAN, "app/httpd": STATIC, "data": own, "cache": own}
    candidate: Tree = {**DEBIAN, "app/httpd": STATIC, "data": directory()}

    assert [
        (GapKind.PERMISSION, "WORKDIR /data can be written by 1000 in the original, not in the candidate"),
        (GapKind.DIRECTORY, "VOLUME /cache can be written by 1000 in the original, not in the candidate"),
    ] == gaps(original, candidate, config)


def test_certificates_must_stay_for_a_program_that_can_speak_tls() -> None:
    speaks = ElfFile(extra=b"/etc/ssl/certs/ca-certificates.crt")
    expected = (
        "/app/httpd can speak TLS, and the original has the certificates for it (/etc/ssl/certs/ca-certificates.crt); "
        "the candidate has none"
    )

    assert [(GapKind.CERTIFICATES, expected)] == gaps(
        {**DEBIAN, "app/httpd": speaks}, {"app/httpd": speaks, "tmp": TMP}
    )
    assert [] == gaps({**DEBIAN, "app/httpd": STATIC}, {"app/httpd": STATIC, "tmp": TMP})


def test_an_authority_that_the_author_added_must_be_found_by_its_hash() -> None:
    added: Tree = {
        "usr/local/share/ca-certificates/company.crt": "certificate",
        "etc/ssl/certs/company.pem": link("/usr/local/share/ca-certificates/company.crt"),
        "etc/ssl/certs/5ed36f99.0": link("company.pem"),
        "usr/share/ca-certificates/mozilla/other.crt": "certificate",
        "etc/ssl/certs/0a775a30.0": link("/usr/share/ca-certificates/mozilla/other.crt"),
        "etc/ssl/certs/gone.pem": link("/usr/local/share/ca-certificates/gone.crt"),
    }
    speaks = replace(DYNAMIC, extra=b"/etc/ssl/certs/ca-certificates.crt")
    original = {**DEBIAN, **added, "app/httpd": speaks}
    trusted = "the original trusts /usr/local/share/ca-certificates/company.crt by "

    assert [
        (GapKind.FILE, f"{trusted}/etc/ssl/certs/5ed36f99.0, which the candidate does not have"),
        (GapKind.FILE, f"{trusted}/etc/ssl/certs/company.pem, which the candidate does not have"),
    ] == gaps(original, {**DEBIAN, "app/httpd": speaks})
    assert [] == gaps(
        original,
        {
            **DEBIAN,
            "app/httpd": DYNAMIC,
            "etc/ssl/certs/5ed36f99.0": "certificate",
            "etc/ssl/certs/company.pem": "same",
        },
    )
    assert [] == gaps({**original, "app/httpd": DYNAMIC}, {**DEBIAN, "app/httpd": DYNAMIC})


def test_openssl_must_find_certificates_where_it_looks_for_them() -> None:
    speaks = replace(DYNAMIC, needed=("libssl.so.3", "libc.so.6"))
    library = {"lib/x86_64-linux-gnu/libssl.so.3": ElfFile(soname="libssl.so.3"), "app/httpd": speaks}
    original = {**DEBIAN, **library, "usr/lib/ssl/certs": link("/etc/ssl/certs")}
    expected = (
        "/app/httpd speaks TLS by OpenSSL, which looks for certificates in /usr/lib/ssl/certs; "
        "the candidate does not have it"
    )

    assert [(GapKind.CERTIFICATES, expected)] == gaps(original, {**DEBIAN, **library})
    assert [] == gaps(original, {**DEBIAN, **library, "usr/lib/ssl/cert.pem": "certificates"})
    assert [] == gaps(original, original)
    assert [] == gaps({**original, "app/httpd": DYNAMIC}, {**DEBIAN, **library, "app/httpd": DYNAMIC})


def test_a_zone_that_is_set_must_be_there() -> None:
    bare: Tree = {"app/httpd": STATIC, "tmp": TMP}
    trees = ({**DEBIAN, "app/httpd": STATIC}, bare)
    expected = "TZ is Europe/Berlin, and the candidate has no /usr/share/zoneinfo/Europe/Berlin"

    assert [(GapKind.TIME_ZONES, expected)] == gaps(*trees, replace(CONFIG, environment=("TZ=Europe/Berlin",)))
    assert [] == gaps(*trees, replace(CONFIG, environment=("TZ=UTC",)))


def test_the_zone_of_the_whole_system_must_stay() -> None:
    local = link("/usr/share/zoneinfo/Europe/Berlin")
    ((kind, _),) = gaps({**DEBIAN, "etc/localtime": local, "app/httpd": STATIC}, {**ALPINE, "app/httpd": STATIC})

    assert GapKind.TIME_ZONES is kind


def test_a_program_of_unknown_wants_keeps_its_temporary_folder() -> None:
    assert [GapKind.TEMPORARY] == [kind for kind, _ in gaps({**DEBIAN, "app/httpd": STATIC}, {"app/httpd": STATIC})]


def test_a_locale_that_is_set_must_be_there() -> None:
    config = replace(CONFIG, environment=("LANG=de_DE.UTF-8",))
    original: Tree = {**DEBIAN, "app/httpd": DYNAMIC, "usr/lib/locale/de_DE.utf8/LC_TIME": "x"}

    assert [GapKind.LOCALE] == [kind for kind, _ in gaps(original, {**DEBIAN, "app/httpd": DYNAMIC}, config)]


def test_files_that_variables_and_arguments_name_must_be_there() -> None:
    config = ImageConfig(
        entrypoint=("/app/httpd", "conf/app.ini"), working_directory="/app", environment=("THEME=/srv/theme",)
    )
    original: Tree = {**DEBIAN, "app/httpd": STATIC, "app/conf/app.ini": "x", "srv/theme/a": "x"}

    assert [
        "ENV THEME names /srv/theme, which the original has and the candidate has not",
        "the command names conf/app.ini, which the original has and the candidate has not",
    ] == [text for _, text in gaps(original, {**DEBIAN, "app/httpd": STATIC}, config)]


def test_a_program_that_the_code_calls_must_be_there() -> None:
    code = "import subprocess\nsubprocess.run(['curl', 'x'])\n"
    original: Tree = {**DEBIAN, "app/httpd": STATIC, "app/main.py": code}

    assert [
        "/app/main.py calls curl, which alpine 3.20.3 (musl) does not have".replace(
            "alpine 3.20.3 (musl)", "the candidate"
        )
    ] == [text for _, text in gaps(original, {**ALPINE, "app/httpd": STATIC, "app/main.py": code})]


def test_a_link_must_lead_where_it_led() -> None:
    original: Tree = {**DEBIAN, "app/httpd": link("/opt/httpd-1.2"), "opt/httpd-1.2": STATIC}
    candidate: Tree = {"app/httpd": link("/opt/httpd-1.2"), "tmp": TMP}

    assert {GapKind.COMMAND, GapKind.FILE} == {kind for kind, _ in gaps(original, candidate)}


def test_links_to_development_dependencies_that_were_taken_out_are_not_blamed() -> None:
    modules = "app/node_modules"
    left = {f"{modules}/.bin/tool": link("../tool/cli.js"), f"{modules}/.pnpm/node_modules/tool": link("../tool@1")}
    tool: Tree = {f"{modules}/tool/cli.js": "x", f"{modules}/.pnpm/tool@1/index.js": "x"}
    own: Tree = {**DEBIAN, "app/httpd": STATIC, **left}

    assert [] == gaps({**own, **tool}, own)
    wanted: Tree = {f"{modules}/direct": link("tool")}
    assert [GapKind.FILE] == [kind for kind, _ in gaps({**own, **tool, **wanted}, {**own, **wanted})]


def test_a_virtual_environment_keeps_its_python() -> None:
    venv: Tree = {"opt/v/pyvenv.cfg": "home = /usr/bin\n", "opt/v/bin/python": link("/usr/bin/python3.11")}
    config = ImageConfig(command=("/app/httpd",))
    original: Tree = {**DEBIAN, "app/httpd": STATIC, "usr/bin/python3.11": DYNAMIC, **venv}

    assert ("/opt/v is a virtual environment of /usr/bin/python3.11, which is not there") in [
        text for _, text in gaps(original, {**DEBIAN, "app/httpd": STATIC, **venv}, config)
    ]


def test_an_image_closes_against_itself() -> None:
    tree: Tree = {**DEBIAN, "app/httpd": DYNAMIC, "app/start.sh": "#!/bin/sh\nfrobnicate\n"}
    config = replace(CONFIG, entrypoint=("/app/start.sh",), user="app", health_check=("CMD", "curl"))

    assert [] == gaps(tree, tree, config)


def test_many_gaps_are_told_as_a_few_and_a_number() -> None:
    plugins: Tree = {f"app/p{n}.so": replace(DYNAMIC, needed=(f"lib{n}.so",)) for n in range(40)}
    libraries: Tree = {f"usr/lib/lib{n}.so": ElfFile(soname=f"lib{n}.so") for n in range(40)}
    original = Side(programs=programs_of({**DEBIAN, "app/httpd": STATIC, **plugins, **libraries}), config=CONFIG)
    candidate = Side(programs=programs_of({**DEBIAN, "app/httpd": STATIC, **plugins}), config=CONFIG)
    check = check_closure(original, candidate)

    assert (Outcome.FAILED, 13, "and 28 more") == (check.outcome, len(check.details), check.details[-1])
