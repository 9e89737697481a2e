import os
from pathlib import Path

from cryptography.fernet import Fernet
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

box = Fernet(Fernet.generate_key())
sealed = [box.encrypt(line) for line in Path(__file__).with_name("quotes.txt").read_bytes().splitlines()]


async def quote(request):
    number = int(request.path_params["number"]) % len(sealed)
    return PlainTextResponse(box.decrypt(sealed[number]).decode())


async def motd(request):
    return PlainTextResponse(os.environ.get("MOTD", ""))


app = Starlette(routes=[Route("/quotes/{number:int}", quote), Route("/motd", motd)])
