"""One sweep of many repositories, over one project or several: by the same judgement as a sweep of one, and with doubt for each."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from ..deadline import Deadline
from ..interrupts import Interrupts
from ..planning import hyperdrive, identity, organisation, stale
from ..planning.events import PullRequest
from ..planning.model import Database, Project
from ..planning.organisation import Doubt, OrganisationSweep, RepositorySweep, Usage
from ..planning.outcome import Outcome, OutcomeKind, RunResult
from ..planning.repositories import Member, Named, Selection, Standing, still
from ..planning.settings import Inputs
from ..planning.stale import Preview, StaleReason, Sweep, SweepStatus, Swept, Verdict
from ..planning.words import count
from ..services.github.server import GitHubServer
from ..services.prisma import lookup
from ..services.prisma.client import ManagementApi
from . import sweep as sweep_of_one
from .deletions import NOTHING_BESIDE, Beside, Deletions
from .judge import Judge
from .members import find, pull_requests, read_each
from .parts import Part, add_configurations, sort_out
from .sweep import SweepIncomplete, with_reopened, would_become
from .turn import PlanOutdated

_MOST_USAGE = 200


@dataclasses.dataclass(slots=True)
class OrganisationSweeper:
    """Sweeps the previews of many repositories.

    What can't be read about one of them, or about one project, keeps what hangs on it: the others are swept, and the result says so.

    Attributes:
        host: of the GitHub server, which a preview's tag is made of, too.
        log: takes a line for the person who watches.
        deadline: when nothing is begun any more.
    """

    api: ManagementApi
    projects: Sequence[Project]
    github: GitHubServer
    host: str
    selection: Selection
    inputs: Inputs
    log: Callable[[str], None]
    interrupts: Interrupts
    now: datetime
    deadline: Deadline
    beside: Beside = NOTHING_BESIDE
    _doubts: list[Doubt] = dataclasses.field(default_factory=list)
    _members: dict[int, Member] = dataclasses.field(default_factory=dict)
    _judges: dict[int, Judge] = dataclasses.field(default_factory=dict)

    def run(self, *, dry_run: bool) -> OrganisationSweep:
        """Sweeps, or says what a sweep would do. The databases are listed before anything is asked of GitHub."""
        listed = self._databases()
        configurations = self.beside.hyperdrive.configurations() if self.beside.hyperdrive else None
        if configurations is not None:
            self.log(hyperdrive.in_account(len(configurations)))
        every = find(self.github, self.selection, self.host, doubts=self._doubts, log=self.log)
        mine = [member for member in every if self.inputs.shard.takes(member.repository)]
        self._members = {member.repository.id: member for member in mine}
        said = f", {len(mine)} of them in shard {self.inputs.shard}" if self.inputs.shard.count > 1 else ""
        self.log(f"{count(len(every), 'repository')}{said}; {count(sum(map(len, listed.values())), 'database')}")
        sorted_out = sort_out(listed, every, mine)
        del listed  # thousands, of which another part's are of no use here
        add_configurations(sorted_out.parts, self.projects, mine, configurations or ())
        parts, tells = sorted_out.parts, self.inputs.shard.index == 1  # one part for all of them, so that their reports add up
        self._judge(parts)
        usage = self._usage(parts)
        swept = self._carry_out(parts, dry_run=dry_run)
        return OrganisationSweep(
            projects=tuple(self.projects),
            members=tuple(mine),
            parts=tuple(
                RepositorySweep(
                    part.member,
                    part.project,
                    Sweep(tuple(swept[id(part)]), {}, self.now, dry_run, part.state),
                    {database.id: usage[database.id] for database in part.databases if database.id in usage},
                )
                for part in parts
            ),
            unlisted=tuple(sorted_out.unlisted) if tells else (),
            others=sorted_out.others if tells else {},
            doubts=tuple(self._doubts),
            now=self.now,
            dry_run=dry_run,
            shard=self.inputs.shard,
            configurations=None if configurations is None else len(configurations),
        )

    def _databases(self) -> dict[Project, list[Database]]:
        def name(project: Project) -> str:
            return f"the project {project.name} ({project.id})"

        return read_each(self.projects, lambda project: self.api.databases(project.id), name=name, doubts=self._doubts, log=self.log)

    def _judge(self, parts: Sequence[Part]) -> None:
        """A verdict on every preview. GitHub is asked once about a repository, whatever projects it has previews in."""
        asked: dict[int, list[Part]] = {}
        for part in parts:
            member = part.member
            if member.standing is Standing.UNSEEN:
                part.verdicts = [stale.in_doubt(preview, member.said) for preview in part.previews]
            elif member.standing is Standing.THERE or (member.standing is Standing.MOVED and self._delete_missing):
                asked.setdefault(member.repository.id, []).append(part)
            else:
                part.verdicts = [self._judge_missing(preview, member) for preview in part.previews]
        for member in {part.member.repository.id: part.member for part in parts if part.member.standing is Standing.UNSEEN}.values():
            self._doubts.append(Doubt(member.repository.full_name, member.said))
        for id_ in asked:
            member = self._members[id_]
            assert member.listed is not None, "GitHub has said something of what is there"
            self._judges[id_] = Judge(self.github.repository(member.listed), member.repository, self.inputs, self.now)
        previews = {id_: [preview for part in together for preview in part.previews] for id_, together in asked.items()}
        told = self._told(itertools.chain.from_iterable(previews.values()))
        states = read_each(
            list(asked),
            lambda id_: self._judges[id_].state(previews[id_], told.get(id_, ())),
            name=lambda id_: self._members[id_].repository.full_name,
            doubts=self._doubts,
            log=self.log,
        )
        for id_, together in asked.items():
            for part in together:
                if (state := states.get(id_)) is None:
                    part.verdicts = [stale.in_doubt(preview, "GitHub can't be read about its repository") for preview in part.previews]
                else:
                    part.state = state
                    part.verdicts = [self._judges[id_].judge(preview, state) for preview in part.previews]

    def _told(self, previews: Iterable[Preview]) -> dict[int, list[PullRequest]]:
        """The pull requests of which GitHub tells in few requests what they are, by repository."""
        wanted = {
            (listed, number): None
            for preview in previews
            if (number := preview.scope.pull_request) is not None
            and (listed := self._members[preview.scope.repository.id].listed) is not None
        }
        told: dict[int, list[PullRequest]] = {}
        for (id_, _), pull_request in pull_requests(self.github, list(wanted), log=self.log).items():
            told.setdefault(id_, []).append(pull_request)
        return told

    def _judge_missing(self, preview: Preview, member: Member) -> Verdict:
        """The verdict on a preview of a repository that GitHub is not asked about.

        An id may be mistyped, and be that of a repository which the token does not see: what was not called as the list says stays.
        """
        delete, said = self._delete_missing and member.standing is not Standing.MOVED, member.said
        if member.standing is Standing.GONE and not identity.could_be_called(preview.identity, member.repository.full_name):
            delete, said = False, f"{said}, but this was made when it was not called so: list the id with that name, too"
        return stale.judge_by_repository(preview, said, self.now, delete=delete)

    def _usage(self, parts: Sequence[Part]) -> dict[str, Usage]:
        """What the databases have used, by their ids: a request each, and so only of a few. What can't be read is only not shown."""
        ids = [database.id for part in parts for database in part.databases]
        if len(ids) > _MOST_USAGE:
            self.log(f"What {len(ids)} databases have used is not asked: that takes a request each, and is done for {_MOST_USAGE} at most")
            return {}
        doubts: list[Doubt] = []
        first = read_each(ids[:1], self.api.usage, name=str, doubts=doubts, log=self.log)
        return {} if doubts else first | read_each(ids[1:], self.api.usage, name=str, doubts=doubts, log=self.log)

    def _carry_out(self, parts: Sequence[Part], *, dry_run: bool) -> dict[int, list[Swept]]:
        """What became of every preview, by the part that it is of."""
        by_repository: dict[int, list[Verdict]] = {}
        for part in parts:
            by_repository.setdefault(part.member.repository.id, []).extend(part.verdicts)
        limit = self.inputs.shard.share(self.inputs.max_deletions)
        fitting, beyond = organisation.within(by_repository.values(), limit, self.inputs.max_deletions_per_repository)
        due = [*fitting, *(verdict for part in parts for verdict in part.verdicts if not verdict.deletions and verdict.plan.steps)]
        self.log(f"{count(len(fitting), 'preview')} to delete, {len(beyond)} beyond the limits, {len(due) - len(fitting)} to keep")
        swept = [Swept(verdict, SweepStatus.BEYOND) for verdict in beyond]
        swept += [Swept(verdict, SweepStatus.KEPT) for part in parts for verdict in part.verdicts if not verdict.plan.steps]
        if dry_run:
            swept += would_become(due, self.log)
        else:
            deletions = Deletions(self.api, self._once_more, self.log, self.interrupts, self.deadline, self.beside)
            swept += self._looked_at_again(deletions.carry_out(due))
        where = {_first(preview): id(part) for part in parts for preview in part.previews}
        found: dict[int, list[Swept]] = {id(part): [] for part in parts}
        for item in swept:
            found[where[_first(item.verdict.preview)]].append(item)
        return found

    def _looked_at_again(self, swept: Sequence[Swept]) -> list[Swept]:
        deleted = (item.verdict for item in swept if item.status is SweepStatus.DELETED)
        told = self._told(verdict.preview for verdict in deleted if verdict.why is not StaleReason.REPOSITORY)
        return with_reopened(swept, told, self.inputs, self.now)

    def _once_more(self, verdict: Verdict) -> Verdict:
        """The verdict on what GitHub says right before a deletion. Raises :class:`PlanOutdated` if a repository is no longer missing."""
        repository = verdict.preview.scope.repository
        if verdict.why is not StaleReason.REPOSITORY:
            return self._judges[repository.id].once_more(verdict)
        was, listed = self._members[repository.id].standing, self.github.named(Named(repository.full_name, repository.id))
        now = still(was, listed)
        if now is not was:
            raise PlanOutdated(f"nothing was deleted: {repository.full_name} was {was}, and is {now} by now")
        return verdict

    @property
    def _delete_missing(self) -> bool:
        return self.inputs.missing_repositories == "delete"


def _first(preview: Preview) -> str:
    """The id of something of it, and of nothing else."""
    return preview.databases[0].id if preview.databases else preview.configurations[0].id


def sweep_many(
    api: ManagementApi,
    inputs: Inputs,
    github: GitHubServer,
    host: str,
    reason: str,
    log: Callable[[str], None],
    interrupts: Interrupts,
    beside: Beside = NOTHING_BESIDE,
) -> RunResult:
    """Sweeps what the inputs name, or says what a sweep would do, if that is what was asked.

    Args:
        host: of the GitHub server.
        reason: why, as the beginning of a sentence.

    Raises:
        PreviewError: a project can't be found. All other doubt is in the result.
    """
    assert inputs.repositories is not None, "a sweep of many has a list of them"
    projects = lookup.several(api, inputs.projects)
    deadline = Deadline.after(inputs.time_limit(sweep=True).total_seconds())
    sweeper = OrganisationSweeper(api, projects, github, host, inputs.repositories, inputs, log, interrupts, api.now(), deadline, beside)
    sweep = sweeper.run(dry_run=inputs.only_plans)
    if github.limit.left is not None:
        log(f"GitHub takes {github.limit.left} of {github.limit.most} requests with this token before its limit is reached")
    kind = OutcomeKind.PLANNED if inputs.only_plans else OutcomeKind.SWEPT
    return RunResult(Outcome(kind, reason), organisation=sweep, failure=failure(sweep, inputs))


def failure(sweep: OrganisationSweep, inputs: Inputs) -> SweepIncomplete | None:
    """What makes the run a failure at its end: a doubt, deletions that failed, or that were beyond a limit."""
    if sweep.doubts:
        listed = "; ".join(f"{doubt.about}: {doubt.why}" for doubt in sweep.doubts[:20])
        more = f"; and {len(sweep.doubts) - 20} more" if len(sweep.doubts) > 20 else ""
        return SweepIncomplete(
            f"{count(len(sweep.doubts), 'doubt')}, and nothing that depends on it was deleted: {listed}{more}.",
            cause="GitHub or the Management API could not be read about these, or did not say enough; the rest was swept.",
            remedy="Run it again. If the same comes back, check that the token sees these repositories, or take them out of repositories.",
        )
    limits = str(inputs.shard.share(inputs.max_deletions))
    if inputs.max_deletions_per_repository is not None:
        limits += f", and {inputs.max_deletions_per_repository} of each repository"
    return sweep_of_one.failure(sweep.swept, limits)
