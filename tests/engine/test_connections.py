"""Connections: named, short-lived, across jobs. Each job is a process of its own, and logins say which credential works when."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from preview_db.planning import identity
from preview_db_emulator.runner.runner import Run
from tests.drivers.pull_request import Life
from tests.drivers.workflow import can_log_in, until


def names(life: Life) -> list[str]:
    return sorted(one["name"] for one in life.databases()[0]["connections"])


def test_several_connections_are_each_a_credential_of_its_own(life: Life) -> None:
    run = life.opened(connections="app=DATABASE_URL\nanalytics=ANALYTICS_URL\nbackup")
    urls = json.loads(run.outputs["connection_urls"])
    assert set(urls) == {"app", "analytics", "backup"}
    assert run.environment == {"DATABASE_URL": urls["app"], "ANALYTICS_URL": urls["analytics"]}
    assert all(can_log_in(url) for url in urls.values())
    minted = {one["name"].split("-")[0]: one["id"] for one in life.databases()[0]["connections"]}
    assert life.api("DELETE", f"/v1/connections/{minted['analytics']}").status_code == 204
    assert [can_log_in(urls[name]) for name in ("app", "analytics", "backup")] == [True, False, True]


def test_a_later_job_connects_from_the_scope_alone(life: Life) -> None:
    opened = life.opened()
    connected = life.pushed(command="connect", connections="tests=TEST_DATABASE_URL")
    assert (connected.outputs["outcome"], connected.outputs["database_id"]) == ("connected", opened.outputs["database_id"])
    assert can_log_in(connected.environment["TEST_DATABASE_URL"])
    assert can_log_in(opened.outputs["database_url"])


def test_a_matrix_of_twelve_jobs_cuts_nobody_off(life: Life) -> None:
    life.opened()
    payload = life.emulator.pull_request_event("synchronize", life.number)

    def job(_: int) -> Run:
        return life.runs("pull_request", payload, {"command": "connect", "credential_grace": "0s"}, run_id=900)

    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(job, range(12)))
    assert all(run.succeeded for run in runs), [run.log for run in runs if not run.succeeded]
    assert all(can_log_in(run.outputs["database_url"]) for run in runs)
    assert names(life).count("app-900-1") == 12


def test_pushes_within_the_grace_cut_nobody_off_and_the_number_is_bounded(life: Life) -> None:
    life.emulator.pull_request(life.number, state="open")
    old = time.time() - 7 * 3600
    credentials = [{"name": f"app-{push}-1", "createdAt": old + push} for push in range(30)]
    name = identity.name(life.scope)
    life.emulator.control("POST", "databases", [{"name": name, "project": life.project, "createdAt": old, "connections": credentials}])
    runs = [life.pushed() for _ in range(2)]
    assert all(can_log_in(run.outputs["database_url"]) for run in runs)
    assert len(names(life)) <= 4


def test_ephemeral_credentials_end_with_the_job(life: Life) -> None:
    run = life.opened(ephemeral="true", connections="app\njobs")
    urls = list(json.loads(run.outputs["connection_urls"]).values())
    assert all(can_log_in(url) for url in urls)
    assert not any(secret in json.dumps(run.state) for secret in run.masks)
    ended = life.post(run)
    assert ended.exit_code == 0
    assert not any(can_log_in(url) for url in urls)
    again = life.post(run)
    assert (again.exit_code, again.annotations) == (0, ())


def test_ephemeral_credentials_end_with_a_job_that_failed_later_or_was_cancelled(life: Life) -> None:
    life.opened()
    life.emulator.control("PUT", f"databases/{life.databases()[0]['id']}", {"refusing": "Failed to connect to upstream database"})
    step = life.starts("synchronize", {}, ephemeral="true", timeout="60s")
    until(lambda: step.state)  # created is not enough: a run killed before it had the answer leaves the credential to the next one
    step.kill()
    killed = step.finish()
    assert any(name.endswith("-once") for name in names(life))
    life.post(killed)
    assert not any(name.endswith("-once") for name in names(life))


def test_a_job_without_ephemeral_credentials_ends_without_asking_anybody(life: Life) -> None:
    run = life.opened()
    life.emulator.control("DELETE", "requests")
    ended = life.post(run, service_token="")
    assert (ended.exit_code, ended.raw_stdout) == (0, "")
    assert not [one for one in life.emulator.control("GET", "requests") if one["path"].startswith("/v1")]


def test_what_a_post_step_could_not_revoke_the_next_run_does(life: Life) -> None:
    run = life.opened(ephemeral="true")
    life.emulator.control("PUT", "faults", {"kinds": ["500"], "operations": ["DELETE /v1/connections"]})
    ended = life.post(run)
    assert ended.exit_code == 0
    assert any(one.level == "warning" and "next run or sweep" in one.message for one in ended.annotations)
    life.emulator.control("DELETE", "faults")
    assert can_log_in(run.outputs["database_url"])
    life.pushed(credential_grace="0s")
    assert not can_log_in(run.outputs["database_url"])


def test_what_a_post_step_could_not_revoke_a_sweep_does(life: Life) -> None:
    run = life.opened(ephemeral="true")
    time.sleep(1)
    assert life.sweep(credential_grace="1s").succeeded
    assert not can_log_in(run.outputs["database_url"])


@pytest.mark.parametrize("by", ["id", "bare id", "name"])
def test_the_right_workspace_is_no_hindrance(life: Life, by: str) -> None:
    workspace = life.api("GET", "/v1/me").json()["data"]["workspace"]
    asked = {"id": workspace["id"], "bare id": workspace["id"].removeprefix("wksp_"), "name": workspace["name"]}[by]
    assert life.opened(workspace=asked).succeeded


def test_a_token_of_another_workspace_touches_nothing(life: Life) -> None:
    life.emulator.pull_request(life.number, state="open")
    life.emulator.control("DELETE", "requests")
    run = life.opened(workspace="Somebody else's", create_project="true", project="new one")
    assert run.exit_code == 1
    assert "not of the workspace" in run.annotations[-1].message
    assert {one["method"] for one in life.emulator.control("GET", "requests") if one["path"].startswith("/v1")} == {"GET"}


def test_a_project_is_made_once_under_races_too(life: Life) -> None:
    name = f"made for {life.number}"
    life.emulator.pull_request(life.number, state="open")
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: life.pushed(project=name, create_project="true"), range(4)))
    assert all(run.succeeded for run in runs), [run.log for run in runs if not run.succeeded]
    assert len({run.outputs["project_id"] for run in runs}) == 1
    assert len({run.outputs["database_id"] for run in runs}) == 1
    found = [one for one in life.api("GET", "/v1/projects").json()["data"] if one["name"] == name]
    assert len(found) == 1
    assert life.closed(project=name, create_project="true").outputs["outcome"] == "deleted"
    assert life.api("GET", f"/v1/projects/{found[0]['id']}").status_code == 200


def test_a_lost_answer_makes_no_second_project(life: Life) -> None:
    name = f"lost for {life.number}"
    life.emulator.control("PUT", "faults", {"kinds": ["lost"], "operations": ["POST /v1/projects$"], "count": 1})
    assert life.opened(project=name, create_project="true").succeeded
    assert sum(one["name"] == name for one in life.api("GET", "/v1/projects").json()["data"]) == 1


def test_a_project_is_never_made_by_id_nor_by_a_command_that_only_looks(life: Life) -> None:
    before = len(life.api("GET", "/v1/projects").json()["data"])
    assert life.opened(project="proj_doesnotexist", create_project="true").exit_code == 1
    assert life.pushed(project="nowhere yet", create_project="true", command="connect").exit_code == 1
    assert life.closed(project="nowhere yet", create_project="true").outputs["outcome"] == "absent"
    assert life.closed(project="nowhere yet").exit_code == 1
    assert len(life.api("GET", "/v1/projects").json()["data"]) == before


PASSPHRASE = "correct horse battery staple"


def test_sealed_strings_pass_between_jobs_and_open_as_if_made_there(life: Life) -> None:
    run = life.opened(seal_with=PASSPHRASE, connections="app=DATABASE_URL\njobs", endpoint="pooled")
    assert run.job_outputs["sealed"] == run.outputs["sealed"]
    life.emulator.control("DELETE", "requests")
    opened = life.pushed(command="unseal", seal_with=PASSPHRASE, sealed=run.job_outputs["sealed"], service_token="", project="")
    assert opened.succeeded, opened.log
    same = set(run.outputs) - {"sealed", "outcome"}
    assert {name: opened.outputs[name] for name in same} == {name: run.outputs[name] for name in same}
    assert opened.environment == run.environment
    assert set(opened.job_outputs) == set(run.job_outputs) - {"sealed"}
    assert not [one for one in life.emulator.control("GET", "requests") if one["path"].startswith("/v1")]
    assert can_log_in(opened.environment["DATABASE_URL"])


@pytest.mark.parametrize("damage", ["another passphrase", "one character", "cut short", "not sealed at all"])
def test_what_cannot_be_opened_is_an_error_never_garbage(life: Life, damage: str) -> None:
    sealed = life.opened(seal_with=PASSPHRASE).outputs["sealed"]
    text = {
        "one character": sealed[:-5] + ("A" if sealed[-5] != "A" else "B") + sealed[-4:],
        "cut short": sealed[:-30],
        "not sealed at all": "hello",
    }.get(damage, sealed)
    passphrase = "another horse battery staple" if damage == "another passphrase" else PASSPHRASE
    run = life.pushed(command="unseal", seal_with=passphrase, sealed=text)
    assert run.exit_code == 1
    assert run.outputs == {"outcome": "failed"}
    assert "Traceback" not in run.raw_stdout + run.raw_stderr
    assert passphrase in run.masks


def test_a_weak_passphrase_is_refused_before_anything_is_made(life: Life) -> None:
    run = life.opened(seal_with="short")
    assert run.exit_code == 1
    assert "seal_with" in run.annotations[-1].message
    assert life.databases() == []


def test_an_env_file_gets_the_variables_and_keeps_the_rest(life: Life) -> None:
    life.in_process = False  # the file is looked at in the workspace of its run
    life.shared = life.root / "job"
    workspace = life.shared / "workspace"
    workspace.mkdir(parents=True)
    subprocess.run(["git", "init", "-q", workspace], check=True)
    (workspace / ".env").write_text("# mine\nDATABASE_URL=postgres://old\nOTHER='kept'\n")
    run = life.opened(connections="app=DATABASE_URL", env_file=".env")
    assert run.succeeded, run.log
    text = (workspace / ".env").read_text()
    assert text == f"# mine\nDATABASE_URL=\"{run.outputs['database_url']}\"\nOTHER='kept'\n"
    assert (workspace / ".env").stat().st_mode & 0o777 == 0o600
    assert (workspace / ".env").stat().st_uid == workspace.stat().st_uid
    assert any(one.level == "warning" and "env_file" in one.title for one in run.annotations), "nothing ignores it"
    (workspace / ".gitignore").write_text(".env\n")
    assert not life.pushed(connections="app=DATABASE_URL", env_file=".env").annotations


@pytest.mark.parametrize("path", ["../.env", "/etc/preview-db.env", "link/.env", ".git/config"])
def test_an_env_file_outside_the_workspace_is_refused_before_anything_is_made(life: Life, path: str) -> None:
    life.shared = life.root / "job"
    workspace = life.shared / "workspace"
    (workspace / ".git").mkdir(parents=True)
    (life.root / "elsewhere").mkdir()
    (workspace / "link").symlink_to(life.root / "elsewhere")
    run = life.opened(connections="app=DATABASE_URL", env_file=path)
    assert run.exit_code == 1
    assert "env_file" in run.annotations[-1].message
    assert life.databases() == []


def test_an_env_file_needs_a_variable_to_write(life: Life) -> None:
    run = life.opened(env_file=".env")
    assert run.exit_code == 1
    assert "app=DATABASE_URL" in run.annotations[-1].message


def test_what_ends_with_the_job_cannot_be_sealed_for_another(life: Life) -> None:
    run = life.opened(seal_with=PASSPHRASE, ephemeral="true")
    assert run.exit_code == 1
    assert "contradict" in run.annotations[-1].message


@pytest.fixture
def keyless(life: Life) -> Iterator[Life]:
    """A repository without a stored token, whose jobs have ``id-token: write``, connected to the project."""
    addresses = life.emulator.addresses
    life.inputs["service_token"] = ""
    life.environ["ACTIONS_ID_TOKEN_REQUEST_URL"] = addresses["oidc_request_url"]
    life.environ["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = addresses["oidc_request_token"]
    life.emulator.control("PUT", "oidc", {"project": life.project})
    yield life
    life.emulator.control("DELETE", "oidc")


def test_a_job_signs_in_with_its_own_identity(keyless: Life) -> None:
    opened = keyless.opened(ephemeral="true")
    assert opened.succeeded, opened.log
    assert can_log_in(opened.outputs["database_url"])
    tokens = [mask for mask in opened.masks if mask.count(".") == 2 and mask.startswith("ey")]
    assert tokens, "the identity token is masked, too"
    assert keyless.post(opened).exit_code == 0
    assert not can_log_in(opened.outputs["database_url"])
    assert keyless.closed().outputs["outcome"] == "deleted"


def test_a_repository_that_is_not_connected_is_told_how(keyless: Life) -> None:
    keyless.emulator.control("PUT", "oidc", {"project": None})
    run = keyless.opened()
    assert run.exit_code == 1
    assert "connected" in run.annotations[-1].message
    assert keyless.databases() == []


def test_without_a_token_and_without_an_identity_both_ways_are_named(life: Life) -> None:
    run = life.opened(service_token="")
    assert run.exit_code == 1
    assert "PRISMA_SERVICE_TOKEN" in run.annotations[-1].message
    assert "id-token: write" in run.annotations[-1].message
