"""`make clients`: how clients that never met the emulator get on with it, as a table. Ends with 1 if something is not as it should be.

Each is told another address and whom to trust, and nothing else. Those of npm are installed beforehand; the actions are the folders below
`--actions`, one for each repository. Without it they are left out, and the table says so.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from preview_db_emulator.client import Emulator, emulator

from . import actions, prisma_cli, pygithub, wrangler
from .stage import REDIRECT, Attempt, Stage, scripts

NUMBER = 7


def attempts(stage: Stage, folder: Path | None) -> Iterator[tuple[str, Iterable[Attempt]]]:
    """Every client, with its version, and what it did."""
    sdk, alchemy, adapter = "@prisma/management-api-sdk", "alchemy", "@prisma/adapter-pg"
    yield f"{sdk} {stage.version(sdk)}", scripts(stage, "sdk")
    yield (
        f"{alchemy} {stage.version(alchemy)}",
        scripts(stage, alchemy, "--import", str(REDIRECT), environ={"ALCHEMY_CI_STATE_STORE_CHECK": "false"}),
    )
    yield f"prisma {stage.version('prisma')}", prisma_cli.seven(stage)
    yield f"prisma {stage.version('prisma8')}", prisma_cli.eight(stage)
    database = stage.api("POST", "/v1/databases", {"projectId": stage.emulator.addresses["project_id"], "name": "adapter"})
    yield f"{adapter} {stage.version(adapter)}", scripts(stage, "adapter", environ=stage.urls(database["id"]))
    yield f"wrangler {stage.version('wrangler')}", wrangler.attempts(stage)
    yield f"octokit {stage.version('octokit')}", scripts(stage, "octokit")
    yield f"PyGithub {importlib.metadata.version('pygithub')}", pygithub.attempts(stage)
    if folder is None:
        yield f"actions of Prisma's, {actions.STICKY}", [Attempt("all", left_out="--actions names no folder of their repositories")]
        return
    yield "actions of Prisma's", actions.prisma(stage, folder)
    yield actions.STICKY, actions.sticky(stage, folder)


def run(running: Emulator, installed: Path, folder: Path | None) -> int:
    running.pull_request(NUMBER, state="open", labels=["preview"])
    failed = 0
    sys.stdout.write("\n| client | what it did | |\n|---|---|---|\n")
    with tempfile.TemporaryDirectory() as empty:
        for client, made in attempts(Stage(running, NUMBER, installed, Path(empty)), folder):
            for attempt in made:
                failed += attempt.failure is not None
                sys.stdout.write(f"| {client} | {attempt.what} | {attempt} |\n")
                sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="make clients")
    parser.add_argument("installed", type=Path, help="where npm has installed the packages of package.json")
    parser.add_argument("--actions", type=Path, help="a folder with the repositories of the actions")
    given = parser.parse_args()
    with emulator() as started:
        sys.exit(run(started, given.installed.resolve(), given.actions and given.actions.resolve()))
