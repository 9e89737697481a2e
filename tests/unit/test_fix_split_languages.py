"""One stage made two, by language: what each needs to run, and what it leaves behind."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.support.elf import ElfFile
from tests.support.filesystems import Node
from tests.support.models import package
from tests.support.split import C_SERVER, DYNAMIC, LIBC, PYTHON, STATIC, c_server, python_app, splits
from tests.support.subjects import subject
from weighbridge.core.fixes.planner import plan
from weighbridge.core.fixes.toolchain import is_toolchain
from weighbridge.model.fix import Family
from weighbridge.model.image import ImageConfig
from weighbridge.model.subject import Context

JAVA = """\
FROM eclipse-temurin:17-jdk
COPY . /echo
WORKDIR /echo
RUN javac -d classes src/Main.java
CMD ["java", "-cp", "classes", "Main"]
"""


def java(
    text: str, command: tuple[str, ...], files: dict[str, int], more: dict[str, str | ElfFile] | None = None
) -> str:
    """What the candidate ships."""
    build = max(number for number, line in enumerate(text.splitlines(), 1) if line.startswith("RUN"))
    made = subject(
        text,
        {2: {"echo/src/Main.java": 900, "echo/pom.xml": 90}, build: files},
        {
            "opt/java/openjdk/bin/java": DYNAMIC,
            "lib/x86_64-linux-gnu/libc.so.6": LIBC,
            **dict.fromkeys(files, ""),
            **(more or {}),
        },
        config=ImageConfig(
            command=command, working_directory="/echo", environment=("PATH=/opt/java/openjdk/bin:/usr/bin:/bin",)
        ),
    )
    return splits(made)[0].dockerfile_text.partition("\nFROM eclipse-temurin:17-jre\n")[2]


def test_classes_are_shipped_where_no_jar_holds_them() -> None:
    shipped = java(JAVA, ("java", "-cp", "classes", "Main"), {"echo/classes/Main.class": 900})

    assert "COPY --from=build /echo/classes /echo/classes\n" in shipped
    assert "Main.java" not in shipped
    assert "pom.xml" not in shipped


def test_what_is_done_with_what_was_built_is_done_where_it_was_built() -> None:
    text = JAVA.replace("RUN javac -d classes src/Main.java", "RUN mvn package\nRUN cp target/echo.jar app.jar")
    shipped = java(text, ("java", "-jar", "/echo/app.jar"), {"echo/target/echo.jar": 900, "echo/app.jar": 900})

    assert "COPY --from=build /echo/app.jar /echo/app.jar\n" in shipped
    assert "target" not in shipped
    assert "RUN" not in shipped


def test_a_start_script_comes_with_the_jars_beside_it() -> None:
    files = {
        "echo/build/install/echo/bin/echo": 900,
        "echo/build/install/echo/lib/echo.jar": 900,
        "echo/build/tmp/x": 9,
    }
    script: dict[str, str | ElfFile] = {"echo/build/install/echo/bin/echo": "#!/bin/sh\nexec java\n", "bin/sh": DYNAMIC}
    shipped = java(JAVA, ("/echo/build/install/echo/bin/echo",), files, script)

    assert "COPY --from=build /echo/build/install /echo/build/install\n" in shipped
    assert "/echo/build/tmp" not in shipped


def test_a_jdk_is_shipped_as_its_jre_and_a_language_of_the_build_not_at_all() -> None:
    text = "FROM debian:12\nRUN apt-get update && apt-get install -y openjdk-17-jdk-headless maven python3\n"
    text += 'WORKDIR /echo\nRUN mvn package\nCMD ["java", "-jar", "/echo/target/echo.jar"]\n'
    made = subject(
        text,
        {4: {"echo/target/echo.jar": 900}},
        {"usr/bin/java": DYNAMIC, "lib/x86_64-linux-gnu/libc.so.6": LIBC, "echo/target/echo.jar": ""},
        config=ImageConfig(command=("java", "-jar", "/echo/target/echo.jar"), working_directory="/echo"),
        packages=[
            package(name, 10)
            for name in ("openjdk-17-jdk-headless", "openjdk-17-jre-headless", "maven", "python3", "libc6")
        ],
    )
    shipped = splits(made)[0].dockerfile_text.split("\nFROM ")[1]

    assert "      openjdk-17-jre-headless \\\n" in shipped
    assert "-jdk" not in shipped
    assert "maven" not in shipped
    assert "python3" not in shipped


def test_an_interpreter_is_shipped_where_a_script_asks_for_it() -> None:
    made = c_server(
        C_SERVER.replace("gcc make", "gcc make python3 perl").replace('CMD ["scale"]', "CMD scale"),
        more={"usr/local/bin/report": "#!/usr/bin/env python3\n"},
        left={"usr/local/bin/report": 90},
    )
    shipped = splits(made)[0].dockerfile_text.split("\nFROM ")[2]

    assert "      python3 \\\n" in shipped
    assert "perl" not in shipped


def test_installed_packages_are_taken_whole_and_what_running_leaves_takes_no_folder_apart() -> None:
    text = 'FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm install\nCMD ["node", "src/server.js"]\n'
    made = subject(
        text,
        {
            3: {"app/src/server.js": 900, "app/README.md": 90, "app/src/__pycache__/x.pyc": 9},
            4: {"app/node_modules/a/README.md": 90, "app/node_modules/a/index.js": 90, "app/node_modules/.cache/x": 9},
        },
        {"usr/local/bin/node": DYNAMIC, "app/src/server.js": "", "lib/x86_64-linux-gnu/libc.so.6": LIBC},
        config=ImageConfig(command=("node", "src/server.js"), working_directory="/app"),
    )

    assert [
        "WORKDIR /app",
        "COPY --from=build /app/node_modules /app/node_modules",
        "COPY --from=build /app/src /app/src",
        'CMD ["node", "src/server.js"]',
    ] == splits(made)[0].dockerfile_text.partition("FROM node:20-slim\n")[2].splitlines()


@pytest.mark.parametrize(
    ("project", "command", "pruned"),
    [
        (None, ("npm", "start"), True),
        ("[", ("npm", "start"), True),
        ('{"devDependencies": {"vitest": "1"}, "scripts": {"start": "node server.js"}}', ("npm", "start"), True),
        ('{"devDependencies": {}, "scripts": {"start": "node server.js"}}', ("npm", "start"), False),
        ('{"devDependencies": {"nodemon": "1"}, "scripts": {"start": "nodemon server.js"}}', ("npm", "start"), False),
        ('{"devDependencies": {"serve": "14"}}', ("npx", "serve", "dist"), False),
        ('{"devDependencies": {"vite": "5"}, "scripts": {"dev": "A=b vite"}}', ("sh", "-c", "yarn run dev"), False),
    ],
)
def test_development_dependencies_are_taken_out_unless_one_is_started(
    project: str | None, command: tuple[str, ...], pruned: bool
) -> None:
    made = subject(
        f"FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm install\nCMD {json.dumps(command)}\n",
        {3: {"app/server.js": 900}, 4: {"app/node_modules/a/index.js": 90}},
        {**{f"usr/local/bin/{name}": DYNAMIC for name in ("npm", "npx", "yarn")}, "bin/sh": DYNAMIC},
        config=ImageConfig(command=command, working_directory="/app"),
    )
    texts = {} if project is None else {"package.json": project}
    made = replace(made, context=Context(sizes={}, texts=texts, ignore_path=".dockerignore", ignore=None))

    assert pruned == any("RUN npm prune --omit=dev" in each.dockerfile_text for each in splits(made))


def test_a_language_that_nothing_runs_in_is_left_behind_with_its_image() -> None:
    text = "FROM node:20\nRUN apt-get update && apt-get install -y nginx\nWORKDIR /src\nCOPY . .\n"
    text += 'RUN npm ci && npm run build && cp -r dist /var/www/html\nCMD ["nginx", "-g", "daemon off;"]\n'
    made = subject(
        text,
        {
            2: {"usr/sbin/nginx": 9_000, "etc/nginx/nginx.conf": 90, "usr/lib/x86_64-linux-gnu/libpcre2-8.so.0": 90},
            5: {"var/www/html/app.js": 90},
        },
        {
            "usr/local/bin/docker-entrypoint.sh": '#!/bin/sh\nset -- node "$@"\nexec "$@"\n',
            "usr/local/bin/node": DYNAMIC,
            "bin/sh": DYNAMIC,
            "usr/sbin/nginx": replace(DYNAMIC, needed=("libpcre2-8.so.0", "libc.so.6")),
            "usr/lib/x86_64-linux-gnu/libpcre2-8.so.0": ElfFile(soname="libpcre2-8.so.0"),
            "lib/x86_64-linux-gnu/libc.so.6": LIBC,
        },
        config=ImageConfig(entrypoint=("docker-entrypoint.sh",), command=("nginx", "-g", "daemon off;")),
        packages=[package("nginx", 10), package("libpcre2-8-0", 10)],
        base={"usr/local/bin/docker-entrypoint.sh": 300, "usr/local/bin/node": 90_000, "usr/local/bin/npm": 90},
    )
    found = splits(made)

    assert ["interpreted/debian:bookworm-slim", "interpreted/node:20-slim"] == [each.strategy for each in found]
    assert """
