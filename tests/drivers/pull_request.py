"""A pull request's life, as tests drive it: each event is a step of a workflow run, a process with the runner's environment."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg

from preview_db.planning import identity
from preview_db.planning.model import Kind, Repository, Scope
from preview_db_emulator.client import SERVER_URL, Emulator, script
from preview_db_emulator.github import payloads
from preview_db_emulator.runner.runner import Run, Runner, Step

ACTION = Path(__file__).parents[2] / "action.yml"
_numbers = itertools.count(1)
_runs = itertools.count(1000)


@dataclass
class Life:
    """A pull request, its repository's workflow, and the project its databases are made in."""

    emulator: Emulator
    root: Path
    project: str
    number: int = field(default_factory=lambda: next(_numbers))
    inputs: dict[str, str] = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=dict)
    shared: Path | None = None
    """One job's folders for all steps; each step is a job of its own without it."""

    def opened(self, **inputs: str) -> Run:
        return self.happens("opened", {"state": "open"}, **inputs)

    def pushed(self, **inputs: str) -> Run:
        return self.happens("synchronize", {}, **inputs)

    def closed(self, *, merged: bool = False, **inputs: str) -> Run:
        return self.happens("closed", {"state": "closed", "merged": merged}, **inputs)

    def happens(self, action: str, fields: dict[str, Any], **inputs: str) -> Run:
        """The step of a workflow run that this event started."""
        return self.starts(action, fields, inputs).finish()

    def starts(self, action: str, fields: dict[str, Any], inputs: dict[str, str] | None = None) -> Step:
        """The same, under way."""
        return self.step("pull_request", self.emulator.pull_request_event(action, self.number, **fields), inputs)

    def step(
        self,
        event: str,
        payload: dict[str, Any],
        inputs: dict[str, str] | None = None,
        *,
        run_id: int | None = None,
        attempt: int = 1,
        command: str = "preview-db-action",
        state: dict[str, str] | None = None,
    ) -> Step:
        """A step of a workflow run that any event started."""
        addresses = self.emulator.addresses
        run_id = run_id or next(_runs)
        runner = Runner(
            root=self.shared or self.root / f"{run_id}-{attempt}-{next(_runs)}",
            api_url=addresses["github_api_url"],
            server_url=SERVER_URL,
            token=addresses["github_token"],
            secrets=(addresses["service_token"],),
            action=ACTION,
        )
        given = {"service_token": addresses["service_token"], "project": self.project, **self.inputs, **(inputs or {})}
        environ = {"PRISMA_MANAGEMENT_API_URL": addresses["management_api_url"], **self.environ}
        return runner.start(
            [script(command)], event=event, payload=payload, run_id=run_id, attempt=attempt, inputs=given, env=environ, state=state or {}
        )

    def post(self, run: Run, **inputs: str) -> Run:
        """The end of the job that `run` was a step of."""
        payload = self.emulator.pull_request_event("synchronize", self.number)
        return self.step("pull_request", payload, inputs, command="preview-db-post", state=run.state).finish()

    def sweep(self, **inputs: str) -> Run:
        """A run of the scheduled workflow."""
        return self.sweeping(inputs).finish(timeout=300)

    def sweeping(self, inputs: dict[str, str] | None = None) -> Step:
        repository = self.emulator.where()["repository"]
        return self.step("schedule", payloads.schedule_event(schedule="0 3 * * *", repository=repository), inputs)

    def seed(self, *scopes: Scope, days: float = 1, **fields: object) -> list[dict[str, Any]]:
        """Databases on paper, as earlier runs would have left them."""
        created = time.time() - days * 86400
        names = [identity.name(scope) for scope in scopes]
        rows = [{"name": name, "logicalId": name, "project": self.project, "createdAt": created, **fields} for name in names]
        return list(self.emulator.control("POST", "databases", rows))

    @property
    def repository(self) -> Repository:
        return Repository(self.emulator.addresses["repository_id"], self.emulator.repository)

    @property
    def scope(self) -> Scope:
        return Scope(self.repository, Kind.PULL_REQUEST, str(self.number))

    def databases(self) -> list[dict[str, Any]]:
        """What exists in the project beside its default database, oldest first."""
        return [one for one in self.emulator.databases() if one["project"]["id"] == self.project]

    def comments(self) -> list[dict[str, Any]]:
        return self.emulator.comments(self.number)

    def api(self, method: str, path: str, content: object = None) -> httpx.Response:
        """The Management API as somebody else's program sees it."""
        return httpx.request(
            method,
            f"{self.emulator.addresses['management_api_url']}{path}",
            json=content,
            headers={"Authorization": f"Bearer {self.emulator.addresses['service_token']}"},
            timeout=30,
            trust_env=False,
        )


def new_project(running: Emulator, name: str = "web", **fields: object) -> str:
    answer = httpx.post(
        f"{running.addresses['management_api_url']}/v1/projects",
        json={"name": name, "region": "eu-central-1", **fields},
        headers={"Authorization": f"Bearer {running.addresses['service_token']}"},
        timeout=30,
        trust_env=False,
    )
    answer.raise_for_status()
    return str(answer.json()["data"]["id"])


def until(condition: Callable[[], object], *, seconds: float = 60) -> None:
    """Waits for something another process does; fails if it does not."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"it did not come to that in {seconds:.0f} s"
        time.sleep(0.02)


def can_log_in(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True
