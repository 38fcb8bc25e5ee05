"""Settings read from a mapping of environment variables, and what is said of a value that makes no sense."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from pydantic import ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict
from typing_extensions import override

from ..errors import InvalidInput

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_LONGEST_VALUE = 60  # characters of a value that an error repeats


class Environment(BaseSettings):
    """Settings out of one mapping, handed in, and from nowhere else. An empty variable is an unset one, as the runner has it.

    Nothing is read from files: the workspace belongs to the pull request, and a ``.env`` there is not ours to believe.
    """

    model_config = SettingsConfigDict(
        env_ignore_empty=True, extra="ignore", frozen=True, populate_by_name=True, enable_decoding=False, validate_default=False
    )

    @classmethod
    @override
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """The settings in ``environ``.

        Raises:
            InvalidInput: a value makes no sense. The message names the input and what it takes, never the value of a secret.
        """
        source = _MappingSource(cls, environ)
        try:
            return cls(**source())
        except ValidationError as error:
            raise cls.refused(error.errors()[0]) from None

    @classmethod
    @abstractmethod
    def refused(cls, error: ErrorDetails) -> InvalidInput:
        """The error for the person who wrote the workflow, by the first thing that is wrong."""


class _MappingSource(EnvSettingsSource):
    """pydantic-settings' reading of an environment, from a mapping that is an argument rather than the process's."""

    def __init__(self, settings_cls: type[BaseSettings], environ: Mapping[str, str]) -> None:
        self._environ = environ
        super().__init__(settings_cls)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.lower(): value for name, value in self._environ.items() if value.strip()}


def where(error: ErrorDetails) -> str:
    """The field or variable that is wrong; empty where several contradict each other."""
    return str(error["loc"][0]) if error["loc"] else ""


def given(settings: type[BaseSettings], error: ErrorDetails) -> str:
    """``; it is '...'`` for an error that goes on with the value. Nothing for a secret, nor for an address, which may hold one."""
    value, named = error["input"], where(error).lower()
    secret = any("SecretStr" in str(field.annotation) for name, field in settings.model_fields.items() if name in named)
    if not isinstance(value, str) or secret or "://" in value:
        return ""
    return f"; it is {value[:_LONGEST_VALUE]!r}{'...' if len(value) > _LONGEST_VALUE else ''}"


def problem(error: ErrorDetails) -> str:
    """What is wrong, as the second half of a sentence that begins with the input's name."""
    context: dict[str, Any] = error.get("ctx", {})
    if "error" in context:
        return str(context["error"])
    if error["type"] in ("literal_error", "enum"):
        return f"takes {context['expected'].replace(chr(39), '')}"
    if error["type"] in ("greater_than_equal", "less_than_equal"):
        bound = "from" if error["type"] == "greater_than_equal" else "up to"
        return f"takes a whole number {bound} {context.get('ge', context.get('le'))}"
    if error["type"].startswith("int"):
        return "takes a whole number"
    if error["type"] == "string_too_long":
        return f"takes at most {context['max_length']} characters"
    return f"does not fit: {error['msg']}"
