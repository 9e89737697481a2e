"""`/api/v1/github/events`: what GitHub tells of repositories and pull requests (a webhook)."""

import hmac
import json
import re

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from weighbridge.service import bodies
from weighbridge.service.auth import events
from weighbridge.service.problems import Problem
from weighbridge.service.running import Here, Service

router = APIRouter(prefix="/github", tags=["github"])

_LIMIT = 4 << 20
_SIGNATURE = re.compile(r"sha256=([0-9a-f]{64})")


class HeededV1(BaseModel):
    """Whether the event told anything of a repository that reports here."""

    heeded: bool


@router.post("/events", summary="An event of GitHub")
async def receive(request: Request, here: Here) -> HeededV1:
    """Takes the events `pull_request` and `repository`, signed with the webhook's secret (X-Hub-Signature-256)."""
    secret = here.configuration.github_webhook_secret
    if secret is None:
        raise Problem(404, "this service takes no events: WEIGHBRIDGE_SERVICE_GITHUB_WEBHOOK_SECRET is not set")
    signature = _SIGNATURE.fullmatch(request.headers.get("x-hub-signature-256", ""))
    if signature is None:
        raise Problem(401, "the event is not signed")
    body = (await bodies.read(request, _LIMIT)).content
    if not hmac.compare_digest(signature[1], hmac.new(secret.get_secret_value().encode(), body, "sha256").hexdigest()):
        raise Problem(401, "the event's signature is not by this service's secret")
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        raise Problem(400, "the event is no JSON: choose the content type application/json") from None
    return HeededV1(heeded=await run_in_threadpool(_heeded, here, request.headers.get("x-github-event", ""), payload))


def _heeded(here: Service, event: str, payload: object) -> bool:
    told = events.told(event, payload)
    if told is None:
        return False
    with here.database.writing() as session:
        return events.heed(session, told, here.now())
