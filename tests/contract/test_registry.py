"""Tags and images of a real registry, weighed without an engine, and what a registry may do wrong."""

from __future__ import annotations

import base64
import hashlib
import json
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.test_files_branch import clone_of, origin_of
from tests.support.archives import Parts, add_image, add_index, oci_layout, recipe
from tests.support.command import Ran, run
from tests.support.fake_engine import FakeLayerCache
from tests.support.fake_repository import FakeRepository
from tests.support.registry import PASSWORD, USER, Registry, push, pushed, running_registry
from tests.support.serving import listening
from weighbridge.adapters.registry import RegistryRepository
from weighbridge.adapters.registry_login import Credentials
from weighbridge.backfilling import Source, weigh_releases
from weighbridge.errors import ImageNotFound, MalformedImage, UsageError, WeighbridgeError
from weighbridge.model.report import Report, WeighedImage
from weighbridge.reading.archive import read_archive
from weighbridge.reading.verified import Verifier
from weighbridge.weighing import Scale

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

AMD = "linux/amd64"
SMALL = recipe("COPY / /\n    bin/app 3000\n")
LARGE = recipe("COPY / /\n    bin/app 3000\nRUN more\n    lib/more 20000\n")


def known(_: str) -> Credentials:
    return Credentials(username=USER, password=PASSWORD)


def size_of(layout: Path, platform: str = AMD) -> int:
    with Verifier() as verifier:
        read = read_archive(layout, platform=platform, cached=lambda _: None, verifier=verifier)
    return sum(index.size for index in read.indexes.values())


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with running_registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


class TestRealRegistry:
    """On a registry that asks for a name and a password."""

    def test_tags_and_images_are_had(self, registry: Registry, tmp_path: Path) -> None:
        pushed(registry, "v1.0.0", SMALL)
        pushed(registry, "v1.1.0", LARGE)
        repository = RegistryRepository(f"{registry.address}/octo/app", credentials=known)

        assert {"v1.0.0", "v1.1.0"} <= set(repository.tags())
        for tag, size in (("v1.0.0", 3_000), ("v1.1.0", 23_000)):
            repository.download(tag, AMD, tmp_path / tag)
            assert size == size_of(tmp_path / tag)

    def test_of_several_platforms_the_one_is_chosen(self, registry: Registry, tmp_path: Path) -> None:
        blobs: dict[str, bytes] = {}
        entries = [
            {**add_image(blobs, each, "gzip"), "platform": {"os": "linux", "architecture": each.platform.split("/")[1]}}
            for each in (SMALL, replace(LARGE, platform="linux/arm64"))
        ]
        push(registry, "multi", blobs, add_index(blobs, entries))
        repository = RegistryRepository(f"{registry.address}/octo/app", credentials=known)

        repository.download("multi", "linux/arm64", tmp_path / "arm")
        assert 23_000 == size_of(tmp_path / "arm", "linux/arm64")
        with pytest.raises(ImageNotFound, match="there is none for linux/s390x"):
            repository.download("multi", "linux/s390x", tmp_path / "none")

    @pytest.mark.parametrize("credentials", [lambda _: None, lambda _: Credentials(username=USER, password="wrong")])
    def test_whom_it_does_not_know_is_told_to_log_in(self, registry: Registry, credentials: Callable[..., Any]) -> None:
        with pytest.raises(ImageNotFound, match="answers 401: docker login may help"):
            RegistryRepository(f"{registry.address}/octo/app", credentials=credentials).tags()

    def test_what_is_not_there_is_told(self, registry: Registry, tmp_path: Path) -> None:
        repository = RegistryRepository(f"{registry.address}/octo/none", credentials=known)
        with pytest.raises(ImageNotFound, match="answers 404"):
            repository.tags()
        with pytest.raises(ImageNotFound, match="answers 404"):
            repository.download("v9", AMD, tmp_path / "x")

    def test_releases_are_weighed_at_once_each_on_its_own(self, registry: Registry, tmp_path: Path) -> None:
        revision = {"config": {"Labels": {"org.opencontainers.image.revision": "c" * 40}}}
        pushed(registry, "v1.0.0", SMALL, "octo/fill")
        pushed(registry, "v1.1.0", LARGE, "octo/fill")
        pushed(registry, "v1.2.0", replace(LARGE, config=revision), "octo/fill")
        (tmp_path / "repository").mkdir()
        repository = FakeRepository(root=tmp_path / "repository")
        repository.tagged["v1.0.0"] = repository.commit({"a": "1"})
        source = Source(
            registry=RegistryRepository(f"{registry.address}/octo/fill", credentials=known),
            scale=Scale(engine=_no_engine, cache=FakeLayerCache(), progress=lambda *_: None),
            repository=repository,
            image="app",
            platform=AMD,
            jobs=4,
        )

        found = {each.tag: each.report for each in weigh_releases(["v1.0.0", "v1.1.0", "v1.2.0", "v9.9.9"], source)}

        weighed = {
            tag: (report.head.commit, report.images[0].name, _size(report))
            for tag, report in found.items()
            if isinstance(report, Report)
        }
        assert {
            "v1.0.0": (repository.tagged["v1.0.0"], "app", 3_000),
            "v1.2.0": ("c" * 40, "app", 23_000),
        } == weighed
        assert "its commit is not known" in str(found["v1.1.0"])
        assert isinstance(found["v9.9.9"], WeighbridgeError)


