"""What each command of the terminal does between its options and its answer: the doing itself is the engine's, as in the action."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from pydantic import SecretStr

from ..engine.run import Engine
from ..errors import InvalidInput, NoPreview, NotFound
from ..interrupts import Interrupts
from ..planning import decide
from ..planning.decide import Decision, EventState, Task
from ..planning.events import Event
from ..planning.model import Action
from ..planning.outcome import Outcome, OutcomeKind, RunResult
from ..planning.settings import Inputs
from ..report import preview as preview_report
from ..report import sweep as sweep_report
from ..services.dotenv import file as env_file
from ..services.github.repository import GitHubFailed, GitHubRepository
from . import ci, listing, tables
from .ci import CannotDetermine
from .console import Terminal
from .output import Output
from .target import Target, with_token

_EVENT = Event(name="the terminal")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A command line.

    Attributes:
        inputs: the options that are inputs of the action, by those names.
        everything: whether it is about the whole repository.
    """

    command: str
    inputs: Mapping[str, str]
    repo: str | None = None
    repo_id: int | None = None
    as_json: bool = False
    yes: bool = False
    comment: bool = False
    export: bool = False
    env_file: str | None = None
    show_secrets: bool = False
    everything: bool = False

    @property
    def hands_over(self) -> bool:
        """Whether a credential goes anywhere. One that nobody would see is not made."""
        return self.export or self.show_secrets or self.env_file is not None


def run(asked: Asked, environ: Mapping[str, str], terminal: Terminal, interrupts: Interrupts) -> int:
    """Runs the command. The exit code is 0, or 1 if a check of the doctor's failed; of all else that fails an exception tells.

    Raises:
        PreviewError: see the failure policy.
    """
    github_token = environ.get("GH_TOKEN") or environ.get("GITHUB_TOKEN") or ""
    for secret in (environ.get("PRISMA_SERVICE_TOKEN", ""), github_token):
        terminal.mask(SecretStr(secret))
    # Not the surroundings' INPUT_*: those are another program's, or of a step this is run by.
    own = {name: value for name, value in environ.items() if not name.upper().startswith("INPUT_")}
    given = {f"INPUT_{name.upper()}": value for name, value in asked.inputs.items()}
    inputs = Inputs.read(own | given | {"INPUT_GITHUB_TOKEN": github_token})
    target = Target(inputs, environ, ci.detect(environ, Path.cwd()), terminal, asked.repo, asked.repo_id)
    if asked.command == "doctor":
        from .doctor import consult  # here, since no other command needs it

        return consult(target, terminal, as_json=asked.as_json)
    with_token(inputs)
    if (asked.export or asked.env_file) and not all(one.variable for one in inputs.connections):
        raise InvalidInput(
            "A connection does not say which variable it goes to.",
            cause="What is exported or written to a file is a variable.",
            remedy="Give --connection app=DATABASE_URL.",
            named="connections",
            problem="takes NAME=VARIABLE where it is exported or written to a file",
        )
    output = Output(terminal, inputs.endpoint, as_json=asked.as_json, export=asked.export, show_secrets=asked.show_secrets)
    command = Command(asked, inputs, target, output, terminal, interrupts)
    {"list": command.list, "sweep": command.sweep, "plan": command.plan}.get(asked.command, command.settle)()
    return 0


