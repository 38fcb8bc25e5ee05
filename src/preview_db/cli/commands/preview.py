"""``create``, ``connect``, ``reset`` and ``delete``: one preview, made what was asked."""

from __future__ import annotations

from pathlib import Path

from ...errors import InvalidInput, NoPreview, NotFound
from ...planning import decide, lookups
from ...planning.decision import Decision, Task
from ...planning.fields import RequestedConnection
from ...planning.lookups import EventState, Lookups
from ...planning.outcome import OutcomeKind, RunResult
from ...services.dotenv import file as env_file
from ...services.github.errors import GitHubFailed
from .. import ci
from .session import EVENT, Session


def run(session: Session) -> int:
    """Runs the command that was asked. 0, or an exception says what failed."""
    asked = session.asked
    _check_variables(session)
    session = session.with_inputs(session.target.about())
    decision = decide.decide(session.inputs, EVENT, session.target.repository, _looked_up(session))
    if decision.task is Task.NOTHING:
        raise _none_left(decision.reason, decision.advice or "Reopen it if it should have one.")
    workspace, path = _env_file(session)
    if not asked.hands_over and decision.task is Task.CONNECT:
        decision = decision._replace(task=Task.STATUS)
    if decision.task in (Task.ENSURE, Task.RESET):
        session = session.with_scripts()
    if decision.task in (Task.REMOVE, Task.RESET):
        session.confirm(decision)
    result = _carried_out(session, decision)
    outcome = result.outcome
    if decision.task is Task.STATUS and outcome.kind is OutcomeKind.ABSENT:
        raise no_preview(f"There is no preview of {outcome.scope}.")
    session.output.result(result)
    if decision.task is Task.STATUS:
        session.terminal.notice("No credential was created", "say where it should go, with --export, --env-file or --show-secrets")
    if path and result.credentials:
        for warning in env_file.write(path, session.output.variables(result), workspace=workspace):
            session.terminal.warning("--env-file", warning)
        session.terminal.info(f"Wrote {', '.join(result.variables)} to {asked.env_file}")
    session.comment(outcome)
    if decision.task is not Task.REMOVE and outcome.kind in (OutcomeKind.DELETED, OutcomeKind.ABSENT):
        raise _none_left(outcome.reason, "Reopen it if it should have one.")
    return 0


def _env_file(session: Session) -> tuple[Path, str]:
    """The file to write to, below the folder to stay in; none if there is none to be written."""
    if session.asked.env_file is None or session.inputs.only_plans:
        return Path(), ""
    workspace, path = ci.placed(session.asked.env_file, Path.cwd(), session.target.around.top)
    env_file.check(path, workspace=workspace)
    return workspace, path


def _carried_out(session: Session, decision: Decision) -> RunResult:
    """What the run came to. One that hands nothing over has no credential, but what it takes to do something inside the database."""
    for_nobody = not session.asked.hands_over and decision.task is Task.ENSURE
    if for_nobody:
        inside = (RequestedConnection(name="inside"),) if session.scripts.steps else ()
        session = session.with_inputs(session.inputs.model_copy(update={"connections": inside}))
    try:
        result = session.run(decision)
    except NoPreview as error:
        raise no_preview(error.what) from None
    return session.without_credentials(result) if for_nobody else result


def _looked_up(session: Session) -> EventState:
    """Whether the pull request or branch is there, if the command creates a preview and GitHub can be asked.

    Raises:
        NotFound: it is not there.
    """
    inputs, terminal = session.inputs, session.terminal
    if lookups.needed(inputs, EVENT) == Lookups():
        return EventState()
    if session.target.github is None:
        terminal.notice("GitHub was not asked", "with GH_TOKEN or GITHUB_TOKEN set, this checks that the pull request or branch is there")
        return EventState()
    try:
        state = session.look()
    except GitHubFailed as error:
        terminal.warning(error.title, str(error))
        return EventState()
    if inputs.branch and not state.branch_exists:
        raise NotFound(
            f"There is no branch {inputs.branch} in {session.target.full_name}.",
            cause="It was not pushed, was deleted, or is another repository's.",
            remedy="Push it, or correct --branch or --repo.",
        )
    return state


def _check_variables(session: Session) -> None:
    """Raises :class:`InvalidInput` for a connection that should go to a variable and does not say to which."""
    asked = session.asked
    if (asked.export or asked.env_file) and not all(connection.variable for connection in session.inputs.connections):
        raise InvalidInput(
            "A connection does not say which variable it goes to.",
            cause="What is exported or written to a file is a variable.",
            remedy="Give --connection app=DATABASE_URL.",
            named="connections",
            problem="takes NAME=VARIABLE where it is exported or written to a file",
        )


def _none_left(reason: str, remedy: str) -> NoPreview:
    """A command that was to leave a preview behind leaves none: a script has to hear that, or it goes on with what it has."""
    return NoPreview(
        "There is no preview, and no connection string was handed out.",
        cause=f"{reason[:1].upper()}{reason[1:]}.",
        remedy=f"{remedy.rstrip('.')}. A variable that was set before still holds what it held.",
    )


def no_preview(what: str) -> NoPreview:
    return NoPreview(
        what, cause="It was not created yet, or was deleted; 'connect' never creates one.", remedy="Create it: preview-db create"
    )
