"""What one sweep for many repositories must not believe: short lists, a 404 that is a proxy's, repositories that change meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from preview_db.planning.model import Kind, Repository, Scope
from preview_db_emulator.runner.runner import Run
from tests.drivers.lying_server import Answer, Lie, about, lying
from tests.drivers.organisation import Organisation, ids, statuses, told
from tests.drivers.workflow import Workflow, new_project


@pytest.fixture
def organisation(workflow: Workflow) -> Organisation:
    return Organisation(workflow)


def sweeps(organisation: Organisation, *lies: Lie, **inputs: str) -> Run:
    """A sweep between which and the emulator somebody lies."""

    def lie(answer: Answer) -> None:
        for each in lies:
            each(answer)

    with lying(organisation.workflow.emulator, lie) as liar:
        organisation.workflow.environ |= liar.environ
        return organisation.sweep(**inputs)


def missing(answer: Answer) -> None:
    answer.status, answer.json = 404, {"message": "Not Found", "status": "404"}


def list_of(organisation: Organisation, change: Callable[[list[Any]], list[Any]]) -> Lie:
    """A lie about the owner's list of repositories, which loses its link to the next page, too."""

    def lie(answer: Answer) -> None:
        answer.json = change(answer.json)
        answer.headers.pop("link", None)

    return about(rf"GET /github/orgs/{organisation.name}/repos", lie)


def without(repository: Repository) -> Callable[[list[Any]], list[Any]]:
    return lambda listed: [item for item in listed if item["id"] != repository.id]


def test_an_empty_list_of_an_owner_fails_and_touches_nothing(organisation: Organisation) -> None:
    organisation.previews(organisation.repository("shop"), closed=[1])
    before = organisation.left()
    run = sweeps(organisation, list_of(organisation, lambda _: []), missing_repositories="delete")
    assert run.exit_code == 1
    assert f"{organisation.name}/*: " in run.annotations[-1].message
    assert organisation.left() == before


def test_a_list_without_one_of_the_repositories_touches_nothing_of_it(organisation: Organisation) -> None:
    shop, web = organisation.repository("shop"), organisation.repository("web")
    organisation.previews(shop, closed=[1])
    kept = organisation.previews(web, closed=[1])
    run = sweeps(organisation, list_of(organisation, without(web)), missing_repositories="delete")
    assert organisation.left() == ids(kept)
    assert told(run)["unlisted"][0]["databases"] == 1


def test_a_short_list_and_a_404_together_do_not_prove_a_repository_gone(organisation: Organisation) -> None:
    shop, web = organisation.repository("shop"), organisation.repository("web")
    kept = organisation.previews(web, opened=[1])
    organisation.previews(shop, closed=[1])
    lies = list_of(organisation, without(web)), about(rf"GET /github/repositories/{web.id}$", missing)
    run = sweeps(organisation, *lies, repositories=f"{organisation.name}/*, {web.full_name}@{web.id}", missing_repositories="delete")
    assert run.exit_code == 1
    assert told(run)["missing"][0]["standing"] == "not visible"
    assert organisation.left() == ids(kept)


def test_a_404_to_everything_touches_nothing(organisation: Organisation) -> None:
    web = organisation.repository("web")
    organisation.previews(web, closed=[1])
    before = organisation.left()
    named = f"{organisation.name}/*, {web.full_name}@{web.id}"
    run = sweeps(organisation, about(r" /github/", missing), repositories=named, missing_repositories="delete")
    assert run.exit_code == 1
    assert organisation.left() == before


def test_an_archived_repository_that_answers_404_right_before_a_deletion_keeps_its_previews(organisation: Organisation) -> None:
    shop = organisation.repository("shop", archived=True)
    kept = organisation.previews(shop, opened=[1])
    run = sweeps(organisation, about(rf"GET /github/repositories/{shop.id}$", missing), missing_repositories="delete")
    assert organisation.left() == ids(kept)
    assert statuses(run) == {"shop#1": "kept"}


