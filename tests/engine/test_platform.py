"""A preview's branch in Prisma's platform, and Compute's variables there, through the front door."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.drivers.lying_server import Answer, about, lying
from tests.drivers.pull_request import Life
from tests.drivers.workflow import can_log_in

AUTO: dict[str, Any] = {"platform_branch": "auto"}
COMPUTE: dict[str, Any] = AUTO | {"compute_env": "DATABASE_URL, DIRECT_URL=direct, POOLED_URL=pooled"}


def head(life: Life) -> str:
    return f"feat/checkout-{life.number}"


@pytest.fixture(autouse=True)
def _on_a_branch_of_its_own(life: Life) -> None:
    life.emulator.pull_request(life.number, state="open", head_ref=head(life))


def branches(life: Life) -> dict[str, dict[str, Any]]:
    found = life.api("GET", f"/v1/projects/{life.project}/branches").json()["data"]
    return {branch["gitName"]: branch for branch in found}


def variables(life: Life) -> dict[str, str]:
    """The values of the variables of the project, by name."""
    project = life.project.removeprefix("proj_")
    return {found["name"]: found["value"] for found in life.emulator.control("GET", "variables") if found["project_id"] == project}


@pytest.mark.parametrize("name", ["a#b&c=d+e%20f%2Fg", "réseau/é😀", "x'\"$(id)`<b>|*_", "-" + "x" * 240, "../main", "MAIN"])
def test_any_name_of_a_branch_is_taken_as_it_is(life: Life, name: str) -> None:
    life.emulator.pull_request(life.number, state="open", head_ref=name)
    run = life.opened(**COMPUTE)
    assert run.succeeded, run.log
    assert life.databases()[0]["branchId"] == branches(life)[name]["id"]
    assert life.pushed(**COMPUTE).outputs["database_id"] == run.outputs["database_id"]
    assert life.closed(**COMPUTE, platform_branch_cleanup="true").succeeded
    assert (life.databases(), variables(life), set(branches(life))) == ([], {}, {"main"})


def test_the_database_is_in_the_branch_of_the_head_and_the_branch_stays(life: Life) -> None:
    run = life.opened(**AUTO)
    assert run.succeeded, run.log
    (database,) = life.databases()
    branch = branches(life)[head(life)]
    assert (database["branchId"], branch["role"], branch["isDefault"]) == (branch["id"], "preview", False)
    assert life.pushed(**AUTO).outputs["database_id"] == run.outputs["database_id"]
    assert life.closed(**AUTO).outputs["outcome"] == "deleted"
    assert head(life) in branches(life)


def test_without_the_input_nothing_is_said_of_branches(life: Life) -> None:
    life.opened()
    assert set(branches(life)) == {"main"}


def test_a_branch_can_be_named(life: Life) -> None:
    life.opened(platform_branch="previews")
    assert life.databases()[0]["branchId"] == branches(life)["previews"]["id"]


def test_a_database_found_elsewhere_is_moved_and_keeps_its_identity(life: Life) -> None:
    before = life.opened()
    run = life.pushed(**AUTO)
    (database,) = life.databases()
    assert (run.outputs["outcome"], run.outputs["database_id"]) == ("reused", before.outputs["database_id"])
    assert database["branchId"] == branches(life)[head(life)]["id"]
    assert database["logicalId"] == before.outputs["database_name"]


def test_a_reset_stays_in_the_branch(life: Life) -> None:
    life.opened(**AUTO)
    assert life.pushed(command="reset", **AUTO).outputs["outcome"] == "reset"
    (database,) = life.databases()
    assert database["branchId"] == branches(life)[head(life)]["id"]
    assert database["logicalId"]


def test_runs_at_once_end_with_one_branch_and_one_database(life: Life) -> None:
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: life.pushed(**COMPUTE), range(4)))
    assert [run.exit_code for run in runs] == [0] * 4, [run.log for run in runs]
    assert len(life.databases()) == 1
    assert set(branches(life)) == {"main", head(life)}
    assert can_log_in(variables(life)["DATABASE_URL"])


@pytest.mark.parametrize("inputs", [{"platform_branch": "main"}, {"platform_branch": "main", "compute_env": "DATABASE_URL"}])
def test_the_default_branch_is_refused_before_anything_is_created(life: Life, inputs: dict[str, str]) -> None:
    run = life.opened(**inputs)
    assert run.exit_code == 1
    assert "default branch" in run.annotations[-1].message
    assert (life.databases(), variables(life)) == ([], {})


def test_production_is_refused_when_it_is_not_the_default_any_more(life: Life) -> None:
    other = life.api("POST", f"/v1/projects/{life.project}/branches", {"gitName": "trunk", "isDefault": True})
    other.raise_for_status()
    run = life.opened(platform_branch="main")
    assert run.exit_code == 1
    assert "production" in run.annotations[-1].message


def test_the_first_branch_of_a_project_is_not_created_for_it_would_be_production(life: Life) -> None:
    def without_branches(answer: Answer) -> None:
        answer.json = {"data": [], "pagination": {"hasMore": False, "nextCursor": None}}

    with lying(life.emulator, about("GET /v1/projects/.*/branches", without_branches)) as liar:
        life.environ |= liar.environ
        run = life.opened(**AUTO)
    assert run.exit_code == 1
    assert "its first would be its production" in run.annotations[-1].message
    assert (life.databases(), set(branches(life))) == ([], {"main"})


def test_a_branch_that_turns_out_to_be_production_gets_nothing(life: Life) -> None:
    def production(answer: Answer) -> None:
        answer.json = {"data": answer.json["data"] | {"role": "production"}}

    with lying(life.emulator, about("POST /v1/projects/.*/branches", production)) as liar:
        life.environ |= liar.environ
        run = life.opened(**AUTO)
    assert run.exit_code == 1
    assert "production" in run.annotations[-1].message
    assert (life.databases(), set(branches(life))) == ([], {"main"})


@pytest.mark.parametrize("before", ["POST /v1/projects/.*/branches", "POST /v1/databases", "POST /v1/connections"])
def test_a_branch_that_is_deleted_at_the_same_moment_is_made_again(life: Life, before: str) -> None:
    deleted: list[str] = []

    def delete(answer: Answer) -> None:
        if not deleted:
            deleted.append(branches(life)[head(life)]["id"])
            for database in life.databases():
                life.api("DELETE", f"/v1/databases/{database['id']}").raise_for_status()
            life.api("DELETE", f"/v1/branches/{deleted[0]}").raise_for_status()

    with lying(life.emulator, about(before, delete)) as liar:
        life.environ |= liar.environ
        run = life.opened(**COMPUTE)
    assert run.succeeded, run.log
    (database,) = life.databases()
    assert database["branchId"] == branches(life)[head(life)]["id"] != deleted[0]
    assert all(can_log_in(value) for value in variables(life).values())
    assert len(variables(life)) == 3


def test_what_the_platform_took_is_absent_and_success(life: Life) -> None:
    life.opened(**COMPUTE)
    life.api("DELETE", f"/v1/databases/{life.databases()[0]['id']}").raise_for_status()
    life.api("DELETE", f"/v1/branches/{branches(life)[head(life)]['id']}").raise_for_status()
    closed = life.closed(**COMPUTE, platform_branch_cleanup="true")
    assert (closed.exit_code, closed.outputs["outcome"]) == (0, "absent"), closed.log


def test_cleanup_deletes_the_branch_unless_something_is_in_it(life: Life) -> None:
    life.opened(**AUTO)
    branch = branches(life)[head(life)]
    life.api("POST", "/v1/databases", {"projectId": life.project, "name": "by hand", "branchId": branch["id"]}).raise_for_status()
    assert life.closed(**AUTO, platform_branch_cleanup="true").succeeded
    assert head(life) in branches(life)
    (left,) = life.databases()
    life.api("DELETE", f"/v1/databases/{left['id']}").raise_for_status()
    assert life.closed(**AUTO, platform_branch_cleanup="true").succeeded
    assert head(life) not in branches(life)


def test_a_branch_that_was_made_for_nothing_is_taken_back(life: Life) -> None:
    life.emulator.control("PUT", "settings", {"next_statuses": ["failure"]})
    assert life.opened(**AUTO).exit_code == 1
    assert (life.databases(), set(branches(life))) == ([], {"main"})


def test_a_fork_gets_no_branch(life: Life) -> None:
    run = life.happens("opened", {"state": "open", "head_ref": "main", "head_repo": "stranger/shop"}, allow_forks="true", **AUTO)
    assert run.succeeded, run.log
    assert set(branches(life)) == {"main"}


def test_compute_gets_variables_with_a_credential_of_their_own(life: Life) -> None:
    run = life.opened(**COMPUTE, credential_grace="0s")
    assert run.succeeded, run.log
    first = variables(life)
    assert set(first) == {"DATABASE_URL", "DIRECT_URL", "POOLED_URL"}
    assert all(can_log_in(value) for value in first.values())
    assert first["DATABASE_URL"] == first["DIRECT_URL"] != first["POOLED_URL"]
    assert first["DATABASE_URL"] != run.outputs["database_url"]
    for text in ("\n".join(run.log), run.raw_summary, life.comments()[0]["body"]):
        assert not any(value in text for value in first.values())
    for _ in range(3):  # enough to revoke the job's own
        life.pushed(**COMPUTE, credential_grace="0s")
    assert variables(life) == first
    assert can_log_in(first["DATABASE_URL"])
    assert life.closed(**COMPUTE).succeeded
    assert variables(life) == {}


def test_a_reset_replaces_their_values(life: Life) -> None:
    life.opened(**COMPUTE)
    first = variables(life)
    life.pushed(command="reset", **COMPUTE)
    assert not first.items() & variables(life).items()
    assert all(can_log_in(value) for value in variables(life).values())


def test_a_variable_that_is_missing_is_set_again(life: Life) -> None:
    life.opened(**COMPUTE)
    found = life.api("GET", f"/v1/environment-variables?projectId={life.project}&key=DIRECT_URL").json()["data"][0]
    life.api("DELETE", f"/v1/environment-variables/{found['id']}").raise_for_status()
    assert life.pushed(**COMPUTE).succeeded
    assert can_log_in(variables(life)["DIRECT_URL"])


def test_a_variable_that_somebody_deletes_at_the_same_moment_is_set_all_the_same(life: Life) -> None:
    life.opened(**COMPUTE)
    found = life.api("GET", f"/v1/environment-variables?projectId={life.project}&key=DIRECT_URL").json()["data"][0]
    asked: list[str] = []

    def deleted(answer: Answer) -> None:
        if not asked:
            life.api("DELETE", f"/v1/environment-variables/{found['id']}").raise_for_status()
        asked.append(answer.operation)

    with lying(life.emulator, about("PATCH /v1/environment-variables", deleted)) as liar:
        life.environ |= liar.environ
        run = life.pushed(command="reset", **COMPUTE)
    assert run.succeeded, run.log
    assert set(variables(life)) == {"DATABASE_URL", "DIRECT_URL", "POOLED_URL"}
    assert all(can_log_in(value) for value in variables(life).values())


def test_variables_older_than_the_database_s_credential_for_compute_are_set_again(life: Life) -> None:
    """So a run leaves it that is killed after it has created one."""
    life.opened(**COMPUTE)
    first = variables(life)
    body = {"databaseId": life.databases()[0]["id"], "name": "compute-1-1"}
    life.api("POST", "/v1/connections", body).raise_for_status()
    assert life.pushed(**COMPUTE).succeeded
    second = variables(life)
    assert not first.items() & second.items()
    assert all(can_log_in(value) for value in second.values())
    assert life.pushed(**COMPUTE).succeeded
    assert variables(life) == second


def test_a_variable_that_no_list_shows_yet_is_replaced(life: Life) -> None:
    life.opened(**AUTO)
    body = {"projectId": life.project, "class": "preview", "branchId": branches(life)[head(life)]["id"], "key": "DATABASE_URL"}
    life.api("POST", "/v1/environment-variables", body | {"value": "of a run before"}).raise_for_status()
    asked: list[str] = []

    def late(answer: Answer) -> None:
        if not asked:
            answer.json = answer.json | {"data": []}
        asked.append(answer.operation)

    with lying(life.emulator, about("GET /v1/environment-variables", late)) as liar:
        life.environ |= liar.environ
        run = life.pushed(**COMPUTE)
        assert [operation.split("/")[0] for operation in liar.asked if "environment-variables/" in operation] == ["PATCH "]
    assert run.succeeded, run.log
    assert can_log_in(variables(life)["DATABASE_URL"])


def test_values_of_other_branches_of_production_and_of_the_system_are_left_alone(life: Life) -> None:
    life.opened(**AUTO)
    branch = branches(life)[head(life)]["id"]
    for fields in ({"class": "production"}, {"class": "preview"}, {"class": "preview", "branchId": branch, "key": "OTHER"}):
        body = {"projectId": life.project, "key": "DATABASE_URL", "value": "theirs", **fields}
        life.api("POST", "/v1/environment-variables", body).raise_for_status()
    assert life.pushed(**COMPUTE).succeeded
    assert life.closed(**COMPUTE).succeeded
    found = life.api("GET", f"/v1/environment-variables?projectId={life.project}").json()["data"]
    assert sorted((one["key"], one["class"]) for one in found) == [
        ("DATABASE_URL", "preview"), ("DATABASE_URL", "production"), ("OTHER", "preview"),
    ]  # fmt: skip


def test_a_variable_that_the_system_manages_is_refused_and_kept(life: Life) -> None:
    life.opened(**COMPUTE)
    found = life.api("GET", f"/v1/environment-variables?projectId={life.project}&key=DATABASE_URL").json()["data"][0]
    life.emulator.control("PUT", "variables", {"id": found["id"]})
    run = life.pushed(**COMPUTE)
    assert run.exit_code == 1
    assert "managed by Prisma's system" in run.annotations[-1].message
    assert life.closed(**COMPUTE).succeeded
    assert set(variables(life)) == {"DATABASE_URL"}


def test_a_sweep_takes_variables_and_branch_along(life: Life) -> None:
    life.opened(**COMPUTE)
    life.emulator.pull_request(life.number, state="closed")
    run = life.sweep(**COMPUTE, platform_branch_cleanup="true")
    assert run.succeeded, run.log
    assert (life.databases(), variables(life), set(branches(life))) == ([], {}, {"main"})


@pytest.mark.parametrize(
    "inputs",
    [
        {"compute_env": "DATABASE_URL"},
        {"platform_branch_cleanup": "true"},
        AUTO | {"compute_env": "database_url"},
        AUTO | {"compute_env": "DATABASE_URL=sideways"},
        AUTO | {"compute_env": "A, A"},
        COMPUTE | {"connections": "compute"},
    ],
)
def test_what_makes_no_sense_is_refused(life: Life, inputs: dict[str, str]) -> None:
    assert life.opened(**inputs).exit_code == 1
    assert life.databases() == []


def test_the_doctor_says_what_the_project_is_connected_to(life: Life) -> None:
    apart = life.happens("synchronize", {}, command="doctor")
    assert "no repository, so keyless sign-in can't work" in apart.summary.replace("\\", "")
    before = life.emulator.control("GET", "oidc")
    life.emulator.control("PUT", "oidc", {"project": life.project})
    try:
        connected = life.happens("synchronize", {}, command="doctor")
    finally:
        life.emulator.control("PUT", "oidc", {"project": before["project"]})
    assert f"{life.emulator.repository}, so keyless sign-in can work" in connected.summary.replace("\\", "")
