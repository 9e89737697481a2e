"""Images of one stage that are to be made of two: a server in C and an application in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.elf import ElfFile
from tests.support.models import package
from tests.support.subjects import subject
from weighbridge.core.fixes.planner import plan
from weighbridge.dockerfile.parse import parse
from weighbridge.model.fix import Candidate, Family
from weighbridge.model.image import ImageConfig

if TYPE_CHECKING:
    from weighbridge.model.subject import Subject

LOADER = "/lib64/ld-linux-x86-64.so.2"
DYNAMIC = ElfFile(interpreter=LOADER, needed=("libc.so.6",), versions=(("libc.so.6", "GLIBC_2.34"),), pie=True)
STATIC = ElfFile()
GO_PATH = "PATH=/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
LIBC = ElfFile(soname="libc.so.6", provides=("GLIBC_2.34",))

C_SERVER = """\
# the scale
FROM debian:12
LABEL org.opencontainers.image.title=scale

RUN apt-get update && apt-get install -y gcc make
WORKDIR /src
COPY . .
RUN make && cp scale /usr/local/bin/scale

# where it listens
EXPOSE 8080
CMD ["scale"]
"""


def c_server(
    text: str = C_SERVER,
    program: ElfFile = DYNAMIC,
    *,
    left: dict[str, int] | None = None,
    more: dict[str, str] | None = None,
    target: str | None = None,
) -> Subject:
    """The server as its Dockerfile leaves it; `left` is what its last RUN leaves beside, `more` its content."""
    return subject(
        text,
        {
            5: {"usr/bin/gcc": 9_000_000},
            7: {"src/scale.c": 900, "src/Makefile": 90, "src/README.md": 100},
            8: {"src/scale": 20_000, "src/scale.o": 9_000, "usr/local/bin/scale": 20_000, **(left or {})},
        },
        {
            **(more or {}),
            "usr/local/bin/scale": program,
            "src/scale": program,
            "lib/x86_64-linux-gnu/libc.so.6": LIBC,
            "bin/sh": DYNAMIC,
        },
        config=ImageConfig(command=("scale",), working_directory="/src", exposed_ports=("8080/tcp",)),
        packages=[package("gcc", 9_000_000), package("make", 400_000), package("python3", 10), package("perl", 10)],
        target=target,
    )


def splits(made: Subject) -> list[Candidate]:
    """The candidates that split, in the order in which they are tried; every one parses."""
    found = [each for each in plan(made).candidates if each.family is Family.MULTI_STAGE]
    for each in found:
        parse(each.dockerfile_text, "Dockerfile")
    return found


PYTHON = """\
FROM python:3.11
RUN apt-get update && apt-get install -y build-essential libpq-dev
WORKDIR /app
COPY requirements.txt .
RUN pip install -r requirements.txt
COPY . .
HEALTHCHECK CMD curl -f http://localhost:5000/ || exit 1
CMD ["gunicorn", "app:app"]
"""


def python_app(text: str = PYTHON) -> Subject:
    """A fat image with what pip installed."""
    site = "usr/local/lib/python3.11/site-packages"
    return subject(
        text,
        {
            2: {"usr/bin/gcc": 9_000_000, "usr/bin/curl": 200},
            4: {"app/requirements.txt": 20},
            5: {f"{site}/psycopg2/_psycopg.so": 900_000, f"{site}/flask/app.py": 900, "usr/local/bin/gunicorn": 200},
            6: {"app/app.py": 900},
        },
        {
            f"{site}/psycopg2/_psycopg.so": ElfFile(soname="_psycopg.so", needed=("libpq.so.5", "libc.so.6")),
            "usr/lib/x86_64-linux-gnu/libpq.so.5": ElfFile(soname="libpq.so.5", needed=("libssl.so.3",)),
            "usr/lib/x86_64-linux-gnu/libssl.so.3": ElfFile(soname="libssl.so.3"),
            "lib/x86_64-linux-gnu/libc.so.6": LIBC,
            "usr/local/bin/gunicorn": "#!/usr/local/bin/python3.11\n",
            "usr/local/bin/python3.11": DYNAMIC,
            "usr/bin/curl": DYNAMIC,
        },
        config=ImageConfig(
            command=("gunicorn", "app:app"),
            working_directory="/app",
            health_check=("CMD-SHELL", "curl -f http://localhost:5000/ || exit 1"),
        ),
        packages=[package("libpq5", 10), package("libssl3", 10), package("curl", 10), package("gcc", 10)],
        base={f"{site}/pip/__init__.py": 1_000, "usr/local/bin/pip": 100},
    )
