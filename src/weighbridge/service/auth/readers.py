"""From a request's cookie or token to its Reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.service import tokens
from weighbridge.service.auth import accounts, read_tokens, sessions
from weighbridge.service.auth.reader import Reader, Role
from weighbridge.service.auth.settings import Reading
from weighbridge.service.auth.workflow_tokens import refused
from weighbridge.service.readable import NOTHING, PUBLIC, Readable

if TYPE_CHECKING:
    from collections.abc import Callable

    from weighbridge.service.auth.rights import Rights
    from weighbridge.service.auth.sealing import Seals
    from weighbridge.service.auth.tables import Account
    from weighbridge.service.running import Service
    from weighbridge.service.sender import Sender


class Readers:
    """Finds out who asks. Its calls ask the database, and GitHub now and then."""

    def __init__(self, service: Service, seals: Seals, rights: Rights, senders: Callable[[str], Sender]) -> None:
        """`senders` tells whose a token is that sends; it raises Problem."""
        self._service = service
        self._senders = senders
        self._seals = seals
        self._rights = rights

    def stranger(self, address: str) -> Reader:
        """Somebody who has not said who they are."""
        public = self._service.configuration.reading is Reading.PUBLIC
        signs_in = self._service.configuration.signs_in
        return Reader(readable=PUBLIC if public else NOTHING, address=address, may_sign_in=signs_in)

    def of_cookie(self, cookie: str, address: str) -> Reader | None:
        """Who has a session, None where it is no more."""
        value = self._seals.unsigned(cookie)
        return None if value is None else self._of_session(value, address)

    def _of_session(self, value: str, address: str, *, again: bool = True) -> Reader | None:
        now = self._service.now()
        with self._service.database.reading() as session:
            found = sessions.account_of(session, value, now)
        if found is None:
            return None
        account, browser = found
        if again and self._rights.is_due(account, now):
            self._rights.refresh(account, now)
            return self._of_session(value, address, again=False)
        if sessions.is_use_unknown(browser, now):
            with self._service.database.writing() as session:
                sessions.note_use(session, browser.id, now)
        return self._of_account(account, address, session=browser.digest, csrf=self._seals.csrf(browser.digest))

    def of_token(self, token: str, address: str) -> Reader:
        """Who has a token. Raises Problem for one that there is not, or no longer."""
        now = self._service.now()
        if not token.startswith(read_tokens.PREFIX):
            return self._of_sender(token, address)
        with self._service.database.reading() as session:
            found = read_tokens.holder_of(session, token, now)
            sends = found is None and tokens.holder_of(session, token, now) is not None
        if sends:
            # Who may send reads what everybody may.
            return self.stranger(address)
        if found is None:
            raise refused("the token is none that reads, was revoked, or has expired")
        row, account = found
        if account is not None and self._rights.is_due(account, now):
            self._rights.refresh(account, now)
            return self.of_token(token, address)
        if read_tokens.is_use_unknown(row, now):
            with self._service.database.writing() as session:
                read_tokens.note_use(session, row.id, now)
        if account is None:
            readable = None if row.scope == "*" else Readable(scope=row.scope)
            return Reader(login=f"token:{row.name}", readable=readable, address=address)
        return self._of_account(account, address)

    def _of_sender(self, token: str, address: str) -> Reader:
        """Who may send reports of a repository may read what it reported."""
        sender = self._senders(token)
        public = self._service.configuration.reading is Reading.PUBLIC
        readable = None if sender.scope == "*" else Readable(public=public, scope=sender.scope)
        return Reader(login=sender.actor, readable=readable, address=address)

    def _of_account(self, account: Account, address: str, *, session: str | None = None, csrf: str = "") -> Reader:
        configuration = self._service.configuration
        # A token reads; what admins do, they do themselves.
        role = accounts.role_of(account, configuration)
        return Reader(
            login=account.login,
            account_id=account.id,
            role=role if session is not None else Role.READER,
            session=session,
            csrf=csrf,
            readable=self._readable(account, role),
            address=address,
        )

    def _readable(self, account: Account, role: Role) -> Readable | None:
        if role is Role.ADMIN:
            return None
        if self._service.configuration.reading is Reading.SIGNED_IN:
            return None if account.admitted else NOTHING
        return Readable(public=True, account_id=account.id)
