"""What a plan, a verdict or a report is made of, as it most often is: each function takes what should be different."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from preview_db.planning import identity
from preview_db.planning.model import Connection, Database, Kind, Repository, Scope, Status

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
REPOSITORY = Repository(42, "acme/web")


def scope(ref: object = 12, kind: Kind = Kind.PULL_REQUEST, key: str = "", repository: Repository = REPOSITORY) -> Scope:
    return Scope(repository, kind, str(ref), key)


TWELVE = scope()
"""Of the pull request with that number."""


def database(id_: str = "db_1", *, of: Scope | str = TWELVE, hours: float = 24, **changes: Any) -> Database:
    """A database that is ready.

    Args:
        of: the scope it belongs to, or its name.
        hours: how long ago it was made.
    """
    base = Database(
        id=id_,
        name=of if isinstance(of, str) else identity.name(of),
        logical_id=None,
        status=Status.READY,
        created_at=NOW - timedelta(hours=hours),
        is_default=False,
        project_id="proj_1",
        region="eu-central-1",
        default_connection_id=None,
    )
    return base._replace(**changes)


def connection(name: str, *, hours: float = 0, id_: str | None = None) -> Connection:
    return Connection(id=id_ or f"con_{name}", name=name, created_at=NOW - timedelta(hours=hours))
