"""A seed as ``pg_dump`` writes it: SQL, with the rows of a ``COPY ... FROM stdin`` in between. Pure."""

from __future__ import annotations

import dataclasses
import re

from .sql_text import Statement, line_of, next_statement

_COPY = re.compile(r"COPY\s.+\sFROM\s+STDIN\b", re.IGNORECASE | re.DOTALL)
_END_OF_DATA = re.compile(r"^\\\.\r?$", re.MULTILINE)
_NO_EFFECT = re.compile(r"\\(?:un)?restrict\s[^\n]*", re.ASCII)
"""What newer versions of pg_dump put around a dump: it tells psql to take no commands, and there are none here anyway."""


class NotTaken(ValueError):
    """A script holds what only psql understands. The message says what and where, as a clause."""


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    r"""SQL that is sent whole or, where there are ``rows``, a COPY and what is sent after it.

    Attributes:
        line: of the script, on which it begins.
        rows: the lines between the COPY and its ``\.``.
    """

    sql: str
    line: int
    rows: str | None = None


def parts(script: str) -> list[Part]:
    """The parts of ``script``, in order.

    Raises:
        NotTaken: it holds a command of psql's own, or rows without an end.
    """
    found: list[Part] = []
    begin = position = 0
    while (statement := next_statement(script, position)) is not None:
        if statement.text.startswith("\\"):
            found += _sql(script, begin, statement.start)
            begin = position = _after_command(script, statement)
        elif _COPY.match(statement.text):
            found += _sql(script, begin, statement.start)
            rows, begin = _rows(script, statement)
            found.append(Part(statement.text, line_of(script, statement.start), rows))
            position = begin
        else:
            position = statement.end + 1
    return [*found, *_sql(script, begin, None)]


def _sql(script: str, begin: int, end: int | None) -> list[Part]:
    return [Part(script[begin:end], line_of(script, begin))] if next_statement(script[begin:end], 0) else []


def _after_command(script: str, statement: Statement) -> int:
    harmless = _NO_EFFECT.match(script, statement.start)
    if harmless is None:
        command = statement.text.split()[0]
        raise NotTaken(f"{command} on line {line_of(script, statement.start)} is a command of psql's own, and no SQL")
    return harmless.end()


def _rows(script: str, statement: Statement) -> tuple[str, int]:
    begin = script.find("\n", statement.end) + 1
    end = _END_OF_DATA.search(script, begin) if begin else None
    if end is None:
        raise NotTaken(f"the rows after the COPY on line {line_of(script, statement.start)} have no end, a line with \\. alone")
    return script[begin : end.start()], end.end()
