"""Pull requests by the thousand: their events as steps in this process, or as processes, with nothing of theirs fetched in bad weather."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO, TypeVar

import psycopg

from preview_db.action import step as action
from preview_db.interrupts import Interrupts
from preview_db.planning import identity
from preview_db.planning.model import Kind, Repository, Scope
from preview_db_emulator.client import SERVER_URL, Emulator, emulator, script
from preview_db_emulator.github import payloads
from preview_db_emulator.runner.runner import Run, Runner, Step
from tests.drivers.pull_request import ACTION, can_log_in, new_project

Json = dict[str, Any]

LONG = bool(os.environ.get("PREVIEW_DB_TORTURE"))
"""Whether everything is to be tried: `make torture`. `make test` tries a part of it."""

FUZZED = 200
"""Runs whose answers are spoiled at random, of each kind, in `make torture`."""

_Thing = TypeVar("_Thing")
_numbers = itertools.count(100_000)
_runs = itertools.count(5_000_000)


def some(table: Mapping[str, _Thing], *always: str, short: int = 6) -> dict[str, _Thing]:
    """All of a table in `make torture`; in `make test` those named, what was once found to fail, and enough of the rest to make `short`."""
    if LONG:
        return dict(table)
    rest = [name for name in table if name not in always]
    more = max(0, short - len(always))
    return {name: table[name] for name in (*always, *(rest[:: max(1, len(rest) // more)][:more] if more else ()))}


def step(environ: Mapping[str, str], log: TextIO) -> int:
    """The action's own entry point, as a process would have it."""
    return action.run(environ, log, interrupts=Interrupts())


@dataclasses.dataclass
class World:
    """One project, and the workflow of the emulated repository."""

    emulator: Emulator
    root: Path
    project: str
    where: Json
    inputs: dict[str, str] = dataclasses.field(default_factory=dict)
    environ: dict[str, str] = dataclasses.field(default_factory=dict)
    debug: bool = False
    run: Callable[[Mapping[str, str], TextIO], int] = step

    @classmethod
    def new(cls, running: Emulator, root: Path, **changes: Any) -> World:
        """A project of its own. Not to be made in bad weather."""
        return cls(running, root, new_project(running), running.where(), **changes)

    @property
    def repository(self) -> Repository:
        return Repository(self.emulator.addresses["repository_id"], self.emulator.repository)

    def pull(self) -> Pull:
        return Pull(self, next(_numbers))

    def databases(self) -> list[Json]:
        """What exists in the project beside its default database, oldest first."""
        return [one for one in self.emulator.databases() if one["project"]["id"] == self.project]

    def sweep(self, **inputs: str) -> Run:
        return self.within("schedule", payloads.schedule_event(schedule="0 3 * * *", repository=self.where["repository"]), inputs)

    def within(self, event: str, payload: Json, inputs: Mapping[str, str] = {}, *, run_id: int | None = None, attempt: int = 1) -> Run:
        """A step in this process. What it leaves on the disk is read and removed."""
        run_id = run_id or next(_runs)
        with self._runner(run_id, attempt) as runner:
            return runner.call(self.run, **self._options(event, payload, inputs, run_id, attempt))

    def start(
        self,
        event: str,
        payload: Json,
        inputs: Mapping[str, str] = {},
        *,
        command: str = "preview-db-action",
        state: Mapping[str, str] = {},
    ) -> Step:
        """The same as a process, under way."""
        run_id = next(_runs)
        options = self._options(event, payload, inputs, run_id, 1)
        return self._new_runner(run_id, 1).start([script(command)], state=state, **options)

    def _options(self, event: str, payload: Json, inputs: Mapping[str, str], run_id: int, attempt: int) -> Any:
        addresses = self.emulator.addresses
        return {
            "event": event,
            "payload": payload,
            "run_id": run_id,
            "attempt": attempt,
            "inputs": {"service_token": addresses["service_token"], "project": self.project, **self.inputs, **inputs},
            "env": {"PRISMA_MANAGEMENT_API_URL": addresses["management_api_url"], **self.environ},
        }

    @contextlib.contextmanager
    def _runner(self, run_id: int, attempt: int) -> Iterator[Runner]:
        runner = self._new_runner(run_id, attempt)
        try:
            yield runner
        finally:
            shutil.rmtree(runner.root, ignore_errors=True)

    def _new_runner(self, run_id: int, attempt: int) -> Runner:
        addresses = self.emulator.addresses
        return Runner(
            root=self.root / f"{run_id}-{attempt}-{next(_runs)}",
            api_url=str(self.environ.get("GITHUB_API_URL") or addresses["github_api_url"]),
            server_url=SERVER_URL,
            token=addresses["github_token"],
            secrets=(addresses["service_token"],),
            action=ACTION,
            debug=self.debug,
        )


