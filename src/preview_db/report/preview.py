"""Outcome in, Markdown and outputs out. Pure: what a person reads is all made here, and none of it holds a secret."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from pydantic import SecretStr

from ..errors import PreviewError
from ..planning import identity
from ..planning.model import Database, Endpoint, Kind, Scope
from ..planning.outcome import Outcome, OutcomeKind, RunResult
from ..planning.steps import Plan
from . import contents, schema
from .markdown import code, table, text

_COMMENTS: dict[OutcomeKind, tuple[str, Literal["write", "edit"]]] = {
    OutcomeKind.CREATED: ("ready", "write"),
    OutcomeKind.REUSED: ("ready", "write"),
    OutcomeKind.RESET: ("ready", "write"),
    OutcomeKind.FAILED: ("not ready", "write"),
    OutcomeKind.DELETED: ("deleted", "edit"),
    OutcomeKind.ABSENT: ("none", "edit"),
}
"""What the comment tells: each with its headline, and whether a comment is written for it or only edited."""


class Facts(NamedTuple):
    """What the comment says beside the outcome. All of it comes from the event, so that a re-run of it says the same.

    Attributes:
        commit: the head's SHA.
        at: when the event happened.
    """

    commit: str = ""
    at: datetime | None = None


def marker(scope: Scope) -> str:
    """The invisible first line by which the comment of exactly ``scope`` is found again."""
    return f"<!-- preview-db {identity.tag(scope)} -->"


def comment_mode(outcome: Outcome) -> Literal["write", "edit"] | None:
    """How the pull request's comment tells ``outcome``: it is written if there is none yet, or only edited; none if it stays as it is.

    A deletion is no reason for a new comment.
    """
    if outcome.scope is None or outcome.scope.kind is not Kind.PULL_REQUEST or outcome.plan is not None:
        return None
    return _COMMENTS[outcome.kind][1] if outcome.kind in _COMMENTS else None


def comment(outcome: Outcome, facts: Facts) -> str:
    """The pull request's one comment, on an outcome that has a :func:`comment_mode`."""
    headline, _ = _COMMENTS[outcome.kind]
    title = "Preview database" + (f" {code(outcome.scope.key)}" if outcome.scope and outcome.scope.key else "")
    lines = [f"### {title}: {headline}", "", *table(_rows(outcome, facts))]
    if outcome.kind is OutcomeKind.DELETED:
        lines += [
            "",
            "The database, its data and all its credentials are gone. If the pull request gets a preview again, it is new and empty.",
        ]
    elif outcome.kind is OutcomeKind.ABSENT:
        lines += [
            "",
            "There was no database to delete. One that was created a moment before, and shows only later, the next sweep deletes.",
        ]
    elif outcome.kind is OutcomeKind.FAILED:
        lines += ["", "Nothing was handed out. The summary of the run says what failed and what to do."]
    elif outcome.database is not None:
        lines += schema.for_comment(outcome.contents.schema) if outcome.contents.schema else []
        lines += [
            "",
            "When this pull request is closed, the database, its data and all its credentials are deleted.",
            "",
            "<details><summary>Use it in another job</summary>",
            "",
            "A connection string can't leave its job. Pass the id on, and let the other job ask for a string of its own:",
            "",
            "```yaml",
            "- uses: preview-db/preview-db@v1",
            "  id: db",
            "  with:",
            "    command: connect",
            "    service_token: ${{ secrets.PRISMA_SERVICE_TOKEN }}",
            f"    project: {outcome.database.project_id}",
            f"    database_id: {outcome.database.id}",
            "- run: npm test",
            "  env:",
            "    DATABASE_URL: ${{ steps.db.outputs.database_url }}",
            "```",
            "",
            "</details>",
        ]
    return "\n".join(lines)


def summary(outcome: Outcome, facts: Facts) -> str:
    """The job summary: the comment's facts, and each step that was taken with its reason."""
    lines = [f"### preview-db: {outcome.kind}", "", *table(_rows(outcome, facts))]
    lines += schema.for_summary(outcome.contents.schema) if outcome.contents.schema else []
    if outcome.done:
        lines += ["", "| step | of | why | took |", "|---|---|---|--:|"]
        lines += [
            f"| {done.step.action.label} | {code(done.step.subject)} | {text(done.note or done.step.reason)} | {done.seconds:.1f} s |"
            for done in outcome.done
        ]
    lines += [f"\n> [!WARNING]\n> {text(warning)}" for warning in outcome.warnings]
    return "\n".join(lines) + "\n"


