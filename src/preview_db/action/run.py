"""Front door 1: a step of a workflow, from the runner's environment to an exit code."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from pydantic import SecretStr

from ..errors import InvalidInput, PreviewError
from ..interrupts import Interrupts
from ..planning import events
from ..planning.job import Job
from ..planning.settings import Inputs
from ..services import http
from ..services.github.runner import CannotWrite, Runner
from .post import SECRET_VARIABLES
from .step import Step


def run(environ: Mapping[str, str], log: TextIO, *, interrupts: Interrupts, ahead: http.Ahead | None = None) -> int:
    """Runs the step: 0 if what was asked for is so now, 1 if not.

    Args:
        ahead: what was asked of Prisma already.
    """
    runner = Runner(environ, log)
    for variable in SECRET_VARIABLES:
        runner.mask(SecretStr(environ.get(variable, "")))
    failure: Exception | None = None
    try:
        interrupts.reached("before the first step")
        job = Job.read(environ)
        inputs = Inputs.read(environ)
        runner.check_files()
        event = events.parse(job.event_name, _payload(job.event_path))
        Step(inputs, job, event, runner, interrupts, environ, ahead=ahead).run()
    except Exception as error:  # noqa: BLE001 - the last line of defence: a person gets a sentence, the traceback goes to the debug log
        failure = interrupts.cause_of(error)
    interrupts.over()
    if failure is None:
        return 0
    from ..planning.outcome import OutcomeKind  # here and below: what decides is imported first, and sends the first requests out

    if not runner.has_set("outcome"):  # what an incomplete sweep came to is said already
        with contextlib.suppress(CannotWrite, ValueError):  # where outputs can't be written, that is the failure
            runner.set_output("outcome", OutcomeKind.FAILED)
    if isinstance(failure, PreviewError):
        from ..report import preview as preview_report  # both here, since no other run needs them so early
        from .publish import summarise

        runner.error(failure.title, str(failure))
        summarise(runner, preview_report.failure(failure))
        return 1
    import traceback  # here, since it takes its time

    for line in traceback.format_exception(failure):
        runner.debug(line)
    runner.error(
        "Internal error",
        f"preview-db failed in a way it should not ({type(failure).__name__}). This is a defect in preview-db. "
        "Run the job again with debug logging and report what it says; no secret is in it.",
    )
    return 1


def _payload(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(
            f"The event's payload can't be read ({type(error).__name__}).",
            cause="The runner's variable GITHUB_EVENT_PATH names no readable file.",
            remedy="Run it as a step of a workflow ('uses:'); a wrapper has to pass the runner's files on.",
        ) from None
