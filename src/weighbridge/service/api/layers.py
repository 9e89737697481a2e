"""`/api/v1/layers`: the files of layers come in, each layer's once."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from weighbridge.core.wire.layers import MAX_BYTES
from weighbridge.service import bodies, details_intake
from weighbridge.service.running import Here
from weighbridge.service.senders import Sending
from weighbridge.service.values import seconds

router = APIRouter(tags=["layers"])

DiffId = Annotated[str, Field(pattern="^sha256:[0-9a-f]{64}$", examples=["sha256:" + "0" * 64])]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$", examples=["f" * 64])]
Number = Annotated[int, Field(ge=1, lt=1 << 31)]
RepositoryName = Annotated[str, Field(pattern="^[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}$")]


class LayerV1(BaseModel):
    """A layer, and the SHA-256 of the document of its files (plain, not packed)."""

    diff_id: DiffId
    digest: Digest


class HavingV1(BaseModel):
    """The layers of a report that was sent before."""

    repository: RepositoryName
    pull_request: Number | None = None
    layers: Annotated[list[LayerV1], Field(max_length=2000)]


class LackingV1(BaseModel):
    """The layers whose documents are to be sent; the others are there."""

    missing: list[DiffId]


class KeptV1(BaseModel):
    """A document that is kept from now on."""

    diff_id: DiffId
    digest: Digest


@router.post("/layers/missing", summary="Ask which layers to send")
def missing(here: Here, sender: Sending, having: HavingV1) -> LackingV1:
    """Which of these layers' files the service lacks. A document that any repository sent is not asked for again."""
    where = details_intake.place(sender, having.repository, having.pull_request)
    layers = {layer.diff_id.removeprefix("sha256:"): layer.digest for layer in having.layers}
    lacking = details_intake.missing(here.database, where, layers, seconds(here.now()))
    return LackingV1(missing=[f"sha256:{diff_id}" for diff_id in lacking])


@router.put("/layers/{diff_id}", status_code=201, summary="Send a layer's files")
async def keep(
    request: Request,
    here: Here,
    sender: Sending,
    diff_id: Annotated[str, Path(pattern="^sha256:[0-9a-f]{64}$")],
    repository: Annotated[RepositoryName, Query()],
    pull_request: Annotated[int | None, Query(ge=1, lt=1 << 31)] = None,
) -> KeptV1:
    """Takes the document of a layer's files, plain, or packed with gzip or zstd; sending it again changes nothing.

    JSON lines: `{"v":1,"diff_id":"sha256:…"}`, then, in the order of the layer's tar,
    `["f",path,mode,uid,gid,size,digest]` for a file (digest: xxh3-128 of its content, hexadecimal),
    `["l",path,mode,uid,gid,target]` for a symbolic and `["h",…]` for a hard link, `["d",path,mode,uid,gid]` for a
    directory (`c`, `b`, `p`: devices and pipes); then `["w",path]` for what is taken away and `["o",path]` for
    directories made opaque. Compact and in ASCII, so that the same layer is the same document.
    """
    where = details_intake.place(sender, repository, pull_request)
    document = await bodies.read(request, MAX_BYTES, "a layer's document")
    plain_id = diff_id.removeprefix("sha256:")
    digest = await run_in_threadpool(
        details_intake.keep,
        here.database,
        here.store,
        where,
        plain_id,
        document.content,
        seconds(here.now()),
        frame=document.frame,
    )
    return KeptV1(diff_id=diff_id, digest=digest)
