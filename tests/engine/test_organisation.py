"""One sweep for many repositories, through the front door: each by its own pull requests, and doubt about one stops no other."""

from __future__ import annotations

import json
import time

import pytest

from preview_db.planning import identity
from preview_db.planning.model import Kind, Repository, Scope
from preview_db.planning.repositories import Shard
from tests.drivers.organisation import Organisation, ids, statuses, told
from tests.drivers.workflow import Workflow, new_project, until


@pytest.fixture
def organisation(workflow: Workflow) -> Organisation:
    return Organisation(workflow)


def test_each_repositorys_previews_go_by_its_own_pull_requests(organisation: Organisation) -> None:
    shop, web = organisation.repository("shop"), organisation.repository("web", private=True)
    kept = organisation.previews(shop, opened=[1], closed=[2]) + organisation.previews(web, opened=[2], closed=[1])
    stranger = organisation.workflow.seed(Scope(Repository(77, "else/where"), Kind.PULL_REQUEST, "1"), days=90)
    by_hand = organisation.workflow.emulator.control("POST", "databases", [{"name": "by hand", "project": organisation.workflow.project}])
    run = organisation.sweep()
    assert run.succeeded, run.log
    assert statuses(run) == {"shop#1": "kept", "shop#2": "deleted", "web#1": "deleted", "web#2": "kept"}
    assert organisation.left() == {kept[0]["id"], kept[2]["id"]} | ids(stranger, by_hand)
    (unlisted,) = told(run)["unlisted"]
    assert (unlisted["slug"], unlisted["databases"]) == ("where", 1)
    assert f"[{organisation.name}/shop](https://github.com/{organisation.name}/shop)" in run.summary
    assert "90 days" in run.summary
    assert (run.outputs["outcome"], run.outputs["deleted"]) == ("swept", "true")


def test_the_summary_says_what_previews_cost_where_the_api_does(organisation: Organisation) -> None:
    shop = organisation.repository("shop")
    organisation.previews(shop, opened=[1, 2], operations=1500, storageGib=0.25)
    run = organisation.sweep()
    assert run.succeeded, run.log
    assert r"| 0\.50 GiB | 3,000 |" in run.summary
    entries = {entry["ref"]: (entry["operations"], entry["storage_gib"]) for entry in told(run)["swept"]}
    assert entries == {"1": (1500, 0.25), "2": (1500, 0.25)}
    organisation.workflow.emulator.control("PUT", "faults", {"kinds": ["500"], "operations": ["GET /v1/databases/.*/usage"]})
    unknown = organisation.sweep()
    assert unknown.succeeded, "what is only shown is no doubt"
    assert "operations" not in told(unknown)["repositories"][0]


def test_what_is_taken_out_is_left_alone(organisation: Organisation) -> None:
    shop, legacy = organisation.repository("shop"), organisation.repository("legacy-2019")
    organisation.previews(shop, closed=[1])
    kept = organisation.previews(legacy, closed=[1])
    run = organisation.sweep(repositories=f"{organisation.name}/*, !{organisation.name.upper()}/LEGACY-*")
    assert run.succeeded, run.log
    assert organisation.left() == ids(kept)
    assert told(run)["unlisted"][0]["slug"] == "legacy-2019"


def test_a_list_of_repositories_that_breaks_off_touches_none_of_them(organisation: Organisation, workflow: Workflow) -> None:
    other = Organisation(workflow)
    kept = organisation.previews(organisation.repository("shop"), closed=[1])
    other.previews(other.repository("shop"), closed=[1])
    fault = {"kinds": ["truncated"], "operations": [f"GET /github/orgs/{organisation.name}/repos"]}
    workflow.emulator.control("PUT", "faults", fault)
    run = organisation.sweep(repositories=f"{organisation.name}/*\n{other.name}/*")
    assert run.exit_code == 1
    assert organisation.left() == ids(kept)
    assert told(run)["doubts"][0]["about"] == f"{organisation.name}/*"


def test_a_name_that_nobody_answers_to_is_said_and_stops_no_other(organisation: Organisation) -> None:
    organisation.previews(organisation.repository("shop"), closed=[1])
    run = organisation.sweep(repositories=f"{organisation.name}/shop {organisation.name}/shpo")
    assert run.exit_code == 1
    assert f"{organisation.name}/shpo: GitHub answers 404" in run.annotations[-1].message
    assert organisation.left() == set()


