"""A red step says what happened, why it likely did and what to do; it exits with 1 and leaves nothing half-made."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from preview_db_emulator.github import payloads
from preview_db_emulator.runner.runner import Run
from tests.drivers.pull_request import Life
from tests.drivers.workflow import can_log_in, new_project, until


def fails(run: Run, *words: str) -> None:
    """One error annotation with these words, the same in the summary, exit 1, no string, no traceback."""
    assert run.exit_code == 1, run.log
    errors = [one for one in run.annotations if one.level == "error"]
    assert len(errors) == 1
    for word in words:
        assert word.lower() in errors[0].message.lower(), errors[0].message
    assert errors[0].title
    assert "Likely cause" in run.summary
    assert "What to do" in run.summary
    assert "database_url" not in run.outputs
    assert "Traceback" not in run.raw_stdout + run.raw_stderr


def test_a_missing_token(life: Life) -> None:
    fails(life.opened(service_token=""), "no service token", "secrets.PRISMA_SERVICE_TOKEN")


def test_a_wrong_token(life: Life) -> None:
    run = life.opened(service_token="wrong-token-value")
    fails(run, "not valid", "service token")
    assert "wrong-token-value" in run.masks


def test_no_project_lists_what_it_could_be(life: Life) -> None:
    fails(life.opened(project=""), "project is not set", life.project)


def test_an_unknown_project_lists_what_it_could_be(life: Life) -> None:
    fails(life.opened(project="webb"), "no project 'webb'", life.project)
    fails(life.opened(project="proj_doesnotexist"), "no project", life.project)


def test_a_project_by_its_name_and_an_ambiguous_one(life: Life) -> None:
    name = f"project of {life.number}"
    one = new_project(life.emulator, name)
    assert life.opened(project=name).outputs["project_id"] == one
    new_project(life.emulator, name)
    fails(life.pushed(project=name), "2 projects", one)


def test_a_plan_limit_by_its_code_whatever_the_status(life: Life) -> None:
    for status in (400, 403, 429, 500):
        life.emulator.control("PUT", "settings", {"database_limit": 1, "limit_status": status})
        fails(life.opened(), "limit", "plan")
    assert life.databases() == []


def test_a_region_that_does_not_exist_lists_those_that_do(life: Life) -> None:
    fails(life.opened(region="eu-north-9"), "region 'eu-north-9' does not exist", "eu-central-1")
    assert life.databases() == []


def test_a_database_that_ends_in_failure_is_taken_away(life: Life) -> None:
    life.emulator.control("PUT", "settings", {"next_statuses": ["failure"]})
    fails(life.opened(), "'failure'", "again")
    assert life.databases() == []
    assert life.pushed().outputs["outcome"] == "created"


def test_a_failed_database_of_an_earlier_run_is_replaced(life: Life) -> None:
    made = life.opened().outputs["database_id"]
    life.emulator.control("PUT", f"databases/{made}", {"status": "failure"})
    run = life.pushed()
    assert run.outputs["outcome"] == "created"
    assert [one["id"] for one in life.databases()] == [run.outputs["database_id"]] != [made]


def test_a_time_out_leaves_nothing_half_made(life: Life) -> None:
    life.emulator.control("PUT", "settings", {"provisioning_s": 60})
    fails(life.opened(timeout="2s"), "still 'provisioning'", "timeout")
    assert life.databases() == []


def test_a_database_one_cannot_log_in_to_is_taken_away(life: Life) -> None:
    life.emulator.control("PUT", "settings", {"cold_start_s": 60})
    fails(life.opened(timeout="3s"), "can't be logged in to", "timeout")
    assert life.databases() == []


def test_a_kept_database_that_cannot_be_logged_in_to_stays_and_the_credential_goes(life: Life) -> None:
    first = life.opened()
    life.emulator.control("PUT", f"databases/{first.outputs['database_id']}", {"refusing": "Failed to connect to upstream database"})
    fails(life.pushed(timeout="3s"), "can't be logged in to")
    (left,) = life.databases()
    assert len(left["connections"]) == 1
    life.emulator.control("PUT", f"databases/{first.outputs['database_id']}", {"refusing": None})
    assert can_log_in(first.outputs["database_url"])


def test_a_plan_limit_at_login_is_not_waited_for(life: Life) -> None:
    first = life.opened()
    life.emulator.control("PUT", f"databases/{first.outputs['database_id']}", {"refusing": "planLimitReached: operations"})
    started = time.monotonic()
    fails(life.pushed(timeout="60s"), "limit")
    assert time.monotonic() - started < 30


def test_an_unreachable_api(life: Life) -> None:
    life.environ["PRISMA_MANAGEMENT_API_URL"] = "http://127.0.0.1:9"
    fails(life.opened(), "no answer from 127.0.0.1", "network")


def test_an_api_that_answers_with_a_proxys_page(life: Life) -> None:
    life.emulator.control("PUT", "faults", {"kinds": ["html"], "operations": ["/v1/"]})
    fails(life.opened(), "can't be understood")


def test_an_api_that_keeps_failing(life: Life) -> None:
    life.emulator.control("PUT", "faults", {"kinds": ["502"], "operations": ["/v1/projects"]})
    fails(life.opened(), "502", "again")


def test_an_event_that_says_nothing_of_a_pull_request(life: Life) -> None:
    opened = life.emulator.pull_request_event("opened", life.number, state="open")
    payload = payloads.workflow_dispatch_event(
        ref="refs/heads/main", inputs={}, workflow=".github/workflows/preview.yml", repository=opened["repository"], sender=opened["sender"]
    )
    fails(life.runs("workflow_dispatch", payload), "workflow_dispatch", "command and pr")


def test_an_input_that_makes_no_sense_is_named_before_anything_is_touched(life: Life) -> None:
    life.in_process = True  # what a process has sent by then is in test_ahead.py
    life.emulator.pull_request(life.number, state="open")
    payload = life.emulator.pull_request_event("opened", life.number)
    life.emulator.control("DELETE", "requests")
    for name, value in (("timeout", "soon"), ("endpoint", "x"), ("connections", "a=1"), ("key", "Ä"), ("hyperdrive", "maybe")):
        fails(life.runs("pull_request", payload, {name: value}), f"input {name}")
    assert life.emulator.control("GET", "requests") == []


def test_a_payload_that_cannot_be_read(life: Life) -> None:
    payload = life.emulator.pull_request_event("opened", life.number, state="open")
    payload["pull_request"]["number"] = "twelve"
    fails(life.runs("pull_request", payload), "payload", "number")


@pytest.mark.parametrize("fault", ["lost", "reset", "500", "truncated", "html", "429", "429-retry-after"])
@pytest.mark.parametrize("operation", ["POST /v1/databases$", "POST /v1/connections$", "GET /v1/databases", "DELETE /v1/databases"])
def test_one_request_gone_wrong_changes_nothing_for_the_user(life: Life, fault: str, operation: str) -> None:
    life.emulator.control("PUT", "settings", {"connection_on_create": False})
    life.emulator.control("PUT", "faults", {"kinds": [fault], "operations": [operation], "count": 1})
    opened = life.opened()
    assert opened.succeeded, opened.log
    assert can_log_in(opened.outputs["database_url"])
    assert len(life.databases()) == 1
    assert life.closed().exit_code == 0
    assert life.databases() == []


@pytest.mark.parametrize("mode", ["known", "ignored"])
def test_a_lost_answer_to_create_makes_no_second_database(life: Life, mode: str) -> None:
    life.emulator.control("PUT", "settings", {"logical_id": mode})
    life.emulator.control("PUT", "faults", {"kinds": ["lost"], "operations": ["POST /v1/databases$"], "count": 1})
    run = life.opened()
    assert run.succeeded, run.log
    assert len(life.databases()) == 1
    posts = [one for one in life.emulator.control("GET", "requests") if (one["method"], one["path"]) == ("POST", "/v1/databases")]
    assert posts


def test_a_cancelled_run_says_where_it_stopped_and_the_next_one_goes_on(life: Life) -> None:
    life.emulator.control("PUT", "settings", {"provisioning_s": 3})
    step = life.starts("opened", {"state": "open"})
    until(life.databases)
    step.cancel()
    fails(step.finish(), "SIGINT", "after: the database was created")
    assert len(life.databases()) == 1
    assert life.pushed().outputs["outcome"] == "reused"
    assert len(life.databases()) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_cancelled_while_it_starts_says_so(life: Life, number: signal.Signals) -> None:
    step = life.starts("opened", {"state": "open"})
    until(lambda: _caught(step.process.pid) >> (signal.SIGTERM - 1) & 1)  # Python itself leaves that one alone
    step.process.send_signal(number)
    fails(step.finish(), f"stopped by {number.name}")
    assert len(life.databases()) <= 1


def _caught(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text("ascii", "replace")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt")), 16)


def test_signals_are_taken_over_before_anything_that_takes_time_is_imported() -> None:
    program = (
        "import sys; before = set(sys.modules); import preview_db.action.entry; "
        "print({'pydantic', 'httpx', 'json', 'typing'} & (set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout.strip() == "set()"


def test_a_signal_that_comes_when_all_is_said_changes_nothing() -> None:
    program = (
        "import os, signal; from preview_db.interrupts import Interrupts\n"
        "interrupts = Interrupts(); interrupts.install(); interrupts.reached('the end'); interrupts.over()\n"
        "[os.kill(os.getpid(), number) for number in (signal.SIGINT, signal.SIGTERM)]; print('still here')"
    )
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout == "still here\n"


def test_a_killed_run_is_put_right_by_the_next(life: Life) -> None:
    life.emulator.control("PUT", "settings", {"provisioning_s": 2})
    step = life.starts("opened", {"state": "open"})
    until(life.databases)
    step.kill()
    assert life.pushed().outputs["outcome"] == "reused"
    assert life.closed().outputs["outcome"] == "deleted"
    assert life.databases() == []
