"""What docs/other-ci.md gives to copy does what it says there, and docs/terminal.md's GitLab, run as each system runs it."""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.drivers.terminal import Desk, Said
from tests.drivers.workflow import can_log_in

PAGES = Path(__file__).parents[2] / "docs"
DOCS = (PAGES / "other-ci.md").read_text("utf-8")
SHOWN: dict[str, str] = dict(re.findall(r"(?ms)^## ([^\n]*)\n.*?^```\w+\n(.*?)^```", DOCS))


def gitlab(desk: Desk) -> tuple[str, dict[str, str]]:
    jobs: dict[str, Any] = yaml.safe_load(SHOWN["GitLab CI"])
    job = jobs[jobs["test"]["extends"]] | jobs["test"]
    assert job["rules"] == [{"if": "$CI_EXTERNAL_PULL_REQUEST_IID"}]
    return "set -eo pipefail\n" + "\n".join([*job["before_script"], *job["script"]]), {
        "GITLAB_CI": "true",
        "CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY": desk.life.repository.full_name,
        "CI_EXTERNAL_PULL_REQUEST_IID": str(desk.life.number),
    }


def circleci(desk: Desk) -> tuple[str, dict[str, str]]:
    checkout, *steps = yaml.safe_load(SHOWN["CircleCI"])["jobs"]["test"]["steps"]
    assert checkout == "checkout"
    # Each step is a shell of its own.
    return "set -eo pipefail\n" + "\n".join(f"(\n{step['run']}\n)" for step in steps), {
        "CIRCLECI": "true",
        "CIRCLE_PULL_REQUEST": f"https://github.com/{desk.life.repository.full_name}/pull/{desk.life.number}",
        "CIRCLE_REPOSITORY_URL": f"https://github.com/{desk.life.repository.full_name}",
        "CIRCLE_BRANCH": desk.branch,
    }


def jenkins(desk: Desk) -> tuple[str, dict[str, str]]:
    (script,) = re.findall(r"(?s)sh '''(.*?)'''", SHOWN["Jenkins"])
    assert "'" not in script.replace("'preview-db[cli]'", "")
    # Its `sh` shows every command.
    return "set -xe\n" + script, {
        "JENKINS_URL": "https://jenkins.example/",
        "CHANGE_URL": f"https://github.com/{desk.life.repository.full_name}/pull/{desk.life.number}",
        "CHANGE_BRANCH": desk.branch,
    }


SYSTEMS = [gitlab, circleci, jenkins]
System = Callable[[Desk], tuple[str, dict[str, str]]]


@pytest.fixture
def programs(desk: Desk) -> Path:
    """A folder for PATH: what the recipe installs is there."""
    folder = desk.folder.parent / "bin"
    folder.mkdir()
    for name, program in {"pip": "exit 0", "preview-db": f'exec {desk.command} "$@"'}.items():
        (folder / name).write_text(f"#!/bin/sh\n{program}\n")
        (folder / name).chmod(0o755)
    tests = desk.folder / "run-tests"
    tests.write_text('#!/bin/sh\necho "tests run"\nprintf %s "$DATABASE_URL" > ../given\n')
    tests.chmod(0o755)
    return folder


def build(desk: Desk, programs: Path, system: System, **environ: str) -> Said:
    script, variables = system(desk)
    return desk.shell(script, PATH=f"{programs}:{desk.environ['PATH']}", **(variables | environ))


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_pull_request_s_tests_run_on_its_preview_and_the_log_does_not_tell_where(desk: Desk, programs: Path, system: System) -> None:
    said = build(desk, programs, system)
    assert (said.exit_code, said.out.strip()) == (0, "tests run"), said.err
    given = (desk.folder.parent / "given").read_text()
    assert can_log_in(given)
    assert given not in said.everything


@pytest.mark.parametrize("system", SYSTEMS)
def test_without_a_preview_no_tests_run_on_another_database(desk: Desk, programs: Path, system: System) -> None:
    desk.life.emulator.pull_request(desk.life.number, state="closed")
    said = build(desk, programs, system, DATABASE_URL="postgres://production")
    assert said.exit_code != 0
    assert "tests run" not in said.out


def test_circleci_builds_main_without_a_preview(desk: Desk, programs: Path) -> None:
    said = build(desk, programs, circleci, CIRCLE_PULL_REQUEST="", CIRCLE_BRANCH="main")
    assert (said.exit_code, said.out.strip()) == (0, "tests run"), said.err
    assert desk.life.databases() == []


def test_the_schedule_deletes_what_was_left(desk: Desk, programs: Path) -> None:
    (command,) = re.findall(r"(?m)^\$ (.*)$", SHOWN["When it goes away"])
    assert build(desk, programs, gitlab).exit_code == 0
    desk.life.emulator.pull_request(desk.life.number, state="closed")
    swept = desk.shell(command, PATH=f"{programs}:{desk.environ['PATH']}")
    assert swept.exit_code == 0, swept.err
    assert desk.life.databases() == []


def test_gitlab_s_own_merge_requests_have_one_until_their_environment_is_stopped(desk: Desk, programs: Path) -> None:
    (shown,) = re.findall(r"```yaml\n# GitLab\n(.*?)```", (PAGES / "terminal.md").read_text("utf-8"), re.DOTALL)
    jobs: dict[str, Any] = yaml.safe_load(shown)
    owner, name = desk.life.repository.full_name.split("/")
    variables = {
        "GITLAB_CI": "true",
        "CI_PROJECT_ROOT_NAMESPACE": owner,
        "CI_PROJECT_NAME": name,
        "CI_PROJECT_ID": str(desk.life.repository.id),
        "CI_MERGE_REQUEST_IID": str(desk.life.number),
        "PATH": f"{programs}:{desk.environ['PATH']}",
    }
    variables["ABOUT"] = string.Template(jobs["variables"]["ABOUT"]).substitute(variables)
    tests = [*jobs["default"]["before_script"], *jobs["test"]["script"]]
    said = desk.shell("set -eo pipefail\n" + "\n".join(tests).replace("npm test", "./run-tests"), **variables)
    assert (said.exit_code, said.out.strip()) == (0, "tests run"), said.err
    assert can_log_in((desk.folder.parent / "given").read_text())
    stopped = desk.shell("set -eo pipefail\n" + "\n".join(jobs["stop"]["script"]), **variables)
    assert stopped.exit_code == 0, stopped.err
    assert desk.life.databases() == []


def test_all_that_is_shown_is_run() -> None:
    assert list(SHOWN) == ["GitLab CI", "CircleCI", "Jenkins", "When it goes away"]
    assert DOCS.count("```") == 2 * len(SHOWN)
