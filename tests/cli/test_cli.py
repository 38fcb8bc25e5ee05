"""The terminal, as a process against the emulator: a preview's whole life, what is told to whom, and what a script can go by."""

from __future__ import annotations

import json
import shlex
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from preview_db.planning.model import Kind, Scope
from preview_db_emulator.client import script
from tests.cli.previews import numbers, seeded
from tests.drivers import exit_codes
from tests.drivers.pull_request import Life
from tests.drivers.terminal import Desk, git
from tests.drivers.workflow import can_log_in, until


@pytest.fixture
def desk(life: Life) -> Desk:
    desk = Desk(life, life.root / "shop")
    desk.opened()
    return desk


def exported(text: str) -> dict[str, str]:
    """What a shell has in its environment once it has read `text`."""
    program = "import json, os; print(json.dumps(dict(os.environ)))"
    shell = subprocess.run(
        ["sh", "-c", f'eval "$1"; exec {shlex.quote(sys.executable)} -c {shlex.quote(program)}', "sh", text],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return dict(json.loads(shell.stdout))


def test_a_preview_s_whole_life_from_a_terminal(desk: Desk) -> None:
    created = desk("create")
    assert created.exit_code == 0, created.err
    assert "outcome   created" in created.out
    assert f"pull request #{desk.life.number}" in created.out
    first = exported(desk("connect", "--export").out)["DATABASE_URL"]
    with psycopg.connect(first) as database:
        database.execute("create table orders (id int)")
    second = exported(desk("connect", "--export").out)["DATABASE_URL"]
    assert first != second
    with psycopg.connect(second) as database:
        database.execute("select * from orders")
    assert desk("create").exit_code == 0, "creating what is there finds it"
    reset = desk("reset", "--yes", "--export")
    third = exported(reset.out)["DATABASE_URL"]
    assert not can_log_in(second)
    with psycopg.connect(third) as database, pytest.raises(psycopg.errors.UndefinedTable):
        database.execute("select * from orders")
    deleted = desk("delete", "--yes", "--json")
    assert (deleted.exit_code, deleted.json["outcome"]) == (0, "deleted")
    assert not can_log_in(third)
    again = desk("delete", "--yes", "--json")
    assert (again.exit_code, again.json["outcome"]) == (0, "absent"), "deleting what is gone is no failure"
    assert desk("connect", "--export").exit_code == exit_codes.NOTHING_THERE


def test_nothing_but_the_lines_for_the_shell_is_on_standard_output(desk: Desk) -> None:
    said = desk("create", "--export")
    assert said.out.startswith("export DATABASE_URL='postgres")
    assert len(said.out.splitlines()) == 1
    url = exported(said.out)["DATABASE_URL"]
    assert url not in said.err
    assert can_log_in(url)


def test_a_password_a_shell_would_take_apart_arrives_whole(desk: Desk) -> None:
    desk.life.emulator.control("PUT", "settings", {"password_alphabet": "'$`\\!*() &;ab"})
    assert can_log_in(exported(desk("create", "--export").out)["DATABASE_URL"])


def test_a_secret_is_shown_only_where_it_was_asked_for(desk: Desk) -> None:
    (desk.folder / ".env").write_text("KEEP=me\n")
    said = [desk("create", "--env-file", ".env"), desk("connect", "--env-file", ".env", "--json"), desk("list"), desk("plan")]
    url = (desk.folder / ".env").read_text().partition('DATABASE_URL="')[2].partition('"')[0]
    assert can_log_in(url)
    password = url.partition("://")[2].partition("@")[0].partition(":")[2]
    assert all(password not in one.everything for one in said)
    assert "url" not in said[1].json["connections"][0]
    shown = desk("connect", "--json", "--show-secrets")
    assert can_log_in(shown.json["connections"][0]["url"])
    assert shown.json["connections"][0]["url"] not in shown.err
    for_people = desk("connect", "--show-secrets")
    assert can_log_in(for_people.out.splitlines()[-1].removeprefix("app "))


def test_a_credential_that_nobody_would_see_is_not_made(desk: Desk) -> None:
    desk("create", "--export")
    before = desk.credentials()
    assert desk("create").exit_code == 0
    said = desk("connect")
    assert said.exit_code == 0
    assert "--export" in said.err
    assert desk("connect", "--json").json["connections"] == []
    assert desk.credentials() == before


def test_a_file_of_variables_is_kept_private_and_git_is_thought_of(desk: Desk) -> None:
    file = desk.folder / "apps" / "web" / ".env"
    file.parent.mkdir(parents=True)
    said = desk.at(file.parent, "create", "--env-file", ".env")
    assert "git does not ignore it" in said.err
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (desk.folder / ".gitignore").write_text(".env\n")
    assert "ignore it" not in desk.at(file.parent, "connect", "--env-file", ".env").err
    elsewhere = desk.folder.parent / "elsewhere.env"
    assert desk("connect", "--env-file", str(elsewhere)).exit_code == 0
    assert can_log_in(elsewhere.read_text().partition('"')[2].rstrip('"\n'))
    nowhere = desk("connect", "--env-file", "no/such/.env")
    assert nowhere.exit_code == exit_codes.FAILED
    assert "no/such" in nowhere.err


def test_several_connections_each_go_to_a_variable_of_their_own(desk: Desk) -> None:
    said = desk("create", "--connection", "app=DATABASE_URL", "--connection", "jobs=JOBS_URL", "--export", "--endpoint", "pooled")
    variables = exported(said.out)
    assert can_log_in(variables["DATABASE_URL"])
    assert variables["JOBS_URL"] != variables["DATABASE_URL"]
    lacking = desk("connect", "--connection", "app", "--export")
    assert (lacking.exit_code, "--connection" in lacking.err) == (exit_codes.USAGE, True)


def test_what_a_program_reads_is_json_and_nothing_else(desk: Desk) -> None:
    for command in (
        ["plan"],
        ["create"],
        ["connect"],
        ["list"],
        ["plan", "--all"],
        ["sweep", "--dry-run"],
        ["doctor"],
        ["delete", "--yes"],
    ):
        said = desk(*command, "--json")
        assert said.exit_code == 0, said.err
        assert isinstance(said.json, dict), command


def test_a_branch_s_own_preview_and_a_second_database(desk: Desk) -> None:
    desk.life.emulator.control("PUT", "github/branches/feat/own", {})
    branch = desk("create", "--branch", "feat/own", "--json").json
    keyed = desk("create", "--key", "jobs", "--json").json
    plain = desk("create", "--json").json
    assert (branch["kind"], branch["branch"], branch["pull_request"]) == ("br", "feat/own", None)
    assert (keyed["pull_request"], keyed["key"]) == (desk.life.number, "jobs")
    assert len({one["database"]["id"] for one in (branch, keyed, plain)}) == 3
    by_id = desk("connect", "--database-id", keyed["database"]["id"], "--export")
    assert can_log_in(exported(by_id.out)["DATABASE_URL"])
    assert desk("delete", "--database-id", keyed["database"]["id"], "--yes", "--json").json["key"] == "jobs"
    assert desk("connect", "--database-id", keyed["database"]["id"]).exit_code == exit_codes.NOTHING_THERE


def test_the_inputs_of_a_step_around_it_are_not_taken(desk: Desk) -> None:
    said = desk("create", "--json", INPUT_KEY="evil", INPUT_PR="7", INPUT_ENDPOINT="nonsense")
    assert (said.json["key"], said.json["pull_request"]) == ("", desk.life.number)


def test_the_workspace_is_checked_where_it_is_given(desk: Desk) -> None:
    for command in ("create", "list"):
        said = desk(command, "--workspace", "another")
        assert (said.exit_code, desk.life.databases()) == (exit_codes.FAILED, [])


def test_failures_are_told_in_three_sentences(desk: Desk) -> None:
    said = desk("create", "--project", "nowhere")
    assert said.exit_code == exit_codes.FAILED
    assert [line.strip().split(":")[0] for line in said.err.splitlines()[-4:]] == ["Error", "Likely cause", "What to do", "Read on"]


def test_ctrl_c_while_it_waits_ends_it_cleanly(desk: Desk) -> None:
    desk.life.emulator.control("PUT", "settings", {"provisioning_s": 30})
    process = desk.start("create", "--timeout", "50s")
    until(desk.life.databases)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (exit_codes.STOPPED, "")
    assert "Traceback" not in err
    assert "SIGINT" in err.splitlines()[-1]


def test_who_stops_reading_is_no_accident(desk: Desk) -> None:
    seeded(desk)
    reader = f"{shlex.quote(script('preview-db'))} list --json | head -c 1"
    done = subprocess.run(["sh", "-c", reader], cwd=desk.folder, env=desk.environ, capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout, "Traceback" in done.stderr) == ("{", False)


def test_a_comment_is_written_only_where_that_is_asked(desk: Desk) -> None:
    desk("create")
    assert desk.life.comments() == []
    desk("create", "--comment")
    assert "ready" in desk.life.comments()[0]["body"]
    desk("delete", "--yes", "--comment")
    (comment,) = desk.life.comments()
    assert "deleted" in comment["body"]


def test_a_terminal_shows_a_table_and_what_is_going_on(desk: Desk) -> None:
    seed = seeded(desk)
    said = desk.on_screen("list")
    assert said.exit_code == 0
    assert "─" in said.out
    assert f"#{seed['idle']}" in said.out
    narrow = desk.on_screen("list", width=60)
    assert narrow.exit_code == 0
    created = desk.on_screen("create")
    assert "Ctrl-C" in created.out


def test_hostile_names_do_nothing_to_a_terminal(desk: Desk) -> None:
    (number,) = numbers(desk.life, 1)
    desk.life.emulator.pull_request(number, state="open", head_ref="[red]feat\x1b]0;owned\x07/x")
    desk.life.seed(Scope(desk.life.repository, Kind.PULL_REQUEST, str(number)))
    for said in (desk("list"), desk.on_screen("list")):
        assert "\x1b]0;" not in said.out
        assert "\x07" not in said.out
        assert "[red]feat" in said.out


def test_a_hostile_checkout_runs_nothing(desk: Desk, tmp_path: Path) -> None:
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o755)
    for name in (
        "core.fsmonitor",
        "core.hooksPath",
        "core.sshCommand",
        "core.pager",
        "core.editor",
        "alias.remote",
        "uploadpack.packObjectsHook",
    ):
        git(desk.folder, "config", name, str(trap))
    (desk.folder / "json.py").write_text(f"open('{tmp_path}/sprung', 'w')")
    (desk.folder / ".env").write_text("PRISMA_MANAGEMENT_API_URL=https://evil.example\n")
    assert desk("create", "--dry-run").exit_code == 0
    assert not (tmp_path / "sprung").exists()
