"""The parts of sending, signing in and reading, made once for an application."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from weighbridge.service import tokens
from weighbridge.service.auth.github import GitHub
from weighbridge.service.auth.readers import Readers
from weighbridge.service.auth.rights import Rights
from weighbridge.service.auth.sealing import Seals
from weighbridge.service.auth.workflow_tokens import WorkflowTokens, refused

if TYPE_CHECKING:
    from datetime import datetime

    from weighbridge.service.running import Service
    from weighbridge.service.sender import Sender


ENDED = "the token is unknown, was revoked, or has expired"
_LATELY = timedelta(minutes=1)
_MOST = 10_000


class Access:
    """All of them; the application has it as `app.state.access`."""

    def __init__(self, service: Service) -> None:
        settings = service.configuration
        self.seals = Seals(service.secret)
        self.github = GitHub(settings)
        self.rights = Rights(settings, service.database, self.github, self.seals)
        self.workflow_tokens = WorkflowTokens(settings)
        self.readers = Readers(service, self.seals, self.rights, self.sender)
        self._service = service
        self._lately: dict[str, tuple[Sender, datetime]] = {}

    def sender_lately(self, token: str) -> Sender | None:
        """Whose an upload token is, or was, that was looked up in the last minute; None for others. Nobody is asked."""
        sender, until = self._lately.get(tokens.digest(token), (None, None))
        return sender if until is not None and self._service.now() < until else None

    def sender(self, token: str) -> Sender:
        """Whose a token is that sends. Raises Problem for one that there is not, or no longer."""
        if token.count(".") == 2:
            return self.workflow_tokens.sender(token)
        now = self._service.now()
        with self._service.database.reading() as session:
            found = tokens.holder_of(session, token, now)
        if found is None:
            raise refused(ENDED)
        if tokens.is_use_unknown(found, now):
            with self._service.database.writing() as session:
                tokens.note_use(session, token, now)
        sender = tokens.sender_of(found)
        if len(self._lately) >= _MOST:
            self._lately.clear()
        self._lately[tokens.digest(token)] = (sender, now + _LATELY)
        return sender
