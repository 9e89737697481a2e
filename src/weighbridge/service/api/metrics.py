"""`/metrics`: what Prometheus asks for."""

import secrets

from fastapi import APIRouter, Request, Response

from weighbridge.service import metrics
from weighbridge.service.problems import Problem
from weighbridge.service.running import Here
from weighbridge.service.webhooks import courier

router = APIRouter(tags=["health"])


@router.get("/metrics", summary="Metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def exposed(here: Here, request: Request) -> Response:
    """Counts in Prometheus' text format, of all processes of this replica. A token may be asked for."""
    wanted = here.configuration.metrics_token
    if wanted is not None:
        given = request.headers.get("authorization", "").partition(" ")[2].strip()
        if not secrets.compare_digest(given.encode(), wanted.get_secret_value().encode()):
            raise Problem(401, "metrics need their token: Authorization: Bearer …", {"WWW-Authenticate": "Bearer"})
    return Response(metrics.exposition(courier.queue(here)), media_type=metrics.MEDIA_TYPE)
