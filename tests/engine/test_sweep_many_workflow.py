"""The reusable workflow: its jobs' steps as the runner would have them, from the plan of the parts to one summary of all."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from preview_db_emulator.runner.runner import Run, declared_inputs
from tests.drivers.organisation import Organisation, told
from tests.drivers.workflow import ACTION, Workflow

Json = dict[str, Any]

FILE = ACTION.parent / ".github" / "workflows" / "sweep-many.yml"


@pytest.fixture(scope="module")
def document() -> Json:
    """All of it as text: `on` would be a truth else."""
    return dict(yaml.load(FILE.read_text("utf-8"), yaml.BaseLoader))


def called_with(document: Json, given: Json) -> dict[str, str]:
    """The inputs of a call as expressions see them."""
    declared = document["on"]["workflow_call"]["inputs"]
    return {name: str(given.get(name, declared[name].get("default", ""))) for name in declared}


def ours(document: Json, job: str) -> Json:
    """The step of a job that is this action's."""
    (step,) = (step for step in document["jobs"][job]["steps"] if step.get("uses", "").startswith("preview-db/"))
    return dict(step)


def script(document: Json, job: str) -> str:
    (step,) = (step for step in document["jobs"][job]["steps"] if "run" in step)
    return str(step["run"])


def evaluated(step: Json, context: dict[str, str]) -> dict[str, str]:
    return {name: re.sub(r"\$\{\{ (\S+) \}\}", lambda found: context[found[1]], str(value)) for name, value in step["with"].items()}


def test_every_input_is_passed_on_and_known_to_the_action(document: Json) -> None:
    declared = declared_inputs(ACTION)
    for job in ("plan", "sweep"):
        assert set(ours(document, job)["with"]) <= set(declared)
    passed = FILE.read_text("utf-8")
    assert [name for name in document["on"]["workflow_call"]["inputs"] if f"inputs.{name}" not in passed] == []


def test_it_plans_its_parts_sweeps_each_and_adds_up_what_they_tell(document: Json, workflow: Workflow, tmp_path: Path) -> None:
    organisation = Organisation(workflow)
    rows = [{"full_name": f"{organisation.name}/empty{number}"} for number in range(124)]
    workflow.emulator.control("POST", "github/repositories", rows)
    for name in ("a", "b", "c"):
        organisation.previews(organisation.repository(name), opened=[1], closed=[2])
    context = {f"inputs.{name}": value for name, value in called_with(document, {"repositories": f"{organisation.name}/*"}).items()}
    context |= {"steps.app.outputs.token": organisation.token(), "secrets.service_token": workflow.emulator.addresses["service_token"]}
    context["inputs.project"] = workflow.project  # all of the workspace would be those of other tests, too
    planned = workflow.sweep(**{"service_token": "", "project": "", **evaluated(ours(document, "plan"), context)})
    assert planned.succeeded, planned.log
    shards = json.loads(planned.outputs["shards"])
    assert shards == ["1/2", "2/2"]
    runs = [workflow.sweep(**evaluated(ours(document, "sweep"), {**context, "matrix.shard": shard})) for shard in shards]
    assert all(run.succeeded for run in runs)
    assert len(organisation.left()) == 3
    said = summary(document, tmp_path, runs, planned.outputs["shards"])
    assert (said["repositories"], said["previews"], said["deleted"], said["kept"]) == (127, 6, 3, 3)
    assert said["parts that told"] == "2 of 2"


def test_a_part_that_tells_nothing_is_missed_in_the_summary(document: Json, tmp_path: Path) -> None:
    assert summary(document, tmp_path, [], '["1/2", "2/2"]') == {"parts that told": "0 of 2"}


def summary(document: Json, folder: Path, runs: list[Run], shards: str) -> Json:
    """What the last job's script makes of the counts that the parts' own script has kept."""
    if shutil.which("jq") is None:
        pytest.skip("the summary is added up by jq, which every hosted runner has, and there is none here")
    file = folder / "summary.md"
    for index, run in enumerate(runs):
        bash(script(document, "sweep"), folder, COUNTS=json.dumps(told(run)["counts"]), JOB_INDEX=str(index))
    bash(script(document, "summary"), folder, SHARDS=shards, GITHUB_STEP_SUMMARY=str(file))
    rows = [line.strip("| ").split(" | ") for line in file.read_text("utf-8").splitlines()[4:]]
    return {what: int(number) if number.isdecimal() else number for what, number in rows}


def bash(text: str, folder: Path, **environ: str) -> None:
    """As the runner does it where a step names no shell."""
    path = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
    subprocess.run(["bash", "-e", "-c", text], cwd=folder, env={**path, **environ}, check=True, timeout=60)
