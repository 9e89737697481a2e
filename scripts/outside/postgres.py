"""PostgreSQL's programs: those of this machine, or Debian's, installed without the database that the package makes."""

from __future__ import annotations

from pathlib import Path

from outside.machine import Refusal, refuse_unless_installable, run, say, which

_DEBIAN = Path("/usr/lib/postgresql")
_NO_DATABASE = Path("/etc/postgresql-common/createcluster.conf")


def programs() -> Path:
    """The folder of `initdb`, `postgres` and `pg_ctl`. Raises Refusal."""
    found = _standing()
    if found is None:
        _install()
        found = _standing()
    if found is None:
        raise Refusal("postgresql was installed, and there is no initdb: apt-get install --reinstall postgresql")
    return found


def _standing() -> Path | None:
    on_path = which("initdb")
    found = [on_path.resolve().parent] if on_path is not None else []
    versions = [folder for folder in _DEBIAN.glob("*/bin") if folder.parent.name.isdigit()]
    found += sorted(versions, key=lambda folder: int(folder.parent.name), reverse=True)
    return next((folder for folder in found if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


def _install() -> None:
    """The package would make a database, and start a server on it: it is told not to."""
    refuse_unless_installable("PostgreSQL", "apt-get install postgresql")
    say("installing postgresql (once)")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "-o", "Dpkg::Options::=--force-confold"]
    run(["apt-get", "update", "-qq"], env=quiet)
    run([*install, "postgresql-common"], env=quiet)
    with _NO_DATABASE.open("a", encoding="utf-8") as file:
        file.write("create_main_cluster = false\n")
    run([*install, "postgresql"], env=quiet)
