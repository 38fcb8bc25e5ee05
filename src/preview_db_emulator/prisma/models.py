"""The models of the emulated workspace, and the way it says no.

Times are Unix seconds; ids are bare, and get the contract's prefix where they are shown.
"""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass, field
from typing import Literal

REGIONS = {
    "us-east-1": "US East (N. Virginia)",
    "us-west-1": "US West (N. California)",
    "eu-west-3": "Europe (Paris)",
    "eu-central-1": "Europe (Frankfurt)",
    "ap-northeast-1": "Asia Pacific (Tokyo)",
    "ap-southeast-1": "Asia Pacific (Singapore)",
}
DEFAULT_REGION = "us-east-1"
Status = Literal["provisioning", "ready", "failure", "recovering"]
Role = Literal["production", "preview"]
BackupStatus = Literal["running", "completed", "failed", "unknown"]
BackupType = Literal["full", "incremental", "differential"]


class Refusal(Exception):
    """The service says no: an HTTP status, the contract's error code and a message."""

    def __init__(self, status: int, code: str, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.hint = hint


def invalid(message: str) -> Refusal:
    return Refusal(422, "validation-error", message)


def missing(what: str, id: str) -> Refusal:
    return Refusal(404, "resource-not-found", f"{what} {id} was not found")


@dataclass(frozen=True, slots=True)
class Project:
    id: str
    name: str
    logical_id: str | None
    region: str
    created_at: float

    @property
    def key(self) -> str:
        return self.id


@dataclass(frozen=True, slots=True)
class Branch:
    id: str
    project_id: str
    git_name: str
    is_default: bool
    role: Role
    created_at: float
    updated_at: float

    @property
    def key(self) -> str:
        return self.id


@dataclass(frozen=True, slots=True)
class Database:
    """``postgres_name`` is None as long as there is no PostgreSQL database behind it; ``fixed_status`` is a status it never leaves."""

    id: str
    project_id: str
    name: str
    region: str
    created_at: float
    ready_at: float
    branch_id: str
    logical_id: str | None = None
    is_default: bool = False
    operations: int = 0
    storage_gib: float = 0.0
    default_connection_id: str | None = None
    source: dict[str, str] | None = None
    postgres_name: str | None = None
    recovering_until: float = 0
    fixed_status: Status | None = None
    refusing: str | None = None

    @property
    def key(self) -> str:
        return self.id

    @property
    def owner(self) -> str:
        return f"owner_{self.id}"

    def status(self, now: float) -> Status:
        if self.fixed_status:
            return self.fixed_status
        if now < self.recovering_until:
            return "recovering"
        return "ready" if now >= self.ready_at else "provisioning"


@dataclass(frozen=True, slots=True)
class Connection:
    """``role`` is None for one that was seeded: nobody was ever told a password."""

    id: str
    database_id: str
    name: str
    created_at: float
    role: str | None = None

    @property
    def key(self) -> str:
        return self.id


@dataclass(frozen=True, slots=True)
class Backup:
    """What was in a database at a time, kept in a PostgreSQL database of its own."""

    id: str
    database_id: str
    created_at: float
    status: BackupStatus = "completed"
    backup_type: BackupType = "full"
    size: int | None = None

    @property
    def key(self) -> str:
        return self.id

    @property
    def postgres_name(self) -> str:
        return f"backup_{self.id}"

    @property
    def owner(self) -> str:
        return f"owner_{self.postgres_name}"


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A connection that went with its database: deleting it is still answered 204."""

    key: str


@dataclass(frozen=True, slots=True)
class IssuedConnection:
    """A connection with the secret, which is in the one answer that creates it and nowhere else."""

    connection: Connection
    password: str
    postgres_name: str


@dataclass(slots=True)
class Settings:
    """What the control surface may change while the emulator runs. Times in seconds.

    list_lag_s, list_lag_requests: a database that is created while they are set is missing from lists for so long, and from so many
    answers it would have been in; it can be read by its id at once, and its ``logicalId`` is taken.
    """

    provisioning_s: float = 0
    recovery_s: float = 0
    cold_start_s: float = 0
    list_lag_s: float = 0
    list_lag_requests: int = 0
    database_limit: int | None = None
    limit_status: int = 403
    logical_id: Literal["known", "ignored", "refused"] = "known"
    password_alphabet: str = string.ascii_letters + string.digits
    connection_on_create: bool = True
    next_statuses: list[Status] = field(default_factory=list)


def bare(id: str, prefix: str) -> str:
    """An id without its prefix, which is optional on input."""
    return id.removeprefix(f"{prefix}_")


def new_id() -> str:
    """An id in the form of the service's: 25 characters of ``[a-z0-9]``, the first one ``c``."""
    alphabet = string.ascii_lowercase + string.digits
    return "c" + "".join(secrets.choice(alphabet) for _ in range(24))
