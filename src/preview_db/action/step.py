"""A step, from what was asked to what is done about it: wires the parts together."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from .. import __version__
from ..deadline import Deadline
from ..engine.look import AFTERWARDS, Look
from ..errors import Cancelled, InvalidInput, PreviewError
from ..interrupts import Interrupts
from ..planning import decide, lookups
from ..planning.decision import MEANS, Decision, Task
from ..planning.events import Event
from ..planning.job import Job
from ..planning.lookups import EventState, Lookups
from ..planning.model import Repository
from ..planning.settings import Inputs
from ..planning.words import count
from ..services import http
from ..services.github.errors import GitHubFailed
from ..services.github.repository import GitHubRepository
from ..services.github.runner import Runner
from .post import EPHEMERAL
from .sign_in import signed_in

if TYPE_CHECKING:
    from ..engine.run import Engine
    from ..planning.contents import Scripts
    from ..planning.credential import Credential
    from ..planning.outcome import Outcome
    from .publish import Publisher


@dataclasses.dataclass(slots=True, eq=False, repr=False)
class Step:
    """One run of the step, from what was asked to what is done about it.

    Attributes:
        is_second: whether it is what follows on a reopening within a run. There is no third.
        ahead: what was asked of Prisma already.
    """

    inputs: Inputs
    job: Job
    event: Event
    runner: Runner
    interrupts: Interrupts
    environ: Mapping[str, str]
    is_second: bool = False
    ahead: http.Ahead | None = None

    def run(self) -> None:
        self._check_what_comes_last()
        if self.inputs.command == "unseal":
            self._unseal()
            return
        with self._github(self.inputs.time_limit()) as github:
            if self.inputs.command == "doctor":
                self._consult_doctor(github)
                return
            if self.inputs.command == "shards":
                self._plan_shards(github)
                return
            needed = lookups.needed(self.inputs, self.event)
            # A pull request that was closed is hardly ever open again, so Prisma is asked while GitHub is asked that.
            beside = self.event.action == "closed" and needed.only_if_possible
            with self._begin_look() if beside else contextlib.nullcontext() as begun:
                state = self._look(github, needed)
                decision = decide.decide(self.inputs, self.event, self._repository, state)
                scripts = self._scripts(decision)
                if decision.task is not Task.SWEEP:
                    with begun or self._begin_look(decision.task) as look:
                        self.carry_out(decision, github, state, look, scripts)
                    return
        with self._github(self.inputs.time_limit(sweep=True)) as github, self._begin_look(decision.task) as look:
            self.carry_out(decision, github, state, look, scripts)

    def _begin_look(self, task: Task | None = None) -> AbstractContextManager[Look | None]:
        """Sends out the reads of Prisma's API; none where the run has to sign in first, or is about nothing."""
        if self.inputs.service_token is None or task is Task.NOTHING:
            return contextlib.nullcontext()
        creates = task in (Task.ENSURE, Task.RESET)
        return Look.begin(self.inputs, creates=creates, sweep=task is Task.SWEEP, log=self.runner.waiting, ahead=self.ahead)

    def carry_out(
        self, decision: Decision, github: GitHubRepository | None, state: EventState, look: Look | None, scripts: Scripts | None
    ) -> None:
        self.runner.info(f"preview-db {__version__}: {decision.reason}: {MEANS[decision.task]}")
        if decision.task is Task.NOTHING and (decision.advice or decision.reaction):
            self.runner.notice("Nothing to do", ". ".join(filter(None, (decision.reason, decision.advice))) + ".")
        from ..engine.inside import InsideFailed  # both here, as below
        from . import reopened

        if decision.task in (Task.ENSURE, Task.RESET, Task.CONNECT) and not self.inputs.only_plans:
            self._check_wrangler_config()
        publisher = self._publisher(github, state)
        publisher.look_for_comment(decision)
        with publisher.answering(decision), publisher.deploying(decision) as deployed:
            engine = self._engine(decision, github, scripts, publisher.announce)
            try:
                result = engine.run(decision, look)
            except InsideFailed as failed:
                publisher.tell_failure(failed.outcome)
                raise
            deployed.append(result.outcome)
        was_reopened = reopened.look(result.outcome, self.event, self.inputs, None if self.is_second else github)
        try:
            if decision.task is not Task.NOTHING or decision.advice:
                publisher.publish(result)
            else:
                publisher.put_out(result, self.inputs.endpoint)  # and no summary: every comment on every issue comes by here
        except Cancelled:
            raise  # there is no time left, and a later step that runs always may be using what was put out
        except PreviewError:
            engine.revoke(result.credentials)
            raise
        if result.failure is not None:
            raise result.failure
        again = reopened.reopening(was_reopened, result.outcome, self.event, state, self.inputs, self._repository, self.runner)
        if again is not None:
            second, scripts = dataclasses.replace(self, event=again.event, is_second=True), self._scripts(again.decision)
            with self._begin_look(again.decision.task) as look:
                second.carry_out(again.decision, github, again.state, look, scripts)

    def _scripts(self, decision: Decision) -> Scripts | None:
        """The scripts that the inputs name, read before anything is asked of Prisma; none if they name none."""
        inputs = self.inputs
        if decision.task not in (Task.ENSURE, Task.RESET) or not (
            inputs.migrations or inputs.seed or inputs.anonymize or inputs.schema_diff
        ):
            return None
        from ..services import sql_files  # here, since most runs read none

        return sql_files.read(inputs, workspace=self._workspace)

    def _engine(
        self, decision: Decision, github: GitHubRepository | None, scripts: Scripts | None, announce: Callable[[Outcome], None]
    ) -> Engine:
        from ..engine.run import Engine  # both here, while the first answers are on their way
        from ..planning.contents import NO_SCRIPTS

        limit = self.inputs.time_limit(sweep=decision.task is Task.SWEEP)
        inputs = self.inputs if decision.task is Task.NOTHING else self._signed_in(self.inputs, limit)
        suffix, scripts = self.job.mint_suffix, scripts or NO_SCRIPTS
        return Engine(inputs, self._repository, github, self.runner, self.interrupts, suffix, self._notes(), scripts, announce)

    def _notes(self) -> Callable[[Credential], None]:
        """What ends with the job is noted for the post step at once: a run that is killed a moment later leaves it to that, too."""
        ephemeral: list[str] = []

        def note(created: Credential) -> None:
            if self.inputs.ephemeral:
                ephemeral.append(created.connection_id)
                self.runner.save_state(EPHEMERAL, json.dumps(ephemeral))

        return note

    def _publisher(self, github: GitHubRepository | None = None, state: EventState | None = None) -> Publisher:
        from .publish import Publisher  # here, as above

        looked_up = state.pull_request if state else None
        pull_request = self.event.pull_request or looked_up
        return Publisher(self.inputs, self.job, self.event, self.runner, self._workspace, github, pull_request)

    def _signed_in(self, inputs: Inputs, limit: timedelta = timedelta()) -> Inputs:
        return signed_in(inputs, self.job, self.environ, self.runner, work=limit, from_fork=self.event.has_no_secrets)

    def _consult_doctor(self, github: GitHubRepository | None) -> None:
        """Looks at all that a run stands on and changes nothing; fails if something of it will not do."""
        from ..doctor import diagnosis  # all here, since no other run needs them
        from ..doctor.checks import Doctor
        from ..planning.outcome import OutcomeKind

        inputs, repository = self.inputs.model_copy(update={"command": "auto"}), self._repository

        def decision() -> Decision:
            return decide.decide(inputs, self.event, repository, self._look(github, lookups.needed(inputs, self.event)))

        findings = Doctor(inputs, repository, self.job.api_url, decision=decision, sign_in=self._signed_in).examine()
        for line in diagnosis.lines(findings):
            self.runner.info(line)
        self._publisher().summarise(diagnosis.markdown(findings))
        if failure := diagnosis.failure(findings):
            raise failure
        self.runner.set_output("outcome", OutcomeKind.CHECKED)

    def _plan_shards(self, github: GitHubRepository | None) -> None:
        """Says in how many parts a sweep of so many repositories is best done. Each part finds its repositories itself."""
        from ..engine.members import find  # here, since no other run needs it
        from ..planning.organisation import Doubt
        from ..planning.outcome import OutcomeKind
        from ..planning.repositories import shards_for
        from ..services.github.server import GitHubServer

        selection = self.inputs.repositories
        assert selection is not None, "the settings let shards pass only with a list of repositories"
        if github is None:
            raise _no_github_token("The number of shards depends on which repositories there are on GitHub.")
        doubts: list[Doubt] = []
        found = find(GitHubServer(github), selection, self.job.host, doubts=doubts, log=self.runner.info)
        for doubt in doubts:
            self.runner.warning("In doubt", f"{doubt.about}: {doubt.why}")  # the sweep itself fails on it
        shards = [str(shard) for shard in shards_for(len(found))]
        self.runner.info(f"{count(len(found), 'repository')}, to be swept in {count(len(shards), 'part')}")
        self.runner.set_output("shards", json.dumps(shards))
        self.runner.set_output("outcome", OutcomeKind.PLANNED)

    @contextlib.contextmanager
    def _github(self, limit: timedelta) -> Iterator[GitHubRepository | None]:
        """The repository on GitHub; none where the token was taken away."""
        if self.inputs.github_token is None:
            yield None
            return
        deadline = Deadline.after(limit.total_seconds() + 2 * AFTERWARDS)
        github = GitHubRepository(
            api_url=self.job.api_url,
            token=self.inputs.github_token,
            repository=self.job.repository,
            deadline=deadline,
            log=self.runner.waiting,
        )
        with contextlib.closing(github):
            yield github

    def _check_what_comes_last(self) -> None:
        """Raises for what would fail only once there is a database to lose: the file to write to, the passphrase to seal with."""
        if self.inputs.seal_with is not None:
            from . import seal  # here, since most runs seal nothing

            seal.check_passphrase(self.inputs.seal_with)
        if self.inputs.env_file is not None:
            from ..services.dotenv import file as env_file  # here, since most runs write none

            env_file.check(self.inputs.env_file, workspace=self._workspace)

    def _check_wrangler_config(self) -> None:
        """The same for the Wrangler configuration. A run that only deletes needs no checkout, and has none."""
        if self.inputs.wrangler_config is not None:
            from ..services.cloudflare import wrangler  # here, since most runs write none

            inputs = self.inputs
            wrangler.check(self.inputs.wrangler_config, inputs.wrangler_binding, inputs.wrangler_env, workspace=self._workspace)

    def _unseal(self) -> None:
        """Opens what another job has sealed, and hands it out as if this one had created it."""
        from ..engine.credentials import mask
        from . import envelope, seal  # all here, since most runs open nothing

        sealed, passphrase = self.inputs.sealed, self.inputs.seal_with
        if sealed is None or passphrase is None:
            raise AssertionError("the settings let unseal pass only with both")
        content = seal.open_sealed(sealed.get_secret_value(), passphrase)
        result = envelope.from_envelope(content)
        for credential in result.credentials:
            mask(credential, self.runner)
        self._publisher().put_out(result, content.endpoint)
        self.runner.info(f"Opened: {', '.join(credential.name for credential in result.credentials)} of {content.database_name}")

    @property
    def _repository(self) -> Repository:
        id_ = self.job.repository_id or self.event.repository_id(self.job.repository)
        return Repository(id_, self.job.repository, self.job.host)

    @property
    def _workspace(self) -> Path:
        return Path(self.environ.get("GITHUB_WORKSPACE", "."))

    def _look(self, github: GitHubRepository | None, wanted: Lookups) -> EventState:
        """What has to be seen on GitHub before anything is decided. It can't be guessed: without a token, this fails."""
        if wanted == Lookups() or (wanted.only_if_possible and github is None):
            return EventState()
        if github is None:
            raise _no_github_token(f"For the event {self.event.name!r} the step has to look something up on GitHub first.")
        number, branch, login = wanted.pull_request, wanted.branch, wanted.permission_of
        permission = github.begin(functools.partial(github.permission, login)) if login else None
        pull_request = github.begin(functools.partial(github.pull_request, number)) if number else None
        try:
            return EventState(
                permission=permission() if permission else "none",
                pull_request=pull_request() if pull_request else None,
                branch_exists=github.branch_exists(branch) if branch else None,
                queue=github.queue() if wanted.queue else frozenset(),
                checked=True,
            )
        except GitHubFailed as error:
            if not wanted.only_if_possible:
                raise
            self.runner.warning(error.title, str(error))
            return EventState()


def _no_github_token(cause: str) -> InvalidInput:
    return InvalidInput(
        "The input github_token is empty.",
        cause=cause,
        remedy="Leave github_token out of the step's 'with:', so that it is the job's own token.",
    )
