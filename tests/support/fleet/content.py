"""What made-up images are made of: bases, packages with their files, and the flaws that rules find."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.models import Step
from weighbridge.model.packages import Ecosystem, Package

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KB, MB = 1_000, 1_000_000
LIBRARY = "usr/lib/x86_64-linux-gnu"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ware:
    """A package: bytes, and the shares of them that its files have (the rest is in many small ones)."""

    ecosystem: Ecosystem
    version: str
    size: int
    files: Mapping[str, float]


def _listed(ecosystem: Ecosystem, folder: str, text: str) -> dict[str, Ware]:
    found = {}
    for line in text.strip().splitlines():
        name, version, size, largest = line.split()
        files = {
            f"{folder}/{name}/{largest}": 0.7,
            f"{folder}/{name}/core/index{'.py' if 'py' in folder else '.js'}": 0.1,
        }
        found[name] = Ware(ecosystem=ecosystem, version=version, size=int(float(size) * MB), files=files)
    return found


SITE = "usr/local/lib/python3.12/site-packages"
MODULES = "app/node_modules"

WARES: dict[str, Ware] = {
    "gcc-12": Ware(ecosystem=Ecosystem.APT, version="12.2.0-14+deb12u1", size=int(68.4 * MB),
                   files={"usr/lib/gcc/x86_64-linux-gnu/12/cc1": 0.45, "usr/lib/gcc/x86_64-linux-gnu/12/lto1": 0.4}),
    "g++-12": Ware(ecosystem=Ecosystem.APT, version="12.2.0-14+deb12u1", size=int(35.9 * MB),
                   files={"usr/lib/gcc/x86_64-linux-gnu/12/cc1plus": 0.9}),
    "libpython3.11-dev": Ware(ecosystem=Ecosystem.APT, version="3.11.2-6+deb12u5", size=int(28.8 * MB),
                              files={f"{LIBRARY}/libpython3.11.a": 0.6, "usr/include/python3.11/Python.h": 0.01}),
    "git": Ware(ecosystem=Ecosystem.APT, version="1:2.39.5-0+deb12u2", size=int(46.9 * MB),
                files={"usr/lib/git-core/git-remote-http": 0.06, "usr/bin/git": 0.08, "usr/lib/git-core/git-shell": 0.05}),
    "perl": Ware(ecosystem=Ecosystem.APT, version="5.36.0-7+deb12u2", size=int(18.6 * MB),
                 files={"usr/share/perl/5.36.0/unicore/Name.pl": 0.1, f"{LIBRARY}/libperl.so.5.36.0": 0.2}),
    "curl": Ware(ecosystem=Ecosystem.APT, version="7.88.1-10+deb12u12", size=int(0.6 * MB), files={"usr/bin/curl": 0.5}),
    "ffmpeg": Ware(ecosystem=Ecosystem.APT, version="7:5.1.6-0+deb12u1", size=int(89.2 * MB),
                   files={f"{LIBRARY}/libavcodec.so.59.37.100": 0.3, f"{LIBRARY}/libx265.so.199": 0.2,
                          f"{LIBRARY}/libavfilter.so.8.44.100": 0.12}),
    "imagemagick": Ware(ecosystem=Ecosystem.APT, version="8:6.9.11.60", size=int(31.4 * MB),
                        files={f"{LIBRARY}/libMagickCore-6.Q16.so.6.0.0": 0.3}),
    "fonts-noto-cjk": Ware(ecosystem=Ecosystem.APT, version="1:20220127", size=int(92.5 * MB),
                           files={"usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc": 0.5,
                                  "usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc": 0.45}),
    "libpq5": Ware(ecosystem=Ecosystem.APT, version="15.10-0+deb12u1", size=int(0.9 * MB), files={f"{LIBRARY}/libpq.so.5.15": 0.5}),
    "openjdk-17-jdk-headless": Ware(ecosystem=Ecosystem.APT, version="17.0.13+11", size=int(220.0 * MB),
                                    files={"usr/lib/jvm/java-17-openjdk-amd64/lib/modules": 0.5,
                                           "usr/lib/jvm/java-17-openjdk-amd64/lib/server/libjvm.so": 0.1,
                                           "usr/lib/jvm/java-17-openjdk-amd64/jmods/java.base.jmod": 0.1}),
    "openjdk-17-jre-headless": Ware(ecosystem=Ecosystem.APT, version="17.0.13+11", size=int(131.0 * MB),
                                    files={"usr/lib/jvm/java-17-openjdk-amd64/lib/modules": 0.7,
                                           "usr/lib/jvm/java-17-openjdk-amd64/lib/server/libjvm.so": 0.16}),
    "chromium": Ware(ecosystem=Ecosystem.APT, version="131.0.6778", size=int(240.0 * MB),
                     files={"usr/lib/chromium/chromium": 0.75, "usr/lib/chromium/resources.pak": 0.05}),
    **_listed(Ecosystem.PIP, SITE, """
        numpy 2.1.3 68.1 core/_multiarray_umath.cpython-312.so
        pandas 2.2.3 62.4 _libs/groupby.cpython-312.so
        scipy 1.14.1 112.0 linalg/_flapack.cpython-312.so
        torch 2.5.1 742.0 lib/libtorch_cpu.so
        django 5.1.3 31.2 contrib/gis/db.py
        sqlalchemy 2.0.36 13.1 orm/session.py
        cryptography 44.0.0 14.5 hazmat/bindings/_rust.abi3.so
        pillow 11.0.0 19.8 _imaging.cpython-312.so
        fastapi 0.115.5 1.6 routing.py
        pydantic 2.10.1 9.9 core/_pydantic_core.so
        boto3 1.35.68 24.0 data/ec2.json
        celery 5.4.0 3.9 app/base.py
        grpcio 1.68.0 11.8 _cython/cygrpc.so"""),
    **_listed(Ecosystem.NPM, MODULES, """
        typescript 5.7.2 22.4 lib/typescript.js
        next 15.0.3 104.0 dist/compiled/webpack/bundle5.js
        webpack 5.96.1 6.1 lib/index.js
        react-dom 18.3.1 4.5 cjs/react-dom.development.js
        @swc/core 1.9.3 39.0 swc.linux-x64-gnu.node
        esbuild 0.24.0 9.6 bin/esbuild
        puppeteer-core 23.9.0 11.2 lib/puppeteer.js
        sharp 0.33.5 17.0 build/sharp-linux-x64.node
        express 4.21.1 0.3 lib/express.js
        lodash 4.17.21 1.4 lodash.js
        prisma 5.22.0 46.8 build/libquery_engine.so.node
        date-fns 4.1.0 21.3 index.js"""),
}  # fmt: skip

BASES: dict[str, float] = {
    "debian:12-slim": 74.8,
    "python:3.12-slim": 124.9,
    "python:3.12": 1_015.0,
    "node:22-slim": 223.4,
    "node:22": 1_110.0,
    "eclipse-temurin:17-jre": 268.0,
    "alpine:3.20": 8.1,
    "gcr.io/distroless/static-debian12": 2.0,
    "ubuntu:24.04": 78.1,
    "golang:1.23": 832.0,
}


def spread(folder: str, names: Sequence[str], total: int, seed: str) -> dict[str, int]:
    """Files whose bytes add up to a total, each a share of what is left: few are large, most are small."""
    files = {}
    left = total
    for number, name in enumerate(names):
        share = 0.08 + int(hashlib.blake2b(f"{seed}/{name}".encode(), digest_size=2).hexdigest(), 16) / 65535 * 0.22
        size = left if number == len(names) - 1 else int(left * share)
        files[f"{folder}/{name}"] = size
        left -= size
    return files


_SYSTEM = (
    f"{LIBRARY}/libc.so.6", f"{LIBRARY}/libcrypto.so.3", f"{LIBRARY}/libstdc++.so.6", "usr/bin/perl", "usr/bin/bash",
    f"{LIBRARY}/gconv/libCNS.so", f"{LIBRARY}/libdb-5.3.so", "usr/bin/openssl", f"{LIBRARY}/libssl.so.3",
    "usr/lib/locale/C.utf8/LC_CTYPE", "usr/share/zoneinfo/tzdata.zi", "usr/bin/apt", f"{LIBRARY}/libapt-pkg.so.6",
    "usr/share/perl5/Debconf.pm", "var/lib/dpkg/status", "usr/share/bash/completion", "usr/sbin/ldconfig",
    f"{LIBRARY}/libgnutls.so.30", "usr/bin/dpkg", f"{LIBRARY}/libunistring.so.2", "etc/ssl/certs/ca-certificates.crt",
    "usr/share/doc/base-files/README", "usr/share/common-licenses/GPL-3", "usr/lib/os-release",
)  # fmt: skip


def base(name: str, moved: int = 0) -> Step:
    """The layer of a base image; `moved` tells states of the same name apart."""
    total = int(BASES[name] * MB * (1 + 0.002 * moved))
    files = spread("", _SYSTEM, total, f"{name}/{moved}")
    return Step(
        run=f"ADD rootfs.tar.xz / # {name}",
        files={path.lstrip("/"): size for path, size in files.items()},
        content=f"{name}/{moved}",
        from_base=True,
    )


def files_of(name: str) -> dict[str, int]:
    """The files of a package."""
    ware = WARES[name]
    files = {path: int(ware.size * share) for path, share in ware.files.items()}
    folder = {Ecosystem.APT: "usr/share/doc", Ecosystem.PIP: SITE, Ecosystem.NPM: MODULES}.get(ware.ecosystem, "usr")
    rest = ware.size - sum(files.values())
    return files | spread(f"{folder}/{name}", ("data", "index", "changelog.gz", "README", "LICENSE"), rest, name)


def package(name: str) -> Package:
    """As the package manager recorded it."""
    ware = WARES[name]
    path = {Ecosystem.APT: "var/lib/dpkg/status", Ecosystem.PIP: f"{SITE}/{name}.dist-info/RECORD"}.get(
        ware.ecosystem, f"{MODULES}/{name}/package.json"
    )
    return Package(ecosystem=ware.ecosystem, name=name, version=ware.version, size=ware.size, path=path)
