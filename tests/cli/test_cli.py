"""The terminal, as a process against the emulator: a preview's whole life, what is told to whom, and what a script can go by."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml  # type: ignore[import-untyped]  # as in test_action_yml

from preview_db.cli import main as cli
from preview_db.planning import identity
from preview_db.planning.model import Kind, Scope
from preview_db_emulator.client import script
from tests.drivers.pull_request import Life
from tests.drivers.terminal import Desk, git
from tests.drivers.workflow import can_log_in, until

COMMANDS = sorted(cli.main.commands)


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
    assert desk("connect", "--export").exit_code == cli.NOTHING_THERE


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
    assert nowhere.exit_code == cli.FAILED
    assert "no/such" in nowhere.err


def test_several_connections_each_go_to_a_variable_of_their_own(desk: Desk) -> None:
    said = desk("create", "--connection", "app=DATABASE_URL", "--connection", "jobs=JOBS_URL", "--export", "--endpoint", "pooled")
    variables = exported(said.out)
    assert can_log_in(variables["DATABASE_URL"])
    assert variables["JOBS_URL"] != variables["DATABASE_URL"]
    lacking = desk("connect", "--connection", "app", "--export")
    assert (lacking.exit_code, "--connection" in lacking.err) == (cli.USAGE, True)


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


def numbers(life: Life, count: int) -> list[int]:
    return [life.pull().number for _ in range(count)]


def seeded(desk: Desk) -> dict[str, int]:
    """An idle one, a closed one, a draft, and a branch's whose branch is gone."""
    life = desk.life
    idle, closed, draft = numbers(life, 3)
    life.emulator.pull_request(idle, state="open", updated_at=time.time() - 30 * 86400, head_ref=f"feat/{idle}")
    life.emulator.pull_request(closed, state="closed", closed_at=time.time() - 9 * 86400)
    life.emulator.pull_request(draft, state="open", draft=True)
    scopes = [Scope(life.repository, Kind.PULL_REQUEST, str(number)) for number in (idle, closed, draft)]
    life.seed(*scopes, Scope(life.repository, Kind.BRANCH, f"gone/{closed}"), days=12)
    return {"idle": idle, "closed": closed, "draft": draft}


def test_the_list_says_what_each_preview_is_of_and_what_a_sweep_would_take(desk: Desk) -> None:
    seed = seeded(desk)
    said = desk("list", "--json", "--max-idle", "14d")
    shown = {(one["kind"], one["ref"]): one for one in said.json["previews"]}
    idle, closed, draft = (shown["pr", str(seed[name])] for name in ("idle", "closed", "draft"))
    assert (idle["branch"], idle["state"], idle["goes"], idle["credentials"]) == (f"feat/{seed['idle']}", "open", True, 0)
    assert (closed["state"], closed["goes"], closed["reason"]) == ("closed", True, f"pull request #{seed['closed']} was closed")
    assert (draft["state"], draft["goes"]) == ("draft", False)
    assert shown["br", f"gone-{seed['closed']}"]["state"] == "gone"
    assert said.json["others"] == {"default databases": 1, "other repositories' previews": 0, "made by hand": 0}
    table = desk("list", "--max-idle", "14d")
    (line,) = [line for line in table.out.splitlines() if line.startswith(f"#{seed['closed']} ")]
    assert "12 days" in line
    assert "9 days" in line
    assert "goes: pull request" in line
    assert len({len(line.rstrip()) > 0 for line in table.out.splitlines()}) == 1


def test_the_list_without_github_says_what_there_is(desk: Desk) -> None:
    seed = seeded(desk)
    said = desk("list", "--repo-id", str(desk.life.repository.id), GH_TOKEN="")
    assert f"#{seed['closed']} " in said.out
    assert "unknown" in said.out
    assert "goes" not in said.out
    assert "GH_TOKEN" in said.err


