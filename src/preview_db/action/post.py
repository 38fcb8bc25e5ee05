"""The step's post run, when the job ends: revokes what should end with it. Runs always, so it costs next to nothing where there is nothing.

What it can't revoke is no error: the next run or sweep does it, once it is older than the longest a job may run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from ..interrupts import Interrupts

EPHEMERAL = "connections"
"""The name of the state that lists the ids of the connections to revoke, as JSON."""

SECRET_VARIABLES = (
    "INPUT_SERVICE_TOKEN", "PRISMA_SERVICE_TOKEN", "INPUT_GITHUB_TOKEN", "GITHUB_TOKEN", "INPUT_SEAL_WITH",
    "INPUT_CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
)  # fmt: skip
"""The variables that hold a secret, masked before anything else is done."""


def run(environ: Mapping[str, str], log: TextIO, *, interrupts: Interrupts) -> int:
    """Revokes each; always 0."""
    from pydantic import SecretStr  # all of it here: most jobs end without anything to revoke

    from ..errors import PreviewError
    from ..planning.job import Job
    from ..planning.settings import Inputs
    from ..planning.words import count
    from ..services.github.runner import Runner
    from ..services.prisma.client import api_of
    from .sign_in import signed_in

    runner = Runner(environ, log)
    for variable in SECRET_VARIABLES:
        runner.mask(SecretStr(environ.get(variable, "")))
    ids = [str(id_) for id_ in json.loads(environ[f"STATE_{EPHEMERAL}"])]
    left = set(ids)
    failure: PreviewError | None = None
    try:
        interrupts.reached("before the first credential was revoked")
        inputs = signed_in(Inputs.read(environ), Job.read(environ), environ, runner, work=timedelta())
        with api_of(inputs, log=runner.waiting) as api:
            for id_ in ids:
                with interrupts.step(f"the credential {id_} was revoked"):
                    api.delete_connection(id_)
                    left.discard(id_)
                    runner.info(f"Revoked {id_}, since the job has ended")
    except Exception as error:
        cause = interrupts.cause_of(error)
        if not isinstance(cause, PreviewError):
            raise
        failure = cause
    interrupts.over()
    if failure is not None and left:
        rest = f"{count(len(left), 'credential')} of this job left for the next run or sweep to revoke."
        runner.warning("Credentials left", f"{failure} {rest}")
    return 0
