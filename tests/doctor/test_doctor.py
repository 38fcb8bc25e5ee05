"""The doctor: every check fails on its own, says what to do, and hides no other; nothing is changed by looking."""

from __future__ import annotations

import dataclasses
import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from preview_db.doctor import diagnosis
from preview_db.doctor.diagnosis import Answer, Finding, Health
from preview_db.planning import identity
from tests.drivers import exit_codes
from tests.drivers.pull_request import Life
from tests.drivers.terminal import Desk


def checks(desk: Desk, *arguments: str, **environ: str) -> dict[str, dict[str, str]]:
    """The findings by check. Whatever fails, all of them are there."""
    said = desk("doctor", "--json", *arguments, **environ)
    found = {one["check"]: one for one in said.json["checks"]}
    assert list(found) == [
        "Management API", "service token", "project", "region", "connected to", "GitHub API", "repository", "pull requests",
        "branches", "comments", "clock", "name", "database",
    ]  # fmt: skip
    failed = [one for one in found.values() if one["result"] == "failed"]
    assert said.exit_code == (exit_codes.FAILED if failed else 0)
    assert said.json["healthy"] is not failed
    assert all(one["remedy"] for one in failed), "each says what to do"
    return found


def test_where_all_is_well_it_says_so_and_changes_nothing(desk: Desk) -> None:
    desk("create")
    desk.life.emulator.control("DELETE", "requests")
    found = checks(desk)
    assert {one["result"] for name, one in found.items() if name != "comments"} == {"ok"}
    assert found["comments"]["result"] == "unknown", "GitHub does not say what a job's token may do"
    assert identity.name(desk.life.scope) in found["name"]["found"]
    assert "reached in" in found["database"]["found"]
    assert {one["method"] for one in desk.life.emulator.control("GET", "requests")} == {"GET"}


def test_people_get_a_table(desk: Desk) -> None:
    said = desk("doctor", "--project", "nowhere")
    assert said.exit_code == exit_codes.FAILED
    (line,) = [line for line in said.out.splitlines() if line.startswith("project ")]
    assert "failed" in line
    assert "There is no project 'nowhere'." in line
    assert "Correct the input project" in line
    on_screen = desk.on_screen("doctor")
    assert on_screen.exit_code == 0
    assert "Management API" in on_screen.out


def test_a_service_token_that_is_wrong_or_missing(desk: Desk) -> None:
    for token, words in (("wrong", "not valid"), ("", "PRISMA_SERVICE_TOKEN is not set")):
        found = checks(desk, PRISMA_SERVICE_TOKEN=token)
        assert found["service token"]["result"] == "failed"
        assert words in found["service token"]["found"]
        assert found["project"]["result"] == found["region"]["result"] == "unknown"
        assert found["pull requests"]["result"] == "ok"


def test_a_token_of_another_workspace(desk: Desk) -> None:
    found = checks(desk, "--workspace", "another")
    assert found["service token"]["result"] == "failed"
    assert "Emulated workspace" in found["service token"]["found"]


def test_a_project_that_is_not_there_and_those_that_are(desk: Desk) -> None:
    found = checks(desk, "--project", "nowhere")
    assert found["project"]["result"] == "failed"
    assert desk.life.project in found["project"]["found"]
    assert found["region"]["result"] == "ok"
    unset = checks(desk, PRISMA_PROJECT_ID="")
    assert (unset["project"]["result"], desk.life.project in unset["project"]["found"]) == ("failed", True)


def test_a_region_that_does_not_exist(desk: Desk) -> None:
    found = checks(desk, "--region", "mars-north-1")
    assert found["region"]["result"] == "failed"
    assert "eu-central-1" in found["region"]["found"]
    assert checks(desk, "--region", "eu-central-1")["region"]["result"] == "ok"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_apis_that_do_not_answer_or_answer_nonsense(desk: Desk) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    down = checks(desk, PRISMA_MANAGEMENT_API_URL=nobody)
    assert (down["Management API"]["result"], down["service token"]["result"]) == ("failed", "unknown")
    assert down["GitHub API"]["result"] == "ok"
    silent = checks(desk, "--repo-id", str(desk.life.repository.id), "--pr", "1", GITHUB_API_URL=nobody)
    assert (silent["GitHub API"]["result"], silent["pull requests"]["result"]) == ("failed", "unknown")
    assert silent["project"]["result"] == "ok"
    desk.life.emulator.control("PUT", "faults", {"kinds": ["502"], "operations": ["GET /v1/me"]})
    broken = checks(desk)
    assert (broken["Management API"]["result"], "502" in broken["Management API"]["found"]) == ("failed", True)