def test_a_repository_deleted_and_made_again_while_the_sweep_runs_loses_nothing(organisation: Organisation) -> None:
    shop = organisation.repository("shop")
    old = organisation.previews(shop, opened=[1], closed=[2])
    new: list[Any] = []

    def made_again(answer: Answer) -> None:
        if not new:
            organisation.repository("shop", deleted=True)
            new.append(organisation.repository("shop"))
            organisation.pulls(new[0], {"number": 1, "state": "closed"}, {"number": 2, "state": "closed"})

    run = sweeps(organisation, about(r"POST /github/graphql|GET .*/pulls\?", made_again), missing_repositories="delete")
    assert new
    assert new[0].id != shop.id
    assert run.exit_code == 1, "what answers by the old id is a 404"
    assert organisation.left() == ids(old)


def test_a_repository_renamed_while_the_sweep_runs_is_swept_by_its_id(organisation: Organisation) -> None:
    shop = organisation.repository("shop")
    kept = organisation.previews(shop, opened=[1], closed=[2])[0]

    def renamed(_: Answer) -> None:
        organisation.repository("shop", full_name=f"{organisation.name}/store")
        other = organisation.repository("shop")
        organisation.pulls(other, {"number": 1, "state": "closed"}, {"number": 2, "state": "open"})

    run = sweeps(organisation, about(r"GET /github/orgs/.*/repos", renamed))
    assert run.succeeded, run.log
    assert organisation.left() == {kept["id"]}


def test_a_pull_request_reopened_at_the_last_moment_keeps_its_preview(organisation: Organisation) -> None:
    shop, web = organisation.repository("shop"), organisation.repository("web")
    kept = organisation.previews(shop, closed=[1])
    organisation.previews(web, closed=[1])

    def reopened(_: Answer) -> None:
        organisation.pulls(shop, {"number": 1, "state": "open"})

    run = sweeps(organisation, about("POST /github/graphql", reopened))
    assert run.succeeded, run.log
    assert organisation.left() == ids(kept)
    assert statuses(run) == {"shop#1": "kept", "web#1": "deleted"}


def test_a_pull_request_reopened_between_the_last_look_and_the_deletion_is_said(organisation: Organisation) -> None:
    shop = organisation.repository("shop")
    organisation.previews(shop, closed=[1, 2])

    def reopened(_: Answer) -> None:
        organisation.pulls(shop, {"number": 1, "state": "open"})

    run = sweeps(organisation, about(rf"GET /github/repositories/{shop.id}/pulls/1$", reopened))
    assert run.succeeded, run.log
    assert statuses(run) == {"shop#1": "deleted", "shop#2": "deleted"}
    (said,) = [annotation.message for annotation in run.annotations if annotation.title == "Reopened meanwhile"]
    assert f"{shop.full_name}#1 were deleted" in said.replace("The previews of ", "")
    assert f"{shop.full_name}#2" not in said


def test_the_same_id_on_another_github_is_another_repository(organisation: Organisation) -> None:
    shop = organisation.repository("shop")
    organisation.previews(shop, closed=[1])
    elsewhere = Repository(shop.id, shop.full_name, host="github.acme.example")
    kept = organisation.workflow.seed(Scope(elsewhere, Kind.PULL_REQUEST, "1"))
    run = organisation.sweep(missing_repositories="delete")
    assert run.succeeded, run.log
    assert organisation.left() == ids(kept)
    assert told(run)["unlisted"][0]["databases"] == 1


def test_one_project_of_three_that_cannot_be_read_keeps_what_is_in_it(organisation: Organisation) -> None:
    shop, running = organisation.repository("shop"), organisation.workflow.emulator
    second, third = new_project(running), new_project(running)
    organisation.previews(shop, closed=[1])
    kept = organisation.previews(shop, closed=[1], project=second)
    organisation.previews(shop, closed=[1], project=third)
    running.control("PUT", "faults", {"kinds": ["500"], "operations": [rf"GET /v1/databases\?.*projectId={second}"]})
    run = organisation.sweep(project=f"{organisation.workflow.project} {second} {third}".replace(" ", ", "))
    assert run.exit_code == 1
    assert second in run.annotations[-1].message
    assert {database["id"] for database in running.databases() if database["logicalId"]} >= ids(kept)
    projects = {entry["project_id"]: entry["status"] for entry in told(run)["swept"]}
    assert projects == {organisation.workflow.project: "deleted", third: "deleted"}
