"""What a run has done so far, and what it is doing now: handed from step to step, so that nothing is remembered in secret."""

from __future__ import annotations

import dataclasses

from ..planning.credential import Credential
from ..planning.model import Database, DesiredState
from ..planning.outcome import Done
from ..services.prisma.models import DatabaseWire


class PlanOutdated(Exception):
    """What was planned no longer fits what exists. Observe and plan once more."""


@dataclasses.dataclass(slots=True)
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
    """

    created: dict[str, DatabaseWire] = dataclasses.field(default_factory=dict)
    creations: int = 0
    unlisted: set[str] = dataclasses.field(default_factory=set)
    lost_a_creation: bool = False
    knows_logical_id: bool = True
    found_first: frozenset[str] | None = None
    credentials: list[Credential] = dataclasses.field(default_factory=list)
    done: list[Done] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(slots=True)
class Turn:
    """One plan on its way.

    Attributes:
        database: the one that is handed out, once a step has created or found it.
        credentials: those of this plan, in the order of its steps.
    """

    desired: DesiredState
    progress: Progress
    database: Database | None = None
    credentials: list[Credential] = dataclasses.field(default_factory=list)

    @property
    def handed_out(self) -> Database:
        """The database, for steps that a plan has only after one that creates or reuses it."""
        assert self.database is not None, "a plan creates or reuses a database before it does anything with it"
        return self.database