def test_a_github_token_that_is_wrong_or_missing(desk: Desk) -> None:
    wrong = checks(desk, GH_TOKEN="wrong")
    assert wrong["repository"]["result"] == "failed"
    missing = checks(desk, GH_TOKEN="")
    assert (missing["repository"]["result"], missing["comments"]["result"]) == ("failed", "unknown")
    assert "--repo-id" in missing["repository"]["remedy"]
    known = checks(desk, "--repo-id", str(desk.life.repository.id), GH_TOKEN="")
    assert known["repository"]["result"] == "warning"


def test_a_repository_that_is_not_seen_or_is_another(desk: Desk) -> None:
    unseen = checks(desk, "--repo", "acme/other", "--repo-id", "5")
    assert (unseen["repository"]["result"], "acme/other" in unseen["repository"]["found"]) == ("failed", True)
    another = checks(desk, "--repo-id", "5")
    assert another["repository"]["result"] == "failed"
    assert str(desk.life.repository.id) in another["repository"]["found"]


def test_every_failing_check_is_told(desk: Desk) -> None:
    desk.life.emulator.control("PUT", "faults", {"kinds": ["500"], "operations": ["GET /github/repos/acme/shop/pulls"]})
    found = checks(desk, "--region", "mars-north-1", "--project", "nowhere")
    assert {name for name, one in found.items() if one["result"] == "failed"} == {"project", "region"}
    assert found["pull requests"]["result"] == "unknown"


class Servers(BaseHTTPRequestHandler):
    """Prisma and GitHub as they answer to less fortunate people, at one address."""

    answers: dict[str, tuple[int, Any]]
    headers_of: dict[str, str]

    def do_GET(self) -> None:
        status, body = self.answers.get(self.path.partition("?")[0], (404, {"message": "Not Found"}))
        self.send_response_only(status)
        for name, value in self.headers_of.items():
            self.send_header(name, value)
        content = json.dumps(body).encode()
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@dataclasses.dataclass
class Elsewhere:
    """The desk's surroundings with those servers in place of the emulator's."""

    desk: Desk
    handler: type[Servers]
    environ: dict[str, str]

    def checks(self, *arguments: str, **environ: str) -> dict[str, dict[str, str]]:
        return checks(self.desk, "--pr", "7", *arguments, **self.environ | environ)


@pytest.fixture
def elsewhere(desk: Desk) -> Iterator[Elsewhere]:
    workspace = {"id": "wksp_1", "name": "Acme"}
    project = {"id": "proj_1", "name": "web", "workspace": workspace}
    answers = {
        "/v1/me": (200, {"data": {"workspace": workspace}}),
        "/v1/projects/proj_1": (200, {"data": project}),
        "/v1/databases": (200, {"data": [], "pagination": {"nextCursor": None, "hasMore": False}}),
        "/repos/acme/shop": (200, {"id": desk.life.repository.id, "default_branch": "main", "private": True}),
        "/repos/acme/shop/pulls": (200, []),
        "/repos/acme/shop/branches": (200, []),
    }
    handler = type("Handler", (Servers,), {"answers": answers, "headers_of": {"Date": format_datetime(datetime.now(UTC), usegmt=True)}})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        yield Elsewhere(desk, handler, {"PRISMA_MANAGEMENT_API_URL": url, "GITHUB_API_URL": url, "PRISMA_PROJECT_ID": "proj_1"})
        server.shutdown()


def test_what_the_token_may_not_read(elsewhere: Elsewhere) -> None:
    for path in ("pulls", "branches"):
        elsewhere.handler.answers[f"/repos/acme/shop/{path}"] = (403, {"message": "Resource not accessible by integration"})
    found = elsewhere.checks()
    assert (found["pull requests"]["result"], found["branches"]["result"]) == ("failed", "warning")
    assert "pull-requests: read" in found["pull requests"]["remedy"]
    assert "contents: read" in found["branches"]["remedy"]


@pytest.mark.parametrize(
    ("token", "scopes", "private", "result"),
    [
        ("ghp_x", "repo, gist", True, "ok"),
        ("gho_x", "public_repo", False, "ok"),
        ("ghp_x", "public_repo", True, "failed"),
        ("ghp_x", "", False, "failed"),
        ("github_pat_x", "", False, "unknown"),
        ("ghs_x", "", False, "unknown"),
    ],
)
def test_what_the_token_may_write_is_told_as_far_as_github_tells(
    elsewhere: Elsewhere, token: str, scopes: str, private: bool, result: str
) -> None:
    elsewhere.handler.headers_of["X-OAuth-Scopes"] = scopes
    elsewhere.handler.answers["/repos/acme/shop"] = (
        200,
        {"id": elsewhere.desk.life.repository.id, "default_branch": "main", "private": private},
    )
    assert elsewhere.checks(GH_TOKEN=token)["comments"]["result"] == result


