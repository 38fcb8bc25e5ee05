"""What a terminal shows of all previews, and what it asks before any of them goes."""

from __future__ import annotations

import time
from typing import Any

import pytest

from preview_db.planning import identity
from tests.cli.previews import seeded
from tests.drivers import exit_codes
from tests.drivers.terminal import Desk


def test_the_list_says_what_each_preview_is_of_and_what_a_sweep_would_take(desk: Desk) -> None:
    seed = seeded(desk)
    said = desk("list", "--json", "--max-idle", "14d")
    shown = {(one["kind"], one["ref"]): one for one in said.json["previews"]}
    idle, closed, draft = (shown["pr", str(seed[name])] for name in ("idle", "closed", "draft"))
    assert (idle["branch"], idle["state"], idle["goes"], idle["credentials"]) == (f"feat/{seed['idle']}", "open", True, 0)
    assert (closed["state"], closed["goes"], closed["reason"]) == ("closed", True, f"pull request #{seed['closed']} was closed")
    assert (draft["state"], draft["goes"]) == ("draft", False)
    assert shown["br", f"gone-{seed['closed']}"]["state"] == "gone"
    assert said.json["others"] == {"default databases": 1, "other repositories' previews": 0, "made by hand": 0}
    table = desk("list", "--max-idle", "14d")
    (line,) = [line for line in table.out.splitlines() if line.startswith(f"#{seed['closed']} ")]
    assert "12 days" in line
    assert "9 days" in line
    assert "goes: pull request" in line
    assert len({len(line.rstrip()) > 0 for line in table.out.splitlines()}) == 1


def test_the_list_without_github_says_what_there_is(desk: Desk) -> None:
    seed = seeded(desk)
    said = desk("list", "--repo-id", str(desk.life.repository.id), GH_TOKEN="")
    assert f"#{seed['closed']} " in said.out
    assert "unknown" in said.out
    assert "goes" not in said.out
    assert "GH_TOKEN" in said.err


def test_a_duplicate_is_told_from_the_one_that_stays(desk: Desk) -> None:
    name = identity.name(desk.life.scope)
    rows: list[dict[str, Any]] = [{"name": name, "project": desk.life.project, "createdAt": time.time() - age} for age in (9000, 8000)]
    kept, goes = desk.life.emulator.control("POST", "databases", rows)
    shown = {one["database_id"]: one["goes"] for one in desk("list", "--json").json["previews"]}
    assert shown == {kept["id"]: False, goes["id"]: True}


def test_a_sweep_shows_its_plan_and_asks(desk: Desk) -> None:
    seed = seeded(desk)
    refused = desk("sweep")
    assert (refused.exit_code, refused.out) == (exit_codes.REFUSED, "")
    assert "--yes" in refused.err
    no = desk.on_screen("sweep", answers=["n\n"])
    assert no.exit_code == exit_codes.REFUSED
    assert f"pull request #{seed['closed']} was closed" in no.out
    assert "Delete 2 databases with their data?" in no.out
    assert len(desk.life.databases()) == 4
    yes = desk.on_screen("sweep", answers=["y\n"])
    assert yes.exit_code == 0, yes.out
    assert "2 kept, 2 deleted" in yes.out
    assert len(desk.life.databases()) == 2
    assert desk.on_screen("sweep").exit_code == 0, "with nothing to delete, nothing is asked"


def test_an_answer_of_many_lines_or_none_is_no_yes(desk: Desk) -> None:
    seeded(desk)
    assert desk.on_screen("sweep", answers=["\n"]).exit_code == exit_codes.REFUSED
    assert desk.on_screen("sweep", answers=["\x04"]).exit_code == exit_codes.REFUSED
    assert len(desk.life.databases()) == 4


def test_a_sweep_that_fails_in_part_tells_it_all_and_fails(desk: Desk) -> None:
    seeded(desk)
    stuck = desk.life.databases()[1]
    desk.life.emulator.control("PUT", "faults", {"kinds": ["500"], "operations": [f"DELETE /v1/databases/{stuck['id']}"]})
    said = desk("sweep", "--yes", "--json")
    assert said.exit_code == exit_codes.FAILED
    assert sorted(one["status"] for one in said.json["swept"]) == ["deleted", "failed", "kept", "kept"]
    assert stuck["name"] in said.err


def test_a_sweep_goes_by_its_limit(desk: Desk) -> None:
    seeded(desk)
    said = desk("sweep", "--yes", "--max-deletions", "1")
    assert said.exit_code == exit_codes.FAILED
    assert "beyond max_deletions" in said.out
    assert len(desk.life.databases()) == 3


@pytest.mark.parametrize("command", ["delete", "reset"])
def test_deleting_is_confirmed(desk: Desk, command: str) -> None:
    desk("create")
    before = desk.life.databases()
    refused = desk(command)
    assert refused.exit_code == exit_codes.REFUSED
    assert desk.on_screen(command, answers=["n\n"]).exit_code == exit_codes.REFUSED
    assert desk.life.databases() == before
    yes = desk.on_screen(command, answers=["y\n"])
    assert yes.exit_code == 0, yes.out
    assert before[0]["id"] in yes.out
    assert before[0]["id"] not in {one["id"] for one in desk.life.databases()}


def test_ctrl_c_at_the_question_deletes_nothing(desk: Desk) -> None:
    desk("create")
    said = desk.on_screen("delete", answers=["\x03"])
    assert said.exit_code == exit_codes.STOPPED
    assert len(desk.life.databases()) == 1


def test_a_plan_says_what_would_be_done_and_does_nothing(desk: Desk) -> None:
    said = desk("plan", "--json")
    assert [step["action"] for step in said.json["plan"]] == ["create", "mint", "wait"]
    assert desk.life.databases() == []
    desk("create")
    desk.life.emulator.pull_request(desk.life.number, state="closed", merged=True)
    closed = desk("plan", "--pr", str(desk.life.number))
    assert "delete" in closed.out
    assert "which was merged" in closed.out
    assert len(desk.life.databases()) == 1
    assert "would go" in desk("plan", "--all").out
    unknown = desk("plan", "--pr", "999999")
    assert (unknown.exit_code, "no pull request #999999" in unknown.err) == (exit_codes.FAILED, True)


def test_dry_runs_touch_nothing(desk: Desk) -> None:
    assert desk("create", "--dry-run").exit_code == 0
    assert desk.life.databases() == []
    desk("create")
    before = desk.life.databases()
    for command in ("delete", "reset"):
        said = desk(command, "--dry-run")
        assert (said.exit_code, "delete" in said.out) == (0, True)
    assert desk.life.databases() == before
