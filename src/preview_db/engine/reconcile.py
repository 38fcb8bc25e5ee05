"""Observe, plan, apply; and again, for as long as what was found while applying makes the plan a thing of the past."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..deadline import Deadline
from ..errors import Cancelled, Mismatch, PlanLimit, PreviewError, ProvisioningFailed
from ..planning import identity, plan
from ..planning.credential import Credential
from ..planning.model import Configuration, Database
from ..planning.outcome import Done, Outcome, OutcomeKind
from ..planning.steps import Action, DesiredState, Plan, Step
from ..services.postgres import connection as postgres
from .credentials import Credentials
from .databases import Databases, Unsettled
from .inside import InsideFailed, RulesFailed
from .turn import PlanOutdated, Progress, Turn

if TYPE_CHECKING:  # most runs have none of them
    from .data import Data
    from .hyperdrive import Hyperdrive
    from .platform import Platform

_MIN_TURNS = 4
_LONGEST_PAUSE = 4.0
_LIST_LAG = 30.0
"""Seconds for which a list may leave out what was created, before it is no longer waited for."""

Handler = Callable[[Step, Turn], str]
"""Carries a step out. Returns what is worth saying of it beside its reason, and raises :class:`PlanOutdated` if the plan no longer fits."""


@dataclasses.dataclass(slots=True, eq=False, repr=False)
class Reconciler:
    """Brings one project's databases, and what belongs to them, to what is desired.

    Attributes:
        data: none if there is nothing to do inside the database.
        hyperdrive: none if the run has nothing to do at Cloudflare.
        platform: none if databases stay in whatever platform branch they are in.
    """

    databases: Databases
    credentials: Credentials
    data: Data | None
    hyperdrive: Hyperdrive | None
    platform: Platform | None
    log: Callable[[str], None]
    deadline: Deadline
    sleep: Callable[[float], None]

    @property
    def _handlers(self) -> dict[Action, Handler]:
        beside: dict[Action, Handler] = {}
        if self.platform is not None:
            beside |= {
                Action.CREATE_BRANCH: self.platform.create_branch,
                Action.MOVE: self.platform.move,
                Action.SET_VARIABLES: self.platform.set_variables,
                Action.DELETE_VARIABLES: self.platform.delete_variables,
                Action.DELETE_BRANCH: self.platform.delete_branch,
            }
        if self.hyperdrive is not None:
            beside |= {
                Action.CREATE_CONFIGURATION: self.hyperdrive.create,
                Action.CHECK_CONFIGURATION: self.hyperdrive.check,
                Action.UPDATE_CONFIGURATION: self.hyperdrive.update,
                Action.DELETE_CONFIGURATION: self.hyperdrive.delete,
            }
        if self.data is not None:
            beside |= {
                Action.ANONYMIZE: self.data.anonymize,
                Action.MIGRATE: self.data.migrate,
                Action.SEED: self.data.seed,
                Action.COMPARE: self.data.compare,
            }
        return beside | {
            Action.CREATE: self.databases.create,
            Action.KEEP: self.databases.reuse,
            Action.MINT: self.credentials.create,
            Action.WAIT: self.credentials.wait_until_connectable,
            Action.REVOKE: self.credentials.revoke,
            Action.DELETE: self.databases.delete,
            Action.ADOPT: self.databases.adopt,
        }

    def plan(self, desired: DesiredState, progress: Progress) -> Plan:
        """What would be done."""
        configurations = self._configurations(desired, progress)
        branch = self.platform.observe(desired) if self.platform is not None else None
        return plan.make(desired, self.databases.observe(desired, progress), configurations, branch)

    def settle(self, desired: DesiredState, progress: Progress) -> tuple[Outcome, list[Credential]]:
        """Makes it so. Returns what came of it and, if the preview is there, a credential a name.

        Args:
            progress: what this run has done before; empty for its first call.

        Raises:
            PreviewError: see the failure policy. What this run created and can't be used is undone before it is raised.
        """
        try:
            return self._settle(desired, progress)
        except Cancelled:
            raise  # there is no time left, and another run may be using what was created; the next one goes on from here
        except PreviewError as error:
            if desired.fresh or progress.unusable or isinstance(error, ProvisioningFailed | Mismatch | PlanLimit | RulesFailed):
                self.databases.undo(desired, progress)
                if isinstance(error, InsideFailed):
                    error.outcome = error.outcome._replace(database=None)
            if self.platform is not None:
                self.platform.undo(progress)
            self.credentials.undo(progress)
            raise

    def _settle(self, desired: DesiredState, progress: Progress) -> tuple[Outcome, list[Credential]]:
        handlers = self._handlers
        patience = Deadline.after(min(_LIST_LAG, self.deadline.left), self.deadline.monotonic)
        for turn in itertools.count():  # pragma: no branch - it does not end by itself
            # First, so that of a configuration which another run has just created, the credential is seen, too.
            configurations = self._configurations(desired, progress)
            branch = self.platform.observe(desired) if self.platform is not None else None
            observed = self.databases.observe(desired, progress)
            self.databases.check_created(observed, progress)
            steps = plan.make(_as_found(desired, progress), observed, configurations, branch)
            if progress.unlisted and not patience.has_passed:
                again = f"the list does not show {', '.join(sorted(progress.unlisted))} yet, and may leave out another run's, too"
            else:
                for line in plan.plan_lines(steps):
                    self.log(f"• {line}")
                if self.credentials.wait and steps.of(Action.WAIT):
                    postgres.prepare()
                try:
                    return self._apply(Turn(desired, progress, branch=branch), steps, handlers)
                except PlanOutdated as outdated:
                    again = str(outdated)
            self.log(f"Looking again: {again}")
            if turn >= _MIN_TURNS and patience.has_passed:
                break
            if turn:  # at first at once; what does not show even then may take the server a moment
                self.sleep(min(0.25 * 2 ** min(turn, 4), _LONGEST_PAUSE, self.deadline.left))
        raise Unsettled(
            f"The preview of {desired.scope} did not settle: each time something else had changed meanwhile.",
            cause="Several runs are creating and deleting it at once, the Management API forgets what it has created, or a "
            "database that is no preview (a default one) bears its logicalId.",
            remedy="Give the job a concurrency group by pull request number with cancel-in-progress: false, and run it again.",
        )

    def _apply(self, turn: Turn, steps: Plan, handlers: dict[Action, Handler]) -> tuple[Outcome, list[Credential]]:
        desired, progress = turn.desired, turn.progress
        with contextlib.closing(turn):
            for step in steps.steps:
                started = self.deadline.monotonic()
                note = handlers[step.action](step, turn)
                seconds = self.deadline.monotonic() - started
                progress.done.append(Done(step, note, seconds))
                self.log(f"✓ {step.action.label}: {note or step.subject} ({seconds:.1f} s)")
        if desired.may_create and turn.database is not None and turn.database.logical_id is None and not turn.database.can_be_adopted:
            self._check_still_kept(turn.database, turn)
        database = turn.database or next((step.database for step in steps.of(Action.DELETE)), None)
        outcome = Outcome(
            kind=_kind(steps, turn),
            reason=desired.reason,
            scope=desired.scope,
            identity=database.identity if database else identity.name(desired.scope),
            database=database,
            done=tuple(progress.done),
            warnings=steps.warnings,
            contents=turn.contents,
            configuration=turn.configuration,
        )
        return outcome, turn.credentials if desired.present else []

    def _configurations(self, desired: DesiredState, progress: Progress) -> list[Configuration]:
        return self.hyperdrive.observe(desired, progress) if self.hyperdrive is not None else []

    def _check_still_kept(self, database: Database, turn: Turn) -> None:
        """Where the server knows no ``logicalId``, another run's may have shown up late, and this one be about to go."""
        desired = _as_found(turn.desired, turn.progress)
        now = plan.make(desired, self.databases.observe(desired, turn.progress))
        if not any(step.on_database.id == database.id for step in now.of(Action.KEEP)):
            raise PlanOutdated("another run's database is kept")


def _as_found(desired: DesiredState, progress: Progress) -> DesiredState:
    """What is desired, with the databases it replaces: what was there first, or what a look inside has shown to be of no use."""
    desired = desired._replace(cut_off=frozenset(progress.cut_off))
    if not progress.unusable:
        return desired._replace(outdated=progress.found_first)
    first = progress.found_first if desired.fresh else None
    return desired._replace(fresh=True, outdated=frozenset(progress.unusable) | (first or frozenset()))


def _kind(steps: Plan, turn: Turn) -> OutcomeKind:
    desired, progress, database = turn.desired, turn.progress, turn.database
    if not desired.present:
        return OutcomeKind.DELETED if steps.of(Action.DELETE) else OutcomeKind.ABSENT
    if database is None:
        return OutcomeKind.ABSENT
    if (desired.fresh or progress.unusable) and progress.found_first:
        return OutcomeKind.RESET
    # If no answer to a creation came, one that was not there before is taken for what it created.
    if database.id in progress.created or (progress.lost_a_creation and database.id not in (progress.found_first or ())):
        return OutcomeKind.CREATED
    return OutcomeKind.REUSED if desired.may_create else OutcomeKind.CONNECTED
