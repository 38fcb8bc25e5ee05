"""What was asked: the step's inputs (``INPUT_*``)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AliasChoices, Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict
from typing_extensions import override

from ..errors import InvalidInput
from . import access
from .environment import Environment, given, problem, where
from .fields import (
    AccountId,
    Address,
    Boolean,
    Branch,
    Connections,
    Count,
    DatabaseId,
    DatabaseName,
    Duration,
    Idle,
    Key,
    Label,
    Name,
    Path,
    Region,
    Repositories,
    RequestedConnection,
    Source,
    ThisShard,
    TimeLimit,
    Token,
    Variables,
)
from .model import Endpoint
from .repositories import Shard

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Command = Literal["auto", "create", "connect", "reset", "delete", "sweep", "shards", "plan", "doctor", "unseal"]
Wait = Literal["connectable", "ready", "none"]

TIMEOUT = timedelta(seconds=120)
INSIDE_TIMEOUT = timedelta(minutes=15)
SWEEP_TIMEOUT = timedelta(minutes=30)

_FOR_MANY = frozenset({"auto", "sweep", "shards", "plan", "doctor"})
"""The commands that a list of repositories goes with."""


class Inputs(Environment):
    """What the user asked for. A field is named as the input in ``action.yml`` is."""

    model_config = SettingsConfigDict(env_prefix="INPUT_")

    command: Command = "auto"
    service_token: Token | None = Field(default=None, validation_alias=AliasChoices("service_token", *access.SERVICE_TOKEN))
    project: Name | None = Field(default=None, validation_alias=AliasChoices("project", *access.PROJECT))
    create_project: Boolean = False
    workspace: Name | None = None
    region: Region = "inherit"
    source: Source = "empty"
    key: Key = ""
    pr: Annotated[int, Field(ge=1, le=2**53)] | None = None
    branch: Branch | None = None
    database_id: DatabaseId | None = None
    database_name: DatabaseName | None = None
    connections: Connections = (RequestedConnection(name="app"),)
    endpoint: Endpoint = Endpoint.DIRECT
    env_file: Path | None = None
    ephemeral: Boolean = False
    credential_grace: Duration = timedelta(hours=6)
    seal_with: SecretStr | None = None
    sealed: SecretStr | None = None  # no secret, and nothing for a log either
    wait: Wait = "connectable"
    timeout: TimeLimit | None = None
    verify_certificate: Boolean = True
    on_push: Literal["keep", "reset"] = "keep"
    migrations: Path | None = None
    on_drift: Literal["fail", "reset"] = "fail"
    seed: Path | None = None
    seed_always: Boolean = False
    anonymize: Path | None = None
    schema_diff: Boolean = False
    label: Label | None = None
    drafts: Boolean = True
    allow_forks: Boolean = False
    deployment: Boolean = False
    max_idle: Idle = None
    keep_label: Label = "keep-preview-db"
    max_deletions: Count = 50
    repositories: Repositories | None = None
    missing_repositories: Literal["report", "delete"] = "report"
    shard: ThisShard = Shard()
    max_deletions_per_repository: Count | None = None
    dry_run: Boolean = False
    platform_branch: Branch | None = None
    platform_branch_cleanup: Boolean = False
    compute_env: Variables = ()
    hyperdrive: Boolean = False
    hyperdrive_caching: Boolean = False
    cloudflare_account_id: AccountId | None = Field(
        default=None, validation_alias=AliasChoices("cloudflare_account_id", "INPUT_CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_ACCOUNT_ID")
    )
    cloudflare_api_token: Token | None = Field(
        default=None, validation_alias=AliasChoices("cloudflare_api_token", "INPUT_CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_TOKEN")
    )
    wrangler_config: Path | None = None
    wrangler_binding: str = Field(default="HYPERDRIVE", pattern=r"^[A-Za-z_$][A-Za-z0-9_$]{0,127}$")
    wrangler_env: Label | None = None
    cloudflare_api_base_url: Address = Field(
        default="https://api.cloudflare.com/client/v4", validation_alias=AliasChoices("CLOUDFLARE_API_BASE_URL")
    )
    comment: Boolean = True
    summary: Boolean = True
    github_token: Token | None = None
    management_api_url: Address = Field(default=access.PRISMA, validation_alias=AliasChoices(*access.MANAGEMENT_API_URL))

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
            raise ValueError("env_file takes the variables of connections, and none of those has one, as in app=DATABASE_URL")
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
        from .hyperdrive import CREDENTIAL  # both here, since the first request does not have to wait for them
        from .platform import CREDENTIAL as COMPUTE

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

    @classmethod
    @override
    def refused(cls, error: ErrorDetails) -> InvalidInput:
        field = where(error).removeprefix("INPUT_").lower()
        if not field:
            return InvalidInput(
                f"The inputs contradict each other: {problem(error)}.",
                cause="One of them was left over from another version of the workflow, or copied from a step with another command.",
                remedy="Correct them in the workflow file; nothing was touched.",
                problem=problem(error),
            )
        named = f"variable {where(error)}" if where(error).startswith(("PRISMA_", "CLOUDFLARE_")) else f"input {field}"
        return InvalidInput(
            f"The {named} {problem(error)}{given(cls, error)}.",
            cause="A slip in the workflow file, or an expression in it that came to something else than was meant.",
            remedy=f"Correct the {named} in the workflow file; nothing was touched.",
            named=field,
            problem=problem(error),
        )
