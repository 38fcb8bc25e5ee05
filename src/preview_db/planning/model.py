"""The nouns, frozen: what a preview is for, and what exists."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple


class Kind(enum.StrEnum):
    """What a preview belongs to. The value is its part of the identity string."""

    PULL_REQUEST = "pr"
    BRANCH = "br"
    MERGE_QUEUE = "mq"


class Endpoint(enum.StrEnum):
    """Which of a connection's two ends a string points at.

    ``direct`` is for migrations, dumps and session state; ``pooled`` is the same login through a pooler in transaction mode.
    """

    DIRECT = "direct"
    POOLED = "pooled"


class Status(enum.StrEnum):
    """A database's state, as the Management API names it. ``failure`` is terminal."""

    PROVISIONING = "provisioning"
    READY = "ready"
    FAILURE = "failure"
    RECOVERING = "recovering"


class Repository(NamedTuple):
    """A GitHub repository. The id stays when it is renamed or transferred; the name (``owner/name``) does not.

    Attributes:
        host: of the server it is on, such as ``github.com``: ids are a server's own.
    """

    id: int
    full_name: str
    host: str = "github.com"


class Workspace(NamedTuple):
    """A Prisma workspace: what a service token belongs to."""

    id: str
    name: str


class Project(NamedTuple):
    """A Prisma project: what databases are created in."""

    id: str
    name: str
    workspace: Workspace


class Scope(NamedTuple):
    """What one preview is for.

    Attributes:
        ref: a pull request's number as digits, or a branch's name as git has it.
        key: tells several databases of one pull request apart; empty for the only one.
    """

    repository: Repository
    kind: Kind
    ref: str
    key: str = ""

    @property
    def pull_request(self) -> int | None:
        """The pull request's number, if this is the preview of one."""
        return int(self.ref) if self.kind is Kind.PULL_REQUEST else None

    def __str__(self) -> str:
        what = {
            Kind.PULL_REQUEST: f"pull request #{self.ref}",
            Kind.BRANCH: f"branch {self.ref}",
            Kind.MERGE_QUEUE: f"merge queue entry of #{self.ref}",
        }[self.kind]
        return f"{what} ({self.key})" if self.key else what


class Connection(NamedTuple):
    """A credential of a database, without its secret: no read ever returns that."""

    id: str
    name: str
    created_at: datetime


class Source(NamedTuple):
    """What a database was made from: another one as it was then, or one of its backups."""

    database_id: str
    backup_id: str = ""


class Database(NamedTuple):
    """A database as the Management API describes it.

    ``identity`` is its ``logicalId`` where the server knows that, else its name. ``can_be_adopted`` says that the server knows
    ``logicalId`` and this one has none.
    """

    id: str
    name: str
    logical_id: str | None
    status: Status
    created_at: datetime
    is_default: bool
    project_id: str
    region: str | None
    default_connection_id: str | None
    connections: tuple[Connection, ...] = ()
    can_be_adopted: bool = False
    branch_id: str | None = None
    source: Source | None = None

    @property
    def identity(self) -> str:
        return self.logical_id or self.name


class PlatformBranch(NamedTuple):
    """A branch of Prisma's platform: what the databases, services and variables of one line of work belong to.

    Attributes:
        id: without its prefix.
        protected: whether it is the project's default branch or its production: no preview is ever put there.
        variables: the ids of Compute's variables that are set for it alone, by name.
        set_at: when each of them got its value, which no read returns.
        managed: the names of those that are the system's.
    """

    id: str
    git_name: str
    protected: bool
    variables: Mapping[str, str]
    set_at: Mapping[str, datetime]
    managed: frozenset[str]


class Configuration(NamedTuple):
    """A Hyperdrive configuration at Cloudflare, without its password: no read ever returns that.

    Attributes:
        name: the identity of the preview it is of, if it is ours.
        host, port: where it logs in.
    """

    id: str
    name: str
    host: str
    port: int
    created_at: datetime


class DatabaseReference(NamedTuple):
    """What is enough to name a database to another job."""

    id: str
    name: str
    project_id: str
