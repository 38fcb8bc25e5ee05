"""What one sweep for many repositories asks of GitHub: in how few requests, within which limits, and what of the answers it believes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from preview_db.planning.model import Repository
from preview_db_emulator.client import Emulator
from preview_db_emulator.runner.runner import Run
from tests.drivers.lying_server import Answer, about, lying
from tests.drivers.organisation import Organisation, ids, statuses, told
from tests.drivers.workflow import Workflow

Json = dict[str, Any]

LISTS = r"GET /github/repositories/\d+/pulls\?"


@pytest.fixture
def organisation(workflow: Workflow) -> Organisation:
    return Organisation(workflow)


@pytest.fixture
def control(organisation: Organisation) -> Iterator[Callable[..., Any]]:
    """The emulator's control surface, which takes the limits back in the end."""
    yield organisation.workflow.emulator.control
    organisation.workflow.emulator.control("DELETE", "github/rate_limit")


def asked(running: Emulator, ends: str) -> list[Json]:
    return [request for request in running.control("GET", "requests") if request["path"].endswith(ends)]


def to_github(running: Emulator) -> list[Json]:
    return [request for request in running.control("GET", "requests") if request["path"].startswith("/github")]


def test_the_pull_requests_of_many_repositories_are_judged_by_one_request(organisation: Organisation, control: Callable[..., Any]) -> None:
    repositories = [organisation.repository(f"r{number}") for number in range(20)]
    kept = [organisation.previews(repository, opened=[1, 2, 3], closed=[4])[:3] for repository in repositories]
    control("DELETE", "requests")
    run = organisation.sweep()
    assert run.succeeded, run.log
    assert organisation.left() == ids(*kept)
    running = organisation.workflow.emulator
    assert len(asked(running, "/graphql")) == 2, "one to judge them by, and one at the end: was any reopened?"
    assert asked(running, "/pulls") == []
    assert len(asked(running, "/pulls/4")) == 20, "each is looked at once more right before its preview goes"


def test_where_there_is_no_graphql_the_lists_are_read(organisation: Organisation, control: Callable[..., Any]) -> None:
    repositories = [organisation.repository(f"r{number}") for number in range(30)]
    kept = [organisation.previews(repository, opened=[1, 2, 3, 4], closed=[5])[:4] for repository in repositories]
    control("PUT", "faults", {"kinds": ["html"], "operations": ["POST /github/graphql"]})
    control("DELETE", "requests")
    run = organisation.sweep()
    assert run.succeeded, run.log
    assert organisation.left() == ids(*kept)
    assert len(asked(organisation.workflow.emulator, "/pulls")) == 2 * 30, "those that are open, and those closed last"


DOUBTS = ["502", "truncated", "html", "403-permission"]


@pytest.mark.parametrize("kind", DOUBTS)
def test_doubt_about_one_repository_keeps_its_previews_and_no_others(
    organisation: Organisation, control: Callable[..., Any], kind: str
) -> None:
    shop, web = organisation.repository("shop"), organisation.repository("web")
    organisation.previews(shop, closed=[1, 2])
    kept = organisation.previews(web, closed=[1, 2])
    control("PUT", "faults", {"kinds": [kind], "operations": ["POST /github/graphql", f"GET /github/repositories/{web.id}/pulls"]})
    run = organisation.sweep()
    assert run.exit_code == 1
    assert organisation.left() == ids(kept)
    assert f"{web.full_name}: " in run.annotations[-1].message
    assert told(run)["doubts"][0]["about"] == web.full_name
    control("DELETE", "faults")
    assert organisation.sweep().succeeded
    assert organisation.left() == set()


def sweeps(organisation: Organisation, lie: Callable[[Answer], None], **inputs: str) -> tuple[Run, list[str]]:
    """A sweep between which and the emulator somebody lies, and what it asked."""
    with lying(organisation.workflow.emulator, lie) as liar:
        organisation.workflow.environ |= liar.environ
        return organisation.sweep(**inputs), liar.asked


def of(repository: Repository, change: Callable[[Json], object]) -> Callable[[Answer], None]:
    """A lie in what GraphQL tells of one repository."""

    def lie(answer: Answer) -> None:
        content = answer.json
        if f"r{repository.id}" in (content or {}).get("data", {}):
            change(content["data"][f"r{repository.id}"])
            answer.json = content

    return about("POST /github/graphql", lie)


NOT_WHOLE: dict[str, Callable[[Json], object]] = {
    "a null": lambda node: node.update(p1=None),
    "another repository's id": lambda node: node.update(databaseId=7),
    "another number": lambda node: node["p1"].update(number=2),
    "another base": lambda node: node["p1"]["baseRepository"].update(databaseId=7),
    "no base": lambda node: node["p1"].update(baseRepository=None),
    "a state that is none": lambda node: node["p1"].update(state="DRAFT"),
    "no time": lambda node: node["p1"].update(updatedAt=None),
    "labels without names": lambda node: node["p1"].update(labels={"nodes": [None]}),
    "no number": lambda node: node["p1"].pop("number"),
}


