"""A recorded base is not built again; what the record cannot tell is said, and nobody is blamed by it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from weighbridge.core.history.keep import History, read_history, write_history
from weighbridge.errors import GitError
from weighbridge.model.report import WeighedImage

if TYPE_CHECKING:
    from typing import Any

    from tests.support.yard import Job

SMALL = "FROM busybox:1.36\nRUN dd if=/dev/urandom of=/small bs=1000 count=5\n"
LARGE = SMALL + "RUN dd if=/dev/urandom of=/large bs=1000 count=30\n"
EDITED = "FROM busybox:1.36\nRUN dd if=/dev/urandom of=/small bs=1000 count=25\n"
ARGUED = "FROM busybox:1.36\nARG A\nRUN dd if=/dev/urandom of=/small bs=1000 count=5\n"


def recorded(job: Job, base: str, head: str, **inputs: str) -> Job:
    """A pull request whose base was recorded by a push before."""
    job.pull_request({"Dockerfile": base}, {"Dockerfile": head, "README.md": "more"})
    repository = job.world.repository
    event = (job.folder / "event.json").read_text()
    merge = repository.branches["main"]
    repository.branches["main"] = repository.parents(merge)[0]
    repository.checkout("main")
    push = {"ref": "refs/heads/main", "after": repository.resolve("HEAD"), "before": "0" * 40}
    job.event("push", {**push, "repository": {"default_branch": "main"}}).run(**inputs)
    assert 1 == len(read_history(job.history.files).records)
    repository.branches["main"] = merge
    repository.checkout("main")
    (job.folder / "event.json").write_text(event)
    job.environ["GITHUB_EVENT_NAME"] = "pull_request"
    job.world.builder.built.clear()
    return job


def sides(job: Job) -> list[str]:
    return sorted(tag.rpartition(":")[2] for tag in job.world.builder.built)


def forget_files(job: Job) -> None:
    """Another machine: of the base's own layer only the record is left."""
    (record,) = read_history(job.history.files).records
    change(job, layers=(record.layers[0], *(replace(layer, id="f" * 16) for layer in record.layers[1:])))


def change(job: Job, **changes: Any) -> None:
    (record,) = read_history(job.history.files).records
    job.history.files = dict(write_history({}, History(records=(replace(record, **changes),), unread={})))


def test_a_base_that_the_head_weighs_the_same_as_is_not_built_and_that_is_said(job: Job) -> None:
    assert 0 == recorded(job, SMALL, SMALL).run()

    assert ["head"] == sides(job)
    base = job.report.images[0].base
    assert isinstance(base, WeighedImage)
    assert base.recorded
    assert ("7000", "7000", "0") == tuple(job.outputs[name] for name in ("new-size", "reference-size", "size-diff"))
    commit = job.report.base.commit if job.report.base else ""
    assert commit
    (comment,) = job.comments
    assert f"base as recorded at `{commit[:7]}`, not built again" in comment
    assert f"base as recorded at `{commit[:7]}`, not built again" in job.log


@pytest.mark.parametrize("forgetful", [False, True])
def test_what_a_new_instruction_brings_is_told_in_full_without_the_base(job: Job, forgetful: bool) -> None:
    recorded(job, SMALL, LARGE)
    if forgetful:
        forget_files(job)

    assert 0 == job.run()

    assert ["head"] == sides(job)
    (image,) = job.report.images
    assert image.diff is not None
    assert [(30_000, "Dockerfile:3")] == [(cause.delta, str(cause.line)) for cause in image.diff.causes]
    assert ["/large"] == [file.path for file in image.diff.files]
    assert image.diff.unread is None
    assert "adds `/large` (30.0 kB)" in job.comments[0]
    assert ", not built again</sub>" in job.comments[0]


def test_an_edited_instruction_is_told_in_full_where_its_old_layer_was_read_before(job: Job) -> None:
    assert 0 == recorded(job, SMALL, EDITED).run()

    assert ["head"] == sides(job)
    (image,) = job.report.images
    assert image.diff is not None
    assert [("/small", 20_000)] == [(file.path, file.delta) for file in image.diff.files]
    assert "makes `/small` (20.0 kB) larger" in job.comments[0]


