"""A repository of a registry, read without an engine: its tags, and images as OCI layouts.

Protocol: https://github.com/opencontainers/distribution-spec.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import docker.auth
import docker.errors
import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from weighbridge import __version__
from weighbridge.adapters.registry_login import TIMEOUT, Credentials, Nobody, authorized, docker_credentials
from weighbridge.core.names import one_line
from weighbridge.errors import ImageNotFound, MalformedImage, UsageError
from weighbridge.ports import Announced
from weighbridge.reading.platforms import is_meant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from weighbridge.ports import Choose

_INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
_MANIFESTS = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_NAME = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_MAX_MANIFEST = 4 << 20
_MAX_LAYERS = 500
_MAX_IMAGE = 50_000_000_000
"""Packed bytes of one image at most."""
_MAX_PAGES = 500
_CHUNK = 1 << 20


class RegistryRepository:
    """One repository, such as `ghcr.io/octocat/app`; implements ports.Registry. Asks nothing until it is asked."""

    def __init__(
        self, name: str, *, credentials: Callable[[str], Credentials | None] = docker_credentials, retries: int = 5
    ) -> None:
        """Raises UsageError for what cannot be the name of a repository."""
        try:
            host, path = docker.auth.resolve_repository_name(name)
        except docker.errors.DockerException as error:
            raise UsageError(f"{one_line(name)[:200]}: is not the name of a registry's repository") from error
        if host == "docker.io" and "/" not in path:
            path = f"library/{path}"
        if not _NAME.fullmatch(path):
            raise UsageError(f"{one_line(name)[:200]}: is not the name of a registry's repository, without a tag")
        self._name = path
        self._host = host
        self._shown = f"{host}/{path}"
        self._credentials = credentials
        self._retries = retries
        server = "registry-1.docker.io" if host == "docker.io" else host
        # As engines do: no TLS with this machine itself.
        scheme = "http" if urlsplit(f"//{server}").hostname in ("localhost", "127.0.0.1", "::1") else "https"
        self._url = f"{scheme}://{server}/v2/{path}/"

    def tags(self) -> tuple[str, ...]:
        """All tags. Raises ImageNotFound where the registry does not give them."""
        with self._session() as session:
            return tuple(self._tags(session))

    def download(self, tag: str, platform: str, layout: Path, choose: Choose | None = None) -> None:
        """See ports.Registry. Every digest is checked. Raises OSError too."""
        if not _TAG.fullmatch(tag):
            raise ImageNotFound(f"{self._shown}: {one_line(tag)[:100]!r} is not a tag")
        blobs = layout / "blobs" / "sha256"
        blobs.mkdir(parents=True)
        with self._session() as session:
            text, document, annotations = self._chosen(session, tag, platform)
            digest = hashlib.sha256(text).hexdigest()
            (blobs / digest).write_bytes(text)
            config, *layers = _parts(document, self._shown)
            self._blob(session, config, blobs)
            if choose is not None:
                announced = _announced(blobs / config[0].removeprefix("sha256:"), annotations, self._shown)
                wanted = choose(announced)
                # Where there are not as many, nobody knows which layer is which: that is told when it is read.
                if len(announced.diff_ids) == len(layers):
                    pairs = zip(layers, announced.diff_ids, strict=True)
                    layers = [layer for layer, diff_id in pairs if diff_id in wanted]
            for part in layers:
                self._blob(session, part, blobs)
        kind = document.get("mediaType") if document.get("mediaType") in _MANIFESTS else _MANIFESTS[0]
        entry = {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(text)}
        (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
        (layout / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')

    def _chosen(
        self, session: requests.Session, tag: str, platform: str
    ) -> tuple[bytes, Mapping[str, Any], Mapping[str, Any]]:
        """The manifest for a platform as text and as what it says, and what is annotated of it."""
        text = self._manifest(session, tag, None)
        document = _document(text, self._shown)
        annotations = _object(document.get("annotations"))
        if document.get("mediaType") in _INDEXES or "manifests" in document:
            chosen = _for_platform(document, platform, f"{self._shown}:{tag}")
            text = self._manifest(session, chosen, chosen)
            document = _document(text, self._shown)
            annotations = {**annotations, **_object(document.get("annotations"))}
        return text, document, annotations

    def _session(self) -> requests.Session:
        session = requests.Session()
        session.headers["User-Agent"] = f"weighbridge/{__version__}"
        retry = Retry(
            total=self._retries,
            backoff_factor=0.5,
            status_forcelist=[429, 500, 502, 503, 504],
            raise_on_status=False,
            # A token that is asked for twice does no harm.
            allowed_methods=("GET", "POST"),
        )
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(max_retries=retry))
        session.auth = Nobody()
        return session

    def _tags(self, session: requests.Session) -> Iterator[str]:
        url = f"{self._url}tags/list?n=1000"
        for _ in range(_MAX_PAGES):
            answer = self._get(session, url)
            listed = _document(answer.content[:_MAX_MANIFEST], self._shown).get("tags") or []
            yield from (tag for tag in listed if isinstance(tag, str) and _TAG.fullmatch(tag))
            following = answer.links.get("next", {}).get("url")
            if not following:
                return
            url = urljoin(url, following)
            if urlsplit(url)[:2] != urlsplit(self._url)[:2]:
                raise MalformedImage(f"{self._shown}: the registry sends us elsewhere for more tags")

    def _manifest(self, session: requests.Session, reference: str, digest: str | None) -> bytes:
        accept = {"Accept": ", ".join((*_MANIFESTS, *_INDEXES))}
        answer = self._get(session, f"{self._url}manifests/{reference}", headers=accept, stream=True)
        text = b"".join(_bounded(answer, _MAX_MANIFEST, self._shown))
        if digest is not None and hashlib.sha256(text).hexdigest() != digest.removeprefix("sha256:"):
            raise MalformedImage(f"{self._shown}: a manifest is not the one with the digest {digest}")
        return text

    def _blob(self, session: requests.Session, part: tuple[str, int], folder: Path) -> None:
        digest, size = part
        path = folder / digest.removeprefix("sha256:")
        if path.exists():
            return
        answer = self._get(session, f"{self._url}blobs/{digest}", stream=True)
        hashing, written = hashlib.sha256(), 0
        with path.open("wb") as file:
            for chunk in _bounded(answer, size, self._shown):
                hashing.update(chunk)
                written += len(chunk)
                file.write(chunk)
        if written != size or hashing.hexdigest() != digest.removeprefix("sha256:"):
            raise MalformedImage(f"{self._shown}: a blob is not the one with the digest {digest}")

    def _get(
        self, session: requests.Session, url: str, *, headers: Mapping[str, str] | None = None, stream: bool = False
    ) -> requests.Response:
        try:
            answer = session.get(url, headers=headers, stream=stream, timeout=TIMEOUT)
            if answer.status_code == 401:
                session.auth = authorized(
                    session,
                    answer.headers.get("WWW-Authenticate", ""),
                    self._credentials(self._host),
                    repository=self._name,
                    scheme=urlsplit(self._url).scheme,
                )
                answer = session.get(url, headers=headers, stream=stream, timeout=TIMEOUT)
        except requests.RequestException as error:
            raise ImageNotFound(f"{self._shown}: the registry does not answer: {_said(error)}") from None
        if answer.status_code != 200:
            advice = ": docker login may help" if answer.status_code in (401, 403, 404) else ""
            raise ImageNotFound(f"{self._shown}: the registry answers {answer.status_code}{advice}")
        return answer


def _bounded(answer: requests.Response, limit: int, shown: str) -> Iterator[bytes]:
    total = 0
    try:
        for chunk in answer.iter_content(_CHUNK):
            total += len(chunk)
            if total > limit:
                raise MalformedImage(f"{shown}: the registry sends more than it said")
            yield chunk
    except requests.RequestException as error:
        raise ImageNotFound(f"{shown}: the registry broke off: {_said(error)}") from None


def _document(text: bytes, shown: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise MalformedImage(f"{shown}: the registry's answer makes no sense")
    return value


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _announced(path: Path, annotations: Mapping[str, Any], shown: str) -> Announced:
    """From the file of the configuration."""
    if path.stat().st_size > _MAX_MANIFEST:
        raise MalformedImage(f"{shown}: the image's configuration is larger than any that is read")
    config = _document(path.read_bytes(), shown)
    told = _object(config.get("rootfs")).get("diff_ids")
    diff_ids = tuple(map(str, told)) if isinstance(told, list) else ()
    return Announced(config=config, annotations=annotations, diff_ids=diff_ids)


def _for_platform(index: Mapping[str, Any], platform: str, shown: str) -> str:
    """The digest of the manifest for a platform. Raises ImageNotFound."""
    entries = index.get("manifests")
    for entry in entries[:1000] if isinstance(entries, list) else []:
        about = entry.get("platform") if isinstance(entry, dict) else None
        digest = entry.get("digest") if isinstance(entry, dict) else None
        if isinstance(about, dict) and isinstance(digest, str) and _DIGEST.fullmatch(digest):
            parts = [about.get(key) for key in ("os", "architecture", "variant")]
            if is_meant("/".join(str(part) for part in parts if part), platform):
                return digest
    raise ImageNotFound(f"{shown}: there is none for {platform}")


def _parts(manifest: Mapping[str, Any], shown: str) -> Iterator[tuple[str, int]]:
    """Digest and size of the configuration and the layers. Raises MalformedImage."""
    layers = manifest.get("layers")
    parts = [manifest.get("config"), *(layers if isinstance(layers, list) else [None])]
    total = 0
    for part in parts:
        digest, size = (part.get("digest"), part.get("size")) if isinstance(part, dict) else (None, None)
        if not isinstance(digest, str) or not _DIGEST.fullmatch(digest) or not isinstance(size, int) or size < 0:
            raise MalformedImage(f"{shown}: the manifest makes no sense, or is older than schema 2")
        total += size
        yield digest, size
    if len(parts) > _MAX_LAYERS or total > _MAX_IMAGE:
        raise MalformedImage(f"{shown}: the image is larger than any that is weighed")


def _said(error: Exception) -> str:
    return one_line(str(error))[:200]
