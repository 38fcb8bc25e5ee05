"""What a sweep of many repositories tells: the summary with its tables and its picture, and the JSON. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ..planning.organisation import Correction, OrganisationSweep, RepositorySweep, Usage
from ..planning.repositories import Standing
from ..planning.stale import StaleReason, SweepStatus, Swept, age
from ..planning.words import count
from . import preview
from . import sweep as sweep_report
from .markdown import code, text
from .sweep import MAX_ROWS

MOST_ENTRIES = 1000
"""Previews in the output ``swept``, of which GitHub takes 1 MiB. What is left out of it is counted in it."""

_MANY = 10
_WENT = (SweepStatus.DELETED, SweepStatus.WOULD_GO)
_NOT_AS_WISHED = (SweepStatus.FAILED, SweepStatus.BEYOND, SweepStatus.LEFT)


def summary(sweep: OrganisationSweep, server_url: str) -> str:
    """What there was in which repository and project, what went, what stays and why, and how old it all is."""
    title = "sweep of many repositories" + (" (dry run)" if sweep.dry_run else "")
    title += f", shard {sweep.shard}" if sweep.shard.count > 1 else ""
    lines = [
        f"### preview-db: {title}",
        "",
        "| | |",
        "|---|--:|",
        *(f"| {_words(what)} | {number} |" for what, number in counts(sweep).items()),
        "",
    ]
    others = ", ".join(sweep_report.counted(number, what) for what, number in sweep.others.items())
    lines += [f"Nobody's previews, and untouched: {text(others)}.", ""] if others else []
    lines += sweep_report.configurations(sweep.configurations, sweep.of(SweepStatus.DELETED))
    lines += sweep_report.picture(sweep.swept, sweep.now)
    lines += _table(
        "In doubt, and untouched", ("what", "why"), [(text(doubt.about), text(doubt.why)) for doubt in sweep.doubts], alignment="|---|---|"
    )
    lines += _table(
        "Repositories",
        columns(sweep),
        [_linked(part, row(part, sweep), server_url) for part in in_order(sweep.parts)],
        alignment="|---|---|--:|--:|--:|--:|--:|--:|--:|---|",
    )
    unlisted = [
        (code(group.slug), code(group.tag), text(group.project.name), str(group.databases), age(sweep.now - group.oldest))
        for group in sweep.unlisted
    ]
    lines += _table(
        "Previews of no repository listed, and untouched",
        ("name begins with", "tag begins with", "project", "databases", "oldest"),
        unlisted,
        alignment="|---|---|---|--:|--:|",
    )
    missing = [(text(member.said), member.standing.value) for member in sweep.members if member.said]
    return "\n".join(lines + _table("Repositories that are not what they were", ("what", "is"), missing, alignment="|---|---|"))


def counts(sweep: OrganisationSweep) -> dict[str, int]:
    """How many there are of each, by names for programs. Those of a sweep's shards add up."""
    return {
        "repositories": len(sweep.members),
        "with_previews": len({part.member.repository.id for part in sweep.parts}),
        "previews": len(sweep.swept),
        "would_go" if sweep.dry_run else "deleted": len(sweep.of(*_WENT)),
        "kept": len(sweep.of(SweepStatus.KEPT)),
        "beyond_the_limits": len(sweep.of(SweepStatus.BEYOND)),
        "failed": len(sweep.of(SweepStatus.FAILED)),
        "left_for_the_next_sweep": len(sweep.of(SweepStatus.LEFT)),
        "of_no_repository_listed": sum(group.databases for group in sweep.unlisted),
        "doubts": len(sweep.doubts),
    }


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def as_json(sweep: OrganisationSweep, *, most: int | None = None) -> dict[str, Any]:
    """The same for programs.

    Args:
        most: previews that are listed, and repositories; what went and what should have gone is listed first.
    """
    entries = [(part, swept) for part in sweep.parts for swept in part.sweep.swept]
    entries.sort(key=lambda entry: entry[1].status is SweepStatus.KEPT)
    listed, repositories = entries[:most], in_order(sweep.parts)[:most]
    return {
        "shard": str(sweep.shard),
        "dry_run": sweep.dry_run,
        "counts": counts(sweep),
        "repositories": [
            {
                **_where(part),
                "previews": len(part.sweep.swept),
                **{status.name.lower(): len(part.sweep.of(status)) for status in SweepStatus},
                "oldest": min(map(_created, part.sweep.swept)).isoformat(),
                **_used(part.used),
            }
            for part in repositories
        ],
        "repositories_left_out": len(sweep.parts) - len(repositories),
        "missing": [
            {
                "repository": member.repository.full_name,
                "repository_id": member.repository.id,
                "standing": member.standing,
                "said": member.said,
            }
            for member in sweep.members
            if member.said
        ],
        "unlisted": [
            {
                "project_id": group.project.id,
                "slug": group.slug,
                "tag": group.tag,
                "databases": group.databases,
                "oldest": group.oldest.isoformat(),
            }
            for group in sweep.unlisted
        ],
        "others": dict(sweep.others),
        "doubts": [{"about": doubt.about, "why": doubt.why} for doubt in sweep.doubts],
        "swept": [_where(part) | sweep_report.entry_json(swept) | _used(part.used_by(swept.verdict.preview)) for part, swept in listed],
        "swept_left_out": len(entries) - len(listed),
    }


