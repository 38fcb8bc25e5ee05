"""What every client is given, and what is noted of what it does."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from preview_db_emulator.client import Emulator
from tests.drivers.workflow import api

REDIRECT = Path(__file__).parents[2] / "examples/alchemy/redirect.mjs"
"""Loaded by Node ahead of a client that has the service's address in its code."""


@dataclass(frozen=True)
class Attempt:
    """One thing that a client did. Without a failure it went as it should, unless it was left out for a reason."""

    what: str
    failure: str | None = None
    left_out: str | None = None

    def __str__(self) -> str:
        return " ".join(self.failure.split()) if self.failure else f"left out: {self.left_out}" if self.left_out else "as it should"


def attempt(what: str, run: Callable[[], object]) -> Attempt:
    """Whatever goes wrong is the attempt's failure."""
    try:
        run()
    except Exception as error:  # noqa: BLE001  # a client may raise anything, and the others go on
        return Attempt(what, f"{type(error).__name__}: {error}")
    return Attempt(what)


@dataclass(frozen=True)
class Stage:
    """The emulator with a pull request, the folder that npm installed into, and an empty one."""

    emulator: Emulator
    number: int
    installed: Path
    folder: Path

    @property
    def environ(self) -> dict[str, str]:
        """What a user would set: addresses, tokens, and whom to trust."""
        ready = self.emulator.addresses
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "CI": "true",
            "PRISMA_MANAGEMENT_API_URL": ready["management_api_url"],
            "PRISMA_SERVICE_TOKEN": ready["service_token"],
            "GITHUB_API_URL": ready["github_api_url"],
            "GITHUB_TOKEN": ready["github_token"],
            "GITHUB_REPOSITORY": ready["repository"],
            "PULL_REQUEST": str(self.number),
            "NODE_EXTRA_CA_CERTS": ready["ca_certificate"],
            "CHECKPOINT_DISABLE": "1",  # Prisma's CLI asks nobody whether there is a newer one
            "PRISMA_DISABLE_TELEMETRY": "1",
        }

    def run(self, *command: str | Path, cwd: Path | None = None, environ: Mapping[str, str] = {}) -> str:
        """What a command says. Raises RuntimeError, with the end of it, if it fails."""
        ran = subprocess.run(
            [*map(str, command)],
            cwd=cwd or self.installed,
            env={**self.environ, **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        if ran.returncode:
            raise RuntimeError(f"ended with {ran.returncode}: {' '.join((ran.stdout + ran.stderr).split())[-400:]}")
        return ran.stdout

    def api(self, method: str, path: str, content: object = None) -> Any:
        """The Management API, for what has to be there beforehand and what is there afterwards."""
        answer = api(self.emulator, method, path, content)
        answer.raise_for_status()
        return answer.json()["data"] if answer.content else None

    def version(self, package: str) -> str:
        """What npm installed."""
        return str(json.loads((self.installed / "node_modules" / package / "package.json").read_text("utf-8"))["version"])

    def urls(self, database_id: str) -> dict[str, str]:
        """New connection strings of a database: `DIRECT_URL` and `POOLED_URL`."""
        endpoints = self.api("POST", "/v1/connections", {"databaseId": database_id, "name": "client"})["endpoints"]
        return {f"{kind.upper()}_URL": endpoints[kind]["connectionString"] for kind in ("direct", "pooled")}


def expect(found: object, expected: object) -> None:
    """Raises AssertionError, with both."""
    assert found == expected, f"{found!r}, not {expected!r}"


def scripts(stage: Stage, name: str, *options: str, environ: Mapping[str, str] = {}) -> Sequence[Attempt]:
    """What one of the scripts beside this file says it did."""
    for file in Path(__file__).parent.glob("*.mjs"):  # Node looks for packages beside the script
        (stage.installed / file.name).write_text(file.read_text("utf-8"), "utf-8")
    said: list[Attempt] = []

    def run() -> None:
        said.extend(
            Attempt(**json.loads(line))
            for line in stage.run("node", *options, f"{name}.mjs", environ=environ).splitlines()
            if line.startswith('{"what"')
        )

    ended = attempt("runs to its end", run)
    return said if ended.failure is None else [*said, ended]
