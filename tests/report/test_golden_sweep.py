"""What a sweep tells, word for word: its summary, its JSON, and what the comments are told."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from preview_db.planning import identity
from preview_db.planning.model import Configuration, Database, Kind, Repository, Scope, Status
from preview_db.planning.outcome import OutcomeKind
from preview_db.planning.stale import Preview, StaleReason, Sweep, SweepStatus, Swept, Verdict
from preview_db.planning.steps import Plan
from preview_db.report import sweep as report

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SHOP = Repository(123456789, "acme/shop")
URL = "https://github.com/acme/shop"
OTHERS = {"default databases": 1, "other repositories' previews": 0, "made by hand": 2}


def swept(
    ref: str,
    status: SweepStatus,
    *,
    kind: Kind = Kind.PULL_REQUEST,
    key: str = "",
    days: float = 2,
    note: str = "",
    missed: bool = False,
    configurations: tuple[Configuration, ...] = (),
) -> Swept:
    scope = Scope(SHOP, kind, ref, key)
    name, at = f"shop-{ref}", NOW - timedelta(days=days)
    database = Database(
        f"db_{ref}", name, None, Status.READY, at, is_default=False, project_id="p", region=None, default_connection_id=None
    )
    preview = Preview(scope, identity.tag(scope), (database,), configurations)
    verdict = Verdict(preview, StaleReason.CLOSED, f"{scope} was closed", Plan(()), NOW - timedelta(hours=1), missed)
    return Swept(verdict, status, note)


SWEEP = Sweep(
    (
        swept("1", SweepStatus.DELETED, missed=True),
        swept("2", SweepStatus.FAILED, key="e2e", note="It broke."),
        swept("main", SweepStatus.KEPT, kind=Kind.BRANCH, key="e2e", days=100),
        swept("3", SweepStatus.BEYOND, kind=Kind.MERGE_QUEUE, days=0.5),
    ),
    OTHERS,
    NOW,
)
SUMMARY = """\
### preview-db: sweep

| | |
|---|--:|
| Previews of this repository | 4 |
| Deleted | 1 |
| Failed | 1 |
| Beyond max_deletions | 1 |
| Kept | 1 |

Not this repository's previews, and untouched: 1 default database, 0 other repositories' previews, 2 made by hand.

```mermaid
xychart-beta
    title "Previews found, by age"
    x-axis ["under 1 d", "1-3 d", "3-7 d", "1-2 w", "2-4 w", "1-3 mo", "over 3 mo"]
    y-axis "previews" 0 --> 2
    bar [1, 2, 0, 0, 0, 0, 1]
```

#### Deleted

