"""A ledger over HTTP, kept in a file of JSON lines."""

import os
from pathlib import Path

import orjson
from aiohttp import web

LEDGER = Path(os.environ.get("LEDGER", "/app/var/ledger.jsonl"))


async def post(request: web.Request) -> web.Response:
    entry = orjson.loads(await request.read())
    with LEDGER.open("ab") as file:
        file.write(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE))
    return web.Response(status=201)


async def get(request: web.Request) -> web.Response:
    lines = LEDGER.read_bytes().splitlines() if LEDGER.exists() else []
    total = sum(orjson.loads(line)["amount"] for line in lines)
    return web.Response(body=orjson.dumps({"total": total}), content_type="application/json")


def main() -> None:
    LEDGER.parent.mkdir(parents=True, exist_ok=True)
    app = web.Application()
    app.add_routes([web.post("/entries", post), web.get("/total", get)])
    web.run_app(app, port=8088)
