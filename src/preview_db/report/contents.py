"""What was done inside the database, as rows of the comment and the summary. Pure."""

from __future__ import annotations

from typing import Any

from ..planning.contents import Contents, Migrated
from ..planning.model import Source
from ..planning.words import count
from .markdown import code, text

_MANY = 10


def rows(contents: Contents, source: Source | None) -> list[tuple[str, str]]:
    """A row for each thing there is to say.

    Args:
        source: what the database was made from.
    """
    found = []
    if source is not None or contents.anonymized:
        came = _came_from(source) if source is not None else "a clone"
        found.append(("Data", f"{came}, anonymized by {code(contents.anonymized)}" if contents.anonymized else came))
    if contents.migrated is not None:
        found.append(("Migrations", _migrated(contents.migrated)))
    if contents.seeded:
        found.append(
            ("Seed", f"{_listed(contents.seeded)} has run" if len(contents.seeded) == 1 else f"{_listed(contents.seeded)} have run")
        )
    return found


def migrations_json(migrated: Migrated) -> dict[str, Any]:
    """The same of the migrations for programs."""
    return {
        "applied": list(migrated.applied),
        "pending": list(migrated.pending),
        "failed": migrated.failed or None,
        "applied_before": migrated.before,
    }


def _came_from(source: Source) -> str:
    if source.backup_id:
        return f"restored from the backup {code(source.backup_id)} of {code(source.database_id)}"
    return f"a clone of {code(source.database_id)}"


def _migrated(migrated: Migrated) -> str:
    before = f"{migrated.before} before" if migrated.before else ""
    if migrated.applied:
        done = f"{len(migrated.applied)} applied{f', {before}' if before else ''}: {_listed(migrated.applied)}"
    else:
        done = f"{count(migrated.before, 'migration')} applied before, none now"
    if migrated.inherited:
        done += f"; its source has {count(len(migrated.inherited), 'migration')} more, not in the folder: {_listed(migrated.inherited)}"
    if not migrated.error:
        return done if migrated.applied or migrated.inherited else f"up to date, {count(migrated.before, 'migration')} applied"
    failed = f"**{code(migrated.failed)} failed**: " if migrated.failed else ""
    left = f"; {len(migrated.pending)} pending" if migrated.pending else ""
    return f"{failed}{text(migrated.error)}<br>{done}{left}"


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(code(name) for name in names[-_MANY:])
    return f"..., {shown}" if len(names) > _MANY else shown
