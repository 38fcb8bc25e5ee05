"""Who the run is to the Management API: by the service token that was given, or by the job's own identity where there is none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from ..log import Sink
from ..planning.job import Job
from ..planning.settings import Inputs


def signed_in(inputs: Inputs, job: Job, environ: Mapping[str, str], sink: Sink, *, work: timedelta, from_fork: bool = False) -> Inputs:
    """``inputs`` with a token: theirs, or else one of some minutes for the job's OIDC identity. Without either, unchanged.

    Experimental, as it is at Prisma.

    Args:
        work: how long the token is needed for.

    Raises:
        PreviewError: the job has an identity, and it is refused.
    """
    if inputs.service_token is not None or not environ.get("ACTIONS_ID_TOKEN_REQUEST_URL"):
        return inputs
    from ..services.github import oidc  # both here, since a run with a service token does not need them
    from ..services.prisma import keyless

    sink.info("There is no service_token: signing in with the job's own identity")
    identity_token = oidc.identity_token(environ, mask=sink.mask, from_fork=from_fork)
    short_lived = keyless.exchange(
        inputs.management_api_url,
        identity_token,
        seconds=keyless.lifetime(work),
        repository=job.repository,
        mask=sink.mask,
    )
    sink.mask(short_lived.value)
    return inputs.model_copy(update={"service_token": short_lived.value})
