"""Backups of databases, each with a PostgreSQL database of its own that holds what was in it."""

from __future__ import annotations

from ..store import Archive, Table
from .models import Backup, Database, Refusal, missing
from .storage import Storage


class Backups:
    """All backups of the workspace."""

    def __init__(self, archive: Archive, storage: Storage) -> None:
        self._table = Table(Backup, archive)
        self._storage = storage

    def of(self, database: Database) -> list[Backup]:
        """Newest first."""
        return sorted((backup for backup in self._table if backup.database_id == database.id), key=lambda backup: -backup.created_at)

    def usable(self, database: Database, id: str) -> Backup:
        """Return a backup one can restore from. Raises Refusal 404, and 422 for one that is not complete."""
        backup = next((backup for backup in self.of(database) if backup.id == id), None)
        if backup is None:
            raise missing("Backup", id)
        if backup.status != "completed":
            raise Refusal(422, "validation-error", f"Backup {id} can't be restored: it is {backup.status}")
        return backup

    async def add(self, database: Database, backup: Backup) -> Backup:
        """Back the database up as it is now, whatever time the backup says."""
        await self._storage.back_up(database, backup)
        return self._table.put(backup)

    async def delete_all_of(self, database: Database) -> None:
        for backup in self.of(database):
            self._table.remove(backup.id)
            await self._storage.drop_backup(backup)
