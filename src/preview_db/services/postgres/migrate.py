"""Applying migrations, and recording them as Prisma Migrate does, so that either can go on where the other stopped."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from ...planning.migrations import Migration, Record, Tool
from . import script
from .script import ScriptFailed

if TYPE_CHECKING:
    from psycopg import Connection

LOCK = 72707369
"""The advisory lock under which Prisma migrates, too: of several runs at once, one does and the others wait."""

SCHEMA = "_preview_db"
"""Of our own tables. Prisma looks at ``public`` alone, so that it is no drift to it."""

_TABLES = {Tool.PRISMA: "public._prisma_migrations", Tool.SQL: f"{SCHEMA}.migrations"}
_SEARCH_PATHS = {Tool.PRISMA: "; SET search_path = public", Tool.SQL: ""}
_READ = (
    "SELECT migration_name, checksum, finished_at IS NOT NULL, rolled_back_at IS NOT NULL, coalesce(logs, ''), "
    "to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC', extract(epoch FROM finished_at)::float8 "
    "FROM {table} ORDER BY started_at, migration_name"
)
_CREATE = """
CREATE TABLE {table} (
    id varchar(36) PRIMARY KEY NOT NULL,
    checksum varchar(64) NOT NULL,
    finished_at timestamptz,
    migration_name varchar(255) NOT NULL,
    logs text,
    rolled_back_at timestamptz,
    started_at timestamptz NOT NULL DEFAULT now(),
    applied_steps_count integer NOT NULL DEFAULT 0
)
"""
_HOLDS_SOMETHING = """
SELECT EXISTS (
    SELECT FROM pg_class AS thing JOIN pg_namespace AS place ON place.oid = thing.relnamespace
    WHERE {places} AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = thing.oid AND deptype = 'e')
) OR EXISTS (
    SELECT FROM pg_type AS thing JOIN pg_namespace AS place ON place.oid = thing.typnamespace
    WHERE {places} AND thing.typtype IN ('e', 'd') AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = thing.oid AND deptype = 'e')
)
"""


def read_sql(tool: Tool) -> str:
    """The query for the table of migrations; it fails where there is none yet."""
    return _READ.format(table=_TABLES[tool])


def records(rows: list[tuple[Any, ...]]) -> tuple[Record, ...]:
    """What :func:`read_sql` found."""
    return tuple(Record(*row) for row in rows)


def exists_sql(tool: Tool) -> str:
    """A query for whether there is a table of migrations."""
    return f"SELECT to_regclass('{_TABLES[tool]}') IS NOT NULL"


def create_table(connection: Connection[Any], tool: Tool) -> None:
    """Makes the table of migrations. Not to be done beside another run: the lock is held."""
    if tool is Tool.SQL:
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}".encode())
    connection.execute(_CREATE.format(table=_TABLES[tool]).encode())


def holds_something(connection: Connection[Any], *, only_public: bool = False) -> bool:
    """Whether there is any table, view, enum or the like that is no extension's and not ours."""
    own = f"place.nspname !~ '^pg_' AND place.nspname NOT IN ('information_schema', '{SCHEMA}')"
    query = _HOLDS_SOMETHING.format(places="place.nspname = 'public'" if only_public else own)
    row = connection.execute(query.encode()).fetchone()
    return bool(row and row[0])


def lock(connection: Connection[Any], *, seconds: float) -> bool:
    """Waits until no other run migrates. The lock lasts as long as the session.

    Args:
        seconds: for how long.

    Returns:
        Whether it is held now.
    """
    from psycopg import errors

    milliseconds = max(1, int(seconds * 1000))
    try:
        connection.execute(f"SET lock_timeout = {milliseconds}; SELECT pg_advisory_lock({LOCK}); RESET lock_timeout".encode())
    except errors.LockNotAvailable:
        return False
    return True


def unlock(connection: Connection[Any]) -> None:
    connection.execute(f"SELECT pg_advisory_unlock({LOCK})".encode())


def apply(
    connection: Connection[Any], tool: Tool, pending: Iterable[Migration], *, during: Callable[[Migration], AbstractContextManager[None]]
) -> None:
    """Applies what is pending, in order. The lock is held, and the table is there.

    Each is recorded as begun before its script is sent and as finished after it, in a session that knows nothing of the one before. Two
    round trips a migration: the end of one and the beginning of the next go together.

    Args:
        during: what is entered for each migration and left once it is applied.

    Raises:
        ScriptFailed: one failed. It is recorded as failed.
    """
    from psycopg.sql import Literal

    table, fresh = _TABLES[tool], script.FRESH + _SEARCH_PATHS[tool]
    finish = ""
    for migration in pending:
        row = [Literal(value).as_string(connection) for value in (str(uuid.uuid4()), migration.checksum, migration.name)]
        begin = f"INSERT INTO {table} (id, checksum, migration_name) VALUES ({', '.join(row)})"
        connection.execute("; ".join(filter(None, (fresh, finish, begin))).encode())
        finish = ""
        try:
            with during(migration):
                script.run(connection, migration.script)
                _check_ended(connection)
                finish = f"UPDATE {table} SET finished_at = now(), applied_steps_count = applied_steps_count + 1 WHERE id = {row[0]}"
        except ScriptFailed as failed:
            logs = Literal(_logs(migration, failed)).as_string(connection)
            _record_failure(connection, f"{fresh}; UPDATE {table} SET logs = {logs} WHERE id = {row[0]}")
            raise
        except BaseException:  # the run is told to stop
            if finish:
                connection.execute(f"{fresh}; {finish}".encode())
            raise
    if finish:
        connection.execute(f"{fresh}; {finish}".encode())


def _check_ended(connection: Connection[Any]) -> None:
    """Raises :class:`ScriptFailed` if the script has begun a transaction and not ended it: what it did would be lost with the session."""
    from psycopg.pq import TransactionStatus

    if connection.info.transaction_status != TransactionStatus.IDLE:
        raise ScriptFailed("it begins a transaction and does not end it: there is a BEGIN without a COMMIT")


def _record_failure(connection: Connection[Any], statement: str) -> None:
    if not connection.broken and not connection.closed:
        connection.rollback()
        connection.execute(statement.encode())


def _logs(migration: Migration, failed: ScriptFailed) -> str:
    return (
        "A migration failed to apply. New migrations cannot be applied before the error is recovered from.\n\n"
        f"Migration name: {migration.name}\n\nDatabase error code: {failed.sqlstate or 'none'}\n\nDatabase error:\n{failed.full}\n"
    )
