"""The sweep: observe everything, then read GitHub, judge, and delete what is stale, a few at a time."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from ..background import AT_ONCE, SideBySide
from ..deadline import Deadline
from ..errors import Mismatch, PreviewError
from ..interrupts import Interrupts
from ..planning import hyperdrive, stale
from ..planning.model import Action, Kind, Project, Repository, Status, Step
from ..planning.settings import Inputs
from ..planning.stale import Preview, RepositoryState, StaleReason, Sweep, SweepStatus, Swept, Verdict, age
from ..planning.words import count
from ..services.cloudflare.client import HyperdriveApi
from ..services.github.repository import GitHubRepository
from ..services.prisma.client import ManagementApi
from .look import Listing
from .platform import Platform
from .turn import PlanOutdated

CLOSED_PAGES = 10
"""How far back closed pull requests are searched for when they closed. Older ones count as closed longest."""

_SAY_EVERY = 25


@dataclasses.dataclass(slots=True)
class Sweeper:
    """Sweeps one repository's previews in one project.

    Any doubt before the first deletion (an API that can't be read, a list that breaks off, a project or repository that is not the one
    asked for) raises, and nothing is deleted.

    Attributes:
        log: takes a line for the person who watches.
        deadline: when nothing is begun any more.
        hyperdrive: none if the previews have no Hyperdrive configurations.
        platform: none if they have nothing in Prisma's platform branches.
    """

    api: ManagementApi
    project: Project
    github: GitHubRepository
    repository: Repository
    inputs: Inputs
    log: Callable[[str], None]
    interrupts: Interrupts
    now: datetime
    deadline: Deadline
    hyperdrive: HyperdriveApi | None = None
    platform: Platform | None = None
    _stopping: threading.Event = dataclasses.field(default_factory=threading.Event)

    def run(self, listing: Listing, *, dry_run: bool) -> Sweep:
        """Sweeps, or says what a sweep would do. One deletion that fails stays in the result and stops nothing.

        Args:
            listing: lists the project's databases.
        """
        databases = listing()
        configurations = self.hyperdrive.configurations() if self.hyperdrive else []
        previews = stale.previews(databases, self.repository, configurations)
        if self.hyperdrive is not None:
            of_the_account = f"{count(len(configurations), 'Hyperdrive configuration')} in the account"
            self.log(f"{of_the_account}: {hyperdrive.left(len(configurations))}")
        self.log(f"{count(len(databases), 'database')} in the project, {count(len(previews), 'preview')} of {self.repository.full_name}")
        view = self._view(previews)
        verdicts = [stale.judge(preview, view, self.inputs, self.now) for preview in previews]
        fitting, beyond = stale.within(verdicts, self.inputs.max_deletions)
        tidied = [verdict for verdict in verdicts if not verdict.deletions]
        self.log(f"{count(len(fitting), 'preview')} to delete, {len(beyond)} beyond max_deletions, {len(tidied)} to keep")
        swept = [Swept(verdict, SweepStatus.BEYOND) for verdict in beyond]
        if dry_run:
            for verdict in fitting:
                for step in verdict.plan.of(Action.DELETE, Action.DELETE_CONFIGURATION):
                    self.log(
                        f"• {step.action.label} {step.subject}: {step.reason if verdict.why is StaleReason.WANTED else verdict.reason}"
                    )
            swept += [
                Swept(verdict, SweepStatus.KEPT if verdict.why is StaleReason.WANTED else SweepStatus.WOULD_GO) for verdict in fitting
            ]
            swept += [Swept(verdict, SweepStatus.KEPT) for verdict in tidied]
        else:
            swept += self._side_by_side([*fitting, *tidied])
        pointing = len(configurations) if self.hyperdrive else None
        return Sweep(tuple(swept), stale.others(databases, self.repository), self.now, dry_run, view, pointing)

    def _view(self, previews: Iterable[Preview]) -> RepositoryState:
        """What GitHub says of what there are previews of; what there is none of is not asked for."""
        scopes = [preview.scope for preview in previews]
        if not scopes:
            return RepositoryState()
        found = self.github.identity()
        if found.id != self.repository.id:
            raise Mismatch(
                f"GitHub's {self.repository.full_name} is the repository {found.id} instead of {self.repository.id}.",
                cause="Another repository has taken the name, or the token belongs to another GitHub.",
                remedy="Nothing was deleted. Run the sweep in a workflow of the repository itself.",
            )
        numbers = {number for scope in scopes if (number := scope.pull_request) is not None}
        known = {pull_request.number: pull_request for pull_request in self.github.open_pull_requests()} if numbers else {}
        if closed := numbers - known.keys():
            known |= {pull_request.number: pull_request for pull_request in self.github.closed_pull_requests(closed, pages=CLOSED_PAGES)}
        kinds = {scope.kind for scope in scopes}
        return RepositoryState(
            pull_requests=known,
            branches=self.github.branches() if Kind.BRANCH in kinds else (),
            queued=stale.queued_numbers(self.github.queue()) if Kind.MERGE_QUEUE in kinds else frozenset(),
        )

    def _side_by_side(self, verdicts: list[Verdict]) -> list[Swept]:
        """Carries them out. If the run is to stop, what has begun gets a moment to end; the rest is left for the next sweep."""
        under_way = SideBySide(self._carry_out, [verdict for verdict in verdicts if verdict.plan.steps], at_once=AT_ONCE)
        swept: list[Swept] = []
        try:
            with under_way, contextlib.ExitStack() as leaving:
                leaving.callback(self._stopping.set)
                for result in under_way:
                    swept.append(result)
                    self.interrupts.reached(f"after {under_way.ended} of {len(under_way)} previews")
                    if len(swept) % _SAY_EVERY == 0:
                        self.log(f"{len(swept)} of {len(under_way)} previews done")
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
                verdict = self._once_more(verdict)
                self._check_kept(verdict)
            if self._stopping.is_set():
                raise _Stopped
            done = [self._apply(step) for step in verdict.plan.of(Action.DELETE_CONFIGURATION, Action.DELETE, Action.REVOKE)]
        except PlanOutdated as outdated:
            return Swept(verdict, SweepStatus.KEPT, str(outdated))
        except PreviewError as error:
            return Swept(verdict, SweepStatus.FAILED, error.what)
        if verdict.why is not StaleReason.WANTED:
            self.log(f"✓ delete {verdict.plan.steps[0].subject}: {verdict.reason}")
            return Swept(verdict, SweepStatus.DELETED)
        return Swept(verdict, SweepStatus.KEPT, "; ".join(done))

    def _once_more(self, verdict: Verdict) -> Verdict:
        """The verdict on what GitHub says right before the deletion: a pull request may have been reopened meanwhile.

        It is asked another way than at first, so that no single answer that is wrong deletes anything.

        Raises:
            PreviewError: GitHub can't be read, or says what it says only if it can't be.
        """
        number = verdict.preview.scope.pull_request
        if number is None:
            refs = self.github.refs()
            state = RepositoryState(branches=refs, queued=stale.queued_numbers(refs))
        else:
            now = self.github.pull_request(number)
            if now is None:
                raise Mismatch(
                    f"GitHub answers that there is no pull request #{number}, whose preview was to be deleted.",
                    cause="The number of a pull request is never given up, so the token does not see it, or it never existed.",
                    remedy="Look whether the token may read pull requests. If it may, delete the preview by hand.",
                )
            state = RepositoryState(pull_requests={number: now})
        return stale.judge(verdict.preview, state, self.inputs, self.now)

    def _check_kept(self, verdict: Verdict) -> None:
        """Raises :class:`PlanOutdated` if a database is to go as a second one, and the one that stays is gone or not usable by now."""
        for step in verdict.plan.of(Action.KEEP):
            now = self.api.database(step.on_database.id, project=self.project.id)
            if now is None or now.status is not Status.READY:
                raise PlanOutdated(f"nothing was deleted, since {step.on_database.id}, which stays, is not ready")

    def _apply(self, step: Step) -> str:
        if step.action is Action.DELETE and step.database is not None and not step.database.is_default:
            delete = functools.partial(self.api.delete_database, step.database.id)
            if self.platform is not None:
                self.platform.sweep(step.database, delete, cleanup=self.inputs.platform_branch_cleanup)
            else:
                delete()
            return f"deleted {step.subject}: {step.reason}"
        if step.action is Action.REVOKE and step.connection is not None:
            self.api.delete_connection(step.connection.id)
            return f"revoked {step.subject}"
        if step.action is Action.DELETE_CONFIGURATION and self.hyperdrive is not None:
            self.hyperdrive.delete(step.on_configuration.id)
            return f"deleted the Hyperdrive configuration {step.subject}: {step.reason}"
        raise AssertionError(f"a sweep has no step to {step.action.label}")


class _Stopped(Exception):
    """Nothing is begun any more."""


class SweepIncomplete(PreviewError):
    """The sweep did what it could, and something is left for a person."""

    title = "The sweep is not complete"
    page = "errors.md#the-sweep-is-not-complete"


def missed(swept: Swept, sweep: Sweep) -> str:
    """The warning for a preview that its close event should have taken away."""
    verdict = swept.verdict
    when = f" {age(sweep.now - verdict.since)} ago" if verdict.since else ""
    return (
        f"{verdict.reason}{when}, and its preview was still there: the run for the event 'closed' never came, or failed. "
        "Check that the workflow runs on types: [..., closed] and how that run ended."
    )


def failure(sweep: Sweep, max_deletions: int) -> SweepIncomplete | None:
    """What makes the run a failure at its end: deletions that failed, or that were beyond the limit."""
    failed, beyond = sweep.of(SweepStatus.FAILED), sweep.of(SweepStatus.BEYOND)
    if failed:
        return SweepIncomplete(
            f"{count(len(failed), 'deletion')} of the sweep failed: {_listed(failed, notes=True)}.",
            cause="The Management API or GitHub had a problem with these; the rest of the sweep went on.",
            remedy="Run the sweep again. If the same ones stay, look at them in the Prisma Console.",
        )
    if left := sweep.of(SweepStatus.LEFT):
        return SweepIncomplete(
            f"The sweep ran out of time, and {count(len(left), 'preview')} of those it found stale were not reached: {_listed(left)}.",
            cause="There was more to delete than fits into the time, or an API is slow.",
            remedy="Run the sweep again (it goes on where this one stopped), or raise the input timeout.",
        )
    if beyond:
        deletions = sum(swept.verdict.deletions for swept in beyond)
        return SweepIncomplete(
            f"{count(deletions, 'database')} beyond max_deletions ({max_deletions}), not deleted: {_listed(beyond)}.",
            cause="So many at once can be a sign of a mistake, such as a token that does not see every pull request.",
            remedy="If the list is right, sweep again (each run takes the next ones), or raise max_deletions.",
        )
    return None


def _listed(swept: Sequence[Swept], *, notes: bool = False, most: int = 20) -> str:
    names = [f"{item.verdict.plan.steps[0].subject}{f' ({item.note})' if notes and item.note else ''}" for item in swept[:most]]
    return ", ".join(names) + (f" and {len(swept) - most} more" if len(swept) > most else "")