def corrections(sweep: OrganisationSweep) -> list[Correction]:
    """The comments that say of a preview that it is there, which the sweep has deleted. Nobody can write in an archived repository."""
    facts = preview.Facts(at=sweep.now)
    return [
        Correction(listed, int(outcome.scope.ref), preview.marker(outcome.scope), preview.comment(outcome, facts))
        for part in sweep.parts
        if (listed := part.member.listed) is not None and not listed.archived
        for outcome in sweep_report.deletions(part.sweep)
        if outcome.scope is not None and preview.comment_mode(outcome) is not None
    ]


def missed(sweep: OrganisationSweep) -> str:
    """The warning for previews that a close event should have taken away; nothing if there is none."""
    late = [part.member.repository.full_name for part in sweep.parts for swept in part.sweep.of(*_WENT) if swept.verdict.missed]
    if not late:
        return ""
    return (
        f"Found {count(len(late), 'preview')} left behind by closed pull requests, in {_listed([*dict.fromkeys(late)])}: the runs for the "
        "event 'closed' never came, or failed. Check that the workflows there run on types: [..., closed] and how those runs ended."
    )


def reopened(sweep: OrganisationSweep) -> str:
    """The warning for previews that were deleted and are wanted by the end of the sweep; nothing if there is none."""
    deleted = ((part, swept) for part in sweep.parts for swept in part.sweep.of(SweepStatus.DELETED) if swept.note)
    names = [f"{part.member.repository.full_name}#{swept.verdict.preview.scope.ref}" for part, swept in deleted]
    if not names:
        return ""
    return (
        f"The previews of {_listed(names)} were deleted, and these are open by now: "
        "if a run was given one of them as it was being deleted, run that job again."
    )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MANY} more" if len(names) > _MANY else ""
    return f"{', '.join(names[:_MANY])}{more}"


def in_order(parts: Sequence[RepositorySweep]) -> list[RepositorySweep]:
    """Those first of which something went or should have gone."""
    return sorted(parts, key=lambda part: (len(part.sweep.of(SweepStatus.KEPT)) == len(part.sweep.swept), part.member.repository.full_name))


def columns(sweep: OrganisationSweep) -> tuple[str, ...]:
    went = "would go" if sweep.dry_run else "deleted"
    return "repository", "project", "previews", "oldest", "idle longest", "storage", "operations", went, "stay", "why"


def row(part: RepositorySweep, sweep: OrganisationSweep) -> tuple[str, ...]:
    """What :func:`columns` name, in plain text."""
    swept = part.sweep.swept
    numbers = {item.verdict.preview.scope.pull_request for item in swept}
    idle = [pull.updated_at for number, pull in part.sweep.state.pull_requests.items() if number in numbers]
    went, used = len(part.sweep.of(*_WENT)), part.used
    return (
        part.member.repository.full_name,
        part.project.name,
        str(len(swept)),
        age(sweep.now - min(map(_created, swept))),
        age(sweep.now - min(idle)) if idle else "",
        f"{used.storage_gib:.2f} GiB" if used else "",
        f"{used.operations:,}" if used else "",
        str(went),
        str(len(swept) - went),
        _why(part, swept),
    )


def _linked(part: RepositorySweep, cells: Sequence[str], server_url: str) -> tuple[str, ...]:
    """The same in Markdown; a repository that can be seen is a link."""
    name, *rest = map(text, cells)
    seen = part.member.standing not in (Standing.GONE, Standing.UNSEEN)
    return f"[{name}]({server_url}/{part.member.repository.full_name})" if seen else name, *rest


def _why(part: RepositorySweep, swept: Sequence[Swept]) -> str:
    """Why what stays does, and what did not go as it should: the same reason once, with how many it is for."""
    for_all = [] if part.member.standing is Standing.THERE else [part.member.said]
    reasons = Counter(_reason(item) for item in swept if not for_all or item.status in _NOT_AS_WISHED)
    return ", ".join([*for_all, *(f"{number} {why}" for why, number in reasons.items())])


def _reason(swept: Swept) -> str:
    if swept.status in _NOT_AS_WISHED:
        return f"{swept.status} ({swept.note})" if swept.note else swept.status
    if swept.status is SweepStatus.KEPT:
        return f"in doubt ({swept.verdict.reason})" if swept.verdict.why is StaleReason.DOUBT else "still wanted"
    return swept.verdict.why


def _where(part: RepositorySweep) -> dict[str, Any]:
    repository = part.member.repository
    return {
        "repository": repository.full_name,
        "repository_id": repository.id,
        "standing": part.member.standing,
        "project_id": part.project.id,
    }


def _used(usage: Usage | None) -> dict[str, Any]:
    """Nothing where it is not known: that is not 0."""
    return {"operations": usage.operations, "storage_gib": usage.storage_gib} if usage else {}


def _created(swept: Swept) -> datetime:
    return swept.verdict.preview.created_at


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, alignment: str) -> list[str]:
    if not rows:
        return []
    lines = [f"#### {title}", "", f"| {' | '.join(columns)} |", alignment, *(f"| {' | '.join(row)} |" for row in rows[:MAX_ROWS])]
    if len(rows) > MAX_ROWS:
        lines.append(f"| and {len(rows) - MAX_ROWS} more |{' |' * (len(columns) - 1)}")
    return [*lines, ""]
