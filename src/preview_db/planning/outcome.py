"""What a run came to: the outcome that everything told of it is made from, and the secrets that the outcome does not hold."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from ..errors import PreviewError
from .contents import NOTHING, Contents
from .credential import Credential
from .model import Configuration, Database, DatabaseReference, Project, Scope
from .steps import Plan, Step

if TYPE_CHECKING:  # most runs are no sweeps
    from .organisation import OrganisationSweep
    from .stale import Preview, Sweep


class OutcomeKind(enum.StrEnum):
    """The ``outcome`` output. ``checked`` is a doctor's who found nothing that fails; ``failed`` any step's that ends red."""

    CREATED = "created"
    REUSED = "reused"
    RESET = "reset"
    CONNECTED = "connected"
    DELETED = "deleted"
    ABSENT = "absent"
    SWEPT = "swept"
    PLANNED = "planned"
    SKIPPED = "skipped"
    CHECKED = "checked"
    FAILED = "failed"


class Done(NamedTuple):
    """A step that was applied, what came of it, and how long it took in seconds."""

    step: Step
    note: str
    seconds: float


class Outcome(NamedTuple):
    """What a run came to. Holds no secret: those travel in a :class:`preview_db.planning.credential.Credential`.

    Attributes:
        plan: what would be done, of a run that only says so.
        database: the one there is, or was until this run deleted it.
        contents: what was found and done inside it.
        configuration: the Hyperdrive configuration that points at it.
    """

    kind: OutcomeKind
    reason: str
    scope: Scope | None = None
    identity: str = ""
    database: Database | None = None
    plan: Plan | None = None
    done: Sequence[Done] = ()
    warnings: Sequence[str] = ()
    contents: Contents = NOTHING
    configuration: Configuration | None = None


class RunResult(NamedTuple):
    """What a run came to, with the secrets that an outcome does not hold.

    Attributes:
        variables: the environment variables to export, each with the name of the credential it holds.
        opened: the database whose sealed strings were opened, of a run that did no more.
        sweep: what became of every preview, if it was a sweep.
        organisation: the same, if it was a sweep of many repositories.
        failure: what makes the run a failure all the same, once everything has been told.
    """

    outcome: Outcome
    credentials: tuple[Credential, ...] = ()
    project: Project | None = None
    variables: Mapping[str, str] = MappingProxyType({})
    opened: DatabaseReference | None = None
    sweep: Sweep | None = None
    organisation: OrganisationSweep | None = None
    failure: PreviewError | None = None

    @property
    def database(self) -> DatabaseReference | None:
        """The database it is about, as another job may be told."""
        found = self.outcome.database
        return DatabaseReference(found.id, found.name, found.project_id) if found else self.opened


class Listing(NamedTuple):
    """What there is in a project, as the Management API alone tells. ``others`` counts what is none of the repository's previews."""

    project: Project
    previews: Sequence[Preview]
    others: Mapping[str, int]
