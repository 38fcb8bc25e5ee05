"""``list`` and ``sweep`` of many repositories: what there is and what would go, and the sweep once that was confirmed."""

from __future__ import annotations

from ...engine.look import Look
from ...engine.organisation import sweep_many
from ...planning.outcome import RunResult
from ...report import organisation as organisation_report
from ...services.github.comments import correct
from .session import Session


def run(session: Session) -> int:
    asked, terminal, output = session.asked, session.terminal, session.output
    if asked.command == "list":
        result = _swept(session, dry_run=True)
        assert result.organisation is not None, "a sweep of many has its result"
        output.organisation(result.organisation)
        if result.organisation.doubts and result.failure is not None:
            raise result.failure  # what is listed is not all
        return 0
    if not asked.yes and not session.inputs.only_plans:
        terminal.check_somebody_is_there()
        planned = _swept(session, dry_run=True).organisation
        assert planned is not None, "as above"
        output.confirm_organisation(planned)
    result = _swept(session, dry_run=session.inputs.only_plans)
    assert result.organisation is not None, "as above"
    output.organisation(result.organisation)
    correct(session.target.server.repository, organisation_report.corrections(result.organisation), terminal, terminal.scrub)
    if result.failure is not None:
        raise result.failure
    return 0


def _swept(session: Session, *, dry_run: bool) -> RunResult:
    """One sweep, or what it would do. That tells its progress where the person who watches sees what goes on, and nothing more."""
    inputs = session.inputs.model_copy(update={"dry_run": dry_run})
    target, terminal = session.target, session.terminal
    with session.working() as tell, Look.begin(inputs, creates=False, sweep=True, log=terminal.waiting) as look:
        look.check_workspace()
        log = tell if dry_run else terminal.info
        return sweep_many(look.api, inputs, target.server, target.host, "it was asked for", log, session.interrupts)
