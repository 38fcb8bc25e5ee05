"""Git's rules of what it ignores. Pure.

Source: gitignore(5), and git's own wildmatch.c for what that leaves open; tests compare with ``git check-ignore``. Not read is a bracket
with a slash in it, which can hardly be meant. A rule comes from a pull request: matching takes no longer than rule and path are long.
That is why the library pathspec is not used: a rule of many ``*a`` never ends, and it raises for rules that git passes over.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

_CLASSES = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "blank": " \\t", "cntrl": "\\x00-\\x1f\\x7f", "digit": "0-9", "graph": "!-~", "lower": "a-z",
    "print": " -~", "punct": "!-/:-@\\[-`{-~", "space": "\\s", "upper": "A-Z", "xdigit": "0-9A-Fa-f",
}  # fmt: skip
_TOKEN = re.compile(
    r"(?P<stars>\*+)|(?P<any>\?)|\[(?P<not>[!^]?)(?P<members>\]?(?:\[:[a-z]+:\]|\\.|[^\]\\])*)\]|(?P<literal>\\.|[^\\\[])", re.DOTALL
)
_MEMBER = re.compile(r"\[:(?P<class>[a-z]+):\]|(?P<first>\\.|[^\\])(?:-(?P<last>\\.|[^\\\]]))?", re.DOTALL)
_ANY_FOLDERS = re.compile(r"\*\*+")


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """One line of a ``.gitignore``.

    Attributes:
        ignores: false for a rule that begins with ``!``.
        parts: what each part of a path has to look like; none stands for any number of parts, at the end for at least one.
    """

    ignores: bool
    folders_only: bool
    parts: tuple[re.Pattern[str] | None, ...]

    def covers(self, path: Sequence[str], *, is_folder: bool) -> bool:
        """Whether it is about exactly this path, given in parts from the rule's folder on."""
        if self.folders_only and not is_folder:
            return False
        matched = {0}  # how many parts of the path may be behind us
        for number, part in enumerate(self.parts, 1):
            if part is None:
                matched = set(range(min(matched) + (number == len(self.parts)), len(path) + 1))
            else:
                matched = {so_far + 1 for so_far in matched if so_far < len(path) and part.fullmatch(path[so_far])}
            if not matched:
                return False
        return len(path) in matched


def rules(text: bytes) -> list[Rule]:
    """The rules in a ``.gitignore``, in their order. A line that makes no sense is none, as for git."""
    lines = text.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape").split("\n")
    return [rule for line in lines if (rule := _rule(line.removesuffix("\r"))) is not None]


def _rule(line: str) -> Rule | None:
    if line.startswith("#"):
        return None
    stripped = line.rstrip(" ")
    if stripped != line and (len(stripped) - len(stripped.rstrip("\\"))) % 2:
        stripped += " "
    pattern = stripped.removeprefix("!")
    folders_only = pattern.endswith("/")
    pattern = pattern.removesuffix("/")
    if not pattern:
        return None
    parts = ["**", pattern.replace("**", "*")] if "/" not in pattern else pattern.removeprefix("/").split("/")
    try:
        read = tuple(None if _ANY_FOLDERS.fullmatch(part) else re.compile(_regex(part), re.DOTALL) for part in parts)
    except (ValueError, re.error):
        return None
    return Rule(not stripped.startswith("!"), folders_only, read)


def _regex(part: str) -> str:
    """A regular expression for one part of a path. Raises ``ValueError`` for what never matches."""
    pieces = [""]  # between stars
    at = 0
    while at < len(part):
        token = _TOKEN.match(part, at)
        if token is None:
            raise ValueError("a bracket that is not closed, or a backslash before nothing")
        at = token.end()
        if token["stars"]:
            pieces.append("")
        elif token["any"]:
            pieces[-1] += "."
        elif token["literal"]:
            pieces[-1] += re.escape(token["literal"][-1])
        else:
            pieces[-1] += _bracket(token["members"], negated=bool(token["not"]))
    if len(pieces) == 1:
        return pieces[0]
    # Each piece where it fits first, and never again elsewhere: that is enough, and takes no time to speak of.
    first, *middle, last = pieces
    return first + "".join(f"(?>.*?{piece})" for piece in middle if piece) + ".*" + last


def _bracket(members: str, *, negated: bool) -> str:
    found = []
    for member in _MEMBER.finditer(members):
        if member["class"]:
            if member["class"] not in _CLASSES:
                raise ValueError("no such class")
            found.append(_CLASSES[member["class"]])
        else:
            first, last = member["first"][-1], (member["last"] or member["first"])[-1]
            found.append(re.escape(first) + (f"-{re.escape(last)}" if first <= last else ""))
    return f"[{'^' if negated else ''}{''.join(found)}]"
