"""The sweep, through the front door: what is stale goes, in doubt nothing does, and a person can read what happened."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from preview_db.planning import identity
from preview_db.planning.model import Kind, Repository, Scope
from preview_db_emulator.runner.runner import Run
from tests.drivers.pull_request import Life
from tests.drivers.workflow import new_project, until


def pr(life: Life, number: int, key: str = "") -> Scope:
    return Scope(life.repository, Kind.PULL_REQUEST, str(number), key)


def numbers(life: Life, count: int) -> list[int]:
    """Numbers no other test of this worker uses."""
    return [life.pull().number for _ in range(count)]


def swept(run: Run) -> dict[str, str]:
    return {f"{one['kind']} {one['ref']}": one["status"] for one in json.loads(run.outputs["swept"])}


def deletions(life: Life) -> int:
    return sum(one["method"] == "DELETE" for one in life.emulator.control("GET", "requests"))


def ids(life: Life) -> set[str]:
    return {one["id"] for one in life.databases()}


def test_what_slipped_through_is_found_told_and_warned_of(life: Life) -> None:
    life.opened()
    (merged, closed, still_open) = numbers(life, 3)
    life.emulator.pull_request(life.number, state="closed")  # its run never came
    hours_ago = time.time() - 3 * 3600
    life.emulator.pull_request(merged, state="closed", merged=True, closed_at=hours_ago, updated_at=hours_ago)
    life.emulator.pull_request(closed, state="closed", closed_at=hours_ago, updated_at=hours_ago)
    life.emulator.pull_request(still_open, state="open")
    kept = life.seed(pr(life, still_open))
    life.seed(pr(life, merged), pr(life, closed), pr(life, closed, "api"), days=40)
    run = life.sweep()
    assert run.succeeded, run.log
    assert (run.outputs["outcome"], run.outputs["deleted"]) == ("swept", "true")
    assert ids(life) == {kept[0]["id"]}
    missed = [one.message for one in run.annotations if one.level == "warning"]
    assert len(missed) == 3
    assert any(f"#{merged} was merged" in message for message in missed)
    assert f"[#{closed}](https://github.com/acme/shop/pull/{closed})" in run.summary
    assert "```mermaid" in run.summary
    assert "Kept: 1" in run.summary
    assert "Deleted" in life.comments()[0]["body"]
    assert "sweep" in life.comments()[0]["body"]
    again = life.sweep()
    assert (again.outputs["deleted"], list(swept(again).values())) == ("false", ["kept"])


def test_others_databases_are_counted_and_untouched(life: Life) -> None:
    other = Repository(life.repository.id + 1, "acme/other")
    before = life.seed(Scope(other, Kind.PULL_REQUEST, "1"), Scope(other, Kind.BRANCH, "x"))
    before += life.emulator.control("POST", "databases", [{"name": "by hand", "project": life.project}])
    elsewhere = new_project(life.emulator)
    life.seed(life.scope, project=elsewhere)
    life.emulator.pull_request(life.number, state="closed")
    run = life.sweep()
    assert run.succeeded
    assert ids(life) == {one["id"] for one in before}
    assert "1 default database, 2 other repositories' previews, 1 made by hand" in run.summary
    assert any(one["project"]["id"] == elsewhere for one in life.emulator.databases())


def test_idle_drafts_labels_branches_and_queue_entries(life: Life) -> None:
    idle, draft, kept, queued, left = numbers(life, 5)
    long_ago = time.time() - 30 * 86400
    life.emulator.pull_request(idle, state="open", updated_at=long_ago)
    life.emulator.pull_request(draft, state="open", draft=True, updated_at=long_ago)
    life.emulator.pull_request(kept, state="open", labels=["keep-preview-db"], updated_at=long_ago)
    life.emulator.control("PUT", f"github/branches/fix/br-{idle}", {})
    life.emulator.control("PUT", f"github/branches/gh-readonly-queue/main/pr-{queued}-{'a' * 40}", {})
    life.seed(
        pr(life, idle), pr(life, draft), pr(life, kept),
        Scope(life.repository, Kind.BRANCH, f"fix/br-{idle}"), Scope(life.repository, Kind.BRANCH, f"fix-br/{idle}"),
        Scope(life.repository, Kind.MERGE_QUEUE, str(queued)), Scope(life.repository, Kind.MERGE_QUEUE, str(left)),
    )  # fmt: skip
    run = life.sweep(max_idle="14d")
    assert run.succeeded, run.log
    assert swept(run) == {
        f"pr {idle}": "deleted", f"pr {draft}": "kept", f"pr {kept}": "kept", f"br fix/br-{idle}": "kept",
        f"br fix-br-{idle}": "deleted", f"mq {queued}": "kept", f"mq {left}": "deleted",
    }  # fmt: skip
    assert not [one for one in run.annotations if one.level == "warning"], "idle is not a missed close"


def test_a_dry_run_says_it_all_and_does_nothing(life: Life) -> None:
    life.seed(life.scope, days=9)
    life.emulator.pull_request(life.number, state="closed", closed_at=time.time() - 9999)
    before = ids(life)
    run = life.sweep(dry_run="true")
    assert (run.exit_code, run.outputs["outcome"], run.outputs["deleted"]) == (0, "planned", "false")
    assert "Would go" in run.summary
    assert swept(run) == {f"pr {life.number}": "would go"}
    assert ids(life) == before
    plan = life.sweep(command="plan")
    assert swept(plan) == swept(run)
    assert ids(life) == before


def test_no_more_than_max_deletions_go_closed_longest_first(life: Life) -> None:
    pulls = numbers(life, 5)
    for hours, number in enumerate(pulls, 1):
        at = time.time() - hours * 3600
        life.emulator.pull_request(number, state="closed", closed_at=at, updated_at=at)
    life.seed(*(pr(life, number) for number in pulls))
    run = life.sweep(max_deletions="2")
    assert run.exit_code == 1
    assert "3 databases beyond max_deletions (2)" in run.annotations[-1].message
    assert {ref for ref, status in swept(run).items() if status == "deleted"} == {f"pr {number}" for number in pulls[-2:]}
    assert len(life.databases()) == 3
    nothing = life.sweep(max_deletions="0")
    assert nothing.exit_code == 1
    assert len(life.databases()) == 3


def test_duplicates_and_superseded_credentials_go(life: Life) -> None:
    life.emulator.pull_request(life.number, state="open")
    name = identity.name(life.scope)
    long_ago = time.time() - 86400
    credentials = [{"name": f"app-{run}-1", "createdAt": long_ago + run} for run in range(4)]
    rows: list[dict[str, Any]] = [
        {"name": name, "project": life.project, "createdAt": long_ago, "connections": credentials},
        {"name": name, "project": life.project, "createdAt": long_ago + 60},
    ]
    (oldest, _) = life.emulator.control("POST", "databases", rows)
    run = life.sweep()
    assert run.succeeded, run.log
    (left,) = life.databases()
    assert left["id"] == oldest["id"]
    assert {one["name"] for one in left["connections"]} == {"app-2-1", "app-3-1"}
    assert "revoked app-0-1" in run.summary


DOUBTS = [
    ("a list that breaks off", {"kinds": ["truncated"], "operations": ["GET /v1/databases"]}),
    ("an unreadable answer", {"kinds": ["html"], "operations": ["GET /v1/databases"]}),
    ("Prisma down", {"kinds": ["500"], "operations": ["GET /v1/databases"]}),
    ("GitHub down", {"kinds": ["502"], "operations": ["GET /github/repos/acme/shop/pulls"]}),
    ("GitHub unreadable", {"kinds": ["html"], "operations": ["GET /github/repos/acme/shop/pulls"]}),
    ("GitHub broken off", {"kinds": ["truncated"], "operations": ["GET /github/repos/acme/shop/pulls"]}),
]


@pytest.mark.parametrize(("doubt", "fault"), DOUBTS, ids=[doubt for doubt, _ in DOUBTS])
def test_in_doubt_nothing_is_deleted(life: Life, doubt: str, fault: dict[str, Any]) -> None:
    life.seed(life.scope)
    life.emulator.pull_request(life.number, state="closed")
    life.emulator.control("PUT", "faults", fault)
    life.emulator.control("DELETE", "requests")
    run = life.sweep()
    assert run.exit_code == 1
    assert deletions(life) == 0
    assert "Traceback" not in run.raw_stdout + run.raw_stderr
    life.emulator.control("DELETE", "faults")
    assert life.sweep().succeeded
    assert life.databases() == []


def test_github_failing_on_the_third_page_deletes_nothing(life: Life) -> None:
    pulls = numbers(life, 250)
    for number in pulls:
        life.emulator.control("PUT", f"github/pulls/{number}", {"state": "open"})
    life.seed(*(pr(life, number) for number in pulls[:3]), life.scope)
    life.emulator.pull_request(life.number, state="closed")
    life.emulator.control("PUT", "faults", {"kinds": ["502"], "operations": [r"GET /github/repos/acme/shop/pulls\?.*page=3"]})
    life.emulator.control("DELETE", "requests")
    run = life.sweep()
    assert run.exit_code == 1
    assert deletions(life) == 0
    assert len(life.databases()) == 4


def test_one_deletion_that_fails_stops_nothing_else(life: Life) -> None:
    pulls = numbers(life, 6)
    for number in pulls:
        life.emulator.pull_request(number, state="closed")
    made = life.seed(*(pr(life, number) for number in pulls))
    stuck = made[2]
    life.emulator.control("PUT", "faults", {"kinds": ["500"], "operations": [f"DELETE /v1/databases/{stuck['id']}"]})
    run = life.sweep()
    assert run.exit_code == 1
    assert stuck["name"] in run.annotations[-1].message
    assert ids(life) == {stuck["id"]}
    assert list(swept(run).values()).count("failed") == 1
    assert "Failed" in run.summary


def test_a_pull_request_reopened_while_the_sweep_runs_keeps_its_preview(life: Life) -> None:
    life.seed(life.scope)
    life.emulator.pull_request(life.number, state="closed")
    # The list says closed; the single read right before the deletion waits long enough for it to be opened again.
    life.emulator.control(
        "PUT", "faults", {"kinds": ["502"], "operations": [f"GET /github/repos/acme/shop/pulls/{life.number}$"], "count": 2}
    )
    life.emulator.control("DELETE", "requests")
    step = life.sweeping()
    path = f"/pulls/{life.number}"
    until(lambda: any(one["path"].endswith(path) for one in life.emulator.control("GET", "requests")))
    life.emulator.control("PUT", f"github/pulls/{life.number}", {"state": "open"})
    run = step.finish()
    assert run.succeeded, run.log
    assert swept(run) == {f"pr {life.number}": "kept"}
    assert len(life.databases()) == 1


def test_a_sweep_of_another_repositorys_name_is_refused(life: Life) -> None:
    life.seed(life.scope)
    life.environ["GITHUB_REPOSITORY_ID"] = str(life.repository.id + 1)
    other = Repository(life.repository.id + 1, "acme/shop")
    life.seed(Scope(other, Kind.PULL_REQUEST, "1"))
    run = life.sweep()
    assert run.exit_code == 1
    assert "instead of" in run.annotations[-1].message
    assert len(life.databases()) == 2


def test_a_sweep_without_a_github_token_is_refused(life: Life) -> None:
    run = life.sweep(github_token="")
    assert run.exit_code == 1
    assert "github_token" in run.annotations[-1].message


def test_a_plan_limit_names_the_plan_and_what_could_go(life: Life) -> None:
    idle, closed = numbers(life, 2)
    life.emulator.pull_request(idle, state="open", updated_at=time.time() - 20 * 86400)
    life.emulator.pull_request(closed, state="closed")
    life.seed(pr(life, idle), pr(life, closed))
    life.emulator.control("PUT", "settings", {"database_limit": 1})
    run = life.opened()
    assert run.exit_code == 1
    message = run.annotations[-1].message
    assert f"#{closed} (not open), #{idle} (nothing for 20 days)" in message
    assert "on the plan" in message


def test_a_thousand_databases_of_three_repositories_killed_half_way_and_run_again(life: Life) -> None:
    others = [Repository(life.repository.id + more, f"acme/other-{more}") for more in (1, 2)]
    pulls = numbers(life, 400)
    for number in pulls[:100]:
        life.emulator.control("PUT", f"github/pulls/{number}", {"state": "open"})
    for number in pulls[100:]:
        life.emulator.control("PUT", f"github/pulls/{number}", {"state": "closed", "updated_at": time.time() - 90000})
    life.seed(*(pr(life, number) for number in pulls), days=20)
    theirs = life.seed(*(Scope(other, Kind.PULL_REQUEST, str(number)) for other in others for number in range(300)))
    step = life.sweeping({"max_deletions": "1000", "comment": "false"})
    until(lambda: len(life.databases()) < 900)
    step.kill()
    half = life.databases()
    assert 700 < len(half) < 1000
    run = life.sweep(max_deletions="1000", comment="false")
    assert run.succeeded, run.log[-5:]
    left = ids(life)
    assert len(left) == 100 + 600
    assert {one["id"] for one in theirs} <= left
    assert any("previews done" in line for line in run.log)
    requests = [one["path"] for one in life.emulator.control("GET", "requests") if one["path"].endswith("/pulls")]
    assert len(requests) < 60