@pytest.mark.parametrize(("off", "result", "words"), [(3600, "failed", "behind"), (-3600, "failed", "ahead"), (90, "warning", "behind")])
def test_a_clock_that_is_off(elsewhere: Elsewhere, off: int, result: str, words: str) -> None:
    elsewhere.handler.headers_of["Date"] = format_datetime(datetime.now(UTC) + timedelta(seconds=off), usegmt=True)
    found = elsewhere.checks()["clock"]
    assert (found["result"], words in found["found"], "credential_grace" in found["remedy"]) == (result, True, True)


@pytest.mark.parametrize("date", ["", "yesterday", "Fri, 99 Foo 2026 99:99:99 GMT"])
def test_a_server_that_does_not_say_what_time_it_is(elsewhere: Elsewhere, date: str) -> None:
    elsewhere.handler.headers_of["Date"] = date
    assert elsewhere.checks()["clock"]["result"] == "unknown"


def test_a_database_whose_port_can_t_be_reached(elsewhere: Elsewhere) -> None:
    scope = elsewhere.desk.life.scope._replace(ref="7")
    endpoint = {"host": "127.0.0.1", "port": free_port()}
    now = datetime.now(UTC).isoformat()
    database: dict[str, Any] = {
        "id": "db_1", "name": identity.name(scope), "logicalId": identity.name(scope), "status": "ready", "createdAt": now,
        "isDefault": False, "project": {"id": "proj_1"},
        "connections": [{"id": "con_1", "name": "app-1-1", "createdAt": now, "endpoints": {"direct": endpoint}}],
    }  # fmt: skip
    elsewhere.handler.answers["/v1/databases"] = (200, {"data": [database], "pagination": {"nextCursor": None, "hasMore": False}})
    found = elsewhere.checks()["database"]
    assert (found["result"], f"127.0.0.1:{endpoint['port']}" in found["found"]) == ("failed", True)
    database["connections"] = []
    assert elsewhere.checks()["database"]["result"] == "unknown"


def test_in_a_workflow_it_writes_the_log_and_the_summary_and_no_outputs(life: Life) -> None:
    run = life.happens("opened", {"state": "open"}, command="doctor", deployment="true")
    assert run.succeeded, run.log
    assert run.outputs == {"outcome": "checked"}
    assert life.databases() == []
    assert any(line.startswith("ok ") and "Management API" in line for line in run.log)
    event = next(line for line in run.log if " event " in line)
    assert f"pull request #{life.number} was opened" in event
    assert identity.name(life.scope) in run.summary
    assert "| ✅ | service token | ok |" in run.summary
    assert "deployments" in run.summary


def test_in_a_workflow_what_fails_makes_the_step_fail_once_all_is_told(life: Life) -> None:
    run = life.happens("opened", {"state": "open"}, command="doctor", project="nowhere", region="mars-north-1")
    assert run.exit_code == 1
    assert "2 of the checks failed: project, region" in run.annotations[-1].message
    assert "| ✅ | pull requests |" in run.summary
    assert run.outputs == {"outcome": "failed"}


def test_an_event_that_says_nothing_is_worth_a_warning(life: Life) -> None:
    payload = {"ref": "refs/heads/main", "inputs": {}, **life.emulator.where()}
    run = life.runs("workflow_dispatch", payload, {"command": "doctor"})
    assert run.succeeded, run.log
    assert any(line.startswith("warning") and " event " in line for line in run.log)
    scheduled = life.sweep(command="doctor")
    assert any(line.startswith("ok") and "asks for a sweep" in line for line in scheduled.log)


def test_a_fork_s_run_is_told_what_it_would_come_to(life: Life) -> None:
    run = life.happens("opened", {"state": "open", "head_repo": "stranger/shop"}, command="doctor", service_token="")
    assert run.exit_code == 1
    assert any("gives no secrets" in line for line in run.log)
    assert any(line.startswith("failed") and "service token" in line for line in run.log)


@pytest.mark.parametrize("status", [301, 404, 500])
def test_an_answer_that_decides_nothing_is_unknown(status: int) -> None:
    answer = Answer(0.1, datetime.now(UTC), status=status)
    found = diagnosis.reading("x", answer, permission="x: read", needed_for="x", missing=Health.FAILED)
    assert found.health is (Health.FAILED if status == 404 else Health.UNKNOWN)


def test_no_finding_breaks_the_table() -> None:
    table = diagnosis.markdown([Finding("x", Health.FAILED, "a | b\n<img src=x>", "@everyone")])
    assert table.count("\n") == 5
    assert "<img" not in table
    assert "@everyone" not in table
