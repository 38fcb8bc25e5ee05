"""The stand-ins' storage: tables of frozen models in memory, written through to SQLite where they should be kept."""

from __future__ import annotations

import copy
import dataclasses
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar


class Model(Protocol):
    """A frozen dataclass of JSON values that knows its own key."""

    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]

    @property
    def key(self) -> str:
        """What tells it from all others of its kind."""


T = TypeVar("T", bound=Model)


class Archive:
    """One SQLite file; without a path, nothing is kept. ``part`` is what stands before the kinds of models kept in it.

    Each change is committed before it is answered for, so a SIGKILL loses nothing that a client has been told.
    """

    def __init__(self, path: Path | None) -> None:
        self.prefix = ""  # of the kinds of models that are kept in this part of the file
        self._keeps = path is not None
        self._database = sqlite3.connect(path or ":memory:", isolation_level=None)
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute("CREATE TABLE IF NOT EXISTS models (kind TEXT, key TEXT, body TEXT, PRIMARY KEY (kind, key))")

    def part(self, name: str) -> Archive:
        """The same file, for models that have nothing to do with others of their kind."""
        part = copy.copy(self)
        part.prefix = f"{self.prefix}{name}/"
        return part

    def load(self, kind: str) -> list[dict[str, Any]]:
        rows = self._database.execute("SELECT body FROM models WHERE kind = ? ORDER BY rowid", (self.prefix + kind,))
        return [json.loads(body) for (body,) in rows]

    def save(self, kind: str, model: Model) -> None:
        if self._keeps:
            self._database.execute(
                "INSERT INTO models VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body",
                (self.prefix + kind, model.key, json.dumps(dataclasses.asdict(model))),
            )

    def remove(self, kind: str, key: str) -> None:
        if self._keeps:
            self._database.execute("DELETE FROM models WHERE kind = ? AND key = ?", (self.prefix + kind, key))

    def close(self) -> None:
        self._database.close()


class Table(Generic[T]):
    """All models of a kind, by key, each with a serial number that never changes and grows with every newcomer."""

    def __init__(self, kind: type[T], archive: Archive) -> None:
        self._kind = kind.__name__
        self._archive = archive
        self._items: dict[str, tuple[int, T]] = {}
        self._last = 0
        for fields in archive.load(self._kind):
            self._place(kind(**fields))

    def _place(self, item: T) -> None:
        if item.key in self._items:
            serial, _ = self._items[item.key]
        else:
            self._last = serial = self._last + 1
        self._items[item.key] = (serial, item)

    def put(self, item: T) -> T:
        """Add it, or replace the one with its key."""
        self._place(item)
        self._archive.save(self._kind, item)
        return item

    def remove(self, key: str) -> None:
        """Fine if it is not there."""
        if self._items.pop(key, None):
            self._archive.remove(self._kind, key)

    def get(self, key: str) -> T | None:
        found = self._items.get(key)
        return found[1] if found else None

    def __iter__(self) -> Iterator[T]:
        """Oldest first; a snapshot, so that the table may change meanwhile."""
        return iter([item for _, item in self._items.values()])

    def __len__(self) -> int:
        return len(self._items)

    def newest_first(self, before: int | None = None) -> Iterator[tuple[int, T]]:
        """With serial numbers, from the newest, or from the newest below the serial number ``before``."""
        for serial, item in reversed(self._items.values()):
            if before is None or serial < before:
                yield serial, item

    def oldest_first(self, after: int | None = None) -> Iterator[tuple[int, T]]:
        """With serial numbers, from the oldest, or from the oldest above the serial number ``after``."""
        for serial, item in list(self._items.values()):
            if after is None or serial > after:
                yield serial, item
