"""Output that lie end in an error or change nothing: nothing wrong is handed out, nobody else's is touched, no token goes elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from preview_db_emulator.runner.runner import Run
from tests.drivers.lying_server import Answer, Lie, about, in_data, lying
from tests.drivers.workflow import PullRequest, Workflow
from tests.torture.claims import LONG, check_manners, check_promise, some
from tests.torture.lies import (
    CREATED,
    MEMORY,
    MINTED,
    Neighbours,
    at,
    body,
    bomb,
    closed,
    drop,
    endured,
    opened,
    pushed,
    put,
    string,
)
from tests.torture.long import peak_of


@pytest.fixture
def workflow(workflow: Workflow) -> Workflow:
    workflow.inputs["timeout"] = "4s"
    return workflow


WRONG_DATABASES: dict[str, Lie] = {
    "another project's": about(CREATED, put("project", "id", value="proj_another")),
    "a default one": about(CREATED, put("isDefault", value=True)),
    "another identity": about(CREATED, lambda answer: (put("logicalId", value="x")(answer), put("name", value="y")(answer), None)[-1]),
    "no identity": about(CREATED, lambda answer: (drop("logicalId")(answer), put("name", value="production")(answer), None)[-1]),
    "another database's connection": about(CREATED, put("connections", 0, "database", "id", value="db_another")),
    "a connection of no database": about(CREATED, drop("connections", 0, "database")),
    "a negative port": about(CREATED, put("connections", 0, "endpoints", "direct", "port", value=-5432)),
    "a string of another port": about(CREATED, string(lambda text: text.replace("@127.0.0.1:", "@127.0.0.1:1"))),
    "another host": about(CREATED, at("db.evil.example")),
    "another host in the string": about(CREATED, string(lambda text: text.replace("@127.0.0.1:", "@db.evil.example:"))),
    "another host as a parameter": about(CREATED, string(lambda text: text + "&host=db.evil.example")),
    "another address as a parameter": about(CREATED, string(lambda text: text + "&hostaddr=192.0.2.1")),
    "another user as a parameter": about(CREATED, string(lambda text: text + "&User=postgres")),
    "a service as a parameter": about(CREATED, string(lambda text: text + "&service=production")),
    "two hosts": about(CREATED, at("db.evil.example,127.0.0.1")),
    "a host before the host": about(CREATED, string(lambda text: text.replace("@", "@db.evil.example,x@"))),
    "a host in the user": about(CREATED, string(lambda text: text.replace("postgres://", "postgres://db.evil.example/"))),
    "an encoded host": about(CREATED, at("%31%32%37.0.0.1")),
    "a socket's folder": about(CREATED, at("%2Ftmp")),
    "another scheme": about(CREATED, string(lambda text: text.replace("postgres://", "https://"))),
    "a string with a line break": about(CREATED, string(lambda text: text + "\n::set-output name=a::b")),
    "a string with a space": about(CREATED, string(lambda text: text + " host=db.evil.example")),
    "a string with a zero byte": about(CREATED, string(lambda text: text.replace(":", "%00:", 2))),
    "a string without a password": about(CREATED, string(lambda text: text.split(":")[0] + ":" + text.split(":")[1] + "@127.0.0.1/x")),
    "an empty string": about(CREATED, string(lambda text: "")),
}


@pytest.mark.parametrize(
    "lie",
    (told := some(WRONG_DATABASES, "no identity", "another host as a parameter", "two hosts", "a host before the host")).values(),
    ids=told,
)
def test_a_database_that_is_not_what_was_asked_for_is_not_handed_out(workflow: Workflow, lie: Lie) -> None:
    run, pull = endured(workflow, lie, opened)
    assert run.exit_code == 1, run.log
    assert "database_url" not in run.outputs
    assert pull.closed().exit_code == 0
    assert pull.databases() == []


def test_a_creation_answered_with_somebody_elses_database_touches_it_in_no_way(workflow: Workflow) -> None:
    """The worst of them: its id and name in the answer, and no `logicalId`, so that it has to be found out by its name alone."""
    pull = workflow.pull()
    neighbours = Neighbours(workflow)
    production = neighbours.production

    def lie(item: Any) -> None:
        item |= {"id": production["id"], "name": production["name"], "connections": []}
        del item["logicalId"]

    with lying(workflow.emulator, about(CREATED, in_data(lie))) as liar:
        workflow.environ = liar.environ
        run = pull.opened()
        workflow.environ = {}
        bare = production["id"].removeprefix("db_")
        assert [one for one in liar.asked if bare in one and not one.startswith("GET")] == []
    assert run.exit_code == 1, run.log
    neighbours.check()


MINTED_WRONG: dict[str, Lie] = {
    "another database's": about(MINTED, put("database", "id", value="db_another")),
    "nobody's": about(MINTED, drop("database")),
    "another host": about(MINTED, at("db.evil.example")),
    "no string": about(MINTED, in_data(lambda item: [end.pop("connectionString") for end in item["endpoints"].values()])),
    "only the deprecated form": about(MINTED, drop("endpoints")),
    "no id": about(MINTED, drop("id")),
}


@pytest.mark.parametrize("lie", (told := some(MINTED_WRONG, "nobody's", short=2)).values(), ids=told)
def test_a_credential_that_is_not_what_was_asked_for_is_not_handed_out(workflow: Workflow, lie: Lie) -> None:
    run, _ = endured(workflow, lie, pushed, prepared=True)
    assert run.exit_code == 1, run.log


def test_a_read_of_one_database_that_answers_with_another_is_refused(workflow: Workflow) -> None:
    """Waiting for its own to become ready, the run must not go on with whatever comes back."""
    workflow.emulator.control("PUT", "settings", {"provisioning_s": 0.5})
    neighbours = Neighbours(workflow)
    try:
        run, _ = endured(workflow, about(r"GET /v1/databases/", put("id", value=neighbours.production["id"])), opened)
    finally:
        workflow.emulator.control("PUT", "settings", {"provisioning_s": 0})
    assert run.exit_code == 1
    assert "answered with" in run.annotations[-1].message


LISTS: dict[str, Callable[[Any], Any]] = {
    "another project's database": lambda content: content["data"].append({**content["data"][0], "project": {"id": "proj_another"}}),
    "more to come, and not where": lambda content: content["pagination"].update(hasMore=True, nextCursor=None),
    "the same page again": lambda content: content["pagination"].update(hasMore=True, nextCursor="again"),
    "no pagination": lambda content: content.pop("pagination"),
    "no data": lambda content: content.pop("data"),
    "data that is no list": lambda content: content.update(data={}),
    "a list of nothing": lambda content: content.update(data=[None]),
    "a database without a name": lambda content: [one.pop("name") for one in content["data"]],
    "a time before all time": lambda content: [one.update(createdAt="0001-01-01T00:00:00+14:00") for one in content["data"]],
    "a time after all time": lambda content: [one.update(createdAt="9999-12-31T23:59:59-14:00") for one in content["data"]],
    "a time without a zone": lambda content: [one.update(createdAt="2026-01-01T00:00:00") for one in content["data"]],
    "a status nobody knows": lambda content: [one.update(status="::error::x") for one in content["data"]],
    "an id that is a path": lambda content: [one.update(id="../projects/x") for one in content["data"]],
    "more than were asked for": lambda content: content.update(data=content["data"] * 500),
}


@pytest.mark.parametrize("act", [pushed, closed] if LONG else [closed])
@pytest.mark.parametrize("change", (told := some(LISTS, "a time after all time", "more than were asked for", short=4)).values(), ids=told)
def test_a_list_that_makes_no_sense_changes_nothing(
    workflow: Workflow, change: Callable[[Any], Any], act: Callable[[PullRequest], Run]
) -> None:
    def lie(answer: Answer) -> None:
        content = answer.json
        change(content)
        answer.json = content

    run, pull = endured(workflow, about(r"GET /v1/databases\?", lie), act, prepared=True)
    assert run.exit_code == 1, run.log
    assert len(pull.databases()) == 1


def test_a_list_without_end_comes_to_an_end(workflow: Workflow) -> None:
    cursors = iter(range(10**9))

    def lie(answer: Answer) -> None:
        content = answer.json
        content["pagination"] = {"hasMore": True, "nextCursor": f"more-{next(cursors)}"}
        answer.json = content

    run, _ = endured(workflow, about(r"GET /v1/databases\?", lie), pushed, prepared=True)
    assert run.exit_code == 1
    assert run.seconds < 60


BODIES: dict[str, Lie] = {
    "200 MB": body(b'"' + b"x" * 999_999, 200),
    "200 MB in 200 kB": bomb(),
    "200 MB in 1 kB": bomb(twice=True),
    "brotli nobody asked for": body(b"\x0b\x02\x80{}\x03", Content_Encoding="br"),
    "an encoding of its own": body(b"{}", Content_Encoding="rot13"),
    "gzip that is none": body(b"{}", Content_Encoding="gzip"),
    "7.5 MB of brackets": body(b"[" * 7_500_000),
    "7.5 MB of empty lists": body(b'{"data": [' + b"[]," * 2_500_000 + b"[]]}"),
    "a number of 5,000 digits": body(b'{"data": ' + b"9" * 5000 + b"}"),
    "not a number": body(b'{"data": NaN}'),
    "UTF-16": body('{"data": []}'.encode("utf-16")),
    "no UTF-8": body(b'{"data": "\xff\xfe"}'),
    "nothing": body(b""),
    "null": body(b"null"),
    "a string": body(b'"::error::x"'),
}


@pytest.mark.parametrize("lie", (told := some(BODIES, "200 MB", "200 MB in 1 kB", short=2)).values(), ids=told)
@pytest.mark.parametrize("operation", [r"GET /v1/databases\?", CREATED] if LONG else [r"GET /v1/databases\?"])
def test_a_body_that_makes_no_sense_ends_in_an_error_within_bounded_memory(workflow: Workflow, operation: str, lie: Lie) -> None:
    told = about(operation, lie)
    pull = workflow.pull()
    payload = pull.event("opened", state="open")
    with lying(workflow.emulator, told) as liar:
        workflow.environ = liar.environ
        step = workflow.step("pull_request", payload, {"timeout": "5s"})
        peak = 0
        while step.process.poll() is None:
            peak = max(peak, peak_of(step.process.pid))
            time.sleep(0.02)
        run = step.finish()
        workflow.environ = {}
    check_manners(run)
    check_promise(pull, run)
    assert run.exit_code == 1 or operation == CREATED
    assert 0 < peak < MEMORY, f"{peak / 1024**2:.0f} MiB"
    assert pull.closed().exit_code == 0
    assert pull.databases() == []


@pytest.mark.parametrize("operation", ["GET /v1/projects", "GET /v1/databases", "POST /v1/databases$", "POST /v1/connections$", "/github/"])
def test_being_told_to_wait_for_an_hour_does_not_hold_the_run(workflow: Workflow, operation: str) -> None:
    workflow.emulator.control("PUT", "settings", {"connection_on_create": False})
    pull = workflow.pull()
    rule = {"kinds": ["429-retry-after"], "operations": [operation], "retry_after": 3600}
    workflow.emulator.control("PUT", "faults", rule)
    try:
        run = pull.opened(timeout="2s")
    finally:
        workflow.emulator.control("PUT", "settings", {"connection_on_create": True})
    check_manners(run)
    assert run.exit_code == (0 if operation == "/github/" else 1), run.log
    assert run.seconds < 20
    if run.exit_code:
        assert "wait for 3600 s" in run.annotations[-1].message
