"""What the terminal answers: rows for people, JSON for programs. Pure, and without secrets but for those it is told to reveal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ..planning.contents import Contents
from ..planning.credential import Credential
from ..planning.model import Database, Endpoint, Kind, Scope
from ..planning.organisation import OrganisationSweep
from ..planning.outcome import Outcome, OutcomeKind, RunResult
from ..planning.schema import SchemaDiff
from ..planning.stale import StaleReason, Sweep, SweepStatus, Swept, age
from ..planning.steps import Action, Plan, Step
from ..planning.words import count
from ..report import sweep as sweep_report
from ..report.contents import migrations_json
from ..report.preview import plan_json

Row = tuple[str, ...]

SWEEP_COLUMNS = ("preview", "database", "age", "what", "why")
UNLISTED_COLUMNS = ("of no repository listed", "project", "databases", "oldest")
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
        rows += [("database", f"{database.name} ({database.id})")]
        rows += [("status", _status(outcome, database)), ("created", _time(database.created_at))]
        rows += [("region", database.region)] if database.region else []
    rows += [("hyperdrive", outcome.configuration.id)] if outcome.configuration else []
    rows += [("project", f"{result.project.name} ({result.project.id})")] if result.project else []
    rows += _inside(outcome.contents)
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
        "database": _database_json(outcome, outcome.database) if outcome.database else None,
        **({"hyperdrive_id": outcome.configuration.id} if outcome.configuration else {}),
        "project_id": result.project.id if result.project else None,
        "connections": [_credential_json(credential, endpoint, reveal=reveal) for credential in result.credentials],
        "contents": contents_json(outcome.contents),
        "plan": plan_json(outcome.plan) if outcome.plan else None,
        "steps": [{"action": done.step.action, "subject": done.step.subject, "seconds": round(done.seconds, 1)} for done in outcome.done],
        "warnings": list(outcome.warnings),
    }


def contents_json(contents: Contents) -> dict[str, Any]:
    """What was done inside the database."""
    return {
        "anonymized": contents.anonymized or None,
        "migrations": migrations_json(contents.migrated) if contents.migrated else None,
        "seeded": list(contents.seeded),
        "schema": _schema_json(contents.schema) if contents.schema else None,
    }


def _schema_json(schema: SchemaDiff) -> dict[str, Any]:
    changes = [
        {
            "kind": change.thing.kind,
            "of": change.thing.owner,
            "name": change.thing.name or None,
            "how": change.how,
            "before": change.before.definition if change.before else None,
            "after": change.after.definition if change.after else None,
        }
        for change in schema.changes
    ]
    return {"against": schema.against, "headline": schema.headline, "destructive": list(schema.destructive), "changes": changes}


def _inside(contents: Contents) -> list[Row]:
    rows: list[Row] = [("anonymized", f"by {contents.anonymized}")] if contents.anonymized else []
    if (migrated := contents.migrated) is not None:
        done = f"{len(migrated.applied)} applied ({', '.join(migrated.applied)})" if migrated.applied else "up to date"
        rows.append(("migrations", f"{done}, {migrated.before} before"))
    rows += [("seed", ", ".join(contents.seeded))] if contents.seeded else []
    if (schema := contents.schema) is not None:
        rows.append(("schema", f"{schema.headline or 'no difference'} (against {schema.against})"))
    return rows


def plan_rows(plan: Plan) -> list[Row]:
    return [(step.action.label, _of(step), step.reason) for step in plan.steps]


def sweep_rows(sweep: Sweep) -> list[Row]:
    """A row for everything that goes, went or should have gone: databases, configurations, credentials; not for what stays."""
    rows: list[Row] = []
    for swept in sorted(sweep.swept, key=lambda swept: swept.status):
        scope, reason = short(swept.verdict.preview.scope), swept.verdict.reason
        for step in swept.verdict.plan.of(Action.DELETE_CONFIGURATION, Action.DELETE, Action.REVOKE):
            subject, created_at = _subject(step)
            old = age(sweep.now - created_at) if created_at else ""
            why = step.reason if swept.verdict.why is StaleReason.WANTED else reason
            failed = swept.note if swept.status is SweepStatus.FAILED else ""
            rows.append((scope, subject, old, _what(swept, step, dry_run=sweep.dry_run), f"{why}. {failed}" if failed else why))
    return rows


def _subject(step: Step) -> tuple[str, datetime | None]:
    """What a sweep's step is about, and since when there is such a thing, of what is deleted."""
    if step.action is Action.DELETE:
        return step.on_database.id, step.on_database.created_at
    if step.action is Action.DELETE_CONFIGURATION:
        return f"Hyperdrive {step.on_configuration.id}", step.on_configuration.created_at
    return f"credential {step.subject}", None


