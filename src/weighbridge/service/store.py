"""Where details are kept: bytes by name, on a disk or in a store that speaks S3. What is written is not changed.

Names are made of digests here; nothing that a stranger wrote is ever part of one.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

from weighbridge.errors import ConfigurationError, MeasurementError

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEW = ".new-"
_DAY = 86_400
_NAME = re.compile(r"[a-z]{1,20}/[0-9a-f]{2}/[0-9a-f]{64}\.zst")


class StoreUnavailable(MeasurementError):
    """The store did not take or give what was asked of it."""


class Stored(NamedTuple):
    """What is kept: its bytes as they are stored, and when it was put last (seconds)."""

    name: str
    size: int
    time: int


class Store(Protocol):
    """Bytes by name (see `named`)."""

    def put(self, name: str, content: bytes) -> None:
        """Keeps it, durable when this returns. Raises StoreUnavailable."""

    def get(self, name: str) -> bytes | None:
        """What is kept under a name, None where nothing is. Raises StoreUnavailable."""

    def delete(self, name: str, before: int) -> bool:
        """Lets go of it, unless it was put (again) at that time or later. Raises StoreUnavailable."""

    def stored(self, kind: str) -> Iterator[Stored]:
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
        """See Store. What is there already is not written again, but is as new from now on."""
        path = self._root / name
        try:
            with contextlib.suppress(FileNotFoundError):
                os.utime(path)
                return
            self._make(path.parent)
            self._write(path, content)
        except OSError as error:
            raise StoreUnavailable(f"{path}: cannot be written: {error.strerror}") from None

    def _make(self, folder: Path) -> None:
        """A folder, whose name is durable in the one above it."""
        if folder.is_dir():
            return
        if folder != self._root:
            self._make(folder.parent)
        folder.mkdir(parents=folder == self._root, exist_ok=True)
        _synchronise(folder.parent)

    def _write(self, path: Path, content: bytes) -> None:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=_NEW)
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
        _synchronise(path.parent)

    def get(self, name: str) -> bytes | None:
        """See Store."""
        try:
            return (self._root / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreUnavailable(f"{name}: cannot be read: {error.strerror}") from None

    def delete(self, name: str, before: int) -> bool:
        """See Store. It is put aside first: what is put again meanwhile is seen, or written anew."""
        path = self._root / name
        aside = path.with_name(f"{_NEW}{path.name}")
        try:
            if path.stat().st_mtime >= before:
                return False
            path.rename(aside)
            if aside.stat().st_mtime >= before:
                aside.rename(path)
                return False
            aside.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise StoreUnavailable(f"{name}: cannot be deleted: {error.strerror}") from None
        return True

    def stored(self, kind: str) -> Iterator[Stored]:
        """See Store. What a writer that was killed left behind goes, once it is a day old."""
        try:
            for path in (self._root / kind).glob("??/*.zst"):
                with contextlib.suppress(FileNotFoundError):
                    status = path.stat()
                    if not path.name.startswith(_NEW):
                        yield Stored(path.relative_to(self._root).as_posix(), status.st_size, int(status.st_mtime))
            for path in (self._root / kind).glob(f"??/{_NEW}*"):
                with contextlib.suppress(FileNotFoundError):
                    if path.stat().st_mtime < time.time() - _DAY:
                        path.unlink()
        except OSError as error:
            raise StoreUnavailable(f"{kind}: cannot be read: {error.strerror}") from None


def _synchronise(folder: Path) -> None:
    """A name is durable once its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Bucket:
    """A store that speaks S3; region, endpoint and keys come from the usual `AWS_…` variables."""

    def __init__(self, url: str) -> None:
        from obstore.store import S3Store

        try:
            self._store = S3Store.from_url(
                url,
                client_options={"timeout": "20s", "connect_timeout": "5s", "allow_http": _is_plain()},
                retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=20)},
            )
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

    def delete(self, name: str, before: int) -> bool:
        """See Store. S3 has no way to do both at once: what is put within that moment is lost."""
        import obstore

        with _telling(name):
            try:
                if obstore.head(self._store, name)["last_modified"].timestamp() >= before:
                    return False
                obstore.delete(self._store, name)
            except FileNotFoundError:
                return False
        return True

    def stored(self, kind: str) -> Iterator[Stored]:
        """See Store."""
        import obstore

        with _telling(kind):
            for batch in obstore.list(self._store, prefix=f"{kind}/"):
                for entry in batch:
                    yield Stored(str(entry["path"]), entry["size"], int(entry["last_modified"].timestamp()))


def _is_plain() -> bool:
    """Whether the endpoint that the environment names is one without TLS: then that is meant."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    return (endpoint or os.environ.get("AWS_ENDPOINT", "")).startswith("http://")


@contextlib.contextmanager
def _telling(name: str) -> Iterator[None]:
    from obstore.exceptions import BaseError

    try:
        yield
    except (BaseError, OSError) as error:
        raise StoreUnavailable(f"{name}: the store does not answer: {type(error).__name__}") from None
