"""A language that comes along from the image it was made on: what is taken of it, and what stays."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.support.elf import ElfFile
from tests.support.filesystems import link
from tests.support.models import package
from tests.support.subjects import subject
from weighbridge.core.fixes.planner import plan
from weighbridge.core.fixes.split import Copy
from weighbridge.core.fixes.stowage import apt_install, handed_over
from weighbridge.dockerfile.parse import parse
from weighbridge.model.fix import Candidate, Family
from weighbridge.model.image import ImageConfig
from weighbridge.model.subject import Context

if TYPE_CHECKING:
    from tests.support.filesystems import Node
    from weighbridge.model.subject import Subject

LOADER = "/lib64/ld-linux-x86-64.so.2"
LIBC = ElfFile(soname="libc.so.6", provides=("GLIBC_2.34",))
DYNAMIC = ElfFile(interpreter=LOADER, needed=("libc.so.6",), versions=(("libc.so.6", "GLIBC_2.34"),), pie=True)
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PASSWD = "root:x:0:0:root:/root:/bin/bash\nnode:x:1000:1000::/home/node:/bin/bash\n"
NPM = "usr/local/lib/node_modules/npm/bin/npm-cli.js"


def splits(made: Subject) -> dict[str, Candidate]:
    """The candidates that split, by strategy, in the order in which they are tried; every one parses."""
    found = [each for each in plan(made).candidates if each.family is Family.MULTI_STAGE]
    for each in found:
        parse(each.dockerfile_text, "Dockerfile")
    return {each.strategy: each for each in found}


def second(candidate: Candidate) -> str:
    """The stage that is shipped."""
    return "FROM" + candidate.dockerfile_text.rpartition("\nFROM")[2]


def node(
    command: tuple[str, ...],
    *,
    user: str = "",
    entrypoint: tuple[str, ...] = (),
    left: dict[str, int] | None = None,
    extra: str = "",
) -> dict[str, Candidate]:
    """A server as `npm ci` on the official image leaves it."""
    text = (
        f'FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm ci --omit=dev\n{f"USER {user}" if user else extra}\nCMD ["x"]\n'
    )
    files: dict[str, Node | bytes | str | ElfFile] = {
        "usr/local/bin/node": replace(DYNAMIC, extra=b"/etc/ssl/certs/ca-certificates.crt"),
        "usr/local/include/node/node.h": "",
        NPM: "#!/usr/bin/env node\n",
        "usr/local/bin/npm": link("../lib/node_modules/npm/bin/npm-cli.js"),
        "lib/x86_64-linux-gnu/libc.so.6": LIBC,
        "etc/passwd": PASSWD,
        "app/server.js": "#!/usr/bin/env node\n",
        "usr/bin/env": DYNAMIC,
        "bin/sh": DYNAMIC,
    }
    made = subject(
        text,
        {3: {"app/server.js": 900}, 4: {"app/node_modules/koa/index.js": 900, **(left or {})}},
        files,
        config=ImageConfig(
            entrypoint=entrypoint, command=command, working_directory="/app", environment=(PATH,), user=user
        ),
        packages=[package("ca-certificates", 9)],
        base={"usr/local/bin/node": 99, "usr/local/include/node/node.h": 9, NPM: 9, "bin/sh": 9, "usr/bin/env": 9},
    )
    return splits(replace(made, base_config=ImageConfig(environment=(PATH,))))


def test_node_alone_goes_where_nothing_else_is_started() -> None:
    found = node(("node", "server.js"))

    assert ["interpreted/distroless/cc", "interpreted/debian:bookworm-slim", "interpreted/node:20-slim"] == list(found)
    assert """\
FROM gcr.io/distroless/cc-debian12
WORKDIR /app
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /app /app

