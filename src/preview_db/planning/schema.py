"""Two schemas, as PostgreSQL's catalogue describes them, and what is different: what a pull request does to the first. Pure."""

from __future__ import annotations

import dataclasses
import difflib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from .words import count

_WHOLE = ("table", "view", "materialized view", "foreign table")
_ORDER = (
    "extension", "enum", "domain", "type", "sequence", "table", "foreign table", "view", "materialized view", "column", "constraint",
    "index", "policy", "trigger", "function", "procedure",
)  # fmt: skip
_WIDER = {
    "smallint": ("integer", "bigint", "numeric"),
    "integer": ("bigint", "numeric"),
    "bigint": ("numeric",),
    "real": ("double precision",),
    "date": ("timestamp without time zone", "timestamp(3) without time zone"),
}
_LIMITED = re.compile(r"(?P<name>character varying|character|numeric|bit varying|timestamp|time)\((?P<limits>[0-9,]+)\)(?P<rest>.*)")


@dataclasses.dataclass(frozen=True, slots=True)
class Thing:
    """Something in a schema.

    Attributes:
        kind: what PostgreSQL calls it, such as ``table`` or ``column``.
        owner: the table it is part of, or what it is itself, quoted as SQL needs it, with its schema unless that is ``public``.
        name: of what is part of a table; empty for what stands by itself.
        type: of a column.
        has_default: of a column, an identity among them.
    """

    kind: str
    owner: str
    name: str
    definition: str
    type: str = ""
    not_null: bool = False
    has_default: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        return self.owner, self.kind, self.name

    @property
    def shown(self) -> str:
        """What a person calls it: ``column users.name``."""
        return f"{self.kind} {self.owner}{f'.{self.name}' if self.name else ''}"

    @property
    def lines(self) -> list[str]:
        """As a diff shows it."""
        if self.definition.startswith("CREATE "):
            return self.definition.rstrip().splitlines()
        if "\n" in self.definition:
            return [f"{self.kind} {self.name or self.owner}", *self.definition.rstrip().splitlines()]
        return [f"{self.kind} {self.name or self.owner} {self.definition}".rstrip()]


@dataclasses.dataclass(frozen=True, slots=True)
class Schema:
    """All there is in a schema, each by its kind and name."""

    things: Mapping[tuple[str, str, str], Thing]

    @classmethod
    def of(cls, things: Iterable[Thing]) -> Schema:
        return cls({thing.key: thing for thing in things})

    @classmethod
    def from_json(cls, text: str) -> Schema:
        """What :meth:`to_json` wrote."""
        return cls.of(Thing(*row) for row in json.loads(text))

    def to_json(self) -> str:
        return json.dumps([dataclasses.astuple(thing) for thing in self.things.values()])


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """Something that was added, dropped or changed: what it was, and what it is."""

    before: Thing | None
    after: Thing | None

    @property
    def thing(self) -> Thing:
        found = self.after or self.before
        assert found is not None, "a change is of something"
        return found

    @property
    def how(self) -> str:
        return "added" if self.before is None else "dropped" if self.after is None else "changed"


@dataclasses.dataclass(frozen=True, slots=True)
class SchemaDiff:
    """What is different between two schemas.

    Attributes:
        against: what it is compared with, in words.
    """

    changes: tuple[Change, ...]
    against: str = ""

    @property
    def headline(self) -> str:
        """One line: ``2 tables added, 1 column dropped``. What a table has when it is added, and had when it is dropped, is part of it."""
        whole = {(change.thing.owner, change.how) for change in self.changes if change.thing.kind in _WHOLE}
        counted = Counter(
            (change.thing.kind, change.how)
            for change in self.changes
            if not change.thing.name or (change.thing.owner, change.how) not in whole
        )
        ordered = sorted(counted.items(), key=lambda item: (_ORDER.index(item[0][0]), item[0][1]))
        return ", ".join(f"{count(number, kind)} {how}" for (kind, how), number in ordered)

    @property
    def destructive(self) -> tuple[str, ...]:
        """What may lose data or fail on data that is there, a clause each."""
        dropped = {change.thing.owner for change in self.changes if change.thing.kind in _WHOLE and change.how == "dropped"}
        added = {change.thing.owner for change in self.changes if change.thing.kind in _WHOLE and change.how == "added"}
        return tuple(clause for change in self.changes for clause in _destructive(change, dropped, added))

    @property
    def lines(self) -> tuple[str, ...]:
        """A unified diff, by tables: what is part of one stands below it."""
        found: list[str] = []
        for owner, of_owner in groupby(self.changes, key=lambda change: change.thing.owner):
            changes = list(of_owner)
            if changes[0].thing.name:
                found.append(f"  table {owner}")
            for change in changes:
                indent = "  " if change.thing.name else ""
                found += [f"{line[0]} {indent}{line[2:]}" for line in _diff_of(change)]
        return tuple(found)


def diff(before: Schema, after: Schema, *, against: str = "") -> SchemaDiff:
    """What ``after`` has that ``before`` has not, and the other way round."""
    keys = sorted(before.things.keys() | after.things.keys(), key=lambda key: (key[0], _ORDER.index(key[1]), key[2]))
    pairs = ((before.things.get(key), after.things.get(key)) for key in keys)
    return SchemaDiff(tuple(Change(old, new) for old, new in pairs if old != new), against)


def _diff_of(change: Change) -> Iterator[str]:
    old = change.before.lines if change.before else []
    new = change.after.lines if change.after else []
    return (line for line in difflib.ndiff(old, new) if line[0] != "?")


def _destructive(change: Change, dropped: set[str], added: set[str]) -> Iterator[str]:
    thing, before, after = change.thing, change.before, change.after
    if after is None:
        if thing.kind == "table" or (thing.kind == "column" and thing.owner not in dropped):
            yield f"drops the {thing.shown}"
    elif thing.kind != "column":
        return
    elif before is None:
        if after.not_null and not after.has_default and thing.owner not in added:
            yield f"adds the {thing.shown} as NOT NULL without a default: that fails on a table with rows"
    else:
        if before.type != after.type and not _is_wider(before.type, after.type):
            yield f"changes the type of the {thing.shown} from {before.type} to {after.type}: values may not fit"
        if after.not_null and not before.not_null:
            yield f"makes the {thing.shown} NOT NULL: that fails on rows without a value"


def _is_wider(before: str, after: str) -> bool:
    """Whether every value of one type is a value of the other."""
    if after == "text" and before.startswith("character varying"):
        return True
    if after in _WIDER.get(before, ()):
        return True
    old, new = _LIMITED.fullmatch(before), _LIMITED.fullmatch(after)
    if old is not None and new is None:
        return after == old["name"] + old["rest"]
    if old is None or new is None or (old["name"], old["rest"]) != (new["name"], new["rest"]):
        return False
    (old_size, *old_scale), (new_size, *new_scale) = ([int(limit) for limit in found["limits"].split(",")] for found in (old, new))
    scale, new_scale_ = sum(old_scale), sum(new_scale)
    return new_scale_ >= scale and new_size - new_scale_ >= old_size - scale
