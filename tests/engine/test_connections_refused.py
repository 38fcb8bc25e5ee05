"""A credential that can't be created, or that opens less than was expected: the run says so, or looks again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from preview_db_emulator.runner.runner import Run
from tests.data.checkout import Checkout
from tests.drivers.lying_server import Answer, about, lying, without_endpoints
from tests.drivers.pull_request import Life
from tests.drivers.workflow import can_log_in

MINTED = "POST /v1/connections"


def pushed(life: Life, operation: str, lie: Callable[[Answer], None]) -> Run:
    assert life.opened().succeeded
    with lying(life.emulator, about(operation, lie)) as liar:
        life.environ |= liar.environ
        return life.pushed()


def refuse(status: int, times: int = 1000) -> Callable[[Answer], None]:
    left = iter(range(times))

    def lie(answer: Answer) -> None:
        if next(left, None) is not None:
            answer.status, answer.json = status, {"error": {"code": "x", "message": "not now"}}

    return lie


def test_a_refusal_is_told(life: Life) -> None:
    run = pushed(life, MINTED, refuse(400))
    assert run.exit_code == 1
    assert "not now" in run.annotations[-1].message


def test_a_database_that_seems_gone_is_looked_for_again(life: Life) -> None:
    run = pushed(life, MINTED, refuse(404, times=1))
    assert run.succeeded, run.log
    assert can_log_in(run.outputs["database_url"])


def test_one_that_never_gets_an_answer_is_given_up(life: Life) -> None:
    run = pushed(life, MINTED, refuse(502))
    assert run.exit_code == 1
    assert "got no usable answer" in run.annotations[-1].message


def test_where_there_is_only_the_direct_endpoint_that_is_handed_out(life: Life) -> None:
    run = pushed(life, MINTED, without_endpoints("pooled"))
    assert run.succeeded, run.log
    assert can_log_in(run.outputs["direct_url"])
    assert run.outputs.get("pooled_url", "") == ""


def test_one_without_any_endpoint_is_refused(life: Life) -> None:
    run = pushed(life, MINTED, without_endpoints("pooled", "direct"))
    assert run.exit_code == 1
    assert "without a connection string" in run.annotations[-1].message


def test_nothing_is_done_inside_without_a_direct_endpoint(life: Life) -> None:
    checkout = Checkout.of(life)
    checkout.write("seed.sql", "SELECT 1;")
    assert life.opened().succeeded
    with lying(life.emulator, about(MINTED, without_endpoints("direct"))) as liar:
        life.environ |= liar.environ
        run = checkout.pushed(seed="seed.sql", seed_always="true", endpoint="pooled")
    assert run.exit_code == 1
    assert "nothing can be done inside it without one" in run.annotations[-1].message


@pytest.mark.parametrize(("status", "said"), [(400, "not now"), (409, "can't be made and can't be found")])
def test_a_project_that_can_not_be_created_fails_the_step(life: Life, status: int, said: str) -> None:
    def lie(answer: Answer) -> None:
        refuse(status)(answer)

    def nothing(answer: Answer) -> None:
        answer.json = {"data": [], "pagination": {"nextCursor": None, "hasMore": False}}

    def both(answer: Answer) -> None:
        about("POST /v1/projects", lie)(answer)
        about(r"GET /v1/projects(\?|$)", nothing)(answer)

    with lying(life.emulator, both) as liar:
        life.environ |= liar.environ
        run = life.opened(project="not there yet", create_project="true")
    assert run.exit_code == 1
    assert said in run.annotations[-1].message


def test_an_answer_without_a_body_is_no_list(life: Life) -> None:
    def empty(answer: Answer) -> None:
        answer.body = b""

    with lying(life.emulator, about(r"GET /v1/databases\?", empty)) as liar:
        life.environ |= liar.environ
        run = life.opened()
    assert run.exit_code == 1
    assert "not JSON" in run.annotations[-1].message
