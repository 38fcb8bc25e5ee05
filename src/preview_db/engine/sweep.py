"""The sweep: observe everything, then read GitHub, judge, and delete what is stale, a few at a time."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from ..deadline import Deadline
from ..errors import PreviewError
from ..interrupts import Interrupts
from ..planning import hyperdrive, stale
from ..planning.events import PullRequest
from ..planning.model import Project, Repository
from ..planning.settings import Inputs
from ..planning.stale import RepositoryState, StaleReason, Sweep, SweepStatus, Swept, Verdict, age
from ..planning.steps import Action
from ..planning.words import count
from ..services.cloudflare.client import HyperdriveApi
from ..services.github.errors import GitHubFailed
from ..services.github.repository import GitHubRepository
from ..services.prisma.client import ManagementApi
from .deletions import Beside, Deletions
from .judge import Judge
from .look import Listing
from .platform import Platform

REOPENED = "it is open by now: if a run was given this database as it was being deleted, run that job again"
"""The note at a preview that was deleted, and is wanted by the end of the sweep."""

_CLOCKS_APART = timedelta(minutes=10)
"""How much later than Prisma's clock GitHub's may be."""


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

    def run(self, listing: Listing, *, dry_run: bool) -> Sweep:
        """Sweeps, or says what a sweep would do. One deletion that fails stays in the result and stops nothing.

        Args:
            listing: lists the project's databases.
        """
        databases = listing()
        configurations = self.hyperdrive.configurations() if self.hyperdrive else []
        previews = stale.previews(databases, self.repository, configurations)
        if self.hyperdrive is not None:
            self.log(hyperdrive.in_account(len(configurations)))
        self.log(f"{count(len(databases), 'database')} in the project, {count(len(previews), 'preview')} of {self.repository.full_name}")
        judge = Judge(self.github, self.repository, self.inputs, self.now)
        state = judge.state(previews)
        verdicts = [judge.judge(preview, state) for preview in previews]
        fitting, beyond = stale.within(verdicts, self.inputs.max_deletions)
        tidied = [verdict for verdict in verdicts if not verdict.deletions]
        self.log(f"{count(len(fitting), 'preview')} to delete, {len(beyond)} beyond max_deletions, {len(tidied)} to keep")
        swept = [Swept(verdict, SweepStatus.BEYOND) for verdict in beyond]
        if dry_run:
            swept += would_become([*fitting, *tidied], self.log)
        else:
            beside = Beside(self.hyperdrive, lambda _: self.platform, self.inputs.platform_branch_cleanup)
            deletions = Deletions(self.api, judge.once_more, self.log, self.interrupts, self.deadline, beside)
            swept += self._looked_at_again(deletions.carry_out([*fitting, *tidied]))
        pointing = len(configurations) if self.hyperdrive else None
        return Sweep(tuple(swept), stale.others(databases, self.repository), self.now, dry_run, state, pointing)

    def _looked_at_again(self, swept: list[Swept]) -> list[Swept]:
        deleted = (item.verdict.preview for item in swept if item.status is SweepStatus.DELETED)
        if not any(preview.scope.pull_request is not None for preview in deleted):
            return swept
        try:
            touched = self.github.open_pull_requests_since(self.now - _CLOCKS_APART)
        except GitHubFailed as error:
            self.log(f"Whether one was reopened meanwhile is not known. {error.what}")
            return swept
        return with_reopened(swept, {self.repository.id: touched}, self.inputs, self.now)


def with_reopened(swept: Iterable[Swept], found: Mapping[int, Iterable[PullRequest]], inputs: Inputs, now: datetime) -> list[Swept]:
    """The same, with a note at those that were reopened between the last look at them and the deletion, or after it.

    Args:
        found: pull requests as they are after the deletions, by the id of their repository.
    """
    states = {id_: RepositoryState(pull_requests={pull_request.number: pull_request for pull_request in of}) for id_, of in found.items()}

    def is_reopened(item: Swept) -> bool:
        preview = item.verdict.preview
        state = states.get(preview.scope.repository.id)
        if item.status is not SweepStatus.DELETED or preview.scope.pull_request is None or state is None:
            return False
        return stale.judge(preview, state, inputs, now).why is StaleReason.WANTED

    return [dataclasses.replace(item, note=REOPENED) if is_reopened(item) else item for item in swept]


def would_become(verdicts: Iterable[Verdict], log: Callable[[str], None]) -> list[Swept]:
    """What would become of each of ``verdicts`` that are within the limits."""
    swept = []
    for verdict in verdicts:
        for step in verdict.plan.of(Action.DELETE, Action.DELETE_CONFIGURATION):
            log(f"• {step.action.label} {step.subject}: {step.reason if verdict.why is StaleReason.WANTED else verdict.reason}")
        goes = verdict.deletions and verdict.why is not StaleReason.WANTED
        swept.append(Swept(verdict, SweepStatus.WOULD_GO if goes else SweepStatus.KEPT))
    return swept


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


def failure(swept: Sequence[Swept], limit: str) -> SweepIncomplete | None:
    """What makes the run a failure at its end: deletions that failed, or that were beyond the limit.

    Args:
        limit: what ``max_deletions`` comes to.
    """
    failed, left, beyond = (
        [item for item in swept if item.status is status] for status in (SweepStatus.FAILED, SweepStatus.LEFT, SweepStatus.BEYOND)
    )
    if failed:
        return SweepIncomplete(
            f"{count(len(failed), 'deletion')} of the sweep failed: {_listed(failed, notes=True)}.",
            cause="The Management API or GitHub had a problem with these; the rest of the sweep went on.",
            remedy="Run the sweep again. If the same ones stay, look at them in the Prisma Console.",
        )
    if left:
        return SweepIncomplete(
            f"The sweep ran out of time, and {count(len(left), 'preview')} of those it found stale were not reached: {_listed(left)}.",
            cause="There was more to delete than fits into the time, or an API is slow.",
            remedy="Run the sweep again (it goes on where this one stopped), or raise the input timeout.",
        )
    if beyond:
        deletions = sum(item.verdict.deletions for item in beyond)
        return SweepIncomplete(
            f"{count(deletions, 'database')} beyond max_deletions ({limit}), not deleted: {_listed(beyond)}.",
            cause="So many at once can be a sign of a mistake, such as a token that does not see every pull request.",
            remedy="If the list is right, sweep again (each run takes the next ones), or raise max_deletions.",
        )
    return None


def _listed(swept: Sequence[Swept], *, notes: bool = False, most: int = 20) -> str:
    names = [f"{item.verdict.plan.steps[0].subject}{f' ({item.note})' if notes and item.note else ''}" for item in swept[:most]]
    return ", ".join(names) + (f" and {len(swept) - most} more" if len(swept) > most else "")
