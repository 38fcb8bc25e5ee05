"""Front door 1: a step of a workflow. Wires the parts together and turns what comes of them into an exit code."""

from __future__ import annotations

import dataclasses
import os
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from pydantic import SecretStr

from . import __version__, decide, events, identity, report
from .errors import InvalidInput, Mismatch, NotFound, PreviewError, Unauthorised
from .events import Event
from .github.pulls import GitHubFailed, PullRequests
from .github.runner import Runner
from .interrupts import Interrupts
from .model import Outcome, Repository, Result, Scope, Wanted
from .prisma import lookup
from .prisma.client import ManagementApi
from .prisma.models import Credential, Project, bare
from .reconcile import Creation, Patience, Reconciler, source_of
from .settings import Inputs, Job

_SECRET_VARIABLES = (
    "INPUT_SERVICE_TOKEN", "PRISMA_SERVICE_TOKEN", "INPUT_GITHUB_TOKEN", "GITHUB_TOKEN", "INPUT_SEAL_WITH",
    "INPUT_CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
)  # fmt: skip


def main() -> None:
    """The console script ``preview-db-action``."""
    interrupts = Interrupts()
    interrupts.install()
    sys.exit(run(os.environ, sys.stdout, interrupts=interrupts))


def run(environ: Mapping[str, str], log: TextIO, *, interrupts: Interrupts) -> int:
    """Runs the step: 0 if what was asked for is so now, 1 if not."""
    runner = Runner(environ, log)
    for variable in _SECRET_VARIABLES:
        runner.mask(SecretStr(environ.get(variable, "")))
    try:
        job = Job.read(environ)
        inputs = Inputs.read(environ)
        runner.check_files()
        event = events.parse(job.event_name, _payload(job.event_path))
        Step(inputs, job, event, runner, interrupts).run()
    except PreviewError as error:
        runner.error(error.title, str(error))
        _summarise(runner, report.failure(error))
        return 1
    except Exception as error:  # noqa: BLE001 - the last line of defence: a person gets a sentence, and the traceback goes to the debug log
        for line in traceback.format_exception(error):
            runner.debug(line)
        runner.error(
            "Internal error",
            f"preview-db failed in a way it should not ({type(error).__name__}). This is a defect in preview-db. "
            "Run the job again with debug logging and report what it says; no secret is in it.",
        )
        return 1
    return 0


