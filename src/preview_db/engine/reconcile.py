"""Observe, plan, apply; and again, for as long as what was found while applying makes the plan a thing of the past."""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Callable, Iterable
from typing import Any

from ..deadline import NEVER, Deadline
from ..errors import Cancelled, Mismatch, PlanLimit, PreviewError, ProvisioningFailed
from ..interrupts import Interrupts
from ..planning import identity, plan
from ..planning.credential import Credential, string_of
from ..planning.model import Action, Database, DesiredState, Endpoint, Plan, Project, Scope, Status, Step
from ..planning.outcome import Done, Outcome, OutcomeKind
from ..services.postgres import probe
from ..services.prisma import errors as refusals
from ..services.prisma.client import ManagementApi
from ..services.prisma.credentials import credential, has_string
from ..services.prisma.models import ConnectionWire, DatabaseWire, bare

_MAX_TURNS = 8
_POLL = 1.0
_SAY_EVERY = 10.0
_LONGEST_PAUSE = 4.0


class PlanOutdated(Exception):
    """What was planned no longer fits what exists. Observe and plan once more."""


@dataclasses.dataclass(frozen=True, slots=True)
class CreateOptions:
    """How a database is made, where one has to be.

    Attributes:
        source: ``None`` for an empty one, or the API's ``source`` object.
        display_name: what the user calls it; the identity if none.
    """

    region: str = "inherit"
    source: dict[str, str] | None = None
    display_name: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class WaitPolicy:
    """What is waited for before a string is handed out (``connectable``, ``ready``, ``none``), and for how many seconds in all."""

    until: str = "connectable"
    seconds: float = 120.0
    endpoint: Endpoint = Endpoint.DIRECT


