"""A repository's workflow as tests drive it: each run is a step with the runner's environment, as a process or as a call in this one."""

from __future__ import annotations

import functools
import itertools
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TextIO

import httpx
import psycopg

from preview_db.action import run as action
from preview_db.interrupts import Interrupts
from preview_db.planning import identity
from preview_db.planning.model import Kind, Repository, Scope
from preview_db_emulator.client import AUTHOR, SERVER_URL, Emulator, script
from preview_db_emulator.github import payloads
from preview_db_emulator.runner.runner import Run, Runner, Step

from . import IMAGE, MEASURED, PACE, plain_http

Json = dict[str, Any]

ACTION = Path(__file__).parents[2] / "action.yml"
_numbers = itertools.count(1)
_runs = itertools.count(1000)


def call(environ: Mapping[str, str], log: TextIO) -> int:
    """The action's own entry point, as a process would have it."""
    return action.run(environ, log, interrupts=Interrupts())


def installed_here(name: str) -> list[str]:
    """A console script of the environment that runs this."""
    return [script(name)]


@dataclass
class Workflow:
    """The workflow of the emulated repository, and the project its databases are made in."""

    emulator: Emulator
    root: Path
    project: str
    where: Json
    """The repository and the sender, as payloads name them. Read once, so that events can be made in bad weather."""
    inputs: dict[str, str] = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=dict)
    shared: Path | None = None
    """One job's folders for all steps; each step is a job of its own without it."""
    debug: bool = False
    in_process: bool = True
    """Whether runs are calls in this process; `step` always starts one."""
    entry: Callable[[Mapping[str, str], TextIO], int] = call
    command: Callable[[str], list[str]] = installed_here
    """What starts a console script."""

    @classmethod
    def new(cls, running: Emulator, root: Path, **changes: Any) -> Self:
        """With a project of its own. Not to be made in bad weather."""
        return cls(running, root, new_project(running), running.where(), **changes)

    @property
    def repository(self) -> Repository:
        return Repository(self.emulator.addresses["repository_id"], self.emulator.repository)

    def pull(self) -> PullRequest:
        """A new pull request."""
        return PullRequest(self, next(_numbers))

    def databases(self) -> list[Json]:
        """What exists in the project beside its default database, oldest first."""
        return [database for database in self.emulator.databases() if database["project"]["id"] == self.project]

    def seed(self, *scopes: Scope, days: float = 1, **fields: object) -> list[Json]:
        """Databases on paper, as earlier runs would have left them."""
        created = time.time() - days * 86400
        names = [identity.name(scope) for scope in scopes]
        rows = [{"name": name, "logicalId": name, "project": self.project, "createdAt": created, **fields} for name in names]
        return list(self.emulator.control("POST", "databases", rows))

    def sweep(self, **inputs: str) -> Run:
        """A run of the scheduled workflow."""
        return self.runs(*self._scheduled(), inputs, timeout=300)

    def sweeping(self, inputs: Mapping[str, str] = {}) -> Step:
        """The same as a process, under way."""
        return self.step(*self._scheduled(), inputs)

    def runs(
        self,
        event: str,
        payload: Json,
        inputs: Mapping[str, str] = {},
        *,
        timeout: float = 120,
        run_id: int | None = None,
        attempt: int = 1,
    ) -> Run:
        """A run of the workflow that an event started, to its end."""
        if self.in_process:
            return self.within(event, payload, inputs, run_id=run_id, attempt=attempt)
        return self.step(event, payload, inputs, run_id=run_id, attempt=attempt).finish(timeout=timeout)

    def within(self, event: str, payload: Json, inputs: Mapping[str, str] = {}, *, run_id: int | None = None, attempt: int = 1) -> Run:
        """A step in this process. What it leaves on the disk is read and removed."""
        run_id = run_id or next(_runs)
        runner = self._runner(run_id, attempt)
        try:
            return runner.call(self.entry, **self._options(event, payload, inputs, run_id, attempt))
        finally:
            shutil.rmtree(runner.root, ignore_errors=True)

    def step(
        self,
        event: str,
        payload: Json,
        inputs: Mapping[str, str] | None = None,
        *,
        run_id: int | None = None,
        attempt: int = 1,
        command: str = "preview-db-action",
        state: Mapping[str, str] = {},
    ) -> Step:
        """A step as a process, under way."""
        run_id = run_id or next(_runs)
        options = self._options(event, payload, inputs or {}, run_id, attempt)
        return self._runner(run_id, attempt).start(self.command(command), state=state, **options)

    def api(self, method: str, path: str, content: object = None) -> httpx.Response:
        """The Management API as somebody else's program sees it."""
        return api(self.emulator, method, path, content)

    def _scheduled(self) -> tuple[str, Json]:
        return "schedule", payloads.schedule_event(schedule="0 3 * * *", repository=self.where["repository"])

    def _options(self, event: str, payload: Json, inputs: Mapping[str, str], run_id: int, attempt: int) -> Any:
        addresses = self.emulator.addresses
        return {
            "event": event,
            "payload": payload,
            "run_id": run_id,
            "attempt": attempt,
            "inputs": {"service_token": addresses["service_token"], "project": self.project, **self.inputs, **inputs},
            "env": {"PRISMA_MANAGEMENT_API_URL": addresses["management_api_url"], **PACE, **MEASURED, **IMAGE, **self.environ},
        }

    def _runner(self, run_id: int, attempt: int) -> Runner:
        addresses = self.emulator.addresses
        return Runner(
            root=self.shared or self.root / f"{run_id}-{attempt}-{next(_runs)}",
            api_url=str(self.environ.get("GITHUB_API_URL") or addresses["github_api_url"]),
            server_url=SERVER_URL,
            token=addresses["github_token"],
            secrets=(addresses["service_token"],),
            action=ACTION,
            debug=self.debug,
        )


