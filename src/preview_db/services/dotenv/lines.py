r"""The text of a file of variables: a line that everybody reads the same, and a file in which some of them are set. Pure.

A line is ``KEY="value"``. That is read back as it was written by python-dotenv, ``node --env-file`` and ``source`` in a shell, which the
tests ask, and by what their sources say by dotenv-expand, Rails' dotenv and Docker Compose, too, as long as the value holds none of the
characters on which they differ: each has its own idea of ``$``, ``\``, double quotes, backticks and line breaks. A value that
has one is refused. A connection string has none, unless a ``$`` in its password was not percent-encoded.

What stays different: ``docker run --env-file`` hands the quotes on as a part of the value (only its latest versions take them off), and
knows no ``export``; a shell takes the CR of a CRLF line for a part of the value; ``node --env-file`` and shells take a byte order mark
for a part of the first name; Node 20 takes a line of white space, or an indented comment, for the beginning of the next line's name.

The file is not read with python-dotenv, which knows its own reading only: what another program takes for a value of many lines, in
backticks or in quotes that are closed later, would be torn apart.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping

from ..workspace import CannotWrite

_BOM = b"\xef\xbb\xbf"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_READ_DIFFERENTLY = '"\\$`'
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r|\Z)")
_NEWLINE = re.compile(rb"\r\n|\n|\r")
_ASSIGNMENT = re.compile(rb"[ \t]*(?P<export>export[ \t]+)?(?P<key>[A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*")
_QUOTED = {
    quote: re.compile(quote + rb"[^\\" + quote + rb"]*(?:\\.[^\\" + quote + rb"]*)*" + quote, re.DOTALL) for quote in (b'"', b"'", b"`")
}
_AFTER_QUOTES = re.compile(rb"[ \t]*(?P<comment>#[^\r\n]*)?(?P<end>\r\n|\n|\r|\Z)")
_TAIL = re.compile(rb"(?:[ \t](?P<comment>#[^\r\n]*))?(?P<end>\r\n|\n|\r|\Z)")


def line(name: str, value: str) -> bytes:
    """The line that sets ``name``. Raises :class:`CannotWrite` if not everybody would read it the same."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a variable")
    if odd := sorted({character for character in value if character in _READ_DIFFERENTLY or not character.isprintable()}):
        shown = " ".join(character if character.isprintable() else f"U+{ord(character):04X}" for character in odd)
        raise CannotWrite(
            f"The value of {name} holds what no file of variables holds safely: {shown} .",
            cause="The programs that read such files differ in what they make of it, so that some would log in with another password.",
            remedy="Leave env_file out, and use the variable that the step exports or the output database_url.",
        )
    return f'{name}="{value}"'.encode()


def updated(content: bytes, lines: Mapping[str, bytes], *, path: str) -> bytes:
    """``content`` with every assignment to a name in ``lines`` replaced, those that were missing at its end, and all else as it was.

    Every one, not only the last: some programs go by the first.

    Args:
        path: the file's, for what is said of it.

    Raises:
        CannotWrite: it is no text, or opens a quote that it does not close.
    """
    if b"\0" in content:
        raise CannotWrite(
            f"The file env_file names, {path!r}, is no text.",
            cause="It holds a zero byte, as a program, an image or a text in UTF-16 does.",
            remedy="Give env_file another path.",
        )
    wanted = {name.encode(): text for name, text in lines.items()}
    missing = dict(wanted)
    bom = _BOM if content.startswith(_BOM) else b""
    kept = [bom]
    at = len(bom)
    while at < len(content):
        statement = _statement(content, at, path)
        if statement.key in wanted:
            if at > len(bom) or not bom:  # not everybody sees a first line behind a byte order mark
                missing.pop(statement.key, None)
            kept += [statement.before, wanted[statement.key], statement.after]
        else:
            kept.append(content[at : statement.end])
        at = statement.end
    newline = b"\r\n" if b"\r\n" in content else b"\n"
    if missing and content and not content.endswith((b"\n", b"\r")):
        kept.append(newline)
    kept += [text + newline for text in missing.values()]
    return b"".join(kept)


@dataclasses.dataclass(frozen=True, slots=True)
class _Statement:
    """A line of the file, or the lines of an assignment whose quotes go over several.

    Attributes:
        end: where the next one begins.
        key: the name that is assigned to, if one is.
        before, after: what stays when the assignment is replaced: ``export``; comment and line end.
    """

    end: int
    key: bytes = b""
    before: bytes = b""
    after: bytes = b""


def _statement(content: bytes, at: int, path: str) -> _Statement:
    whole = _LINE.match(content, at)
    end = whole.end() if whole else len(content)
    assigned = _ASSIGNMENT.match(content, at, end)
    if assigned is None:
        return _Statement(end)
    quoted = _QUOTED.get(content[assigned.end() : assigned.end() + 1])
    tail = _after_quotes(content, assigned.end(), end, quoted) if quoted else _TAIL.search(content, assigned.end() - 1, end)
    if tail is None:
        number = len(_NEWLINE.findall(content, 0, at)) + 1
        raise CannotWrite(
            f"Line {number} of the file env_file names, {path!r}, opens a quote that it does not close.",
            cause="Some programs would read all that follows, the connection strings too, as a part of that value.",
            remedy="Close the quote, or give env_file another path.",
        )
    return _Statement(
        tail.end(),
        assigned["key"],
        # Written again, since node --env-file knows no tabs and no indentation by them.
        before=b"export " if assigned["export"] else b"",
        after=(b" " + tail["comment"] if tail["comment"] else b"") + tail["end"],
    )


def _after_quotes(content: bytes, start: int, end: int, quoted: re.Pattern[bytes]) -> re.Match[bytes] | None:
    """The comment and line end behind the value in quotes at ``start``, on a line that goes to ``end``; none if they are not closed.

    Programs differ in whether a backslash escapes a quote. Where that decides which lines belong to the value, they count as not closed.
    """
    quote = content[start : start + 1]
    clean: list[re.Match[bytes]] = []
    escaped: list[re.Match[bytes]] = []
    for at in range(start + 1, end):
        if content[at : at + 1] == quote and (tail := _AFTER_QUOTES.match(content, at + 1)):
            (escaped if content[at - 1 : at] == b"\\" else clean).append(tail)
    if clean:
        return clean[0]
    closed = quoted.match(content, start)
    if closed and closed.end() <= end:
        return _TAIL.search(content, closed.end(), end)  # more follows the quotes, as a shell has it
    later = _AFTER_QUOTES.match(content, closed.end()) if closed else None
    return later if not escaped else escaped[0] if not later else None