def test_a_duplicate_is_told_from_the_one_that_stays(desk: Desk) -> None:
    name = identity.name(desk.life.scope)
    rows: list[dict[str, Any]] = [{"name": name, "project": desk.life.project, "createdAt": time.time() - age} for age in (9000, 8000)]
    kept, goes = desk.life.emulator.control("POST", "databases", rows)
    shown = {one["database_id"]: one["goes"] for one in desk("list", "--json").json["previews"]}
    assert shown == {kept["id"]: False, goes["id"]: True}


def test_a_sweep_shows_its_plan_and_asks(desk: Desk) -> None:
    seed = seeded(desk)
    refused = desk("sweep")
    assert (refused.exit_code, refused.out) == (cli.REFUSED, "")
    assert "--yes" in refused.err
    no = desk.on_screen("sweep", answers=["n\n"])
    assert no.exit_code == cli.REFUSED
    assert f"pull request #{seed['closed']} was closed" in no.out
    assert "Delete 2 databases with their data?" in no.out
    assert len(desk.life.databases()) == 4
    yes = desk.on_screen("sweep", answers=["y\n"])
    assert yes.exit_code == 0, yes.out
    assert "2 kept, 2 deleted" in yes.out
    assert len(desk.life.databases()) == 2
    assert desk.on_screen("sweep").exit_code == 0, "with nothing to delete, nothing is asked"


def test_an_answer_of_many_lines_or_none_is_no_yes(desk: Desk) -> None:
    seeded(desk)
    assert desk.on_screen("sweep", answers=["\n"]).exit_code == cli.REFUSED
    assert desk.on_screen("sweep", answers=["\x04"]).exit_code == cli.REFUSED
    assert len(desk.life.databases()) == 4


def test_a_sweep_that_fails_in_part_tells_it_all_and_fails(desk: Desk) -> None:
    seeded(desk)
    stuck = desk.life.databases()[1]
    desk.life.emulator.control("PUT", "faults", {"kinds": ["500"], "operations": [f"DELETE /v1/databases/{stuck['id']}"]})
    said = desk("sweep", "--yes", "--json")
    assert said.exit_code == cli.FAILED
    assert sorted(one["fate"] for one in said.json["swept"]) == ["deleted", "failed", "kept", "kept"]
    assert stuck["name"] in said.err


def test_a_sweep_goes_by_its_limit(desk: Desk) -> None:
    seeded(desk)
    said = desk("sweep", "--yes", "--max-deletions", "1")
    assert said.exit_code == cli.FAILED
    assert "beyond max_deletions" in said.out
    assert len(desk.life.databases()) == 3


@pytest.mark.parametrize("command", ["delete", "reset"])
def test_deleting_is_confirmed(desk: Desk, command: str) -> None:
    desk("create")
    before = desk.life.databases()
    refused = desk(command)
    assert refused.exit_code == cli.REFUSED
    assert desk.on_screen(command, answers=["n\n"]).exit_code == cli.REFUSED
    assert desk.life.databases() == before
    yes = desk.on_screen(command, answers=["y\n"])
    assert yes.exit_code == 0, yes.out
    assert before[0]["id"] in yes.out
    assert before[0]["id"] not in {one["id"] for one in desk.life.databases()}


def test_ctrl_c_at_the_question_deletes_nothing(desk: Desk) -> None:
    desk("create")
    said = desk.on_screen("delete", answers=["\x03"])
    assert said.exit_code == cli.STOPPED
    assert len(desk.life.databases()) == 1


def test_a_plan_says_what_would_be_done_and_does_nothing(desk: Desk) -> None:
    said = desk("plan", "--json")
    assert [step["action"] for step in said.json["plan"]] == ["create", "mint", "wait"]
    assert desk.life.databases() == []
    desk("create")
    desk.life.emulator.pull_request(desk.life.number, state="closed", merged=True)
    closed = desk("plan", "--pr", str(desk.life.number))
    assert "delete" in closed.out
    assert "which was merged" in closed.out
    assert len(desk.life.databases()) == 1
    assert "would go" in desk("plan", "--all").out
    unknown = desk("plan", "--pr", "999999")
    assert (unknown.exit_code, "no pull request #999999" in unknown.err) == (cli.FAILED, True)


