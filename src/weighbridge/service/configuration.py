"""How a service runs: every value from the environment (`WEIGHBRIDGE_SERVICE_…`), with defaults that need nothing."""

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import SettingsConfigDict

from weighbridge.errors import ConfigurationError
from weighbridge.service.auth.settings import AccessSettings
from weighbridge.service.security.settings import SecuritySettings

PREFIX = "WEIGHBRIDGE_SERVICE_"


class Configuration(AccessSettings, SecuritySettings):
    """All that decides how a service runs. Sizes are bytes, times seconds."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    data: Path = Field(default=Path("weighbridge-data"), description="Folder of the database and of stored details.")
    database_url: str | None = Field(
        default=None, description="`postgresql://…` or `sqlite:///…`. Default: a file in the data folder."
    )
    store_url: str | None = Field(
        default=None, description="`s3://BUCKET/PREFIX` or `file:///…` for details. Default: in the data folder."
    )
    secret: SecretStr | None = Field(
        default=None,
        description="Signs cookies and unguessable addresses. Default: made once, kept in the data folder.",
    )
    webhook_networks: str = Field(
        default="",
        description="Networks that webhooks may reach although they are not public, such as `10.0.0.0/8,fd00::/8`.",
    )
    metrics_token: SecretStr | None = Field(
        default=None, description="What `/metrics` wants as a bearer token. Default: everybody may read metrics."
    )
    access_log: bool = Field(default=True, description="Whether each request is told in a line of JSON.")
    max_report: Annotated[int, Field(ge=1024)] = Field(
        default=32 * 1024 * 1024, description="Bytes of a report at most, unpacked."
    )
    keep_pulls: Annotated[int, Field(ge=0)] = Field(
        default=90, description="Days that a pull request's records are kept after its last report; 0: for good."
    )
    keep_all: Annotated[int, Field(ge=0)] = Field(
        default=400,
        description="Days after which of records that no release made only the last of a week is kept; 0: all are.",
    )
    keep_files: Annotated[int, Field(ge=0)] = Field(
        default=400, description="Days that the files of a layer are kept after a report named it; 0: for good."
    )
    close_pulls: Annotated[int, Field(ge=0)] = Field(
        default=30, description="Days without a report after which a pull request counts as closed; 0: never."
    )

    @field_validator("webhook_networks")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        for part in filter(None, map(str.strip, value.split(","))):
            ip_network(part)
        return value

    def database(self) -> str:
        """The database's address, with the driver that is used."""
        if self.database_url is None:
            return f"sqlite:///{self.data / 'weighbridge.db'}"
        for plain in ("postgresql://", "postgres://"):
            if self.database_url.startswith(plain):
                return "postgresql+psycopg://" + self.database_url.removeprefix(plain)
        return self.database_url

    def store(self) -> str:
        """Where details are kept, as a URL."""
        return self.store_url or (self.data / "details").absolute().as_uri()


def configured(**given: object) -> Configuration:
    """What the environment says, and what is `given` on top. Raises ConfigurationError in one line."""
    try:
        return Configuration(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        where = f"{PREFIX}{name.upper()}: " if name else ""
        raise ConfigurationError(f"{where}{first['msg'].removeprefix('Value error, ')}") from None
