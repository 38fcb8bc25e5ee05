"""What is behind the workspace's databases in PostgreSQL: databases, copies of them, and credentials."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterable
from dataclasses import replace

import psycopg

from ..postgres.server import CannotCopy, Postgres, fits
from .models import Backup, Connection, Database, IssuedConnection, Refusal, Settings, new_id


class Storage:
    """Creates and drops on the one real server what the models stand for."""

    def __init__(self, postgres: Postgres, settings: Settings) -> None:
        self._postgres = postgres
        self._settings = settings

    async def create(self, database: Database, copied_from: str | None) -> Database:
        """Create a PostgreSQL database, named like ``database`` where possible, with a copy of ``copied_from``'s rows if given."""
        unique = f"{database.name.encode()[:30].decode(errors='ignore')}-{database.id}".replace("\0", "")
        for name in (database.name, unique) if fits(database.name) else (unique,):
            with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                await self._postgres.create_database(name, database.owner)
                database = replace(database, postgres_name=name)
                break
        if copied_from and database.postgres_name:
            try:
                await self._copy(copied_from, database.postgres_name, database.owner)
            except Refusal:
                await self.drop(database)
                raise
        return database

    async def drop(self, database: Database, connections: Iterable[Connection] = ()) -> None:
        if database.postgres_name:
            roles = [connection.role for connection in connections if connection.role]
            await self._postgres.drop_database(database.postgres_name, [*roles, database.owner])

    async def back_up(self, database: Database, backup: Backup) -> None:
        """Keep a copy of what is in the database as it is now."""
        await self._postgres.create_database(backup.postgres_name, backup.owner)
        if database.postgres_name:
            await self._copy(database.postgres_name, backup.postgres_name, backup.owner)

    async def restore(self, backup: Backup, database: Database) -> None:
        """Replace what is in the database by what is in the backup; credentials and sessions stay."""
        assert database.postgres_name is not None
        await self._postgres.empty_database(database.postgres_name)
        await self._copy(backup.postgres_name, database.postgres_name, database.owner)

    async def drop_backup(self, backup: Backup) -> None:
        await self._postgres.drop_database(backup.postgres_name, [backup.owner])

    async def log_in(self, database: Database, name: str, created_at: float) -> IssuedConnection:
        """Create a credential for the database."""
        assert database.postgres_name is not None
        role, password = secrets.token_hex(16), self._new_password()
        await self._postgres.create_login(role, password, owner=database.owner, database=database.postgres_name)
        return IssuedConnection(Connection(new_id(), database.id, name, created_at, role), password, database.postgres_name)

    async def change_password(self, role: str) -> str:
        password = self._new_password()
        await self._postgres.change_password(role, password)
        return password

    async def end_login(self, connection: Connection, database: Database) -> None:
        if connection.role and database.postgres_name:
            await self._postgres.drop_login(connection.role, owner=database.owner, database=database.postgres_name)

    async def _copy(self, source: str, target: str, owner: str) -> None:
        try:
            await self._postgres.copy_database(source, target, owner)
        except CannotCopy as error:
            raise Refusal(500, "internal-server-error", f"The copy failed: {error}") from error

    def _new_password(self) -> str:
        return "".join(secrets.choice(self._settings.password_alphabet) for _ in range(24))