| preview | database | age | why |
|---|---|--:|---|
| [#1](https://github.com/acme/shop/pull/1) | `shop-1` | 2 days | pull request \\#1 was closed |

#### Failed

| preview | database | age | why |
|---|---|--:|---|
| [#2](https://github.com/acme/shop/pull/2) (`e2e`) | `shop-2` | 2 days | pull request \\#2 \\(e2e\\) was closed. It broke. |

#### Beyond max_deletions, left alone

| preview | database | age | why |
|---|---|--:|---|
| queue entry of [#3](https://github.com/acme/shop/pull/3) | `shop-3` | 12 hours | merge queue entry of \\#3 was closed |

<details><summary>Kept: 1</summary>

| preview | database | age | why |
|---|---|--:|---|
| branch `main` (`e2e`) | `shop-main` | 100 days | branch main \\(e2e\\) was closed |

</details>

> [!WARNING]
> The close of 1 was missed: [#1](https://github.com/acme/shop/pull/1). That is a broken hook somebody should know about.
"""


def test_the_summary_of_a_sweep() -> None:
    assert report.summary(SWEEP, URL) == SUMMARY


def test_the_summary_of_a_dry_run() -> None:
    dry = Sweep((swept("1", SweepStatus.WOULD_GO, missed=True),), OTHERS, NOW, dry_run=True)
    said = report.summary(dry, URL)
    assert said.startswith("### preview-db: sweep (dry run)\n\n| | |\n|---|--:|\n| Previews of this repository | 1 |\n| Would go | 1 |\n")
    assert "#### Would go\n\n| preview | database | age | why |\n|---|---|--:|---|\n| [#1](" in said
    assert "The close of 1 was missed: [#1](" in said
    assert "Deleted" not in said


def test_a_pull_request_that_keeps_its_preview_is_linked() -> None:
    kept = Sweep((swept("5", SweepStatus.KEPT),), OTHERS, NOW)
    assert "| [#5](https://github.com/acme/shop/pull/5) | `shop-5` |" in report.summary(kept, URL)


def test_a_sweep_that_finds_nothing_says_so_without_a_picture() -> None:
    nothing = Sweep((), {"made by hand": 0}, NOW)
    assert report.summary(nothing, URL).endswith("| Kept | 0 |\n\nNot this repository's previews, and untouched: 0 made by hand.\n")


@pytest.mark.parametrize(
    ("days", "place"), [(0.9, 0), (1, 1), (2.9, 1), (3, 2), (6.9, 2), (7, 3), (13.9, 3), (14, 4), (27.9, 4), (28, 5), (90.9, 5), (91, 6)]
)
def test_the_picture_counts_by_age(days: float, place: int) -> None:
    said = report.summary(Sweep((swept("1", SweepStatus.KEPT, days=days),), OTHERS, NOW), URL)
    assert f"    bar [{', '.join('1' if index == place else '0' for index in range(7))}]\n" in said


@pytest.mark.parametrize(("count", "more"), [(report.MAX_ROWS, 0), (report.MAX_ROWS + 1, 1)])
def test_a_long_table_is_cut_and_says_so(count: int, more: int) -> None:
    said = report.summary(Sweep(tuple(swept(str(n), SweepStatus.DELETED, missed=True) for n in range(1, count + 1)), OTHERS, NOW), URL)
    assert said.count("| `shop-") == report.MAX_ROWS == 300
    assert (f"| and {more} more | | | |\n" in said) == bool(more)
    assert said.count("/pull/") == 2 * report.MAX_ROWS


def test_missed_closes_are_each_linked() -> None:
    late = Sweep(tuple(swept(ref, SweepStatus.DELETED, missed=True) for ref in "12"), OTHERS, NOW)
    assert f"The close of 2 was missed: [#1]({URL}/pull/1), [#2]({URL}/pull/2)." in report.summary(late, URL)


def test_what_went_with_its_hyperdrive_configuration_makes_room_for_another() -> None:
    configuration = Configuration("hd_1", "shop-1", "db.example", 5432, NOW)
    of_each = (
        swept("1", SweepStatus.DELETED, configurations=(configuration,)),
        swept("2", SweepStatus.KEPT, configurations=(configuration,)),
    )
    said = report.summary(Sweep(of_each, OTHERS, NOW, configurations=9), URL)
    assert "\n\nHyperdrive configurations in the account: 8 (2 of 10 left on the free plan, 17 of 25 on a paid plan).\n\n```mermaid" in said


def test_a_sweep_as_json() -> None:
    assert report.as_json(SWEEP)[1:3] == [
        {
            "databases": [{"id": "db_2", "name": "shop-2"}],
            "kind": "pr",
            "ref": "2",
            "pull_request": 2,
            "key": "e2e",
            "status": "failed",
            "why": "closed",
            "reason": "pull request #2 (e2e) was closed",
            "since": "2026-06-01T11:00:00+00:00",
            "missed": False,
            "note": "It broke.",
        },
        {
            "databases": [{"id": "db_main", "name": "shop-main"}],
            "kind": "br",
            "ref": "main",
            "pull_request": None,
            "key": "e2e",
            "status": "kept",
            "why": "closed",
            "reason": "branch main (e2e) was closed",
            "since": "2026-06-01T11:00:00+00:00",
            "missed": False,
            "note": "",
        },
    ]
    never = dataclasses.replace(SWEEP.swept[0], verdict=dataclasses.replace(SWEEP.swept[0].verdict, since=None))
    assert report.as_json(Sweep((never,), OTHERS, NOW))[0]["since"] is None


def test_the_comments_of_what_a_sweep_deleted_are_told_so() -> None:
    (deleted,) = report.deletions(SWEEP)
    scope = Scope(SHOP, Kind.PULL_REQUEST, "1")
    assert deleted.kind is OutcomeKind.DELETED
    assert deleted.reason == "the sweep deleted it, since pull request #1 was closed"
    assert (deleted.scope, deleted.identity) == (scope, identity.name(scope))
