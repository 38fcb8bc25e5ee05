"""What the terminal answers: rows for people, JSON for programs. Pure, and without secrets but for those it is told to reveal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ..planning.credential import Credential
from ..planning.model import Action, Database, Endpoint, Kind, Plan, Scope, Step
from ..planning.outcome import OutcomeKind, RunResult
from ..planning.stale import Sweep, SweepStatus, age
from ..report import sweep as sweep_report
from ..report.preview import plan_json

Row = tuple[str, ...]

SWEEP_COLUMNS = ("preview", "database", "age", "what", "why")
PLAN_COLUMNS = ("step", "of", "why")


def short(scope: Scope) -> str:
    """A scope in a table: ``#12``, ``branch feat/x``, ``queue #12``, with its key if it has one."""
    name = {Kind.PULL_REQUEST: f"#{scope.ref}", Kind.BRANCH: f"branch {scope.ref}", Kind.MERGE_QUEUE: f"queue #{scope.ref}"}[scope.kind]
    return f"{name} ({scope.key})" if scope.key else name


def scope_json(scope: Scope) -> dict[str, Any]:
    return {
        "kind": scope.kind,
        "ref": scope.ref,
        "pull_request": scope.pull_request,
        "branch": scope.ref if scope.kind is Kind.BRANCH else None,
        "key": scope.key,
    }


def facts(result: RunResult, endpoint: Endpoint) -> list[Row]:
    """What came of one preview, a fact a row."""
    outcome, database = result.outcome, result.outcome.database
    rows: list[Row] = [("outcome", outcome.kind)] if outcome.kind is not OutcomeKind.PLANNED else []
    rows += [("preview", str(outcome.scope))] if outcome.scope else []
    rows += [("identity", outcome.identity)] if outcome.identity else []
    if database is not None:
        rows += [("database", f"{database.name} ({database.id})"), ("status", database.status), ("created", _time(database.created_at))]
        rows += [("region", database.region)] if database.region else []
    rows += [("project", f"{result.project.name} ({result.project.id})")] if result.project else []
    for credential in result.credentials:
        string = credential.string(endpoint)
        rows.append((f"credential {credential.name}", f"{string.user} at {string.host}:{string.port}/{string.database}"))
    return rows


def outcome_json(result: RunResult, endpoint: Endpoint, *, reveal: bool) -> dict[str, Any]:
    """The same for a program.

    Args:
        reveal: whether the connection strings are in it.
    """
    outcome = result.outcome
    return {
        "outcome": outcome.kind,
        "reason": outcome.reason,
        **(scope_json(outcome.scope) if outcome.scope else {}),
        "identity": outcome.identity,
        "database": _database_json(outcome.database) if outcome.database else None,
        "project_id": result.project.id if result.project else None,
        "connections": [_credential_json(one, endpoint, reveal=reveal) for one in result.credentials],
        "plan": plan_json(outcome.plan) if outcome.plan else None,
        "steps": [{"action": done.step.action, "subject": done.step.subject, "seconds": round(done.seconds, 1)} for done in outcome.done],
        "warnings": list(outcome.warnings),
    }


def plan_rows(plan: Plan) -> list[Row]:
    return [(step.action, _of(step), step.reason) for step in plan.steps]


def sweep_rows(sweep: Sweep) -> list[Row]:
    """What goes, went or should have gone; of what stays, only that in which something is tidied."""
    rows: list[Row] = []
    for one in sorted(sweep.swept, key=lambda one: one.status):
        oldest, steps = one.verdict.preview.databases[0], one.verdict.plan.steps
        if one.status is not SweepStatus.KEPT:
            why = f"{one.verdict.reason}. {one.note}" if one.note else one.verdict.reason
        elif tidied := [step for step in steps if step.action is not Action.KEEP]:
            why = one.note or "; ".join(f"{step.action} {step.subject}: {step.reason}" for step in tidied)
        else:
            continue
        rows.append((short(one.verdict.preview.scope), oldest.id, age(sweep.now - oldest.created_at), one.status, why))
    return rows


def sweep_line(sweep: Sweep) -> str:
    """How many of each, in a line."""
    counts = [f"{len(sweep.of(fate))} {fate}" for fate in SweepStatus if sweep.of(fate)] or ["no previews"]
    others = [f"{count} {what}" for what, count in sweep.others.items() if count]
    return ", ".join(counts) + (f"; untouched: {', '.join(others)}" if others else "")


def sweep_json(result: RunResult, sweep: Sweep) -> dict[str, Any]:
    return {
        "outcome": result.outcome.kind,
        "project_id": result.project.id if result.project else None,
        "swept": sweep_report.as_json(sweep),
        "others": dict(sweep.others),
    }


def question(sweep: Sweep) -> str:
    """What to ask before a sweep; nothing if it would do nothing. What is beyond its limit is not asked about: it stays."""
    plans = [one.verdict.plan for one in sweep.of(SweepStatus.WOULD_GO, SweepStatus.KEPT)]
    deletions, revocations = (sum(len(plan.of(action)) for plan in plans) for action in (Action.DELETE, Action.REVOKE))
    parts = [f"delete {deletions} databases with their data"] if deletions else []
    parts += [f"revoke {revocations} superseded credentials"] if revocations else []
    asked = " and ".join(parts)
    return f"{asked[:1].upper()}{asked[1:]}?" if asked else ""


def _of(step: Step) -> str:
    """What a step is done to; of what is deleted, by its id, too."""
    return f"{step.subject} ({step.database.id})" if step.action is Action.DELETE and step.database else step.subject


def _credential_json(credential: Credential, endpoint: Endpoint, *, reveal: bool) -> dict[str, Any]:
    string = credential.string(endpoint)
    shown: dict[str, Any] = {
        "name": credential.name,
        "id": credential.connection_id,
        "host": string.host,
        "port": string.port,
        "database": string.database,
        "user": string.user,
    }
    if reveal:
        shown |= {"url": string.url.get_secret_value(), "password": string.password.get_secret_value()}
        for name, one in (("direct_url", credential.direct), ("pooled_url", credential.pooled)):
            shown |= {name: one.url.get_secret_value()} if one else {}
    return shown


def _database_json(database: Database) -> dict[str, Any]:
    return {
        "id": database.id,
        "name": database.name,
        "status": database.status,
        "region": database.region,
        "created_at": database.created_at.isoformat(),
    }


def _time(value: datetime) -> str:
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