@pytest.mark.parametrize("lie", NOT_WHOLE.values(), ids=NOT_WHOLE.keys())
def test_what_graphql_does_not_say_whole_the_list_of_that_repository_says(
    organisation: Organisation, lie: Callable[[Json], object]
) -> None:
    shop, web = organisation.repository("shop"), organisation.repository("web")
    organisation.previews(shop, opened=[1], closed=[2])
    organisation.previews(web, opened=[1], closed=[2])
    run, requests = sweeps(organisation, of(web, lie))
    assert run.succeeded, run.log
    assert statuses(run) == {"shop#1": "kept", "shop#2": "deleted", "web#1": "kept", "web#2": "deleted"}
    assert any(f"/repositories/{web.id}/pulls?" in request for request in requests)
    assert not any(f"/repositories/{shop.id}/pulls?" in request for request in requests)


def test_a_lie_that_all_is_closed_deletes_nothing_that_is_open(organisation: Organisation) -> None:
    shop = organisation.repository("shop")
    organisation.previews(shop, opened=[1], closed=[2])
    run, _ = sweeps(organisation, of(shop, lambda node: node["p1"].update(state="CLOSED", closedAt="2026-01-01T00:00:00Z")))
    assert run.succeeded, run.log
    assert statuses(run) == {"shop#1": "kept", "shop#2": "deleted"}


def most_at_a_time(requests: list[Json]) -> int:
    return max(len([other for other in requests if other["time"] <= request["time"] < other["ended"]]) for request in requests)


def test_the_sweep_slows_down_before_githubs_limit_is_reached(organisation: Organisation, control: Callable[..., Any]) -> None:
    repositories = [organisation.repository(f"r{number:02}") for number in range(40)]
    for repository in repositories:
        organisation.previews(repository, closed=[1])
    control("PUT", "settings", {"latency_ms": 20})
    control("PUT", "github/rate_limit", {"remaining": 122, "reset_in_s": 3600})
    control("DELETE", "requests")
    run = organisation.sweep()
    assert run.succeeded, run.log
    looks = asked(organisation.workflow.emulator, "/pulls/1")
    assert most_at_a_time(looks[:15]) > 1
    assert most_at_a_time(looks[-10:]) == 1, "less than a tenth of an hour's requests is left"


def test_a_limit_that_ends_in_time_is_waited_for_without_asking(organisation: Organisation, control: Callable[..., Any]) -> None:
    repositories = [organisation.repository(f"r{number:02}") for number in range(20)]
    for repository in repositories:
        organisation.previews(repository, closed=[1])
    control("PUT", "github/rate_limit", {"remaining": 1, "reset_in_s": 4})
    control("DELETE", "requests")
    run = organisation.sweep()
    assert run.succeeded, run.log
    assert organisation.left() == set()
    assert "waiting" in "\n".join(run.log)
    assert {request["status"] for request in to_github(organisation.workflow.emulator)} == {200}


@pytest.mark.parametrize("graphql", [True, False], ids=["at the last looks", "at the lists"])
def test_a_limit_that_lasts_ends_in_words_and_not_in_half_an_answer(
    organisation: Organisation, control: Callable[..., Any], *, graphql: bool
) -> None:
    repositories = [organisation.repository(f"r{number:02}") for number in range(30)]
    kept = {repository.full_name: organisation.previews(repository, opened=[1], closed=[2]) for repository in repositories}
    inputs = organisation.inputs(max_deletions="100")
    if not graphql:
        control("PUT", "faults", {"kinds": ["502"], "operations": ["POST /github/graphql"]})
    control("PUT", "github/rate_limit", {"remaining": 15, "reset_in_s": 3600})
    control("DELETE", "requests")
    run = organisation.workflow.sweep(**inputs)
    served = to_github(organisation.workflow.emulator)
    assert run.exit_code == 1
    assert "GitHub's rate limit is reached" in run.annotations[-1].message
    assert 403 not in {request["status"] for request in served}, "to go on asking would be held against the token"
    open_ones = {previews[0]["id"] for previews in kept.values()}
    assert open_ones <= organisation.left()
    counts = told(run)["counts"]
    assert counts["previews"] == 60
    assert counts["failed" if graphql else "doubts"] > 10
    control("DELETE", "github/rate_limit")
    control("DELETE", "faults")
    assert organisation.workflow.sweep(**inputs).succeeded
    assert organisation.left() == open_ones


def test_a_limit_that_passes_is_waited_for(organisation: Organisation, control: Callable[..., Any]) -> None:
    shop, web = organisation.repository("shop"), organisation.repository("web")
    organisation.previews(shop, closed=[1])
    organisation.previews(web, closed=[1])
    fault = {"kinds": ["403-secondary-limit"], "operations": ["GET /github/"], "count": 3, "retry_after": 1}
    control("PUT", "faults", fault)
    run = organisation.sweep()
    assert run.succeeded, run.log
    assert organisation.left() == set()