def test_the_limits_hold_over_all_and_for_each_repository(organisation: Organisation) -> None:
    for name in ("a", "b", "c"):
        repository = organisation.repository(name)
        hours_ago = time.time() - 3600
        organisation.previews(repository, closed=[1, 2, 3])
        organisation.pulls(repository, *({"number": number, "closed_at": hours_ago} for number in (1, 2, 3)))
    nothing = organisation.sweep(max_deletions="0")
    assert nothing.exit_code == 1
    assert len(organisation.left()) == 9
    run = organisation.sweep(max_deletions_per_repository="1")
    assert run.exit_code == 1
    assert "max_deletions (50, and 1 of each repository)" in run.annotations[-1].message
    assert sorted(status for status in statuses(run).values()) == ["beyond max_deletions"] * 6 + ["deleted"] * 3
    assert len(organisation.left()) == 6
    assert organisation.sweep(max_deletions="4").exit_code == 1
    assert len(organisation.left()) == 2


def test_a_dry_run_over_many_says_it_all_and_does_nothing(organisation: Organisation) -> None:
    organisation.previews(organisation.repository("shop"), opened=[1], closed=[2])
    before = organisation.left()
    run = organisation.sweep(dry_run="true")
    assert (run.exit_code, run.outputs["outcome"], run.outputs["deleted"]) == (0, "planned", "false")
    assert statuses(run) == {"shop#1": "kept", "shop#2": "would go"}
    assert "Would go" in run.summary
    assert organisation.left() == before


def test_an_archived_repositorys_previews_are_told_and_go_only_if_that_is_asked_for(organisation: Organisation) -> None:
    shop = organisation.repository("shop")
    organisation.previews(shop, opened=[1], closed=[2])
    organisation.repository("shop", archived=True)
    run = organisation.sweep()
    assert run.succeeded, run.log
    assert len(organisation.left()) == 2
    assert told(run)["repositories"][0]["standing"] == "archived"
    assert "is archived" in run.summary
    assert organisation.sweep(missing_repositories="delete").succeeded
    assert organisation.left() == set()


def test_a_repository_that_is_gone_is_told_and_its_previews_go_only_if_that_is_asked_for(organisation: Organisation) -> None:
    organisation.repository("web")
    gone = organisation.repository("gone", private=True)
    organisation.previews(gone, opened=[1, 2])
    organisation.repository("gone", deleted=True)
    without = organisation.sweep(missing_repositories="delete")
    assert without.succeeded, without.log
    assert (told(without)["unlisted"][0]["slug"], len(organisation.left())) == ("gone", 2), "nobody said which repository it was"
    named = f"{organisation.name}/*, {gone.full_name}@{gone.id}"
    run = organisation.sweep(repositories=named)
    assert run.succeeded, run.log
    assert told(run)["missing"][0]["standing"] == "gone"
    assert len(organisation.left()) == 2
    assert organisation.sweep(repositories=named, missing_repositories="delete").succeeded
    assert organisation.left() == set()


def test_an_id_that_is_another_repositorys_proves_nothing_gone(organisation: Organisation, workflow: Workflow) -> None:
    web, elsewhere = organisation.repository("web"), Organisation(workflow)
    secret = elsewhere.repository("secret", private=True)
    kept = organisation.previews(secret, opened=[1])
    mistyped = f"{organisation.name}/gone@{secret.id}"
    run = organisation.sweep(repositories=mistyped, missing_repositories="delete", github_token=organisation.token(web))
    assert run.succeeded, run.log
    assert organisation.left() == ids(kept)
    assert "when it was not called so" in told(run)["swept"][0]["reason"]


@pytest.mark.parametrize("counts", [True, False], ids=["the organisation counts it", "the organisation tells no counts"])
def test_a_private_repository_that_the_token_does_not_see_is_never_gone(organisation: Organisation, *, counts: bool) -> None:
    web, secret = organisation.repository("web"), organisation.repository("secret", private=True)
    organisation.previews(secret, closed=[1])
    organisation.previews(web, closed=[1])
    run = organisation.sweep(
        repositories=f"{organisation.name}/*, {secret.full_name}@{secret.id}",
        missing_repositories="delete",
        github_token=organisation.token(web, counts=counts),
    )
    assert run.exit_code == 1
    assert "the token can't see it" in run.annotations[-1].message
    assert len(organisation.left()) == 1
    assert {entry["repository"]: entry["status"] for entry in told(run)["swept"]} == {web.full_name: "deleted", secret.full_name: "kept"}


