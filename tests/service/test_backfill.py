"""A registry's tags, weighed by real workers: a real registry, `weighbridge worker` and `serve` as processes."""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import subprocess
import sys
import tarfile
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import requests
import zstandard
from sqlalchemy import select

from tests.support.archives import Recipe, add_image, add_index, recipe
from tests.support.registry import PASSWORD, USER, Registry, push, running_registry
from tests.support.served import served
from weighbridge.core.wire.records import load_records
from weighbridge.service import details, tables
from weighbridge.service.jobs import queue
from weighbridge.service.jobs.queue import OPEN, Asked
from weighbridge.service.tables_jobs import Job
from weighbridge.service.values import seconds, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fastapi.testclient import TestClient

    from weighbridge.service.running import Service

NAME = "octocat/app"
BASE = "COPY /base /\n    base/libc 150000\n    base/sh 60000\n"
REVISION = "org.opencontainers.image.revision"


def version(number: int, **labels: str) -> Recipe:
    """The base, shared by all, and a layer of its own."""
    made = recipe(f"{BASE}COPY /app /\n    app/main {number}1000\n")
    return replace(made, config={"created": f"2025-01-0{number}T00:00:00Z", "config": {"Labels": labels}})


def commit(number: int) -> str:
    return str(number) * 40


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with running_registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture
def filled(registry: Registry, request: pytest.FixtureRequest) -> str:
    """The name of a repository of the test's own in the registry, with an image for each way that there is."""
    name = f"octocat/{request.node.name.lower().replace('[', '-').rstrip(']').replace('_', '-')}"

    def tag(name_of_it: str, made: Recipe, packing: str = "gzip", **more: object) -> list[dict[str, Any]]:
        blobs: dict[str, bytes] = {}
        entry = add_image(blobs, made, packing, **more)
        push(registry, name_of_it, blobs, entry, name)
        return list(json.loads(blobs[f"blobs/sha256/{entry['digest'].removeprefix('sha256:')}"])["layers"])

    tag("v1.0.0", version(1, **{REVISION: commit(1)}))
    tag("v1.1.0", version(2, **{REVISION: commit(2)}), "zstd")
    tag("v1.2.0", version(3), annotations={REVISION: commit(3)})
    tag("v1.2", version(3), annotations={REVISION: commit(3)})
    tag("v1.3.0", version(4))
    # Of two repositories that share a blob, neither test's loss may be the other's.
    lost = replace(version(5, **{REVISION: commit(5)}), steps=recipe(f"RUN {name}\n    {name} 5000\n").steps)
    registry.lose(tag("v1.4.0", lost)[0]["digest"])
    blobs: dict[str, bytes] = {}
    arm = replace(version(6, **{REVISION: commit(6)}), platform="linux/arm64")
    push(registry, "v1.5.0", blobs, add_index(blobs, [add_image(blobs, arm, "gzip")]), name)
    tag("latest", version(7, **{REVISION: commit(7)}))
    return name


def ask(service: Service, registry: Registry, name: str, **more: object) -> int:
    arguments = {"registry": f"{registry.address}/{name}", "repository": NAME, "image": "app", **more}
    with service.database.writing() as session:
        number = queue.ask(session, Asked(kind="backfill", arguments=arguments, actor="tests"), seconds(service.now()))
    assert number is not None
    return number


def environment(service: Service, registry: Registry, home: Path) -> dict[str, str]:
    """Of a machine on which somebody logged in to the registry."""
    auth = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    home.mkdir(exist_ok=True)
    (home / "config.json").write_text(json.dumps({"auths": {registry.address: {"auth": auth}}}))
    about = {"DOCKER_CONFIG": str(home), "XDG_CACHE_HOME": str(home / "cache"), "PYTHONDONTWRITEBYTECODE": ""}
    settings = service.configuration
    return {
        **os.environ,
        **about,
        "WEIGHBRIDGE_SERVICE_DATA": str(settings.data),
        "WEIGHBRIDGE_SERVICE_DATABASE_URL": str(settings.database_url),
    }


