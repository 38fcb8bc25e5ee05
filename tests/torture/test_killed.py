"""Killed or asked to stop at any boundary between two requests, the next run puts it right."""

from __future__ import annotations

import dataclasses
import random
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from preview_db_emulator.client import Emulator
from tests.drivers.workflow import Workflow
from tests.torture import killed
from tests.torture.killed import SCENES, Scene

INPUTS = {"credential_grace": "0s", "deployment": "true"}
SEED = 1


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_a_command_that_is_ended_early_is_put_right_by_the_next(running: Emulator, tmp_path: Path, scene: Scene) -> None:
    """`make torture` tries every boundary in every way, this one a change before and after it was carried out, killed; and one signal."""

    def fresh() -> Workflow:
        return Workflow.new(running, tmp_path, inputs=INPUTS)

    try:
        listed = killed.boundaries(fresh(), scene)
        chance = random.Random(f"{scene.name}/{SEED}")
        changes = [one for one in listed if one.changes and "/v1/" in one.request] or listed
        tries: list[Callable[[], None]] = [lambda: killed.killed(fresh, scene, chance.choice(changes))]
        if scene.name in ("create", "sweep"):
            tries.append(lambda: killed.stopped(fresh, scene, chance.choice(listed), signal.SIGTERM))
        for one in tries:
            one()
    finally:
        running.control("DELETE", "faults")


def test_a_reset_that_was_killed_leaves_no_second_database_behind(running: Emulator, tmp_path: Path) -> None:
    """It makes the new one under its name alone: who only asked for the `logicalId` would never see it again."""
    reset = next(one for one in SCENES if one.name == "reset")
    created = next(
        one
        for one in killed.boundaries(Workflow.new(running, tmp_path), reset)
        if one.request == "POST /v1/databases" and one.phase == "late"
    )
    for after in ("synchronize", "closed"):
        pull, start = reset.stage(Workflow.new(running, tmp_path))
        killed.held_at(pull.workflow, created, start).kill()
        running.control("DELETE", "faults")
        assert len(pull.databases()) == 2
        run = pull.pushed() if after == "synchronize" else pull.closed()
        assert run.exit_code == 0
        assert len(pull.databases()) == (1 if after == "synchronize" else 0)


def test_a_reset_that_was_killed_between_compute_s_variables_is_finished_by_the_next_push(running: Emulator, tmp_path: Path) -> None:
    """They are all there, and what they hold can't be read: only their age tells that they lead to the database before."""
    scene = next(scene for scene in SCENES if scene.name == "reset, with all beside")

    def fresh() -> Workflow:
        return Workflow.new(running, tmp_path)

    listed = killed.boundaries(fresh(), scene)
    second = [boundary for boundary in listed if boundary.request.startswith("PATCH /v1/environment-variables/")][-1]
    try:
        killed.killed(fresh, scene, dataclasses.replace(second, phase="silence"))
    finally:
        running.control("DELETE", "faults")


def test_a_sweep_that_is_waiting_for_an_answer_stops_in_time(running: Emulator, tmp_path: Path) -> None:
    """The runner loses patience after ten seconds, which is as long as a read may take."""
    sweep = next(one for one in SCENES if one.name == "sweep")
    workflow = Workflow.new(running, tmp_path, inputs=INPUTS)
    listed = killed.boundaries(workflow, sweep)
    reads = [one for one in listed if one.request.startswith("GET /github/") and "/pulls/" in one.request and one.phase == "silence"]
    try:
        killed.stopped(lambda: Workflow.new(running, tmp_path, inputs=INPUTS), sweep, reads[0], signal.SIGINT)
    finally:
        running.control("DELETE", "faults")
