"""A current engine, client and buildx in a folder of their own, from the distribution's packages.

Nothing of it is installed on the machine. Debian's are taken from sid, since a stable release's are years behind.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from outside import machine
from outside.machine import Refusal, cache_root, distribution, mirror, run, say

if TYPE_CHECKING:
    from pathlib import Path

PACKAGES = {
    "debian": ("docker.io", "docker-cli", "docker-buildx", "containerd", "tini"),
    "ubuntu": ("docker.io", "docker-buildx", "containerd", "tini"),
}
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
BY_HAND = "install Docker Engine 23 or newer with buildx (https://docs.docker.com/engine/install/) and start it"


def root() -> Path:
    return cache_root() / "engine" / "tree"


def folders() -> tuple[Path, ...]:
    """What to put on PATH; the last one makes `docker-buildx` a command of its own."""
    usr = root() / "usr"
    return usr / "bin", usr / "sbin", _plugins()


def _plugins() -> Path:
    return root() / "usr" / "libexec" / "docker" / "cli-plugins"


def client_config() -> Path:
    """A DOCKER_CONFIG in which the docker command finds buildx; the user's own is left alone."""
    return cache_root() / "engine" / "client"


def apt_configuration(folder: Path) -> str:
    """apt settings under which nothing of the machine's own state is read or written.

    `man 5 apt.conf`. The architecture is the machine's; preferences that pin a release would hide sid.
    """
    return "\n".join(
        (
            f'Dir::State::lists "{folder}/lists";',
            f'Dir::Cache "{folder}/cache";',
            f'Dir::Etc::sourcelist "{folder}/sources.list";',
            'Dir::Etc::sourceparts "-";',
            'Dir::Etc::preferencesparts "-";',
            'Acquire::Languages "none";',
            'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";',
            "",
        )
    )


def ensure() -> None:
    """Unpacks the packages unless they are there. Raises Refusal where that is not possible, with what to do."""
    if (root() / ".complete").is_file():
        return
    machine.refuse_unless_installable("a Docker engine", BY_HAND)
    name, _ = distribution()
    work = cache_root() / "engine" / "apt"
    shutil.rmtree(work, ignore_errors=True)
    shutil.rmtree(root(), ignore_errors=True)
    for folder in (work / "lists" / "partial", work / "cache" / "archives" / "partial", work / "debs"):
        folder.mkdir(parents=True)
    env = _private_apt(work) if name == "debian" else {}
    say(f"downloading {', '.join(PACKAGES[name])}")
    run(["apt-get", "update", "-qq"], env=env)
    # apt drops to a user of its own for downloads, who cannot write here; as root that is a warning only.
    run(["apt-get", "-o", "APT::Sandbox::User=root", "download", "-qq", *PACKAGES[name]], env=env, cwd=work / "debs")
    packages = sorted((work / "debs").glob("*.deb"))
    for package in packages:
        run(["dpkg-deb", "-x", package, root()])
    _link_plugin()
    (root() / ".complete").write_text("".join(f"{package.name}\n" for package in packages))
    shutil.rmtree(work)
    say(f"unpacked {', '.join(package.name.rsplit('_', 1)[0] for package in packages)}")


def _private_apt(work: Path) -> dict[str, str]:
    address = mirror()
    if address is None:
        raise Refusal(f"apt names no Debian mirror on this machine: {BY_HAND}")
    (work / "sources.list").write_text(f"deb [signed-by={KEYRING}] {address} sid main\n")
    (work / "apt.conf").write_text(apt_configuration(work))
    return {"APT_CONFIG": str(work / "apt.conf")}


def _link_plugin() -> None:
    if not (_plugins() / "docker-buildx").is_file():
        raise Refusal(f"the packages hold no docker-buildx: {BY_HAND}")
    plugins = client_config() / "cli-plugins"
    plugins.mkdir(parents=True, exist_ok=True)
    link = plugins / "docker-buildx"
    link.unlink(missing_ok=True)
    link.symlink_to(_plugins() / "docker-buildx")
