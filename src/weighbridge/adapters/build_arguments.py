"""A BuildSpec as buildx's arguments. The names and meanings are docker/build-push-action's."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from weighbridge.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weighbridge.model.build import BuildSpec, DockerfileText

_REMOTE = ("docker-image://", "oci-layout://", "http://", "https://", "ssh://", "git://", "git@", "target:")


def build_arguments(
    spec: BuildSpec,
    *,
    tree: Path,
    root: Path,
    scratch: Path,
    tag: str,
    buildx: bool,
    instead: DockerfileText | None = None,
) -> list[str]:
    """Everything after `build`. Secrets and the Dockerfile `instead` go into files in `scratch`, not into arguments.

    Raises UsageError for a context or Dockerfile that is not inside the tree, and for a secret or key that is missing.
    """
    arguments = ["--progress=plain", f"--tag={tag}", f"--iidfile={scratch / 'iid'}"]
    if buildx:
        arguments += ["--load", f"--metadata-file={scratch / 'metadata.json'}"]
    file = _inside(tree, spec.dockerfile, "file") if instead is None else _written(instead, scratch)
    arguments.append(f"--file={file}")
    arguments += _options(spec)
    arguments += [f"--build-context={_build_context(tree, context)}" for context in spec.build_contexts]
    arguments += list(_secrets(spec, root, scratch))
    arguments += list(_keys(spec))
    arguments.append(str(_inside(tree, spec.context, "context")))
    return arguments


def _written(instead: DockerfileText, scratch: Path) -> Path:
    """BuildKit takes an ignore file that is named after the Dockerfile and lies beside it, wherever that is."""
    path = scratch / "Dockerfile"
    path.write_text(instead.text, encoding="utf-8", newline="")
    if instead.ignore is not None:
        (scratch / "Dockerfile.dockerignore").write_text(instead.ignore, encoding="utf-8", newline="")
    return path


def _options(spec: BuildSpec) -> Iterator[str]:
    for option, value in (("target", spec.target), ("platform", spec.platform), ("network", spec.network)):
        if value is not None:
            yield f"--{option}={value}"
    for option, values in (
        ("build-arg", spec.build_args),
        ("cache-from", spec.cache_from),
        ("cache-to", spec.cache_to),
    ):
        for value in values:
            yield f"--{option}={value}"
    if spec.pull:
        yield "--pull"
    if spec.no_cache:
        yield "--no-cache"


def _secrets(spec: BuildSpec, root: Path, scratch: Path) -> Iterator[str]:
    for number, secret in enumerate(spec.secrets):
        key, _, value = secret.partition("=")
        path = scratch / f"secret-{number}"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(value)
        yield f"--secret=id={key},src={path}"
    for reference in spec.secret_envs:
        key, _, variable = reference.partition("=")
        yield f"--secret=id={key},env={variable}"
    for reference in spec.secret_files:
        key, _, name = reference.partition("=")
        path = root / Path(name).expanduser()
        if not path.is_file():
            raise UsageError(f"secret-files {key}: there is no file {path}")
        yield f"--secret=id={key},src={path}"


def _keys(spec: BuildSpec) -> Iterator[str]:
    for key in spec.ssh:
        name, _, path = key.partition("=")
        if path and not Path(path).expanduser().exists():
            raise UsageError(f"ssh {name}: there is no socket or key {path}")
        yield f"--ssh={key}"


def _build_context(tree: Path, context: str) -> str:
    name, _, value = context.partition("=")
    if value.startswith(_REMOTE):
        return context
    return f"{name}={_inside(tree, value, 'build-contexts')}"


def _inside(tree: Path, path: str, setting: str) -> Path:
    """The path in the tree, also after following symlinks: a pull request must not build what lies beside it."""
    location = (tree / path).resolve()
    if not location.is_relative_to(tree.resolve()):
        raise UsageError(f"{setting} {path}: must lie inside the repository")
    return location
