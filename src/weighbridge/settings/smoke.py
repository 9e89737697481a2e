"""The repository's own smoke test, as the file describes it."""

import re
import shlex
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from weighbridge.model.behaviour import Request, Service, Smoke
from weighbridge.settings.base import Model, contradiction
from weighbridge.settings.values import MAX_TEXT, Duration, Line

MAX_REQUESTS = 50
MAX_SERVICES = 8
MAX_SECONDS = 1800

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_HOST = r"[a-zA-Z0-9]([a-zA-Z0-9_.-]{0,61}[a-zA-Z0-9])?"
_PATH = re.compile(r"/[!-~]*")


def _words(value: object) -> object:
    """A list of words, or a text that is split as a shell would."""
    if isinstance(value, str):
        try:
            return tuple(shlex.split(value))
        except ValueError as error:
            raise ValueError("is not a command: a quotation has no end") from error
    if isinstance(value, list | tuple):
        return tuple(_text(word) for word in value)
    raise ValueError("must be a list of words, or one text")


def _text(value: object) -> str:
    """Text. Of numbers and words such as `true` the file's own spelling is lost, but for whole numbers."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("must be text: put it in quotes")  # noqa: TRY004 - pydantic asks for it
    text = str(value)
    if len(text) > MAX_TEXT:
        raise ValueError(f"is longer than {MAX_TEXT:,} characters")
    if "\0" in text:
        raise ValueError("must not hold a null character")
    return text


def _environment(value: object) -> object:
    """A mapping, or a list of `KEY=value`; a key alone would pass on a variable of the machine."""
    if isinstance(value, Mapping):
        pairs = [(_text(name), _text(given)) for name, given in value.items()]
    elif isinstance(value, list | tuple):
        lines = [_text(line) for line in value]
        if not all("=" in line for line in lines):
            raise ValueError("must be KEY=value: a KEY alone would pass on a variable")
        pairs = [(name, given) for name, _, given in (line.partition("=") for line in lines)]
    else:
        raise ValueError("must be a mapping of variables, or a list of KEY=value")  # noqa: TRY004
    for name, _ in pairs:
        if not _NAME.fullmatch(name):
            raise ValueError("names a variable that cannot be: letters, digits and underscores make a name")
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("contradicts itself: names the same variable twice")
    return tuple(f"{name}={given}" for name, given in pairs)


def _headers(value: object) -> object:
    if not isinstance(value, Mapping):
        raise ValueError("must be a mapping of header fields")  # noqa: TRY004 - pydantic asks for it
    pairs = tuple((str(name), _text(given)) for name, given in value.items())
    if not all(re.fullmatch(r"[A-Za-z0-9-]{1,100}", name) and re.fullmatch(r"[ -~]*", given) for name, given in pairs):
        raise ValueError("must be header fields: names of letters and dashes, values of one line")
    return pairs


def _path(value: str) -> str:
    if not _PATH.fullmatch(value):
        raise ValueError("must be a path that starts with a slash, without blanks (write %20)")
    return value


def _host_name(value: str) -> str:
    if not re.fullmatch(_HOST, value):
        raise ValueError("must be a host name: letters, digits, dots and dashes, 63 at most")
    return value


def _patience(value: float) -> float:
    if value > MAX_SECONDS:
        raise ValueError(f"must be at most {MAX_SECONDS // 60} minutes")
    return value


_WORDS_SCHEMA = {
    "anyOf": [{"type": "array", "minItems": 1, "items": {"type": ["string", "integer"]}}, {"type": "string"}]
}
_TEXTS_SCHEMA = {
    "anyOf": [
        {"type": "object", "additionalProperties": {"type": ["string", "integer"]}},
        {"type": "array", "items": {"type": "string"}},
    ]
}

Words = Annotated[tuple[str, ...], BeforeValidator(_words), Field(min_length=1), WithJsonSchema(_WORDS_SCHEMA)]
Environment = Annotated[tuple[str, ...], BeforeValidator(_environment), WithJsonSchema(_TEXTS_SCHEMA)]
Headers = Annotated[
    tuple[tuple[str, str], ...],
    BeforeValidator(_headers),
    WithJsonSchema(
        {
            "type": "object",
            "propertyNames": {"pattern": "^[A-Za-z0-9-]+$"},
            "additionalProperties": {"type": ["string", "integer"]},
        }
    ),
]
Text = Annotated[
    str, BeforeValidator(_text), Field(min_length=1), WithJsonSchema({"type": ["string", "integer"], "minLength": 1})
]
HttpPath = Annotated[
    str, AfterValidator(_path), WithJsonSchema({"type": "string", "pattern": "^/[!-~]*$", "maxLength": 2000}),
    Field(max_length=2000),
]  # fmt: skip
HostName = Annotated[str, AfterValidator(_host_name), WithJsonSchema({"type": "string", "pattern": f"^{_HOST}$"})]
Port = Annotated[int, Field(ge=1, le=65535)]


class RequestSettings(Model):
    """One HTTP request to the image, and what its answer must be."""

    path: HttpPath = Field("/", description="Path and query.")
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] = Field("GET", description="Method.")
    port: Port | None = Field(None, description="Port; by default the exposed one, or the first that is listened on.")
    headers: Headers = Field((), description="Header fields.")
    body: Annotated[str, Field(max_length=MAX_TEXT)] = Field("", description="Body, sent as UTF-8.")
    status: int | None = Field(None, ge=100, le=599, description="Status that the answer must have.")
    contains: Text | None = Field(None, description="Text that the answer's body must hold.")

    def request(self) -> Request:
        """As it is put."""
        return Request(**dict(self))


class ServiceSettings(Model):
    """A service beside the image, such as its database."""

    name: HostName = Field(description="Name by which the image reaches it.")
    image: Line = Field(description="Image of the service; pulled where it is missing.")
    environment: Environment = Field((), description="Variables, as a mapping or a list of `KEY=value`.")
    command: Words | None = Field(None, description="Command in place of the service's own.")
    port: Port | None = Field(None, description="Port that it listens on once it is ready.")

    def service(self) -> Service:
        """As it is started."""
        return Service(**dict(self))


class SmokeSettings(Model):
    """How to see that an image works."""

    command: Words | None = Field(None, description="Command in place of the image's CMD, as a list or one text.")
    environment: Environment = Field((), description="Variables, as a mapping or a list of `KEY=value`.")
    requests: tuple[RequestSettings, ...] = Field(
        (), max_length=MAX_REQUESTS, description="HTTP requests, put in this order once the image listens."
    )
    services: tuple[ServiceSettings, ...] = Field(
        (),
        max_length=MAX_SERVICES,
        description="Services beside it, started in this order, reached by their names or on 127.0.0.1.",
    )
    status: int | None = Field(None, ge=0, le=255, description="Exit status that it must end with.")
    contains: Text | None = Field(None, description="Text that it must print, on stdout or stderr.")
    timeout: Annotated[Duration, AfterValidator(_patience)] = Field(
        60.0, description="Longest time of one run, 30 minutes at most."
    )

    def smoke(self) -> Smoke:
        """As it is tried."""
        return Smoke(
            command=self.command,
            environment=self.environment,
            requests=tuple(each.request() for each in self.requests),
            services=tuple(each.service() for each in self.services),
            status=self.status,
            contains=self.contains,
            timeout=self.timeout,
        )

    @model_validator(mode="after")
    def _services_are_told_apart(self) -> Self:
        for index, each in enumerate(self.services):
            for other in self.services[:index]:
                if each.name.lower() == other.name.lower():
                    raise contradiction(f"two services are called {each.name}", "services", index, "name")
                if each.port is not None and each.port == other.port:
                    raise contradiction(
                        f"{other.name} has port {each.port}, too: all of them share 127.0.0.1",
                        "services",
                        index,
                        "port",
                    )
        return self
