"""Base images on the engine: pulled where they can be, else stand-ins under the same names.

    python3 scripts/bases.py ensure NAME...   (or `all`)
    python3 scripts/bases.py list

The engine is the one that `scripts/engine.py env` names (`--name`, `--store` as there). Standard library only.
"""

from __future__ import annotations

import argparse
import sys

from outside import engines, images
from outside.machine import Refusal, cache_root, locked, say


def ensure(host: str, names: list[str]) -> None:
    wanted = [base.name for base in images.table()] if names == ["all"] else names
    with locked(cache_root() / "bases" / "lock"):
        bases = images.Bases(host)
        for name in wanted:
            how = bases.ensure(name)
            if how != "there":
                say(f"{name}: {how}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    ensuring = commands.add_parser("ensure", help="have these images on the engine")
    ensuring.add_argument("images", nargs="+", metavar="NAME")
    ensuring.add_argument("--name", help="an engine of our own")
    ensuring.add_argument("--store", choices=("overlay2", "containerd"), help="the engine with this store")
    commands.add_parser("list", help="print the names that have a recipe")
    asked = parser.parse_args()
    try:
        if asked.command == "list":
            for base in images.table():
                print(base.name, *base.aliases)
        else:
            ensure(engines.require(asked.name, asked.store), asked.images)
    except Refusal as refusal:
        sys.exit(f"weighbridge: {refusal}")


if __name__ == "__main__":
    main()
