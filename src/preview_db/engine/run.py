"""From a decision to an outcome: the part that both front doors share. Talks to the Management API, and to a person through a sink."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .. import pace
from ..deadline import Deadline
from ..errors import InvalidInput, NoPreview, PlanLimit, PreviewError
from ..interrupts import Interrupts
from ..log import Sink
from ..planning import identity, plan
from ..planning.contents import NO_SCRIPTS, Scripts
from ..planning.credential import Credential
from ..planning.decision import Decision, Task
from ..planning.model import Project, Repository, Scope
from ..planning.outcome import Outcome, OutcomeKind, RunResult
from ..planning.settings import Inputs
from ..planning.steps import Action, DesiredState
from ..planning.words import count
from ..services.cloudflare.errors import HyperdriveLimit
from ..services.github.errors import GitHubFailed
from ..services.github.repository import GitHubRepository
from ..services.prisma import lookup
from ..services.prisma.client import ManagementApi, api_of
from .credentials import Credentials, mask
from .databases import CreateOptions, Databases, Unsettled, attempt
from .look import AFTERWARDS, Look
from .reconcile import Reconciler
from .scopes import described, platform_branch
from .turn import Progress

if TYPE_CHECKING:  # here and in functions below: what few runs need
    from ..services.cloudflare.client import HyperdriveApi
    from .platform import Platform


@dataclasses.dataclass(slots=True, eq=False, repr=False)
class Engine:
    """One run's dealings with one project.

    Attributes:
        github: none where there is no token: then nothing is asked of GitHub, and a sweep is refused.
        mint_suffix: what the names of this run's credentials end in.
        minted: is told every credential as soon as it exists and is masked.
        scripts: what runs inside the database.
        announce: is told what the run will have come to unless its pull request was closed meanwhile, while GitHub is asked that.
    """

    inputs: Inputs
    repository: Repository
    github: GitHubRepository | None
    sink: Sink
    interrupts: Interrupts
    mint_suffix: str
    minted: Callable[[Credential], None] = lambda _: None
    scripts: Scripts = NO_SCRIPTS
    announce: Callable[[Outcome], None] = lambda _: None

    def run(self, decision: Decision, look: Look | None = None) -> RunResult:
        """Does what was decided, or says what it would do, if that is what was asked.

        Args:
            look: what is being read already, for this very decision or whatever it would come to. It is closed at the end.

        Raises:
            PreviewError: see the failure policy.
        """
        if decision.task is Task.NOTHING:
            return RunResult(Outcome(OutcomeKind.SKIPPED, decision.reason, scope=decision.scope))
        only_plan = self.inputs.only_plans
        creates, sweeps = decision.task in (Task.ENSURE, Task.RESET), decision.task is Task.SWEEP
        deadline = Deadline.after(self.inputs.time_limit(sweep=sweeps).total_seconds() + AFTERWARDS)
        with (
            look or Look.begin(self.inputs, creates=creates, sweep=sweeps, log=self.sink.waiting) as look,
            self._cloudflare(deadline) as cloudflare,
        ):
            api = look.api
            look.check_workspace()
            if creates:
                look.check_region()
            if sweeps and self.inputs.repositories is not None:
                from ..services.github.server import GitHubServer  # all here, since no other run needs them
                from .deletions import Beside
                from .organisation import sweep_many

                github = GitHubServer(self._github_for_sweep())
                host, log = self.repository.host, self.sink.info
                beside = Beside(cloudflare, functools.partial(self._platform, api), self.inputs.platform_branch_cleanup)
                return sweep_many(api, self.inputs, github, host, decision.reason, log, self.interrupts, beside)
            try:
                project = self._project(look, may_create=decision.task is Task.ENSURE and not only_plan)
            except lookup.UnknownProject as unknown:
                if decision.task is not Task.REMOVE or not self.inputs.create_project:
                    raise
                self.sink.info(f"{unknown.what} It was never made, so there is nothing to delete.")
                name = identity.name(decision.scope) if decision.scope else ""
                return RunResult(Outcome(OutcomeKind.ABSENT, decision.reason, decision.scope, name))
            self.sink.info(f"Project {project.name} ({project.id}) of the workspace {project.workspace.name}")
            if decision.task is Task.SWEEP:
                return self._sweep(look, project, decision, cloudflare, dry_run=only_plan)
            desired = self._desired_state(decision, api, project)
            reconciler, progress = self._reconciler(look, project, cloudflare), Progress(listing=look.listing(project))
            if only_plan or decision.task is Task.STATUS:
                return RunResult(self._planned(reconciler, desired, progress, status=decision.task is Task.STATUS), project=project)
            try:
                outcome, credentials = self._settle(reconciler, desired, progress)
            except PlanLimit as limit:
                raise self._with_what_could_go(limit, api, project) from None
            except HyperdriveLimit as limit:
                from .hyperdrive import with_what_could_go

                raise with_what_could_go(limit, cloudflare, self.repository, self.github) from None
            variables = {connection.variable: connection.name for connection in self.inputs.connections if connection.variable}
            return RunResult(outcome, tuple(credentials), project, variables)

    def revoke(self, credentials: Iterable[Credential]) -> None:
        """Takes back what a run has created and nobody was told of. What can't be revoked is left to the next run or sweep."""
        with api_of(self.inputs, Deadline.after(AFTERWARDS)) as api:
            for credential in credentials:
                revoke = functools.partial(api.delete_connection, credential.connection_id)
                attempt(revoke, f"credential {credential.connection_id}", self.sink.info)

    def _project(self, look: Look, *, may_create: bool) -> Project:
        asked, region = self.inputs.project, self.inputs.region
        try:
            return look.project()
        except lookup.UnknownProject:
            if not (self.inputs.create_project and may_create and asked is not None):
                raise
            return lookup.project_or_new(look.api, asked, region=None if region == "inherit" else region, log=self.sink.info)

    def _planned(self, reconciler: Reconciler, desired: DesiredState, progress: Progress, *, status: bool) -> Outcome:
        steps = reconciler.plan(desired, progress)
        kept = next((step.database for step in steps.of(Action.KEEP) if step.database), None)
        result = OutcomeKind.ABSENT if status and kept is None else OutcomeKind.PLANNED
        for line in () if status else plan.plan_lines(steps):
            self.sink.info(f"• {line}")
        name = kept.identity if kept else identity.name(desired.scope)
        pointing = next((step.configuration for step in steps.of(Action.CHECK_CONFIGURATION, Action.UPDATE_CONFIGURATION)), None)
        planned = None if status else steps
        return Outcome(result, desired.reason, desired.scope, name, kept, planned, configuration=pointing)

    def _sweep(self, look: Look, project: Project, decision: Decision, cloudflare: HyperdriveApi | None, *, dry_run: bool) -> RunResult:
        from ..planning.stale import SweepStatus
        from .sweep import Sweeper, failure, missed

        api = look.api
        github = self._github_for_sweep()
        deadline = Deadline.after(self.inputs.time_limit(sweep=True).total_seconds())
        log, interrupts, now = self.sink.info, self.interrupts, api.now()
        platform = self._platform(api, project.id)
        sweeper = Sweeper(api, project, github, self.repository, self.inputs, log, interrupts, now, deadline, cloudflare, platform)
        sweep = sweeper.run(look.listing(project), dry_run=dry_run)
        for late in (swept for swept in sweep.of(SweepStatus.DELETED, SweepStatus.WOULD_GO) if swept.verdict.missed):
            self.sink.warning("A close was missed", missed(late, sweep))
        for deleted in sweep.of(SweepStatus.DELETED):
            if deleted.note:
                self.sink.warning("Reopened meanwhile", f"The preview of {deleted.verdict.preview.scope} was deleted, and {deleted.note}.")
        outcome = Outcome(OutcomeKind.PLANNED if dry_run else OutcomeKind.SWEPT, decision.reason)
        return RunResult(outcome, project=project, sweep=sweep, failure=failure(sweep.swept, str(self.inputs.max_deletions)))

    def _github_for_sweep(self) -> GitHubRepository:
        if self.github is None:
            raise InvalidInput(
                "The input github_token is empty.",
                cause="A sweep has to read which pull requests are open, and deletes nothing without knowing that.",
                remedy="Leave github_token out of the step's 'with:', so that it is the job's own token, with 'pull-requests: read'.",
            )
        return self.github

    def _with_what_could_go(self, limit: PlanLimit, api: ManagementApi, project: Project) -> PlanLimit:
        """The same with the plan's name and the previews idle longest, as far as they can be told."""
        from ..planning import stale

        try:
            name = api.plan_name(project.workspace.id)
            databases = api.databases(project.id)
            pull_requests = self.github.open_pull_requests() if self.github else []
        except PreviewError:
            return limit
        idle = stale.idle_longest(stale.previews(databases, self.repository), pull_requests, datetime.now(UTC))
        what = f"{limit.what} The workspace is on the plan {name!r}; the project has {count(len(databases), 'database')}."
        return PlanLimit(f"{what} Idle longest: {', '.join(idle)}." if idle else what, cause=limit.cause, remedy=limit.remedy)

    def _settle(self, reconciler: Reconciler, desired: DesiredState, progress: Progress) -> tuple[Outcome, list[Credential]]:
        """Makes it so, and asks again after creating: a fast merge can be over before the database is made."""
        try:
            outcome, credentials = reconciler.settle(desired, progress)
        except Unsettled:
            progress.is_open = None  # it was asked before whoever deletes what this run creates had done so
            if not desired.may_create or self._still_open(desired.scope, progress):
                raise
            return self._take_away(reconciler, desired, progress)
        if outcome.kind in (OutcomeKind.CREATED, OutcomeKind.RESET):
            self.announce(outcome)
            if not self._still_open(desired.scope, progress):
                return self._take_away(reconciler, desired, progress)
        if outcome.kind is OutcomeKind.ABSENT and desired.present:
            raise NoPreview(
                f"There is no preview of {desired.scope} to connect to.",
                cause="It was not created yet, was deleted, or is another repository's; 'connect' never creates one.",
                remedy="Let this job need the one that creates it ('needs:'), or use 'command: create'.",
            )
        return outcome, credentials

    def _take_away(self, reconciler: Reconciler, desired: DesiredState, progress: Progress) -> tuple[Outcome, list[Credential]]:
        reason = f"{desired.scope} is closed by now"
        self.sink.notice("Closed meanwhile", f"{reason}; what was made for it is taken away again.")
        return reconciler.settle(desired._replace(present=False, fresh=False, reason=reason), progress)

    def _still_open(self, scope: Scope, progress: Progress) -> bool:
        """Whether the pull request is still open; in doubt it is, since the closing run and the sweep come after."""
        try:
            return (progress.is_open or self._ask_if_open(scope))()
        except GitHubFailed as error:
            self.sink.warning(error.title, str(error))
            return True

    def _ask_if_open(self, scope: Scope) -> Callable[[], bool]:
        """Asks GitHub, in the background, whether the pull request is open. So is one that is not there, and what is none."""
        number, github = scope.pull_request, self.github
        if number is None or github is None:
            return lambda: True

        def is_open() -> bool:
            found = github.pull_request(number)
            return found is None or found.is_open

        return github.begin(is_open)

    def _desired_state(self, decision: Decision, api: ManagementApi, project: Project) -> DesiredState:
        scope, tag = decision.scope, ""
        if self.inputs.database_id is not None:
            scope, tag = described(api, project, self.repository, self.inputs.database_id)
        if scope is None:
            raise AssertionError(f"a decision to {decision.task} says which preview, where no database_id does")
        may_be_placed = decision.task in (Task.ENSURE, Task.RESET, Task.REMOVE)
        branch = platform_branch(self.inputs, scope, self.github, self.sink.info) if may_be_placed else ""
        return DesiredState(
            scope=scope,
            tag=tag,
            database_id=self.inputs.database_id or "",
            present=decision.task is not Task.REMOVE,
            reason=decision.reason,
            now=api.now(),
            may_create=decision.task in (Task.ENSURE, Task.RESET),
            may_delete=decision.task is not Task.CONNECT,
            fresh=decision.task is Task.RESET,
            connections=tuple(connection.name for connection in self.inputs.connections),
            mint_suffix=self.mint_suffix,
            ephemeral=self.inputs.ephemeral,
            grace=self.inputs.credential_grace,
            hyperdrive=self.inputs.hyperdrive,
            branch=branch,
            variables=tuple(variable.name for variable in self.inputs.compute_env),
            branch_cleanup=self.inputs.platform_branch_cleanup,
            inside=self.scripts.steps,
            seeds_clone=bool(self.scripts.seed) and self.scripts.rules is None and self.inputs.source != "empty",
        )

    def _reconciler(self, look: Look, project: Project, cloudflare: HyperdriveApi | None) -> Reconciler:
        api, inputs, log, sleep = look.api, self.inputs, self.sink.info, pace.sleep
        deadline = Deadline.after(inputs.time_limit().total_seconds())
        options = CreateOptions(inputs.region, look.source(project), inputs.database_name)
        waits = inputs.wait != "none" or bool(self.scripts.steps)  # a clone may let one in before all of its data is there
        databases = Databases(api, project, options, waits, deadline, log, self.interrupts, sleep)
        credentials = Credentials(
            api,
            databases,
            endpoint=inputs.endpoint,
            wait=inputs.wait == "connectable",
            verify_certificate=inputs.verify_certificate,
            deadline=deadline,
            secret=self._received,
            log=log,
            interrupts=self.interrupts,
            sleep=sleep,
            ask_if_open=self._ask_if_open,
        )
        data = hyperdrive = None
        if self.scripts.steps:
            from .data import Data
            from .inside import Inside

            inside = Inside(databases, credentials, self.scripts, deadline)
            data = Data(inside, self.scripts, inputs.on_drift, inputs.seed_always, self.interrupts, sleep)
        if cloudflare is not None:
            from .hyperdrive import Hyperdrive

            hide = functools.partial(mask, sink=self.sink)
            hyperdrive = Hyperdrive(cloudflare, credentials, self.repository, inputs.hyperdrive_caching, hide, log, self.interrupts, sleep)
        platform = self._platform(api, project.id, credentials)
        return Reconciler(databases, credentials, data, hyperdrive, platform, log, deadline, sleep)

    def _cloudflare(self, deadline: Deadline) -> contextlib.AbstractContextManager[HyperdriveApi | None]:
        if not self.inputs.hyperdrive:
            return contextlib.nullcontext()
        from ..services.cloudflare.client import hyperdrive_of

        return hyperdrive_of(self.inputs, deadline, self.sink.waiting)

    def _platform(self, api: ManagementApi, project_id: str, credentials: Credentials | None = None) -> Platform | None:
        if self.inputs.platform_branch is None:
            return None
        from .platform import Platform

        hide = functools.partial(mask, sink=self.sink)
        return Platform(api, project_id, credentials, self.inputs.compute_env, self.inputs.endpoint, hide, self.sink.info, self.interrupts)

    def _received(self, credential: Credential) -> None:
        mask(credential, self.sink)
        self.minted(credential)
