"""``sweep``: the whole repository, looked at and asked about before anything is deleted."""

from __future__ import annotations

from ...planning.decision import Decision, Task
from ...report import sweep as sweep_report
from .session import Session


def run(session: Session) -> int:
    session.github("A sweep has to read which pull requests are open, and deletes nothing without knowing that.")
    decision = Decision(Task.SWEEP, "a sweep was asked for")
    session.confirm(decision)
    result = session.run(decision)
    assert result.sweep is not None, "a sweep has a sweep for its result"
    session.output.swept(result, result.sweep)
    for outcome in sweep_report.deletions(result.sweep):
        session.comment(outcome)
    if result.failure is not None:
        raise result.failure
    return 0
