"""``doctor``: what is looked at, however little the surroundings say, and the table."""

from __future__ import annotations

from ...doctor import diagnosis
from ...doctor.checks import Doctor
from ...errors import Cancelled, PreviewError
from ...planning.model import Repository, Scope
from ..target import Target, with_token
from .session import Session


def run(session: Session) -> int:
    """Tells what the doctor finds; 1 if something will not work, else 0."""
    target, terminal = session.target, session.terminal
    with terminal.quietly(), terminal.working("Looking"):
        repository, scope = _standing(target)
        findings = Doctor(target.inputs, repository, target.api_url, scope, sign_in=with_token).examine()
    failure = diagnosis.failure(findings)
    if session.asked.as_json:
        terminal.json({"healthy": failure is None, "checks": diagnosis.as_json(findings)})
    else:
        terminal.table(diagnosis.COLUMNS, diagnosis.rows(findings))
    return 0 if failure is None else 1


def _standing(target: Target) -> tuple[Repository | PreviewError, Scope | None]:
    """As far as it can be told: what can't is a finding too, of which the doctor says more."""
    try:
        repository = target.repository
    except Cancelled:
        raise
    except PreviewError as error:
        return error, None
    try:
        return repository, target.scope(target.about())
    except Cancelled:
        raise
    except PreviewError:
        return repository, None
