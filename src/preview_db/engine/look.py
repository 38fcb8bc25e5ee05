"""What a run reads of Prisma before it plans: all of it goes out at once, and each answer is waited for where it is needed.

It imports little, so that what applies a plan can be imported while the answers are on their way.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from types import TracebackType
from typing import Self

from ..background import Background
from ..deadline import Deadline
from ..planning.model import Database, Project
from ..planning.settings import Inputs
from ..services import http
from ..services.prisma import lookup
from ..services.prisma.client import ManagementApi, api_of
from ..services.prisma.models import bare
from ..services.prisma.paths import is_project_id

AFTERWARDS = 30.0
"""Seconds beyond the input ``timeout`` in which the Management API is still asked: what was made and can't be used has to be undone."""

Listing = Callable[[], list[Database]]


@dataclasses.dataclass(slots=True, eq=False, repr=False)
class Look:
    """Reads that are under way, and the Management API they are asked of, which is closed on leaving.

    Each is called for its answer, and raises the :class:`preview_db.errors.PreviewError` that it came to.
    """

    api: ManagementApi
    _reads: Background
    check_workspace: Callable[[], None]
    check_region: Callable[[], None]
    project: Callable[[], Project]
    _source: str
    _begun: Callable[[], dict[str, str] | None] | None
    _listing: Listing | None
    _listed: str

    @classmethod
    def begin(
        cls, inputs: Inputs, *, creates: bool, sweep: bool = False, log: Callable[[str], None], ahead: http.Ahead | None = None
    ) -> Self:
        """Sends them out.

        Args:
            creates: whether the run is to create a database if there is none. Where, and of what, is asked only when it is called for
                otherwise.
            sweep: whether it has the time that a sweep has.
            log: is told what is tried again.
            ahead: what was asked for already.

        Raises:
            Unauthorised: there is no token.
        """
        deadline = Deadline.after(inputs.time_limit(sweep=sweep).total_seconds() + AFTERWARDS)
        api = api_of(inputs, deadline, log, ahead)
        asked = inputs.project or ""
        of_many = inputs.repositories is not None  # whose projects are looked for, and listed, together
        listed = asked if is_project_id(asked) and inputs.database_id is None and not of_many else ""
        project = functools.partial(lookup.project, api, inputs.project)
        by_id = lookup.is_database_id(inputs.source)
        check_region = functools.partial(lookup.check_region, api, inputs.region)
        reads = Background(api.close)
        return cls(
            api,
            reads,
            project=project if of_many else reads.begin(project),
            check_workspace=reads.begin(functools.partial(lookup.check_workspace, api, inputs.workspace)),
            check_region=reads.begin(check_region) if creates else check_region,
            _source=inputs.source,
            _begun=reads.begin(functools.partial(lookup.source, api, inputs.source, list)) if creates and by_id else None,
            _listing=reads.begin(functools.partial(api.databases, listed)) if listed else None,
            _listed=listed,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._reads.close()

    def source(self, project: Project) -> Callable[[], dict[str, str] | None]:
        """What a database is created from, as the API names it: for whoever creates one, since what is there keeps what it has."""
        return self._begun or functools.partial(lookup.source, self.api, self._source, self.listing(project))

    def listing(self, project: Project) -> Listing:
        """The databases of ``project``: those asked for already, if they are that one's."""
        if self._listing is not None and bare(self._listed) == bare(project.id):
            return self._listing
        return functools.partial(self.api.databases, project.id)
