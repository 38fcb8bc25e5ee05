"""What a sweep must not believe: a short list, a 404 that means the token sees nothing, a second database whose first is gone."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from preview_db.planning import identity
from preview_db.planning.model import Kind, Scope
from preview_db_emulator.runner.runner import Run
from tests.drivers.lying_server import Answer, about, in_data, lying
from tests.drivers.pull_request import Life


def empty(answer: Answer) -> None:
    answer.json = []


def without_link(answer: Answer) -> None:
    answer.headers.pop("link", None)


def missing(answer: Answer) -> None:
    answer.status, answer.json = 404, {"message": "Not Found", "status": "404"}


def statuses(run: Run) -> list[str]:
    return [preview["status"] for preview in json.loads(run.outputs["swept"])]


def branch(life: Life, name: str) -> Scope:
    return Scope(life.repository, Kind.BRANCH, name)


def sweeps(life: Life, *lies: Callable[[Answer], None], **inputs: str) -> Run:
    """A sweep between which and the emulator somebody lies. It must not delete anything."""

    def lie(answer: Answer) -> None:
        for each in lies:
            each(answer)

    before = life.databases()
    with lying(life.emulator, lie) as liar:
        life.environ |= liar.environ
        run = life.sweep(**inputs)
        assert not [asked for asked in liar.asked if asked.startswith("DELETE")]
    assert life.databases() == before
    return run


def test_an_empty_list_of_branches_is_doubt(life: Life) -> None:
    life.emulator.control("PUT", f"github/branches/feat/{life.number}", {})
    life.seed(branch(life, f"feat/{life.number}"))
    run = sweeps(life, about("GET .*/branches", empty))
    assert run.exit_code == 1
    assert "default branch" in run.annotations[-1].message


def test_a_branch_that_a_cut_list_does_not_show_is_looked_up_by_itself(life: Life) -> None:
    life.emulator.control("PUT", f"github/branches/z-{life.number}", {})
    life.seed(branch(life, f"z-{life.number}"))

    def only_the_default(answer: Answer) -> None:
        answer.json = [{"name": "main", "commit": {"sha": "1" * 40, "url": ""}, "protected": False}]
        without_link(answer)

    run = sweeps(life, about(r"GET .*/branches\?", only_the_default))
    assert statuses(run) == ["kept"]


def test_a_list_of_pull_requests_that_lost_its_link_deletes_nothing(life: Life) -> None:
    pulls = [life.pull() for _ in range(110)]
    for pull in pulls:
        life.emulator.control("PUT", f"github/pulls/{pull.number}", {"state": "open"})
    life.seed(*(pull.scope for pull in pulls[:5]), *(pull.scope for pull in pulls[-5:]))
    run = sweeps(life, about(r"GET .*/pulls\?", without_link))
    assert run.succeeded
    assert set(statuses(run)) == {"kept"}


def test_a_pull_request_that_answers_404_is_one_the_token_does_not_see(life: Life) -> None:
    life.emulator.pull_request(life.number, state="open")
    life.seed(life.scope)
    run = sweeps(life, about(r"GET .*/pulls\?", empty), about(rf"GET .*/pulls/{life.number}$", missing))
    assert run.exit_code == 1
    assert "there is no pull request" in run.annotations[-1].message
    assert statuses(run) == ["failed"]


def duplicated(life: Life) -> list[dict[str, Any]]:
    """The preview's database, and another of the same tag that a race left."""
    life.emulator.pull_request(life.number, state="open")
    name = identity.name(life.scope)
    first = {"name": name, "logicalId": name, "project": life.project, "createdAt": 1_000_000_000}
    return list(life.emulator.control("POST", "databases", [first, {"name": name, "project": life.project}]))


@pytest.mark.parametrize("kept", ["gone", "not ready"])
def test_a_second_database_stays_where_the_first_cannot_be_used(life: Life, kept: str) -> None:
    oldest, _ = duplicated(life)

    def not_ready(database: dict[str, Any]) -> None:
        database["status"] = "recovering"

    lie = missing if kept == "gone" else in_data(not_ready)
    run = sweeps(life, about(rf"GET /v1/databases/{oldest['id']}$", lie))
    assert run.succeeded, run.log
    assert statuses(run) == ["kept"]
    assert "which stays, is not ready" in run.summary


def test_a_second_database_goes_where_the_first_can_be_used(life: Life) -> None:
    oldest, _ = duplicated(life)
    assert life.sweep().succeeded
    assert [database["id"] for database in life.databases()] == [oldest["id"]]


def test_a_sweep_that_runs_out_of_time_names_what_it_did_not_reach(life: Life) -> None:
    pulls = [life.pull() for _ in range(24)]
    for pull in pulls:
        life.emulator.control("PUT", f"github/pulls/{pull.number}", {"state": "closed"})
    life.seed(*(pull.scope for pull in pulls))
    life.emulator.control("PUT", "faults", {"kinds": ["late"], "operations": ["DELETE /v1/databases"], "silence_s": 4.5})
    run = life.sweep(timeout="4s")
    assert run.exit_code == 1
    assert "ran out of time" in run.annotations[-1].message
    left = statuses(run).count("left for the next sweep")
    assert 0 < left < len(pulls)
    assert len(life.databases()) == left
    life.emulator.control("DELETE", "faults")
    assert life.sweep().succeeded
    assert life.databases() == []
