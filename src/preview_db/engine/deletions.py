"""Carrying a sweep's verdicts out, a few at a time: each is looked at once more right before."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import threading
from collections.abc import Callable, Iterable

from ..background import AT_ONCE, SideBySide
from ..deadline import Deadline
from ..errors import PreviewError
from ..interrupts import Interrupts
from ..planning.model import Status
from ..planning.stale import StaleReason, SweepStatus, Swept, Verdict
from ..planning.steps import Action, Step
from ..services.cloudflare.client import HyperdriveApi
from ..services.prisma.client import ManagementApi
from .platform import Platform
from .turn import PlanOutdated

_SAY_EVERY = 25

_CHANGES = (Action.DELETE_CONFIGURATION, Action.DELETE, Action.REVOKE)
"""What a sweep does; all else in a verdict's plan says what stays."""


@dataclasses.dataclass(frozen=True, slots=True)
class Beside:
    """What previews may have beside their databases.

    Attributes:
        hyperdrive: none if they have no Hyperdrive configurations.
        platform: Prisma's platform branches of a project, by its id; none if they have nothing there.
        cleanup: whether a platform branch goes, too, if nothing else is in it.
    """

    hyperdrive: HyperdriveApi | None = None
    platform: Callable[[str], Platform | None] = lambda _: None
    cleanup: bool = False


NOTHING_BESIDE = Beside()


@dataclasses.dataclass(slots=True)
class Deletions:
    """Carries verdicts out.

    Attributes:
        once_more: the verdict as it is now. Raises :class:`PreviewError` in doubt.
        log: takes a line for the person who watches.
        deadline: when nothing is begun any more.
    """

    api: ManagementApi
    once_more: Callable[[Verdict], Verdict]
    log: Callable[[str], None]
    interrupts: Interrupts
    deadline: Deadline
    beside: Beside = NOTHING_BESIDE
    _stopping: threading.Event = dataclasses.field(default_factory=threading.Event)

    def carry_out(self, verdicts: Iterable[Verdict]) -> list[Swept]:
        """What became of each. If the run is to stop, what has begun gets a moment to end; the rest is left for the next sweep."""
        due: list[Verdict] = []
        swept: list[Swept] = []
        for verdict in verdicts:
            if verdict.plan.of(*_CHANGES):
                due.append(verdict)
            else:
                swept.append(Swept(verdict, SweepStatus.KEPT))
        under_way = SideBySide(self._carry_out, due, at_once=AT_ONCE)
        try:
            with under_way, contextlib.ExitStack() as leaving:
                leaving.callback(self._stopping.set)
                for number, result in enumerate(under_way, 1):
                    swept.append(result)
                    self.interrupts.reached(f"after {under_way.ended} of {len(under_way)} previews")
                    if number % _SAY_EVERY == 0:
                        self.log(f"{number} of {len(under_way)} previews done")
        except BaseException:
            self.interrupts.reached(f"after {under_way.ended} of {len(under_way)} previews")
            raise
        return swept

    def _carry_out(self, verdict: Verdict) -> Swept:
        """What became of it. Raises :class:`_Stopped` if nothing did, since the run is to stop."""
        if self.deadline.has_passed:
            return Swept(verdict, SweepStatus.LEFT)
        try:
            if verdict.deletions:
                verdict = self.once_more(verdict)
                self._check_kept(verdict)
            if self._stopping.is_set():
                raise _Stopped
            done = [self._apply(step) for step in verdict.plan.of(*_CHANGES)]
        except PlanOutdated as outdated:
            return Swept(verdict, SweepStatus.KEPT, str(outdated))
        except PreviewError as error:
            return Swept(verdict, SweepStatus.FAILED, error.what)
        if verdict.why is not StaleReason.WANTED and verdict.deletions:
            self.log(f"✓ delete {verdict.plan.steps[0].subject}: {verdict.reason}")
            return Swept(verdict, SweepStatus.DELETED)
        return Swept(verdict, SweepStatus.KEPT, "; ".join(done))

    def _check_kept(self, verdict: Verdict) -> None:
        """Raises :class:`PlanOutdated` if a database would go as a second one, and the one that stays is gone or not usable by now."""
        for step in verdict.plan.of(Action.KEEP):
            now = self.api.database(step.on_database.id, project=step.on_database.project_id)
            if now is None or now.status is not Status.READY:
                raise PlanOutdated(f"nothing was deleted, since {step.on_database.id}, which stays, is not ready")

    def _apply(self, step: Step) -> str:
        if step.action is Action.DELETE and step.database is not None and not step.database.is_default:
            delete = functools.partial(self.api.delete_database, step.database.id)
            if (platform := self.beside.platform(step.database.project_id)) is not None:
                platform.sweep(step.database, delete, cleanup=self.beside.cleanup)
            else:
                delete()
            return f"deleted {step.subject}: {step.reason}"
        if step.action is Action.REVOKE and step.connection is not None:
            self.api.delete_connection(step.connection.id)
            return f"revoked {step.subject}"
        if step.action is Action.DELETE_CONFIGURATION and self.beside.hyperdrive is not None:
            self.beside.hyperdrive.delete(step.on_configuration.id)
            return f"deleted the Hyperdrive configuration {step.subject}: {step.reason}"
        raise AssertionError(f"a sweep has no step to {step.action.label}")


class _Stopped(Exception):
    """Nothing is begun any more."""
