"""A real PostgreSQL of the tests' own, in a temporary folder, reached by a socket there and by a loopback port."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Iterator

USER = "weighbridge"
_SECONDS = 60
_SETTINGS = {
    # The machine isn't switched off in tests. A killed server loses nothing by this: the kernel has what was written.
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "jit": "off",
    "log_min_messages": "fatal",
}


@dataclass(slots=True, kw_only=True)
class Postgres:
    """A server that runs. `folder` holds its data and its socket."""

    folder: Path
    port: int
    _made: int = field(default=0)

    def url(self, database: str = "postgres") -> str:
        """As `WEIGHBRIDGE_SERVICE_DATABASE_URL` takes it."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def create(self, template: str = "template1") -> str:
        """The URL of a new database, a copy of the template, to which nobody may be connected."""
        self._made += 1
        name = f"test{self._made}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self._run(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(name)

    def drop(self, url: str) -> None:
        """Lets go of a database, whoever is connected."""
        name = url.rpartition("/")[2]
        self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def start(self) -> None:
        """Returns when it answers."""
        log = self.folder / "log"
        try:
            _control(self.folder, "start", "--log", str(log), "--options", f"-p {self.port} -k {self.folder}")
        except subprocess.CalledProcessError:
            raise AssertionError(log.read_text(errors="replace")) from None

    def stop(self, mode: str = "fast") -> None:
        """`fast` ends all connections; `immediate` is a crash."""
        _control(self.folder, "stop", "--mode", mode)

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement)


@contextlib.contextmanager
def running_postgres(**settings: str) -> Iterator[Postgres]:
    """A server with no database but its own; `settings` go before those of tests.

    PostgreSQL refuses to run as root: there it is another user's.
    """
    folder = Path(tempfile.mkdtemp(prefix="weighbridge-postgres-"))
    try:
        if os.geteuid() == 0:
            account = pwd.getpwnam(_unprivileged())
            os.chown(folder, account.pw_uid, account.pw_gid)
        initdb = ["initdb", "--pgdata", str(folder / "data"), "--username", USER, "--auth", "trust"]
        _program(*initdb, "--no-sync", "--encoding", "UTF8", "--locale", "C.UTF-8", cwd=folder)
        with (folder / "data" / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in {**_SETTINGS, **settings}.items())
        with socket.create_server(("127.0.0.1", 0)) as free:
            server = Postgres(folder=folder, port=free.getsockname()[1])
        server.start()
        try:
            yield server
        finally:
            # A test may have left it stopped.
            with contextlib.suppress(subprocess.CalledProcessError):
                server.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged() -> str:
    names = {account.pw_name for account in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _control(folder: Path, action: str, *options: str) -> None:
    _program("pg_ctl", action, "--pgdata", str(folder / "data"), "--wait", "--silent", *options, cwd=folder)


def _program(name: str, *arguments: str, cwd: Path) -> None:
    """Its output goes nowhere a server that it leaves running could hold open."""
    program = Path(os.environ["WEIGHBRIDGE_POSTGRES"]) / name
    user = _unprivileged() if os.geteuid() == 0 else None
    # Of the environment nothing that names another server or language.
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    with (cwd / f"{name}.log").open("wb") as log:
        subprocess.run(
            [program, *arguments],
            check=True,
            cwd=cwd,
            env=environment,
            user=user,
            group=None if user is None else pwd.getpwnam(user).pw_gid,
            extra_groups=None if user is None else (),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            timeout=_SECONDS,
        )
