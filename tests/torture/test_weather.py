"""In bad weather nothing is doubled, nothing is lost, and whoever reads the log is told."""

from __future__ import annotations

from pathlib import Path

import httpx

from preview_db_emulator.client import Emulator
from preview_db_emulator.faults import RANDOM_KINDS
from tests.drivers.workflow import Workflow
from tests.torture import weather

KINDS = [kind for kind in RANDOM_KINDS if kind != "silence"]


def test_lives_in_bad_weather_leave_nothing_behind(running: Emulator, tmp_path: Path) -> None:
    """`make torture` leads a thousand, with 30 s of silence among the faults."""
    try:
        weather.lives(
            Workflow.new(running, tmp_path), count=6, rate=0.3, seed=5, at_once=6, timeout="30s", processes=1, sweeps=1, kinds=KINDS
        )
    finally:
        running.control("DELETE", "faults")


def test_a_database_that_is_made_although_no_answer_came_counts_as_created(running: Emulator, tmp_path: Path) -> None:
    """Or nobody would look whether its pull request was closed meanwhile."""
    workflow = Workflow.new(running, tmp_path)
    pull = workflow.pull()
    running.control("PUT", "faults", {"kinds": ["lost"], "operations": ["POST /v1/databases$"], "count": 1})
    run = pull.opened()
    assert (run.exit_code, run.outputs["outcome"]) == (0, "created"), run.log
    other = workflow.pull()
    payload = other.event("opened", state="open")
    other.event("closed", state="closed")
    running.control("PUT", "faults", {"kinds": ["lost"], "operations": ["POST /v1/databases$"], "count": 1})
    undone = workflow.within("pull_request", payload)
    running.control("DELETE", "faults")
    assert (undone.exit_code, undone.outputs["outcome"]) == (0, "deleted"), undone.log
    assert other.databases() == []


def test_a_wait_for_a_database_that_was_deleted_ends_at_once(running: Emulator, tmp_path: Path) -> None:
    workflow = Workflow.new(running, tmp_path)
    pull = workflow.pull()
    first = pull.opened()
    running.control("PUT", f"databases/{first.outputs['database_id']}", {"refusing": "Failed to connect to upstream database"})
    step = pull.starts("synchronize", {}, timeout="60s")
    while not any("✓ create credential" in line for line in step.log):
        assert step.process.poll() is None
    database_id = first.outputs["database_id"]
    url, token = running.addresses["management_api_url"], running.addresses["service_token"]
    httpx.delete(f"{url}/v1/databases/{database_id}", headers={"Authorization": f"Bearer {token}"}, trust_env=False).raise_for_status()
    run = step.finish()
    assert (run.exit_code, run.outputs["outcome"]) == (0, "created"), run.log
    assert run.seconds < 15