def test_a_persons_repository_is_never_proven_gone(organisation: Organisation) -> None:
    organisation.workflow.emulator.control("PUT", f"github/owners/{organisation.name}", {"type": "User"})
    organisation.repository("web")
    gone = organisation.repository("gone")
    organisation.previews(gone, closed=[1])
    organisation.repository("gone", deleted=True)
    run = organisation.sweep(repositories=f"{gone.full_name}@{gone.id}", missing_repositories="delete")
    assert run.exit_code == 1
    assert len(organisation.left()) == 1


def test_a_repository_renamed_between_two_sweeps_keeps_its_previews_by_its_id(organisation: Organisation) -> None:
    shop = organisation.repository("shop")
    kept = organisation.previews(shop, opened=[1], closed=[2])
    assert organisation.sweep(max_deletions="0").exit_code == 1
    organisation.repository("shop", full_name=f"{organisation.name}/store")
    run = organisation.sweep()
    assert run.succeeded, run.log
    assert statuses(run) == {"store#1": "kept", "store#2": "deleted"}
    assert organisation.left() == {kept[0]["id"]}
    by_its_old_name = organisation.sweep(repositories=f"{shop.full_name}@{shop.id}")
    assert told(by_its_old_name)["missing"][0]["standing"] == "renamed or transferred"
    assert f"{shop.full_name} is called" in by_its_old_name.summary


def test_a_transferred_repository_is_told_and_swept_like_any_other_only_if_that_is_asked_for(
    organisation: Organisation, workflow: Workflow
) -> None:
    shop = organisation.repository("shop")
    kept = organisation.previews(shop, opened=[1], closed=[2])
    elsewhere = Organisation(workflow)
    organisation.repository("shop", full_name=f"{elsewhere.name}/shop")
    run = organisation.sweep(repositories=shop.full_name)
    assert run.succeeded, run.log
    assert (len(organisation.left()), told(run)["repositories"][0]["standing"]) == (2, "renamed or transferred")
    assert organisation.sweep(repositories=shop.full_name, missing_repositories="delete").succeeded
    assert organisation.left() == {kept[0]["id"]}, "an open pull request's preview is wanted, wherever it is"


def test_a_repository_made_again_under_its_name_does_not_inherit_previews(organisation: Organisation) -> None:
    before = organisation.repository("shop")
    old = organisation.previews(before, closed=[1])
    organisation.repository("shop", deleted=True)
    again = organisation.repository("shop")
    assert again.id != before.id
    organisation.previews(again, closed=[1])
    run = organisation.sweep()
    assert run.succeeded, run.log
    assert organisation.left() == ids(old)
    assert told(run)["unlisted"][0]["databases"] == 1


def test_a_repository_that_is_unarchived_while_the_sweep_runs_keeps_its_previews(organisation: Organisation) -> None:
    shop = organisation.repository("shop", archived=True)
    organisation.previews(shop, opened=[1])
    emulator = organisation.workflow.emulator
    emulator.control("PUT", "faults", {"kinds": ["502"], "operations": [f"GET /github/repositories/{shop.id}$"], "count": 3})
    emulator.control("DELETE", "requests")
    step = organisation.workflow.sweeping(organisation.inputs(missing_repositories="delete"))
    until(lambda: any(one["path"].endswith(f"/repositories/{shop.id}") for one in emulator.control("GET", "requests")))
    organisation.repository("shop", archived=False)
    run = step.finish()
    assert run.succeeded, run.log
    assert statuses(run) == {"shop#1": "kept"}
    assert len(organisation.left()) == 1


def test_several_projects_and_all_of_a_workspace(organisation: Organisation) -> None:
    shop = organisation.repository("shop")
    other = new_project(organisation.workflow.emulator)
    organisation.previews(shop, closed=[1])
    organisation.previews(shop, closed=[1], project=other)
    third = new_project(organisation.workflow.emulator)
    kept = organisation.previews(shop, closed=[1], project=third)

    def everywhere() -> set[str]:
        return {database["id"] for database in organisation.workflow.emulator.databases()}

    run = organisation.sweep(project=f"{organisation.workflow.project}, {other}")
    assert run.succeeded, run.log
    assert {entry["project_id"] for entry in told(run)["repositories"]} == {organisation.workflow.project, other}
    assert ids(kept) <= everywhere()
    assert organisation.sweep(project="*").succeeded
    assert not ids(kept) & everywhere()


