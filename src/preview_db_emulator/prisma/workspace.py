"""The emulated workspace: its projects, databases and connections, and everything that can be done to them.

Knows nothing of HTTP: what the service refuses is a ``Refusal`` with the contract's status and code.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace
from typing import Any, NoReturn
from weakref import WeakValueDictionary

from ..postgres.server import Postgres
from ..store import Archive, Table
from .backups import Backups
from .branches import Branches
from .listing import Lag
from .models import (
    DEFAULT_REGION,
    Backup,
    Connection,
    Database,
    IssuedConnection,
    Project,
    Refusal,
    Settings,
    Status,
    Tombstone,
    bare,
    missing,
    new_id,
)
from .storage import Storage


class Workspace:
    """The one workspace, on top of one real server."""

    def __init__(
        self,
        *,
        id: str,
        name: str,
        archive: Archive,
        postgres: Postgres,
        settings: Settings,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.id = id
        self.name = name
        self.settings = settings
        self.projects = Table(Project, archive)
        self.databases = Table(Database, archive)
        self.branches = Branches(archive, clock, lambda branch: any(database.branch_id == branch.id for database in self.databases))
        self.connections = Table(Connection, archive)
        self._tombstones = Table(Tombstone, archive)
        self._connections_of: dict[str, set[str]] = defaultdict(set)
        for connection in self.connections:
            self._connections_of[connection.database_id].add(connection.id)
        self._storage = Storage(postgres, settings)
        self.backups = Backups(archive, self._storage)
        self._restoring: set[str] = set()
        # A lock lives as long as somebody holds or awaits it.
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self.lag = Lag(settings, clock)
        self._creating = 0
        self.clock = clock

    # Projects

    def project(self, id: str) -> Project:
        return self.projects.get(bare(id, "proj")) or _raise(missing("Project", id))

    async def create_project(
        self, *, name: str, region: str = DEFAULT_REGION, logical_id: str | None = None, with_database: bool = True
    ) -> tuple[Project, tuple[Database, list[IssuedConnection]] | None]:
        if logical_id is not None and any(project.logical_id == logical_id for project in self.projects):
            raise Refusal(409, "conflict", f"A project with logicalId {logical_id!r} exists already")
        project = self.add_project(name, region, logical_id=logical_id)
        if not with_database:
            return project, None
        try:
            return project, await self.create_database(project, name=name, region=region, is_default=True)
        except Refusal:
            await self.delete_project(project)
            raise

    def add_project(self, name: str, region: str, *, id: str | None = None, logical_id: str | None = None) -> Project:
        """Add a project with its default branch, and no database."""
        now = self.clock()
        project = self.projects.put(Project(id or new_id(), name, logical_id, region, now))
        self.branches.create(project.id, "main")
        return project

    def rename_project(self, project: Project, name: str) -> Project:
        return self.projects.put(replace(project, name=name))

    async def delete_project(self, project: Project) -> None:
        for database in [found for found in self.databases if found.project_id == project.id]:
            await self._take_away(database)
        self.branches.delete_all_of(project.id)
        self.projects.remove(project.id)

    # Databases

    def database(self, id: str) -> Database:
        return self.databases.get(bare(id, "db")) or _raise(missing("Database", id))

    def status(self, database: Database) -> Status:
        return "recovering" if database.id in self._restoring else database.status(self.clock())

    async def create_database(
        self,
        project: Project,
        *,
        name: str | None = None,
        region: str = DEFAULT_REGION,
        logical_id: str | None = None,
        branch_id: str | None = None,
        is_default: bool = False,
        source: dict[str, str] | None = None,
    ) -> tuple[Database, list[IssuedConnection]]:
        """Create a database one can log in to, and the first connection to it (none if the settings say so)."""
        self._check_source(source)
        branch_id = branch_id or self.branches.default_of(project.id).id
        async with self._only_one(branch_id, logical_id), self._within_limit():
            now = self.clock()
            database = Database(
                id=new_id(),
                project_id=project.id,
                name=name or f"database-{secrets.token_hex(3)}",
                region=project.region if region == "inherit" else region,
                created_at=now,
                ready_at=now + self.settings.provisioning_s,
                logical_id=logical_id,
                branch_id=branch_id,
                is_default=is_default,
                source=source,
                fixed_status=self.settings.next_statuses.pop(0) if self.settings.next_statuses else None,
            )
            database = await self._storage.create(database, await self._copied_from(source))
            issued = [await self._storage.log_in(database, "default", now)] if self.settings.connection_on_create else []
            if issued:
                database = replace(database, default_connection_id=issued[0].connection.id)
            if self.projects.get(project.id) is None:
                await self._storage.drop(database, [new.connection for new in issued])
                raise missing("Project", f"proj_{project.id}")
            # From here to the end nothing is awaited: it is there for everybody at once, or not at all.
            if is_default:
                self._unset_default(project.id)
            self.databases.put(database)
            for new in issued:
                self._remember(new.connection)
            self.lag.begin(database)
            return database, issued

    def seed(self, database: Database, connections: Iterable[Connection]) -> None:
        """Add a database with no PostgreSQL database behind it until a connection to it is created."""
        self.databases.put(database)
        for connection in connections:
            self._remember(connection)

    async def update_database(self, database: Database, changes: dict[str, Any]) -> Database:
        """Apply changes to ``name``, ``branch_id`` and ``logical_id``."""
        wanted = replace(database, **changes)
        moved = (wanted.branch_id, wanted.logical_id) != (database.branch_id, database.logical_id)
        async with self._only_one(wanted.branch_id, wanted.logical_id if moved else None):
            return self.databases.put(replace(self.database(database.id), **changes))

    async def delete_database(self, database: Database) -> None:
        if database.is_default:
            raise Refusal(403, "permission-denied", "A project's default database can't be deleted")
        await self._take_away(database)

    def connections_of(self, database: Database) -> list[Connection]:
        found = [self.connections.get(id) for id in self._connections_of[database.id]]
        return sorted((known for known in found if known), key=lambda connection: (connection.created_at, connection.id))

    def _check_source(self, source: dict[str, str] | None) -> None:
        """Raises Refusal if what should be copied isn't there."""
        if source and source["type"] == "database":
            self.database(source["databaseId"])
        elif source and source["type"] == "backup":
            self._backup(source)

    async def _copied_from(self, source: dict[str, str] | None) -> str | None:
        """The name of the PostgreSQL database to copy, if any."""
        if source and source["type"] == "database":
            return (await self._materialise(self.database(source["databaseId"]))).postgres_name
        if source and source["type"] == "backup":
            return self._backup(source).postgres_name
        return None

    def _unset_default(self, project_id: str) -> None:
        for other in self.databases:
            if other.project_id == project_id and other.is_default:
                self.databases.put(replace(other, is_default=False))

    @contextlib.asynccontextmanager
    async def _only_one(self, branch_id: str, logical_id: str | None) -> AsyncIterator[None]:
        """Hold the ``logicalId`` in its branch. Who comes second waits, so that the winner can be seen when it is told 409."""
        if logical_id is None:
            yield
            return
        async with self._lock(f"{branch_id}/{logical_id}"):
            if any((other.logical_id, other.branch_id) == (logical_id, branch_id) for other in self.databases):
                raise Refusal(409, "conflict", f"A database with logicalId {logical_id!r} exists already in this branch")
            yield

    @contextlib.asynccontextmanager
    async def _within_limit(self) -> AsyncIterator[None]:
        limit = self.settings.database_limit
        if limit is not None and len(self.databases) + self._creating >= limit:
            raise Refusal(
                self.settings.limit_status,
                "planLimitReached",
                f"Your plan allows {limit} databases in this workspace, and all of them are in use",
                hint="Delete a database or upgrade your plan",
            )
        self._creating += 1
        try:
            yield
        finally:
            self._creating -= 1

    async def _materialise(self, database: Database) -> Database:
        """Create the PostgreSQL database behind a seeded one; fine if it is there already."""
        async with self._lock(database.id):
            current = self.database(database.id)
            if current.postgres_name:
                return current
            built = await self._storage.create(current, None)
            if self.databases.get(built.id) is None:
                await self._storage.drop(built)
                raise missing("Database", f"db_{built.id}")
            return self.databases.put(built)

    async def _take_away(self, database: Database) -> None:
        # Gone from the list first: who is told "no such database" must not find one a moment later.
        connections = self.connections_of(database)
        self.databases.remove(database.id)
        self.lag.forget(database)
        for connection in connections:
            self.connections.remove(connection.id)
            self._tombstones.put(Tombstone(connection.id))
        self._connections_of.pop(database.id, None)
        await self._storage.drop(database, connections)
        await self.backups.delete_all_of(database)

    def _lock(self, place: str) -> asyncio.Lock:
        return self._locks.setdefault(place, asyncio.Lock())

    def _backup(self, source: dict[str, str]) -> Backup:
        return self.backups.usable(self.database(source["databaseId"]), source["backupId"])

    async def restore(self, database: Database, source: dict[str, str]) -> Database:
        """Replace what is in a database by a backup; return it as it is meanwhile, recovering."""
        backup = self._backup(source)
        if self.status(database) in ("provisioning", "recovering"):
            raise Refusal(409, "conflict", "The database is being provisioned or restored")
        self._restoring.add(database.id)
        try:
            database = await self._materialise(database)
            await self._storage.restore(backup, database)
            until = self.clock() + self.settings.recovery_s
            self.databases.put(replace(self.database(database.id), source=source, recovering_until=until))
            return replace(database, source=source, fixed_status="recovering")  # as it was when the restore began
        finally:
            self._restoring.discard(database.id)

    # Connections

    def connection(self, id: str) -> Connection:
        return self.connections.get(bare(id, "con")) or _raise(missing("Connection", id))

    async def create_connection(self, database: Database, name: str) -> IssuedConnection:
        database = await self._materialise(database)
        issued = await self._storage.log_in(database, name, self.clock())
        if self.databases.get(database.id) is None:
            # Deleted while we were at it.
            raise missing("Database", f"db_{database.id}")
        self._remember(issued.connection)
        return issued

    async def rotate_connection(self, connection: Connection) -> IssuedConnection:
        database = await self._materialise(self.database(connection.database_id))
        if connection.role is None:
            issued = await self._storage.log_in(database, connection.name, connection.created_at)
            renewed = replace(connection, role=issued.connection.role)
            self.connections.put(renewed)
            return replace(issued, connection=renewed)
        password = await self._storage.change_password(connection.role)
        return IssuedConnection(connection, password, database.postgres_name or "")

    async def delete_connection(self, id: str) -> None:
        """Also fine for one whose database is gone."""
        if self._tombstones.get(bare(id, "con")):
            return
        connection = self.connection(id)
        database = self.database(connection.database_id)
        self.connections.remove(connection.id)
        self._connections_of[database.id].discard(connection.id)
        if database.default_connection_id == connection.id:
            self.databases.put(replace(database, default_connection_id=None))
        await self._storage.end_login(connection, database)

    def _remember(self, connection: Connection) -> None:
        self.connections.put(connection)
        self._connections_of[connection.database_id].add(connection.id)


def _raise(refusal: Refusal) -> NoReturn:
    raise refusal
