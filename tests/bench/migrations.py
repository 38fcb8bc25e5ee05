"""How long a folder of migrations takes, beside `psql` with a process a file, as shell scripts have it, and Prisma's own command line."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.drivers.workflow import Workflow

MADE = 163
"""Migrations of the folder that is measured where none is given."""


def page(workflow: Callable[[], Workflow], folders: list[Path], prisma: Path | None) -> str:
    """
    Args:
        folders: of Prisma's migrations; one is made if there is none.
        prisma: a folder with a package.json and a schema, in which `npx prisma migrate deploy` works.
    """
    with tempfile.TemporaryDirectory() as made:
        rows = [_row(workflow, folder, prisma) for folder in folders or [_made(Path(made))]]
    return "\n".join(
        [
            "## Migrations\n",
            "A whole folder in a new preview, as the step's log has it; then a push with nothing pending. Beside it",
            '`psql -c "$(cat migration.sql)"`, a process a file, and `npx prisma migrate deploy` where that was given.\n',
            "| Folder | Migrations | The step | Nothing pending | `psql` | Prisma |",
            "|---|---|---|---|---|---|",
            *rows,
        ]
    )


def _row(workflow: Callable[[], Workflow], folder: Path, prisma: Path | None) -> str:
    checkout = Path(tempfile.mkdtemp())
    shutil.copytree(folder, checkout / "migrations")
    ours = workflow()
    ours.environ["GITHUB_WORKSPACE"] = str(checkout)
    pull = ours.pull()
    opened = pull.opened(migrations="migrations", timeout="10m")
    assert opened.succeeded, opened.log
    pushed = pull.pushed(migrations="migrations")
    files = sorted(folder.glob("*/migration.sql"), key=lambda file: file.parent.name)
    theirs = ours.pull().opened().outputs["direct_url"]
    by_psql = _timed(lambda: _psql(theirs, files))
    by_prisma = "" if prisma is None else f"{_timed(lambda: _prisma(prisma, folder, ours.pull().opened().outputs['direct_url'])):.1f} s"
    shutil.rmtree(checkout)
    took = f"{_took(opened.log):.1f} s | {_took(pushed.log):.1f} s"
    return f"| {folder.parent.name} | {len(files)} | {took} | {by_psql:.1f} s | {by_prisma} |"


def _took(log: tuple[str, ...]) -> float:
    said = re.search(r"✓ apply migrations: .*\(([0-9.]+) s\)", "\n".join(log))
    assert said is not None, log
    return float(said[1])


def _timed(what: Callable[[], object]) -> float:
    started = time.perf_counter()
    what()
    return time.perf_counter() - started


def _psql(url: str, files: list[Path]) -> None:
    for file in files:
        subprocess.run(["psql", url, "-v", "ON_ERROR_STOP=1", "-qc", file.read_text("utf-8")], check=True, capture_output=True)


def _prisma(project: Path, folder: Path, url: str) -> None:
    shutil.rmtree(project / "prisma/migrations", ignore_errors=True)
    shutil.copytree(folder, project / "prisma/migrations")
    environ = {**os.environ, "DATABASE_URL": url}
    subprocess.run(["npx", "prisma", "migrate", "deploy"], cwd=project, env=environ, check=True, capture_output=True)


def _made(root: Path) -> Path:
    """A folder as projects have it: tables first, then columns, indexes and constraints."""
    folder = root / "made" / "migrations"
    for number in range(MADE):
        table = f"table_{number % 40}"
        sql = (
            f"CREATE TABLE {table} (id serial PRIMARY KEY, name text NOT NULL, created_at timestamptz NOT NULL DEFAULT now());\n"
            f"CREATE INDEX {table}_name_idx ON {table} (name);\n"
            if number < 40
            else f"ALTER TABLE {table} ADD COLUMN column_{number} int;\nCREATE INDEX {table}_{number}_idx ON {table} (column_{number});\n"
        )
        (folder / f"{number:04}_change").mkdir(parents=True)
        (folder / f"{number:04}_change" / "migration.sql").write_text(sql)
    return folder
