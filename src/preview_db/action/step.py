"""Front door 1: a step of a workflow. Wires the parts together and turns what comes of them into an exit code."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TextIO, TypeVar

from pydantic import SecretStr

from .. import __version__
from ..deadline import NEVER, Deadline
from ..engine.credentials import mask
from ..engine.run import AFTERWARDS, Engine
from ..errors import InvalidInput, PreviewError
from ..interrupts import Interrupts
from ..planning import decide, events, identity
from ..planning.credential import Credential
from ..planning.decide import Decision, EventState, Task
from ..planning.events import Event
from ..planning.model import Kind, Repository, Scope
from ..planning.outcome import Outcome, OutcomeKind, RunResult
from ..planning.settings import Inputs, Job
from ..planning.stale import Sweep, SweepStatus
from ..report import preview as preview_report
from ..services.github import deployments
from ..services.github.repository import GitHubFailed, GitHubRepository
from ..services.github.runner import Runner
from .post import EPHEMERAL, SECRET_VARIABLES
from .sign_in import signed_in

_Told = TypeVar("_Told")


def run(environ: Mapping[str, str], log: TextIO, *, interrupts: Interrupts) -> int:
    """Runs the step: 0 if what was asked for is so now, 1 if not."""
    runner = Runner(environ, log)
    for variable in SECRET_VARIABLES:
        runner.mask(SecretStr(environ.get(variable, "")))
    failure: Exception | None = None
    try:
        interrupts.reached("before the first step")
        job = Job.read(environ)
        inputs = Inputs.read(environ)
        runner.check_files()
        event = events.parse(job.event_name, _payload(job.event_path))
        Step(inputs, job, event, runner, interrupts, environ).run()
    except Exception as error:  # noqa: BLE001 - the last line of defence: a person gets a sentence, the traceback goes to the debug log
        failure = error
    interrupts.over()
    if failure is None:
        return 0
    if isinstance(failure, PreviewError):
        runner.error(failure.title, str(failure))
        _summarise(runner, preview_report.failure(failure))
        return 1
    for line in traceback.format_exception(failure):
        runner.debug(line)
    runner.error(
        "Internal error",
        f"preview-db failed in a way it should not ({type(failure).__name__}). This is a defect in preview-db. "
        "Run the job again with debug logging and report what it says; no secret is in it.",
    )
    return 1


@dataclasses.dataclass(slots=True)
class Step:
    """One run of the step, from what was asked to what is told."""

    inputs: Inputs
    job: Job
    event: Event
    runner: Runner
    interrupts: Interrupts
    environ: Mapping[str, str]
    github: GitHubRepository | None = None
    seen: EventState = dataclasses.field(default_factory=EventState)
    ephemeral: list[str] = dataclasses.field(default_factory=list)

    def run(self) -> None:
        self._check_what_comes_last()
        if self.inputs.command == "unseal":
            self._unseal()
            return
        with contextlib.ExitStack() as stack:
            self._run(stack)

    def _run(self, stack: contextlib.ExitStack) -> None:
        self._open_github(stack, Deadline.after(self.inputs.timeout.total_seconds() + 2 * AFTERWARDS))
        repository = Repository(self.job.repository_id or self.event.repository_id(self.job.repository), self.job.repository)
        if self.inputs.command == "doctor":
            self._consult_doctor(repository)
            return
        self.seen = self._look(decide.lookups(self.inputs, self.event))
        decision = decide.decide(self.inputs, self.event, repository, self.seen)
        if decision.task is Task.SWEEP:
            self._open_github(stack, NEVER)
        self.runner.info(f"preview-db {__version__}: {decision.reason}, so {decide.MEANS[decision.task]}")
        if decision.task is Task.NOTHING and (decision.advice or decision.reaction):
            self.runner.notice("Nothing to do", ". ".join(filter(None, (decision.reason, decision.advice))) + ".")
        if decision.task is not Task.NOTHING:
            self.inputs = signed_in(self.inputs, self.job, self.environ, self.runner, from_fork=self.event.has_no_secrets)
        engine = Engine(self.inputs, repository, self.github, self.runner, self.interrupts, self.job.mint_suffix, self._minted)
        with self._answering(decision), self._deploying(decision) as deployed:
            result = engine.run(decision)
            deployed.append(result.outcome)
        if decision.task is not Task.NOTHING or decision.advice:
            self._tell(result)
        else:
            self._put_out(result)  # and no summary: every comment on every issue comes by here
        if result.failure is not None:
            raise result.failure

    def _consult_doctor(self, repository: Repository) -> None:
        """Looks at all that a run stands on and changes nothing; fails if something of it will not do."""
        from ..doctor import diagnosis  # both here, since no other run needs them
        from ..doctor.checks import Doctor

        inputs = self.inputs.model_copy(update={"command": "auto"})
        doctor = Doctor(
            inputs,
            repository,
            self.job.api_url,
            decision=lambda: decide.decide(inputs, self.event, repository, self._look(decide.lookups(inputs, self.event))),
            sign_in=lambda given: signed_in(given, self.job, self.environ, self.runner, from_fork=self.event.has_no_secrets),
        )
        findings = doctor.examine()
        for line in diagnosis.lines(findings):
            self.runner.info(line)
        self._summarise(diagnosis.markdown(findings))
        self.runner.set_output("outcome", OutcomeKind.PLANNED)
        if failure := diagnosis.failure(findings):
            raise failure

    def _open_github(self, stack: contextlib.ExitStack, deadline: Deadline) -> None:
        if self.inputs.github_token is not None:
            self.github = GitHubRepository(
                api_url=self.job.api_url, token=self.inputs.github_token, repository=self.job.repository, deadline=deadline
            )
            stack.callback(self.github.close)

    def _check_what_comes_last(self) -> None:
        """Raises for what would fail only once there is a database to lose: the file to write to, the passphrase to seal with."""
        if self.inputs.seal_with is not None:
            from . import seal  # here, since most runs seal nothing

            seal.check_passphrase(self.inputs.seal_with)
        if self.inputs.env_file is not None:
            from ..services.dotenv import file as env_file  # here, since most runs write none

            env_file.check(self.inputs.env_file, workspace=self._workspace)

    def _unseal(self) -> None:
        """Opens what another job has sealed, and hands it out as if this one had made it."""
        from . import envelope, seal  # here, since most runs open nothing

        if self.inputs.sealed is None or self.inputs.seal_with is None:
            raise AssertionError("the settings let unseal pass only with both")
        content = seal.open_sealed(self.inputs.sealed.get_secret_value(), self.inputs.seal_with)
        result = envelope.from_envelope(content)
        for credential in result.credentials:
            mask(credential, self.runner)
        self.inputs = self.inputs.model_copy(update={"endpoint": content.endpoint})
        self._put_out(result)
        self.runner.info(f"Opened: {', '.join(one.name for one in result.credentials)} of {content.database_name}")

    @property
    def _workspace(self) -> Path:
        return Path(self.environ.get("GITHUB_WORKSPACE", "."))

    def _minted(self, credential: Credential) -> None:
        """What is to end with the job is noted for the post step at once: a run that is killed a moment later leaves it to that, too."""
        if self.inputs.ephemeral:
            self.ephemeral.append(credential.connection_id)
            self.runner.save_state(EPHEMERAL, json.dumps(self.ephemeral))

    def _look(self, lookups: decide.Lookups) -> EventState:
        """What has to be seen on GitHub before anything is decided. It can't be guessed: without a token, this fails."""
        if lookups == decide.Lookups() or (lookups.only_if_possible and self.github is None):
            return EventState()
        if self.github is None:
            raise InvalidInput(
                "The input github_token is empty.",
                cause=f"For the event {self.event.name!r} the step has to look something up on GitHub first.",
                remedy="Leave github_token out of the step's 'with:', so that it is the job's own token.",
            )
        number, branch, login = lookups.pull_request, lookups.branch, lookups.permission_of
        try:
            return EventState(
                permission=self.github.permission(login) if login else "none",
                pull_request=self.github.pull_request(number) if number else None,
                branch_exists=self.github.branch_exists(branch) if branch else None,
                queue=self.github.queue() if lookups.queue else frozenset(),
            )
        except GitHubFailed as error:
            if not lookups.only_if_possible:
                raise
            self.runner.warning(error.title, str(error))
            return EventState()

    @contextlib.contextmanager
    def _answering(self, decision: Decision) -> Iterator[None]:
        """Output a comment that gave an order with a reaction: how it went."""
        comment, issue = self.event.comment, self.event.issue
        if not decision.reaction or comment is None or issue is None or self._only_plans:
            yield
            return
        reaction = "-1"
        try:
            yield
            reaction = decision.reaction
        finally:
            self._or_warn(lambda github: github.react(issue.number, comment.id, reaction))

    @contextlib.contextmanager
    def _deploying(self, decision: Decision) -> Iterator[list[Outcome]]:
        """Records the preview as a deployment, where that is wanted: under way, and then what came of it."""
        came: list[Outcome] = []
        scope, sha = decision.scope, self._sha()
        changes = decision.task in (Task.ENSURE, Task.RESET, Task.REMOVE) and not self._only_plans
        if not self.inputs.deployment or scope is None or not changes:
            yield came
            return
        task = deployments.task(identity.tag(scope))
        description = f"Preview database of {scope}"
        if decision.task is not Task.REMOVE and sha:
            self._or_warn(lambda github: deployments.record(github, task=task, sha=sha, state="in_progress", description=description))
        try:
            yield came
        finally:
            gone = bool(came) and came[0].kind in (OutcomeKind.DELETED, OutcomeKind.ABSENT)
            if gone:
                self._or_warn(lambda github: deployments.end(github, task=task))
            elif sha and decision.task is not Task.REMOVE:
                state: deployments.State = "success" if came else "failure"
                self._or_warn(lambda github: deployments.record(github, task=task, sha=sha, state=state, description=description))

    @property
    def _only_plans(self) -> bool:
        return self.inputs.command == "plan" or self.inputs.dry_run

    @property
    def _pull_request(self) -> events.PullRequest | None:
        """The pull request this is about, from the event or as it was looked up."""
        return self.event.pull_request or self.seen.pull_request

    def _sha(self) -> str:
        """The commit the preview is of."""
        if self._pull_request is not None:
            return self._pull_request.head.sha
        return self.event.merge_group.head_sha if self.event.merge_group else self.job.sha

    def _tell(self, result: RunResult) -> None:
        """Outputs first: they are what the job needs. Comment and summary come after, and fail as warnings."""
        outcome = result.outcome
        self._put_out(result)
        for warning in outcome.warnings:
            self.runner.warning("preview-db", warning)
        if result.sweep is not None:
            self._tell_sweep(result.sweep)
        else:
            facts = self._facts(outcome.scope)
            self._comment(outcome, facts)
            self._summarise(preview_report.plan_summary(outcome) if outcome.plan else preview_report.summary(outcome, facts))
        took = sum(done.seconds for done in outcome.done)
        self.runner.info(f"{outcome.kind.capitalize()}: {outcome.identity or outcome.reason} ({took:.1f} s)")

    def _put_out(self, result: RunResult) -> None:
        """The outputs, the variables of later steps, and the file and the envelope where those were asked for."""
        endpoint, database = self.inputs.endpoint, result.outcome.database
        project_id = result.project.id if result.project else database.project_id if database else ""
        for name, value in preview_report.outputs(result.outcome, result.credentials, project_id=project_id, endpoint=endpoint):
            self.runner.set_output(name, value)
        strings = {one.name: one.string(endpoint).url for one in result.credentials}
        variables = {variable: strings[name] for variable, name in result.variables.items() if name in strings}
        for variable, string in variables.items():
            self.runner.export(variable, string)
        if self.inputs.env_file is not None and variables:
            from ..services.dotenv import file as env_file  # here, since most runs write none

            for warning in env_file.write(self.inputs.env_file, variables, workspace=self._workspace):
                self.runner.warning("env_file", warning)
        if self.inputs.seal_with is not None and result.credentials and self.inputs.command != "unseal":
            from . import envelope, seal  # here, since most runs seal nothing

            self.runner.set_output("sealed", seal.seal(envelope.to_envelope(result, endpoint), self.inputs.seal_with))

    def _tell_sweep(self, sweep: Sweep) -> None:
        """The summary, the JSON, and the comment of each pull request that lost its preview."""
        from ..report import sweep as sweep_report  # here, since no other run needs it

        self.runner.set_output("swept", json.dumps(sweep_report.as_json(sweep)))
        self.runner.set_output("deleted", "true" if sweep.of(SweepStatus.DELETED) else "false")
        self._summarise(sweep_report.summary(sweep, f"{self.job.server_url}/{self.job.repository}"))
        for one in sweep.of(SweepStatus.DELETED):
            scope = one.verdict.preview.scope
            reason = f"the sweep took it away, since {one.verdict.reason}"
            self._comment(Outcome(OutcomeKind.DELETED, reason, scope, identity.name(scope)), preview_report.Facts(at=sweep.now))
            if self.inputs.deployment:
                self._or_warn(functools.partial(deployments.end, task=deployments.task(one.verdict.preview.tag)))

    def _comment(self, outcome: Outcome, facts: preview_report.Facts) -> None:
        scope = outcome.scope
        if scope is None or scope.kind is not Kind.PULL_REQUEST or not self.inputs.comment or outcome.plan is not None:
            return
        if outcome.kind in (OutcomeKind.SKIPPED, OutcomeKind.CONNECTED):
            return
        number, body = int(scope.ref), self.runner.scrub(preview_report.comment(outcome, facts))
        only_edit = outcome.kind in (OutcomeKind.DELETED, OutcomeKind.ABSENT)
        came = self._or_warn(lambda github: github.tell(number, marker=preview_report.marker(scope), body=body, only_edit=only_edit))
        if came:
            self.runner.info(f"Comment on {scope}: {came}")

    def _summarise(self, markdown: str) -> None:
        if self.inputs.summary:
            _summarise(self.runner, markdown)

    def _or_warn(self, tell: Callable[[GitHubRepository], _Told]) -> _Told | None:
        """Telling people is worth a warning when it fails, never a red step."""
        if self.github is None:
            return None
        try:
            return tell(self.github)
        except GitHubFailed as error:
            self.runner.warning(error.title, str(error))
            return None

    def _facts(self, scope: Scope | None) -> preview_report.Facts:
        pull_request = self._pull_request
        if pull_request is None or scope is None or scope.pull_request != pull_request.number:
            return preview_report.Facts()
        return preview_report.Facts(commit=pull_request.head.sha, at=pull_request.closed_at or pull_request.updated_at)


def _payload(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(
            f"The event's payload can't be read ({type(error).__name__}).",
            cause="The runner's variable GITHUB_EVENT_PATH names no readable file.",
            remedy="Run it as a step of a workflow ('uses:'); a wrapper has to pass the runner's files on.",
        ) from None


def _summarise(runner: Runner, markdown: str) -> None:
    try:
        runner.summarise(markdown)
    except OSError as error:
        runner.warning("Job summary", f"The summary could not be written ({type(error).__name__}). The rest of the step is not affected.")
