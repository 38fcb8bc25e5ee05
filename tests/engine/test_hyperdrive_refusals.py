"""What Cloudflare refuses, or answers that can't be meant: the error says which it was, and no credential is left behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.drivers.cloudflare import Account
from tests.drivers.lying_server import Answer, about, lying, without_endpoints
from tests.drivers.pull_request import Life
from tests.engine.test_hyperdrive import cloudflare, credentials

__all__ = ["cloudflare"]

ENVELOPE = {"success": False, "errors": [], "messages": [], "result": None}


@pytest.fixture
def between(life: Life, cloudflare: Account) -> Iterator[Callable[[str, Callable[[Answer], None]], None]]:
    """Stands between the runs and Cloudflare: answers to an operation are changed."""
    lies: list[Callable[[Answer], None]] = []

    def lie(answer: Answer) -> None:
        for change in lies:
            change(answer)

    with lying(life.emulator, lie) as liar:
        life.environ |= liar.environ | {"CLOUDFLARE_API_BASE_URL": f"{liar.url}/cloudflare/client/v4"}
        yield lambda operation, change: lies.append(about(f"{operation} .*/hyperdrive/configs", change))


Between = Callable[[str, Callable[[Answer], None]], None]


def result(change: Callable[[Any], Any]) -> Callable[[Answer], None]:
    def lie(answer: Answer) -> None:
        answer.json = answer.json | {"result": change(answer.json["result"])}

    return lie


def refused(status: int, code: int = 0, message: str = "no") -> Callable[[Answer], None]:
    def lie(answer: Answer) -> None:
        answer.status, answer.json = status, ENVELOPE | {"errors": [{"code": code, "message": message}]}

    return lie


def page(answer: Answer) -> None:
    answer.status, answer.body = 400, b"<!doctype html><title>Sign in</title>"


def no_success(answer: Answer) -> None:
    answer.json = ENVELOPE


@pytest.mark.parametrize(
    ("operation", "lie", "said"),
    [
        ("GET", result(lambda _: {}), "no list in it"),
        ("GET", result(lambda _: [{"name": "without an id"}]), "id: Field required"),
        ("GET", no_success, "no success"),
        ("GET", page, "400 Bad Request"),
        ("GET", refused(500), "Cloudflare answered HTTP 500"),
        ("POST", refused(400, 7777, "something else"), "something else (code 7777"),
    ],
    ids=["no list", "no id", "no success", "a page", "a failure", "an unknown code"],
)
def test_it_fails_the_step_and_says_what_came(
    life: Life, between: Between, operation: str, lie: Callable[[Answer], None], said: str
) -> None:
    between(operation, lie)
    run = life.opened()
    assert run.exit_code == 1
    assert said in run.annotations[-1].message
    assert not [name for database in life.databases() for name in credentials(life) if database]


@pytest.mark.parametrize(
    ("lie", "said"),
    [(refused(400, 7777, "something else"), "something else"), (result(lambda found: found | {"id": "f" * 32}), "instead of")],
    ids=["refused", "of another"],
)
def test_a_check_that_is_refused_or_about_another_one_hands_nothing_out(
    life: Life, between: Between, lie: Callable[[Answer], None], said: str
) -> None:
    assert life.opened().succeeded
    before = credentials(life)
    between("PATCH", lie)
    run = life.pushed()
    assert run.exit_code == 1
    assert said in run.annotations[-1].message
    assert "hyperdrive_id" not in run.outputs
    assert credentials(life) == before


def test_one_that_is_deleted_as_it_is_checked_is_created_again(life: Life, cloudflare: Account, between: Between) -> None:
    made = life.opened().outputs["hyperdrive_id"]
    gone: list[str] = []

    def delete(answer: Answer) -> None:
        if not gone:
            gone.append(made)
            cloudflare.http.delete(f"{cloudflare.url}/{made}").raise_for_status()
            refused(404, 1000, "not found")(answer)

    between("PATCH", delete)
    run = life.pushed()
    assert run.succeeded, run.log
    (kept,) = cloudflare.configurations()
    assert run.outputs["hyperdrive_id"] == kept["id"] != made
    assert cloudflare.can_log_in(kept)


@pytest.mark.parametrize(("status", "exit_code"), [(404, 0), (400, 1)], ids=["gone", "refused"])
def test_a_deletion_of_what_is_gone_is_success_and_a_refusal_is_told(life: Life, between: Between, status: int, exit_code: int) -> None:
    life.opened()
    between("DELETE", refused(status, 7777))
    assert life.closed().exit_code == exit_code


def test_a_list_of_several_pages_is_read_to_its_end(life: Life, cloudflare: Account, between: Between) -> None:
    made = life.opened().outputs["hyperdrive_id"]
    (known,) = cloudflare.configurations()
    between("GET", lambda answer: in_pages(answer, [known | {"id": "a" * 32, "name": "by hand"}, known]))
    assert life.pushed().outputs["hyperdrive_id"] == made


def in_pages(answer: Answer, everything: list[Any]) -> None:
    number = int(answer.operation.partition("?page=")[2].partition("&")[0])
    answer.json = answer.json | {"result": everything[number - 1 : number], "result_info": {"total_count": len(everything)}}


def test_a_server_that_knows_no_pages_is_asked_until_nothing_is_new(life: Life, between: Between) -> None:
    made = life.opened().outputs["hyperdrive_id"]

    def without_count(answer: Answer) -> None:
        answer.json = {name: value for name, value in answer.json.items() if name != "result_info"}

    between("GET", without_count)
    assert life.pushed().outputs["hyperdrive_id"] == made


def test_a_credential_without_a_direct_endpoint_is_of_no_use_to_it(life: Life, cloudflare: Account) -> None:
    with lying(life.emulator, about("POST /v1/connections", without_endpoints("direct"))) as liar:
        life.environ |= liar.environ
        run = life.opened()
    assert run.exit_code == 1
    assert "no direct endpoint" in run.annotations[-1].message
    assert cloudflare.configurations() == []


def test_at_the_limit_those_made_by_hand_are_named_too(life: Life, cloudflare: Account) -> None:
    run = life.opened()
    origin = {name: run.outputs[name] for name in ("host", "database", "user", "password")}
    other = cloudflare.somebody_elses("production", origin | {"scheme": "postgres", "port": int(run.outputs["port"])})
    assert life.closed().succeeded
    cloudflare.weather(limit=1)
    run = life.opened()
    assert run.exit_code == 1
    assert f"The others: {other['name']}." in run.annotations[-1].message


def test_at_the_limit_the_error_is_told_even_if_nobody_can_say_what_could_go(life: Life, cloudflare: Account) -> None:
    cloudflare.weather(limit=0)
    life.emulator.control("PUT", "faults", {"kinds": ["401"], "operations": ["GET .*/hyperdrive/configs"], "after": 1})
    run = life.opened()
    assert run.exit_code == 1
    assert run.annotations[-1].title == "Hyperdrive's limit reached"