@dataclass
class PullRequest:
    """One pull request, and the runs that its events start."""

    workflow: Workflow
    number: int

    @property
    def scope(self) -> Scope:
        return Scope(self.workflow.repository, Kind.PULL_REQUEST, str(self.number))

    def databases(self) -> list[Json]:
        """What bears its tag, oldest first."""
        tag = identity.tag(self.scope)
        return [database for database in self.workflow.databases() if (database["logicalId"] or database["name"]).endswith(tag)]

    def comments(self) -> list[Json]:
        return self.workflow.emulator.comments(self.number)

    def event(self, action: str, **fields: object) -> Json:
        """The payload of an event on the pull request as it is after changing `fields`."""
        row = self.workflow.emulator.control("PUT", f"github/pulls/{self.number}", fields)
        repository = self.workflow.where["repository"]
        own = row.pop("head_repo") == repository["full_name"]
        user = self._user(row.pop("user"))
        shown = payloads.pull_request(
            repository=repository, base_sha=row["head_sha"], head_repository=repository if own else None, user=user, **row
        )
        extra = {"before": "0" * 39 + "1", "after": row["head_sha"]} if action == "synchronize" else {}
        return payloads.pull_request_event(action=action, pull_request=shown, repository=repository, sender=user, **extra)

    def opened(self, **inputs: str) -> Run:
        return self.happens("opened", {"state": "open"}, **inputs)

    def pushed(self, **inputs: str) -> Run:
        return self.happens("synchronize", {}, **inputs)

    def closed(self, *, merged: bool = False, **inputs: str) -> Run:
        return self.happens("closed", {"state": "closed", "merged": merged}, **inputs)

    def happens(self, action: str, fields: Mapping[str, Any], **inputs: str) -> Run:
        """The run that an event started, to its end."""
        return self.workflow.runs("pull_request", self.event(action, **fields), inputs)

    def starts(self, action: str, fields: Mapping[str, Any], **inputs: str) -> Step:
        """The same as a process, under way."""
        return self.workflow.step("pull_request", self.event(action, **fields), inputs)

    def post(self, run: Run, **inputs: str) -> Run:
        """The end of the job that `run` was a step of."""
        return self.workflow.step("pull_request", self.event("synchronize"), inputs, command="preview-db-post", state=run.state).finish()

    def _user(self, login: str) -> Json:
        sender: Json = self.workflow.where["sender"]
        return sender if login == AUTHOR else self.workflow.emulator.where(login)["sender"]


def api(running: Emulator, method: str, path: str, content: object = None) -> httpx.Response:
    """The Management API as somebody else's program sees it."""
    return _client().request(
        method,
        f"{running.addresses['management_api_url']}{path}",
        json=content,
        headers={"Authorization": f"Bearer {running.addresses['service_token']}"},
    )


@functools.cache
def _client() -> httpx.Client:
    return plain_http.client()


def new_project(running: Emulator, name: str = "web", **fields: object) -> str:
    """With a default database, which PostgreSQL knows of once somebody connects: most tests only want it left alone."""
    answer = api(running, "POST", "/v1/projects", {"name": name, "region": "eu-central-1", "createDatabase": False, **fields})
    answer.raise_for_status()
    project = str(answer.json()["data"]["id"])
    running.control("POST", "databases", [{"name": name, "project": project, "isDefault": True, "connections": [{"name": "default"}]}])
    return project


def until(condition: Callable[[], object], *, seconds: float = 60) -> None:
    """Waits for something another process does; fails if it does not."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"it did not come to that in {seconds:.0f} s"
        time.sleep(0.02)


def can_log_in(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=30).close()
    except psycopg.OperationalError:
        return False
    return True
