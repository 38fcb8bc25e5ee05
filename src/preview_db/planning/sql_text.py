"""Where a statement of an SQL script ends and the next begins: to show the one that failed, and to find the data of a COPY. Pure.

What is run is never cut up by this: scripts are sent whole.
"""

from __future__ import annotations

import dataclasses
import re

_TOKEN = re.compile(
    r"""
      --[^\n]*                                             # a comment to the end of the line
    | (?P<comment>/\*)
    | (?<![\w$])[eE]'(?:[^'\\]|\\.|'')*'                   # a string in which a backslash escapes
    | '(?:[^']|'')*'
    | "(?:[^"]|"")*"
    | (?<![\w$])(?P<tag>\$(?:[^\W\d]\w*)?\$)               # what it opens goes up to the same again
    | (?P<end>;)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT = re.compile(r"/\*|\*/")
_NOTHING = re.compile(r"(?:\s+|--[^\n]*)*")
_LONGEST = 400


@dataclasses.dataclass(frozen=True, slots=True)
class Statement:
    """A statement of a script.

    Attributes:
        start: the index of its first character, comments before it passed over.
        end: the index after its last, without the semicolon.
    """

    start: int
    end: int
    text: str

    @property
    def shown(self) -> str:
        """Its text, cut to what one can read in an error."""
        return self.text if len(self.text) <= _LONGEST else f"{self.text[:_LONGEST]} ..."


def statements(script: str, *, start: int = 0) -> list[Statement]:
    """The statements of ``script`` from ``start`` on; those that are empty don't count, as PostgreSQL counts."""
    found = []
    while (statement := next_statement(script, start)) is not None:
        found.append(statement)
        start = statement.end + 1
    return found


def next_statement(script: str, start: int) -> Statement | None:
    """The first statement at or after ``start``; none if there is none left."""
    while True:
        end = _end(script, start)
        begin = _skipped(script, start)
        if begin < end:
            return Statement(begin, end, script[begin:end].rstrip())
        if end >= len(script):
            return None
        start = end + 1


def line_of(script: str, index: int) -> int:
    """The number of the line that the character at ``index`` is in; the first is 1."""
    return script.count("\n", 0, index) + 1


def failed_statement(script: str, *, position: int | None, completed: int) -> tuple[int, str] | None:
    """The line and the text of the statement that failed; none if it can't be told.

    Args:
        position: where PostgreSQL says it is, the index of a character; none if it does not say.
        completed: how many statements it had completed before.
    """
    found = statements(script)
    if position is not None:
        around = [statement for statement in found if statement.start <= position] or found[:1]
        return (line_of(script, position), around[-1].shown) if around else None
    if completed < len(found):
        return line_of(script, found[completed].start), found[completed].shown
    return None


def _end(script: str, start: int) -> int:
    """The index of the semicolon that ends the statement at ``start``, or of the script's end."""
    while (token := _TOKEN.search(script, start)) is not None:
        if token["end"]:
            return token.start()
        start = token.end()
        if token["tag"]:
            closing = script.find(token["tag"], start)
            start = len(script) if closing == -1 else closing + len(token["tag"])
        elif token["comment"]:
            start = _comment_end(script, start)
    return len(script)


def _comment_end(script: str, start: int) -> int:
    """The index after a comment whose opening ends at ``start``. Comments nest in PostgreSQL."""
    depth = 1
    while depth and (mark := _COMMENT.search(script, start)) is not None:
        depth += 1 if mark[0] == "/*" else -1
        start = mark.end()
    return start if not depth else len(script)


def _skipped(script: str, start: int) -> int:
    """The index at which something begins that is neither space nor comment, or the script's end."""
    while True:
        passed = _NOTHING.match(script, start)
        start = passed.end() if passed else start
        if not script.startswith("/*", start):
            return start
        start = _comment_end(script, start + 2)