def worker(environ: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "weighbridge", "worker", "--concurrency", "4", "--drain"]
    with log.open("wb") as out:
        return subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, stdout=out, stderr=out)


def work(service: Service, registry: Registry, folder: Path, *, machines: int = 1) -> None:
    """Until nothing is left to do."""
    started = [
        worker(environment(service, registry, folder / f"machine-{number}"), folder / f"{number}.log")
        for number in range(machines)
    ]
    for number, process in enumerate(started):
        assert 0 == process.wait(timeout=120), (folder / f"{number}.log").read_text()


def parts(service: Service, parent: int) -> dict[str, tuple[str, str]]:
    """Tag → state and what was said."""
    with service.database.reading() as session:
        found = session.scalars(select(Job).where(Job.parent_id == parent))
        return {json.loads(each.arguments)["tag"]: (each.state, each.message) for each in found}


def manifest(registry: Registry, name: str, tag: str) -> dict[str, Any]:
    url = f"http://{registry.address}/v2/{name}/manifests/{tag}"
    accept = {"Accept": "application/vnd.oci.image.manifest.v1+json"}
    found: dict[str, Any] = requests.get(url, headers=accept, auth=(USER, PASSWORD), timeout=10).json()
    return found


def unpacked_bytes(registry: Registry, name: str, layer: dict[str, Any]) -> int:
    """By Python's own tar."""
    url = f"http://{registry.address}/v2/{name}/blobs/{layer['digest']}"
    content = requests.get(url, auth=(USER, PASSWORD), timeout=10).content
    plain = gzip.decompress(content) if layer["mediaType"].endswith("gzip") else zstandard.decompress(content)
    with tarfile.open(fileobj=io.BytesIO(plain)) as archive:
        return sum(member.size for member in archive)


def records(service: Service) -> dict[str, tables.Record]:
    with service.database.reading() as session:
        return {str(each.release): each for each in session.scalars(select(tables.Record))}


def test_a_registry_is_weighed_tag_by_tag(
    client: TestClient, service: Service, registry: Registry, filled: str, tmp_path: Path
) -> None:
    before = registry.fetched()
    parent = ask(service, registry, filled)
    work(service, registry, tmp_path)

    told = parts(service, parent)
    assert {"v1.0.0", "v1.1.0", "v1.2.0", "v1.2", "v1.3.0", "v1.4.0", "v1.5.0"} == set(told)
    for tag, state, word in (
        ("v1.3.0", "failed", f"no commit is known: the image has no label {REVISION}, and `commits` does not"),
        ("v1.4.0", "failed", "the registry answers 404"),
        ("v1.5.0", "failed", "there is none for linux/amd64"),
    ):
        assert state == told[tag][0], told[tag]
        assert word in told[tag][1]
        assert "\n" not in told[tag][1]
    taken = {tag for tag, (state, _) in told.items() if state == "done"}
    assert {"v1.0.0", "v1.1.0", "v1.2.0", "v1.2"} == taken

    # The layer that all share came once, and so did the others; of what was refused, no layer came at all.
    fetched = registry.fetched() - before
    gzipped = manifest(registry, filled, "v1.0.0")["layers"]
    assert [1, 1] == [fetched[layer["digest"]] for layer in gzipped]
    assert 0 == fetched[manifest(registry, filled, "v1.3.0")["layers"][1]["digest"]]

    kept = records(service)
    for number, tag in enumerate(("v1.0.0", "v1.1.0", "v1.2.0"), 1):
        layers = manifest(registry, filled, tag)["layers"]
        record = kept[tag]
        assert commit(number) == record.commit
        assert sum(layer["size"] for layer in layers) == record.packed
        assert sum(unpacked_bytes(registry, filled, layer) for layer in layers) == record.size
        assert (False, False, tag) == (record.packed_estimated, record.trunk, record.ref)
        with service.database.reading() as session:
            # File by file, those of the shared layer too.
            image = details.image(session, service.store, record)
        assert not hasattr(image, "reason")
    shown = client.get(f"/api/v1/images/{NAME}/app").json()["records"]
    assert [("v1.2.0", 241_000), ("v1.1.0", 231_000), ("v1.0.0", 221_000)] == [
        (record["release"], record["size"]) for record in shown
    ]


