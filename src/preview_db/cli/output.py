"""What came of a command, told: a table to people, JSON to programs, and secrets only where they were asked for."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Sequence
from datetime import datetime

from pydantic import SecretStr

from ..planning.model import Endpoint
from ..planning.organisation import OrganisationSweep
from ..planning.outcome import Listing, RunResult
from ..planning.stale import Sweep
from ..report import organisation as organisation_report
from . import listing, tables
from .console import Terminal


@dataclasses.dataclass(frozen=True, slots=True)
class Output:
    """Tells them on standard output.

    Attributes:
        endpoint: which connection string is meant.
        export: lines for a shell, and nothing else.
        show_secrets: whether connection strings are shown at all.
    """

    terminal: Terminal
    endpoint: Endpoint
    as_json: bool = False
    export: bool = False
    show_secrets: bool = False

    def result(self, result: RunResult) -> None:
        """What came of one preview, or would."""
        plan, reason = result.outcome.plan, result.outcome.reason
        for warning in result.outcome.warnings:
            self.terminal.warning("preview-db", warning)
        if self.as_json:
            content = tables.outcome_json(result, self.endpoint, reveal=self.show_secrets)
            self.terminal.json(content, reveal=self.show_secrets)
        elif self.export:
            for variable, string in self.variables(result).items():
                self.terminal.reveal(f"export {variable}={shlex.quote(string.get_secret_value())}")
        elif plan is None:
            self._facts(result)
        elif plan.steps:
            self.terminal.line(f"{reason[:1].upper()}{reason[1:]}:")
            self.terminal.table(tables.PLAN_COLUMNS, tables.plan_rows(plan))
        else:
            self.terminal.line("Nothing would be done.")

    def _facts(self, result: RunResult) -> None:
        self.terminal.table((), tables.facts(result, self.endpoint))
        if (schema := result.outcome.contents.schema) is not None:
            for line in (*(f"! {clause}" for clause in schema.destructive), *schema.lines):
                self.terminal.line(line)
        for credential in result.credentials if self.show_secrets else ():
            self.terminal.reveal(f"{credential.name} {credential.string(self.endpoint).url.get_secret_value()}")

    def swept(self, result: RunResult, sweep: Sweep) -> None:
        """What became of every preview, or would."""
        if self.as_json:
            self.terminal.json(tables.sweep_json(result, sweep))
            return
        if rows := tables.sweep_rows(sweep):
            self.terminal.table(tables.SWEEP_COLUMNS, rows)
        self.terminal.line(tables.sweep_line(sweep))

    def organisation(self, sweep: OrganisationSweep) -> None:
        """What became of the previews of many repositories, or would: a line a repository and project."""
        if self.as_json:
            self.terminal.json(organisation_report.as_json(sweep))
            return
        self._organisation_table(sweep, aside=False)
        for doubt in sweep.doubts:
            self.terminal.warning("In doubt, and untouched", f"{doubt.about}: {doubt.why}")
        self.terminal.line(tables.organisation_line(sweep))

    def confirm_organisation(self, sweep: OrganisationSweep) -> None:
        """Shows what a sweep of many would delete, and asks; where it would delete nothing, nothing is asked."""
        if question := tables.question(sweep):
            self._organisation_table(sweep, aside=True)
            self.terminal.confirm(question)

    def _organisation_table(self, sweep: OrganisationSweep, *, aside: bool) -> None:
        if sweep.parts:
            rows = [organisation_report.row(part, sweep) for part in organisation_report.in_order(sweep.parts)]
            self.terminal.table(organisation_report.columns(sweep), rows, aside=aside)
        if sweep.unlisted and not aside:
            self.terminal.table(tables.UNLISTED_COLUMNS, tables.unlisted_rows(sweep))

    def listed(self, found: Listing, entries: Sequence[listing.Entry], now: datetime) -> None:
        if self.as_json:
            previews = [listing.as_json(entry) for entry in entries]
            self.terminal.json({"project_id": found.project.id, "previews": previews, "others": dict(found.others)})
        elif entries:
            self.terminal.table(*listing.table(entries, now))
        else:
            self.terminal.line(f"No previews in the project {found.project.name}.")

    def variables(self, result: RunResult) -> dict[str, SecretStr]:
        """The connection strings by the variables they are for."""
        strings = {credential.name: credential.string(self.endpoint).url for credential in result.credentials}
        return {variable: strings[name] for variable, name in result.variables.items() if name in strings}
