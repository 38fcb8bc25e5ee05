"""What GitHub leaves open, refuses or mixes up: the run says so, and deletes nothing that rests on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from preview_db.planning.model import Kind, Scope
from preview_db_emulator.github import payloads
from preview_db_emulator.runner.runner import Run
from tests.drivers.cloudflare import account
from tests.drivers.lying_server import Answer, about, lying
from tests.drivers.organisation import Organisation, statuses, told
from tests.drivers.pull_request import Life
from tests.drivers.workflow import Workflow

Lie = Callable[[Answer], None]


@pytest.fixture
def organisation(workflow: Workflow) -> Organisation:
    return Organisation(workflow)


def swept(organisation: Organisation, lie: Lie, **inputs: str) -> Run:
    with lying(organisation.workflow.emulator, lie) as liar:
        organisation.workflow.environ |= liar.environ
        return organisation.sweep(**inputs)


def fault(emulator: Any, kind: str, operation: str, **more: Any) -> None:
    emulator.control("PUT", "faults", {"kinds": [kind], "operations": [operation], **more})


def test_without_a_github_token_what_has_to_be_looked_up_fails_the_step(life: Life) -> None:
    payload = payloads.workflow_dispatch_event(ref="refs/heads/main", **life.emulator.where())
    run = life.runs("workflow_dispatch", payload, {"pr": str(life.number), "github_token": ""})
    assert run.exit_code == 1
    assert "github_token is empty" in run.annotations[-1].message


def test_without_a_github_token_there_are_no_shards(workflow: Workflow) -> None:
    run = workflow.sweep(command="shards", repositories="acme/*", github_token="")
    assert run.exit_code == 1
    assert "The number of shards depends on" in run.annotations[-1].message


def test_a_doubt_about_what_there_is_to_sweep_is_a_warning_where_only_shards_are_counted(organisation: Organisation) -> None:
    organisation.repository("shop")
    run = organisation.sweep(command="shards", repositories=f"{organisation.name}/*, {organisation.name}/nowhere")
    assert run.succeeded, run.log
    assert [found.title for found in run.annotations] == ["In doubt"]


def test_a_graphql_answer_without_any_data_leaves_it_to_the_lists(organisation: Organisation) -> None:
    organisation.previews(organisation.repository("shop"), opened=[1], closed=[2])

    def nothing(answer: Answer) -> None:
        answer.json = {"data": None}

    run = swept(organisation, about("POST /github/graphql", nothing))
    assert run.succeeded, run.log
    assert statuses(run) == {"shop#1": "kept", "shop#2": "deleted"}


def test_a_pull_request_of_another_repository_keeps_the_preview(life: Life) -> None:
    life.opened()
    life.emulator.pull_request(life.number, state="closed")

    def of_another(answer: Answer) -> None:
        content = answer.json
        content["base"]["repo"] |= {"id": 4711, "full_name": "acme/other"}
        answer.json = content

    with lying(life.emulator, about(rf"GET /github/.*/pulls/{life.number}$", of_another)) as liar:
        life.environ |= liar.environ
        run = life.sweep()
    assert run.exit_code == 1
    assert "a pull request of acme/other" in run.annotations[-1].message
    assert len(life.databases()) == 1


def test_a_list_with_a_repository_of_another_owner_is_doubt(organisation: Organisation) -> None:
    kept = organisation.previews(organisation.repository("shop"), closed=[1])

    def another(answer: Answer) -> None:
        content = answer.json
        content[0]["full_name"] = "stranger/shop"
        answer.json = content

    run = swept(organisation, about(f"GET /github/orgs/{organisation.name}/repos", another))
    assert run.exit_code == 1
    assert told(run)["doubts"]
    assert organisation.left() == {preview["id"] for preview in kept}


def test_a_repository_that_was_not_asked_for_is_doubt(organisation: Organisation) -> None:
    shop = organisation.repository("shop")
    kept = organisation.previews(shop, opened=[1])

    def another(answer: Answer) -> None:
        answer.json = answer.json | {"id": shop.id + 1}

    run = swept(organisation, about(f"GET /github/repositories/{shop.id}$", another), repositories=f"{shop.full_name}@{shop.id}")
    assert run.exit_code == 1
    assert shop.full_name in told(run)["doubts"][0]["about"]
    assert organisation.left() == {preview["id"] for preview in kept}


def test_whether_one_was_reopened_meanwhile_may_stay_unknown(life: Life) -> None:
    life.opened()
    life.emulator.pull_request(life.number, state="closed")
    fault(life.emulator, "401", r"GET /github/.*/pulls\?.*state=open.*sort=updated")
    run = life.sweep(comment="false")
    assert run.succeeded, run.log
    assert any("Whether one was reopened meanwhile is not known" in line for line in run.log)
    assert life.databases() == []


def test_what_many_databases_have_used_is_not_asked(organisation: Organisation) -> None:
    organisation.previews(organisation.repository("shop"), opened=range(1, 202))
    run = organisation.sweep(dry_run="true")
    assert run.succeeded, run.log
    assert any("What 201 databases have used is not asked" in line for line in run.log)
    assert "storage_gib" not in told(run)["repositories"][0]


def test_a_token_that_may_not_comment_is_not_tried_for_each(organisation: Organisation) -> None:
    organisation.previews(organisation.repository("shop"), closed=range(1, 31))
    organisation.workflow.emulator.control("DELETE", "requests")
    fault(organisation.workflow.emulator, "403-permission", "/issues/[0-9]+/comments")
    run = organisation.sweep(comment="true")
    assert run.succeeded, run.log
    assert any("Comments on pull requests are left as they are" in line for line in run.log)
    requests = organisation.workflow.emulator.control("GET", "requests")
    assert len([request for request in requests if request["path"].endswith("/comments")]) < 30


def test_a_redirect_without_an_end_is_no_answer(life: Life) -> None:
    life.opened()
    life.emulator.pull_request(life.number, state="closed")

    def around(answer: Answer) -> None:
        answer.status, answer.headers["Location"] = 301, answer.operation.partition(" ")[2]

    with lying(life.emulator, about("GET /github/.*/pulls", around)) as liar:
        life.environ |= liar.environ
        run = life.sweep()
    assert run.exit_code == 1
    assert len(life.databases()) == 1


@pytest.mark.parametrize("path", ["/pulls", "/deployments"])
def test_accepted_is_no_answer_to_a_question(life: Life, path: str) -> None:
    def accepted(answer: Answer) -> None:
        answer.status, answer.json = 202, {}

    with lying(life.emulator, about(f"GET /github/.*{path}", accepted)) as liar:
        life.environ |= liar.environ
        life.opened(deployment="true")
        life.emulator.pull_request(life.number, state="closed")
        run = life.sweep(deployment="true") if path == "/pulls" else life.closed(deployment="true")
    assert "HTTP 202, and no answer" in "\n".join(annotation.message for annotation in run.annotations)


def test_a_runner_without_a_summary_is_no_failure(life: Life) -> None:
    life.environ |= {"GITHUB_STEP_SUMMARY": ""}
    assert life.opened().succeeded


def test_a_configuration_whose_database_is_gone_is_swept_for_many_repositories_too(organisation: Organisation) -> None:
    workflow = organisation.workflow
    pull = workflow.pull()
    with account(workflow.emulator) as cloudflare:
        workflow.environ |= cloudflare.environ
        assert pull.opened(**cloudflare.inputs).succeeded
        (database,) = pull.databases()
        workflow.api("DELETE", f"/v1/databases/{database['id']}").raise_for_status()
        workflow.emulator.pull_request(pull.number, state="closed")
        full_name = workflow.repository.full_name
        run = workflow.sweep(**cloudflare.inputs, repositories=full_name)
        assert run.succeeded, run.log
        assert cloudflare.configurations() == []


def test_a_preview_of_a_scope_that_nobody_asks_github_about_is_no_reopening(organisation: Organisation) -> None:
    shop = organisation.repository("shop")
    organisation.workflow.seed(Scope(shop, Kind.BRANCH, "gone"))
    run = organisation.sweep()
    assert run.succeeded, run.log
    assert organisation.left() == set()


def test_a_repository_that_is_taken_out_is_not_missing_either(organisation: Organisation) -> None:
    organisation.repository("shop")
    run = organisation.sweep(repositories=f"{organisation.name}/*, {organisation.name}/gone@4711, !{organisation.name}/gone")
    assert run.succeeded, run.log
    assert told(run)["missing"] == []


def test_at_the_plan_limit_the_error_is_told_even_if_nobody_can_say_what_could_go(life: Life) -> None:
    life.emulator.control("PUT", "settings", {"database_limit": len(life.emulator.databases())})
    fault(life.emulator, "401", r"GET /github/.*/pulls\?")
    run = life.opened()
    assert run.exit_code == 1
    assert "Idle longest" not in run.annotations[-1].message
    assert "plan" in run.annotations[-1].title.lower()
