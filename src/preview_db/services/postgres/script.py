"""Running a script as it stands: whole, in one simple query, never cut at semicolons and with no transaction around it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from ...planning import sql_text
from ...planning.seeds import Part

if TYPE_CHECKING:
    import psycopg
    from psycopg import Connection
    from psycopg.abc import PQGen
    from psycopg.pq.abc import PGresult

_LONGEST = 500

FRESH = (
    "CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ROLE; RESET ALL; DEALLOCATE ALL; UNLISTEN *; "
    "DISCARD PLANS; DISCARD TEMP; DISCARD SEQUENCES"
)
"""Makes a session what it was after the login, but for its advisory locks: DISCARD ALL would let go of those, too."""


class ScriptFailed(Exception):
    """PostgreSQL refused a script.

    Attributes:
        words: PostgreSQL's own, in one line, with its code.
        sqlstate: that code; empty if it was not PostgreSQL that refused.
        detail: the rest of what it said.
        line: where the statement is; none if it can't be told.
        file: the file it is in, where there are several.
    """

    def __init__(self, words: str, *, sqlstate: str = "", detail: str = "") -> None:
        super().__init__(words)
        self.words = f"{words} (SQLSTATE {sqlstate})" if sqlstate else words
        self.sqlstate = sqlstate
        self.detail = detail
        self.line: int | None = None
        self.statement = ""
        self.file = ""

    @property
    def where(self) -> str:
        """``line 3: CREATE TABLE ...``, or nothing."""
        return f"line {self.line}: {self.statement}" if self.line else ""

    @property
    def full(self) -> str:
        """All that is known, a line each."""
        return "\n".join(filter(None, (f"ERROR: {self.words}", self.detail, self.where)))


def run(connection: Connection[Any], script: str, *, first_line: int = 1) -> None:
    """Runs ``script``.

    Args:
        first_line: the line of the file that its first one is.

    Raises:
        ScriptFailed: PostgreSQL refused it, or it needs what only psql does. The session may then be in a failed transaction.
        psycopg.OperationalError: the connection broke, which says nothing of the script.
    """
    from psycopg import errors
    from psycopg.pq import ExecStatus

    for completed, result in enumerate(_results(connection, script)):
        if result.status in (ExecStatus.FATAL_ERROR, ExecStatus.COPY_IN, ExecStatus.COPY_OUT):
            if result.status != ExecStatus.FATAL_ERROR:
                _end_copy(connection)
                refused = ScriptFailed("it reads from or writes to the client, which is not possible here")
                raise _located(refused, script, None, completed, first_line)
            error = errors.error_from_result(result, encoding="utf-8")
            if connection.broken:
                raise error
            position = error.diag.statement_position
            raise _located(_said(error), script, int(position) - 1 if position else None, completed, first_line)


def run_part(connection: Connection[Any], part: Part) -> None:
    """Runs a part of a seed, its rows included. Raises as :func:`run` does."""
    import psycopg

    if part.rows is None:
        run(connection, part.sql, first_line=part.line)
        return
    try:
        with connection.cursor() as cursor, cursor.copy(part.sql.encode()) as copy:
            copy.write(part.rows.encode())
    except psycopg.Error as error:
        if connection.broken:
            raise
        failed = _said(error)
        failed.line, failed.statement = part.line, part.sql
        raise failed from None


def _results(connection: Connection[Any], script: str) -> list[PGresult]:
    """What PostgreSQL answered: a result for each statement, up to the one that failed."""
    from psycopg import generators

    with connection.lock:
        connection.pgconn.send_query(script.encode())
        return list(connection.wait(generators.execute(connection.pgconn)))


def _end_copy(connection: Connection[Any]) -> None:
    """Ends a COPY that the script began. One that writes to the client is ended with the session."""
    import psycopg
    from psycopg import generators

    with connection.lock, contextlib.suppress(psycopg.Error):
        ending: PQGen[Any] = generators.copy_end(connection.pgconn, b"no rows are sent")
        connection.wait(ending)
        connection.wait(generators.fetch_many(connection.pgconn))


def _said(error: psycopg.Error) -> ScriptFailed:
    """What PostgreSQL said, without where."""
    said = error.diag
    more = (("DETAIL", said.message_detail), ("HINT", said.message_hint), ("CONTEXT", said.context))
    detail = "\n".join(f"{name}: {what}" for name, what in more if what)
    return ScriptFailed(_one_line(said.message_primary or str(error)), sqlstate=said.sqlstate or "", detail=detail)


def _located(failed: ScriptFailed, script: str, position: int | None, completed: int, first_line: int) -> ScriptFailed:
    line, statement = sql_text.failed_statement(script, position=position, completed=completed) or (0, "")
    failed.line, failed.statement = line + first_line - 1 if line else None, statement
    return failed


def _one_line(words: str) -> str:
    return " ".join(words.split())[:_LONGEST]
