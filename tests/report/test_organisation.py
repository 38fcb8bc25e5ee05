"""What a sweep of many repositories tells: rows that add up, names that can't do anything, and no more than GitHub takes."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest

from preview_db.planning import stale
from preview_db.planning.model import Project, Repository, Workspace
from preview_db.planning.organisation import Doubt, OrganisationSweep, RepositorySweep, Unlisted
from preview_db.planning.repositories import Listed, Member, Shard, Standing
from preview_db.planning.stale import Sweep, SweepStatus, Swept
from preview_db.report import organisation as report
from tests.factories import NOW, database, scope

PROJECT = Project("proj_1", "web | <b>@everyone", Workspace("wksp_1", "acme"))


def part(number: int, *statuses: SweepStatus, standing: Standing = Standing.THERE, said: str = "") -> RepositorySweep:
    repository = Repository(number, f"acme/r{number}")
    databases = [database(f"db_{number}_{ref}", of=scope(ref, repository=repository)) for ref in range(1, len(statuses) + 1)]
    verdicts = [stale.judge_by_repository(preview, "it is archived", NOW, delete=True) for preview in stale.previews(databases, repository)]
    swept = tuple(Swept(verdict, status) for verdict, status in zip(verdicts, statuses, strict=True))
    member = Member(repository, standing, Listed(number, repository.full_name), said)
    return RepositorySweep(member, PROJECT, Sweep(swept, {}, NOW))


def sweep(*parts: RepositorySweep, **changes: Any) -> OrganisationSweep:
    content: dict[str, Any] = {
        "projects": (PROJECT,), "members": tuple(found.member for found in parts), "parts": parts, "unlisted": (), "others": {},
        "doubts": (), "shard": Shard(), "now": NOW,
    }  # fmt: skip
    return OrganisationSweep(**(content | changes))


def test_what_went_stands_first_and_the_counts_add_up() -> None:
    found = sweep(
        part(1, SweepStatus.KEPT, SweepStatus.KEPT),
        part(2, SweepStatus.KEPT, SweepStatus.DELETED),
        part(3, SweepStatus.FAILED, SweepStatus.BEYOND),
    )
    summary = report.summary(found, "https://github.com")
    assert summary.index("acme/r2") < summary.index("acme/r3") < summary.index("acme/r1")
    counts = report.counts(found)
    assert counts["previews"] == counts["deleted"] + counts["kept"] + counts["failed"] + counts["beyond_the_limits"] == 6
    assert "1 failed, 1 beyond max\\_deletions" in summary


def test_shards_counts_add_up_to_those_of_one_sweep() -> None:
    parts = [part(number, SweepStatus.KEPT, SweepStatus.DELETED) for number in range(1, 9)]
    whole = report.counts(sweep(*parts))
    shards = [report.counts(sweep(*parts[:3], shard=Shard(1, 2))), report.counts(sweep(*parts[3:], shard=Shard(2, 2)))]
    assert {name: sum(counts[name] for counts in shards) for name in whole} == whole


def test_what_others_named_is_shown_and_never_obeyed() -> None:
    unlisted = (Unlisted(PROJECT, "gone", "abcdef", 3, NOW),)
    summary = report.summary(
        sweep(part(1, SweepStatus.KEPT), unlisted=unlisted, doubts=(Doubt("acme/x", "<img> | @team"),)), "https://github.com"
    )
    assert "<b>" not in summary
    assert "<img>" not in summary
    assert "@everyone" not in summary
    assert "@team" not in summary
    assert "`abcdef`" in summary


def test_a_repository_that_nobody_can_see_is_no_link() -> None:
    summary = report.summary(sweep(part(1, SweepStatus.KEPT, standing=Standing.GONE, said="acme/r1@1 is gone")), "https://github.com")
    assert "](https://github.com/acme/r1)" not in summary
    assert "is gone" in summary


def test_a_thousand_repositories_stay_within_what_github_takes() -> None:
    parts = [part(number, *[SweepStatus.DELETED] * 3, *[SweepStatus.KEPT] * 2) for number in range(1, 1001)]
    found = sweep(*parts)
    assert len(report.summary(found, "https://github.com").encode()) < 1024**2
    content = report.as_json(found, most=report.MOST_ENTRIES)
    assert len(json.dumps(content).encode()) < 1024**2
    assert (len(content["swept"]), content["swept_left_out"]) == (1000, 4000)
    assert {entry["status"] for entry in content["swept"]} == {"deleted"}
    assert report.as_json(found)["swept_left_out"] == 0
    assert (len(content["repositories"]), content["repositories_left_out"]) == (1000, 0)
    assert report.as_json(found, most=400)["repositories_left_out"] == 600


def with_each(found: OrganisationSweep, change: Callable[[Swept], Swept]) -> OrganisationSweep:
    """The same sweep with each preview in it changed."""
    swept = ((part, tuple(map(change, part.sweep.swept))) for part in found.parts)
    parts = tuple(dataclasses.replace(part, sweep=dataclasses.replace(part.sweep, swept=changed)) for part, changed in swept)
    return dataclasses.replace(found, parts=parts)


@pytest.mark.parametrize(("repositories", "end"), [(10, "acme/r9, acme/r10: "), (11, "acme/r9, acme/r10 and 1 more: ")])
def test_the_warning_of_missed_closes_names_ten_repositories(repositories: int, end: str) -> None:
    deleted = sweep(*(part(number, *[SweepStatus.DELETED] * 2) for number in range(1, repositories + 1)))
    missed = with_each(deleted, lambda swept: dataclasses.replace(swept, verdict=dataclasses.replace(swept.verdict, missed=True)))
    assert report.missed(missed).startswith(f"Found {2 * repositories} previews left behind by closed pull requests, in acme/r1, acme/r2, ")
    assert end in report.missed(missed)


@pytest.mark.parametrize(("previews", "end"), [(10, "acme/r9#1, acme/r10#1 were"), (11, "acme/r9#1, acme/r10#1 and 1 more were")])
def test_the_warning_of_reopened_pull_requests_names_ten(previews: int, end: str) -> None:
    deleted = sweep(*(part(number, SweepStatus.DELETED) for number in range(1, previews + 1)))
    reopened = report.reopened(with_each(deleted, lambda swept: dataclasses.replace(swept, note="it is open by now")))
    assert reopened.startswith("The previews of acme/r1#1, acme/r2#1, ")
    assert end in reopened


@pytest.mark.parametrize(("rows", "last"), [(300, "| acme/x | why 300 |"), (301, "| and 1 more | |")])
def test_a_table_has_300_rows_and_counts_the_rest(rows: int, last: str) -> None:
    doubts = tuple(Doubt("acme/x", f"why {number}") for number in range(1, rows + 1))
    assert report.summary(sweep(doubts=doubts), "https://github.com").endswith(f"\n{last}\n")
