"""Starting emulators as real processes, and logging in to what they hand out."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg

from . import plain_http

LAUNCH = """
import json, pathlib, sys
from preview_db_emulator.app import Options, run
options = json.loads(sys.argv[1])
if "state_dir" in options:
    options["state_dir"] = pathlib.Path(options["state_dir"])
sys.exit(run(Options(**options)))
"""


@dataclass(frozen=True)
class StandIn:
    """A running emulator, its ready line and clients for it."""

    process: subprocess.Popen[str]
    ready: dict[str, Any]
    api: httpx.Client
    control: httpx.Client

    def create_database(self, **fields: Any) -> dict[str, Any]:
        answer = self.api.post("/v1/databases", json={"projectId": self.ready["project_id"], **fields})
        assert answer.status_code == 201, answer.text
        return dict(answer.json()["data"])

    def create_connection(self, database: dict[str, Any], name: str = "app") -> dict[str, Any]:
        answer = self.api.post("/v1/connections", json={"databaseId": database["id"], "name": name})
        assert answer.status_code == 201, answer.text
        return dict(answer.json()["data"])


def launch_process(
    environment: dict[str, str] | None = None, *, python: str = sys.executable, as_user: int | None = None, **options: Any
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [python, "-c", LAUNCH, json.dumps(options)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
        user=as_user,
        group=as_user,
        extra_groups=None if as_user is None else [],
        start_new_session=True,  # a process group of its own, to be killed as a whole
    )


@contextlib.contextmanager
def clients(process: subprocess.Popen[str], ready: dict[str, Any]) -> Iterator[StandIn]:
    """The emulator that printed `ready` when it had started."""
    url = ready["management_api_url"]
    with (
        plain_http.client(base_url=url, headers={"Authorization": f"Bearer {ready['service_token']}"}) as api,
        plain_http.client(base_url=f"{url}/_emulator/", timeout=60) as control,
    ):
        yield StandIn(process, ready, api, control)


@contextlib.contextmanager
def launched(environment: dict[str, str] | None = None, **options: Any) -> Iterator[StandIn]:
    with launch_process(environment, **options) as process:
        try:
            assert process.stdout
            ready = json.loads(process.stdout.readline())
            with clients(process, ready) as stand_in:
                yield stand_in
        finally:
            process.terminate()


def secret(shape: dict[str, Any], endpoint: str = "direct") -> str:
    """The connection string in a connection's shape, or in a database's first connection's."""
    connection = shape["connections"][0] if "connections" in shape else shape
    return str(connection["endpoints"][endpoint]["connectionString"])


def log_in(url: str, statement: str = "SELECT 1") -> list[tuple[Any, ...]]:
    """Log in, run it, commit."""
    with psycopg.connect(url, connect_timeout=10) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []
