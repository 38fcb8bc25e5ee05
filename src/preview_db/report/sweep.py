"""What a sweep tells: the summary with its picture, the warnings, the JSON. Pure, like the rest of the reporting."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from ..planning import hyperdrive, identity
from ..planning.model import Kind, Scope
from ..planning.outcome import Outcome, OutcomeKind
from ..planning.stale import Sweep, SweepStatus, Swept, age
from .markdown import code, text

MAX_ROWS = 300
"""Rows of a table in the summary, of which GitHub takes 1 MiB. The whole list is in the output ``swept``."""

_AGES = ((1, "under 1 d"), (3, "1-3 d"), (7, "3-7 d"), (14, "1-2 w"), (28, "2-4 w"), (91, "1-3 mo"), (None, "over 3 mo"))


def summary(sweep: Sweep, repository_url: str) -> str:
    """What was there, what went and why, what stayed and why, and how old it all is."""
    went, would = sweep.of(SweepStatus.DELETED), sweep.of(SweepStatus.WOULD_GO)
    title = "sweep (dry run)" if sweep.dry_run else "sweep"
    others = ", ".join(counted(number, what) for what, number in sweep.others.items())
    counts = [
        ("Previews of this repository", len(sweep.swept)),
        ("Would go" if sweep.dry_run else "Deleted", len(would) if sweep.dry_run else len(went)),
        ("Failed", len(sweep.of(SweepStatus.FAILED))),
        ("Beyond max_deletions", len(sweep.of(SweepStatus.BEYOND))),
        ("Kept", len(sweep.of(SweepStatus.KEPT))),
    ]
    lines = [f"### preview-db: {title}", "", "| | |", "|---|--:|", *(f"| {what} | {count} |" for what, count in counts), ""]
    lines += [f"Not this repository's previews, and untouched: {text(others)}.", ""]
    lines += configurations(sweep.configurations, went)
    lines += picture(sweep.swept, sweep.now)
    lines += _section("Would go" if sweep.dry_run else "Deleted", [*went, *would], sweep, repository_url)
    lines += _section("Failed", sweep.of(SweepStatus.FAILED), sweep, repository_url)
    lines += _section("Beyond max_deletions, left alone", sweep.of(SweepStatus.BEYOND), sweep, repository_url)
    lines += _section("Kept", sweep.of(SweepStatus.KEPT), sweep, repository_url, folded=True)
    warned = [entry for entry in (*went, *would) if entry.verdict.missed]
    if warned:
        links = ", ".join(_about(entry.verdict.preview.scope, repository_url) for entry in warned[:MAX_ROWS])
        lines += [
            "> [!WARNING]",
            f"> The close of {len(warned)} was missed: {links}. That is a broken hook somebody should know about.",
            "",
        ]
    return "\n".join(lines)


def configurations(before: int | None, deleted: Iterable[Swept]) -> list[str]:
    """How many Hyperdrive configurations the account has after the sweep, and how many more it may have; nothing if none were asked for."""
    if before is None:
        return []
    there = before - sum(len(swept.verdict.preview.configurations) for swept in deleted)
    return [f"Hyperdrive configurations in the account: {there} ({hyperdrive.left(there)}).", ""]


def counted(number: int, what: str) -> str:
    """``number`` with ``what`` databases are that are no previews of the repository: ``1 default database``."""
    return f"1 {what.removesuffix('s')}" if number == 1 else f"{number} {what}"


def deletions(sweep: Sweep) -> list[Outcome]:
    """What the sweep deleted, each as an outcome of its own: so is it told in the comment of its pull request."""
    return [
        Outcome(
            OutcomeKind.DELETED,
            f"the sweep deleted it, since {swept.verdict.reason}{f'; {swept.note}' if swept.note else ''}",
            swept.verdict.preview.scope,
            identity.name(swept.verdict.preview.scope),
        )
        for swept in sweep.of(SweepStatus.DELETED)
    ]


def as_json(sweep: Sweep) -> list[dict[str, Any]]:
    """Every preview and what became of it, for programs."""
    return [entry_json(entry) for entry in sweep.swept]


def entry_json(entry: Swept) -> dict[str, Any]:
    """One preview and what became of it."""
    preview = entry.verdict.preview
    return {
        "databases": [{"id": database.id, "name": database.name} for database in preview.databases],
        "kind": preview.scope.kind,
        "ref": preview.scope.ref,
        "pull_request": preview.scope.pull_request,
        "key": preview.scope.key,
        "status": entry.status,
        "why": entry.verdict.why,
        "reason": entry.verdict.reason,
        "since": entry.verdict.since.isoformat() if entry.verdict.since else None,
        "missed": entry.verdict.missed,
        "note": entry.note,
        **({"hyperdrive": [found.id for found in preview.configurations]} if preview.configurations else {}),
    }


def _section(title: str, swept: Sequence[Swept], sweep: Sweep, repository_url: str, *, folded: bool = False) -> list[str]:
    if not swept:
        return []
    table = ["| preview | database | age | why |", "|---|---|--:|---|"]
    for entry in swept[:MAX_ROWS]:
        preview = entry.verdict.preview
        why = text(f"{entry.verdict.reason}. {entry.note}" if entry.note else entry.verdict.reason)
        scope = _about(entry.verdict.preview.scope, repository_url)
        table.append(f"| {scope} | {code(preview.name)} | {age(sweep.now - preview.created_at)} | {why} |")
    if len(swept) > MAX_ROWS:
        table.append(f"| and {len(swept) - MAX_ROWS} more | | | |")
    if folded:
        return [f"<details><summary>{title}: {len(swept)}</summary>", "", *table, "", "</details>", ""]
    return [f"#### {title}", "", *table, ""]


def _about(scope: Scope, repository_url: str) -> str:
    """The preview's scope, linked to its pull request where it has entry."""
    key = f" ({code(scope.key)})" if scope.key else ""
    if scope.kind is Kind.BRANCH:
        return f"branch {code(scope.ref)}{key}"
    queue = "queue entry of " if scope.kind is Kind.MERGE_QUEUE else ""
    return f"{queue}[#{scope.ref}]({repository_url}/pull/{scope.ref}){key}"


def picture(swept: Sequence[Swept], now: datetime) -> list[str]:
    """How old the previews were when the sweep found them, as a chart GitHub renders."""
    if not swept:
        return []
    counts = [0] * len(_AGES)
    for entry in swept:
        old = now - entry.verdict.preview.created_at
        counts[next(index for index, (days, _) in enumerate(_AGES) if days is None or old < timedelta(days=days))] += 1
    labels = ", ".join(f'"{label}"' for _, label in _AGES)
    return [
        "```mermaid",
        "xychart-beta",
        '    title "Previews found, by age"',
        f"    x-axis [{labels}]",
        f'    y-axis "previews" 0 --> {max(counts)}',
        f"    bar [{', '.join(map(str, counts))}]",
        "```",
        "",
    ]
