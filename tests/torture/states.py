"""Where a server and its runs stand at a point of an order. Two points that are alike have the same to come, whatever order led there.

What a run will do follows from what it was answered so far, so that is where it stands. Ids, times and secrets are new each time; they are
called by who was first told of them, or left out.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

_ID = re.compile(r"(?<![a-z0-9])c[a-z0-9]{24}(?![a-z0-9])")
_ALWAYS_NEW = frozenset(
    {"createdAt", "updatedAt", "created_at", "updated_at", "closed_at", "connectionString", "directConnection", "endpoints", "apiKeys"}
)
"""Fields of answers that differ from one replay to the next, and that no run goes by."""


class States:
    """What was answered to each run, for the replay that is under way.

    Args:
        ids: those that there are before anything happens.
        lag: how many lists a new database is missing from.
    """

    def __init__(self, ids: Iterable[str], lag: int) -> None:
        self._names = {id_: f"<{number}>" for number, id_ in enumerate(ids)}
        self._told: dict[str, int] = defaultdict(int)
        self._heard: dict[str, list[str]] = defaultdict(list)
        self._lag = lag
        self._lists = 0
        self._made_at: dict[str, int] = {}

    def answered(self, strand: str, verb: str, path: str, status: int, body: bytes) -> None:
        """Notes what ``strand`` of a run was answered."""
        content: Any = json.loads(body) if body else None
        if verb == "POST" and path.endswith("/databases") and status < 300:
            self._made_at[content["data"]["id"]] = self._lists
        if verb == "GET" and path.endswith("/databases"):
            self._lists += 1
            for database in content["data"]:
                del database["connections"]  # a run looks through those for what is hours old, and so is nothing here
        said = json.dumps(_lasting(content), sort_keys=True)
        self._heard[strand].append(f"{verb} {self.named(path, strand)}: {status} {self.named(said, strand)}")

    def now(self, server: object, waiting: Mapping[str, object]) -> Hashable:
        """The point that the replay has come to.

        Args:
            server: what the server holds, which its ``repr`` says.
            waiting: the requests that wait, by their strands.
        """
        unlisted = self.named(repr(sorted(self._unlisted().items())), "?")
        heard = tuple((strand, tuple(self._heard[strand])) for strand in sorted(self._heard))
        return self.named(repr(server), "?"), unlisted, heard, tuple(sorted((strand, str(what)) for strand, what in waiting.items()))

    @property
    def lagging(self) -> bool:
        """Whether there is a database that the next list leaves out."""
        return bool(self._unlisted())

    def _unlisted(self) -> dict[str, int]:
        """Of each database that lists don't show yet, how many more will leave it out."""
        left = {id_: self._lag - (self._lists - at) for id_, at in self._made_at.items()}
        return {id_: answers for id_, answers in left.items() if answers > 0}

    def named(self, text: str, strand: str) -> str:
        """With names for the ids in it, those that ``strand`` is the first to be told of after it."""
        return _ID.sub(lambda found: self._name(found[0], strand), text)

    def _name(self, id_: str, strand: str) -> str:
        if id_ not in self._names:
            self._told[strand] += 1
            self._names[id_] = f"<{strand}{self._told[strand]}>"
        return self._names[id_]


def _lasting(content: Any) -> Any:
    if isinstance(content, dict):
        return {name: _lasting(value) for name, value in content.items() if name not in _ALWAYS_NEW}
    return [_lasting(item) for item in content] if isinstance(content, list) else content