def _what(swept: Swept, step: Step, *, dry_run: bool) -> str:
    """What became of what ``step`` is about: of a preview that stays, a duplicate or a credential may go."""
    if swept.status is not SweepStatus.KEPT:
        return swept.status
    if dry_run:
        return SweepStatus.WOULD_GO
    return "revoked" if step.action is Action.REVOKE else SweepStatus.DELETED


def organisation_line(sweep: OrganisationSweep) -> str:
    """The same of many repositories."""
    many = count(len(sweep.members), "repository")
    unlisted = {"of no repository listed": sum(group.databases for group in sweep.unlisted)}
    return f"{many}. {_line(sweep.swept, {**sweep.others, **unlisted}, dry_run=sweep.dry_run)}"


def unlisted_rows(sweep: OrganisationSweep) -> list[Row]:
    """What fits no repository, a row for each repository that it must be of."""
    return [
        (f"{group.slug}-...-{group.tag}...", group.project.name, str(group.databases), age(sweep.now - group.oldest))
        for group in sweep.unlisted
    ]


def sweep_line(sweep: Sweep) -> str:
    """How many databases of each, in a line: as many as there are rows for them, and those that are kept."""
    return _line(sweep.swept, sweep.others, dry_run=sweep.dry_run)


def _line(entries: Sequence[Swept], untouched: Mapping[str, int], *, dry_run: bool) -> str:
    counts = dict.fromkeys(SweepStatus, 0)
    for swept in entries:
        deletions = swept.verdict.deletions
        status = swept.status if swept.status is not SweepStatus.KEPT else SweepStatus.WOULD_GO if dry_run else SweepStatus.DELETED
        counts[status] += deletions
        counts[SweepStatus.KEPT] += max(0, len(swept.verdict.preview.databases) - deletions)
    told = [f"{number} {status}" for status, number in counts.items() if number]
    others = [sweep_report.counted(number, what) for what, number in untouched.items() if number]
    line = f"Databases: {', '.join(told)}" if told else "No previews"
    return line + (f"; untouched: {', '.join(others)}" if others else "")


def sweep_json(result: RunResult, sweep: Sweep) -> dict[str, Any]:
    return {
        "outcome": result.outcome.kind,
        "project_id": result.project.id if result.project else None,
        "swept": sweep_report.as_json(sweep),
        "others": dict(sweep.others),
    }


def question(sweep: Sweep | OrganisationSweep) -> str:
    """What to ask before a sweep; nothing if it would do nothing. What is beyond its limit is not asked about: it stays."""
    plans = [swept.verdict.plan for swept in sweep.of(SweepStatus.WOULD_GO, SweepStatus.KEPT)]
    of_each = (sum(len(plan.of(action)) for plan in plans) for action in (Action.DELETE, Action.DELETE_CONFIGURATION, Action.REVOKE))
    deletions, configurations, revocations = of_each
    parts = [f"delete {count(deletions, 'database')} with {'its' if deletions == 1 else 'their'} data"] if deletions else []
    parts += [f"delete {count(configurations, 'Hyperdrive configuration')}"] if configurations else []
    parts += [f"revoke {count(revocations, 'superseded credential')}"] if revocations else []
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
        for name, endpoint_string in (("direct_url", credential.direct), ("pooled_url", credential.pooled)):
            shown |= {name: endpoint_string.url.get_secret_value()} if endpoint_string else {}
    return shown


def _status(outcome: Outcome, database: Database) -> str:
    """The status as it is now: an outcome has a deleted database as it was found."""
    return OutcomeKind.DELETED if outcome.kind is OutcomeKind.DELETED else database.status


def _database_json(outcome: Outcome, database: Database) -> dict[str, Any]:
    return {
        "id": database.id,
        "name": database.name,
        "status": _status(outcome, database),
        "region": database.region,
        "created_at": database.created_at.isoformat(),
    }


def _time(value: datetime) -> str:
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
