"""One pull request's life through the front door: a process, the runner's environment, a real login."""

from __future__ import annotations

import json
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tests.drivers.pull_request import Life
from tests.drivers.workflow import can_log_in, new_project, until

SECRET_OUTPUTS = {"database_url", "direct_url", "pooled_url", "password", "connection_urls"}
PLAIN_OUTPUTS = {
    "host", "port", "database", "user", "database_id", "database_name", "project_id", "connection_id", "outcome", "deleted",
}  # fmt: skip


def test_a_pull_requests_whole_life(life: Life) -> None:
    opened = life.opened()
    assert opened.succeeded, opened.log
    assert opened.outputs["outcome"] == "created"
    with psycopg.connect(opened.outputs["database_url"]) as database:
        database.execute("create table orders (id int)")
        database.execute("insert into orders values (1)")

    pushed = life.pushed()
    assert pushed.outputs["outcome"] == "reused"
    assert pushed.outputs["database_id"] == opened.outputs["database_id"]
    assert pushed.outputs["password"] != opened.outputs["password"]
    with psycopg.connect(pushed.outputs["database_url"]) as database:
        assert database.execute("select id from orders").fetchall() == [(1,)]
        database.execute("insert into orders values (2)")
    assert can_log_in(opened.outputs["database_url"]), "what was deployed a push ago keeps working"

    closed = life.closed(merged=True)
    assert (closed.exit_code, closed.outputs["outcome"], closed.outputs["deleted"]) == (0, "deleted", "true")
    assert life.databases() == []
    assert not can_log_in(opened.outputs["database_url"])
    assert not can_log_in(pushed.outputs["database_url"])


