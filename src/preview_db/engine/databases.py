"""A preview's databases: observed, created, waited for, adopted, deleted, and undone where a run fails."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

from ..deadline import Deadline
from ..errors import Cancelled, Mismatch, PreviewError, ProvisioningFailed
from ..interrupts import Interrupts
from ..planning import identity
from ..planning.model import Database, Project, Scope, Status
from ..planning.steps import DesiredState, Step
from ..services.prisma import errors as refusals
from ..services.prisma.client import ManagementApi
from ..services.prisma.models import DatabaseWire
from .turn import PlanOutdated, Progress, Turn

POLL = 1.0
"""Seconds between two looks at something that takes the server its time."""

_SAY_EVERY = 10.0
_MAX_CREATIONS = 2


class Unsettled(ProvisioningFailed):
    """What the run has created, others have deleted, or the other way round, until it gave up."""


@dataclasses.dataclass(slots=True, eq=False, repr=False)
class CreateOptions:
    """How a database is created.

    Attributes:
        source: is called for what a database is created from, as the API names it; none for nothing.
        display_name: what the user calls it; the identity if none.
    """

    region: str = "inherit"
    source: Callable[[], dict[str, str] | None] = lambda: None
    display_name: str | None = None


@dataclasses.dataclass(slots=True, eq=False, repr=False)
class Databases:
    """One project's databases.

    Attributes:
        wait: whether a step ends only once the database is ready.
        log: takes a line for the person who watches.
        sleep: waits, in seconds.
    """

    api: ManagementApi
    project: Project
    options: CreateOptions
    wait: bool
    deadline: Deadline
    log: Callable[[str], None]
    interrupts: Interrupts
    sleep: Callable[[float], None]

    def observe(self, desired: DesiredState, progress: Progress) -> list[Database]:
        """The databases of exactly what is ``desired``.

        The whole project is listed, though the server could be asked for one ``logicalId``: a preview may bear its identity as its name
        only, on a server that does not know ``logicalId`` or after a reset that was killed half-way, and would stay unseen beside one
        that bears it as both. A list may lag behind: what this run has created is read by its id where the list leaves it out.
        """
        if desired.database_id:
            answer = self.api.database(desired.database_id, project=self.project.id)
            return [answer.to_model()] if answer else []
        tag = desired.tag or identity.tag(desired.scope)
        listing, progress.listing = progress.listing or functools.partial(self.api.databases, self.project.id), None
        listed = {database.id: database for database in listing()}
        progress.unlisted -= listed.keys()
        for id_ in progress.created.keys() - listed.keys():
            answer = self.api.database(id_, project=self.project.id)
            if answer is None:
                self._forget(id_, progress)
            else:
                listed[id_] = answer.to_model()
        found = [database for database in listed.values() if identity.bears(database, tag, desired.scope.repository)]
        if progress.found_first is None:
            progress.found_first = frozenset(database.id for database in found)
        return found

    def create(self, step: Step, turn: Turn) -> str:
        """Creates the database; one that replaces another goes by name until the other is gone, since no two have one ``logicalId``.

        Raises:
            PlanOutdated: another run has created it, or may have, or no answer came.
            Unsettled: what this run had created before was deleted.
        """
        scope, progress, replaces = turn.desired.scope, turn.progress, step.database is not None
        if progress.created or progress.creations >= _MAX_CREATIONS:
            raise Unsettled(
                f"The database this run created for {scope} was deleted while the run was at work.",
                cause="Another run deletes the preview, or the Management API forgets what it has created.",
                remedy="Give the job a concurrency group by pull request number with cancel-in-progress: false, and run it again.",
            )
        try:
            made = self._request(step.subject, turn, replaces=replaces)
        except PlanOutdated:
            if turn.desired.fresh and not progress.found_first:
                progress.found_first = None  # what is in the way was there before, and the list did not show it: a reset replaces it
            raise
        database = made.to_model()
        if not identity.belongs_to(database, scope):
            raise Mismatch(
                f"The Management API created {made.id}, which does not bear the identity {step.subject}.",
                cause="The answer is not about what was asked.",
                remedy=f"Nothing was handed out. Look at {made.id} in the Prisma Console and delete it if it is empty.",
            )
        if database.logical_id is None:
            progress.knows_logical_id = progress.knows_logical_id and replaces
            progress.unlisted.add(database.id)
            raise PlanOutdated("of several runs that create by name, each may have created one")
        turn.database = self._wait_until_ready(database, progress)
        return ""

    def reuse(self, step: Step, turn: Turn) -> str:
        """Waits for the database that is there already."""
        turn.database = self._wait_until_ready(step.on_database, turn.progress)
        return ""

    def adopt(self, step: Step, turn: Turn) -> str:
        """Gives a database that bears its identity as a name the ``logicalId``, too. If that fails, its name still says whose it is."""
        database = turn.handed_out
        changes = {"logicalId": step.subject} if database.can_be_adopted else {}
        may_be_called = self.options.display_name if changes or database.logical_id else None
        if identity.is_replacement(database.name) or (changes and may_be_called):
            changes["name"] = may_be_called or step.subject
        try:
            with self.interrupts.step("the database was given its logicalId"):
                self.api.update_database(database.id, changes)
        except Cancelled:
            raise
        except PreviewError as error:
            return f"not now: {error.what}"
        turn.database = database._replace(name=changes.get("name", database.name))
        return ""

    def delete(self, step: Step, turn: Turn) -> str:
        """Deletes a database. While another is handed out, that one is looked at first: it may have been deleted meanwhile."""
        database = step.on_database
        assert not database.is_default, "no plan holds a default database"
        if turn.database is not None:
            _check_provisioned(self.read(turn.database.id, turn.progress))
        with self.interrupts.step(f"the database {step.subject} was deleted"):
            was_there = self.api.delete_database(database.id)
            self._forget(database.id, turn.progress)
        return "" if was_there else "was gone already"

    def read(self, id_: str, progress: Progress) -> Database:
        """The database as it is now. Raises :class:`PlanOutdated` if it is gone: there is no use in waiting for it."""
        answer = self.api.database(id_, project=self.project.id)
        if answer is None:
            self._forget(id_, progress)
            raise PlanOutdated(f"{id_} was deleted meanwhile")
        return answer.to_model()

    def check_created(self, observed: list[Database], progress: Progress) -> None:
        """Raises :class:`ProvisioningFailed` if one that this run has created ended in failure."""
        for database in observed:
            if database.id in progress.created:
                _check_provisioned(database)

    def undo(self, desired: DesiredState, progress: Progress) -> None:
        """Deletes what this run created and nobody will use.

        A database in which another run has a credential by now is left to that run; one that does not bear the preview's identity, to
        people, whatever the answer was that said it had been created.
        """
        mine = {connection.id for made in progress.created.values() for connection in made.connections}
        mine |= {credential.connection_id for credential in progress.credentials}
        for id_ in list(progress.created):
            attempt(functools.partial(self._delete_unless_shared, id_, mine, desired.scope), f"database {id_}", self.log)

    def _request(self, name: str, turn: Turn, *, replaces: bool) -> DatabaseWire:
        progress = turn.progress
        with_logical_id = progress.knows_logical_id and not replaces
        body: dict[str, Any] = {"projectId": self.project.id, "region": self.options.region, "name": name}
        if turn.branch is not None:
            body["branchId"] = f"br_{turn.branch.id}"
        if with_logical_id:
            new = identity.name(turn.desired.scope, replacement=True)
            body |= {"logicalId": name, "name": new if turn.desired.seeds_clone else self.options.display_name or name}
        if (source := self.options.source()) is not None:
            body["source"] = source
        try:
            with self.interrupts.step("the database was created"):
                made = self.api.create_database(body)
                progress.created[made.id] = made
                progress.creations += 1
        except refusals.Refused as refused:
            if refused.status == 409 and with_logical_id:
                raise PlanOutdated("another run has created it at the same moment") from None
            if refused.status == 404 and turn.branch is not None:
                raise PlanOutdated(f"the platform branch {turn.branch.git_name} was deleted meanwhile") from None
            if refused.status in (400, 422) and with_logical_id and "logicalid" in refused.message.lower():
                progress.knows_logical_id = False
                raise PlanOutdated("this server does not know logicalId; going by name") from None
            raise
        except refusals.Unanswered as unanswered:
            progress.lost_a_creation = True
            self.sleep(POLL)
            raise PlanOutdated(unanswered.what) from None
        self.api.check_project(made, self.project.id)
        said = made.to_model()
        if said.logical_id is None and made.name == body["name"] and not (said.is_default or identity.belongs_to(said, turn.desired.scope)):
            self.log("The server ignores logicalId, so the database has to bear its identity as its name.")
            made = self.api.update_database(made.id, {"name": name})
        return made

    def _wait_until_ready(self, database: Database, progress: Progress) -> Database:
        """Polls until the status is ``ready``; at once if nothing is waited for."""
        if not self.wait:
            return database
        started = said = self.deadline.monotonic()
        while database.status is not Status.READY:
            elapsed = self.deadline.monotonic() - started
            _check_provisioned(database)
            if self.deadline.has_passed:
                raise ProvisioningFailed(
                    f"The database {database.id} is still '{database.status}' after {elapsed:.0f} s.",
                    cause="Provisioning takes longer than usual; 5 to 15 s are typical.",
                    remedy="Raise the input timeout, or run the job again in a few minutes.",
                )
            if self.deadline.monotonic() - said > _SAY_EVERY:
                said = self.deadline.monotonic()
                self.log(f"Waiting for {database.id} to become ready: {database.status} after {elapsed:.0f} s")
            self.sleep(min(POLL, max(0.2, elapsed / 25)))  # short at first, so that little is lost of the 5 to 15 s it usually takes
            database = self.read(database.id, progress)
        return database

    def _delete_unless_shared(self, id_: str, mine: set[str], scope: Scope) -> bool:
        now = self.api.database(id_, project=self.project.id)
        if now is None or not {connection.id for connection in now.connections} <= mine:
            return False
        return identity.belongs_to(now.to_model(), scope) and self.api.delete_database(id_)

    @staticmethod
    def _forget(id_: str, progress: Progress) -> None:
        progress.unlisted.discard(id_)
        progress.created.pop(id_, None)


def attempt(undo: Callable[[], bool], what: str, log: Callable[[str], None]) -> None:
    """Tries to undo something. What can't be undone is left for the next run or the sweep, and the log says so."""
    try:
        if undo():
            log(f"Undone: {what}")
    except PreviewError as error:
        log(f"Could not undo: {what} is left for the next run or the sweep. {error.what}")


def _check_provisioned(database: Database) -> None:
    if database.status is Status.FAILURE:
        raise ProvisioningFailed(
            f"Prisma could not provision the database {database.id}: its status is 'failure'.",
            cause="Something went wrong on Prisma's side, or the source it was created from can't be used.",
            remedy="Run the job again: a new one is created in its place. If it stays, try another region or Prisma's status page.",
        )