@dataclasses.dataclass(slots=True)
class Reconciler:
    """Brings one project's databases to what is desired. Every effect on them is in here.

    Attributes:
        log: takes a line for the person who watches.
        secret: is told every credential the moment it is known, before anything else happens to it.
    """

    api: ManagementApi
    project: Project
    log: Callable[[str], None]
    secret: Callable[[Credential], None]
    interrupts: Interrupts
    options: CreateOptions = CreateOptions()
    wait: WaitPolicy = WaitPolicy()
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _knows_logical_id: bool = True
    _deadline: Deadline = NEVER
    _found_first: frozenset[str] | None = None
    _lost_a_creation: bool = False
    _created: dict[str, DatabaseWire] = dataclasses.field(default_factory=dict)
    _minted: list[Credential] = dataclasses.field(default_factory=list)
    _done: list[Done] = dataclasses.field(default_factory=list)

    def observe(self, desired: DesiredState) -> list[Database]:
        """The databases of exactly what is ``desired``.

        The whole project is listed, though the server could be asked for one ``logicalId``: a preview may bear its identity as its name
        only, on a server that does not know ``logicalId`` or after a reset that was killed half-way, and would stay unseen beside one
        that bears it as both.
        """
        if desired.database_id:
            one = self.api.database(desired.database_id)
            return self._checked([one] if one else [])
        tag = desired.tag or identity.tag(desired.scope)
        listed = self._checked(self.api.databases(self.project.id))
        found = [database for database in listed if identity.bears(database, tag, desired.scope.repository)]
        if self._found_first is None:
            self._found_first = frozenset(database.id for database in found)
        return found

    def settle(self, desired: DesiredState) -> tuple[Outcome, list[Credential]]:
        """Makes it so. Returns what came of it and, if the preview is to be there, a credential a name.

        Raises:
            PreviewError: see the failure policy. What this run made and can't be used is undone before it is raised.
        """
        if self._deadline is NEVER:
            self._deadline = Deadline.after(self.wait.seconds, self.monotonic)
        try:
            for turn in range(_MAX_TURNS):
                observed = self.observe(desired)
                for mine in (one for one in observed if one.id in self._created):
                    _check_provisioned(mine)
                steps = plan.make(dataclasses.replace(desired, outdated=self._found_first), observed)
                for line in plan.plan_lines(steps):
                    self.log(f"• {line}")
                try:
                    return self._apply(desired, steps)
                except PlanOutdated as again:
                    self.log(f"Looking again: {again}")
                    if turn:  # at first at once; what does not show even then may take the server a moment
                        self.sleep(min(0.25 * 2**turn, _LONGEST_PAUSE, self._deadline.left))
        except Cancelled:
            raise  # there is no time left, and another run may be using what was made; the next one goes on from here
        except PreviewError as error:
            self._undo(desired, unusable=desired.fresh or isinstance(error, ProvisioningFailed | Mismatch | PlanLimit))
            raise
        raise ProvisioningFailed(
            f"The preview of {desired.scope} did not settle: each time something else had changed meanwhile.",
            cause="Several runs are creating and deleting it at once, the Management API forgets what it has made, or a database that is "
            "no preview (a default one) bears its logicalId.",
            remedy="Give the job a concurrency group by pull request number with cancel-in-progress: false, and run it again.",
        )

    def _apply(self, desired: DesiredState, steps: Plan) -> tuple[Outcome, list[Credential]]:
        database: Database | None = None
        self._minted.clear()
        for step in steps.steps:
            started = self.monotonic()
            note = ""
            match step.action:
                case Action.CREATE:
                    database = self._wait_until_ready(self._create(desired.scope, replaces=step.database is not None))
                case Action.KEEP:
                    database = self._wait_until_ready(_of(step))
                case Action.MINT:
                    if database is None:
                        raise PlanOutdated("there is no database to mint a credential of")
                    note = self._mint(database, step.subject, desired)
                case Action.WAIT:
                    note = self._wait_until_connectable(database)
                case Action.REVOKE:
                    note = self._revoke(step)
                case Action.DELETE:
                    note = self._delete(step, successor=database)
                case Action.ADOPT:
                    note = self._adopt(database, step)
            self._done.append(Done(step, note, self.monotonic() - started))
            self.log(f"✓ {step.action:<6} {note or step.subject} ({self._done[-1].seconds:.1f} s)")
        if desired.may_create and database is not None and database.logical_id is None and not database.can_be_adopted:
            self._check_still_kept(desired, database)

        shown = database or next((step.database for step in steps.of(Action.DELETE)), None)
        outcome = Outcome(
            kind=self._kind(desired, steps, database),
            reason=desired.reason,
            scope=desired.scope,
            identity=shown.identity if shown else identity.name(desired.scope),
            database=shown,
            done=tuple(self._done),
            warnings=steps.warnings,
        )
        return outcome, list(self._minted) if desired.present else []

    def _check_still_kept(self, desired: DesiredState, database: Database) -> None:
        """Where the server knows no ``logicalId``, an older one of another run may have shown up late, and this one be about to go."""
        now = plan.make(dataclasses.replace(desired, outdated=self._found_first), self.observe(desired))
        if not any(_of(step).id == database.id for step in now.of(Action.KEEP)):
            raise PlanOutdated("another run's database is older, and is kept")

    def _kind(self, desired: DesiredState, steps: Plan, database: Database | None) -> OutcomeKind:
        if not desired.present:
            return OutcomeKind.DELETED if steps.of(Action.DELETE) else OutcomeKind.ABSENT
        if database is None:
            return OutcomeKind.ABSENT
        if desired.fresh and self._found_first:
            return OutcomeKind.RESET
        # If no answer to a creation came, one that was not there before is taken for what it made.
        if database.id in self._created or (self._lost_a_creation and database.id not in (self._found_first or ())):
            return OutcomeKind.CREATED
        return OutcomeKind.REUSED if desired.may_create else OutcomeKind.CONNECTED

    def _checked(self, databases: Iterable[DatabaseWire]) -> list[Database]:
        listed = list(databases)
        for database in listed:
            self._check_project(database)
        return [database.to_model() for database in listed]

    def _check_project(self, database: DatabaseWire) -> None:
        if bare(database.project.id) != bare(self.project.id):
            raise Mismatch(
                f"The Management API answered with a database of the project {database.project.id} instead of {self.project.id}.",
                cause="The answer is not about what was asked.",
                remedy="Nothing was touched. Run the job again; if it stays, tell Prisma's support.",
            )

    def _create(self, scope: Scope, *, replaces: bool) -> Database:
        """Creates the database; one that replaces another goes by name until the other is gone, since no two have one ``logicalId``."""
        name = identity.name(scope)
        body: dict[str, Any] = {"projectId": self.project.id, "region": self.options.region, "name": name}
        if self._knows_logical_id and not replaces:
            body |= {"logicalId": name, "name": self.options.display_name or name}
        if self.options.source is not None:
            body["source"] = self.options.source
        try:
            with self.interrupts.step("the database was created"):
                made = self.api.create_database(body)
                self._created[made.id] = made
        except refusals.Refused as refused:
            if refused.status == 409 and self._knows_logical_id:
                raise PlanOutdated("another run has created it at the same moment") from None
            if refused.status in (400, 422) and self._knows_logical_id and "logicalid" in refused.message.lower():
                self._knows_logical_id = False
                raise PlanOutdated("this server does not know logicalId; going by name") from None
            raise
        except refusals.Unanswered as unanswered:
            self._lost_a_creation = True
            self.sleep(_POLL)
            raise PlanOutdated(unanswered.what) from None
        self._check_project(made)
        if made.logical_id is None and made.name == body["name"] != name and not made.is_default:
            self.log("The server ignores logicalId, so the database has to bear its identity as its name.")
            made = self.api.update_database(made.id, {"name": name})
        database = made.to_model()
        if not identity.belongs_to(database, scope):
            raise Mismatch(
                f"The Management API created {made.id}, which does not bear the identity {name}.",
                cause="The answer is not about what was asked.",
                remedy=f"Nothing was handed out. Look at {made.id} in the Prisma Console and delete it if it is empty.",
            )
        if database.logical_id is None:
            self._knows_logical_id = self._knows_logical_id and replaces
            raise PlanOutdated("of several runs that create by name, each may have made one")
        return database

    def _wait_until_ready(self, database: Database) -> Database:
        """Polls until the status is ``ready``; at once if nothing is to be waited for."""
        if self.wait.until == "none":
            return database
        started = said = self.monotonic()
        while database.status is not Status.READY:
            elapsed = self.monotonic() - started
            _check_provisioned(database)
            if self._deadline.has_passed:
                raise ProvisioningFailed(
                    f"The database {database.id} is still '{database.status}' after {elapsed:.0f} s.",
                    cause="Provisioning takes longer than usual; 5 to 15 s are typical.",
                    remedy="Raise the input timeout, or run the job again in a few minutes.",
                )
            if self.monotonic() - said > _SAY_EVERY:
                said = self.monotonic()
                self.log(f"Waiting for {database.id} to become ready: {database.status} after {elapsed:.0f} s")
            self.sleep(min(_POLL, 0.1 + elapsed / 2))
            database = self._still_there(database.id)
        return database

    def _still_there(self, id_: str) -> Database:
        """The database as it is now. Raises :class:`PlanOutdated` if it is gone: no use in waiting for it."""
        answer = self.api.database(id_)
        if answer is None:
            self._created.pop(id_, None)
            raise PlanOutdated(f"{id_} was deleted meanwhile")
        self._check_project(answer)
        return answer.to_model()

    def _mint(self, database: Database, name: str, desired: DesiredState) -> str:
        asked = desired.connections[len(self._minted)]
        # What is to end with the job is told apart by its name, which the one that came with the database does not have.
        came_with_it = None if self._minted or desired.ephemeral else self._came_with(database)
        connection = came_with_it or self._create_connection(database, name)
        made = credential(asked, connection, database_id=database.id, api_host=self.api.host)
        self.secret(made)
        self._minted.append(made)
        if (made.direct if self.wait.endpoint is Endpoint.DIRECT else made.pooled) is None:
            raise Mismatch(
                f"The connection {connection.id} has no {self.wait.endpoint} endpoint.",
                cause="The Management API offers only the other one for this database.",
                remedy=f"Set the input endpoint to {'pooled' if self.wait.endpoint is Endpoint.DIRECT else 'direct'}.",
            )
        return f"{asked}: the credential that came with the database" if came_with_it else ""

    def _came_with(self, database: Database) -> ConnectionWire | None:
        """The connection in the answer that created ``database``, if that was this run's and shows its secret."""
        answer = self._created.get(database.id)
        return next((one for one in answer.connections if has_string(one)), None) if answer else None

    def _create_connection(self, database: Database, name: str) -> ConnectionWire:
        for tries_left in reversed(range(_MAX_TURNS)):
            try:
                with self.interrupts.step(f"the credential {name} was made"):
                    return self.api.create_connection(database.id, name)
            except refusals.Unanswered as unanswered:
                if not tries_left:
                    raise
                # Nothing to look for: if it was made, its secret is lost. It is superseded like any other.
                self.log(f"{unanswered.what} Making another.")
                self.sleep(_POLL)
            except refusals.Refused as refused:
                if refused.status == 404:
                    raise PlanOutdated(f"{database.id} was deleted meanwhile") from None
                raise
        raise AssertionError("unreachable")

    def _wait_until_connectable(self, database: Database | None) -> str:
        if self.wait.until != "connectable" or not self._minted or database is None:
            return "not waited for"
        string = string_of(self._minted[0], self.wait.endpoint)
        logins = probe.wait_until_connectable(
            string, deadline=self._deadline, sleep=self.sleep, refused=functools.partial(self._still_there, database.id)
        )
        return f"logged in at attempt {logins}"

    def _revoke(self, step: Step) -> str:
        if step.connection is None:
            raise LookupError(step)
        with self.interrupts.step(f"the credential {step.subject} was revoked"):
            return "" if self.api.delete_connection(step.connection.id) else "was gone already"

    def _delete(self, step: Step, *, successor: Database | None) -> str:
        """Deletes a database; one that is replaced only while the one in its place is still there, which another run may have tidied up."""
        database = _of(step)
        if database.is_default:
            raise LookupError(step)
        if successor is not None:
            self._still_there(successor.id)
        with self.interrupts.step(f"the database {step.subject} was deleted"):
            gone = not self.api.delete_database(database.id)
            self._created.pop(database.id, None)
        return "was gone already" if gone else ""

    def _adopt(self, database: Database | None, step: Step) -> str:
        """Gives a database that bears its identity as a name the ``logicalId``, too. If that fails, its name still says whose it is."""
        if database is None:
            raise LookupError(step)
        name = {"name": self.options.display_name} if self.options.display_name else {}
        try:
            with self.interrupts.step("the database was given its logicalId"):
                self.api.update_database(database.id, {"logicalId": step.subject, **name})
        except Cancelled:
            raise
        except PreviewError as error:
            return f"not now: {error.what}"
        return ""

    def _undo(self, desired: DesiredState, *, unusable: bool) -> None:
        """Takes back what this run made and nobody will use: its credentials, and the database it created if that is ``unusable``.

        A database in which another run has a credential by now is left to that run; one that does not bear the preview's identity, to
        people, whatever the answer was that said it had been created.
        """
        mine = {one.id for made in self._created.values() for one in made.connections}
        mine |= {one.connection_id for one in self._minted}
        for id_ in self._created if unusable else ():
            self._try(functools.partial(self._delete_unless_shared, id_, mine, desired), f"database {id_}")
        for one in self._minted:
            self._try(functools.partial(self.api.delete_connection, one.connection_id), f"credential {one.connection_id}")

    def _delete_unless_shared(self, id_: str, mine: set[str], desired: DesiredState) -> bool:
        now = self.api.database(id_)
        if now is None or not {one.id for one in now.connections} <= mine or bare(now.project.id) != bare(self.project.id):
            return False
        return identity.belongs_to(now.to_model(), desired.scope) and self.api.delete_database(id_)

    def _try(self, undo: Callable[[], bool], what: str) -> None:
        try:
            if undo():
                self.log(f"Undone: {what}")
        except PreviewError as error:
            self.log(f"Could not undo: {what} is left for the next run or the sweep. {error.what}")


def _of(step: Step) -> Database:
    if step.database is None:
        raise LookupError(step)
    return step.database


def _check_provisioned(database: Database) -> None:
    if database.status is Status.FAILURE:
        raise ProvisioningFailed(
            f"Prisma could not provision the database {database.id}: its status is 'failure'.",
            cause="Something went wrong on Prisma's side, or the source it was to be made from can't be used.",
            remedy="Run the job again: a new one is made in its place. If it stays, try another region or Prisma's status page.",
        )
