"""What the commands share: what was asked, runs of the engine, the question before a deletion, the comment."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from pydantic import SecretStr

from ...engine.run import Engine
from ...errors import InvalidInput, NotFound
from ...interrupts import Interrupts
from ...planning.contents import NO_SCRIPTS, Scripts
from ...planning.decision import Decision, Task
from ...planning.events import Event
from ...planning.lookups import EventState
from ...planning.outcome import Outcome, OutcomeKind, RunResult
from ...planning.settings import Inputs
from ...planning.steps import Action
from ...report import preview as preview_report
from ...services import sql_files
from ...services.github.errors import GitHubFailed
from ...services.github.repository import GitHubRepository
from .. import ci, tables
from ..ci import CannotDetermine, Detected
from ..console import Terminal
from ..output import Output
from ..target import Target

EVENT = Event(name="the terminal")

_OF_MANY = ("list", "sweep")


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


@dataclasses.dataclass(frozen=True, slots=True)
class Session:
    """One command, on its way."""

    asked: Asked
    inputs: Inputs
    target: Target
    output: Output
    terminal: Terminal
    interrupts: Interrupts
    scripts: Scripts = NO_SCRIPTS

    @classmethod
    def begin(cls, asked: Asked, environ: Mapping[str, str], terminal: Terminal, interrupts: Interrupts) -> Session:
        """Reads what was asked and where this is. From here on no token is shown.

        Raises:
            InvalidInput: an option makes no sense.
        """
        github_token = environ.get("GH_TOKEN") or environ.get("GITHUB_TOKEN") or ""
        for secret in (environ.get("PRISMA_SERVICE_TOKEN", ""), environ.get("CLOUDFLARE_API_TOKEN", ""), github_token):
            terminal.mask(SecretStr(secret))
        # Not the surroundings' INPUT_*: those are another program's, or of a step this is run by.
        own = {name: value for name, value in environ.items() if not name.upper().startswith("INPUT_")}
        given = {f"INPUT_{name.upper()}": value for name, value in asked.inputs.items()}
        around = ci.detect(environ, Path.cwd())
        if asked.everything and asked.command in _OF_MANY:
            if "INPUT_REPOSITORIES" not in given:
                given["INPUT_REPOSITORIES"] = f"{_owner(asked, around)}/*"
            if not environ.get("PRISMA_PROJECT_ID"):
                given = {"INPUT_PROJECT": "*"} | given
        inputs = Inputs.read(own | given | {"INPUT_GITHUB_TOKEN": github_token})
        target = Target(inputs, environ, around, terminal, asked.repo, asked.repo_id)
        output = Output(terminal, inputs.endpoint, as_json=asked.as_json, export=asked.export, show_secrets=asked.show_secrets)
        return cls(asked, inputs, target, output, terminal, interrupts)

    def with_inputs(self, inputs: Inputs) -> Session:
        return dataclasses.replace(self, inputs=inputs)

    def run(self, decision: Decision, *, dry_run: bool = False) -> RunResult:
        """Has the engine do what was decided, or say what it would do."""
        quiet = self.terminal.quietly(warns=decision.task is Task.SWEEP) if self.inputs.only_plans else contextlib.nullcontext()
        with quiet, self.working():
            return self.engine(dry_run=dry_run).run(decision)

    def engine(self, *, dry_run: bool = False) -> Engine:
        inputs = self.inputs.model_copy(update={"dry_run": True}) if dry_run else self.inputs
        # Digits-digits, as a run of a workflow has it: so the plan's rule for superseded credentials holds among both.
        suffix = f"{int(time.time())}-1"
        repository, github = self.target.repository, self.target.github
        return Engine(inputs, repository, github, self.terminal, self.interrupts, suffix, scripts=self.scripts)

    def without_credentials(self, result: RunResult) -> RunResult:
        """The same once its credentials are revoked: they were for what the command does, and nobody sees them."""
        if result.credentials:
            self.engine().revoke(result.credentials)
        return result._replace(credentials=(), variables={})

    def with_scripts(self) -> Session:
        """With the files that the options name, which are relative to the current folder and in the checkout.

        Raises:
            InvalidInput: one is not there, or will not do.
        """
        here = Path.cwd().resolve()
        top = Path(self.target.around.top or here).resolve()
        paths = {name: getattr(self.inputs, name) for name in ("migrations", "seed", "anonymize")}
        placed = {name: os.path.relpath(here / path, top) for name, path in paths.items() if path}
        return dataclasses.replace(self, scripts=sql_files.read(self.inputs.model_copy(update=placed), workspace=top))

    @contextlib.contextmanager
    def working(self) -> Iterator[Callable[[str], None]]:
        """Shows that something is going on, and takes how far. A project that can't be told is told in the terminal's words."""
        try:
            with self.terminal.working("Working; Ctrl-C stops at the end of a step") as tell:
                yield tell
        except InvalidInput as error:
            if self.inputs.project is not None:
                raise
            remedy = "Give --project with the id or name of one of them, or set PRISMA_PROJECT_ID."
            what = f"Nothing says which project. {error.problem}"
            raise CannotDetermine(what, cause="Neither --project nor PRISMA_PROJECT_ID is given.", remedy=remedy) from None

    def confirm(self, decision: Decision) -> None:
        """Shows what would be deleted, and asks. Where nothing would, nothing is asked; the run itself judges again what it does.

        Raises:
            NotConfirmed: nobody said yes.
        """
        if self.asked.yes or self.inputs.only_plans:
            return
        self.terminal.check_somebody_is_there()
        with self.terminal.quietly():
            planned = self.run(decision, dry_run=True)
        if planned.sweep is not None:
            if question := tables.question(planned.sweep):
                self.terminal.table(tables.SWEEP_COLUMNS, tables.sweep_rows(planned.sweep), aside=True)
                self.terminal.confirm(question)
        elif planned.outcome.plan is not None and planned.outcome.plan.of(Action.DELETE, Action.DELETE_CONFIGURATION):
            self.terminal.table(tables.PLAN_COLUMNS, tables.plan_rows(planned.outcome.plan), aside=True)
            self.terminal.confirm("Do this? What is deleted is gone with its data")

    def look(self) -> EventState:
        """The pull request or branch that the inputs say, as GitHub has it now.

        Raises:
            CannotDetermine: there is no token to ask it with.
            NotFound: there is no such pull request. A branch may be gone.
        """
        github, number, branch = self.github("It says whether the pull request or branch is there."), self.inputs.pr, self.inputs.branch
        state = EventState(
            pull_request=github.pull_request(number) if number else None,
            branch_exists=github.branch_exists(branch) if branch else None,
            checked=True,
        )
        if number and state.pull_request is None:
            raise NotFound(
                f"There is no pull request #{number} in {self.target.full_name}.",
                cause="It has another number, or is another repository's.",
                remedy="Correct --pr or --repo.",
            )
        return state

    def comment(self, outcome: Outcome) -> None:
        """Keeps the pull request's comment true; one is written only if that was asked. That it fails is worth a warning."""
        scope, mode = outcome.scope, preview_report.comment_mode(outcome)
        if scope is None or mode is None:
            return
        if not self.asked.comment and (self.target.github is None or outcome.kind is OutcomeKind.REUSED):
            return
        body = self.terminal.scrub(preview_report.comment(outcome, preview_report.Facts()))
        only_edit = mode == "edit" or not self.asked.comment
        try:
            github = self.github("The comment is written with it.")
            came = github.tell(int(scope.ref), marker=preview_report.marker(scope), body=body, only_edit=only_edit)
        except (CannotDetermine, GitHubFailed) as error:
            self.terminal.warning(error.title, str(error))
        else:
            if came != "absent" or self.asked.comment:
                self.terminal.info(f"Comment on {scope}: {came}")

    def github(self, why: str) -> GitHubRepository:
        """The repository on GitHub.

        Args:
            why: what it takes GitHub for, as a sentence.

        Raises:
            CannotDetermine: there is no token.
        """
        if self.target.github is None:
            raise CannotDetermine(
                "There is no GitHub token.",
                cause=f"{why} Neither GH_TOKEN nor GITHUB_TOKEN is set.",
                remedy="Set one; with GitHub's own command line: export GH_TOKEN=$(gh auth token).",
            )
        return self.target.github


def _owner(asked: Asked, around: Detected) -> str:
    """Whose repositories are all that are meant. Raises :class:`CannotDetermine`."""
    full_name = asked.repo or (around.remote.full_name if around.remote else "")
    if not full_name:
        raise CannotDetermine(
            "Nothing says whose repositories.",
            cause="This is no checkout of a repository on GitHub, and neither --repositories nor --repo is given.",
            remedy="Give --repositories 'owner/*'.",
        )
    return full_name.partition("/")[0]