def test_the_command_fills_a_history_from_a_registry_once(registry: Registry, tmp_path: Path) -> None:
    pushed(registry, "v1.0.0", SMALL, "octo/command")
    pushed(registry, "v1.1.0", LARGE, "octo/command")
    clone = clone_of(origin_of(tmp_path).path.as_uri(), tmp_path / "app")
    clone.git("tag", "v1.0.0")
    clone.commit({"more": "1"})
    clone.git("tag", "v1.1.0")
    auth = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {registry.address: {"auth": auth}}}))
    environ = {"DOCKER_CONFIG": str(tmp_path), "DOCKER_HOST": "unix:///none", "XDG_CACHE_HOME": str(tmp_path / "cache")}

    def call(*words: str) -> Ran:
        ran = run(*words, cwd=clone.path, environ=environ)
        assert 0 == ran.status, ran.err
        return ran

    filled = call("backfill", "--registry", f"{registry.address}/octo/command", "--platform", AMD)
    again = call("backfill", "--registry", f"{registry.address}/octo/command", "--platform", AMD)
    (series,) = json.loads(call("history", "--releases", "--format", "json").out)["series"]

    assert 2 == filled.out.count("recorded on weighbridge-history: app linux/amd64")
    assert again.out.startswith("nothing to weigh")
    first, second = series["records"]
    assert ("v1.0.0", 3_000, False) == (first["release"], first["size"], first["packed_size_estimated"])
    assert ("v1.1.0", 20_000, None) == (second["release"], second["change"], second["recipe"])


def _no_engine() -> Any:
    raise AssertionError("nobody needs an engine here")


def _size(report: Report) -> int:
    head = report.images[0].head
    assert isinstance(head, WeighedImage)
    assert not head.packed.estimated
    return head.size


@dataclass
class Wrong:
    """A registry that does what it is told, by path; `asked` are the headers of each request."""

    url: str = ""
    answers: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    token: str | None = None

    @property
    def address(self) -> str:
        return self.url.removeprefix("http://")


@contextmanager
def running(wrong: Wrong) -> Iterator[Wrong]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

        def do_GET(self) -> None:
            given = self.headers.get("Authorization")
            wrong.asked.append((self.path, given))
            status, headers, body = wrong.answers.get(self.path, (404, {}, b""))
            if wrong.token and self.path.startswith("/v2/") and given != f"Bearer {wrong.token}":
                challenge = f'Bearer realm="{wrong.url}/token",service="s",scope="repository:octo/app:pull"'
                status, headers, body = 401, {"WWW-Authenticate": challenge}, b""
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    with listening(Handler) as url:
        wrong.url = url
        yield wrong


@pytest.fixture
def wrong() -> Iterator[Wrong]:
    with running(Wrong()) as made:
        yield made


def repository_of(wrong: Wrong) -> RegistryRepository:
    return RegistryRepository(f"{wrong.address}/octo/app", credentials=known, retries=0)


def served(wrong: Wrong, parts: Parts) -> None:
    """The image of a layout under the tag `v1`."""
    entry = json.loads(bytes(parts["index.json"]))["manifests"][0]  # type: ignore[arg-type]
    for name, content in parts.items():
        if name.startswith("blobs/") and isinstance(content, bytes):
            digest = f"sha256:{name.rpartition('/')[2]}"
            wrong.answers[f"/v2/octo/app/blobs/{digest}"] = (200, {}, content)
            if digest == entry["digest"]:
                wrong.answers["/v2/octo/app/manifests/v1"] = (200, {"Content-Type": entry["mediaType"]}, content)


