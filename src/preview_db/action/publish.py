"""Telling what came of a step: outputs and variables for the job, comment, summary and deployment for people."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ..background import AT_ONCE, SideBySide
from ..errors import Cancelled
from ..planning import events, identity
from ..planning.decision import Decision, Task
from ..planning.events import Event
from ..planning.job import Job
from ..planning.model import Endpoint, Scope
from ..planning.outcome import Outcome, OutcomeKind, RunResult
from ..planning.settings import Inputs
from ..report import preview as preview_report
from ..report.contents import migrations_json
from ..services.github import deployments
from ..services.github.comment import Comment
from ..services.github.errors import GitHubFailed
from ..services.github.repository import GitHubRepository
from ..services.github.runner import Runner

if TYPE_CHECKING:
    from ..planning.organisation import OrganisationSweep
    from ..planning.stale import Sweep

_Told = TypeVar("_Told")
_Item = TypeVar("_Item")


@dataclasses.dataclass(slots=True, eq=False, repr=False)
class Publisher:
    """Publishes one run's result.

    Attributes:
        pull_request: the one it is about, from the event or as it was looked up.
        github: none where there is no token: then there is no comment and no deployment.
    """

    inputs: Inputs
    job: Job
    event: Event
    runner: Runner
    workspace: Path
    github: GitHubRepository | None = None
    pull_request: events.PullRequest | None = None
    _comments: dict[Scope, Comment] = dataclasses.field(default_factory=dict)
    _announced: tuple[str, Callable[[], str | None]] = "", lambda: None

    def look_for_comment(self, decision: Decision) -> None:
        """Has the comment looked for in the background that the decision is likely to end in."""
        tells = decision.task in (Task.ENSURE, Task.RESET, Task.REMOVE) and self.inputs.comment and not self.inputs.only_plans
        if tells and self.github is not None and decision.scope is not None and decision.scope.pull_request is not None:
            self._comments[decision.scope] = self._comment_on(self.github, decision.scope)

    def announce(self, outcome: Outcome) -> None:
        """Has the comment written in the background by what the run is about to come to. If it comes to something else, the comment is
        brought up to date afterwards.
        """
        begun = self._comments.pop(outcome.scope, None) if outcome.scope is not None else None
        if begun is not None and self.github is not None:
            body = self._body(outcome, self._facts(outcome.scope))
            self._announced = body, self.github.begin(functools.partial(begun.tell, body, only_edit=False))

    def publish(self, result: RunResult) -> None:
        """Outputs first: they are what the job needs. The summary, and a comment not announced, come after, and fail as warnings."""
        outcome = result.outcome
        self.put_out(result, self.inputs.endpoint)
        for warning in outcome.warnings:
            self.runner.warning("preview-db", warning)
        if result.organisation is not None:
            self._publish_organisation(result.organisation)
        elif result.sweep is not None:
            self._publish_sweep(result.sweep)
        else:
            facts = self._facts(outcome.scope)
            self._comment(outcome, facts)
            self.summarise(preview_report.plan_summary(outcome) if outcome.plan else preview_report.summary(outcome, facts))
        took = sum(done.seconds for done in outcome.done)
        self.runner.info(f"{outcome.kind.capitalize()}: {outcome.identity or outcome.reason} ({took:.1f} s)")

    def tell_failure(self, outcome: Outcome) -> None:
        """What was done inside the database and failed: for programs, and in the comment. The error itself is told by who catches it."""
        if outcome.contents.migrated is not None:
            self.runner.set_output("migrations", json.dumps(migrations_json(outcome.contents.migrated)))
        self._comment(outcome, self._facts(outcome.scope))

    def put_out(self, result: RunResult, endpoint: Endpoint) -> None:
        """The outputs, the variables of later steps, and the file and the envelope where those were asked for.

        Args:
            endpoint: which one ``database_url`` is.
        """
        for name, value in preview_report.outputs(result, endpoint):
            self.runner.set_output(name, value)
        strings = {credential.name: credential.string(endpoint).url for credential in result.credentials}
        variables = {variable: strings[name] for variable, name in result.variables.items() if name in strings}
        for variable, string in variables.items():
            self.runner.export(variable, string)
        if self.inputs.env_file is not None and variables:
            from ..services.dotenv import file as env_file  # here, since most runs write none

            for warning in env_file.write(self.inputs.env_file, variables, workspace=self.workspace):
                self.runner.warning("env_file", warning)
        configuration = result.outcome.configuration
        if self.inputs.wrangler_config is not None and configuration is not None and not self.inputs.only_plans:
            from ..services.cloudflare import wrangler  # here, since most runs write none

            inputs = self.inputs
            wrangler.write(
                self.inputs.wrangler_config, inputs.wrangler_binding, inputs.wrangler_env, configuration.id, workspace=self.workspace
            )
        if self.inputs.seal_with is not None and result.credentials and self.inputs.command != "unseal":
            from . import envelope, seal  # here, since most runs seal nothing

            self.runner.set_output("sealed", seal.seal(envelope.to_envelope(result, endpoint), self.inputs.seal_with))

    def summarise(self, markdown: str) -> None:
        """Adds to the job's summary, where the user wants one."""
        if self.inputs.summary:
            summarise(self.runner, markdown)

    @contextlib.contextmanager
    def answering(self, decision: Decision) -> Iterator[None]:
        """Answers a comment that gave an order with a reaction: how it went."""
        comment, issue = self.event.comment, self.event.issue
        if not decision.reaction or comment is None or issue is None or self.inputs.only_plans:
            yield
            return
        reaction = "-1"
        with _afterwards(lambda: self._or_warn(lambda github: github.react(comment.id, reaction))):
            yield
            reaction = decision.reaction

    @contextlib.contextmanager
    def deploying(self, decision: Decision) -> Iterator[list[Outcome]]:
        """Records the preview as a deployment, where that is wanted: under way, and then what came of it, which is put into the list."""
        came: list[Outcome] = []
        scope, sha = decision.scope, self._sha()
        changes = decision.task in (Task.ENSURE, Task.RESET, Task.REMOVE) and not self.inputs.only_plans
        if not self.inputs.deployment or not changes:
            yield came
            return
        task = deployments.task(identity.tag(scope)) if scope is not None and sha and decision.task is not Task.REMOVE else ""
        record = functools.partial(deployments.record, task=task, sha=sha, description=f"Preview database of {scope}")
        begun = self.github.begin(functools.partial(record, self.github, state="in_progress")) if task and self.github else None

        def tell() -> None:
            if begun is not None:
                self._or_warn(lambda _: begun())
            if came and came[0].kind in (OutcomeKind.DELETED, OutcomeKind.ABSENT):
                # By what was deleted: a database_id may be another pull request's than the event's.
                gone = deployments.task(identity.tag_of(came[0].identity))
                self._or_warn(functools.partial(deployments.end, task=gone))
            elif task:
                self._or_warn(functools.partial(record, state="success" if came else "failure"))

        with _afterwards(tell):
            yield came

    def _publish_sweep(self, sweep: Sweep) -> None:
        """The summary, the JSON, and the comment of each pull request that lost its preview."""
        from ..planning.stale import SweepStatus  # both here, since no other run needs them
        from ..report import sweep as sweep_report

        self.runner.set_output("swept", json.dumps(sweep_report.as_json(sweep)))
        self.runner.set_output("deleted", "true" if sweep.of(SweepStatus.DELETED) else "false")
        self.summarise(sweep_report.summary(sweep, f"{self.job.server_url}/{self.job.repository}"))
        facts = preview_report.Facts(at=sweep.now)
        self._each(sweep_report.deletions(sweep), lambda outcome: self._comment(outcome, facts))
        if self.inputs.deployment:
            tags = [swept.verdict.preview.tag for swept in sweep.of(SweepStatus.DELETED)]
            self._each(tags, lambda tag: self._or_warn(functools.partial(deployments.end, task=deployments.task(tag))))

    @staticmethod
    def _each(items: Iterable[_Item], tell: Callable[[_Item], object]) -> None:
        with SideBySide(tell, items, at_once=AT_ONCE) as told:
            for _ in told:
                pass

    def _publish_organisation(self, sweep: OrganisationSweep) -> None:
        """The summary, the JSON, and the comment of each pull request that lost its preview, as far as the token may write there."""
        from ..planning.stale import SweepStatus  # both here, since no other run needs them
        from ..report import organisation as organisation_report

        self.runner.set_output("swept", json.dumps(organisation_report.as_json(sweep, most=organisation_report.MOST_ENTRIES)))
        self.runner.set_output("deleted", "true" if sweep.of(SweepStatus.DELETED) else "false")
        self.summarise(organisation_report.summary(sweep, self.job.server_url))
        if missed := organisation_report.missed(sweep):
            self.runner.warning("Closes were missed", missed)
        if reopened := organisation_report.reopened(sweep):
            self.runner.warning("Reopened meanwhile", reopened)
        if self.inputs.comment and self.github is not None:
            from ..services.github.comments import correct

            correct(self.github.another, organisation_report.corrections(sweep), self.runner, self.runner.scrub)

    def _comment(self, outcome: Outcome, facts: preview_report.Facts) -> None:
        scope, mode = outcome.scope, preview_report.comment_mode(outcome)
        if scope is None or mode is None or not self.inputs.comment:
            return
        body = self._body(outcome, facts)
        said, written = self._announced
        came = self._or_warn(lambda _: written())
        if said != body:
            begun = self._comments.get(scope)
            came = self._or_warn(
                lambda github: (begun or self._comment_on(github, scope)).tell(body, only_edit=mode == "edit", at_once=begun is None)
            )
        if came:
            self.runner.info(f"Comment on {scope}: {came}")

    def _body(self, outcome: Outcome, facts: preview_report.Facts) -> str:
        return self.runner.scrub(preview_report.comment(outcome, facts))

    def _comment_on(self, github: GitHubRepository, scope: Scope) -> Comment:
        pull_request = self.pull_request
        node_id = pull_request.node_id if pull_request is not None and pull_request.number == scope.pull_request else ""
        return github.comment(int(scope.ref), marker=preview_report.marker(scope), node_id=node_id)

    def _sha(self) -> str:
        """The commit the preview is of."""
        if self.pull_request is not None:
            return self.pull_request.head.sha
        return self.event.merge_group.head_sha if self.event.merge_group else self.job.sha

    def _facts(self, scope: Scope | None) -> preview_report.Facts:
        pull_request = self.pull_request
        if pull_request is None or scope is None or scope.pull_request != pull_request.number:
            return preview_report.Facts()
        return preview_report.Facts(commit=pull_request.head.sha, at=pull_request.closed_at or pull_request.updated_at)

    def _or_warn(self, tell: Callable[[GitHubRepository], _Told]) -> _Told | None:
        """Telling people is worth a warning when it fails, never a red step."""
        if self.github is None:
            return None
        try:
            return tell(self.github)
        except GitHubFailed as error:
            self.runner.warning(error.title, str(error))
            return None


@contextlib.contextmanager
def _afterwards(tell: Callable[[], object]) -> Iterator[None]:
    """Tells what came of what is within, a failure, too. A run that was stopped has no time left for that: the next one tells."""
    try:
        yield
    except Cancelled:
        raise
    except BaseException:
        tell()
        raise
    tell()


def summarise(runner: Runner, markdown: str) -> None:
    """Adds to the job's summary. That it fails is worth a warning."""
    try:
        runner.summarise(markdown)
    except OSError as error:
        runner.warning("Job summary", f"The summary could not be written ({type(error).__name__}). The rest of the step is not affected.")
