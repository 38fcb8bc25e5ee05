"""What a run has done so far, and what it is doing now: handed from step to step, so that nothing is remembered in secret."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..planning.contents import NOTHING, Contents
from ..planning.credential import Credential
from ..planning.model import Configuration, Database, PlatformBranch
from ..planning.outcome import Done
from ..planning.steps import DesiredState
from ..services.prisma.models import DatabaseWire
from .look import Listing

if TYPE_CHECKING:
    from psycopg import Connection as Login

    from ..planning.schema import Schema
    from ..services.postgres.inside import Session


class PlanOutdated(Exception):
    """What was planned no longer fits what exists. Observe and plan once more."""


@dataclasses.dataclass(slots=True, eq=False, repr=False)
class Progress:
    """What one run has done, over all its turns.

    Attributes:
        created: the answers to its creations, by the database's id. They are believed, whatever a list says, and undone if the run fails.
        creations: how many there were, those included that are gone by now.
        unlisted: those of them that were created without a ``logicalId`` and that no list has shown yet.
        lost_a_creation: whether a creation got no answer, and may have been carried out.
        knows_logical_id: whether the server does, as far as it has shown.
        found_first: the ids of what was there before this run changed anything; none until it was looked at.
        credentials: every credential it has created.
        listing: the first look at the project's databases, where one is under way already.
        is_open: tells whether the pull request is still open since the last database was created, where that is being asked.
        unusable: the ids of databases that turned out, once looked into, to be of no use: they are replaced.
        configurations: the Hyperdrive configurations it has created or changed, by id.
        cut_off: the ids of those that have turned out to be unable to log in.
        branches: the Git names of the platform branches it has created, by id.
        names_taken: how often a configuration's name was taken that no list has shown.
    """

    created: dict[str, DatabaseWire] = dataclasses.field(default_factory=dict)
    creations: int = 0
    unlisted: set[str] = dataclasses.field(default_factory=set)
    lost_a_creation: bool = False
    knows_logical_id: bool = True
    found_first: frozenset[str] | None = None
    credentials: list[Credential] = dataclasses.field(default_factory=list)
    listing: Listing | None = None
    is_open: Callable[[], bool] | None = None
    configurations: dict[str, Configuration] = dataclasses.field(default_factory=dict)
    cut_off: set[str] = dataclasses.field(default_factory=set)
    names_taken: int = 0
    branches: dict[str, str] = dataclasses.field(default_factory=dict)
    done: list[Done] = dataclasses.field(default_factory=list)
    unusable: set[str] = dataclasses.field(default_factory=set)


@dataclasses.dataclass(slots=True, eq=False, repr=False)
class Turn:
    """One plan on its way.

    Attributes:
        database: the one that is handed out, once a step has created or found it.
        credentials: those of this plan, in the order of its steps.
        login: a login by the direct endpoint that was left open for what runs inside.
        session: what is done inside, once that has begun.
        contents: what came of it so far.
        before: the schema that the pull request's is compared with.
        branch: the platform branch that the preview belongs in, once it was found or created.
        configuration: the Hyperdrive configuration that points at the database, once a step has created or found it.
    """

    desired: DesiredState
    progress: Progress
    database: Database | None = None
    credentials: list[Credential] = dataclasses.field(default_factory=list)
    login: Login[Any] | None = None
    session: Session | None = None
    contents: Contents = NOTHING
    before: Schema | None = None
    branch: PlatformBranch | None = None
    configuration: Configuration | None = None

    @property
    def in_branch(self) -> PlatformBranch:
        """The branch, for steps that a plan has only where there is one, or after one that creates it."""
        assert self.branch is not None, "a plan finds or creates a branch before it does anything with it"
        return self.branch

    def close(self) -> None:
        """Logs out."""
        if self.login is not None:
            self.login.close()

    @property
    def handed_out(self) -> Database:
        """The database, for steps that a plan has only after one that creates or reuses it."""
        assert self.database is not None, "a plan creates or reuses a database before it does anything with it"
        return self.database
