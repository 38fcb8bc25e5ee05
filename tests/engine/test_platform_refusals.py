"""What Prisma's platform refuses, loses or has lost already: a run says so, or looks again, and leaves nothing half-made."""

from __future__ import annotations

from typing import Any

import pytest

from tests.drivers.lying_server import Answer, about, lying, without_endpoints
from tests.drivers.pull_request import Life
from tests.drivers.workflow import can_log_in
from tests.engine.test_platform import AUTO, COMPUTE, branches, head, variables


@pytest.fixture(autouse=True)
def _on_a_branch_of_its_own(life: Life) -> None:
    life.emulator.pull_request(life.number, state="open", head_ref=head(life))


def fault(life: Life, kind: str, operation: str, **more: Any) -> None:
    life.emulator.control("PUT", "faults", {"kinds": [kind], "operations": [operation], **more})


def refusing(life: Life, operation: str, status: int) -> Any:
    """Answers ``operation`` with ``status``, whatever the platform has made of it."""

    def refuse(answer: Answer) -> None:
        answer.status, answer.json = status, {"error": {"code": "x", "message": "not now"}}

    return lying(life.emulator, about(operation, refuse))


@pytest.mark.parametrize(
    ("operation", "left"),
    [("POST /v1/projects/.*/branches", {"main"}), ("POST /v1/environment-variables", {"main", "the head's"})],
    ids=["branch", "variable"],
)
def test_what_may_not_be_created_fails_the_step_and_leaves_no_credential_behind(life: Life, operation: str, left: set[str]) -> None:
    fault(life, "403-permission", operation)
    run = life.opened(**COMPUTE)
    assert run.exit_code == 1
    assert "HTTP 403" in run.annotations[-1].message or "may not" in run.annotations[-1].message
    assert not [connection for database in life.databases() for connection in database["connections"] if "compute" in connection["name"]]
    assert {name if name == "main" else "the head's" for name in branches(life)} <= left
    assert variables(life) == {}


@pytest.mark.parametrize("operation", ["POST /v1/projects/.*/branches", "POST /v1/environment-variables"], ids=["branch", "variable"])
def test_what_was_created_without_an_answer_is_found_and_used(life: Life, operation: str) -> None:
    fault(life, "lost", operation, count=1)
    run = life.opened(**COMPUTE)
    assert run.succeeded, run.log
    assert set(branches(life)) == {"main", head(life)}
    assert life.databases()[0]["branchId"] == branches(life)[head(life)]["id"]
    assert all(can_log_in(value) for value in variables(life).values())
    assert len(variables(life)) == 3


def test_a_move_that_may_not_be_made_fails_the_step_and_the_database_stays(life: Life) -> None:
    before = life.opened()
    fault(life, "403-permission", "PATCH /v1/databases/")
    run = life.pushed(**AUTO)
    assert run.exit_code == 1
    (database,) = life.databases()
    assert database["id"] == before.outputs["database_id"]
    assert database["branchId"] == branches(life)["main"]["id"]


def test_a_move_whose_branch_has_changed_is_looked_at_again(life: Life) -> None:
    before = life.opened()
    answered: list[str] = []

    def conflict(answer: Answer) -> None:
        if not answered:
            answered.append(answer.operation)
            answer.status, answer.json = 409, {"error": {"code": "conflict", "message": "the branch is being changed"}}

    with lying(life.emulator, about("PATCH /v1/databases/", conflict)) as liar:
        life.environ |= liar.environ
        run = life.pushed(**AUTO)
    assert run.succeeded, run.log
    assert answered
    (database,) = life.databases()
    assert (database["id"], database["branchId"]) == (before.outputs["database_id"], branches(life)[head(life)]["id"])


def test_a_variable_whose_endpoint_the_credential_lacks_is_not_set(life: Life) -> None:
    with lying(life.emulator, about("POST /v1/connections", without_endpoints("pooled"))) as liar:
        life.environ |= liar.environ
        run = life.opened(**AUTO, compute_env="POOLED_URL=pooled")
    assert run.exit_code == 1
    assert "has no pooled endpoint for Compute's variable POOLED_URL" in run.annotations[-1].message
    assert variables(life) == {}


def test_a_sweep_deletes_a_database_whose_branch_is_gone(life: Life) -> None:
    life.opened(**COMPUTE)
    life.emulator.pull_request(life.number, state="closed")
    with refusing(life, "GET /v1/branches/", 404) as liar:
        life.environ |= liar.environ
        run = life.happens("closed", {}, command="sweep", **COMPUTE)
    assert run.succeeded, run.log
    assert life.databases() == []


@pytest.mark.parametrize("status", [400, 403])
def test_a_sweep_keeps_a_database_whose_branch_can_not_be_read(life: Life, status: int) -> None:
    life.opened(**COMPUTE)
    life.emulator.pull_request(life.number, state="closed")
    with refusing(life, "GET /v1/branches/", status) as liar:
        life.environ |= liar.environ
        run = life.happens("closed", {}, command="sweep", **COMPUTE)
    assert run.exit_code == 1
    assert len(life.databases()) == 1


def test_a_sweep_without_cleanup_leaves_the_branch(life: Life) -> None:
    life.opened(**COMPUTE)
    life.emulator.pull_request(life.number, state="closed")
    assert life.happens("closed", {}, command="sweep", **COMPUTE).succeeded
    assert (life.databases(), variables(life)) == ([], {})
    assert head(life) in branches(life)


@pytest.mark.parametrize("status", [400, 403])
def test_a_branch_that_may_not_be_deleted_is_told(life: Life, status: int) -> None:
    life.opened(**AUTO)
    with refusing(life, "DELETE /v1/branches/", status) as liar:
        life.environ |= liar.environ
        run = life.closed(**AUTO, platform_branch_cleanup="true")
    assert run.exit_code == 1
    assert life.databases() == []


def test_a_branchs_own_preview_is_in_the_branch_of_its_name(life: Life) -> None:
    name = f"release-{life.number}"
    life.emulator.control("PUT", f"github/branches/{name}", {})
    run = life.happens("opened", {}, command="create", branch=name, **AUTO)
    assert run.succeeded, run.log
    assert life.databases()[0]["branchId"] == branches(life)[name]["id"]


def test_the_head_is_looked_up_with_a_token_or_not_at_all(life: Life) -> None:
    run = life.opened(**AUTO, github_token="")
    assert run.exit_code == 1
    assert "github_token is empty" in run.annotations[-1].message
    assert life.databases() == []


@pytest.mark.parametrize("operation", ["POST /v1/projects/.*/branches", "POST /v1/environment-variables", "PATCH /v1/databases/"])
def test_a_refusal_for_another_reason_is_told_in_the_platforms_words(life: Life, operation: str) -> None:
    before = life.opened()
    with refusing(life, operation, 400) as liar:
        life.environ |= liar.environ
        run = life.pushed(**COMPUTE)
    assert run.exit_code == 1
    assert "not now" in run.annotations[-1].message
    assert life.databases()[0]["id"] == before.outputs["database_id"]


def test_a_branch_has_at_most_twenty_variables(life: Life) -> None:
    run = life.opened(**AUTO, compute_env=", ".join(f"URL_{number}" for number in range(21)))
    assert run.exit_code == 1
    assert "takes at most 20 variables" in run.annotations[-1].message
