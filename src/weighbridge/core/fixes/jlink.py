"""A Java runtime made by the JDK's own linker: all modules that a JRE has, compressed, and no compiler.

Which modules a program really loads cannot be told from its classes: services and reflection name none. So nothing is
left out that a JRE of the same release would have (JEP 282; the list is that of Eclipse Temurin's).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from weighbridge.core.fixes.runtimes import Runtime
from weighbridge.core.fixes.split import Copy

if TYPE_CHECKING:
    from weighbridge.core.fixes.anatomy import Anatomy
    from weighbridge.core.proof.filesystem import FileSystem

JAVA = "a Java runtime"
_OUTPUT = "/opt/jre"
_MODULES_TEXT = (
    "java.se java.smartcardio jdk.accessibility jdk.charsets jdk.crypto.cryptoki jdk.crypto.ec jdk.dynalink "
    "jdk.httpserver jdk.jdwp.agent jdk.jfr jdk.jsobject jdk.localedata jdk.management jdk.management.agent "
    "jdk.naming.dns jdk.naming.rmi jdk.net jdk.nio.mapmode jdk.sctp jdk.security.auth jdk.security.jgss "
    "jdk.unsupported jdk.xml.dom jdk.zipfs"
)
_MODULES = tuple(_MODULES_TEXT.split())
_PACKAGE = re.compile(r"(?:openjdk-\d+|default)-j(?:re|dk)(?:-headless|-zero)?|ca-certificates-java")
_SINCE_14 = "jdk.nio.mapmode"
_ROW = 4


def is_java_package(name: str) -> bool:
    """Whether a package of Debian's is a Java runtime, which the linked one stands for."""
    return _PACKAGE.fullmatch(name) is not None


def linked_runtime(anatomy: Anatomy, files: FileSystem) -> Runtime | None:
    """None where the image has no JDK with a linker, and modules to link."""
    java, linker = files.which("java"), files.which("jlink")
    if java is None or linker is None or not java.endswith("/bin/java"):
        return None
    home = java.removesuffix("/bin/java")
    modules = [name for name in _MODULES if f"{home}/jmods/{name}.jmod" in files.programs.files]
    if "java.se" not in modules:
        return None
    target = _target(home, files)
    elves = files.programs.elves
    return Runtime(
        language=JAVA,
        paths=frozenset(path for path in elves if path.startswith(f"{home}/lib/")),
        folders=(home,),
        commands=(_linking(files, home, modules),),
        settings=tuple(_settings(anatomy, target)),
        copies=(Copy(sources=(_OUTPUT,), destination=target),),
    )


def _target(home: str, files: FileSystem) -> str:
    """Where it was, unless a distribution's package put it there: then the path tells of the machine."""
    named = files.environment.get("JAVA_HOME", "")
    if named and files.resolve(named) == home:
        return named.rstrip("/")
    return f"/{home}" if home.startswith(("opt/", "usr/local/")) else "/opt/java"


def _linking(files: FileSystem, home: str, modules: list[str]) -> str:
    # From Java 13 on, this one strips native libraries, too, which takes a program of the binutils (JDK-8214796).
    native = files.which("objcopy") is not None or _SINCE_14 not in modules
    strip = "--strip-debug" if native else "--strip-java-debug-attributes"
    rows = [",".join(modules[start : start + _ROW]) for start in range(0, len(modules), _ROW)]
    listed = ",\\\n".join(rows)
    line = (
        f"RUN jlink --output {_OUTPUT} --compress=2 {strip} --no-header-files --no-man-pages \\\n"
        f"      --add-modules {listed}"
    )
    certificates = files.resolve(f"{home}/lib/security/cacerts")
    if certificates in files.programs.files:
        line += f" \\\n    && cp /{certificates} {_OUTPUT}/lib/security/cacerts"
    if f"{home}/lib/server/classes.jsa" in files.programs.files:
        # The archive of its own classes that a runtime starts faster with: a linked one comes without.
        line += f" \\\n    && {_OUTPUT}/bin/java -Xshare:dump"
    return line


def _settings(anatomy: Anatomy, target: str) -> list[str]:
    config = anatomy.subject.base_config
    based = any(entry.startswith("JAVA_HOME=") for entry in (config.environment if config is not None else ()))
    home = [f"JAVA_HOME={target}"] if based and "JAVA_HOME" not in anatomy.authored_environment() else []
    path = [] if f"{target}/bin" in _usual(anatomy) else [f"PATH={target}/bin:$PATH"]
    return [f"ENV {' '.join((*home, *path))}"] if home or path else []


def _usual(anatomy: Anatomy) -> list[str]:
    """The folders of programs that the author sets himself."""
    own = [each.values for each in anatomy.body if each.keyword == "ENV" and "PATH" in each.values[::2]]
    return [folder for values in own for value in values[1::2] for folder in value.split(":")]