def test_the_string_works_in_psql(life: Life) -> None:
    url = life.opened().outputs["database_url"]
    done = subprocess.run(["psql", url, "-Atc", "select current_database(), 6 * 7"], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("|42")


def test_every_event_repeated_is_the_same_as_once(life: Life) -> None:
    outcomes = [
        run.outputs["outcome"] for run in (life.opened(), life.opened(), life.pushed(), life.pushed(), life.closed(), life.closed())
    ]
    assert outcomes == ["created", "reused", "reused", "reused", "deleted", "absent"]
    assert life.databases() == []


def test_closing_what_never_was_is_fine(life: Life) -> None:
    life.emulator.pull_request(life.number, state="open")
    closed = life.closed()
    assert (closed.exit_code, closed.outputs["outcome"], closed.outputs["deleted"]) == (0, "absent", "false")
    assert life.comments() == []


def test_reopening_makes_a_new_one(life: Life) -> None:
    first = life.opened()
    life.closed()
    again = life.happens("reopened", {"state": "open"})
    assert again.outputs["outcome"] == "created"
    assert again.outputs["database_id"] != first.outputs["database_id"]


def test_two_pull_requests_two_keys_and_two_databases_each(life: Life) -> None:
    other = life.pull()
    ids = [run.outputs["database_id"] for run in (life.opened(), life.opened(key="docs"), other.opened(), other.opened(key="docs"))]
    assert len(set(ids)) == 4
    life.closed()
    assert [one["id"] for one in life.databases()] == ids[1:]


def test_a_secret_output_is_masked_first_and_the_others_pass_between_jobs(life: Life) -> None:
    run = life.opened(connections="app=DATABASE_URL\njobs")
    assert set(run.outputs) == SECRET_OUTPUTS | PLAIN_OUTPUTS
    assert set(run.job_outputs) == PLAIN_OUTPUTS
    urls = json.loads(run.outputs["connection_urls"])
    assert set(urls) == {"app", "jobs"}
    assert urls["app"] == run.outputs["database_url"] == run.outputs["direct_url"] == run.environment["DATABASE_URL"]
    assert urls["jobs"] != urls["app"]
    assert all(can_log_in(url) for url in (*urls.values(), run.outputs["pooled_url"]))
    assert run.outputs["password"] in run.masks
    first_use = min(index for index, line in enumerate(run.raw_stdout.splitlines()) if not line.startswith("::add-mask::"))
    assert all(line.startswith("::add-mask::") for line in run.raw_stdout.splitlines()[:first_use])


@pytest.mark.parametrize("alphabet", ["%", "%'\"$ &=?/:@#\\", "aé€\U0001f40d", "\n\r%0A"], ids=["percent", "shell", "unicode", "lines"])
def test_a_password_of_hostile_characters_works_and_shows_nowhere(life: Life, alphabet: str) -> None:
    life.emulator.control("PUT", "passwords", {"alphabet": alphabet})
    try:
        run = life.opened(connections="app=DATABASE_URL\nsecond")
    finally:
        life.emulator.control("PUT", "settings", {"password_alphabet": "abcdefghijklmnopqrstuvwxyz0123456789"})
    assert run.succeeded, run.log
    assert can_log_in(run.outputs["database_url"])
    password = run.outputs["password"]
    (comment,) = life.comments()
    for place in ("\n".join(run.log), run.raw_summary, run.raw_stderr, comment["body"], *(run.outputs[name] for name in PLAIN_OUTPUTS)):
        assert password not in place
        assert run.outputs["database_url"] not in place


def test_a_pooled_endpoint_is_handed_out_where_asked_for(life: Life) -> None:
    run = life.opened(endpoint="pooled")
    assert run.outputs["database_url"] == run.outputs["pooled_url"] != run.outputs["direct_url"]
    assert run.outputs["port"] in run.outputs["pooled_url"]


def test_nothing_is_handed_out_before_one_can_log_in(life: Life) -> None:
    life.emulator.control("PUT", "settings", {"provisioning_s": 1, "cold_start_s": 1.5})
    started = time.monotonic()
    run = life.opened()
    assert time.monotonic() - started > 2
    assert can_log_in(run.outputs["database_url"])


def test_wait_none_hands_out_at_once(life: Life) -> None:
    life.emulator.control("PUT", "settings", {"provisioning_s": 20})
    run = life.opened(wait="none")
    assert run.succeeded
    assert run.seconds < 10


def test_a_database_without_a_connection_of_its_own_gets_one(life: Life) -> None:
    life.emulator.control("PUT", "settings", {"connection_on_create": False})
    run = life.opened()
    assert can_log_in(run.outputs["database_url"])
    assert life.databases()[0]["connections"][0]["name"].startswith("app-")


@pytest.mark.parametrize("mode", ["ignored", "refused"])
def test_a_server_without_logical_id_works_by_name_alone(life: Life, mode: str) -> None:
    life.emulator.control("PUT", "settings", {"logical_id": mode})
    opened = life.opened(database_name="My database")
    assert (opened.succeeded, opened.outputs["outcome"]) == (True, "created"), opened.log
    assert opened.outputs["database_name"].startswith("shop-pr-")
    assert life.pushed(database_name="My database").outputs["outcome"] == "reused"
    assert life.closed().outputs["outcome"] == "deleted"
    assert life.databases() == []


def test_a_preview_made_by_name_is_found_once_the_server_knows_logical_id(life: Life) -> None:
    life.emulator.control("PUT", "settings", {"logical_id": "ignored"})
    made = life.opened().outputs["database_id"]
    life.emulator.control("PUT", "settings", {"logical_id": "known"})
    assert life.pushed().outputs["database_id"] == made
    assert life.closed().outputs["outcome"] == "deleted"


def test_a_display_name_is_the_users(life: Life) -> None:
    run = life.opened(database_name="Preview | of `mine`")
    assert run.outputs["database_name"] == life.databases()[0]["name"] == "Preview | of `mine`"
    assert life.pushed().outputs["database_id"] == run.outputs["database_id"]


def test_duplicates_are_found_said_and_the_oldest_is_kept(life: Life) -> None:
    name = life.opened().outputs["database_name"]
    older = {"name": name, "project": life.project, "createdAt": time.time() - 3600}
    life.emulator.control("PUT", "settings", {"logical_id": "ignored"})
    (old,) = life.emulator.control("POST", "databases", [older])
    run = life.pushed()
    assert run.outputs["database_id"] == old["id"]
    assert [one["id"] for one in life.databases()] == [old["id"]]
    assert any(annotation.level == "warning" and old["id"] in annotation.message for annotation in run.annotations)


def test_superseded_credentials_are_revoked_and_cannot_log_in(life: Life) -> None:
    runs = [life.opened(credential_grace="0s"), life.pushed(credential_grace="0s"), life.pushed(credential_grace="0s")]
    assert [can_log_in(run.outputs["database_url"]) for run in runs] == [False, True, True]
    assert len(life.databases()[0]["connections"]) == 2


def test_credentials_within_the_grace_keep_working(life: Life) -> None:
    runs = [life.opened(), life.pushed(), life.pushed(), life.pushed()]
    assert all(can_log_in(run.outputs["database_url"]) for run in runs)


@pytest.mark.parametrize("mode", ["known", "ignored"])
def test_six_runs_at_once_end_with_one_database_and_six_working_strings(life: Life, mode: str) -> None:
    life.emulator.control("PUT", "settings", {"logical_id": mode, "provisioning_s": 0.5})
    life.emulator.pull_request(life.number, state="open")
    with ThreadPoolExecutor(6) as pool:
        runs = list(pool.map(lambda _: life.pushed(), range(6)))
    assert [run.exit_code for run in runs] == [0] * 6, [run.log for run in runs]
    assert len({run.outputs["database_id"] for run in runs}) == 1
    assert len(life.databases()) == 1
    assert all(can_log_in(run.outputs["database_url"]) for run in runs)
    assert len(life.comments()) == 1


def test_a_pull_request_closed_while_its_database_is_made_gets_none(life: Life) -> None:
    life.emulator.control("PUT", "settings", {"provisioning_s": 2})
    step = life.starts("opened", {"state": "open"})
    until(life.databases)
    life.emulator.pull_request(life.number, state="closed", merged=True)
    run = step.finish()
    assert (run.exit_code, run.outputs["outcome"], run.outputs["deleted"]) == (0, "deleted", "true")
    assert "database_url" not in run.outputs
    assert life.databases() == []
    assert any("closed by now" in annotation.message for annotation in run.annotations)
    (comment,) = life.comments()
    assert "deleted" in comment["body"].splitlines()[1]  # written as ready while GitHub was asked, and then corrected


def test_a_later_job_connects_with_the_handle_and_never_creates(life: Life) -> None:
    opened = life.opened()
    connected = life.pushed(command="connect", database_id=opened.outputs["database_id"])
    assert connected.outputs["outcome"] == "connected"
    assert connected.outputs["password"] != opened.outputs["password"]
    assert can_log_in(connected.outputs["database_url"])
    life.closed()
    for asked in ({}, {"database_id": opened.outputs["database_id"]}):
        refused = life.pushed(command="connect", **asked)
        assert refused.exit_code == 1
        assert life.databases() == []


def test_nothing_of_anyone_elses_is_touched(life: Life) -> None:
    name = life.opened().outputs["database_name"]
    others = [
        {"name": name[:-1] + ("a" if name[-1] != "a" else "b"), "project": life.project},
        {"name": name.replace("-pr-", "-pr-9"), "project": life.project},
        {"name": "production", "project": life.project},
        {"name": name, "project": life.project, "isDefault": True},
        {"name": name, "project": new_project(life.emulator)},
    ]
    made = life.emulator.control("POST", "databases", others)
    life.closed()
    left = {one["id"] for one in life.emulator.control("GET", "databases")}
    assert {one["id"] for one in made} <= left


@pytest.mark.parametrize("command", ["connect", "delete"])
def test_a_database_that_is_not_ours_is_refused_by_id(life: Life, command: str) -> None:
    life.opened()
    made = life.emulator.control("POST", "databases", [{"name": "production", "project": life.project}])
    everything = life.emulator.control("GET", "databases")
    default = next(one["id"] for one in everything if one["isDefault"] and one["project"]["id"] == life.project)
    for id_ in (made[0]["id"], default):
        run = life.pushed(command=command, database_id=id_)
        assert (run.exit_code, "database_url" in run.outputs) == (1, False)
        assert "not a preview of" in run.annotations[-1].message
    assert {one["id"] for one in life.emulator.control("GET", "databases")} == {one["id"] for one in everything}


def test_a_database_can_be_cloned(life: Life) -> None:
    origin = life.pull().opened()
    with psycopg.connect(origin.outputs["database_url"]) as database:
        database.execute("create table plans (name text)")
        database.execute("insert into plans values ('free')")
    clone = life.opened(source=origin.outputs["database_id"])
    with psycopg.connect(clone.outputs["database_url"]) as database:
        assert database.execute("select name from plans").fetchall() == [("free",)]


@pytest.mark.parametrize("action", ["labeled", "edited", "something_new"])
def test_other_actions_are_left_alone_politely(life: Life, action: str) -> None:
    run = life.happens(action, {"state": "open"})
    assert (run.exit_code, run.outputs["outcome"]) == (0, "skipped")
    assert life.databases() == []


def test_a_fork_without_secrets_is_skipped_with_the_way_to_serve_it(life: Life) -> None:
    run = life.happens("opened", {"state": "open", "head_repo": "stranger/shop"}, service_token="")
    assert (run.exit_code, run.outputs["outcome"]) == (0, "skipped")
    assert "pull_request_target" in run.annotations[0].message
