"""Turns each order in the spool into an invoice; what it wrote last is told on standard output."""

import logging
import os
import pathlib
import tempfile
import time

import msgpack
import yaml

SPOOL = pathlib.Path(os.environ.get("SPOOL", "/var/spool/orders"))
logging.basicConfig(filename="worker.log", level=logging.INFO)


def invoice(order: dict) -> bytes:
    total = sum(line["pieces"] * line["price"] for line in order["lines"])
    return msgpack.packb({"customer": order["customer"], "total": total})


def main() -> None:
    SPOOL.mkdir(exist_ok=True)
    (SPOOL / "first.yml").write_text(pathlib.Path("orders/first.yml").read_text())
    for path in sorted(SPOOL.glob("*.yml")):
        order = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
        with tempfile.NamedTemporaryFile(dir=SPOOL, delete=False) as file:
            file.write(invoice(order))
        os.replace(file.name, path.with_suffix(".invoice"))
        logging.info("wrote %s", path)
        print("wrote", path.with_suffix(".invoice"), msgpack.unpackb(path.with_suffix(".invoice").read_bytes()), flush=True)
    while "FOREVER" in os.environ:
        time.sleep(60)


if __name__ == "__main__":
    main()
