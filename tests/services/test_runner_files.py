"""A file of the runner's that can't be written to: found before anything is made, or named and what was made taken back."""

from __future__ import annotations

import pytest

from preview_db_emulator.runner.runner import Run
from tests.drivers.pull_request import Life


def the_error(run: Run) -> str:
    assert run.exit_code == 1, run.log
    (error,) = [annotation for annotation in run.annotations if annotation.level == "error"]
    assert "defect" not in error.message
    return error.message


@pytest.mark.parametrize("variable", ["GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_STATE"])
def test_one_that_is_not_there_is_found_before_anything_is_made(life: Life, variable: str) -> None:
    life.environ[variable] = str(life.root / "nowhere" / "file")
    assert variable in the_error(life.opened(connections="app=DATABASE_URL", ephemeral="true"))
    assert life.databases() == []


@pytest.mark.parametrize("variable", ["GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_STATE"])
def test_one_that_is_full_is_named_and_no_credential_is_left(life: Life, variable: str) -> None:
    assert life.opened().succeeded
    before = [connection["id"] for connection in life.databases()[0]["connections"]]
    life.environ[variable] = "/dev/full"
    error = the_error(life.pushed(connections="app=DATABASE_URL\njobs", ephemeral="true"))
    assert variable in error
    assert "No space left" in error
    assert [connection["id"] for connection in life.databases()[0]["connections"]] == before


@pytest.mark.parametrize("path", ["/dev/full", "/nowhere/summary"])
def test_a_summary_that_can_t_be_written_is_a_warning(life: Life, path: str) -> None:
    life.environ["GITHUB_STEP_SUMMARY"] = path
    run = life.opened()
    assert run.succeeded
    assert any("summary" in annotation.message for annotation in run.annotations)
    assert "database_url" in run.outputs


def test_the_next_run_goes_on_where_there_is_room(life: Life) -> None:
    life.environ["GITHUB_OUTPUT"] = "/dev/full"
    the_error(life.opened())
    (database,) = life.databases()
    assert database["connections"] == []
    del life.environ["GITHUB_OUTPUT"]
    assert life.pushed().outputs["database_id"] == database["id"]