CMD ["x"]
""" == second(found["interpreted/distroless/cc"])
    assert found["interpreted/distroless/cc"].costs


def test_a_package_manager_that_starts_the_program_comes_as_a_link_into_its_folder() -> None:
    found = node(("npm", "start"))
    shipped = second(found["interpreted/debian:bookworm-slim"])

    assert "COPY --from=build /usr/local/lib/node_modules/npm /usr/local/lib/node_modules/npm\n" in shipped
    assert "RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm\n" in shipped
    assert NPM not in shipped.replace("ln -s ../lib", "")
    assert "include" not in shipped


def test_a_user_of_the_first_base_is_made_again_with_his_numbers() -> None:
    found = node(("node", "server.js"), user="node")

    made = "RUN groupadd --gid 1000 node && useradd --uid 1000 --gid 1000 --shell /bin/bash --create-home node\n"
    assert made in second(found["interpreted/debian:bookworm-slim"])
    assert "/etc/passwd" not in second(found["interpreted/debian:bookworm-slim"])
    assert "useradd" not in second(found["interpreted/node:20-slim"])
    assert "COPY --from=build /etc/passwd /etc/group /etc/\n" in second(found["interpreted/distroless/cc"])


def test_node_brings_its_own_authorities_unless_it_is_told_otherwise() -> None:
    strategy = "interpreted/debian:bookworm-slim"

    assert "ca-certificates" not in second(node(("node", "server.js"))[strategy])
    assert "ca-certificates" in second(node(("node", "--use-openssl-ca", "server.js"))[strategy])
    assert "ca-certificates" in second(node(("node", "server.js"), extra="ENV NODE_OPTIONS=-x")[strategy])


def test_what_compiling_an_addon_leaves_is_taken_out() -> None:
    path = "app/node_modules/better-sqlite3/build/Release/obj.target/sqlite3.o"
    found = node(("node", "server.js"), left={path: 9_000_000})

    removal = "RUN find node_modules -type d -path '*/build/Release/obj.target' -prune -exec rm -rf '{}' +\n"
    assert removal in found["interpreted/distroless/cc+pruned"].dockerfile_text
    assert "obj.target" not in found["interpreted/distroless/cc"].dockerfile_text


def test_a_shell_keeps_a_program_from_an_image_without_one() -> None:
    assert "interpreted/distroless/cc" not in node(("/bin/sh", "-c", "node server.js"))


PY_LIBRARY = "usr/local/lib/python3.11"
PY_MODULE = f"{PY_LIBRARY}/lib-dynload/_sqlite3.so"
SQLITE = "usr/lib/x86_64-linux-gnu/libsqlite3.so.0"


def python(
    text: str, left: dict[int, dict[str, int]], files: dict[str, Node | bytes | str | ElfFile], **texts: str
) -> dict[str, Candidate]:
    """A server as pip on the official image leaves it."""
    made = subject(
        text,
        left,
        {
            "usr/local/bin/python3.11": replace(
                DYNAMIC, needed=("libc.so.6", "libpython3.11.so.1.0"), runpath="/usr/local/lib"
            ),
            "usr/local/bin/python3": link("python3.11"),
            "usr/local/lib/libpython3.11.so.1.0": ElfFile(soname="libpython3.11.so.1.0", needed=("libc.so.6",)),
            PY_MODULE: ElfFile(needed=("libsqlite3.so.0", "libc.so.6")),
            f"{SQLITE}.8.6": ElfFile(soname="libsqlite3.so.0", needed=("libc.so.6",)),
            SQLITE: link("libsqlite3.so.0.8.6"),
            "lib/x86_64-linux-gnu/libc.so.6": LIBC,
            "bin/sh": DYNAMIC,
            **files,
        },
        config=ImageConfig(command=("server",), environment=(PATH,)),
        base={"usr/local/bin/python3.11": 9, PY_MODULE: 9, f"{SQLITE}.8.6": 9, "bin/sh": 9},
    )
    context = Context(sizes={}, texts=texts, ignore_path=".dockerignore", ignore=None)
    return splits(replace(made, base_config=ImageConfig(environment=(PATH,)), context=context))


HOME = "opt/java/openjdk"
MODULES = ("java.se", "jdk.crypto.ec", "jdk.compiler")


def java(text: str, home: str, environment: tuple[str, ...]) -> dict[str, Candidate]:
    """A program in a folder of classes, made by the JDK in `home`."""
    made = subject(
        text,
        {3: {"echo/classes/Main.class": 900}},
        {
            f"{home}/bin/java": DYNAMIC,
            f"{home}/bin/jlink": DYNAMIC,
            f"{home}/lib/server/libjvm.so": ElfFile(soname="libjvm.so", needed=("libc.so.6",)),
            f"{home}/lib/security/cacerts": "authorities",
            f"{home}/lib/server/classes.jsa": "archive",
            **{f"{home}/jmods/{name}.jmod": "" for name in MODULES},
            "lib/x86_64-linux-gnu/libc.so.6": LIBC,
            "bin/sh": DYNAMIC,
        },
        config=ImageConfig(
            command=("java", "-cp", "classes", "Main"),
            working_directory="/echo",
            environment=(f"PATH=/{home}/bin:/usr/bin:/bin", *environment),
        ),
        base={f"{home}/bin/java": 9, f"{home}/bin/jlink": 9, "bin/sh": 9},
    )
    return splits(replace(made, base_config=ImageConfig(environment=(f"PATH=/{home}/bin:/usr/bin", *environment))))


JAVAC = "FROM eclipse-temurin:17-jdk\nCOPY . /echo\nRUN javac -d /echo/classes Main.java\nWORKDIR /echo\n"


def test_a_runtime_is_linked_of_what_a_jre_has_and_put_where_it_was() -> None:
    found = java(f'{JAVAC}CMD ["java", "-cp", "classes", "Main"]\n', HOME, (f"JAVA_HOME=/{HOME}",))
    first, _, shipped = found["interpreted/distroless/cc"].dockerfile_text.partition("\nFROM ")

    assert "--add-modules java.se,jdk.crypto.ec \\\n" in first
    assert f"    && cp /{HOME}/lib/security/cacerts /opt/jre/lib/security/cacerts \\\n" in first
    assert "    && /opt/jre/bin/java -Xshare:dump\n" in first
    assert f"ENV JAVA_HOME=/{HOME} PATH=/{HOME}/bin:$PATH\n" in shipped
    assert f"COPY --from=build /opt/jre /{HOME}\n" in shipped
    assert "COPY --from=build /echo /echo\n" in shipped
    assert [
        "interpreted/distroless/cc",
        "interpreted/debian:bookworm-slim",
        "interpreted/eclipse-temurin:17-jre",
    ] == list(found)


def test_a_runtime_of_a_distribution_moves_to_a_path_that_no_machine_is_in() -> None:
    found = java(f"{JAVAC}CMD java -cp classes Main\n", "usr/lib/jvm/java-17-openjdk-amd64", ())

    assert "interpreted/distroless/cc" not in found
    shipped = second(found["interpreted/debian:bookworm-slim"])
    assert "ENV PATH=/opt/java/bin:$PATH\n" in shipped
    assert "COPY --from=build /opt/jre /opt/java\n" in shipped


PIP = 'FROM python:3.11\nCOPY . .\nRUN pip install -r requirements.txt\nCMD ["server"]\n'


def test_python_comes_with_its_libraries_where_the_loader_looks() -> None:
    left = {3: {"usr/local/bin/server": 90, f"{PY_LIBRARY}/site-packages/flask/app.py": 900}}
    found = python(PIP, left, {"usr/local/bin/server": "#!/usr/local/bin/python3.11\n"})

    assert ["interpreted/distroless/cc", "interpreted/python:3.11-slim"] == list(found)
    shipped = second(found["interpreted/distroless/cc"])
    assert f"COPY --from=build /{PY_LIBRARY} /{PY_LIBRARY}\n" in shipped
    assert f"COPY --from=build /{SQLITE} /usr/lib/x86_64-linux-gnu/\n" in shipped
    assert "COPY --from=build /usr/local/lib/libpython3.11.so.1.0 /usr/lib/\n" in shipped
    assert "/usr/local/bin/server" in shipped
    assert "site-packages/flask" not in shipped


def test_what_a_virtual_environment_stands_on_comes_from_the_image_itself() -> None:
    text = PIP.replace("RUN pip", "RUN python3 -m venv /venv && /venv/bin/pip").replace(
        '["server"]', '["/venv/bin/server"]'
    )
    left = {3: {"venv/pyvenv.cfg": 9, "venv/bin/server": 90, "venv/.gitignore": 1}}
    files: dict[str, Node | bytes | str | ElfFile] = {
        "venv/pyvenv.cfg": "home = /usr/local/bin\n",
        "venv/bin/server": "#!/usr/local/bin/python3.11\n",
        "usr/local/bin/server": "#!/usr/local/bin/python3.11\n",
    }
    shipped = second(python(text, left, files)["interpreted/distroless/cc"])

    assert f"COPY --from=python:3.11 /{PY_LIBRARY} /{PY_LIBRARY}\n" in shipped
    assert "COPY --from=build /venv /venv\n" in shipped


def test_requirements_for_development_give_way_to_those_that_they_include() -> None:
    text = PIP.replace("requirements.txt", "requirements-dev.txt")
    files: dict[str, Node | bytes | str | ElfFile] = {"usr/local/bin/server": "#!/usr/local/bin/python3.11\n"}
    left = {3: {"usr/local/bin/server": 90, f"{PY_LIBRARY}/site-packages/flask/app.py": 900}}
    texts = {"requirements-dev.txt": "-r requirements.txt\npytest\n", "requirements.txt": "flask\n"}
    found = python(text, left, files, **texts)

    pruned = found["interpreted/python:3.11-slim+pruned"].dockerfile_text
    assert "RUN pip install -r requirements.txt\n" in pruned
    assert "RUN pip install -r requirements-dev.txt\n" in found["interpreted/python:3.11-slim"].dockerfile_text
    assert not any("pruned" in each for each in python(text, left, files, **{"requirements-dev.txt": "pytest\n"}))


def test_what_poetry_exports_is_installed_apart_from_it() -> None:
    text = "FROM python:3.11\nRUN pip install poetry==1.8.3\nCOPY . .\nRUN poetry export --with dev -o r.txt \\\n"
    text += ' && pip install -r r.txt\nCMD ["server"]\n'
    files: dict[str, Node | bytes | str | ElfFile] = {"usr/local/bin/server": "#!/usr/local/bin/python3.11\n"}
    left = {
        2: {f"{PY_LIBRARY}/site-packages/poetry/x.py": 900, "usr/local/bin/poetry": 9},
        4: {"usr/local/bin/server": 90, f"{PY_LIBRARY}/site-packages/flask/app.py": 900},
    }
    found = python(text, left, files)
    pruned = found["interpreted/python:3.11-slim+apart+pruned"].dockerfile_text

    assert "poetry export -o r.txt \\\n && pip install --ignore-installed --prefix=/install -r r.txt\n" in pruned
    assert "COPY --from=build /install /usr/local\n" in pruned
    assert "site-packages" not in pruned
    assert f"COPY --from=python:3.11 /{PY_LIBRARY} /{PY_LIBRARY}\n" in second(found["interpreted/distroless/cc+apart"])


def test_a_folder_that_the_second_stage_makes_is_handed_over_there() -> None:
    text = (
        "FROM debian:12\nRUN apt-get update && apt-get install -y python3 gcc\nCOPY . /app\nRUN python3 -m venv /venv\n"
    )
    text += "RUN useradd worker && mkdir -p /var/spool/orders /srv/other\nRUN apt-get purge -y gcc\n"
    text += "RUN chown worker /var/spool/orders /app/worker.py\nUSER worker\nCMD python3 /app/worker.py\n"
    made = subject(
        text,
        {3: {"app/x.py": 9}, 4: {"venv/pyvenv.cfg": 9}, 5: {}, 7: {"app/worker.py": 9}},
        {
            "usr/bin/python3": DYNAMIC,
            "app/worker.py": "",
            "venv/pyvenv.cfg": "",
            "etc/passwd": PASSWD.replace("node", "worker"),
            "lib/x86_64-linux-gnu/libc.so.6": LIBC,
            "bin/sh": DYNAMIC,
        },
        config=ImageConfig(command=("/bin/sh", "-c", "python3 /app/worker.py"), user="worker"),
        packages=[package("python3", 9), package("gcc", 9)],
    )
    nodes = made.image.tree.nodes if made.image is not None else {}
    assert nodes
    handed, late = handed_over(
        [
            Copy(sources=("/var/spool/orders",), destination="/var/spool/orders", owner="1000:0"),
            Copy(sources=("/srv/other",), destination="/srv/other"),
            Copy(sources=("/data",), destination="/data", owner="1000:0"),
        ],
        ["RUN useradd worker && mkdir -p /var/spool/orders /srv/other"],
    )

    assert ["/data"] == [copy.destination for copy in handed]
    assert ["RUN chown 1000:0 /var/spool/orders"] == late
    # What is taken away is taken away where it is.
    assert all("purge" not in second(each) for each in splits(made).values())


def test_a_java_package_has_a_folder_for_its_manuals() -> None:
    assert apt_install(["openjdk-17-jre-headless"]).startswith("RUN mkdir -p /usr/share/man/man1 && apt-get update")
    assert apt_install(["curl"]).startswith("RUN apt-get update")
