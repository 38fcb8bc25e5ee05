"""Migrations in a folder against those recorded in a database: what is pending, and what does not fit. Pure."""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import re
from collections.abc import Iterable

_SECTION = re.compile(r"^--[ \t]*(?:migrate:|\+goose[ \t]+|\+migrate[ \t]+)(?P<way>up|down)\b[^\n]*", re.MULTILINE | re.IGNORECASE)
_MANY = 10


class Tool(enum.StrEnum):
    """Whose form a folder of migrations has, and with that the table they are recorded in."""

    PRISMA = "prisma"
    SQL = "sql"


@dataclasses.dataclass(frozen=True, slots=True)
class Migration:
    """A migration in the folder.

    Attributes:
        script: what is sent to PostgreSQL.
        checksum: the SHA-256 of the file's bytes, in hexadecimal.
        checksums: what that may be in the database: with the other line ends, too, since git may have changed those.
    """

    name: str
    script: str
    checksum: str
    checksums: frozenset[str]

    @classmethod
    def of(cls, name: str, content: bytes, *, sections: bool = False) -> Migration:
        """The migration in a file.

        Args:
            sections: whether the file may say, by a comment, where its way up and its way down begin, as dbmate's and goose's do.

        Raises:
            UnicodeDecodeError: it is not in UTF-8.
        """
        text = content.removeprefix(b"\xef\xbb\xbf").decode()
        unix = content.replace(b"\r\n", b"\n")
        variants = frozenset(hashlib.sha256(variant).hexdigest() for variant in (content, unix, unix.replace(b"\n", b"\r\n")))
        return cls(name, _way_up(text) if sections else text, hashlib.sha256(content).hexdigest(), variants)


@dataclasses.dataclass(frozen=True, slots=True)
class MigrationFolder:
    """A folder of migrations, in the order in which they are applied.

    Attributes:
        path: as the user gave it.
    """

    path: str
    tool: Tool
    migrations: tuple[Migration, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Record:
    """A row of the database's table of migrations. One that is neither finished nor rolled back has failed, or was interrupted.

    Attributes:
        logs: what was noted when it failed.
        started_at: as PostgreSQL shows it.
        finished_at: in Unix seconds.
    """

    name: str
    checksum: str
    finished: bool
    rolled_back: bool
    logs: str = ""
    started_at: str = ""
    finished_at: float | None = None

    @property
    def is_applied(self) -> bool:
        return self.finished and not self.rolled_back

    @property
    def has_failed(self) -> bool:
        return not self.finished and not self.rolled_back


@dataclasses.dataclass(frozen=True, slots=True)
class Comparison:
    """A folder against a database.

    Attributes:
        applied: the names of the folder's migrations that are in the database.
        edited: those of them whose file has changed since.
        missing: what was applied and is not in the folder.
        inherited: what is not in the folder either, and was applied where a clone comes from: the branch is behind that, and lost nothing.
        failed: a migration that failed or was interrupted: none is applied after it.
        unmanaged: whether the database holds something and has no record of any migration.
    """

    pending: tuple[Migration, ...]
    applied: tuple[str, ...]
    edited: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    inherited: tuple[str, ...] = ()
    failed: Record | None = None
    unmanaged: bool = False

    @property
    def is_drift(self) -> bool:
        """Whether the folder's migrations can't be applied on top of what is in the database."""
        return bool(self.edited or self.missing or self.failed or self.unmanaged)

    @property
    def is_interrupted(self) -> bool:
        """Whether a migration was begun, and there is neither an end nor an error."""
        return self.failed is not None and not self.failed.logs

    @property
    def drift(self) -> str:
        """What does not fit, in the words that Prisma has for it."""
        if self.failed is not None:
            how = "was begun and not finished" if self.is_interrupted else "failed"
            return (
                "There are failed migrations in the database, so new ones are not applied. "
                f"The `{self.failed.name}` migration started at {self.failed.started_at} {how}."
            )
        if self.unmanaged:
            return "The database schema is not empty, and no migration is recorded in it."
        said = [f"The migration `{name}` was modified after it was applied." for name in self.edited[:_MANY]]
        if self.missing:
            names = ", ".join(self.missing[:_MANY]) + ", ..." * (len(self.missing) > _MANY)
            said.append(f"The following migration(s) are applied to the database but missing from the local migrations directory: {names}.")
        return " ".join(said)


def compare(folder: MigrationFolder, records: Iterable[Record], *, unmanaged: bool = False, cloned_at: float | None = None) -> Comparison:
    """What is pending of ``folder`` in a database with ``records``, and what does not fit.

    Args:
        cloned_at: when the database was made from another, in Unix seconds; none if it was made empty.
    """
    recorded = list(records)
    applied = {record.name: record for record in recorded if record.is_applied}
    here = {migration.name for migration in folder.migrations}
    gone = [record for name, record in applied.items() if name not in here]
    inherited = [record.name for record in gone if cloned_at and record.finished_at and record.finished_at < cloned_at]
    return Comparison(
        pending=tuple(migration for migration in folder.migrations if migration.name not in applied),
        applied=tuple(migration.name for migration in folder.migrations if migration.name in applied),
        edited=tuple(
            migration.name
            for migration in folder.migrations
            if migration.name in applied and applied[migration.name].checksum not in migration.checksums
        ),
        missing=tuple(record.name for record in gone if record.name not in inherited),
        inherited=tuple(inherited),
        failed=next((record for record in recorded if record.has_failed), None),
        unmanaged=unmanaged and not recorded and bool(folder.migrations),
    )


def _way_up(text: str) -> str:
    """The part of a migration that is applied; what stands before it becomes empty lines, so that line numbers stay what they are."""
    sections = list(_SECTION.finditer(text))
    ways = [section["way"].lower() for section in sections]
    if "up" not in ways:
        return text
    up = ways.index("up")
    start = sections[up].end()
    end = sections[ways.index("down", up)].start() if "down" in ways[up:] else None
    return "\n" * text[:start].count("\n") + text[start:end]