def test_dry_runs_touch_nothing(desk: Desk) -> None:
    assert desk("create", "--dry-run").exit_code == 0
    assert desk.life.databases() == []
    desk("create")
    before = desk.life.databases()
    for command in ("delete", "reset"):
        said = desk(command, "--dry-run")
        assert (said.exit_code, "delete" in said.out) == (0, True)
    assert desk.life.databases() == before


def test_a_branch_s_own_preview_and_a_second_database(desk: Desk) -> None:
    branch = desk("create", "--branch", "feat/own", "--json").json
    keyed = desk("create", "--key", "jobs", "--json").json
    plain = desk("create", "--json").json
    assert (branch["kind"], branch["branch"], branch["pull_request"]) == ("br", "feat/own", None)
    assert (keyed["pull_request"], keyed["key"]) == (desk.life.number, "jobs")
    assert len({one["database"]["id"] for one in (branch, keyed, plain)}) == 3
    by_id = desk("connect", "--database-id", keyed["database"]["id"], "--export")
    assert can_log_in(exported(by_id.out)["DATABASE_URL"])
    assert desk("delete", "--database-id", keyed["database"]["id"], "--yes", "--json").json["key"] == "jobs"
    assert desk("connect", "--database-id", keyed["database"]["id"]).exit_code == cli.NOTHING_THERE


def test_another_repository_s_database_is_refused(desk: Desk) -> None:
    (foreign,) = desk.life.emulator.control("POST", "databases", [{"name": "by hand", "project": desk.life.project}])
    said = desk("delete", "--database-id", foreign["id"], "--yes")
    assert said.exit_code == cli.REFUSED
    assert len(desk.life.databases()) == 1


def test_the_pull_request_is_the_one_whose_head_is_checked_out(desk: Desk) -> None:
    other = numbers(desk.life, 1)[0]
    desk.life.emulator.pull_request(other, state="open", head_ref=desk.branch, head_repo="stranger/shop")
    assert desk("create", "--dry-run", "--json").json["pull_request"] == desk.life.number, "a fork's branch is another one"
    desk.life.emulator.pull_request(other, state="open", head_ref=desk.branch, head_repo=desk.life.repository.full_name)
    two = desk("create")
    assert two.exit_code == cli.USAGE
    assert f"#{desk.life.number}, #{other}" in two.err
    git(desk.folder, "checkout", "-q", "-b", "feat/none")
    none = desk("create")
    assert none.exit_code == cli.USAGE
    assert "--pr" in none.err
    assert "feat/none" in none.err
    assert desk("create", "--dry-run", GH_TOKEN="").exit_code == cli.USAGE


def test_a_ci_system_says_which_pull_request(desk: Desk) -> None:
    bare = desk.folder.parent / "no checkout"
    bare.mkdir()
    url = f"https://github.com/{desk.life.repository.full_name}"
    systems = {
        "CircleCI": {"CIRCLECI": "true", "CIRCLE_PULL_REQUEST": f"{url}/pull/71"},
        "Buildkite": {"BUILDKITE": "true", "BUILDKITE_REPO": f"{url}.git", "BUILDKITE_PULL_REQUEST": "71"},
        "Jenkins": {"JENKINS_URL": "https://ci", "CHANGE_ID": "71", "CHANGE_URL": f"{url}/pull/71"},
    }
    for name, variables in systems.items():
        said = desk.at(bare, "create", "--dry-run", "--json", **variables)
        assert said.exit_code == 0, said.err
        assert said.json["pull_request"] == 71
        assert name in said.err


