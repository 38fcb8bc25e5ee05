"""The Management API's answers: the fields that are used, tolerant of those that are not.

A field that is needed and missing is an error, never a default. The deprecated top-level credentials are not read at all.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, SecretStr
from pydantic.alias_generators import to_camel

from ...planning.model import Connection, Database, Project, Source, Status, Workspace


def _in_utc(value: datetime) -> datetime:
    """A time that can be reckoned with. Raises ``ValueError`` for one at the ends of time."""
    try:
        utc = value.astimezone(UTC)
    except OverflowError:
        utc = datetime.min.replace(tzinfo=UTC)
    if not 2000 <= utc.year <= 9000:
        raise ValueError("is a time before 2000 or after 9000")
    return utc


Time = Annotated[AwareDatetime, AfterValidator(_in_utc)]

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,128}$")]


def bare(id_: str) -> str:
    """An id without its prefix, for comparing: the prefix is optional on input and the API may echo either form."""
    return re.sub(r"\A(?:db|proj|con|wksp|br)_", "", id_)


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel)


class Named(_Wire):
    """What is mentioned by id and name: a workspace, a project, a region."""

    id: Id
    name: str = ""


class Pagination(_Wire):
    next_cursor: str | None = None
    has_more: bool


class ProjectWire(_Wire):
    id: Id
    name: str
    workspace: Named

    def to_model(self) -> Project:
        return Project(id=self.id, name=self.name, workspace=Workspace(self.workspace.id, self.workspace.name))


class BranchWire(_Wire):
    id: Id
    git_name: str
    is_default: bool
    role: str

    @property
    def protected(self) -> bool:
        """Whether it is the project's default branch or its production."""
        return self.is_default or self.role != "preview"


class VariableWire(_Wire):
    """An environment variable of Compute's, without its value: no read ever returns that."""

    id: Id
    key: str
    branch_id: str | None = None
    is_managed_by_system: bool = False
    updated_at: Time


class Region(_Wire):
    id: Id
    name: str = ""
    status: str = "available"


class Backup(_Wire):
    id: Id
    created_at: Time
    status: str


class Subscription(_Wire):
    plan_name: str


class _Used(_Wire):
    used: Annotated[float, Field(ge=0)]


class Metrics(_Wire):
    """What a database has used: operations, and storage in GiB."""

    operations: _Used
    storage: _Used


class Me(_Wire):
    """Which workspace a token belongs to."""

    workspace: Named | None = None


class EndpointWire(_Wire):
    host: str
    port: int
    connection_string: SecretStr | None = None


class EndpointsWire(_Wire):
    direct: EndpointWire | None = None
    pooled: EndpointWire | None = None


class ConnectionWire(_Wire):
    """A connection; its endpoints carry strings only in the answer that created it."""

    id: Id
    name: str
    created_at: Time
    kind: str = "postgres"
    endpoints: EndpointsWire = EndpointsWire()
    database: Named | None = None

    def to_model(self) -> Connection:
        return Connection(id=self.id, name=self.name, created_at=self.created_at)


class SourceWire(_Wire):
    type: str
    database_id: str = ""
    backup_id: str = ""

    def to_model(self) -> Source | None:
        return Source(self.database_id, self.backup_id) if self.type in ("database", "backup") else None


class DatabaseWire(_Wire):
    id: Id
    name: str
    status: Status
    created_at: Time
    is_default: bool
    project: Named
    region: Named | None = None
    logical_id: str | None = None
    default_connection_id: str | None = None
    branch_id: str | None = None
    connections: tuple[ConnectionWire, ...] = ()
    source: SourceWire | None = None

    def to_model(self) -> Database:
        return Database(
            id=self.id,
            name=self.name,
            logical_id=self.logical_id,
            status=self.status,
            created_at=self.created_at,
            is_default=self.is_default,
            project_id=self.project.id,
            region=self.region.id if self.region else None,
            default_connection_id=self.default_connection_id,
            connections=tuple(connection.to_model() for connection in self.connections),
            branch_id=bare(self.branch_id) if self.branch_id else None,
            can_be_adopted=self.logical_id is None and "logical_id" in self.model_fields_set,
            source=self.source.to_model() if self.source else None,
        )
