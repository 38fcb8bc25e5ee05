"""Output that lie end in an error or change nothing: nothing wrong is handed out, nobody else's is touched, no token goes elsewhere."""

from __future__ import annotations

import gzip
import json
import random
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from preview_db.planning import identity
from preview_db.planning.model import Kind, Repository, Scope
from preview_db_emulator.client import Emulator
from preview_db_emulator.runner.runner import Run
from tests.drivers.lying_server import Answer, Lie, Listener, about, in_data, listening, lying
from tests.drivers.workflow import PullRequest, Workflow
from tests.torture.claims import FUZZED, LONG, check_manners, check_promise, hold, some
from tests.torture.long import peak_of

MEMORY = 300 * 1024 * 1024
"""Bytes a run may take at most, with an answer of the largest size that is read. In fair weather it is about 75 MB."""


@pytest.fixture
def workflow(running: Emulator, tmp_path: Path) -> Iterator[Workflow]:
    workflow = Workflow.new(running, tmp_path, inputs={"timeout": "4s"})
    yield workflow
    running.control("DELETE", "faults")


class Neighbours:
    """What else is in the project, and must be there unchanged in the end."""

    def __init__(self, workflow: Workflow) -> None:
        self._world = workflow
        other = Scope(Repository(workflow.repository.id + 1, "acme/other"), Kind.PULL_REQUEST, "1")
        rows = [{"name": name, "project": workflow.project} for name in ("production", identity.name(other))]
        self.production, self.others_preview = workflow.emulator.control("POST", "databases", rows)
        self._before = self._all()

    def check(self) -> None:
        assert self._all() == self._before

    def _all(self) -> list[Any]:
        ours = {one["id"] for one in self._world.databases()} - {self.production["id"], self.others_preview["id"]}
        shown = [one for one in self._world.emulator.control("GET", "databases") if one["project"]["id"] == self._world.project]
        return sorted(
            (one["id"], one["name"], one["logicalId"], one["isDefault"], str(one["connections"])) for one in shown if one["id"] not in ours
        )


def endured(workflow: Workflow, lie: Lie, act: Callable[[PullRequest], Run], *, prepared: bool = False) -> tuple[Run, PullRequest]:
    """A run that is lied to: either an error and nothing handed out, or all it says is true. The neighbours are untouched."""
    pull = workflow.pull()
    neighbours = Neighbours(workflow)
    if prepared:
        pull.opened()
    with lying(workflow.emulator, lie) as liar:
        workflow.environ = liar.environ
        run = act(pull)
        workflow.environ = {}
    neighbours.check()
    check_manners(run)
    assert "database_url" not in run.outputs or run.exit_code == 0
    check_promise(pull, run)
    return run, pull


def opened(pull: PullRequest) -> Run:
    return pull.opened()


def pushed(pull: PullRequest) -> Run:
    return pull.pushed()


def closed(pull: PullRequest) -> Run:
    return pull.closed()


CREATED = r"POST /v1/databases$"
MINTED = r"POST /v1/connections$"


def put(*path: str | int, value: Any) -> Lie:
    """Sets one field of `data`."""

    def change(item: Any) -> None:
        for step in path[:-1]:
            item = item[step]
        item[path[-1]] = value

    return in_data(change)


def drop(*path: str | int) -> Lie:
    def change(item: Any) -> None:
        for step in path[:-1]:
            item = item[step]
        item.pop(path[-1], None)

    return in_data(change)


def string(change: Callable[[str], str]) -> Lie:
    """Rewrites every connection string that comes with a database."""

    def lie(item: Any) -> None:
        for connection in item.get("connections", [item]):
            for end in connection["endpoints"].values():
                end["connectionString"] = change(end["connectionString"])

    return in_data(lie)


def at(host: str) -> Lie:
    """Another host, in the string and beside it."""

    def lie(item: Any) -> None:
        for connection in item.get("connections", [item]):
            for end in connection["endpoints"].values():
                end["connectionString"] = end["connectionString"].replace("@127.0.0.1:", f"@{host}:")
                end["host"] = host

    return in_data(lie)


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


def body(content: bytes, times: int = 1, **headers: str) -> Lie:
    def lie(answer: Answer) -> None:
        answer.body, answer.times = content, times
        answer.headers = {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}

    return lie


def zeros(count: int) -> bytes:
    compressor = zlib.compressobj(wbits=31)
    return b"".join([*(compressor.compress(bytes(1_000_000)) for _ in range(count)), compressor.flush()])