def test_done_again_it_does_nothing_and_what_was_told_is_mended(
    service: Service, registry: Registry, filled: str, tmp_path: Path
) -> None:
    ask(service, registry, filled)
    work(service, registry, tmp_path)
    first, before = records(service), registry.fetched()
    lines = {tag: load_records(unpacked(each.line, 1 << 20).decode()).records for tag, each in first.items()}

    parent = ask(service, registry, filled)
    work(service, registry, tmp_path)
    told = parts(service, parent)
    assert {"v1.2", "v1.3.0", "v1.4.0", "v1.5.0"} == set(told)
    assert ("done", "v1.2: is the commit of v1.2.0, which is known") == told["v1.2"]
    again = records(service)
    assert lines == {tag: load_records(unpacked(each.line, 1 << 20).decode()).records for tag, each in again.items()}
    layers = [layer["digest"] for tag in first for layer in manifest(registry, filled, tag)["layers"]]
    assert not {digest for digest in registry.fetched() - before if digest in layers}

    # Whoever has a clone knows the commits of old releases.
    parent = ask(service, registry, filled, pattern="v1.3.*", commits={"v1.3.0": commit(4)})
    work(service, registry, tmp_path)
    assert {"v1.3.0": "done"} == {tag: state for tag, (state, _) in parts(service, parent).items()}
    assert commit(4) == records(service)["v1.3.0"].commit


def test_another_images_record_of_the_release_tells_the_commit(
    service: Service, registry: Registry, filled: str, tmp_path: Path
) -> None:
    ask(service, registry, filled, pattern="v1.3.0", commits={"v1.3.0": commit(4)})
    work(service, registry, tmp_path)
    ask(service, registry, filled, pattern="v1.3.0", image="other", private=True)
    work(service, registry, tmp_path)

    with service.database.reading() as session:
        assert [True] == session.scalars(select(tables.Repository.private)).all()
        found = session.execute(select(tables.Image.name, tables.Record.commit).join(tables.Record))
        assert {("app", commit(4)), ("other", commit(4))} == {(row.name, row.commit) for row in found}


def test_workers_on_several_machines_share_the_tags(
    service: Service, registry: Registry, filled: str, tmp_path: Path
) -> None:
    before = registry.fetched()
    parent = ask(service, registry, filled)
    work(service, registry, tmp_path, machines=3)

    with service.database.reading() as session:
        assert {1} == set(session.scalars(select(Job.attempt).where(Job.parent_id == parent)))
    assert {"v1.0.0", "v1.1.0"} <= set(records(service))
    assert 3 == len(records(service))
    (base, _) = manifest(registry, filled, "v1.0.0")["layers"]
    # Each machine has its own cache.
    assert 1 <= (registry.fetched() - before)[base["digest"]] <= 3


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_on_sqlite_the_service_itself_weighs(
    service: Service, registry: Registry, filled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(service, registry, tmp_path / "machine").items():
        monkeypatch.setenv(name, value)
    with served(service.configuration.data, database_url=str(service.configuration.database_url)) as process:
        parent = ask(service, registry, filled, pattern="v1.[012].0")
        end = time.monotonic() + 120
        while True:
            with service.database.reading() as session:
                if session.scalar(select(Job.id).where(Job.state.in_(OPEN)).limit(1)) is None:
                    break
            assert time.monotonic() < end
            time.sleep(0.2)
        shown = requests.get(f"{process.url}/api/v1/images/{NAME}/app", timeout=30).json()
        assert ["v1.2.0", "v1.1.0", "v1.0.0"] == [record["release"] for record in shown["records"]]
    assert {"v1.0.0": "done", "v1.1.0": "done", "v1.2.0": "done"} == {
        tag: state for tag, (state, _) in parts(service, parent).items()
    }
