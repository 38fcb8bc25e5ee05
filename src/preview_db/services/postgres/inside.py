"""A session inside a preview, and what its database holds of what was done there: migrations, and marks of our own."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...planning.contents import Script
from ...planning.migrations import Record, Tool
from . import migrate, script

if TYPE_CHECKING:
    from psycopg import Connection

MARKS = f"{migrate.SCHEMA}.marks"
"""What was done to a database, by its id: a clone brings the marks of what it was cloned from along, and those say nothing of it."""


_BEGUN = f"{migrate.SCHEMA}.begun"
_SHORT = 10_000


@dataclasses.dataclass(frozen=True, slots=True)
class State:
    """What the database says of itself.

    Attributes:
        has_table: whether there is a table of migrations.
        marks: what was done to this very database.
    """

    records: tuple[Record, ...] = ()
    has_table: bool = False
    marks: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(slots=True)
class Session:
    """A session by the direct endpoint, which keeps its state from one query to the next.

    Attributes:
        database_id: whose marks are meant.
        tool: the tool whose table of migrations is looked at, if any.
        marked: whether marks are looked at.
        locked: whether other runs wait for this one.
    """

    connection: Connection[Any]
    database_id: str
    tool: Tool | None
    marked: bool
    locked: bool = False
    _seen: State | None = None

    @property
    def state(self) -> State:
        """The state, as it was read last."""
        return self._seen or self.read()

    def read(self) -> State:
        """The state as it is now, in one round trip where both tables are there."""
        self._seen = self._read()
        return self._seen

    def _read(self) -> State:
        from psycopg import errors

        tables = [migrate.read_sql(self.tool)] if self.tool else []
        tables += [self._marks_sql] if self.marked else []
        try:
            answers = self._query(*tables)
        except (errors.UndefinedTable, errors.InvalidSchemaName):
            return self._read_what_is_there()
        marks = dict(answers.pop()) if self.marked else {}
        return State(migrate.records(answers[0]) if self.tool else (), self.tool is not None, marks)

    def lock(self, *, seconds: float) -> bool:
        """Whether no other run is at work any more, or none was for ``seconds``."""
        self.locked = self.locked or migrate.lock(self.connection, seconds=seconds)
        return self.locked

    def unlock(self) -> None:
        migrate.unlock(self.connection)
        self.locked = False

    def begin(self) -> None:
        """Notes that what is done now is done in a database that nobody was given a way into yet."""
        self.connection.execute(
            f"CREATE SCHEMA IF NOT EXISTS {migrate.SCHEMA}; DROP TABLE IF EXISTS {_BEGUN}; "
            f"CREATE TABLE {_BEGUN} AS SELECT {self._whose}::text AS database_id".encode()
        )

    def was_begun(self) -> bool:
        """Whether a run has noted that, and came to no end."""
        exists = self._query(f"SELECT to_regclass('{_BEGUN}') IS NOT NULL")[0][0][0]
        return bool(exists) and self._query(f"SELECT database_id FROM {_BEGUN}")[0] == [(self.database_id,)]

    def end(self) -> None:
        """Takes the note away, and our schema with it if nothing else is in there."""
        self.connection.execute(
            f"DROP TABLE IF EXISTS {_BEGUN}; "
            "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace "
            f"WHERE nspname = '{migrate.SCHEMA}') THEN DROP SCHEMA IF EXISTS {migrate.SCHEMA}; END IF; END $$".encode()
        )

    def mark(self, name: str, value: str = "") -> None:
        """Notes in the database what was done to it."""
        self._seen = None
        self.connection.execute(
            f"CREATE SCHEMA IF NOT EXISTS {migrate.SCHEMA}; "
            f"CREATE TABLE IF NOT EXISTS {MARKS} (database_id text, name text, value text NOT NULL, "
            "at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (database_id, name))".encode()
        )
        self.connection.execute(
            f"INSERT INTO {MARKS} (database_id, name, value) VALUES (%s, %s, %s) "
            "ON CONFLICT (database_id, name) DO UPDATE SET value = excluded.value, at = now()".encode(),
            (self.database_id, name, value),
        )

    def value(self, name: str) -> str:
        """What is noted under ``name``; nothing if nothing is. Only for a note that is too long to be read with all the others."""
        from psycopg import errors

        try:
            query = f"SELECT value FROM {MARKS} WHERE database_id = %s AND name = %s"
            row = self.connection.execute(query.encode(), (self.database_id, name)).fetchone()
        except (errors.UndefinedTable, errors.InvalidSchemaName):
            return ""
        return str(row[0]) if row else ""

    def run(self, *scripts: Script, mark: str) -> None:
        """Runs scripts in one transaction with the mark that says so: they are done as a whole or not at all.

        Raises:
            ScriptFailed: one failed.
        """
        self.connection.execute(script.FRESH.encode())
        with self.connection.transaction():
            for file in scripts:
                for part in file.parts:
                    try:
                        script.run_part(self.connection, part)
                    except script.ScriptFailed as failed:
                        failed.file = file.path
                        raise
            self.connection.execute(script.FRESH.encode())
            self.mark(mark, ", ".join(file.path for file in scripts))

    @property
    def _marks_sql(self) -> str:
        return f"SELECT name, value FROM {MARKS} WHERE database_id = {self._whose} AND length(value) < {_SHORT}"

    @property
    def _whose(self) -> str:
        from psycopg.sql import Literal

        return Literal(self.database_id).as_string(self.connection)

    def _query(self, *queries: str) -> list[list[tuple[Any, ...]]]:
        cursor = self.connection.execute("; ".join(queries).encode())
        answers = [cursor.fetchall()]
        while cursor.nextset():
            answers.append(cursor.fetchall())
        return answers

    def _read_what_is_there(self) -> State:
        exists = [migrate.exists_sql(self.tool)] if self.tool else []
        exists += [f"SELECT to_regclass('{MARKS}') IS NOT NULL"] if self.marked else []
        there = [bool(answer[0][0]) for answer in self._query(*exists)]
        rows: list[tuple[Any, ...]] = []
        marks: dict[str, str] = {}
        if self.tool is not None and there[0]:
            rows = self._query(migrate.read_sql(self.tool))[0]
        if self.marked and there[-1]:
            marks = dict(self._query(self._marks_sql)[0])
        return State(migrate.records(rows), self.tool is not None and there[0], marks)
