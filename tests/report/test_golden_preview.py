"""What is told of one preview, as a page to read: `preview.txt` has the comment and the summary of each situation.

A change of any of them shows in that file's diff. Written again with `python -m tests.report.test_golden_preview`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from preview_db.planning import identity
from preview_db.planning.contents import Contents, Migrated
from preview_db.planning.model import Configuration, Kind, Source, Status
from preview_db.planning.outcome import Done, Outcome, OutcomeKind
from preview_db.planning.schema import Schema, Thing, diff
from preview_db.planning.steps import Action, Plan, Step
from preview_db.report import preview
from tests.factories import NOW, TWELVE, database, scope

PAGE = Path(__file__).with_name("preview.txt")
NAME = identity.name(TWELVE)
END_TO_END, QUEUED = scope(key="e2e"), scope(kind=Kind.MERGE_QUEUE)
CLONE = database(of=END_TO_END, source=Source("db_main", "latest"))
TABLE = Thing("table", "users", "", "")
MIGRATED = Migrated("prisma/migrations", 2, ("20260501_add_users",))
FACTS = preview.Facts("abcdef0123456789", NOW - timedelta(minutes=1))


def outcome(kind: OutcomeKind, reason: str, **changes: Any) -> Outcome:
    usual: dict[str, Any] = {"scope": TWELVE, "identity": NAME, "database": database()}
    return Outcome(kind, reason, **(usual | changes))


SITUATIONS = {
    "Created, with all that a run can do": outcome(
        OutcomeKind.CREATED,
        "pull request #12 was opened",
        scope=END_TO_END,
        database=CLONE,
        configuration=Configuration("hd_1", NAME, "db.example", 5432, NOW),
        contents=Contents(
            "rules.sql", MIGRATED, ("seed.sql",), diff(Schema.of(()), Schema.of((TABLE,)), against="what it was cloned from")
        ),
        done=[
            Done(Step(Action.CREATE, NAME, "it was opened"), "", 1.25),
            Done(Step(Action.MINT, "app-1-1", "one a run"), "came with it", 0.04),
        ],
        warnings=["There were 2 databases.", "<b>"],
    ),
    "A push": outcome(OutcomeKind.REUSED, "pull request #12 got new commits"),
    "A reset": outcome(OutcomeKind.RESET, "/preview-db reset by octocat"),
    "A migration that fails": outcome(
        OutcomeKind.FAILED,
        "pull request #12 was opened",
        contents=Contents(migrated=MIGRATED._replace(pending=("b", "c"), failed="b", error='relation "users" does not exist')),
    ),
    "A failure before there was a database": outcome(OutcomeKind.FAILED, "pull request #12 was opened", database=None),
    "Closed": outcome(OutcomeKind.DELETED, "pull request #12 was merged"),
    "Closed, and nothing was there": outcome(OutcomeKind.ABSENT, "pull request #12 was closed", database=None),
    "Connected to in another job": outcome(OutcomeKind.CONNECTED, "command: connect"),
    "A status that was asked for": outcome(
        OutcomeKind.PLANNED, "/preview-db status by octocat", database=database(status=Status.PROVISIONING)
    ),
    "A status of nothing": outcome(OutcomeKind.PLANNED, "/preview-db status by octocat", database=None),
    "Nothing to do": outcome(OutcomeKind.SKIPPED, "pull request #12 is a draft", database=None),
    "A merge queue": outcome(OutcomeKind.CREATED, "the merge queue tests #12", scope=QUEUED, database=database(of=QUEUED)),
    "A plan": outcome(
        OutcomeKind.PLANNED,
        "pull request #12 is open",
        plan=Plan((Step(Action.KEEP, NAME, "it is there", database()), Step(Action.MINT, "app-1-1", "one a run"))),
    ),
}


def told(of: Outcome) -> Iterator[tuple[str, str]]:
    if mode := preview.comment_mode(of):
        yield f"comment, {'written' if mode == 'write' else 'only edited'}", preview.comment(of, FACTS)
    if of.kind is not OutcomeKind.FAILED:  # the summary of a failure is the error's
        yield "summary", preview.plan_summary(of) if of.plan else preview.summary(of, FACTS)


def page() -> str:
    return "\n".join(f"=== {title}: {name}\n\n{text.rstrip()}\n" for title, of in SITUATIONS.items() for name, text in told(of))


def test_no_preview_is_told_of_otherwise_than_it_was() -> None:
    assert page() == PAGE.read_text("utf-8"), "if that is meant: python -m tests.report.test_golden_preview"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    sys.stdout.write(f"{PAGE}\n")
