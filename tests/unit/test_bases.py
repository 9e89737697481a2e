"""The table of stand-ins for base images holds together."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from outside import contexts, images


def test_every_name_stands_once() -> None:
    names = [images.tagged(name) for base in images.table() for name in (base.name, *base.aliases)]
    assert [] == [name for name, times in Counter(names).items() if times > 1]


def test_every_row_has_its_recipe_and_what_it_needs() -> None:
    known = {base.name for base in images.table()}
    assert all((images.RECIPES / f"{base.recipe}.Dockerfile").is_file() for base in images.table())
    assert all(known.issuperset(base.needs) for base in images.table())
    assert {base.context for base in images.table()} - {""} <= set(contexts.MAKERS)


def test_no_recipe_is_left_over() -> None:
    used = {f"{base.recipe}.Dockerfile" for base in images.table()}
    assert used == {path.name for path in images.RECIPES.glob("*.Dockerfile")}


def test_a_recipe_names_what_it_starts_from_among_its_needs() -> None:
    known = {images.tagged(name): base.name for base in images.table() for name in (base.name, *base.aliases)}
    missing = {}
    for base in images.table():
        text = (images.RECIPES / f"{base.recipe}.Dockerfile").read_text()
        words = [word for line in text.splitlines() if line.startswith(("FROM ", "COPY ")) for word in line.split()]
        words += [value for _, value in base.arguments]
        used = {
            known[images.tagged(name)] for word in words if images.tagged(name := word.removeprefix("--from=")) in known
        }
        if lacking := used - set(base.needs):
            missing[base.name] = lacking
    assert {} == missing


def test_rows_of_one_recipe_share_no_file_and_no_key() -> None:
    assert len(images.table()) == len({base.file for base in images.table()})
    assert len(images.table()) == len({images.key(base) for base in images.table()})


def test_another_argument_makes_another_image() -> None:
    base = images.find("eclipse-temurin:17-jdk")
    assert images.key(base) != images.key(replace(base, arguments=(("KIND", "jre"),)))
