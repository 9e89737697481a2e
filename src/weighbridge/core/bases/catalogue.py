"""The bases to compare: data in `catalogue.json`, and what the configuration adds.

In a row's name `{release}` stands for the slim image of the program's own distribution, `{version}` and `{major}` for
the version of its `language`; a row whose language is another one, or whose version is not known, is left out.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from weighbridge.core.fixes.finals import same_family
from weighbridge.model.bases import Base

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from weighbridge.core.bases.program import Language
    from weighbridge.model.programs import Programs

_VERSION = re.compile(r"\d{1,4}(?:\.\d{1,4})?")


@cache
def _rows() -> tuple[Mapping[str, str], ...]:
    return tuple(json.loads(files("weighbridge.core.bases").joinpath("catalogue.json").read_text("utf-8")))


def bases_for(programs: Programs, language: Language | None, more: Iterable[str] = ()) -> tuple[Base, ...]:
    """What the catalogue has for an image's file system and the language of its program, and `more` by name."""
    found = {base.image: base for base in _catalogued(programs, language)}
    for image in more:
        found.setdefault(image, Base(image=image))
    return tuple(found.values())


def _catalogued(programs: Programs, language: Language | None) -> Iterator[Base]:
    family = same_family(programs, "")
    for row in _rows():
        wanted, image = row.get("language"), row["image"]
        if image == "{release}":
            if family is not None:
                yield Base(image=family.name)
        elif wanted is None:
            # The slim image of the same release says the same, and fits better.
            if not (family is not None and family.manager == "apt" and image.startswith("debian:")):
                yield Base(image=image, libc=row.get("libc", ""))
        elif language is not None and language.name == wanted and _VERSION.fullmatch(language.version):
            name = image.format(version=language.version, major=language.version.partition(".")[0])
            yield Base(image=name, libc=row.get("libc", ""))
