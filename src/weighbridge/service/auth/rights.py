"""What somebody may read on GitHub: asked with their own token, remembered for a while."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update

from weighbridge.service import readable
from weighbridge.service.auth import sessions
from weighbridge.service.auth.outward import Declined, Unreachable
from weighbridge.service.auth.settings import Reading
from weighbridge.service.auth.tables import Account, RepositoryRight
from weighbridge.service.tables import Repository
from weighbridge.service.values import seconds

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from weighbridge.service.auth.github import GitHub, Named
    from weighbridge.service.auth.sealing import Seals
    from weighbridge.service.auth.settings import AccessSettings
    from weighbridge.service.database import Database

FRESH = 300
"""Seconds after which GitHub is asked again."""
AGAIN = 60
"""Seconds after which it is asked again where it did not answer."""
KEPT = 3600
"""Seconds that an answer counts where it does not."""
_log = logging.getLogger(__name__)


class Rights:
    """Keeps `repository_rights` and whether accounts are admitted."""

    def __init__(self, settings: AccessSettings, database: Database, github: GitHub, seals: Seals) -> None:
        self._settings = settings
        self._database = database
        self._github = github
        self._seals = seals

    def is_due(self, account: Account, now: datetime) -> bool:
        """Whether GitHub should be asked."""
        return account.access is not None and account.rights_asked < seconds(now) - FRESH

    def refresh(self, account: Account, now: datetime) -> None:
        """Asks GitHub, unless another process does at this moment. Nothing changes where it does not answer; the rights
        end where it has not for long. Sessions end where it no longer knows the token."""
        if not self._claimed(account, now):
            return
        token = self._seals.unboxed(account.access or b"")
        if token is None:
            self._take_back(account)
            return
        try:
            admitted = self.admits(account.login, token)
            rights = self._asked(token)
        except Unreachable as error:
            _log.warning("GitHub was not asked what %s may read: %s", account.login, error)
            self._put_off(account, now)
        except Declined as error:
            if error.status == 401:
                self._take_back(account)
            else:
                self._put_off(account, now)
        else:
            self._write(account, rights, now, admitted=admitted)

    def admits(self, login: str, token: str) -> bool:
        """Whether somebody may read where reading takes a sign-in. Raises Unreachable, Declined."""
        if self._settings.reading is not Reading.SIGNED_IN or self._settings.is_admin(login):
            return True
        return self._settings.admits([login]) or self._settings.admits(self._github.organisations(token))

    def _claimed(self, account: Account, now: datetime) -> bool:
        """Takes the turn to ask."""
        with self._database.writing() as session:
            done = session.execute(
                update(Account)
                .where(Account.id == account.id, Account.rights_asked == account.rights_asked)
                .values(rights_asked=seconds(now))
            )
            return bool(getattr(done, "rowcount", 0))

    def _asked(self, token: str) -> set[int]:
        """Rows of private repositories that the token's user may read."""
        with readable.everything(), self._database.reading() as session:
            private = session.execute(
                select(Repository.id, Repository.name, Repository.github_id).where(Repository.private)
            ).all()
        if not private or self._settings.reading is Reading.SIGNED_IN:
            return set()
        return _known(self._github.repositories(token), [(row[0], row[1], row[2]) for row in private])

    def _write(self, account: Account, rights: set[int], now: datetime, *, admitted: bool) -> None:
        with self._database.writing() as session:
            session.execute(delete(RepositoryRight).where(RepositoryRight.account_id == account.id))
            rows = [{"account_id": account.id, "repository_id": row} for row in sorted(rights)]
            if rows:
                session.execute(insert(RepositoryRight), rows)
            values = {"rights_known": seconds(now), "admitted": admitted}
            session.execute(update(Account).where(Account.id == account.id).values(**values))

    def _put_off(self, account: Account, now: datetime) -> None:
        with self._database.writing() as session:
            asked = seconds(now) - FRESH + AGAIN
            session.execute(update(Account).where(Account.id == account.id).values(rights_asked=asked))
            if account.rights_known < seconds(now) - KEPT:
                session.execute(delete(RepositoryRight).where(RepositoryRight.account_id == account.id))
                session.execute(update(Account).where(Account.id == account.id).values(admitted=False))

    def _take_back(self, account: Account) -> None:
        """GitHub knows the token no more: who it was has to sign in anew."""
        with self._database.writing() as session:
            session.execute(delete(RepositoryRight).where(RepositoryRight.account_id == account.id))
            session.execute(update(Account).where(Account.id == account.id).values(access=None, admitted=False))
            sessions.end_all(session, account.id)


def _known(named: Iterable[Named], rows: Iterable[tuple[int, str, int | None]]) -> set[int]:
    """By GitHub's number where it is known, else by name."""
    ids, names = set(), set()
    for repository in named:
        ids.add(repository.id)
        names.add(repository.name.casefold())
    return {row for row, name, number in rows if (number in ids if number is not None else name.casefold() in names)}
