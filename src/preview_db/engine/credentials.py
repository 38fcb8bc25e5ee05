"""A database's credentials: created, checked, logged in with, revoked."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable

from ..background import Background
from ..deadline import Deadline
from ..errors import Mismatch
from ..interrupts import Interrupts
from ..log import Sink
from ..planning.credential import ConnectionString, Credential
from ..planning.model import Database, Endpoint, Scope
from ..planning.steps import Step
from ..services.postgres import probe
from ..services.prisma import errors as refusals
from ..services.prisma.client import ManagementApi
from ..services.prisma.credentials import credential, has_string
from ..services.prisma.models import ConnectionWire
from .databases import POLL, Databases, attempt
from .turn import PlanOutdated, Progress, Turn

_TRIES = 8


@dataclasses.dataclass(slots=True, eq=False, repr=False)
class Credentials:
    """The credentials of one preview.

    Attributes:
        wait: whether a step ends only once one has logged in.
        endpoint: which of a connection's two endpoints is handed out as ``database_url``.
        verify_certificate: whether a server that is not this machine has to show a certificate that is trusted.
        secret: is told every credential the moment it is known, before anything else happens to it.
        ask_if_open: asks in the background whether the preview's pull request is open, once a database was created for it.
        log: takes a line for the person who watches.
    """

    api: ManagementApi
    databases: Databases
    endpoint: Endpoint
    wait: bool
    verify_certificate: bool
    deadline: Deadline
    secret: Callable[[Credential], None]
    log: Callable[[str], None]
    interrupts: Interrupts
    sleep: Callable[[float], None]
    ask_if_open: Callable[[Scope], Callable[[], bool]]

    def create(self, step: Step, turn: Turn) -> str:
        """Creates the credential ``step`` is for, or takes the one that came with a database this run has created."""
        database = turn.handed_out
        for existing in turn.progress.credentials:
            if (existing.name, existing.database_id) == (step.credential, database.id):
                turn.credentials.append(existing)
                return f"{existing.name}: created a moment ago"
        # What ends with the job is told apart by its name, which the one that came with the database does not have.
        came_with_it = None if turn.credentials or turn.desired.ephemeral else _came_with(database, turn.progress)
        connection = came_with_it or self.create_connection(database, step.subject, turn.progress)
        created = credential(step.credential, connection, database_id=database.id, api_host=self.api.host)
        turn.progress.credentials.append(created)  # first, so that it is undone whatever comes of the next line
        self.secret(created)
        turn.credentials.append(created)
        if not created.has(self.endpoint):
            raise Mismatch(
                f"The connection {connection.id} has no {self.endpoint} endpoint.",
                cause="The Management API offers only the other one for this database.",
                remedy=f"Set the input endpoint to {'pooled' if self.endpoint is Endpoint.DIRECT else 'direct'}.",
            )
        return f"{step.credential}: the credential that came with the database" if came_with_it else ""

    def wait_until_connectable(self, _step: Step, turn: Turn) -> str:
        """Logs in with the first credential, by every endpoint it has: both are handed out."""
        if turn.progress.created:
            turn.progress.is_open = self.ask_if_open(turn.desired.scope)
        if not self.wait or not turn.credentials:
            return "not waited for"
        chosen, other = turn.credentials[0].string(self.endpoint), turn.credentials[0].other(self.endpoint)
        beside = Background(lambda: None).begin(functools.partial(self.log_in, other, turn)) if other is not None else None
        logins = self.log_in(chosen, turn)
        if beside is not None:
            beside()
        return f"logged in at attempt {logins}"

    def log_in(self, string: ConnectionString, turn: Turn) -> int:
        """Logs in once one can, and out again, unless that login is used for what runs inside. Returns the attempts."""
        login, logins = probe.log_in(
            string,
            verify_certificate=self.verify_certificate,
            deadline=self.deadline,
            sleep=self.sleep,
            refused=functools.partial(self.databases.read, turn.handed_out.id, turn.progress),
        )
        if turn.desired.inside and string is turn.credentials[0].direct:
            turn.login = login
        else:
            login.close()
        return logins

    def revoke(self, step: Step, _turn: Turn) -> str:
        with self.interrupts.step(f"the credential {step.subject} was revoked"):
            return "" if self.api.delete_connection(step.on_connection.id) else "was gone already"

    def undo(self, progress: Progress) -> None:
        """Revokes what this run has created: nobody was told of it."""
        for created in progress.credentials:
            attempt(functools.partial(self.api.delete_connection, created.connection_id), f"credential {created.connection_id}", self.log)

    def create_connection(self, database: Database, name: str, progress: Progress) -> ConnectionWire:
        """A new connection, with its secret. Raises :class:`PlanOutdated` if the database is gone."""
        tries_left = _TRIES
        while True:
            tries_left -= 1
            try:
                with self.interrupts.step(f"the credential {name} was created"):
                    return self.api.create_connection(database.id, name)
            except refusals.Unanswered as unanswered:
                if not tries_left:
                    raise
                # Nothing to look for: if it was created, its secret is lost. It is superseded like any other.
                self.log(f"{unanswered.what} Creating another.")
                self.sleep(POLL)
            except refusals.Refused as refused:
                if refused.status != 404:
                    raise
                # Gone, or not to be seen by everybody yet.
                self.databases.read(database.id, progress)
                raise PlanOutdated(f"{database.id} was deleted meanwhile") from None


def mask(created: Credential, sink: Sink) -> None:
    """Tells ``sink`` every secret of ``created``."""
    for string in (created.direct, created.pooled):
        if string is not None:
            sink.mask(string.url)
            sink.mask(string.password)


def _came_with(database: Database, progress: Progress) -> ConnectionWire | None:
    """The connection in the answer that created ``database``, if that was this run's and shows its secret."""
    answer = progress.created.get(database.id)
    return next((connection for connection in answer.connections if has_string(connection)), None) if answer else None
