"""The settings of who may send and who may read. All have defaults that let in nobody who was not meant."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Self
from urllib.parse import urlsplit

from pydantic import AnyHttpUrl, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings

_NAME = r"[A-Za-z0-9_.-]{1,100}"
_SENDER = re.compile(rf"\*|{_NAME}(/({_NAME}|\*))?")
_MEMBER = re.compile(rf"\*|{_NAME}")


class Reading(StrEnum):
    """Who may read: everybody, who is signed in, or who may read the repository on GitHub."""

    PUBLIC = "public"
    SIGNED_IN = "signed-in"
    REPOSITORY = "repository"


class AccessSettings(BaseSettings):
    """What `Configuration` has of them. Lists are separated by commas."""

    public_url: AnyHttpUrl = Field(
        default=AnyHttpUrl("http://127.0.0.1:8000"), description="Where browsers reach the service."
    )
    github_url: AnyHttpUrl = Field(
        default=AnyHttpUrl("https://github.com"), description="The GitHub whose repositories report here."
    )
    github_api_url: AnyHttpUrl | None = Field(default=None, description="Its API. Default: as GitHub has it there.")
    senders: str | None = Field(
        default=None,
        description="Whose workflows may report with GitHub's own token: `owner`, `owner/name`, `*`, separated by"
        " commas. Default: nobody's of github.com, everybody's of a GitHub Enterprise.",
    )
    oidc_issuer: AnyHttpUrl | None = Field(
        default=None, description="Who signs the tokens of workflows. Default: as GitHub has it there."
    )
    oidc_audience: str | None = Field(
        default=None, description="For whom those tokens must be. Default: the public address.", max_length=1000
    )

    reading: Reading = Field(default=Reading.PUBLIC, description="Who may read: `public`, `signed-in`, `repository`.")
    members: str | None = Field(
        default=None,
        description="Who may sign in where reading is `signed-in`: logins and organisations, `*`, separated by commas."
        " Default: the owners that `senders` names, everybody of a GitHub Enterprise.",
    )
    admins: str | None = Field(
        default=None, description="Logins of those who keep the service, separated by commas; they may appoint others."
    )
    github_client_id: str | None = Field(
        default=None, description="Of the GitHub App or OAuth app that signs people in."
    )
    github_client_secret: SecretStr | None = Field(default=None, description="Its secret.")
    github_scope: str | None = Field(
        default=None,
        description="What an OAuth app asks of people; a GitHub App ignores it. Default: `read:org` where reading is"
        " `signed-in`, else nothing.",
    )
    github_webhook_secret: SecretStr | None = Field(
        default=None, description="Signs the events that GitHub sends here. Default: none are taken."
    )

    @model_validator(mode="after")
    def _signing_in(self) -> Self:
        if self.reading is not Reading.PUBLIC and not self.signs_in:
            raise ValueError(
                f"reading is {self.reading.value}, but nobody can sign in: set WEIGHBRIDGE_SERVICE_GITHUB_CLIENT_ID and"
                " WEIGHBRIDGE_SERVICE_GITHUB_CLIENT_SECRET"
            )
        return self

    @field_validator("members", "admins")
    @classmethod
    def _people(cls, value: str | None) -> str | None:
        for name in listed(value):
            if not _MEMBER.fullmatch(name):
                raise ValueError(f"{name[:100]!r} is no login")
        return value

    @field_validator("senders")
    @classmethod
    def _senders(cls, value: str | None) -> str | None:
        for name in listed(value):
            if not _SENDER.fullmatch(name):
                raise ValueError(f"{name[:100]!r} is not owner, owner/name or *")
        return value

    @property
    def is_enterprise(self) -> bool:
        """Whether that GitHub is a company's own, so that all of its accounts are that company's."""
        return self.github_url.host != "github.com"

    def issuer(self) -> str:
        """The issuer of the tokens of workflows."""
        if self.oidc_issuer is not None:
            return str(self.oidc_issuer).rstrip("/")
        if not self.is_enterprise:
            return "https://token.actions.githubusercontent.com"
        if _is_data_residency(self.github_url):
            return f"https://token.actions.{self.github_url.host}"
        return f"{str(self.github_url).rstrip('/')}/_services/token"

    def audiences(self) -> list[str]:
        """What a token may name as its audience: an address with or without the slash at its end."""
        if self.oidc_audience is not None:
            return [self.oidc_audience]
        address = str(self.public_url)
        return [address.rstrip("/"), address.rstrip("/") + "/"]

    def api(self) -> str:
        """GitHub's API, without a slash at its end."""
        if self.github_api_url is not None:
            return str(self.github_api_url).rstrip("/")
        if not self.is_enterprise or _is_data_residency(self.github_url):
            return f"https://api.{self.github_url.host}"
        return f"{str(self.github_url).rstrip('/')}/api/v3"

    def takes_from(self, repository: str) -> bool:
        """Whether the workflows of a repository may report here."""
        taken = listed(self.senders) if self.senders is not None else (["*"] if self.is_enterprise else [])
        owner, _, name = repository.casefold().partition("/")
        return not {"*", owner, f"{owner}/*", f"{owner}/{name}"}.isdisjoint(entry.casefold() for entry in taken)

    @property
    def signs_in(self) -> bool:
        """Whether people can sign in."""
        return self.github_client_id is not None and self.github_client_secret is not None

    @property
    def is_https(self) -> bool:
        """Whether browsers reach it by https only."""
        return self.public_url.scheme == "https"

    def admits(self, names: Iterable[str]) -> bool:
        """Whether one of these names, a login and its organisations, is a member's."""
        members = listed(self.members)
        if self.members is None:
            members = [entry.partition("/")[0] for entry in listed(self.senders) if entry != "*"]
            members += ["*"] if self.is_enterprise else []
        known = {entry.casefold() for entry in members}
        return "*" in known or not known.isdisjoint(name.casefold() for name in names)

    def is_admin(self, login: str) -> bool:
        """Whether the configuration makes somebody an admin."""
        return login.casefold() in {entry.casefold() for entry in listed(self.admins)}

    def scope(self) -> str:
        """What is asked of people who sign in."""
        if self.github_scope is not None:
            return self.github_scope
        return "read:org" if self.reading is Reading.SIGNED_IN else ""

    def origin(self) -> str:
        """The public address as browsers name it in `Origin`."""
        parts = urlsplit(str(self.public_url))
        return f"{parts.scheme}://{parts.netloc}"


def listed(value: str | None) -> list[str]:
    """The entries of a list that is separated by commas."""
    return [entry.strip() for entry in (value or "").split(",") if entry.strip()]


def _is_data_residency(url: AnyHttpUrl) -> bool:
    return (url.host or "").endswith(".ghe.com")
