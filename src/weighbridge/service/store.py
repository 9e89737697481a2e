"""Where details are kept: bytes by name, on a disk or in a store that speaks S3. What is written is never changed.

Names are made of digests here; nothing that a stranger wrote is ever part of one.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote, urlsplit

from weighbridge.errors import ConfigurationError, MeasurementError

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = re.compile(r"[a-z]{1,20}/[0-9a-f]{2}/[0-9a-f]{64}\.zst")


class StoreUnavailable(MeasurementError):
    """The store did not take or give what was asked of it."""


class Store(Protocol):
    """Bytes by name (see `named`)."""

    def put(self, name: str, content: bytes) -> None:
        """Keeps it, durable when this returns; nothing to do where the name is there. Raises StoreUnavailable."""

    def get(self, name: str) -> bytes | None:
        """What is kept under a name, None where nothing is. Raises StoreUnavailable."""

    def delete(self, name: str) -> None:
        """Lets go of it; no error where it is not there. Raises StoreUnavailable."""

    def names(self, kind: str) -> Iterator[str]:
        """Everything of a kind. Raises StoreUnavailable."""


def named(kind: str, digest: str) -> str:
    """The name of packed content of a kind by its SHA-256, hexadecimal."""
    name = f"{kind}/{digest[:2]}/{digest}.zst"
    if not _NAME.fullmatch(name):
        raise ValueError(f"not a name of the store: {name!r}")
    return name


def opened(url: str) -> Store:
    """The store at a URL. Raises ConfigurationError for one that makes no sense."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        return Folder(Path(unquote(parts.path)))
    if parts.scheme == "s3" and parts.netloc:
        return Bucket(url)
    raise ConfigurationError("the store's address must be file:///FOLDER or s3://BUCKET/PREFIX")


class Folder:
    """A store in a folder. Files appear whole and synchronised, under their final name, or not at all."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, name: str, content: bytes) -> None:
        """See Store."""
        path = self._root / name
        if path.exists():
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._write(path, content)
        except OSError as error:
            raise StoreUnavailable(f"{path}: cannot be written: {error.strerror}") from None

    def _write(self, path: Path, content: bytes) -> None:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
            raise
        # The name is durable once its folder is.
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def get(self, name: str) -> bytes | None:
        """See Store."""
        try:
            return (self._root / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreUnavailable(f"{name}: cannot be read: {error.strerror}") from None

    def delete(self, name: str) -> None:
        """See Store."""
        try:
            (self._root / name).unlink(missing_ok=True)
        except OSError as error:
            raise StoreUnavailable(f"{name}: cannot be deleted: {error.strerror}") from None

    def names(self, kind: str) -> Iterator[str]:
        """See Store."""
        for path in (self._root / kind).glob("??/*.zst"):
            yield path.relative_to(self._root).as_posix()


class Bucket:
    """A store that speaks S3; region, endpoint and keys come from the usual `AWS_…` variables."""

    def __init__(self, url: str) -> None:
        from obstore.store import S3Store

        try:
            self._store = S3Store.from_url(url)
        except Exception as error:  # obstore's own errors have no common root
            raise ConfigurationError(f"the store cannot be used: {error}") from None

    def put(self, name: str, content: bytes) -> None:
        """See Store."""
        import obstore

        with _telling(name):
            obstore.put(self._store, name, content)

    def get(self, name: str) -> bytes | None:
        """See Store."""
        import obstore

        with _telling(name):
            try:
                return bytes(obstore.get(self._store, name).bytes())
            except FileNotFoundError:
                return None

    def delete(self, name: str) -> None:
        """See Store."""
        import obstore

        with _telling(name), contextlib.suppress(FileNotFoundError):
            obstore.delete(self._store, name)

    def names(self, kind: str) -> Iterator[str]:
        """See Store."""
        import obstore

        with _telling(kind):
            for batch in obstore.list(self._store, prefix=f"{kind}/"):
                for entry in batch:
                    yield str(entry["path"])


@contextlib.contextmanager
def _telling(name: str) -> Iterator[None]:
    from obstore.exceptions import BaseError

    try:
        yield
    except (BaseError, OSError) as error:
        raise StoreUnavailable(f"{name}: the store does not answer: {type(error).__name__}") from None
