"""What the docs give to copy for another CI system does what it says there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from tests.drivers.terminal import Desk, Said
from tests.drivers.workflow import can_log_in

DOCS = (Path(__file__).parents[2] / "docs" / "terminal.md").read_text("utf-8")
RECIPES: dict[str, str] = dict(re.findall(r"```yaml\n# (\w+)\n(.*?)```", DOCS, re.DOTALL))


@pytest.fixture
def programs(desk: Desk) -> Path:
    """A folder for PATH: what the recipe installs is there, and the tests say which database they run on."""
    folder = desk.folder.parent / "bin"
    folder.mkdir()
    for name, program in {
        "pip": "exit 0",
        "npm": 'echo "tests run on ${DATABASE_URL:-nothing}"',
        "preview-db": f'exec {desk.command} "$@"',
    }.items():
        (folder / name).write_text(f"#!/bin/sh\n{program}\n")
        (folder / name).chmod(0o755)
    return folder


def circle_ci(desk: Desk, programs: Path, **environ: str) -> Said:
    """Runs the steps as CircleCI does: each in a shell of its own, which reads BASH_ENV and ends at the first failure."""
    variables = desk.folder.parent / "bash.env"
    variables.touch()
    path = f"{programs}:{desk.environ['PATH']}"
    said = Said(0, "")
    for step in yaml.safe_load(RECIPES["CircleCI"]):
        if said.exit_code == 0:
            run = f"bash -eo pipefail -c {shlex.quote(step['run'])}"
            said = desk.shell(run, CIRCLECI="true", BASH_ENV=str(variables), PATH=path, **environ)
    return said


def test_circleci_runs_a_pull_request_s_tests_on_its_preview(desk: Desk, programs: Path) -> None:
    repository = f"https://github.com/{desk.life.repository.full_name}"
    said = circle_ci(
        desk,
        programs,
        CIRCLE_PULL_REQUEST=f"{repository}/pull/{desk.life.number}",
        CIRCLE_REPOSITORY_URL=repository,
        CIRCLE_BRANCH=desk.branch,
    )
    assert said.exit_code == 0, said.err
    assert can_log_in(said.out.strip().removeprefix("tests run on "))


def test_circleci_builds_main_without_a_preview(desk: Desk, programs: Path) -> None:
    repository = f"https://github.com/{desk.life.repository.full_name}"
    said = circle_ci(desk, programs, CIRCLE_REPOSITORY_URL=repository, CIRCLE_BRANCH="main")
    assert (said.exit_code, said.out) == (0, "tests run on nothing\n"), said.err
    assert desk.life.databases() == []


def buildkite(desk: Desk, programs: Path, **environ: str) -> Said:
    """Runs the step as Buildkite does: its `$$` are a pipeline's escape, and its shell ends at the first failure."""
    (step,) = yaml.safe_load(RECIPES["Buildkite"])["steps"]
    return desk.shell(
        f"set -e\n{step['command'].replace('$$', '$')}",
        PATH=f"{programs}:{desk.environ['PATH']}",
        BUILDKITE="true",
        BUILDKITE_REPO=f"https://github.com/{desk.life.repository.full_name}.git",
        BUILDKITE_PULL_REQUEST=str(desk.life.number),
        **environ,
    )


def test_buildkite_runs_a_pull_request_s_tests_on_its_preview(desk: Desk, programs: Path) -> None:
    said = buildkite(desk, programs)
    assert said.exit_code == 0, said.err
    assert can_log_in(said.out.strip().removeprefix("tests run on "))


def test_buildkite_does_not_run_tests_where_there_is_no_preview(desk: Desk, programs: Path) -> None:
    desk.life.emulator.pull_request(desk.life.number, state="closed")
    said = buildkite(desk, programs, DATABASE_URL="postgres://production")
    assert said.exit_code != 0
    assert "tests run" not in said.out
