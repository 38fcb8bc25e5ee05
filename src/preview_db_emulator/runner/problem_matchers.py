"""Problem matchers: patterns that a step registers with ``::add-matcher::``, and by which lines of its log become annotations.

Written after https://github.com/actions/runner, IssueMatcher.cs. What a pattern says of files and lines is not kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_LEVELS = ("error", "warning", "notice")
_KEPT = ("severity", "message")


@dataclass
class ProblemMatcher:
    """One entry of a file's ``problemMatcher``."""

    owner: str
    patterns: list[Mapping[str, Any]]
    severity: str = ""
    _found: list[dict[str, str] | None] = field(default_factory=list)
    """What all patterns up to each one have matched, on the lines before."""

    def __post_init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._found = [None] * len(self.patterns)

    def match(self, line: str) -> dict[str, str] | None:
        """What the patterns found in this line and the ones before, once the last of them has matched."""
        for index in reversed(range(len(self.patterns))):
            before = self._found[index - 1] if index else {}
            if before is None:
                continue
            pattern = self.patterns[index]
            groups = re.search(str(pattern.get("regexp", "")), line)
            last = index == len(self.patterns) - 1
            found = {**_kept(pattern, groups), **before} if groups else None
            if not last:
                self._found[index] = found
            elif found is not None:
                self.reset()
                if pattern.get("loop"):
                    self._found[index - 1] = before
                return {**found, "severity": found.get("severity") or self.severity or "error"}
            elif index:
                self._found[index - 1] = None
        return None


def read_matchers(file: Path) -> list[ProblemMatcher]:
    """Read a file of problem matchers. Raises ValueError for one that the runner would not take, OSError where there is none."""
    matchers = [
        ProblemMatcher(str(entry.get("owner") or ""), entry.get("pattern") or [], str(entry.get("severity") or "").lower())
        for entry in json.loads(file.read_text("utf-8")).get("problemMatcher") or []
    ]
    for matcher in matchers:
        if not matcher.owner:
            raise ValueError("Owner must not be empty")
        if matcher.severity not in ("", *_LEVELS):
            raise ValueError(f"Matcher '{matcher.owner}' contains unexpected default severity '{matcher.severity}'")
        if not matcher.patterns:
            raise ValueError(f"Matcher '{matcher.owner}' does not contain any patterns")
        if not any("message" in pattern for pattern in matcher.patterns):
            raise ValueError("At least one pattern must set 'message'")
    return matchers


def _kept(pattern: Mapping[str, Any], groups: re.Match[str]) -> dict[str, str]:
    return {name: groups[pattern[name]] or "" for name in _KEPT if name in pattern}