def test_a_token_is_asked_for_where_the_registry_says(wrong: Wrong) -> None:
    wrong.token = "abc"
    wrong.answers["/token?service=s&scope=repository%3Aocto%2Fapp%3Apull"] = (200, {}, b'{"token": "abc"}')
    wrong.answers["/v2/octo/app/tags/list?n=1000"] = (200, {}, b'{"tags": ["v1"]}')

    assert ("v1",) == repository_of(wrong).tags()
    assert [None, "Basic", "Bearer"] == [given and given.split()[0] for _, given in wrong.asked]


def test_all_pages_of_tags_are_had_but_from_nobody_else(wrong: Wrong) -> None:
    first = "/v2/octo/app/tags/list?n=1000"
    wrong.answers[first] = (
        200,
        {"Link": '</v2/octo/app/tags/list?last=v1>; rel="next"'},
        b'{"tags": ["v1", 7, "a b"]}',
    )
    wrong.answers["/v2/octo/app/tags/list?last=v1"] = (200, {}, b'{"tags": ["v2"]}')
    assert ("v1", "v2") == repository_of(wrong).tags()

    wrong.answers[first] = (200, {"Link": '<http://127.0.0.1:1/x>; rel="next"'}, b'{"tags": []}')
    with pytest.raises(MalformedImage, match="elsewhere"):
        repository_of(wrong).tags()


SPOILERS: tuple[Callable[[bytes], bytes], ...] = (
    lambda body: b"x" * len(body),
    lambda body: body[:-1],
    lambda body: body + b"x",
)


def test_a_blob_that_is_another_one_is_refused(wrong: Wrong, tmp_path: Path) -> None:
    served(wrong, oci_layout(SMALL))
    repository_of(wrong).download("v1", AMD, tmp_path / "right")
    assert 3_000 == size_of(tmp_path / "right")

    for number, spoil in enumerate(SPOILERS):
        served(wrong, oci_layout(SMALL))
        path = max((path for path in wrong.answers if "/blobs/" in path), key=lambda path: len(wrong.answers[path][2]))
        wrong.answers[path] = (200, {}, spoil(wrong.answers[path][2]))
        with pytest.raises(MalformedImage, match=r"is not the one with the digest|more than it said"):
            repository_of(wrong).download("v1", AMD, tmp_path / str(number))


@pytest.mark.parametrize(
    "manifest",
    [
        b"[]",
        b"{",
        b"{}",
        b'{"config": {"digest": "sha256:../../x", "size": 1}, "layers": []}',
        b'{"config": {"digest": "sha512:aa", "size": 1}, "layers": []}',
        json.dumps({"config": {"digest": f"sha256:{'a' * 64}", "size": -1}, "layers": []}).encode(),
        json.dumps({"config": {"digest": f"sha256:{'a' * 64}", "size": 1 << 60}, "layers": []}).encode(),
        b'{"manifests": [{"digest": "sha256:x", "platform": {"os": "linux", "architecture": "amd64"}}]}',
        b'{"padding": "' + b"x" * (5 << 20) + b'"}',
    ],
)
def test_a_manifest_that_makes_no_sense_is_refused(wrong: Wrong, tmp_path: Path, manifest: bytes) -> None:
    wrong.answers["/v2/octo/app/manifests/v1"] = (200, {}, manifest)

    with pytest.raises((MalformedImage, ImageNotFound)):
        repository_of(wrong).download("v1", AMD, tmp_path / "x")

    assert [] == [path for path in (tmp_path / "x" / "blobs" / "sha256").iterdir() if path.stat().st_size > 1 << 20]


def test_a_child_of_an_index_has_to_have_its_digest(wrong: Wrong, tmp_path: Path) -> None:
    other = f"sha256:{hashlib.sha256(b'other').hexdigest()}"
    entry = {"digest": other, "platform": {"os": "linux", "architecture": "amd64"}}
    wrong.answers["/v2/octo/app/manifests/v1"] = (200, {}, json.dumps({"manifests": [entry]}).encode())
    wrong.answers[f"/v2/octo/app/manifests/{other}"] = (200, {}, b"{}")

    with pytest.raises(MalformedImage, match="a manifest is not the one"):
        repository_of(wrong).download("v1", AMD, tmp_path / "x")


def test_a_registry_that_is_away_is_told() -> None:
    with pytest.raises(ImageNotFound, match="does not answer"):
        RegistryRepository("127.0.0.1:1/octo/app", retries=0).tags()


@pytest.mark.parametrize("name", ["", "a b", "https://ghcr.io/x", "ghcr.io/x:tag", "ghcr.io/../x", "-x/y", "ghcr.io/X"])
def test_what_is_no_repository_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="not the name of a registry's repository"):
        RegistryRepository(name)