BODIES: dict[str, Lie] = {
    "200 MB": body(b'"' + b"x" * 999_999, 200),
    "200 MB in 200 kB": body(zeros(200), Content_Encoding="gzip"),
    "200 MB in 1 kB": body(gzip.compress(zeros(200)), Content_Encoding="gzip, gzip"),
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


def refusal(content: bytes) -> Lie:
    def lie(answer: Answer) -> None:
        body(content)(answer)
        answer.status = 403

    return lie


def status(number: int) -> Lie:
    def lie(answer: Answer) -> None:
        answer.status = number

    return lie


GITHUB: dict[str, Lie] = {
    "another pull request": about(r"/pulls/\d+$", lambda answer: setattr(answer, "json", {**answer.json, "number": 1, "state": "closed"})),
    "a pull request that is a list": about(r"/pulls/\d+$", body(b"[]")),
    "no state": about(r"/pulls/\d+$", lambda answer: setattr(answer, "json", {**answer.json, "state": None})),
    "accepted, later": about("GET /github/", status(202)),
    "200 MB": about("GET /github/", body(b'"' + b"x" * 999_999, 200)),
    "a bomb": about("GET /github/", body(zeros(200), Content_Encoding="gzip")),
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
    pull.opened()
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


NASTY: list[Any] = [
    None, True, False, 0, -1, 2**63, 1e308, "", " ", "\x00", "::error::x", "a\nb", "\u202e", "\ud800", "x" * 100_000, [], {}, [None], [[]],
    {"id": None}, "db_x", "proj_x", "../..", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "2026-01-01", "ready", "failure",
    "postgres://u:p@127.0.0.1:1/d", "postgres://u:p@db.evil.example/d", "http://127.0.0.1:9/", "%", "{}", "@everyone", "</details>",
]  # fmt: skip


def spoil(chance: random.Random, content: Any) -> Any:
    """The same with something in it changed, dropped, doubled or exchanged."""
    if isinstance(content, dict) and content and chance.random() < 0.85:
        name = chance.choice(list(content))
        if chance.random() < 0.2:
            return {key: value for key, value in content.items() if key != name}
        return {**content, name: spoil(chance, content[name])}
    if isinstance(content, list) and content and chance.random() < 0.85:
        index = chance.randrange(len(content))
        if chance.random() < 0.2:
            return content + content[index : index + 1]
        return [*content[:index], spoil(chance, content[index]), *content[index + 1 :]]
    return chance.choice(NASTY)


def spoiling(chance: random.Random, share: float) -> Lie:
    def lie(answer: Answer) -> None:
        if chance.random() > share:
            return
        try:
            content = answer.json
        except ValueError:
            return
        answer.body = json.dumps(spoil(chance, content)).encode("utf-8", "replace") if content is not None else b""
        if chance.random() < 0.1:
            answer.status = chance.choice([200, 201, 202, 204, 206, 300, 304, 400, 404, 409, 410, 422, 451, 500, 503, 599])
            if answer.status in (204, 304):
                answer.body = b""

    return lie


ACTS: list[tuple[str, dict[str, str]]] = [
    ("opened", {}),
    ("pushed", {}),
    ("pushed", {"on_push": "reset"}),
    ("pushed", {"command": "connect"}),
    ("closed", {}),
]


def fuzz(workflow: Workflow, seed: int) -> Run:
    """One run in which a third of all answers is spoiled, by the seed. What it says and does has to be true all the same."""
    chance = random.Random(seed)
    act, inputs = chance.choice(ACTS)
    pull = workflow.pull()
    neighbours = Neighbours(workflow)
    if act != "opened":
        pull.opened()
    with lying(workflow.emulator, spoiling(chance, 0.3)) as liar:
        workflow.environ = liar.environ
        run: Run = getattr(pull, act)(**inputs)
        workflow.environ = {}
    neighbours.check()
    check_manners(run)
    if run.exit_code == 0 and run.outputs.get("database_url"):
        ours = [one["id"] for one in pull.databases()]
        hold(run.outputs["database_id"].removeprefix("db_") in [id_.removeprefix("db_") for id_ in ours], "what is handed out is ours", run)
        hold("127.0.0.1" in run.outputs["database_url"], "and nobody else's host", run)
    return run


@pytest.mark.parametrize("seed", range(FUZZED if LONG else 12))
def test_a_sweep_of_databases_spoiled_at_random_takes_no_open_pull_requests(workflow: Workflow, seed: int) -> None:
    """Of GitHub's answers one could say that the pull request is closed; what the Management API says never can."""
    workflow.inputs |= {"timeout": "1s"}
    pull, gone = workflow.pull(), workflow.pull()
    pull.opened()
    gone.opened()
    gone.event("closed", state="closed")
    neighbours = Neighbours(workflow)
    with lying(workflow.emulator, about(" /v1/", spoiling(random.Random(seed), 0.3))) as liar:
        workflow.environ = liar.environ
        run = workflow.sweep(max_idle="1d")
        workflow.environ = {}
    check_manners(run)
    hold(len(pull.databases()) == 1, "the open one's is there", run)
    neighbours.check()


@pytest.mark.parametrize("seed", range(FUZZED if LONG else 12))
def test_answers_spoiled_at_random_hand_out_nothing_of_anyone_elses(workflow: Workflow, seed: int) -> None:
    workflow.inputs |= {"timeout": "1s"}
    fuzz(workflow, seed)
