"""What ``list`` shows: every database of the repository's previews, with what GitHub says of it. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ..planning.events import PullRequest
from ..planning.model import Configuration, Database, Kind, Scope, Status
from ..planning.stale import Preview, StaleReason, Verdict, age
from ..planning.steps import Action
from .tables import Row, scope_json, short

HYPERDRIVE = "hyperdrive"
COLUMNS = ("preview", "branch", "state", "age", "idle", "region", "credentials", "database", "sweep")


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One database of a preview.

    Attributes:
        pull_request: as GitHub shows it, if it is open.
        verdict: what a sweep has to say; none if GitHub was not asked.
        configurations: the preview's Hyperdrive configurations, as far as they were asked for.
    """

    scope: Scope
    database: Database
    pull_request: PullRequest | None = None
    verdict: Verdict | None = None
    configurations: tuple[Configuration, ...] = ()

    @property
    def branch(self) -> str:
        if self.scope.kind is Kind.BRANCH:
            return self.scope.ref
        return self.pull_request.head.ref if self.pull_request else ""

    @property
    def state(self) -> str:
        """What the preview's pull request, branch or queue entry is, as far as it is known."""
        if self.verdict is None:
            return "unknown"
        if self.pull_request is not None:
            return "draft" if self.pull_request.draft else "open"
        return {StaleReason.CLOSED: "closed", StaleReason.GONE: "gone"}.get(self.verdict.why, "there")

    @property
    def active_at(self) -> datetime | None:
        """When something last happened to what the preview is of."""
        if self.pull_request is not None:
            return self.pull_request.updated_at
        return self.verdict.since if self.verdict else None

    @property
    def goes(self) -> str:
        """Why a sweep would delete it; empty if it would not."""
        steps = self.verdict.plan.of(Action.DELETE) if self.verdict else ()
        return next((step.reason for step in steps if step.database == self.database), "")


def entries(
    previews: Iterable[Preview], verdicts: Iterable[Verdict] | None = None, pull_requests: Iterable[PullRequest] = ()
) -> list[Entry]:
    """An entry a database, the oldest first.

    Args:
        verdicts: a sweep's, of the same previews; none if GitHub was not asked.
        pull_requests: those that are open.
    """
    judged: Mapping[str, Verdict] = {verdict.preview.tag: verdict for verdict in verdicts or ()}
    open_by_number = {pull_request.number: pull_request for pull_request in pull_requests}
    found: list[Entry] = []
    for preview in previews:
        verdict = judged.get(preview.tag)
        scope = verdict.preview.scope if verdict else preview.scope
        pull_request = open_by_number.get(scope.pull_request or 0)
        found += (Entry(scope, database, pull_request, verdict, preview.configurations) for database in preview.databases)
    return sorted(found, key=lambda entry: (entry.database.created_at, entry.database.id))


def table(found: Sequence[Entry], now: datetime) -> tuple[Row, list[Row]]:
    """The columns, and a row an entry; that of Hyperdrive only where there is something in it."""
    rows = [_row(entry, now) for entry in found]
    if not any(entry.configurations for entry in found):
        return COLUMNS, rows
    pointing = [", ".join(configuration.id for configuration in entry.configurations) for entry in found]
    return (*COLUMNS, HYPERDRIVE), [(*row, ids) for row, ids in zip(rows, pointing, strict=True)]


def _row(entry: Entry, now: datetime) -> Row:
    database, active_at = entry.database, entry.active_at
    return (
        short(entry.scope),
        entry.branch,
        entry.state if database.status is Status.READY else f"{entry.state}, {database.status}",
        age(now - database.created_at),
        age(now - active_at) if active_at else "",
        database.region or "",
        str(len(database.connections)),
        database.id,
        f"goes: {entry.goes}" if entry.goes else "",
    )


def as_json(entry: Entry) -> dict[str, Any]:
    """The same for a program; ``goes`` is none if GitHub was not asked."""
    database = entry.database
    return {
        **scope_json(entry.scope),
        "branch": entry.branch or None,
        "state": entry.state,
        "created_at": database.created_at.isoformat(),
        "active_at": entry.active_at.isoformat() if entry.active_at else None,
        "database_id": database.id,
        "database_name": database.name,
        "status": database.status,
        "region": database.region,
        **({"hyperdrive_id": entry.configurations[0].id} if entry.configurations else {}),
        "credentials": len(database.connections),
        "goes": bool(entry.goes) if entry.verdict else None,
        "reason": entry.goes or (entry.verdict.reason if entry.verdict else None),
    }