@dataclasses.dataclass(slots=True)
class Command:
    """One command, on its way."""

    asked: Asked
    inputs: Inputs
    target: Target
    output: Output
    terminal: Terminal
    interrupts: Interrupts

    def settle(self) -> None:
        """``create``, ``connect``, ``reset``, ``delete``: one preview, made what was asked."""
        asked = self.asked
        self.inputs = self.target.about()
        decision = decide.decide(self.inputs, _EVENT, self.target.repository, EventState())
        path = asked.env_file if not self.inputs.only_plans else None
        workspace, path = ci.placed(path, Path.cwd(), self.target.around.top) if path else (Path(), "")
        if path:
            env_file.check(path, workspace=workspace)
        if not asked.hands_over and decision.task is Task.CONNECT:
            decision = dataclasses.replace(decision, task=Task.STATUS)
        if not asked.hands_over and decision.task is Task.ENSURE:
            self.inputs = self.inputs.model_copy(update={"connections": ()})
        if decision.task in (Task.REMOVE, Task.RESET):
            self._confirm(decision)
        try:
            result = self._run(decision)
        except NoPreview as error:
            raise _no_preview(error.what) from None
        if decision.task is Task.STATUS and result.outcome.kind is OutcomeKind.ABSENT:
            raise _no_preview(f"There is no preview of {result.outcome.scope}.")
        self.output.result(result)
        if decision.task is Task.STATUS:
            self.terminal.notice("No credential was made", "say where it is to go, with --export, --env-file or --show-secrets")
        if path and result.credentials:
            for warning in env_file.write(path, self.output.variables(result), workspace=workspace):
                self.terminal.warning("--env-file", warning)
            self.terminal.info(f"Wrote {', '.join(result.variables)} to {asked.env_file}")
        if asked.comment:
            self._comment(result.outcome)

    def plan(self) -> None:
        """What would be done for one pull request or branch, or for the whole repository."""
        if self.asked.everything:
            self.sweep()
            return
        self.inputs = inputs = self.target.about()
        github = self._github("A plan depends on whether the pull request or branch is still there.")
        seen = EventState(
            pull_request=github.pull_request(inputs.pr) if inputs.pr else None,
            branch_exists=github.branch_exists(inputs.branch) if inputs.branch else None,
        )
        if inputs.pr and seen.pull_request is None:
            raise NotFound(
                f"There is no pull request #{inputs.pr} in {self.target.full_name}.",
                cause="It has another number, or is another repository's.",
                remedy="Correct --pr or --repo.",
            )
        self.output.result(self._run(decide.decide(inputs, _EVENT, self.target.repository, seen)))

    def sweep(self) -> None:
        """The whole repository, looked at and asked about before anything goes."""
        self._github("A sweep has to read which pull requests are open, and deletes nothing without knowing that.")
        decision = Decision(Task.SWEEP, "a sweep was asked for")
        self._confirm(decision)
        result = self._run(decision)
        if result.sweep is None:
            raise AssertionError("a sweep has a sweep for its result")
        self.output.swept(result, result.sweep)
        for outcome in sweep_report.deletions(result.sweep) if self.asked.comment else ():
            self._comment(outcome)
        if result.failure is not None:
            raise result.failure

    def list(self) -> None:
        """Every preview there is and, where GitHub can be asked, what a sweep would say of it."""
        verdicts, pull_requests, github = None, [], self.target.github
        engine = self._engine(dry_run=True)
        with self.terminal.quietly(), self._working():
            found = engine.listing()
            if github is not None and found.previews:
                sweep = engine.run(Decision(Task.SWEEP, "it is only listed")).sweep
                verdicts = [one.verdict for one in sweep.swept] if sweep else None
                pull_requests = github.open_pull_requests()
        self.output.listed(found, listing.entries(found.previews, verdicts, pull_requests), datetime.now(UTC))
        if github is None and found.previews:
            self.terminal.notice("GitHub was not asked", "with GH_TOKEN or GITHUB_TOKEN set, this says which pull requests are open")

    def _confirm(self, decision: Decision) -> None:
        """Shows what would go, and asks. Where nothing would, there is nothing to ask; what is done is judged anew by the run itself."""
        if self.asked.yes or self.inputs.only_plans:
            return
        self.terminal.check_somebody_is_there()
        with self.terminal.quietly():
            planned = self._run(decision, dry_run=True)
        if planned.sweep is not None:
            if question := tables.question(planned.sweep):
                self.terminal.table(tables.SWEEP_COLUMNS, tables.sweep_rows(planned.sweep), aside=True)
                self.terminal.confirm(question)
        elif planned.outcome.plan is not None and planned.outcome.plan.of(Action.DELETE):
            self.terminal.table(tables.PLAN_COLUMNS, tables.plan_rows(planned.outcome.plan), aside=True)
            self.terminal.confirm("Do this? What is deleted is gone with its data")

    def _run(self, decision: Decision, *, dry_run: bool = False) -> RunResult:
        engine, is_answer = self._engine(dry_run=dry_run), self.inputs.only_plans and decision.task is not Task.SWEEP
        with self.terminal.quietly() if is_answer else contextlib.nullcontext(), self._working():
            return engine.run(decision)

    def _engine(self, *, dry_run: bool) -> Engine:
        inputs = self.inputs.model_copy(update={"dry_run": True}) if dry_run else self.inputs
        # Digits-digits, as a run of a workflow has it: so the plan's rule for superseded credentials holds among both.
        suffix = f"{int(time.time())}-1"
        return Engine(inputs, self.target.repository, self.target.github, self.terminal, self.interrupts, suffix)

    @contextlib.contextmanager
    def _working(self) -> Iterator[None]:
        try:
            with self.terminal.working("Working; Ctrl-C stops at the end of a step"):
                yield
        except InvalidInput as error:
            if self.inputs.project is not None:
                raise
            remedy = "Give --project with the id or name of one of them, or set PRISMA_PROJECT_ID."
            raise CannotDetermine("Nothing says which project.", cause=error.cause, remedy=remedy) from None

    def _comment(self, outcome: Outcome) -> None:
        """The one comment on the pull request, as the token's owner. That it fails is worth a warning."""
        scope, mode = outcome.scope, preview_report.comment_mode(outcome)
        if scope is None or mode is None:
            return
        body = self.terminal.scrub(preview_report.comment(outcome, preview_report.Facts()))
        try:
            github = self._github("The comment is written with it.")
            came = github.tell(int(scope.ref), marker=preview_report.marker(scope), body=body, only_edit=mode == "edit")
            self.terminal.info(f"Comment on {scope}: {came}")
        except (CannotDetermine, GitHubFailed) as error:
            self.terminal.warning(error.title, str(error))

    def _github(self, why: str) -> GitHubRepository:
        if self.target.github is None:
            raise CannotDetermine(
                "There is no GitHub token.",
                cause=f"{why} Neither GH_TOKEN nor GITHUB_TOKEN is set.",
                remedy="Set one; with GitHub's own command line: export GH_TOKEN=$(gh auth token).",
            )
        return self.target.github


def _no_preview(what: str) -> NoPreview:
    return NoPreview(
        what, cause="It was not created yet, or was deleted; 'connect' never creates one.", remedy="Create it: preview-db create"
    )