def failure(error: PreviewError) -> str:
    """The summary of a run that failed."""
    return "\n".join(
        [
            f"### preview-db: {text(error.title)}",
            "",
            "> [!CAUTION]",
            f"> {text(error.what)}",
            "",
            f"- **Likely cause:** {text(error.cause)}",
            f"- **What to do:** {text(error.remedy)}",
            f"- [Read on]({error.link})",
            "",
        ]
    )


def plan_summary(outcome: Outcome) -> str:
    """The summary of a run that only says what it would do."""
    lines = [f"### preview-db: the plan for {text(str(outcome.scope))}", "", f"{text(outcome.reason)}.", ""]
    steps = outcome.plan.steps if outcome.plan else ()
    if not steps:
        return "\n".join([*lines, "Nothing would be done.", ""])
    lines += ["| step | of | why |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {step.action.label} | {code(step.subject)} | {text(step.reason)} |" for step in steps), ""])


def plan_json(plan: Plan) -> list[dict[str, str | None]]:
    """The steps of a plan for programs."""
    return [
        {
            "action": step.action,
            "subject": step.subject,
            "reason": step.reason,
            "database_id": step.database.id if step.database else None,
            "connection_id": step.connection.id if step.connection else None,
            **({"hyperdrive_id": step.configuration.id} if step.configuration else {}),
        }
        for step in plan.steps
    ]


def outputs(result: RunResult, endpoint: Endpoint) -> list[tuple[str, str | SecretStr]]:
    """The step's outputs, those with a secret first, so that each is masked before anything else is written."""
    outcome, database, project = result.outcome, result.database, result.project
    secret: list[tuple[str, str | SecretStr]] = []
    plain: list[tuple[str, str | SecretStr]] = []
    if result.credentials:
        first = result.credentials[0]
        chosen = first.string(endpoint)
        secret = [("database_url", chosen.url)]
        secret += [("direct_url", first.direct.url)] if first.direct else []
        secret += [("pooled_url", first.pooled.url)] if first.pooled else []
        urls = {credential.name: credential.string(endpoint).url.get_secret_value() for credential in result.credentials}
        secret += [("password", chosen.password), ("connection_urls", SecretStr(json.dumps(urls)))]
        plain = [("host", chosen.host), ("port", str(chosen.port)), ("database", chosen.database), ("user", chosen.user)]
        plain += [("connection_id", first.connection_id)]
    plain += [("database_id", database.id), ("database_name", database.name)] if database else []
    project_id = project.id if project else database.project_id if database else ""
    plain += [("project_id", project_id)] if project_id else []
    migrated = outcome.contents.migrated
    plain += [("migrations", json.dumps(contents.migrations_json(migrated)))] if migrated else []
    plain += [("hyperdrive_id", outcome.configuration.id)] if outcome.configuration else []
    plain += [("plan", json.dumps(plan_json(outcome.plan)))] if outcome.plan else []
    deleted = outcome.kind in (OutcomeKind.DELETED, OutcomeKind.RESET)  # a reset deletes the one it replaces
    plain += [("outcome", outcome.kind), ("deleted", "true" if deleted else "false")]
    return secret + plain


def _rows(outcome: Outcome, facts: Facts) -> list[tuple[str, str]]:
    database = outcome.database
    rows = [("Status", _status(outcome))]
    if outcome.kind in (OutcomeKind.DELETED, OutcomeKind.ABSENT):
        rows.append(("Database", code(outcome.identity)))
    else:
        rows += _about(database) if database is not None else []
        rows += [("Hyperdrive", code(outcome.configuration.id))] if outcome.configuration else []
        rows += contents.rows(outcome.contents, database.source if database is not None else None)
    happened = text(outcome.reason)
    if facts.commit:
        happened += f", at {code(facts.commit[:7])}"
    if facts.at is not None:
        happened += f", {_time(facts.at)}"
    rows.append(("Last event", happened))
    return rows


def _about(database: Database) -> list[tuple[str, str]]:
    region = [("Region", code(database.region))] if database.region else []
    return [("Database", f"{code(database.name)} ({code(database.id)})"), *region, ("Created", _time(database.created_at))]


def _status(outcome: Outcome) -> str:
    return {
        OutcomeKind.CREATED: "Ready, new",
        OutcomeKind.RESET: "Ready, reset: the data is gone and the connection string is a new one",
        OutcomeKind.DELETED: "Deleted",
        OutcomeKind.ABSENT: "None found",
        OutcomeKind.PLANNED: str(outcome.database.status).capitalize() if outcome.database else "None",
        OutcomeKind.SKIPPED: "None",
        OutcomeKind.FAILED: "Failed",
    }.get(outcome.kind, "Ready, data kept")


def _time(value: datetime) -> str:
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
