"""The Management API's answers, in exactly the published shapes, the deprecated fields included.

A method a model; the legacy shapes are the same objects with more or fewer fields.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from .models import REGIONS, Backup, Branch, Connection, Database, IssuedConnection, Project
from .workspace import Workspace

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the stand-in is reached: the API's origin, and the ports of the two PostgreSQL endpoints on ``host``."""

    api_url: str
    host: str
    direct_port: int
    pooled_port: int


def timestamp(seconds: float) -> str:
    """ISO 8601 with milliseconds and Z, as JavaScript writes it."""
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Serializer:
    """Turns a workspace's models into the contract's JSON."""

    def __init__(self, workspace: Workspace, addresses: Addresses) -> None:
        self._workspace = workspace
        self._addresses = addresses

    def workspace(self) -> Json:
        id = f"wksp_{self._workspace.id}"
        created = min((project.created_at for project in self._workspace.projects), default=0.0)
        return {
            "id": id,
            "type": "workspace",
            "url": self._url("workspaces", id),
            "name": self._workspace.name,
            "createdAt": timestamp(created),
        }

    def project(self, project: Project) -> Json:
        workspace = self.workspace()
        return {
            **self._head("project", "projects", f"proj_{project.id}", project.name),
            "logicalId": project.logical_id,
            "createdAt": timestamp(project.created_at),
            "defaultRegion": project.region,
            "workspace": {key: workspace[key] for key in ("id", "url", "name")},
        }

    def project_created(self, project: Project, created: tuple[Database, list[IssuedConnection]] | None) -> Json:
        database = None
        if created:
            database = self.database_created_legacy(*created)
            del database["project"]
        return {**self.project(project), "database": database}

    def branch(self, branch: Branch) -> Json:
        id = f"br_{branch.id}"
        return {
            "id": id,
            "type": "branch",
            "url": self._url("branches", id),
            "gitName": branch.git_name,
            "isDefault": branch.is_default,
            "role": branch.role,
            "createdAt": timestamp(branch.created_at),
            "updatedAt": timestamp(branch.updated_at),
            "project": self._project_reference(branch.project_id),
        }

    def database(self, database: Database) -> Json:
        connections = [self.connection(connection, database) for connection in self._workspace.connections_of(database)]
        return self._database(database, connections)

    def database_created(self, database: Database, issued: Sequence[IssuedConnection]) -> Json:
        return self._database(database, [self._connection_created(new, database) for new in issued])

    def database_created_legacy(self, database: Database, issued: Sequence[IssuedConnection]) -> Json:
        fields = self.database_created(database, issued)
        if fields["status"] != "ready":
            fields["status"] = "provisioning"  # the only other status of this shape
        keys = []
        for new in issued:
            key = self.connection(new.connection, database)
            del key["database"]
            keys.append({**key, "connectionString": _accelerate(new), "directConnection": self._direct(new)})
        return {
            **fields,
            "apiKeys": keys,
            "connectionString": _accelerate(issued[0]) if issued else None,
            "directConnection": self._direct(issued[0]) if issued else None,
        }

    def backup(self, backup: Backup) -> Json:
        size = {} if backup.size is None else {"size": backup.size}
        created = timestamp(backup.created_at)
        return {"id": backup.id, "type": "backup", "backupType": backup.backup_type, "createdAt": created, "status": backup.status, **size}

    def connection(self, connection: Connection, database: Database) -> Json:
        database_id = f"db_{database.id}"
        return {
            **self._head("connection", "connections", f"con_{connection.id}", connection.name),
            "createdAt": timestamp(connection.created_at),
            "kind": "postgres",
            "endpoints": {name: {"host": self._addresses.host, "port": port} for name, port in self._ports().items()},
            "directConnection": None,
            "database": {"id": database_id, "url": self._url("databases", database_id), "name": database.name},
        }

    def connection_with_secrets(self, issued: IssuedConnection, database: Database) -> Json:
        return {
            **self._connection_created(issued, database),
            "connectionString": _accelerate(issued),
            **self._direct(issued),
        }

    def _connection_created(self, issued: IssuedConnection, database: Database) -> Json:
        fields = self.connection(issued.connection, database)
        for name, endpoint in fields["endpoints"].items():
            endpoint["connectionString"] = self._url_of(issued, name)
        return {**fields, "directConnection": self._direct(issued)}

    def _database(self, database: Database, connections: list[Json]) -> Json:
        fields = {
            **self._head("database", "databases", f"db_{database.id}", database.name),
            "status": self._workspace.status(database),
            "createdAt": timestamp(database.created_at),
            "isDefault": database.is_default,
            "defaultConnectionId": database.default_connection_id and f"con_{database.default_connection_id}",
            "connections": connections,
            "project": self._project_reference(database.project_id),
            "region": {"id": database.region, "name": REGIONS[database.region]},
            "source": database.source,
            "branchId": f"br_{database.branch_id}",
            "logicalId": database.logical_id,
        }
        if self._workspace.settings.logical_id != "known":
            del fields["logicalId"]
        return fields

    def _head(self, kind: str, collection: str, id: str, name: str) -> Json:
        return {"id": id, "type": kind, "url": self._url(collection, id), "name": name}

    def _project_reference(self, project_id: str) -> Json:
        id = f"proj_{project_id}"
        return {"id": id, "url": self._url("projects", id), "name": self._workspace.project(project_id).name}

    def _url(self, collection: str, id: str) -> str:
        return f"{self._addresses.api_url}/v1/{collection}/{id}"

    def _ports(self) -> dict[str, int]:
        return {"direct": self._addresses.direct_port, "pooled": self._addresses.pooled_port}

    def _url_of(self, issued: IssuedConnection, endpoint: str = "direct") -> str:
        user, password, name = (quote(part, safe="") for part in (issued.connection.role or "", issued.password, issued.postgres_name))
        return f"postgres://{user}:{password}@{self._addresses.host}:{self._ports()[endpoint]}/{name}?sslmode=require"

    def _direct(self, issued: IssuedConnection) -> Json:
        """The deprecated form, whose ``host`` is host and port: published clients build their own URL of it."""
        host = f"{self._addresses.host}:{self._addresses.direct_port}"
        return {"host": host, "pass": issued.password, "user": issued.connection.role}


def _accelerate(issued: IssuedConnection) -> str:
    """The deprecated top-level string: an Accelerate address with an API key. It logs in nowhere; its host does not even exist."""
    return f"prisma+postgres://accelerate.prisma-data.invalid/?api_key=emulated.{issued.connection.id}"