RUN apt-get update && apt-get install -y --no-install-recommends \\
      nginx \\
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY --from=build /usr/local/bin/docker-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
COPY --from=build /var/www/html /var/www/html
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["nginx", "-g", "daemon off;"]
""" == found[0].dockerfile_text.partition("FROM debian:bookworm-slim")[2]


def test_an_extension_is_no_program_to_ship_without_its_interpreter() -> None:
    text = "FROM debian:12\nRUN apt-get update && apt-get install -y build-essential ruby ruby-dev\n"
    text += 'WORKDIR /app\nCOPY . .\nRUN make && make install\nCMD ["ruby", "app.rb"]\n'
    extension = "usr/local/lib/site_ruby/mass.so"
    made = subject(
        text,
        {2: {"usr/bin/ruby3.1": 9_000, "usr/bin/gcc": 9_000}, 4: {"app/app.rb": 90}, 5: {extension: 90}},
        {
            "usr/bin/ruby3.1": DYNAMIC,
            "usr/bin/ruby": Node(link="ruby3.1"),
            extension: ElfFile(soname="mass.so", needed=("libc.so.6",)),
            "app/app.rb": "",
            "lib/x86_64-linux-gnu/libc.so.6": LIBC,
        },
        config=ImageConfig(command=("ruby", "app.rb"), working_directory="/app"),
        packages=[package(name, 10) for name in ("build-essential", "ruby", "ruby-dev")],
    )

    (candidate,) = splits(made)
    assert "interpreted/debian:12-slim" == candidate.strategy
    shipped = candidate.dockerfile_text.split("\nFROM ")[1]
    assert "      ruby \\\n" in shipped
    assert "COPY --from=build /app /app\n" in shipped
    assert "/usr/local/lib/site_ruby" in shipped
    assert "/usr/bin/ruby" not in shipped


def test_caches_stay_behind_wherever_their_home_is_and_data_among_them_does_not() -> None:
    text = 'FROM rust:1\nWORKDIR /go/src/orbit\nCOPY . .\nRUN cargo install --path .\nCMD ["orbit"]\n'
    made = replace(
        subject(
            text,
            {
                3: {"go/src/orbit/main.go": 90, "go/src/orbit/static/index.html": 90},
                4: {
                    "go/src/orbit/target/CACHEDIR.TAG": 9,
                    "go/src/orbit/target/release/orbit": 900,
                    "go/pkg/mod/x/data.json": 9,
                    "home/ada/.cargo/registry/a.json": 90,
                    "home/ada/.npm/x": 9,
                    "usr/local/cargo/.crates.toml": 9,
                    "usr/local/cargo/bin/orbit": 900,
                    "usr/local/cargo/registry/index/a.json": 90,
                },
            },
            {"usr/local/cargo/bin/orbit": STATIC, "go/src/orbit/target/release/orbit": STATIC},
            config=ImageConfig(command=("orbit",), environment=("PATH=/usr/local/cargo/bin:/usr/bin",)),
        ),
        base_config=ImageConfig(environment=("PATH=/usr/local/cargo/bin:/usr/bin",)),
    )

    assert [
        "ENV PATH=/usr/local/cargo/bin:$PATH",
        "WORKDIR /go/src/orbit",
        "COPY --from=build /go/src/orbit/static /go/src/orbit/static",
        "COPY --from=build /usr/local/cargo/bin /usr/local/cargo/bin",
        'CMD ["orbit"]',
    ] == splits(made)[0].dockerfile_text.partition("FROM scratch\n")[2].splitlines()


@pytest.mark.parametrize(
    ("project", "install", "pruned"),
    [
        ('{"require-dev": {"phpunit/phpunit": "*"}}', "composer install -q", "RUN composer install -q --no-dev\n"),
        ('{"require": {}}', "composer install", ""),
        ('{"require-dev": {"phpunit/phpunit": "*"}}', "composer install --no-dev", ""),
    ],
)
def test_composer_stays_behind_and_so_do_its_development_packages(project: str, install: str, pruned: str) -> None:
    made = subject(
        f"FROM php:8.2-cli\nCOPY --from=composer:2 /usr/bin/composer /usr/bin/composer\nWORKDIR /app\nCOPY . .\n"
        f'RUN {install}\nCMD ["php", "index.php"]\n',
        {
            2: {"usr/bin/composer": 900},
            4: {"app/index.php": 90},
            5: {"app/vendor/autoload.php": 9, "app/vendor/composer/installed.json": 9},
        },
        {"usr/local/bin/php": DYNAMIC, "app/index.php": ""},
        config=ImageConfig(command=("php", "index.php"), working_directory="/app"),
    )
    texts = {"composer.json": project}
    made = replace(made, context=Context(sizes={}, texts=texts, ignore_path=".dockerignore", ignore=None))
    build, _, shipped = splits(made)[0].dockerfile_text.partition("\nFROM php:8.2-cli\n")

    assert build.endswith(f"RUN {install}\n{pruned}")
    assert "/usr/bin/composer" not in shipped
    assert "COPY --from=build /app /app\n" in shipped


def test_where_nothing_was_built_there_is_nothing_to_split() -> None:
    text = "FROM php:8.2-apache\nRUN docker-php-ext-install pdo_sqlite\nRUN apt-get update && apt-get install -y vim\n"
    made = subject(
        text + 'COPY . /var/www/html\nCMD ["apache2-foreground"]\n',
        {3: {"usr/bin/vim": 900}, 4: {"var/www/html/index.php": 90}},
        {"usr/local/bin/apache2-foreground": "#!/bin/sh\n", "bin/sh": DYNAMIC},
        config=ImageConfig(command=("apache2-foreground",)),
        packages=[package("vim", 10)],
        base={"usr/local/bin/apache2-foreground": 90},
    )

    assert [] == splits(made)
    assert [Family.IN_PLACE] == [each.family for each in plan(made).candidates]


def test_what_is_taken_away_is_taken_away_where_it_was_put() -> None:
    text = C_SERVER.replace("\n\n# where", "\nRUN rm /tmp/scale.c\n\n# where").replace('CMD ["scale"]', "CMD scale")
    build, _, shipped = splits(c_server(text))[0].dockerfile_text.rpartition("\nFROM ")

    assert "RUN rm /tmp/scale.c\n" in build
    assert "rm /tmp" not in shipped


def test_a_slimmer_base_gets_what_it_lacks_and_not_what_the_author_installs_on_it() -> None:
    text = PYTHON.replace("libpq-dev", "libpq-dev graphviz").replace("curl -f", "dot -V || curl -f")
    (candidate,) = [each for each in plan(python_app(text)).candidates if each.family is Family.SLIMMER_BASE]

    assert "FROM python:3.11-slim\nRUN apt-get update" in candidate.dockerfile_text
    assert "      curl \\\n" in candidate.dockerfile_text
    assert 1 == candidate.dockerfile_text.count("graphviz")


@pytest.mark.parametrize("closed", [True, False])
def test_what_made_a_virtual_environment_stays_behind_unless_the_environment_sees_it(closed: bool) -> None:
    site = "usr/local/lib/python3.11/site-packages"
    text = "FROM python:3.11\nRUN pip install uv\nENV PATH=/venv/bin:$PATH\nRUN uv venv /venv && uv pip install flask\n"
    made = subject(
        text + 'CMD ["flask"]\n',
        {
            2: {"usr/local/bin/uv": 900, f"{site}/uv/__init__.py": 9},
            4: {"venv/pyvenv.cfg": 9, "venv/bin/flask": 90, "venv/lib/flask.py": 9},
        },
        {
            "usr/local/bin/python3.11": DYNAMIC,
            "usr/local/bin/uv": DYNAMIC,
            "venv/bin/flask": "#!/usr/local/bin/python3.11\n",
            "venv/pyvenv.cfg": f"include-system-site-packages = {'false' if closed else 'true'}\n",
        },
        config=ImageConfig(command=("flask",), environment=("PATH=/venv/bin:/usr/local/bin:/usr/bin",)),
    )
    shipped = splits(made)[0].dockerfile_text.partition("\nFROM python:3.11-slim\n")[2]

    assert "COPY --from=build /venv /venv\n" in shipped
    assert closed == ("/usr/local/bin/uv" not in shipped)
    assert closed == (site not in shipped)


@pytest.mark.parametrize(
    "name", ["cargo-web", "rustc-mozilla", "golang-1.22-go", "openjdk-17-jdk-headless", "ruby-dev"]
)
def test_a_compiler_is_known_by_every_name_that_debian_gives_it(name: str) -> None:
    assert is_toolchain(name)
    assert not is_toolchain(f"lib{name.split('-', maxsplit=1)[0]}1")


def test_steps_that_only_use_what_is_shipped_are_tried_there_too() -> None:
    text = "FROM python:3.11\nWORKDIR /app\nCOPY . .\nRUN pip install .\nRUN git init /demo\nCMD churn\n"
    made = subject(
        text,
        {4: {"usr/local/bin/churn": 90}, 5: {"demo/.git/HEAD": 9}},
        {"usr/local/bin/churn": "#!/usr/local/bin/python3\n", "bin/sh": DYNAMIC},
        config=ImageConfig(command=("/bin/sh", "-c", "churn"), working_directory="/app"),
    )
    first, second = splits(made)

    assert "interpreted/python:3.11-slim" == first.strategy
    assert "RUN git init /demo\n" in first.dockerfile_text.partition("\nFROM ")[0] + "\n"
    assert "interpreted/python:3.11-slim+later" == second.strategy
    assert "RUN git init /demo\n" in second.dockerfile_text.partition("\nFROM ")[2]


def test_files_that_are_handed_over_after_the_build_come_along_as_their_owners() -> None:
    text = "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm ci\nRUN chown -R node:node /app\nUSER node\n"
    made = subject(
        text + 'CMD ["node", "server.js"]\n',
        {5: {"app/server.js": 90, "app/node_modules/a/index.js": 9}},
        {"usr/local/bin/node": DYNAMIC, "app/server.js": ""},
        config=ImageConfig(command=("node", "server.js"), working_directory="/app", user="node"),
    )
    assert made.image is not None
    for name, placed in made.image.tree.nodes.items():
        if name.startswith("app/"):
            owned = placed._replace(entry=placed.entry._replace(uid=1000, gid=1000))
            made.image.tree.nodes[name] = owned  # type: ignore[index]
    shipped = splits(made)[0].dockerfile_text.partition("\nFROM node:20-slim\n")[2]

    assert "COPY --from=build --chown=1000:1000 /app /app\n" in shipped
    assert "RUN chown" not in shipped
    assert "USER node\n" in shipped
