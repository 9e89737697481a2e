"""What all settings' models share: how keys are written, what else is known of a setting, how models refuse."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What else is known of a setting: its default in words, and where alone it may be given.

    The file comes with the branch that is weighed, perhaps a stranger's. So what reaches out of the repository, into
    the machine's environment, files, network or caches, is `run_only`. What is too rich for one text is `file_only`.
    `no_input` ones mean something to a command that the action does not run.
    """

    default: str | None = None
    run_only: bool = False
    file_only: bool = False
    no_input: bool = False


def kebab(name: str) -> str:
    """A field's name as it is written in inputs, options and the file."""
    return name.replace("_", "-")


class Model(BaseModel):
    """Frozen, and without room for unknown keys; messages never repeat values, which may be secrets."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=kebab,
        validate_by_name=True,
        validate_by_alias=True,
        hide_input_in_errors=True,
    )


def contradiction(message: str, *at: str | int) -> PydanticCustomError:
    """An error of a whole model, with the place inside it that the user should look at."""
    return PydanticCustomError("contradiction", "{message}", {"message": message, "at": at})
