"""What a sweep tells: the summary with its picture, the warnings, the JSON. Pure, like the rest of the reporting."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from ..errors import PreviewError
from ..planning.model import Kind, Scope
from ..planning.stale import Fate, Sweep, Swept, age
from .preview import code, text

MAX_ROWS = 300
"""Rows of a table in the summary, of which GitHub takes 1 MiB. The whole list is in the output ``swept``."""

_AGES = ((1, "under 1 d"), (3, "1-3 d"), (7, "3-7 d"), (14, "1-2 w"), (28, "2-4 w"), (91, "1-3 mo"), (None, "over 3 mo"))


class SweepIncomplete(PreviewError):
    """The sweep did what it could, and something is left for a person."""

    title = "The sweep is not complete"


def missed(swept: Swept, sweep: Sweep) -> str:
    """The warning for a preview that its close event should have taken away."""
    verdict = swept.verdict
    when = f" {age(sweep.now - verdict.since)} ago" if verdict.since else ""
    return (
        f"{verdict.reason}{when}, and its preview was still there: the run for the event 'closed' never came, or failed. "
        "Check that the workflow runs on types: [..., closed] and how that run ended."
    )


def failure(sweep: Sweep, max_deletions: int) -> SweepIncomplete | None:
    """What makes the run a failure at its end: deletions that failed, or that were beyond the limit."""
    failed, beyond = sweep.of(Fate.FAILED), sweep.of(Fate.BEYOND)
    if failed:
        return SweepIncomplete(
            f"{len(failed)} of the sweep's deletions failed: {_listed(failed, notes=True)}.",
            cause="The Management API or GitHub had a problem with these; the rest of the sweep went on.",
            remedy="Run the sweep again. If the same ones stay, look at them in the Prisma Console.",
        )
    if beyond:
        deletions = sum(one.verdict.deletions for one in beyond)
        return SweepIncomplete(
            f"{deletions} databases more than max_deletions ({max_deletions}) would have to go, and were left alone: {_listed(beyond)}.",
            cause="So many at once can be a sign of a mistake, such as a token that does not see every pull request.",
            remedy="If the list is right, run the sweep again (each run takes the next ones), or raise max_deletions.",
        )
    return None


def summary(sweep: Sweep, repository_url: str) -> str:
    """What was there, what went and why, what stayed and why, and how old it all is."""
    went, would = sweep.of(Fate.DELETED), sweep.of(Fate.WOULD_GO)
    title = "sweep (dry run)" if sweep.dry_run else "sweep"
    others = ", ".join(f"{count} {what}" for what, count in sweep.others.items())
    counts = [
        ("Previews of this repository", len(sweep.swept)),
        ("Would go" if sweep.dry_run else "Deleted", len(would) if sweep.dry_run else len(went)),
        ("Failed", len(sweep.of(Fate.FAILED))),
        ("Beyond max_deletions", len(sweep.of(Fate.BEYOND))),
        ("Kept", len(sweep.of(Fate.KEPT))),
    ]
    lines = [f"### preview-db: {title}", "", "| | |", "|---|--:|", *(f"| {what} | {count} |" for what, count in counts), ""]
    lines += [f"Not this repository's previews, and untouched: {text(others)}.", ""]
    lines += _picture(sweep)
    lines += _section("Would go" if sweep.dry_run else "Deleted", [*went, *would], sweep, repository_url)
    lines += _section("Failed", sweep.of(Fate.FAILED), sweep, repository_url)
    lines += _section("Beyond max_deletions, left alone", sweep.of(Fate.BEYOND), sweep, repository_url)
    lines += _section("Kept", sweep.of(Fate.KEPT), sweep, repository_url, folded=True)
    warned = [one for one in (*went, *would) if one.verdict.missed]
    if warned:
        links = ", ".join(_about(one.verdict.preview.scope, repository_url) for one in warned[:MAX_ROWS])
        lines += [
            "> [!WARNING]",
            f"> The close of {len(warned)} was missed: {links}. That is a broken hook somebody should know about.",
            "",
        ]
    return "\n".join(lines)


def as_json(sweep: Sweep) -> list[dict[str, Any]]:
    """Every preview and what became of it, for programs."""
    return [
        {
            "databases": [{"id": database.id, "name": database.name} for database in one.verdict.preview.databases],
            "kind": one.verdict.preview.scope.kind,
            "ref": one.verdict.preview.scope.ref,
            "pull_request": one.verdict.preview.scope.pull_request,
            "key": one.verdict.preview.scope.key,
            "fate": one.fate,
            "why": one.verdict.why,
            "reason": one.verdict.reason,
            "since": one.verdict.since.isoformat() if one.verdict.since else None,
            "missed": one.verdict.missed,
            "note": one.note,
        }
        for one in sweep.swept
    ]


def _section(title: str, swept: Sequence[Swept], sweep: Sweep, repository_url: str, *, folded: bool = False) -> list[str]:
    if not swept:
        return []
    table = ["| preview | database | age | why |", "|---|---|--:|---|"]
    for one in swept[:MAX_ROWS]:
        oldest = one.verdict.preview.databases[0]
        why = text(f"{one.verdict.reason}. {one.note}" if one.note else one.verdict.reason)
        scope = _about(one.verdict.preview.scope, repository_url)
        table.append(f"| {scope} | {code(oldest.name)} | {age(sweep.now - oldest.created_at)} | {why} |")
    if len(swept) > MAX_ROWS:
        table.append(f"| and {len(swept) - MAX_ROWS} more | | | |")
    if folded:
        return [f"<details><summary>{title}: {len(swept)}</summary>", "", *table, "", "</details>", ""]
    return [f"#### {title}", "", *table, ""]


def _about(scope: Scope, repository_url: str) -> str:
    """The preview's scope, linked to its pull request where it has one."""
    key = f" ({code(scope.key)})" if scope.key else ""
    if scope.kind is Kind.BRANCH:
        return f"branch {code(scope.ref)}{key}"
    queue = "queue entry of " if scope.kind is Kind.MERGE_QUEUE else ""
    return f"{queue}[#{scope.ref}]({repository_url}/pull/{scope.ref}){key}"


def _picture(sweep: Sweep) -> list[str]:
    """How old the previews were when the sweep found them, as a chart GitHub renders."""
    if not sweep.swept:
        return []
    counts = [0] * len(_AGES)
    for one in sweep.swept:
        old = sweep.now - one.verdict.preview.databases[0].created_at
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


def _listed(swept: Sequence[Swept], *, notes: bool = False, most: int = 20) -> str:
    names = [f"{one.verdict.plan.steps[0].subject}{f' ({one.note})' if notes and one.note else ''}" for one in swept[:most]]
    return ", ".join(names) + (f" and {len(swept) - most} more" if len(swept) > most else "")
