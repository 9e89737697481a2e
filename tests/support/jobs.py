"""Jobs and messages of a service in the middle of a working day."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from weighbridge.service.jobs.queue import State
from weighbridge.service.tables_jobs import Job
from weighbridge.service.values import seconds
from weighbridge.service.webhooks import registered
from weighbridge.service.webhooks.breaches import EXCEEDED
from weighbridge.service.webhooks.tables import Delivery, Webhook

if TYPE_CHECKING:
    from typing import Any

    from sqlalchemy.orm import Session

    from weighbridge.service.running import Service

_HOUR = 3_600
_NOWHERE = "http://127.0.0.1:9/hook"
"""An address that nothing is ever sent to."""
_LACKING = "v2.{}.0: the image has no label org.opencontainers.image.revision: no commit is known"


def busy(service: Service) -> int:
    """Fills both tables; the number of the backfill that goes on. Nobody works on any of it."""
    registered.register(service, "chat", _NOWHERE, "octocat/*")
    registered.register(service, "pager", _NOWHERE, "octocat/*")
    now = seconds(service.now())
    with service.database.writing() as session:
        _done(session, "retention", "daily", now - 9 * _HOUR, 41, "1,204 old records, 311 reports")
        old = _done(session, "backfill", "hubot", now - 5 * _HOUR, 3, "12 releases to weigh, 0 known or left out",
                    arguments=_filling("docs", "site"), done=12, total=12)  # fmt: skip
        for number in range(12):
            state = State.DONE if number < 7 else State.CANCELLED
            _part(session, old, f"v1.{number}.0", state, now - 5 * _HOUR + number)
        going = _done(session, "backfill", "mona", now - 190, 2, "24 releases to weigh, 3 known or left out",
                      arguments=_filling("shop", "storefront"), done=24, total=24)  # fmt: skip
        for number in range(24):
            state = State.FAILED if number == 4 else State.DONE if number < 15 else State.WAITING
            state = State.RUNNING if number in (15, 16) else state
            _part(session, going, f"v2.{number}.0", state, now - 180 + 7 * number, now)
        session.add(_job("refresh", State.RUNNING, "hubot", now - 75, started=now - 74, beat=now, done=212, total=640,
                         message="212 images"))  # fmt: skip
        _messages(session, now)
    return going.id


def _filling(repository: str, image: str) -> dict[str, Any]:
    return {"registry": f"ghcr.io/octocat/{image}", "repository": f"octocat/{repository}", "image": image,
            "platform": "linux/amd64", "pattern": "v2.*" if image == "storefront" else None, "prereleases": False,
            "limit": 0}  # fmt: skip


def _job(kind: str, state: State, actor: str, created: int, **more: Any) -> Job:
    arguments = json.dumps(more.pop("arguments", {}), sort_keys=True)
    told = {"done": 0, "message": "", "attempt": int("started" in more), "cancel": state is State.CANCELLED, **more}
    return Job(kind=kind, state=state.value, actor=actor, created=created, arguments=arguments, **told)


def _done(session: Session, kind: str, actor: str, created: int, took: int, message: str, **more: Any) -> Job:
    made = _job(
        kind, State.DONE, actor, created, started=created + 1, finished=created + 1 + took, message=message, **more
    )
    session.add(made)
    session.flush()
    return made


def _part(session: Session, parent: Job, tag: str, state: State, created: int, now: int | None = None) -> None:
    more: dict[str, Any] = {}
    if state in (State.DONE, State.FAILED, State.RUNNING):
        more = {"started": created}
    if state in (State.DONE, State.FAILED):
        failed = _LACKING.format(tag.split(".")[1])
        more |= {"finished": created + 6, "message": f"{tag}: 143,201,882 bytes" if state is State.DONE else failed}
    if state is State.RUNNING:
        more |= {"beat": now}
    arguments = {**json.loads(parent.arguments), "tag": tag}
    session.add(_job("weigh", state, f"job:{parent.id}", created, parent_id=parent.id, arguments=arguments, **more))


def _messages(session: Session, now: int) -> None:
    ids = {name: number for number, name in session.query(Webhook.id, Webhook.name)}
    for number, (webhook, age, state, attempts, status, error) in enumerate((
        ("pager", 30 * _HOUR, "failed", 9, None, "pager.example: the connection was refused"),
        ("chat", 26 * _HOUR, "delivered", 1, 204, None),
        ("chat", 3 * _HOUR, "delivered", 2, 204, None),
        ("pager", 400, "waiting", 3, 503, "it answered 503"),
    )):  # fmt: skip
        session.add(
            Delivery(
                webhook_id=ids[webhook], uid=f"msg_{number:032x}", kind=EXCEEDED, body="{}", state=state,
                attempts=attempts, due=now + 95, created=now - age, status=status, error=error,
                finished=None if state == "waiting" else now - age + 60,
            )
        )  # fmt: skip
