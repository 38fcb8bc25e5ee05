"""Workflow commands: lines of a step's output that GitHub's runner carries out.

Read as the runner reads them: https://github.com/actions/runner, ActionCommand.cs.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, field

_DATA = {"%0D": "\r", "%0A": "\n"}
_PROPERTY = {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ","}
_BRACKETS = {"%3B": ";", "%0D": "\r", "%0A": "\n", "%5D": "]"}


@dataclass(frozen=True)
class Command:
    """A workflow command. ``name`` and the names of properties are in lower case, values and ``data`` unescaped."""

    name: str
    data: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)


def parse_command(line: str, names: Container[str]) -> Command | None:
    """Read a line as a command with one of these names, in the form ``::name key=value::data`` or ``##[name key=value]data``.

    The first must begin the line but for white space; the second, which the runner took over from Azure Pipelines, may stand anywhere.
    """
    return _with_colons(line.lstrip(), names) or _in_brackets(line, names)


def _with_colons(line: str, names: Container[str]) -> Command | None:
    if not line.startswith("::") or (end := line.find("::", 2)) < 0:
        return None
    name, space, properties = line[2:end].partition(" ")
    if name.lower() not in names:
        return None
    return Command(name.lower(), _unescape(line[end + 2 :], _DATA), _properties(properties.strip() if space else "", ",", _PROPERTY))


def _in_brackets(line: str, names: Container[str]) -> Command | None:
    start = line.find("##[")
    if start < 0 or (end := line.find("]", start)) < 0:
        return None
    name, _, properties = line[start + 3 : end].partition(" ")
    if name.lower() not in names:
        return None
    return Command(name.lower(), _unescape(line[end + 1 :], _BRACKETS), _properties(properties, ";", _BRACKETS))


def _properties(text: str, separator: str, escapes: Mapping[str, str]) -> dict[str, str]:
    pairs = (re.fullmatch(r"=*([^=]+)=+([^=].*)", pair, re.DOTALL) for pair in text.split(separator))
    return {pair[1].lower(): _unescape(pair[2], escapes) for pair in pairs if pair}


def _unescape(value: str, escapes: Mapping[str, str]) -> str:
    for escaped, character in {**escapes, "%25": "%"}.items():
        value = value.replace(escaped, character)
    return value
