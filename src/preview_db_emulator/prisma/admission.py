"""Whether a login is let through to PostgreSQL: not before its database is ready, warm and willing."""

from __future__ import annotations

from .workspace import Workspace

COLD_START_TEXTS = (
    "Failed to connect to upstream database. Please contact Prisma support if the problem persists.",
    "Failed to identify your database: the database is not configured correctly yet",
)


class Admission:
    """Says why a login is refused before PostgreSQL is asked, or None; the two texts of a cold start take turns."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._refusals = 0

    def __call__(self, postgres_name: str) -> str | None:
        database = next((found for found in self._workspace.databases if found.postgres_name == postgres_name), None)
        if database is None:
            return None  # PostgreSQL has its own words for that
        if database.refusing:
            return database.refusing
        warm_at = database.ready_at + self._workspace.settings.cold_start_s
        if self._workspace.status(database) == "ready" and self._workspace.clock() >= warm_at:
            return None
        self._refusals += 1
        return COLD_START_TEXTS[self._refusals % len(COLD_START_TEXTS)]