def test_a_gitlab_project_is_told_by_its_own_number(desk: Desk) -> None:
    gitlab = {"GITLAB_CI": "true", "CI_MERGE_REQUEST_IID": "5", "CI_PROJECT_ID": "4711", "GH_TOKEN": ""}
    git(desk.folder, "remote", "set-url", "origin", "https://gitlab.com/group/shop.git")
    silent = desk("create", **gitlab)
    assert silent.exit_code == cli.USAGE
    assert "gitlab.com" in silent.err
    said = desk("create", "--repo", "group/shop", "--repo-id", "4711", "--pr", "5", "--json", **gitlab)
    assert said.exit_code == 0, said.err
    assert said.json["identity"].startswith("shop-pr-5-")
    assert desk("delete", "--repo", "group/shop", "--repo-id", "4711", "--pr", "5", "--yes", **gitlab).exit_code == 0


def test_the_number_of_another_repository_is_not_taken(desk: Desk) -> None:
    said = desk("create", "--repo", "acme/other", "--repo-id", "5", "--dry-run")
    assert said.exit_code == cli.USAGE
    assert "not acme/other" in said.err


def test_the_repository_s_id_is_the_surroundings_or_an_option_or_github_s(desk: Desk) -> None:
    life = desk.life
    desk("create")
    by_option = desk("connect", "--pr", str(life.number), "--repo-id", str(life.repository.id), GH_TOKEN="")
    assert by_option.exit_code == 0
    by_variable = {"GITHUB_REPOSITORY": life.repository.full_name, "GITHUB_REPOSITORY_ID": str(life.repository.id), "GH_TOKEN": ""}
    assert desk("connect", "--pr", str(life.number), **by_variable).exit_code == 0
    other = by_variable | {"GITHUB_REPOSITORY": "acme/other"}
    unknown = desk("connect", "--pr", str(life.number), **other)
    assert unknown.exit_code == cli.USAGE
    assert "--repo-id" in unknown.err
    assert desk("connect", "--pr", str(life.number), "--repo-id", "5").exit_code == cli.NOTHING_THERE


USAGE = [
    (["create", "--timeout", "0s"], "'--timeout': takes from 1s to 1h"),
    (["create", "--region", "the moon"], "'--region': takes inherit"),
    (["create", "--branch", "a..b"], "'--branch': takes"),
    (["create", "--pr", "0"], "'--pr'"),
    (["create", "--pr", "1", "--branch", "x"], "--pr and --branch"),
    (["connect", "--json", "--export"], "--json and --export"),
    (["sweep", "--max-idle", "soon"], "'--max-idle': takes never"),
    (["create", "--repo", "shop"], "'--repo': takes OWNER/NAME"),
    (["destroy"], "No such command"),
]


@pytest.mark.parametrize(("arguments", "message"), USAGE, ids=[" ".join(one) for one, _ in USAGE])
def test_wrong_usage_is_said_by_the_option_s_name(desk: Desk, arguments: list[str], message: str) -> None:
    said = desk(*arguments)
    assert (said.exit_code, said.out) == (cli.USAGE, "")
    assert message in said.err


def test_what_is_missing_is_said_in_the_terminal_s_words(desk: Desk) -> None:
    no_token = desk("create", PRISMA_SERVICE_TOKEN="")
    assert (no_token.exit_code, "PRISMA_SERVICE_TOKEN" in no_token.err) == (cli.USAGE, True)
    pasted = desk("create", PRISMA_SERVICE_TOKEN="two words")
    assert (pasted.exit_code, "PRISMA_SERVICE_TOKEN takes a token" in pasted.err) == (cli.USAGE, True)
    assert "two words" not in pasted.everything
    no_project = desk("create", PRISMA_PROJECT_ID="")
    assert no_project.exit_code == cli.USAGE
    assert "--project" in no_project.err
    assert desk.life.project in no_project.err
    bare_address = desk("create", PRISMA_MANAGEMENT_API_URL="http://api.example.com")
    assert "PRISMA_MANAGEMENT_API_URL takes an https://" in bare_address.err
    unsafe = desk("create", GITHUB_API_URL="http://github.example.com")
    assert (unsafe.exit_code, "GITHUB_API_URL" in unsafe.err) == (cli.USAGE, True)
    no_github = desk("sweep", "--yes", GH_TOKEN="")
    assert (no_github.exit_code, "GH_TOKEN" in no_github.err) == (cli.USAGE, True)