@dataclasses.dataclass
class Pull:
    """One pull request."""

    world: World
    number: int
    inputs: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def scope(self) -> Scope:
        return Scope(self.world.repository, Kind.PULL_REQUEST, str(self.number))

    def databases(self) -> list[Json]:
        """What bears its tag, oldest first."""
        tag = identity.tag(self.scope)
        return [one for one in self.world.databases() if (one["logicalId"] or one["name"]).endswith(tag)]

    def comments(self) -> list[Json]:
        return self.world.emulator.comments(self.number)

    def event(self, action: str, **fields: object) -> Json:
        """The payload of an event on the pull request as it is after changing `fields`."""
        noun = self.world.emulator.control("PUT", f"github/pulls/{self.number}", fields)
        repository = self.world.where["repository"]
        own = noun.pop("head_repo") == repository["full_name"]
        shown = payloads.pull_request(
            repository=repository,
            base_sha=noun["head_sha"],
            head_repository=repository if own else None,
            **{**noun, "user": self.world.where["sender"]},
        )
        extra = {"before": "0" * 40, "after": noun["head_sha"]} if action == "synchronize" else {}
        return payloads.pull_request_event(action=action, pull_request=shown, **self.world.where, **extra)

    def opened(self, **inputs: str) -> Run:
        return self.happens("opened", {"state": "open"}, **inputs)

    def pushed(self, **inputs: str) -> Run:
        return self.happens("synchronize", {}, **inputs)

    def closed(self, **inputs: str) -> Run:
        return self.happens("closed", {"state": "closed"}, **inputs)

    def happens(self, action: str, fields: Json, **inputs: str) -> Run:
        return self.world.within("pull_request", self.event(action, **fields), {**self.inputs, **inputs})

    def starts(self, action: str, fields: Json, **inputs: str) -> Step:
        return self.world.start("pull_request", self.event(action, **fields), {**self.inputs, **inputs})


class Broken(AssertionError):
    """A claim does not hold; with what is needed to look into it."""


def hold(claim: bool, what: str, run: Run | None = None) -> None:
    if not claim:
        said = "\n".join(run.log) + run.raw_stderr if run else ""
        raise Broken(f"{what}\n{said}")


def check_manners(run: Run) -> None:
    """What holds of every run, however it ends: 0 or 1, no traceback, and if 1, a person is told what, why and what to do."""
    spoken = run.raw_stdout + run.raw_stderr
    hold(run.exit_code in (0, 1), f"the exit code is 0 or 1, not {run.exit_code}", run)
    hold("Traceback" not in spoken and "Internal error" not in spoken, "no traceback", run)
    hold(not run.refusals, f"the runner understands every file command: {run.refusals}", run)
    errors = [one for one in run.annotations if one.level == "error"]
    hold(len(errors) == run.exit_code, f"one error if it failed, none if not: {errors}", run)
    if run.exit_code:
        hold(
            ("Likely cause" in run.raw_summary and "What to do" in run.raw_summary) or "preview-db: sweep" in run.raw_summary,
            "the summary says why",
            run,
        )
        hold(
            not run.outputs.get("database_url") or "was stopped by" in errors[0].message, "nothing is handed out by a run that failed", run
        )


def check_promise(pull: Pull, run: Run) -> None:
    """What a run that says it succeeded has brought about."""
    check_manners(run)
    if run.exit_code:
        return
    outcome, left = run.outputs.get("outcome"), pull.databases()
    if outcome in ("created", "reused", "reset", "connected"):
        hold(len(left) == 1, f"exactly one database after {outcome!r}: {[one['id'] for one in left]}", run)
        hold(run.outputs["database_id"] == left[0]["id"], "the one that exists is the one handed out", run)
        hold(can_log_in(run.outputs["database_url"]), "one can log in with the string", run)
    elif outcome in ("deleted", "absent"):
        hold(left == [], f"nothing is left after {outcome!r}", run)
    else:
        hold(False, f"an outcome that was expected, not {outcome!r}", run)


@contextlib.contextmanager
def emulators(count: int, *flags: str) -> Iterator[list[Emulator]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(emulator(*flags)) for _ in range(count)]


def rows(url: str, statement: str) -> list[Any]:
    with psycopg.connect(url, connect_timeout=10) as connection:
        return connection.execute(statement).fetchall()
