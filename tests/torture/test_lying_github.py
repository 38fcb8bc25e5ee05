"""A GitHub that lies costs a warning, takes no open pull request's database, and no token goes elsewhere."""

from __future__ import annotations

import time

import pytest

from tests.drivers.lying_server import Answer, Lie, Listener, about, listening, lying
from tests.drivers.workflow import Workflow
from tests.torture.claims import LONG, check_manners, some
from tests.torture.lies import (
    Neighbours,
    body,
    bomb,
    closed,
    endured,
    opened,
    prepare,
    put,
    refusal,
    status,
)


@pytest.fixture
def workflow(workflow: Workflow) -> Workflow:
    workflow.inputs["timeout"] = "4s"
    return workflow


SECRETS_OF = ("service_token", "github_token")


def check_silent(listener: Listener, workflow: Workflow) -> None:
    for heard in listener.heard:
        for name in SECRETS_OF:
            assert str(workflow.emulator.addresses[name]) not in heard
    assert listener.heard == [], "nobody is sent there at all"


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308] if LONG else [301, 307])
@pytest.mark.parametrize("operation", [r"GET /v1/", r"POST /v1/", r"DELETE /v1/", "/github/"] if LONG else ["."])
def test_no_redirect_leads_a_token_to_another_host(workflow: Workflow, code: int, operation: str) -> None:
    with listening() as listener:
        elsewhere = listener.url.replace("127.0.0.1", "localhost")

        def lie(answer: Answer) -> None:
            answer.status, answer.body = code, b""
            answer.headers = {"Location": elsewhere + answer.operation.split(" ")[1]}

        for act, prepared in ((opened, False), (closed, True)):
            endured(workflow, about(operation, lie), act, prepared=prepared)
        check_silent(listener, workflow)


@pytest.mark.parametrize("kind", ["host", "port", "scheme"] if LONG else ["port"])
def test_no_address_in_an_answer_leads_a_token_elsewhere(workflow: Workflow, kind: str) -> None:
    """GitHub's answers are full of addresses, and its client follows some."""
    workflow.inputs |= {"deployment": "true"}
    with listening() as listener, lying(workflow.emulator) as liar:
        elsewhere = {
            "host": listener.url.replace("127.0.0.1", "localhost"),
            "port": listener.url,
            "scheme": liar.url.replace("http://", "https://"),
        }[kind]

        def lie(answer: Answer) -> None:
            answer.body = answer.body.replace(liar.url.encode(), elsewhere.encode())
            if "GET" in answer.operation and "page=2" not in answer.operation:
                answer.headers["Link"] = f'<{elsewhere}/github/repos/acme/shop/issues/1/comments?page=2>; rel="next"'

        liar.lie = about("/github/", lie)
        workflow.environ = liar.environ
        pull = workflow.pull()
        for run in (pull.opened(), pull.pushed(), pull.closed(), workflow.sweep()):
            check_manners(run)
        check_silent(listener, workflow)
    workflow.environ = {}


GITHUB: dict[str, Lie] = {
    "another pull request": about(r"/pulls/\d+$", lambda answer: setattr(answer, "json", {**answer.json, "number": 1, "state": "closed"})),
    "a pull request that is a list": about(r"/pulls/\d+$", body(b"[]")),
    "no state": about(r"/pulls/\d+$", lambda answer: setattr(answer, "json", {**answer.json, "state": None})),
    "accepted, later": about("GET /github/", status(202)),
    "200 MB": about("GET /github/", body(b'"' + b"x" * 999_999, 200)),
    "a bomb": about("GET /github/", bomb()),
    "comments that are none": about(r"/comments", body(b'[null, 1, "x", {"id": "x", "body": {}, "user": null}]')),
    "comments by nobody": about(r"GET .*/comments", body(b'[{"id": 1, "body": "<!-- preview-db", "user": null}]')),
    "an error that is a list": about("/github/", refusal(b"[]")),
    "an error that is odd": about("/github/", refusal(b'{"message": {"text": 1}}')),
    "a page": about("/github/", body(b"<html>::error::x</html>", Content_Type="text/html")),
}


@pytest.mark.parametrize("lie", (told := some(GITHUB, "another pull request", "an error that is odd", short=3)).values(), ids=told)
def test_a_github_that_lies_costs_a_warning_and_nothing_else(workflow: Workflow, lie: Lie) -> None:
    run, _ = endured(workflow, lie, opened)
    assert run.exit_code == 0, run.log
    assert run.seconds < 90


SWEEP_LIES: dict[str, Lie] = {
    "no pull requests at all": about(r"/pulls\?", body(b"[]")),
    "pull requests that are an object": about(r"/pulls\?", body(b'{"message": "Moved"}')),
    "another repository": about(r"/repos/acme/shop$", body(b'{"id": 1}')),
    "another pull request at the last look": about(
        r"/pulls/\d+$", lambda answer: setattr(answer, "json", {**answer.json, "number": 1, "state": "closed"})
    ),
    "another project's databases": about(r"GET /v1/databases\?", put("project", "id", value="proj_another")),
    "everything is ours": about(r"GET /v1/databases\?", put("isDefault", value=False)),
}


@pytest.mark.parametrize("lie", (told := some(SWEEP_LIES, short=3)).values(), ids=told)
def test_a_sweep_that_is_lied_to_takes_no_open_pull_requests_database(workflow: Workflow, lie: Lie) -> None:
    pull = workflow.pull()
    prepare(pull)
    neighbours = Neighbours(workflow)
    with lying(workflow.emulator, lie) as liar:
        workflow.environ = liar.environ
        run = workflow.sweep()
        workflow.environ = {}
    check_manners(run)
    neighbours.check()
    assert len(pull.databases()) == 1


if LONG:  # it waits for half a minute; tests/services/test_http.py asks for a second

    def test_a_server_that_never_ends_its_answer_does_not_hold_the_run(workflow: Workflow) -> None:
        pull = workflow.pull()
        workflow.emulator.control("PUT", "faults", {"kinds": ["silence"], "operations": ["GET /v1/databases"], "silence_s": 300})
        started = time.monotonic()
        run = pull.opened(timeout="1s")
        assert run.exit_code == 1
        assert time.monotonic() - started < 1 + 30 + 15
