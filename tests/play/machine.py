"""The machine that a played job runs on: a folder with the programs it finds on PATH, and a folder for each action it uses."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from preview_db_emulator.client import script
from preview_db_emulator.postgres.binaries import find_binaries

from .documents import ROOT, Workflow

HERE = Path(__file__).parent
TOOL = HERE / "job" / "tool.py"
OURS = "preview-db/preview-db@v1"
(BASE,) = re.findall(r"(?m)^ARG BASE=(\S+)$", (ROOT / "Dockerfile").read_text("utf-8"))
"""The image that the action's is built from: it has a shell and Python."""

_STOOD_IN_FOR = ("alembic", "docker", "node", "npm", "npx", "pg_dump", "pip", "psql", "python")
_OF_ANY_MACHINE = ("bash", "cat", "cp", "find", "git", "jq", "mkdir", "sh", "tee")
_ACTIONS = {"setup-node": "setup-tool", "setup-python": "setup-tool"}
_USES = re.compile(r"uses: (actions/([\w-]+)@[\w.-]+)")
_CALLED = re.compile(r"uses: preview-db/preview-db/(\.github/workflows/[\w-]+\.yml)@v1")
_NOT_COPIED = shutil.ignore_patterns("node_modules", ".venv", "__pycache__", ".wrangler")


def tools(folder: Path) -> Path:
    """``folder`` with what a job may call, and nothing else of this machine: tests/play/job stands in for what is not ours."""
    _stand_ins(folder, f'"{sys.executable}" -I -S "{TOOL}" "{find_binaries("auto")}"')
    for name in _OF_ANY_MACHINE:
        if found := shutil.which(name):
            (folder / name).symlink_to(found)
    (folder / "python3").symlink_to(Path(sys.executable).resolve())
    (folder / "preview-db").symlink_to(script("preview-db"))
    return folder


def tools_in_a_container(folder: Path) -> str:
    """The options of a container of `BASE` that let a job find the same there."""
    binaries = find_binaries("auto")
    _stand_ins(folder, f'/usr/local/bin/python -I -S "{TOOL}" "{binaries}"')
    return f"--volume={folder}:/usr/local/sbin --volume={TOOL}:{TOOL} --volume={binaries.parent}:{binaries.parent}"


def actions(folder: Path, image: str, workflow: Workflow) -> dict[str, Path]:
    """A folder below ``folder`` for each action that the workflow uses: ours as a release would have it, GitHub's stood in for."""
    ours = _folder(folder, OURS, (ROOT / "action.yml").read_text("utf-8").replace("  image: Dockerfile\n", f"  image: docker://{image}\n"))
    texts = [workflow.text]
    for called in _CALLED.findall(workflow.text):
        texts.append((ROOT / called).read_text("utf-8"))
        (ours / called).parent.mkdir(parents=True, exist_ok=True)
        (ours / called).write_text(texts[-1], "utf-8")
    found = {OURS: ours}
    for name, action in _USES.findall("\n".join(texts)):
        found[name] = _folder(folder, name, (HERE / "actions" / f"{_ACTIONS.get(action, action)}.yml").read_text("utf-8"))
        if action == "checkout":
            check_out(workflow, found[name] / "repository")
    return found


def check_out(workflow: Workflow, folder: Path) -> None:
    """Copies what is in the repository of the workflow: an example's own files, or a little of everything that the pages speak of."""
    project = (ROOT / workflow.name).parent if workflow.name.startswith("examples/") else HERE / "repository"
    shutil.copytree(project, folder, dirs_exist_ok=True, ignore=_NOT_COPIED)


def projects(shown: Iterable[Workflow]) -> set[str]:
    """The Prisma projects that the workflows name."""
    return {name for workflow in shown for name in re.findall(r"(?m)\bproject: ([\w-]+)$", workflow.text)}


def _stand_ins(folder: Path, called: str) -> None:
    for name in _STOOD_IN_FOR:
        (folder / name).write_text(f'#!/bin/sh\nexec {called} {name} "$@"\n', "utf-8")
        (folder / name).chmod(0o755)


def _folder(folder: Path, name: str, action: str) -> Path:
    made = folder / name.replace("/", "-")
    made.mkdir(parents=True, exist_ok=True)
    (made / "action.yml").write_text(action, "utf-8")
    return made
