"""Git's rules of what it ignores, one by one. Pure.

Source: gitignore(5), and git's own wildmatch.c for what that leaves open; tests compare with ``git check-ignore``.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

_CLASSES = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "blank": " \\t", "cntrl": "\\x00-\\x1f\\x7f", "digit": "0-9", "graph": "!-~", "lower": "a-z",
    "print": " -~", "punct": "!-/:-@\\[-`{-~", "space": "\\s", "upper": "A-Z", "xdigit": "0-9A-Fa-f",
}  # fmt: skip
_BRACKET = re.compile(r"\[(?P<not>[!^]?)(?P<members>\]?(?:\[:[a-z]+:\]|\\.|[^\]\\])*)\]", re.DOTALL)
_MEMBER = re.compile(r"\[:(?P<class>[a-z]+):\]|(?P<first>\\.|[^\\])(?:-(?P<last>\\.|[^\\\]]))?", re.DOTALL)


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """One line of a ``.gitignore``.

    Attributes:
        ignores: false for a rule that begins with ``!``.
        anchored: matched against the path from the rule's folder on, not against the last name only.
    """

    ignores: bool
    anchored: bool
    folders_only: bool
    pattern: re.Pattern[str]

    def covers(self, parts: Sequence[str], *, is_folder: bool) -> bool:
        """Whether it is about exactly this path, given from the rule's folder on."""
        if self.folders_only and not is_folder:
            return False
        return bool(self.pattern.fullmatch("/".join(parts) if self.anchored else parts[-1]))


def rules(text: bytes) -> list[Rule]:
    """The rules in a ``.gitignore``, in their order. A line that makes no sense is none, as for git."""
    lines = text.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape").split("\n")
    return [rule for line in lines if (rule := _rule(line.removesuffix("\r"))) is not None]


def _rule(line: str) -> Rule | None:
    if line.startswith("#"):
        return None
    line = re.sub(r"((?:\\.|[^\\])*?) *\Z", r"\1", line, count=1, flags=re.DOTALL) if line.endswith(" ") else line
    ignores = not line.startswith("!")
    line = line.removeprefix("!")
    folders_only = line.endswith("/")
    line = line.removesuffix("/")
    anchored = "/" in line
    try:
        pattern = re.compile(_regex(line.removeprefix("/")), re.DOTALL)
    except (ValueError, re.error):
        return None
    return Rule(ignores, anchored, folders_only, pattern) if line else None


def _regex(pattern: str) -> str:
    """A regular expression for a path that ``pattern`` describes. Raises ``ValueError`` for one that never matches."""
    found: list[str] = []
    at = 0
    while at < len(pattern):
        stars = len(pattern) - at - len(pattern[at:].lstrip("*"))
        if stars:
            alone = stars > 1 and (at == 0 or pattern[at - 1] == "/")
            at += stars
            if alone and at == len(pattern):
                found.append(".*")
            elif alone and pattern[at] == "/":
                found.append("(?:.*/)?")
                at += 1
            else:
                found.append("[^/]*")
        elif pattern[at] == "?":
            found.append("[^/]")
            at += 1
        elif pattern[at] == "[":
            bracket = _BRACKET.match(pattern, at)
            if bracket is None:
                raise ValueError("a bracket that is not closed")
            found.append(_bracket(bracket))
            at = bracket.end()
        else:
            at += pattern[at] == "\\"
            found.append(re.escape(pattern[at : at + 1] or _raise()))
            at += 1
    return "".join(found)


def _bracket(bracket: re.Match[str]) -> str:
    members = []
    for member in _MEMBER.finditer(bracket["members"]):
        if member["class"]:
            members.append(_CLASSES.get(member["class"]) or _raise())
        else:
            first, last = member["first"][-1], (member["last"] or member["first"])[-1]
            members.append(re.escape(first) + (f"-{re.escape(last)}" if first <= last else ""))
    return f"(?!/)[{'^' if bracket['not'] else ''}{''.join(members)}]"


def _raise() -> str:
    raise ValueError("a pattern that never matches")
