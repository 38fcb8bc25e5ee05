"""What a pull request does to the schema: a headline, what may lose data, and a diff. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..planning.words import count
from .markdown import text

if TYPE_CHECKING:  # most runs compare none
    from ..planning.schema import SchemaDiff

LINES_IN_COMMENT = 200
"""GitHub takes 65,536 characters of a comment."""
_CHARACTERS_IN_COMMENT = 20_000
_CHARACTERS_IN_SUMMARY = 500_000
_MANY = 20
_UNSHOWN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]+")


def for_comment(diff: SchemaDiff) -> list[str]:
    """The lines of the comment; none if nothing is different."""
    found = diff.lines
    lines = _cut(found[:LINES_IN_COMMENT], _CHARACTERS_IN_COMMENT)
    left = len(found) - len(lines)
    more = [f"... and {count(left, 'more line')}: all of it is in the summary of the run"] if left else []
    return _shown(diff, [*lines, *more], folded=True)


def for_summary(diff: SchemaDiff) -> list[str]:
    """The lines of the summary; none if nothing is different."""
    found = diff.lines
    lines = _cut(found, _CHARACTERS_IN_SUMMARY)
    left = len(found) - len(lines)
    more = [f"... and {count(left, 'more line')}"] if left else []
    return _shown(diff, [*lines, *more])


def _shown(diff: SchemaDiff, lines: list[str], *, folded: bool = False) -> list[str]:
    if not diff.changes:
        return []
    headline = f"**Schema: {diff.headline}** (against {diff.against})"
    clean = [_UNSHOWN.sub(" ", line) for line in lines]
    # Longer than any run of backticks in it, so that nothing in a definition ends it.
    fence = "`" * max([3, *(len(run) + 1 for line in clean for run in re.findall("`+", line))])
    block = [f"{fence}diff", *clean, fence]
    if folded:
        block = ["<details><summary>The difference</summary>", "", *block, "", "</details>"]
    return ["", *_warning(diff), headline, "", *block]


def _warning(diff: SchemaDiff) -> list[str]:
    destructive = diff.destructive
    if not destructive:
        return []
    shown = [f"> - {text(clause)}" for clause in destructive[:_MANY]]
    more = [f"> - and {len(destructive) - _MANY} more"] if len(destructive) > _MANY else []
    return ["> [!WARNING]", "> This pull request", *shown, *more, ""]


def _cut(lines: tuple[str, ...], characters: int) -> list[str]:
    found = []
    for line in lines:
        characters -= len(line) + 1
        if characters < 0:
            break
        found.append(line)
    return found
