"""What was asked: the step's inputs (``INPUT_*``) and what the runner says of itself (``GITHUB_*``).

Nothing is read from files: the workspace belongs to the pull request, and a ``.env`` there is not ours to believe.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AliasChoices,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from ..errors import InvalidInput
from ..hosts import trusted_url
from . import identity
from .fields import Boolean, Duration, RequestedConnection, RequestedVariable, connection_lines, duration_or_never, variable_list
from .hyperdrive import CREDENTIAL
from .model import Endpoint
from .platform import CREDENTIAL as COMPUTE
from .repositories import Selection, Shard

Command = Literal["auto", "create", "connect", "reset", "delete", "sweep", "shards", "plan", "doctor", "unseal"]
Wait = Literal["connectable", "ready", "none"]

TIMEOUT = timedelta(seconds=120)
INSIDE_TIMEOUT = timedelta(minutes=15)
SWEEP_TIMEOUT = timedelta(minutes=30)

_FOR_MANY = frozenset({"auto", "sweep", "shards", "plan", "doctor"})
"""The commands that a list of repositories goes with."""

_LONGEST_VALUE = 60  # characters of a value that an error repeats


class _Environment(BaseSettings):
    """Settings out of one mapping, handed in, and from nowhere else. An empty variable is an unset one, as the runner has it."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True, populate_by_name=True, enable_decoding=False)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic-settings', and it is this class
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the process's environment is not read: a mapping is handed in
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - nor is a file of the workspace, which is the pull request's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - nor is a folder of secrets
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
            raise _invalid(cls, error) from None


class _MappingSource(EnvSettingsSource):
    """pydantic-settings' reading of an environment, from a mapping that is an argument rather than the process's."""

    def __init__(self, settings_cls: type[BaseSettings], environ: Mapping[str, str]) -> None:
        self._environ = environ
        super().__init__(settings_cls)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.lower(): value for name, value in self._environ.items() if value.strip()}


def _input(*names: str, **extra: Any) -> Any:
    """A field read from ``INPUT_<NAME>`` or, failing that, from the ecosystem's own variables."""
    return Field(validation_alias=AliasChoices(*names), **extra)


def _path() -> Any:
    """A path in the workspace."""
    return Field(default=None, max_length=1024)


def _read_by(parse: Callable[[str], object]) -> Callable[[object], object]:
    """A validator for what ``parse`` makes of a text."""
    return lambda value: parse(value) if isinstance(value, str) else value


