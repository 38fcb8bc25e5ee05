"""``list``: every preview there is and, where GitHub can be asked, what a sweep would say of it."""

from __future__ import annotations

from datetime import UTC, datetime

from ...engine import previews
from ...planning.decision import Decision, Task
from ...planning.outcome import Listing
from .. import listing
from .session import Session


def run(session: Session) -> int:
    with session.terminal.quietly(), session.working():
        found, entries = _found(session)
    session.output.listed(found, entries, datetime.now(UTC))
    if session.target.github is None and entries:
        session.terminal.notice("GitHub was not asked", "with GH_TOKEN or GITHUB_TOKEN set, this says which pull requests are open")
    return 0


def _found(session: Session) -> tuple[Listing, list[listing.Entry]]:
    """The previews, with what a sweep says of each. Databases and pull requests are read once."""
    engine = session.engine(dry_run=True)
    if session.target.github is None:
        found = previews.listing(engine.inputs, engine.repository, engine.sink.waiting)
        return found, listing.entries(found.previews)
    result = engine.run(Decision(Task.SWEEP, "it is only listed"))
    assert result.sweep is not None, "a sweep has a sweep for its result"
    assert result.project is not None, "a sweep has a project"
    verdicts = [found.verdict for found in result.sweep.swept]
    swept = [verdict.preview for verdict in verdicts]
    pull_requests = [pull_request for pull_request in result.sweep.state.pull_requests.values() if pull_request.is_open]
    return Listing(result.project, swept, result.sweep.others), listing.entries(swept, verdicts, pull_requests)
