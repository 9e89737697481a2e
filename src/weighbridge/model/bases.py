"""Bases that could carry a program: what each one is, what the program would miss there, and whether it ran there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge.model.fix import Outcome, Step

if TYPE_CHECKING:
    from weighbridge.model.fix import Proof


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """An image to stand on. `libc` is what its name promises, where its files need not tell: `musl`, `uClibc`."""

    image: str
    libc: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseFacts:
    """What was measured of a base. `size` is unpacked bytes; `libc` is empty where it has none.

    `shells` and `package_managers` are names of programs.
    """

    id: str
    size: int
    libc: str
    shells: tuple[str, ...]
    package_managers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One base for one program.

    `facts` are None where the base could not be had, and `unavailable` says why. `brought` are what comes along with
    the program because the base has none of it, in words; `brought_bytes` all bytes that come to the base, None where
    it is not known. `missing` are what the program would miss there for good, a line each. `proof` is how far it
    climbed, None where it was not tried.
    """

    base: Base
    facts: BaseFacts | None = None
    unavailable: str = ""
    brought: tuple[str, ...] = ()
    brought_bytes: int | None = None
    missing: tuple[str, ...] = ()
    proof: Proof | None = None

    @property
    def size(self) -> int | None:
        """Unpacked bytes of the base with the program: measured where it was built and kept, else added up."""
        if self.proof is not None and self.proof.size is not None:
            return self.proof.size
        if self.facts is None or self.brought_bytes is None:
            return None
        return self.facts.size + self.brought_bytes

    @property
    def ran(self) -> bool | None:
        """Whether it did there what it does in its own image; None where it was not run, or nothing could be told."""
        for check in self.proof.checks if self.proof is not None else ():
            if check.step is Step.BEHAVIOUR:
                return None if check.outcome is Outcome.UNKNOWN else check.outcome is Outcome.PASSED
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A program on every base. `name` is what its image is called, `base_name` what that stands on where it is known.

    `size` is unpacked bytes. `incomparable` is why the image as it is could not be compared with, empty where it could
    or where nothing was run. `notes` are what holds on every base, a sentence each.
    """

    name: str
    id: str
    platform: str
    size: int
    base_name: str | None
    libc: str
    shells: tuple[str, ...]
    package_managers: tuple[str, ...]
    program: tuple[str, ...]
    standings: tuple[Standing, ...]
    was_run: bool = False
    incomparable: str = ""
    notes: tuple[str, ...] = ()
