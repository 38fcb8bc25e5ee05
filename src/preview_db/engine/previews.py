"""Every preview of a repository, as the services have it."""

from __future__ import annotations

from collections.abc import Callable

from ..planning import stale
from ..planning.model import Repository
from ..planning.outcome import Listing
from ..planning.settings import Inputs
from ..services.cloudflare.client import hyperdrive_of
from .look import Look


def listing(inputs: Inputs, repository: Repository, log: Callable[[str], None]) -> Listing:
    """The previews of ``repository``. GitHub is not asked who wants them.

    Args:
        log: is told what is tried again.

    Raises:
        PreviewError: the project or its databases can't be read.
    """
    with Look.begin(inputs, creates=False, log=log) as look, hyperdrive_of(inputs, log=log) as cloudflare:
        look.check_workspace()
        project = look.project()
        databases = look.listing(project)()
        configurations = cloudflare.configurations() if cloudflare else []
    previews = stale.previews(databases, repository, configurations)
    return Listing(project, previews, stale.others(databases, repository))