class Inputs(_Environment):
    """What the user asked for. A field is named as the input in ``action.yml`` is."""

    model_config = SettingsConfigDict(env_prefix="INPUT_")

    command: Command = "auto"
    service_token: SecretStr | None = _input("service_token", "INPUT_SERVICE_TOKEN", "PRISMA_SERVICE_TOKEN", default=None)
    project: str | None = _input("project", "INPUT_PROJECT", "INPUT_PROJECT_ID", "PRISMA_PROJECT_ID", default=None, max_length=256)
    create_project: Boolean = False
    workspace: str | None = Field(default=None, max_length=256)
    region: str = "inherit"
    source: str = "empty"
    key: str = ""
    pr: Annotated[int, Field(ge=1, le=2**53)] | None = None
    branch: str | None = Field(default=None, max_length=255)
    database_id: str | None = None
    database_name: str | None = Field(default=None, max_length=255)
    connections: Annotated[tuple[RequestedConnection, ...], BeforeValidator(connection_lines)] = (RequestedConnection(name="app"),)
    endpoint: Endpoint = Endpoint.DIRECT
    env_file: str | None = Field(default=None, max_length=1024)
    ephemeral: Boolean = False
    credential_grace: Duration = timedelta(hours=6)
    seal_with: SecretStr | None = None
    sealed: SecretStr | None = None  # no secret, and nothing for a log either
    wait: Wait = "connectable"
    timeout: Duration | None = None
    verify_certificate: Boolean = True
    on_push: Literal["keep", "reset"] = "keep"
    migrations: str | None = _path()
    on_drift: Literal["fail", "reset"] = "fail"
    seed: str | None = _path()
    seed_always: Boolean = False
    anonymize: str | None = _path()
    schema_diff: Boolean = False
    label: str | None = Field(default=None, max_length=100)
    drafts: Boolean = True
    allow_forks: Boolean = False
    deployment: Boolean = False
    max_idle: Annotated[timedelta | None, BeforeValidator(duration_or_never)] = None
    keep_label: str = Field(default="keep-preview-db", max_length=100)
    max_deletions: Annotated[int, Field(ge=0, le=10_000)] = 50
    repositories: Annotated[Selection | None, BeforeValidator(_read_by(Selection.parse))] = Field(default=None)
    missing_repositories: Literal["report", "delete"] = "report"
    shard: Annotated[Shard, BeforeValidator(_read_by(Shard.parse))] = Shard()
    max_deletions_per_repository: Annotated[int, Field(ge=0, le=10_000)] | None = None
    dry_run: Boolean = False
    platform_branch: str | None = Field(default=None, max_length=255)
    platform_branch_cleanup: Boolean = False
    compute_env: Annotated[tuple[RequestedVariable, ...], BeforeValidator(variable_list)] = ()
    hyperdrive: Boolean = False
    hyperdrive_caching: Boolean = False
    cloudflare_account_id: str | None = _input(
        "cloudflare_account_id", "INPUT_CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_ACCOUNT_ID", default=None
    )
    cloudflare_api_token: SecretStr | None = _input(
        "cloudflare_api_token", "INPUT_CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_TOKEN", default=None
    )
    wrangler_config: str | None = _path()
    wrangler_binding: str = Field(default="HYPERDRIVE", pattern=r"^[A-Za-z_$][A-Za-z0-9_$]{0,127}$")
    wrangler_env: str | None = Field(default=None, max_length=100)
    cloudflare_api_base_url: str = _input("CLOUDFLARE_API_BASE_URL", default="https://api.cloudflare.com/client/v4")
    comment: Boolean = True
    summary: Boolean = True
    github_token: SecretStr | None = None
    management_api_url: str = _input("PRISMA_MANAGEMENT_API_URL", default="https://api.prisma.io")

    def time_limit(self, *, sweep: bool = False) -> timedelta:
        """How long the run may take: ``timeout``, or the default, which is longer for a sweep, and for what is done inside the database."""
        inside = self.migrations or self.seed or self.anonymize
        return self.timeout or (SWEEP_TIMEOUT if sweep else INSIDE_TIMEOUT if inside else TIMEOUT)

    @property
    def projects(self) -> tuple[str, ...]:
        """The projects of a sweep of many: ids or names, with commas between them; ``*`` for all of the workspace."""
        return tuple(name for part in (self.project or "").split(",") if (name := part.strip()))

    @property
    def only_plans(self) -> bool:
        """Whether the run says what it would do, and does nothing."""
        return self.command == "plan" or self.dry_run

    @field_validator("region")
    @classmethod
    def _region(cls, value: str) -> str:
        if not re.fullmatch(r"[a-z]{2,12}(?:-[a-z]+-[0-9]+)?", value, re.ASCII):
            raise ValueError("takes inherit or a region such as eu-central-1")
        return value

    @field_validator("source")
    @classmethod
    def _source(cls, value: str) -> str:
        if not re.fullmatch(r"[^\s/](?:[^/]{0,253}[^\s/])?(?:/[A-Za-z0-9_.:-]{1,128})?", value) or not value.isprintable():
            raise ValueError("takes empty, a database's id or name, or <id or name>/<backup id>")
        return value

    @field_validator("database_id")
    @classmethod
    def _database_id(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", value, re.ASCII):
            raise ValueError("takes the database_id that an earlier step or job put out, such as db_abc123")
        return value

    @field_validator("key")
    @classmethod
    def _key(cls, value: str) -> str:
        if value and not identity.KEY.fullmatch(value):
            raise ValueError(f"takes a-z, 0-9 and single '-' between them, at most {identity.MAX_KEY_LENGTH} characters")
        return value

    @field_validator("branch", "platform_branch")
    @classmethod
    def _branch(cls, value: str | None) -> str | None:
        if value is not None:
            value = value.removeprefix("refs/heads/")
            # What git check-ref-format forbids, as far as it could mislead.
            if not value or re.search(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|//|@\{|\A[-/]|[/.]\Z|\.lock\Z", value):
                raise ValueError("takes a branch's name as git has it, such as feat/checkout")
        return value

    @field_validator("database_name", "label", "project", "workspace", "migrations", "seed", "anonymize", "wrangler_config", "wrangler_env")
    @classmethod
    def _printable(cls, value: str | None) -> str | None:
        if value is not None and not value.isprintable():
            raise ValueError("takes printable characters only")
        return value

    @field_validator("max_idle")
    @classmethod
    def _max_idle(cls, value: timedelta | None) -> timedelta | None:
        if value is not None and value < timedelta(hours=1):
            raise ValueError("takes never, or at least 1h")
        return value

    @field_validator("timeout")
    @classmethod
    def _timeout(cls, value: timedelta | None) -> timedelta | None:
        if value is not None and not timedelta(seconds=1) <= value <= timedelta(hours=6):
            raise ValueError("takes from 1s to 6h")
        return value

    @field_validator("cloudflare_account_id")
    @classmethod
    def _account_id(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[0-9a-f]{32}", value, re.ASCII):
            raise ValueError("takes the 32 hexadecimal digits that Cloudflare's dashboard shows in its address")
        return value

    @field_validator("service_token", "github_token", "cloudflare_api_token")
    @classmethod
    def _token(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not re.fullmatch(r"[\x21-\x7e]{1,8192}", value.get_secret_value()):
            raise ValueError("takes a token without spaces or line breaks: check how the secret was pasted")
        return value

    @field_validator("management_api_url", "cloudflare_api_base_url")
    @classmethod
    def _api_url(cls, value: str) -> str:
        return trusted_url(value)

    @model_validator(mode="after")
    def _of_many_or_of_one(self) -> Self:
        of_many = (self.missing_repositories != "report", self.shard != Shard(), self.max_deletions_per_repository is not None)
        if self.repositories is None and any(of_many):
            raise ValueError("missing_repositories, shard and max_deletions_per_repository go with repositories, which is empty")
        if self.repositories is None and self.command == "shards":
            raise ValueError("the command shards says in how many parts to sweep repositories, which is empty")
        if self.repositories is not None and self.command not in _FOR_MANY:
            raise ValueError(f"repositories is for a sweep of many, and command is {self.command}")
        return self

    @model_validator(mode="after")
    def _makes_sense_together(self) -> Self:
        if self.database_id is not None and self.command not in ("connect", "delete"):
            raise ValueError("database_id is a handle for the commands connect and delete")
        if self.env_file is not None and self.command != "unseal" and not any(connection.variable for connection in self.connections):
            raise ValueError("env_file is to get the variables of connections, and none of those has one, as in app=DATABASE_URL")
        if self.ephemeral and self.seal_with is not None:
            raise ValueError("ephemeral ends the credentials with this job, and seal_with is there to pass them on to another")
        if self.command == "unseal" and (self.sealed is None or self.seal_with is None):
            raise ValueError("the command unseal needs sealed, the text, and seal_with, the passphrase it was sealed with")
        if self.anonymize is not None and self.source == "empty":
            raise ValueError("anonymize is for the data that a new database is cloned from, and source names none")
        if self.schema_diff and self.migrations is None and self.source == "empty":
            raise ValueError("schema_diff compares with the schema of source, or with the one before the migrations, and there is neither")
        if self.seed_always and self.seed is None:
            raise ValueError("seed_always runs the seed on every run, and seed names none")
        if self.pr is not None and self.branch is not None:
            raise ValueError("pr and branch can't both say what it is about")
        return self

    @model_validator(mode="after")
    def _makes_sense_beside_the_database(self) -> Self:
        if self.hyperdrive and any(connection.name == CREDENTIAL for connection in self.connections):
            raise ValueError(
                f"the Hyperdrive configuration has a credential of its own that is called {CREDENTIAL}, and so can't be another's"
            )
        if self.platform_branch is None and (self.compute_env or self.platform_branch_cleanup):
            raise ValueError("compute_env and platform_branch_cleanup are about the platform branch, and platform_branch names none")
        if self.compute_env and any(connection.name == COMPUTE for connection in self.connections):
            raise ValueError(f"Compute's variables have a credential of their own that is called {COMPUTE}, and so can't be another's")
        if self.wrangler_config is not None and not self.hyperdrive:
            raise ValueError("wrangler_config gets the id of the Hyperdrive configuration, and hyperdrive is false")
        return self


class Job(_Environment):
    """What the runner says of this run.

    Attributes:
        repository_id: None on runners that don't say it: act's, and those of Gitea and Forgejo, which are built on it.
    """

    model_config = SettingsConfigDict(env_prefix="GITHUB_")

    repository: str = Field(pattern=r"^[^/\s]{1,100}/[^/\s]{1,100}$")
    repository_id: Annotated[int, Field(ge=1)] | None = None
    event_name: str
    event_path: str
    run_id: Annotated[int, Field(ge=0)] = 0
    run_attempt: Annotated[int, Field(ge=1)] = 1
    api_url: str = "https://api.github.com"
    server_url: str = "https://github.com"
    sha: str = ""

    @field_validator("api_url", "server_url")
    @classmethod
    def _api_url(cls, value: str) -> str:
        return trusted_url(value)

    @property
    def host(self) -> str:
        """Of the GitHub server, such as ``github.com``."""
        return urlsplit(self.server_url).hostname or ""

    @property
    def mint_suffix(self) -> str:
        """What the names of this run's credentials end in."""
        return f"{self.run_id}-{self.run_attempt}"


def _invalid(settings: type[BaseSettings], error: ValidationError) -> InvalidInput:
    """The first thing wrong, by the input's own name, with the value where that is no secret."""
    first = error.errors(include_url=False, include_context=True)[0]
    where = str(first["loc"][0]) if first["loc"] else ""
    field = where.removeprefix("INPUT_").lower()
    named = f"variable {where}" if where.startswith(("PRISMA_", "CLOUDFLARE_")) else f"input {field}"
    if settings is Job:
        return InvalidInput(
            f"The runner's variable GITHUB_{field.upper()} is missing or makes no sense{_given(settings, first)}.",
            cause="The step does not run under GitHub Actions, or a wrapper does not pass the runner's environment on.",
            remedy="Run it as a step of a workflow ('uses:'), or use the preview-db command in a terminal.",
        )
    message = str(first["ctx"]["error"]) if "error" in first.get("ctx", {}) else _plain(first)
    return InvalidInput(
        f"The {named} {message}{_given(settings, first)}." if field else f"The inputs contradict each other: {message}.",
        cause="A slip in the workflow file, or an expression in it that came to something else than was meant."
        if field
        else "One of them was left over from another version of the workflow, or copied from a step with another command.",
        remedy=f"Correct {f'the {named}' if field else 'them'} in the workflow file; nothing was touched.",
        named=field,
        problem=message,
    )


def _given(settings: type[BaseSettings], error: Any) -> str:
    """``; it is '...'`` for an error that goes on with the value. Nothing for a secret, nor for an address, which may hold one."""
    value, where = error["input"], str(error["loc"][0]) if error["loc"] else ""
    secret = any("SecretStr" in str(settings.model_fields[name].annotation) for name in settings.model_fields if name in where.lower())
    if error["type"] == "missing" or not isinstance(value, str) or secret or "://" in value:
        return ""
    return f"; it is {value[:_LONGEST_VALUE]!r}{'...' if len(value) > _LONGEST_VALUE else ''}"


def _plain(error: Any) -> str:
    """A pydantic message as the second half of a sentence that begins with the input's name."""
    if error["type"] in ("literal_error", "enum"):
        return f"takes {error['ctx']['expected'].replace(chr(39), '')}"
    if error["type"] in ("greater_than_equal", "less_than_equal"):
        bound = "from" if error["type"] == "greater_than_equal" else "up to"
        return f"takes a whole number {bound} {error['ctx'].get('ge', error['ctx'].get('le'))}"
    if error["type"].startswith("int"):
        return "takes a whole number"
    if error["type"] == "string_too_long":
        return f"takes at most {error['ctx']['max_length']} characters"
    return f"does not fit: {error['msg']}"
