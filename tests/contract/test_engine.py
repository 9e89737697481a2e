"""What weighbridge asks of an engine holds on the fake and on the real one."""

from __future__ import annotations

import contextlib
import io
import secrets
import tarfile
from typing import TYPE_CHECKING, Protocol

import pytest

from tests.support.fake_engine import BASE_NAME, FakeBuilder, FakeEngine, FakeLayerCache
from weighbridge.adapters.builder import BuildxBuilder
from weighbridge.adapters.engine import DockerEngine
from weighbridge.errors import ImageNotFound
from weighbridge.model.build import BuildSpec
from weighbridge.reading.programs import read_programs
from weighbridge.weighing import Origin, Scale

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from weighbridge.ports import Builder, Engine

SMALL = "FROM busybox:1.36\nRUN dd if=/dev/zero of=/a bs=1000 count=3\n"
LARGE = SMALL + "ENV A=b\nRUN dd if=/dev/zero of=/b bs=1000 count=20\n"


class Parts(Protocol):
    """An engine, and a builder that builds into it."""

    @property
    def engine(self) -> Engine: ...

    @property
    def builder(self) -> Builder: ...


class _Fake:
    def __init__(self, folder: Path) -> None:
        self.engine = FakeEngine()
        self.builder = FakeBuilder(self.engine)


class _Real:
    def __init__(self, engine: DockerEngine, folder: Path) -> None:
        self.engine = engine
        self.builder = BuildxBuilder(root=folder)


@pytest.fixture(params=["fake", pytest.param("docker", marks=pytest.mark.engine)])
def parts(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Parts]:
    if request.param == "fake":
        yield _Fake(tmp_path)
        return
    with contextlib.closing(DockerEngine()) as engine:
        yield _Real(engine, tmp_path)


class Yard:
    """Images under names that nobody else uses."""

    def __init__(self, parts: Parts, folder: Path) -> None:
        self.engine = parts.engine
        self._builder = parts.builder
        self._folder = folder
        self.names: list[str] = []

    def name(self) -> str:
        self.names.append(f"weighbridge-test-{secrets.token_hex(6)}:x")
        return self.names[-1]

    def build(self, dockerfile: str) -> str:
        (self._folder / "Dockerfile").write_text(dockerfile)
        name = self.name()
        self._builder.build(BuildSpec(name="app"), tree=self._folder, tag=name, on_line=lambda _: None)
        return name

    def sizes(self, *names: str) -> list[list[int]]:
        """What each image's layers weigh, without those of the base."""
        base = len(self.engine.describe(BASE_NAME).diff_ids)
        scale = Scale(engine=lambda: self.engine, cache=FakeLayerCache(), progress=lambda *_: None)
        images = scale.daemon_images(names, [Origin()] * len(names))
        return [[layer.size for layer in image.layers[base:]] for image in images]


@pytest.fixture
def yard(parts: Parts, tmp_path: Path) -> Iterator[Yard]:
    made = Yard(parts, tmp_path)
    yield made
    for name in made.names:
        parts.engine.remove(name)


class TestEngine:
    """The contract of ports.Engine."""

    def test_an_image_is_described_with_as_many_layers_in_its_history(self, yard: Yard) -> None:
        name = yard.build(LARGE)

        described = yard.engine.describe(name)

        assert name == described.reference
        assert len(described.diff_ids) == len([entry for entry in described.history if not entry.empty])
        assert all(diff_id.startswith("sha256:") and len(diff_id) == 71 for diff_id in described.diff_ids)
        assert "A=b" in described.config.environment
        assert "linux" == described.platform.partition("/")[0]

    def test_the_final_file_system_is_exported_whole(self, yard: Yard) -> None:
        with yard.engine.export(yard.build(LARGE)) as chunks:
            programs = read_programs(chunks)

        assert 3_000 == programs.files["a"].size
        assert 20_000 == programs.files["b"].size

    def test_an_image_is_known_by_its_id_too(self, yard: Yard) -> None:
        described = yard.engine.describe(yard.build(SMALL))

        assert described.diff_ids == yard.engine.describe(described.id).diff_ids

    def test_the_layers_of_an_archive_are_those_of_the_description(self, yard: Yard) -> None:
        assert [[3000, 20_000]] == yard.sizes(yard.build(LARGE))

    def test_one_archive_holds_several_images(self, yard: Yard) -> None:
        assert [[3000], [3000, 20_000]] == yard.sizes(yard.build(SMALL), yard.build(LARGE))

    def test_an_export_has_the_final_files_and_leaves_no_container(self, yard: Yard) -> None:
        name = yard.build(LARGE)
        with yard.engine.export(name) as chunks, tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
            exported = {member.name: member.size for member in tar}

        yard.engine.remove(name)

        assert (3000, 20_000) == (exported["a"], exported["b"])
        with pytest.raises(ImageNotFound):
            yard.engine.describe(name)

    def test_what_is_not_there_cannot_be_exported(self, yard: Yard) -> None:
        with pytest.raises(ImageNotFound), yard.engine.export(yard.name()) as chunks:
            list(chunks)

    def test_the_disk_is_named_where_it_can_be_seen(self, yard: Yard) -> None:
        folder = yard.engine.data_folder()

        assert isinstance(yard.engine, FakeEngine) == (folder is None)
        assert folder is None or folder.is_dir()

    def test_an_archive_that_is_left_half_read_leaves_the_engine_at_work(self, yard: Yard) -> None:
        name = yard.build(SMALL)
        with yard.engine.save([name]) as chunks:
            assert next(chunks)

        assert [[3000]] == yard.sizes(name)

    def test_what_is_not_there_is_not_found(self, yard: Yard) -> None:
        with pytest.raises(ImageNotFound):
            yard.engine.describe(yard.name())
        with pytest.raises(ImageNotFound), yard.engine.save([yard.name()]) as chunks:
            list(chunks)

    def test_of_two_images_one_that_vanished_is_not_found(self, yard: Yard) -> None:
        with pytest.raises(ImageNotFound), yard.engine.save([yard.build(SMALL), yard.name()]) as chunks:
            list(chunks)

    def test_a_removed_image_is_gone_and_may_be_removed_again(self, yard: Yard) -> None:
        name = yard.build(SMALL)

        for _ in range(2):
            yard.engine.remove(name)

        with pytest.raises(ImageNotFound):
            yard.engine.describe(name)

    def test_removing_one_name_leaves_the_image_under_another(self, yard: Yard) -> None:
        one, other = yard.build(SMALL), yard.build(SMALL)

        yard.engine.remove(one)

        assert [[3000]] == yard.sizes(other)
