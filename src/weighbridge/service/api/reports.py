"""`/api/v1/reports`: reports come in."""

from typing import Annotated, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from weighbridge.core import wire
from weighbridge.service import bodies, ingest, metrics
from weighbridge.service.auth.access import ENDED
from weighbridge.service.auth.workflow_tokens import refused
from weighbridge.service.bodies import Body
from weighbridge.service.running import Service, of
from weighbridge.service.sender import Sender, TokenEnded
from weighbridge.service.senders import sender_lately

router = APIRouter(tags=["reports"])


class TakenV1(BaseModel):
    """What came of one image."""

    image: str
    platform: str
    outcome: Literal["created", "updated", "unchanged"]


class ReceiptV1(BaseModel):
    """What is kept from now on."""

    repository: str
    commit: str
    pull_request: Annotated[int | None, Field(description="Number of the pull request, null where there is none.")]
    images: list[TakenV1]


@router.post("/reports", status_code=201, summary="Send a report", response_model=ReceiptV1)
async def send(request: Request) -> JSONResponse:
    """Takes a report (`weighbridge.report/1`), plain, or packed with gzip or zstd.

    Sending the same again changes nothing. Once this is answered, the report is on disk.
    """
    # By hand: the framework takes as long to bring the two as the database to write a row.
    here, sender = of(request), await sender_lately(request)
    body = await bodies.read(request, here.configuration.max_report)
    receipt = await run_in_threadpool(_take, here, sender, body)
    # Not checked again by the framework: it is by construction what it says.
    return JSONResponse(receipt.model_dump(), status_code=201)


def _take(here: Service, sender: Sender, body: Body) -> ReceiptV1:
    report = wire.load(body.content, heads=True)
    try:
        receipt = ingest.take(report, body.content, sender, here.database, here.store, here.now(), body.frame)
    except TokenEnded:
        raise refused(ENDED) from None
    metrics.REPORTS.inc()
    metrics.REPORT_BYTES.inc(len(body.content))
    for taken in receipt.images:
        metrics.IMAGES.labels(taken.outcome).inc()
    return ReceiptV1(
        repository=receipt.repository,
        commit=receipt.commit,
        pull_request=receipt.pull or None,
        images=[TakenV1.model_validate(taken, from_attributes=True) for taken in receipt.images],
    )
