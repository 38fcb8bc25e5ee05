"""A preview's Hyperdrive configuration: found, created, kept, repaired, deleted, as one more resource of the plan."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from datetime import UTC, datetime

from ..errors import Cancelled, Mismatch, PreviewError
from ..interrupts import Interrupts
from ..planning import hyperdrive, identity, stale
from ..planning.credential import ConnectionString, Credential
from ..planning.model import Configuration, Repository
from ..planning.plan import connection_name
from ..planning.steps import DesiredState, Step
from ..planning.words import count
from ..services.cloudflare import client, errors
from ..services.cloudflare.client import HyperdriveApi
from ..services.github.repository import GitHubRepository
from ..services.prisma.credentials import credential
from .credentials import Credentials
from .databases import POLL, attempt
from .turn import PlanOutdated, Progress, Turn

_TRIES = 3
"""Of a test connection that failed as one can to a database which has just been created."""

_LOOKS = 6
"""At a list that does not show a configuration whose name is taken: over about ten seconds."""

_MOST_NAMES = 10


@dataclasses.dataclass(frozen=True, slots=True)
class Hyperdrive:
    """The configurations of one Cloudflare account, as far as they are the repository's.

    Attributes:
        caching: whether query results are cached.
        mask: is told the credential of a configuration the moment it is known; nobody else ever is.
    """

    api: HyperdriveApi
    credentials: Credentials
    repository: Repository
    caching: bool
    mask: Callable[[Credential], None]
    log: Callable[[str], None]
    interrupts: Interrupts
    sleep: Callable[[float], None]

    def observe(self, desired: DesiredState, progress: Progress) -> list[Configuration]:
        """The configurations of what is ``desired``; what this run has created counts even where no list shows it yet."""
        listed = {found.id: found for found in self.api.configurations()}
        tag = desired.tag or identity.tag(desired.scope)
        return hyperdrive.of_preview({**progress.configurations, **listed}.values(), tag, self.repository)

    def create(self, step: Step, turn: Turn) -> str:
        """Creates it, with a credential of its own.

        Raises:
            PlanOutdated: another run has created it at the same moment, or the list that did not show it lags behind.
        """

        def request(string: ConnectionString) -> Configuration:
            try:
                return self.api.create(step.subject, string, caching=self.caching)
            except errors.HyperdriveRefused as refused:
                if refused.code != errors.NAME_TAKEN or turn.progress.names_taken >= _LOOKS:
                    raise
                turn.progress.names_taken += 1
                raise PlanOutdated("another run has created the Hyperdrive configuration at the same moment") from None

        return self._point(turn, request, "created")

    def update(self, step: Step, turn: Turn) -> str:
        """Has it point at the database, with a new credential of its own."""
        found = step.on_configuration

        def request(string: ConnectionString) -> Configuration:
            return self._update(found, client.moved(string, caching=self.caching), turn.progress)

        return self._point(turn, request, "updated")

    def check(self, step: Step, turn: Turn) -> str:
        """Has Cloudflare try whether it can log in, and leaves it as it is. Where nothing may be created, it is only handed out.

        Raises:
            PlanOutdated: it can't, or it is gone.
        """
        found = step.on_configuration
        if turn.desired.may_create:
            try:
                with self.interrupts.step(f"the Hyperdrive configuration {found.name} was checked"):
                    self._tried(lambda: self._update(found, client.same(found, caching=self.caching), turn.progress))
            except errors.HyperdriveRefused as refused:
                if refused.code not in errors.CANNOT_LOG_IN:
                    raise
                turn.progress.cut_off.add(found.id)
                raise PlanOutdated(f"the Hyperdrive configuration can't log in any more ({refused.message})") from None
        turn.configuration = found
        return ""

    def delete(self, step: Step, turn: Turn) -> str:
        found = step.on_configuration
        with self.interrupts.step(f"the Hyperdrive configuration {step.subject} was deleted"):
            was_there = self.api.delete(found.id)
            turn.progress.configurations.pop(found.id, None)
        return "" if was_there else "was gone already"

    def _point(self, turn: Turn, request: Callable[[ConnectionString], Configuration], done: str) -> str:
        """Carries ``request`` out with a credential of its own, which is taken back if nothing came of it."""
        created = self._credential(turn)
        try:
            with self.interrupts.step(f"the Hyperdrive configuration was {done}"):
                turn.configuration = self._tried(lambda: request(_direct(created)))
                turn.progress.configurations[turn.configuration.id] = turn.configuration
                turn.progress.cut_off.discard(turn.configuration.id)
        except Cancelled:
            raise  # there is no time left
        except (PreviewError, PlanOutdated):
            revoke = functools.partial(self.credentials.api.delete_connection, created.connection_id)
            attempt(revoke, f"credential {created.connection_id}", self.log)
            raise
        return f"{turn.configuration.id}, with the credential {_credential_name(turn.desired)}"

    def _credential(self, turn: Turn) -> Credential:
        database, api = turn.handed_out, self.credentials.api
        connection = self.credentials.create_connection(database, _credential_name(turn.desired), turn.progress)
        created = credential(hyperdrive.CREDENTIAL, connection, database_id=database.id, api_host=api.host)
        self.mask(created)
        return created

    def _update(self, found: Configuration, changes: dict[str, object], progress: Progress) -> Configuration:
        try:
            return self.api.update(found.id, changes)
        except errors.HyperdriveRefused as refused:
            if not refused.is_missing:
                raise
            progress.configurations.pop(found.id, None)
            raise PlanOutdated(f"the Hyperdrive configuration {found.name} was deleted meanwhile") from None

    def _tried(self, request: Callable[[], Configuration]) -> Configuration:
        """What comes of ``request``, which is repeated where the test connection failed as it can at first."""
        for tries_left in reversed(range(_TRIES)):
            try:
                return request()
            except errors.HyperdriveRefused as refused:
                if not tries_left or refused.code not in (errors.FAILED, errors.QUERY_FAILED):
                    raise
                self.log(f"{refused.message}; trying again")
                self.sleep(POLL)
        raise AssertionError("the last try returns or raises")


def with_what_could_go(
    limit: errors.HyperdriveLimit, api: HyperdriveApi | None, repository: Repository, github: GitHubRepository | None
) -> errors.HyperdriveLimit:
    """The same with the account's configurations and the previews idle longest, as far as they can be told."""
    try:
        found = api.configurations() if api else []
        pull_requests = github.open_pull_requests() if github else []
    except PreviewError:
        return limit
    previews = stale.previews((), repository, found)
    ours = {configuration.id for preview in previews for configuration in preview.configurations}
    others = [configuration.name for configuration in found if configuration.id not in ours]
    what = f"{limit.what} The account has {count(len(found), 'configuration')}, {len(ours)} of them of this repository's previews."
    if idle := stale.idle_longest(previews, pull_requests, datetime.now(UTC)):
        what += f" Idle longest: {', '.join(idle)}."
    if others:
        more = f" and {len(others) - _MOST_NAMES} more" if len(others) > _MOST_NAMES else ""
        what += f" The others: {', '.join(others[:_MOST_NAMES])}{more}."
    return errors.HyperdriveLimit(what, cause=limit.cause, remedy=limit.remedy)


def _direct(created: Credential) -> ConnectionString:
    """Hyperdrive pools by itself, so it is given the direct endpoint."""
    if created.direct is None:
        raise Mismatch(
            f"The connection {created.connection_id} has no direct endpoint.",
            cause="The Management API offers only the pooled one for this database, and Hyperdrive takes the direct one.",
            remedy="Look at the database in the Prisma Console, or set hyperdrive to false.",
        )
    return created.direct


def _credential_name(desired: DesiredState) -> str:
    return connection_name(hyperdrive.CREDENTIAL, desired.mint_suffix)
