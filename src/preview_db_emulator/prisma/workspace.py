"""The emulated workspace: its projects, branches, databases and connections, and everything that can be done to them.

Knows nothing of HTTP: what the service refuses is a ``Refusal`` with the contract's status and code.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, NoReturn
from weakref import WeakValueDictionary

import psycopg

from ..postgres.server import CannotCopy, Postgres, fits
from ..store import Archive, Table
from .models import (
    DEFAULT_REGION,
    Branch,
    Connection,
    Database,
    IssuedConnection,
    Project,
    Refusal,
    Settings,
    Tombstone,
    bare,
    missing,
    new_id,
)

COLD_START_TEXTS = (
    "Failed to connect to upstream database. Please contact Prisma support if the problem persists.",
    "Failed to identify your database: the database is not configured correctly yet",
)


@dataclass(slots=True)
class Unlisted:
    """A database that lists don't show yet: until a time in Unix seconds, and in so many answers more."""

    until: float
    answers: int


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
        self.branches = Table(Branch, archive)
        self.databases = Table(Database, archive)
        self.connections = Table(Connection, archive)
        self._tombstones = Table(Tombstone, archive)
        self._connections_of: dict[str, set[str]] = defaultdict(set)
        for connection in self.connections:
            self._connections_of[connection.database_id].add(connection.id)
        self._postgres = postgres
        # A lock lives as long as somebody holds or awaits it.
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._unlisted: dict[str, Unlisted] = {}
        self._creating = 0
        self._refusals = 0
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
        self.branches.put(Branch(new_id(), project.id, "main", True, now, now))
        return project

    def rename_project(self, project: Project, name: str) -> Project:
        return self.projects.put(replace(project, name=name))

    async def delete_project(self, project: Project) -> None:
        for database in [found for found in self.databases if found.project_id == project.id]:
            await self._take_away(database)
        for branch in [found for found in self.branches if found.project_id == project.id]:
            self.branches.remove(branch.id)
        self.projects.remove(project.id)

    # Branches

    def branch(self, id: str) -> Branch:
        return self.branches.get(bare(id, "br")) or _raise(missing("Branch", id))

    def branch_named(self, project_id: str, git_name: str) -> Branch | None:
        return next((b for b in self.branches if b.project_id == project_id and b.git_name == git_name), None)

    def create_branch(self, project: Project, git_name: str, *, is_default: bool = False) -> Branch:
        if self.branch_named(project.id, git_name):
            raise Refusal(409, "conflict", f"Branch {git_name!r} exists already")
        now = self.clock()
        branch = self.branches.put(Branch(new_id(), project.id, git_name, False, now, now))
        return self.make_default_branch(branch) if is_default else branch

    def make_default_branch(self, branch: Branch) -> Branch:
        for other in self.branches:
            if other.project_id == branch.project_id and other.is_default:
                self.branches.put(replace(other, is_default=False))
        return self.branches.put(replace(branch, is_default=True, updated_at=self.clock()))

    def delete_branch(self, branch: Branch) -> None:
        if branch.is_default:
            raise Refusal(409, "conflict", "A project's default branch can't be deleted")
        if any(database.branch_id == branch.id for database in self.databases):
            raise Refusal(409, "conflict", "The branch still has databases")
        self.branches.remove(branch.id)

    # Databases

    def database(self, id: str) -> Database:
        return self.databases.get(bare(id, "db")) or _raise(missing("Database", id))

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
        copied_from = self._source(source)
        async with self._only_one(project.id, branch_id, logical_id), self._within_limit():
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
                fixed_status=self.settings.next_fates.pop(0) if self.settings.next_fates else None,
            )
            database = await self._build(database, copied_from)
            issued = [await self._new_login(database, "default")] if self.settings.connection_on_create else []
            if issued:
                database = replace(database, default_connection_id=issued[0].connection.id)
            if self.projects.get(project.id) is None:
                await self._discard(database, [new.connection for new in issued])
                raise missing("Project", f"proj_{project.id}")
            # From here to the end nothing is awaited: it is there for everybody at once, or not at all.
            if is_default:
                self._unset_default(project.id)
            self.databases.put(database)
            for new in issued:
                self._remember(new.connection)
            if self.settings.list_lag_s or self.settings.list_lag_requests:
                self._unlisted[database.id] = Unlisted(now + self.settings.list_lag_s, self.settings.list_lag_requests)
            return database, issued

    def is_listed(self, database: Database) -> bool:
        """Whether a list that ``database`` belongs in shows it already. Each call counts as one answer of a list that lags."""
        unlisted = self._unlisted.get(database.id)
        if unlisted is None:
            return True
        if unlisted.answers > 0:
            unlisted.answers -= 1
            return False
        if self.clock() < unlisted.until:
            return False
        del self._unlisted[database.id]
        return True

    def seed(self, database: Database, connections: Iterable[Connection]) -> None:
        """Add a database with no PostgreSQL database behind it until a connection to it is created."""
        self.databases.put(database)
        for connection in connections:
            self._remember(connection)

    async def update_database(self, database: Database, changes: dict[str, Any]) -> Database:
        """Apply changes to ``name``, ``branch_id`` and ``logical_id``."""
        wanted = replace(database, **changes)
        moved = (wanted.branch_id, wanted.logical_id) != (database.branch_id, database.logical_id)
        async with self._only_one(wanted.project_id, wanted.branch_id, wanted.logical_id if moved else None):
            return self.databases.put(replace(self.database(database.id), **changes))

    async def delete_database(self, database: Database) -> None:
        if database.is_default:
            raise Refusal(403, "permission-denied", "A project's default database can't be deleted")
        await self._take_away(database)

    def connections_of(self, database: Database) -> list[Connection]:
        found = [self.connections.get(id) for id in self._connections_of[database.id]]
        return sorted((known for known in found if known), key=lambda connection: (connection.created_at, connection.id))

    def _source(self, source: dict[str, str] | None) -> Database | None:
        if source is None or source["type"] == "empty":
            return None
        origin = self.database(source["databaseId"])
        if source["type"] == "backup":
            raise missing("Backup", source["backupId"])
        return origin

    def _unset_default(self, project_id: str) -> None:
        for other in self.databases:
            if other.project_id == project_id and other.is_default:
                self.databases.put(replace(other, is_default=False))

    @contextlib.asynccontextmanager
    async def _only_one(self, project_id: str, branch_id: str | None, logical_id: str | None) -> AsyncIterator[None]:
        """Hold the ``logicalId`` in its branch. Who comes second waits, so that the winner can be seen when it is told 409."""
        if logical_id is None:
            yield
            return
        async with self._lock(f"{project_id}/{branch_id}/{logical_id}"):
            if any(
                (other.logical_id, other.branch_id, other.project_id) == (logical_id, branch_id, project_id) for other in self.databases
            ):
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

    async def _build(self, database: Database, copied_from: Database | None) -> Database:
        """Give it a PostgreSQL database, named like it where that is possible, with a copy of another's rows if so asked."""
        if copied_from:
            copied_from = await self._materialise(copied_from)
        unique = f"{database.name.encode()[:30].decode(errors='ignore')}-{database.id}".replace("\0", "")
        for name in (database.name, unique) if fits(database.name) else (unique,):
            with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                await self._postgres.create_database(name, database.owner)
                database = replace(database, postgres_name=name)
                break
        if copied_from and copied_from.postgres_name and database.postgres_name:
            try:
                await self._postgres.copy_database(copied_from.postgres_name, database.postgres_name, database.owner)
            except CannotCopy as error:
                await self._postgres.drop_database(database.postgres_name, [database.owner])
                raise Refusal(500, "internal-server-error", f"The copy failed: {error}") from error
        return database

    async def _materialise(self, database: Database) -> Database:
        """Create the PostgreSQL database behind a seeded one; fine if it is there already."""
        async with self._lock(database.id):
            current = self.database(database.id)
            if current.postgres_name:
                return current
            built = await self._build(current, None)
            if self.databases.get(built.id) is None:
                await self._discard(built)
                raise missing("Database", f"db_{built.id}")
            return self.databases.put(built)

    async def _take_away(self, database: Database) -> None:
        # Gone from the list first: who is told "no such database" must not find one a moment later.
        connections = self.connections_of(database)
        self.databases.remove(database.id)
        self._unlisted.pop(database.id, None)
        for connection in connections:
            self.connections.remove(connection.id)
            self._tombstones.put(Tombstone(connection.id))
        self._connections_of.pop(database.id, None)
        await self._discard(database, connections)

    async def _discard(self, database: Database, connections: Iterable[Connection] = ()) -> None:
        if database.postgres_name:
            roles = [connection.role for connection in connections if connection.role]
            await self._postgres.drop_database(database.postgres_name, [*roles, database.owner])

    def _lock(self, place: str) -> asyncio.Lock:
        return self._locks.setdefault(place, asyncio.Lock())

    # Connections

    def connection(self, id: str) -> Connection:
        return self.connections.get(bare(id, "con")) or _raise(missing("Connection", id))

    async def create_connection(self, database: Database, name: str) -> IssuedConnection:
        database = await self._materialise(database)
        issued = await self._new_login(database, name)
        if self.databases.get(database.id) is None:
            # Deleted while we were at it.
            raise missing("Database", f"db_{database.id}")
        self._remember(issued.connection)
        return issued

    async def rotate_connection(self, connection: Connection) -> IssuedConnection:
        database = await self._materialise(self.database(connection.database_id))
        if connection.role is None:
            issued = await self._new_login(database, connection.name)
            renewed = replace(connection, role=issued.connection.role)
            self.connections.put(renewed)
            return replace(issued, connection=renewed)
        password = self._new_password()
        await self._postgres.change_password(connection.role, password)
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
        if connection.role and database.postgres_name:
            await self._postgres.drop_login(connection.role, owner=database.owner, database=database.postgres_name)

    def _remember(self, connection: Connection) -> None:
        self.connections.put(connection)
        self._connections_of[connection.database_id].add(connection.id)

    async def _new_login(self, database: Database, name: str) -> IssuedConnection:
        assert database.postgres_name is not None
        role, password = secrets.token_hex(16), self._new_password()
        await self._postgres.create_login(role, password, owner=database.owner, database=database.postgres_name)
        return IssuedConnection(Connection(new_id(), database.id, name, self.clock(), role), password, database.postgres_name)

    def _new_password(self) -> str:
        return "".join(secrets.choice(self.settings.password_alphabet) for _ in range(24))

    # Logging in

    def admit(self, postgres_name: str) -> str | None:
        """Return why this login is refused before PostgreSQL is asked, or None."""
        database = next((found for found in self.databases if found.postgres_name == postgres_name), None)
        if database is None:
            return None  # PostgreSQL has its own words for that
        if database.refusing:
            return database.refusing
        if database.status(self.clock()) == "ready" and self.clock() >= database.ready_at + self.settings.cold_start_s:
            return None
        self._refusals += 1
        return COLD_START_TEXTS[self._refusals % len(COLD_START_TEXTS)]


def _raise(refusal: Refusal) -> NoReturn:
    raise refusal