def test_shards_share_the_work_and_the_limit_and_never_a_repository(organisation: Organisation) -> None:
    repositories = [organisation.repository(f"r{number}") for number in range(6)]
    for repository in repositories:
        organisation.previews(repository, closed=[1])
    taken = []
    for index in (1, 2, 3):
        run = organisation.sweep(shard=f"{index}/3", max_deletions="18")
        assert run.succeeded, run.log
        taken.append({entry["repository_id"] for entry in told(run)["repositories"]})
        assert taken[-1] == {repository.id for repository in repositories if Shard(index, 3).takes(repository)}
    assert sum(map(len, taken)) == 6
    assert organisation.left() == set()


def test_the_number_of_shards_goes_by_the_number_of_repositories(organisation: Organisation) -> None:
    rows = [{"full_name": f"{organisation.name}/r{number}"} for number in range(126)]
    organisation.workflow.emulator.control("POST", "github/repositories", rows)
    run = organisation.sweep(command="shards")
    assert run.succeeded, run.log
    assert json.loads(run.outputs["shards"]) == ["1/2", "2/2"]
    few = organisation.sweep(command="shards", repositories=f"{organisation.name}/r1*")
    assert json.loads(few.outputs["shards"]) == ["1/1"]
    assert organisation.sweep(command="shards", repositories="").exit_code == 1


def test_shards_at_once_and_one_that_is_killed_leave_only_its_own_for_the_next_sweep(organisation: Organisation) -> None:
    repositories = [organisation.repository(f"r{number}") for number in range(12)]
    kept = [organisation.previews(repository, opened=[1], closed=range(2, 12))[0]["id"] for repository in repositories]
    inputs = organisation.inputs(max_deletions="1000")
    steps = {index: organisation.workflow.sweeping({**inputs, "shard": f"{index}/3"}) for index in (1, 2, 3)}
    until(lambda: len(organisation.left()) < 125)
    steps[3].kill()
    for index in (1, 2):
        run = steps[index].finish()
        assert run.succeeded, run.log
    theirs = {repository.full_name for repository in repositories if Shard(3, 3).takes(repository)}
    left = {database["name"].rpartition("-pr-")[0] for database in organisation.workflow.databases() if database["id"] not in kept}
    assert left <= {name.partition("/")[2] for name in theirs}
    assert organisation.sweep(max_deletions="1000", shard="3/3").succeeded
    assert organisation.left() == set(kept)


def with_comments(organisation: Organisation) -> list[str]:
    """The addresses of the comments on three closed pull requests, each with a preview that the comment says is ready."""
    addresses = []
    for name in ("a", "b", "c"):
        repository = organisation.repository(name)
        organisation.previews(repository, closed=[1])
        marker = f"<!-- preview-db {identity.tag(Scope(repository, Kind.PULL_REQUEST, '1'))} -->"
        addresses.append(f"github/repositories/{repository.full_name}/comments/1")
        said = {"login": "github-actions[bot]", "type": "Bot", "body": f"{marker}\n### Preview database: ready"}
        organisation.workflow.emulator.control("PUT", addresses[-1], said)
    return addresses


def test_a_comment_that_says_ready_is_brought_up_to_date_in_whatever_repository_it_is(organisation: Organisation) -> None:
    addresses, control = with_comments(organisation), organisation.workflow.emulator.control
    assert organisation.sweep(dry_run="true").succeeded
    assert organisation.sweep(max_deletions="3", comment="false", repositories=f"{organisation.name}/a").succeeded
    assert organisation.sweep().succeeded
    said = [[comment["body"] for comment in control("GET", address)] for address in addresses]
    assert ["deleted" in body for (body,) in said] == [False, True, True]


def test_a_token_that_may_only_read_leaves_comments_as_they_are_and_asks_no_more(organisation: Organisation) -> None:
    with_comments(organisation)
    control = organisation.workflow.emulator.control
    control("PUT", "faults", {"kinds": ["403-permission"], "operations": ["PATCH /github/"]})
    run = organisation.sweep()
    assert run.succeeded, run.log
    assert organisation.left() == set()
    assert "Comments on pull requests are left as they are" in "\n".join(run.log)
    assert not [annotation for annotation in run.annotations if "omment" in annotation.message]