@dataclasses.dataclass(slots=True)
class Step:
    """One run of the step, from what was asked to what is told."""

    inputs: Inputs
    job: Job
    event: Event
    runner: Runner
    interrupts: Interrupts

    def run(self) -> None:
        repository = Repository(self.job.repository_id, self.job.repository)
        decision = decide.decide(self.inputs, self.event, repository)
        self.runner.info(f"preview-db {__version__}: {decision.reason}")
        if decision.present is None:
            self.runner.notice("Nothing to do", f"{decision.reason}. {_HOW_TO_SERVE if self.event.has_no_secrets else ''}".strip())
            self._tell(Outcome(Result.SKIPPED, decision.reason, scope=decision.scope), [], None)
            return
        if self.inputs.service_token is None:
            raise Unauthorised(
                "There is no service token.",
                cause="The input service_token is empty: the secret it is set from does not exist in this repository, or has another name.",
                remedy="Create a service token in the Prisma Console, store it as the secret PRISMA_SERVICE_TOKEN, and set "
                "service_token: ${{ secrets.PRISMA_SERVICE_TOKEN }}.",
            )
        with ManagementApi(self.inputs.management_api_url, token=self.inputs.service_token.get_secret_value()) as api:
            project = lookup.project(api, self.inputs.project)
            self.runner.info(f"Project {project.name} ({project.id}) of the workspace {project.workspace.name}")
            scope = decision.scope
            if self.inputs.database_id is not None:
                scope = self._scope_of(api, project, repository, self.inputs.database_id)
            if scope is None:
                raise LookupError(decision)
            wanted = self._wanted(decision, scope)
            if wanted.present and wanted.may_create:
                lookup.check_region(api, self.inputs.region)
            outcome, credentials = self._settle(api, project, wanted)
            self._tell(outcome, credentials, project)

    def _settle(self, api: ManagementApi, project: Project, wanted: Wanted) -> tuple[Outcome, list[Credential]]:
        """Makes it so, and reads the pull request again after creating: a fast merge can be over before the database is made."""
        reconciler = Reconciler(
            api=api,
            project=project,
            log=self.runner.info,
            secret=self._mask,
            interrupts=self.interrupts,
            creation=Creation(region=self.inputs.region, source=source_of(self.inputs.source), display_name=self.inputs.database_name),
            patience=Patience(until=self.inputs.wait, seconds=self.inputs.timeout.total_seconds(), endpoint=self.inputs.endpoint),
        )
        outcome, credentials = reconciler.settle(wanted)
        if outcome.result is Result.CREATED and not self._still_open(wanted.scope):
            reason = f"{wanted.scope} was closed while its database was being made"
            self.runner.notice("Closed meanwhile", f"{reason}; it is taken away again.")
            return reconciler.settle(dataclasses.replace(wanted, present=False, reason=reason))
        if outcome.result is Result.ABSENT and wanted.present:
            raise NotFound(
                f"There is no preview of {wanted.scope} to connect to.",
                cause="It was not created yet, was deleted, or is another repository's; 'connect' never creates one.",
                remedy="Let this job need the one that creates it ('needs:'), or use 'command: create'.",
            )
        return outcome, credentials

    def _wanted(self, decision: decide.Decision, scope: Scope) -> Wanted:
        return Wanted(
            scope=scope,
            present=bool(decision.present),
            reason=decision.reason,
            now=datetime.now(UTC),
            may_create=decision.may_create,
            connections=tuple(one.name for one in self.inputs.connections),
            mint_suffix=self.job.mint_suffix,
            grace=self.inputs.credential_grace,
        )

    def _scope_of(self, api: ManagementApi, project: Project, repository: Repository, database_id: str) -> Scope:
        """The scope of a database given by its id, if it is this repository's. Nothing else is ever returned, changed or deleted."""
        found = api.database(database_id)
        if found is None:
            raise NotFound(
                f"There is no database {database_id}.",
                cause="It was deleted since its id was put out, or the id is of another workspace.",
                remedy="Pass database_id on from the step that created it, in the same workflow run.",
            )
        database = found.noun()
        scope = None if database.is_default else identity.numbered_scope(database.identity, repository)
        if scope is None or bare(database.project_id) != bare(project.id):
            raise Mismatch(
                f"The database {database_id} is not a preview of {repository.full_name} in the project {project.name}.",
                cause="It was made by hand, by another repository, or in another project.",
                remedy="Pass the output database_id of a preview-db step, or let the pull request say which database it is.",
            )
        return scope

    def _mask(self, credential: Credential) -> None:
        for string in (credential.direct, credential.pooled):
            if string is not None:
                self.runner.mask(string.url)
                self.runner.mask(string.password)

    def _still_open(self, scope: Scope) -> bool:
        number = scope.pull_request
        if number is None or self.inputs.github_token is None:
            return True
        try:
            return self._pull_requests(self.inputs.github_token).is_open(number)
        except GitHubFailed as error:
            self.runner.warning(error.title, str(error))
            return True

    def _pull_requests(self, token: SecretStr) -> PullRequests:
        return PullRequests(api_url=self.job.api_url, token=token, repository=self.job.repository)

    def _tell(self, outcome: Outcome, credentials: list[Credential], project: Project | None) -> None:
        """Outputs first: they are what the job needs. Comment and summary come after, and fail as warnings."""
        endpoint = self.inputs.endpoint
        for name, value in report.outputs(outcome, credentials, project_id=project.id if project else "", endpoint=endpoint):
            self.runner.set_output(name, value)
        for requested, credential in zip(self.inputs.connections, credentials, strict=False):
            if requested.variable:
                self.runner.export(requested.variable, report.string_of(credential, endpoint).url)
        for warning in outcome.warnings:
            self.runner.warning("preview-db", warning)
        facts = self._facts(outcome.scope)
        self._comment(outcome, facts)
        if self.inputs.summary:
            _summarise(self.runner, report.summary(outcome, facts))
        took = sum(done.seconds for done in outcome.done)
        self.runner.info(f"{outcome.result.capitalize()}: {outcome.identity or outcome.reason} ({took:.1f} s)")

    def _comment(self, outcome: Outcome, facts: report.Facts) -> None:
        scope = outcome.scope
        if scope is None or scope.pull_request is None or not self.inputs.comment or self.inputs.github_token is None:
            return
        if outcome.result in (Result.SKIPPED, Result.CONNECTED):
            return
        try:
            came = self._pull_requests(self.inputs.github_token).tell(
                scope.pull_request,
                marker=report.marker(scope),
                body=self.runner.scrub(report.comment(outcome, facts)),
                only_edit=outcome.result in (Result.DELETED, Result.ABSENT),
            )
            self.runner.info(f"Comment on {scope}: {came}")
        except GitHubFailed as error:
            self.runner.warning(error.title, str(error))

    def _facts(self, scope: Scope | None) -> report.Facts:
        pull_request = self.event.pull_request
        if pull_request is None or scope is None or str(pull_request.number) != scope.ref:
            return report.Facts()
        return report.Facts(commit=pull_request.head.sha, at=pull_request.closed_at or pull_request.updated_at)


_HOW_TO_SERVE = (
    "To serve such pull requests, run the step in a job of a workflow on: pull_request_target that checks nothing of the pull request out."
)


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
