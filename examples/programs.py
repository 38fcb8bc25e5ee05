"""The programs of the examples, each run in its workspace as a later step of the job that has made its preview."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from preview_db_emulator.client import Emulator

_LONGEST = 600
_LOCAL_STRING = "CLOUDFLARE_HYPERDRIVE_LOCAL_CONNECTION_STRING"


class Failed(Exception):
    """An example did not do what it should; the message says what it did."""


@dataclasses.dataclass(frozen=True, slots=True)
class Job:
    """A job after our step, as its later steps find it.

    Attributes:
        environ: of each later step, with what the workflow sets from its secrets.
        outputs: our step's.
    """

    running: Emulator
    workspace: Path
    environ: Mapping[str, str]
    outputs: Mapping[str, str]

    def command(self, *command: str, **environ: str) -> str:
        """What a later step's command prints, with ``environ`` beside the job's. Raises Failed if it fails."""
        try:
            done = subprocess.run(
                command,
                cwd=self.workspace,
                env={**self.environ, **environ},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_LONGEST,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Failed(f"{' '.join(command[:4])} takes more than {_LONGEST} s") from None
        if done.returncode:
            raise Failed(f"{Path(command[0]).name} ended in {done.returncode}:\n{(done.stdout + done.stderr)[-3000:]}")
        return done.stdout

    def installed(self, command: str, *arguments: str, **environ: str) -> str:
        """What a command of an installed package prints."""
        return self.command("npx", "--no-install", command, *arguments, **environ)


def psql(job: Job) -> str:
    return job.command("psql", job.environ["DATABASE_URL"], "--file", "report.sql")


def alembic(job: Job) -> str:
    python = _python(job)
    job.command(python, "-m", "alembic", "upgrade", "head", PYTHONPATH=".")
    return job.command(python, "app.py")


def django(job: Job) -> str:
    python = _python(job)
    job.command(python, "manage.py", "migrate")
    return job.command(python, "manage.py", "posts")


def astro(job: Job) -> str:
    _install(job)
    job.installed("astro", "build", ASTRO_TELEMETRY_DISABLED="1")
    page = (job.workspace / "dist/index.html").read_text("utf-8")
    if "A draft" in page:
        raise Failed("the page lists what is not published")
    return page


def prisma_orm(job: Job) -> str:
    _install(job)
    _generate(job)
    return job.installed("tsx", "src/main.ts")


def alchemy(job: Job) -> str:
    """Deploys a stage whose database is the preview, and one for which Alchemy makes project, database and connection itself."""
    _install(job)
    environ = {
        "NODE_OPTIONS": "--import ./redirect.mjs",
        "ALCHEMY_CI_STATE_STORE_CHECK": "false",
        "ALCHEMY_PASSWORD": "for the secrets in its state",
        "DO_NOT_TRACK": "1",
    }
    own = dataclasses.replace(job, environ={name: value for name, value in job.environ.items() if name != "DATABASE_URL"})
    made = own.installed("alchemy", "deploy", "--stage", "main", **environ)
    if made.count("Created Resource") != 3 or "Tables of the stage main: none" not in made:
        raise Failed(f"it did not make project, database and connection:\n{made[-3000:]}")
    own.installed("alchemy", "destroy", "--stage", "main", **environ)
    printed = job.installed("alchemy", "deploy", "--stage", "pr", **environ)
    if "Created Resource" in printed:
        raise Failed(f"it made something beside the preview:\n{printed[-3000:]}")
    return printed


def hyperdrive_worker(job: Job) -> str:
    _install(job)
    return _answer(job)


def prisma_worker(job: Job) -> str:
    _install(job)
    _generate(job)
    return _answer(job)


def _answer(job: Job) -> str:
    """What the Worker answers under ``wrangler dev``, with what the Hyperdrive configuration holds that our step made.

    Wrangler asks nobody for a configuration there: a variable says the string in its place. Which one that is goes by the id that wrangler
    itself finds in ``wrangler.jsonc``: in Cloudflare's place, the emulator says where the configuration of that id leads.
    """
    wrangler = functools.partial(job.installed, "wrangler", WRANGLER_SEND_METRICS="false")
    bound = re.search(r"env\.HYPERDRIVE \((\w+)\)", wrangler("deploy", "--dry-run"))
    if bound is None or bound[1] != job.outputs["hyperdrive_id"]:
        raise Failed(f"wrangler finds the id {bound and bound[1]}, and the step handed out {job.outputs['hyperdrive_id']}")
    shown = json.loads("{" + wrangler("hyperdrive", "get", bound[1]).partition("{")[2])  # after a banner
    expected = {name: job.outputs[name] for name in ("host", "database")}
    if expected.items() - shown["origin"].items():
        raise Failed(f"the configuration {shown['name']} leads to {shown['origin']}, and the preview is {expected}")
    leads_to = job.running.control("GET", f"cloudflare/configurations/{bound[1]}")["connection_string"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["npx", "--no-install", "wrangler", "dev", "--port", str(port), "--ip", "127.0.0.1", "--show-interactive-dev-session=false"]
    environ = {**job.environ, "WRANGLER_SEND_METRICS": "false", f"{_LOCAL_STRING}_HYPERDRIVE": leads_to}
    with (job.workspace / "dev.log").open("w+") as log, _serving(command, job.workspace, environ, log) as serving:
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline and serving.poll() is None:
            with contextlib.suppress(httpx.HTTPError):
                answer = httpx.get(f"http://127.0.0.1:{port}/", timeout=30, trust_env=False)
                if answer.is_success:
                    return answer.text
            time.sleep(0.5)
        log.seek(0)
        raise Failed(f"the Worker does not answer:\n{log.read()[-3000:]}")


def _python(job: Job) -> str:
    """The Python of an environment with what the example requires."""
    job.command(sys.executable, "-m", "venv", "--without-pip", ".venv")
    python = str(job.workspace / ".venv/bin/python")
    pip = (sys.executable, "-m", "pip", "--python", python, "--quiet", "--disable-pip-version-check")
    job.command(*pip, "install", "-r", "requirements.txt")
    return python


def _install(job: Job) -> None:
    job.command("npm", "install", "--no-audit", "--no-fund", "--no-package-lock")


def _generate(job: Job) -> None:
    # Generating takes no schema engine, which the CLI would download all the same.
    job.installed("prisma", "generate", PRISMA_SCHEMA_ENGINE_BINARY=sys.executable)


@contextlib.contextmanager
def _serving(command: Sequence[str], workspace: Path, environ: Mapping[str, str], log: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A server with all that it starts, in a group of processes of its own, which ends with the block."""
    process = subprocess.Popen(
        command, cwd=workspace, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)