def test_the_inputs_of_a_step_around_it_are_not_taken(desk: Desk) -> None:
    said = desk("create", "--json", INPUT_KEY="evil", INPUT_PR="7", INPUT_ENDPOINT="nonsense")
    assert (said.json["key"], said.json["pull_request"]) == ("", desk.life.number)


def test_the_workspace_is_checked_where_it_is_given(desk: Desk) -> None:
    for command in ("create", "list"):
        said = desk(command, "--workspace", "another")
        assert (said.exit_code, desk.life.databases()) == (cli.FAILED, [])


def test_failures_are_told_in_three_sentences(desk: Desk) -> None:
    said = desk("create", "--project", "nowhere")
    assert said.exit_code == cli.FAILED
    assert [line.strip().split(":")[0] for line in said.err.splitlines()[-3:]] == ["Error", "Likely cause", "What to do"]


def test_ctrl_c_while_it_waits_ends_it_cleanly(desk: Desk) -> None:
    desk.life.emulator.control("PUT", "settings", {"provisioning_s": 30})
    process = desk.start("create", "--timeout", "50s")
    until(desk.life.databases)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (cli.STOPPED, "")
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


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_completion_script(shell: str) -> None:
    done = subprocess.run([script("preview-db"), "completion", shell], capture_output=True, text=True, timeout=20, check=True)
    assert "_PREVIEW_DB_COMPLETE" in done.stdout


def test_commands_and_options_are_completed() -> None:
    def completed(words: str, position: int) -> str:
        variables = {"_PREVIEW_DB_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(position)}
        asked = subprocess.run([script("preview-db")], env=os.environ | variables, capture_output=True, text=True, timeout=20, check=True)
        return asked.stdout

    assert "plain,delete" in completed("preview-db de", 1)
    assert "plain,--env-file" in completed("preview-db connect --en", 2)
    assert "plain,pooled" in completed("preview-db connect --endpoint po", 3)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    done = subprocess.run([script("preview-db"), command, "--help"], capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout.startswith(f"Usage: preview-db {command}")
    assert done.stderr == ""


def test_the_help_tells_the_exit_codes() -> None:
    text = subprocess.run([script("preview-db"), "--help"], capture_output=True, text=True, timeout=20, check=True).stdout
    for code in (cli.FAILED, cli.USAGE, cli.NOTHING_THERE, cli.REFUSED, cli.STOPPED):
        assert f"\n    {code} " in text


def test_what_takes_time_to_import_is_not_imported_for_the_help() -> None:
    program = "import sys, preview_db.cli; print({'pydantic', 'httpx', 'github', 'rich', 'psycopg'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout.strip() == "set()"


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


DOCS = (Path(__file__).parents[2] / "docs" / "terminal.md").read_text("utf-8")


def test_the_docs_name_commands_and_options_there_are() -> None:
    options = {option for command in cli.main.commands.values() for one in command.params for option in (*one.opts, *one.secondary_opts)}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", DOCS)) <= options
    assert set(re.findall(r"(?:^|[ `(])preview-db ([a-z]+)", DOCS, re.MULTILINE)) <= set(cli.main.commands)
    assert {name for name in cli.main.commands if f"`{name}`" in DOCS} == set(cli.main.commands) - {"completion"}


def test_the_docs_tell_the_exit_codes() -> None:
    assert set(re.findall(r"^\| (\d+) \|", DOCS, re.MULTILINE)) == {"0", "1", "2", "3", "4", "130"}


def test_the_examples_for_ci_systems_are_yaml() -> None:
    examples = re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL)
    assert len(examples) == 3
    assert all(yaml.safe_load(one) for one in examples)