def test_of_an_edited_instruction_on_another_machine_the_weight_is_told_and_what_is_missing(job: Job) -> None:
    recorded(job, SMALL, EDITED)
    forget_files(job)

    assert 0 == job.run()

    assert ["head"] == sides(job)
    (image,) = job.report.images
    assert image.diff is not None
    assert image.diff.unread is not None
    assert [(20_000, "Dockerfile:2")] == [(cause.delta, str(cause.line)) for cause in image.diff.causes]
    assert () == image.diff.files
    assert isinstance(image.base, WeighedImage)
    assert (7_000, True, ()) == (image.base.size, image.base.weights_only, image.base.packages)
    assert "grew by **20.0 kB** to 27.0 kB" in job.comments[0]
    assert "writes more than was recorded" in job.comments[0]
    assert "only layers are compared; `recorded-base: false` compares all" in job.comments[0]


def test_what_is_gone_is_told_with_its_line_in_the_base(job: Job) -> None:
    recorded(job, LARGE, SMALL)
    forget_files(job)

    assert 0 == job.run()

    assert ["head"] == sides(job)
    (image,) = job.report.images
    assert image.diff is not None
    (cause,) = image.diff.causes
    assert (-30_000, "Dockerfile:3", True) == (cause.delta, str(cause.line), cause.in_base)
    assert cause.phrase.endswith("is gone")


def test_growth_over_budget_has_its_base_built_and_all_causes(job: Job) -> None:
    recorded(job, SMALL, EDITED)
    forget_files(job)

    assert 1 == job.run(max_increase="19kB")

    assert ["base", "head"] == sides(job)
    assert "The recorded base is built after all: the growth is over budget" in job.log
    assert "makes `/small` (20.0 kB) larger" in job.comments[0]
    assert "as recorded" not in job.comments[0]


def test_a_step_that_comes_out_otherwise_by_itself_is_not_blamed_on_the_head(job: Job) -> None:
    recorded(job, SMALL, LARGE)
    (record,) = read_history(job.history.files).records
    base, own = record.layers
    change(job, size=6_000, layers=(base, replace(own, id="f" * 16, size=4_000)))

    assert 0 == job.run()

    assert ["base", "head"] == sides(job)
    assert "comes out at another size than was recorded" in job.log
    assert "grew by **30.0 kB**" in job.comments[0]


def test_the_same_step_with_other_times_in_its_files_weighs_the_same(job: Job) -> None:
    recorded(job, SMALL, SMALL)
    (record,) = read_history(job.history.files).records
    change(job, layers=(record.layers[0], replace(record.layers[1], id="f" * 16)))

    job.run()

    assert ["head"] == sides(job)


@pytest.mark.parametrize(
    "changes",
    [
        {"recipe": "f" * 16},
        {"recipe": None},
        {"platform": "linux/arm64"},
        {"image": "other"},
        {"commit": "f" * 40},
        {"layers": ()},
    ],
)
def test_a_record_of_anything_else_is_not_used(job: Job, changes: dict[str, Any]) -> None:
    recorded(job, SMALL, SMALL)
    change(job, **changes)

    job.run()

    assert ["base", "head"] == sides(job)


def test_a_moved_base_image_of_the_same_size_is_not_taken_for_the_old_one(job: Job) -> None:
    recorded(job, SMALL, SMALL)
    (record,) = read_history(job.history.files).records
    change(job, layers=(replace(record.layers[0], id="f" * 16), record.layers[1]))

    job.run()

    assert ["base", "head"] == sides(job)


def test_other_build_arguments_or_another_target_need_another_record(job: Job) -> None:
    recorded(job, ARGUED, ARGUED, build_args="A=1").run(build_args="A=2")

    assert ["base", "head"] == sides(job)


@pytest.mark.parametrize("inputs", [{"recorded_base": "false"}, {"no_cache": "true"}])
def test_it_can_be_switched_off_and_means_nothing_without_the_cache(job: Job, inputs: dict[str, str]) -> None:
    recorded(job, SMALL, SMALL).run(**inputs)

    assert ["base", "head"] == sides(job)


def test_a_history_that_cannot_be_read_costs_a_build_and_no_more(job: Job) -> None:
    recorded(job, SMALL, SMALL)
    job.history.fault = GitError("could not read the branch x: gone")

    assert 0 == job.run()

    assert ["base", "head"] == sides(job)
    assert "no recorded base: could not read the branch x: gone" in job.log
    assert [] == job.commands("warning")


def test_a_head_that_does_not_build_leaves_its_base_to_be_built(job: Job) -> None:
    recorded(job, SMALL, SMALL + "RUN false\n")

    assert 3 == job.run()

    assert ["base", "head"] == sides(job)
    assert isinstance(job.report.images[0].base, WeighedImage)
