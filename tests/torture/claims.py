"""The claims that hold of every run, what a run says it has brought about, and how much of it all is tried."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import psycopg

from preview_db_emulator.client import Emulator, emulator
from preview_db_emulator.runner.runner import Run
from tests.drivers.workflow import PullRequest, can_log_in

LONG = bool(os.environ.get("PREVIEW_DB_TORTURE"))
"""Whether everything is tried: `make torture`. `make test` tries a part of it."""

FUZZED = 200
"""Runs whose answers are spoiled at random, of each kind, in `make torture`."""

_Thing = TypeVar("_Thing")


def some(table: Mapping[str, _Thing], *always: str, short: int = 6) -> dict[str, _Thing]:
    """All of a table in `make torture`; in `make test` those named, what was once found to fail, and enough of the rest to make `short`."""
    if LONG:
        return dict(table)
    rest = [name for name in table if name not in always]
    more = max(0, short - len(always))
    return {name: table[name] for name in (*always, *(rest[:: max(1, len(rest) // more)][:more] if more else ()))}


class Broken(AssertionError):
    """A claim does not hold; with what is needed to look into it."""


def hold(claim: bool, what: str, run: Run | None = None) -> None:
    if not claim:
        said = "\n".join(run.log) + run.raw_stderr if run else ""
        raise Broken(f"{what}\n{said}")


def check_manners(run: Run) -> None:
    """What holds of every run, however it ends: 0 or 1, no traceback, and if 1, a person is told what, why and what to do."""
    spoken = run.raw_stdout + run.raw_stderr
    hold(run.exit_code in (0, 1), f"the exit code is 0 or 1, not {run.exit_code}", run)
    hold("Traceback" not in spoken and "Internal error" not in spoken, "no traceback", run)
    hold(not run.refusals, f"the runner understands every file command: {run.refusals}", run)
    errors = [one for one in run.annotations if one.level == "error"]
    hold(len(errors) == run.exit_code, f"one error if it failed, none if not: {errors}", run)
    if run.exit_code:
        hold(
            ("Likely cause" in run.raw_summary and "What to do" in run.raw_summary) or "preview-db: sweep" in run.raw_summary,
            "the summary says why",
            run,
        )
        hold(
            not run.outputs.get("database_url") or "was stopped by" in errors[0].message, "nothing is handed out by a run that failed", run
        )


def check_promise(pull: PullRequest, run: Run) -> None:
    """What a run that says it succeeded has brought about."""
    check_manners(run)
    if run.exit_code:
        return
    outcome, left = run.outputs.get("outcome"), pull.databases()
    if outcome in ("created", "reused", "reset", "connected"):
        hold(len(left) == 1, f"exactly one database after {outcome!r}: {[one['id'] for one in left]}", run)
        hold(run.outputs["database_id"] == left[0]["id"], "the one that exists is the one handed out", run)
        hold(can_log_in(run.outputs["database_url"]), "one can log in with the string", run)
    elif outcome in ("deleted", "absent"):
        hold(left == [], f"nothing is left after {outcome!r}", run)
    else:
        hold(False, f"an outcome that was expected, not {outcome!r}", run)


@contextlib.contextmanager
def emulators(count: int, *flags: str) -> Iterator[list[Emulator]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(emulator(*flags)) for _ in range(count)]


def rows(url: str, statement: str) -> list[Any]:
    with psycopg.connect(url, connect_timeout=10) as connection:
        return connection.execute(statement).fetchall()
