"""`/api/v1/admin/webhooks`: who is told of exceeded budgets, and what became of it. The gate lets in admins only."""

import contextlib
from collections.abc import Iterator
from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from weighbridge.core.wire.times import written
from weighbridge.errors import UsageError
from weighbridge.service.auth.reader import Asking
from weighbridge.service.problems import Problem
from weighbridge.service.running import Here
from weighbridge.service.values import moment
from weighbridge.service.webhooks import registered
from weighbridge.service.webhooks.tables import Delivery, Webhook

router = APIRouter(prefix="/admin/webhooks", tags=["admin"])

Name = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f/]+$", examples=["chat"])]
_Named = Annotated[str, Path(max_length=255)]


class WebhookV1(BaseModel):
    """Somebody who is told, without the secret that it is signed with."""

    name: str
    url: str
    scope: str
    created: str


class WebhooksV1(BaseModel):
    """All of them."""

    webhooks: list[WebhookV1]


class WebhookOrderV1(BaseModel):
    """A webhook that is wanted."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    url: Annotated[str, Field(max_length=2000, examples=["https://chat.example/hooks/weighbridge"])]
    scope: Annotated[str, Field(max_length=201, examples=["octocat/*"])] = "*"


class SecretV1(BaseModel):
    """What its messages are signed with. It is shown this once."""

    secret: Annotated[str, Field(examples=["whsec_…"])]


class DeliveryV1(BaseModel):
    """A message to a webhook."""

    id: Annotated[str, Field(description="The header `webhook-id`, the same in every attempt.")]
    type: str
    state: Literal["waiting", "delivered", "failed", "cancelled"]
    attempts: int
    due: Annotated[str | None, Field(description="When it is sent, or sent again; null where it is not.")]
    created: str
    finished: str | None
    status: Annotated[int | None, Field(description="HTTP's, of the last attempt that was answered.")]
    error: str | None


class DeliveriesV1(BaseModel):
    """The last messages to a webhook, the newest first."""

    deliveries: list[DeliveryV1]


@router.get("", summary="All webhooks")
def webhooks(here: Here) -> WebhooksV1:
    """Who is told of budgets that are exceeded."""
    with here.database.reading() as session:
        return WebhooksV1(webhooks=[_webhook(each) for each in registered.registered(session)])


@router.post("", status_code=201, summary="Make a webhook")
def make(here: Here, asking: Asking, order: WebhookOrderV1) -> SecretV1:
    """Tells an address of exceeded budgets from now on."""
    return SecretV1(secret=registered.register(here, order.name, order.url, order.scope, asking))


@router.delete("/{name}", status_code=204, summary="Remove a webhook")
def remove(here: Here, asking: Asking, name: _Named) -> None:
    """Ends a webhook, with what was still to be sent to it."""
    with _found():
        registered.remove(here, name, asking)


@router.get("/{name}/deliveries", summary="What was sent to a webhook")
def deliveries(here: Here, name: _Named) -> DeliveriesV1:
    """The last hundred messages, and what became of them."""
    with _found(), here.database.reading() as session:
        return DeliveriesV1(deliveries=[_delivery(each) for each in registered.deliveries(session, name)])


@router.post("/{name}/deliveries/{uid}/retry", status_code=202, summary="Send a message now")
def retry(here: Here, asking: Asking, name: _Named, uid: _Named) -> None:
    """Sends a message within seconds, also one that was given up or cancelled; one that arrived stays as it is."""
    with _found():
        registered.retry(here, uid, name, by=asking)


@router.post("/{name}/deliveries/{uid}/cancel", status_code=202, summary="Cancel a message")
def cancel(here: Here, asking: Asking, name: _Named, uid: _Named) -> None:
    """Never sends a message that waits."""
    with _found():
        registered.cancel(here, uid, name, by=asking)


@contextlib.contextmanager
def _found() -> Iterator[None]:
    """What there is not, is told as such."""
    try:
        yield
    except UsageError as error:
        raise Problem(404, str(error)) from None


def _webhook(webhook: Webhook) -> WebhookV1:
    return WebhookV1(name=webhook.name, url=webhook.url, scope=webhook.scope, created=written(moment(webhook.created)))


def _delivery(delivery: Delivery) -> DeliveryV1:
    return DeliveryV1.model_validate(
        {
            "id": delivery.uid,
            "type": delivery.kind,
            "state": delivery.state,
            "attempts": delivery.attempts,
            "due": written(moment(delivery.due)) if delivery.state == "waiting" else None,
            "created": written(moment(delivery.created)),
            "finished": None if delivery.finished is None else written(moment(delivery.finished)),
            "status": delivery.status,
            "error": delivery.error,
        }
    )
