"""Answers of the Management API that say success and can't be meant: nothing is handed out, and the error says what was wrong with them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from preview_db_emulator.runner.runner import Run
from tests.drivers.lying_server import Answer, Lie, about, in_data, lying
from tests.drivers.pull_request import Life
from tests.torture.claims import LONG


def opened(life: Life, lie: Lie, **inputs: str) -> Run:
    with lying(life.emulator, lie) as liar:
        life.environ |= liar.environ
        return life.opened(**inputs)


def paged(**pagination: object) -> Callable[[Answer], None]:
    def change(answer: Answer) -> None:
        answer.status, answer.json = 200, {"data": [], "pagination": {"nextCursor": None, "hasMore": False} | pagination}

    return change


def endless(numbers: itertools.count[int]) -> Callable[[Answer], None]:
    def change(answer: Answer) -> None:
        paged(hasMore=True, nextCursor=f"c{next(numbers)}")(answer)

    return change


def no_list(answer: Answer) -> None:
    answer.json = {"data": {}, "pagination": {"nextCursor": None, "hasMore": False}}


def a_page(answer: Answer) -> None:
    answer.body = b"<!doctype html><title>Sign in to the airport's network</title>"


def no_gzip(answer: Answer) -> None:
    answer.headers["Content-Encoding"] = "gzip"


LISTS = {
    "it goes on, and not where": (paged(hasMore=True), "not where"),
    "it goes on where it was": (paged(hasMore=True, nextCursor="again"), "not where"),
    "it is none": (no_list, "no list"),
    "it is a page": (a_page, "not JSON"),
    "it is packed otherwise": (no_gzip, "not the gzip"),
}
if LONG:
    LISTS["it has no end"] = (endless(itertools.count()), "no end")


@pytest.mark.parametrize(("change", "said"), LISTS.values(), ids=LISTS)
def test_a_list_that_can_not_be_meant_is_an_error_and_nothing_is_made(life: Life, change: Callable[[Answer], None], said: str) -> None:
    run = opened(life, about(r"GET /v1/(projects/[^/]+/)?databases\?", change))
    assert run.exit_code == 1
    assert said in run.annotations[-1].message
    assert life.databases() == []


def elsewhere(string: str) -> str:
    return string.replace(f":{urlsplit(string).port}/", ":1/")


STRINGS: dict[str, tuple[Callable[[str], str], str]] = {
    "a zero byte": (lambda string: string.replace("://", "://%00"), "zero byte"),
    "bytes that are no text": (lambda string: string.replace("://", "://%ff"), "can't be read"),
    "another port": (elsewhere, "another host"),
    "another form": (lambda _: "prisma+postgres://accelerate.example/?api_key=x", "another form"),
}


@pytest.mark.parametrize(("change", "said"), STRINGS.values(), ids=STRINGS)
def test_a_connection_string_that_can_not_be_meant_is_not_handed_out(life: Life, change: Callable[[str], str], said: str) -> None:
    def spoil(data: dict[str, Any]) -> None:
        for connection in [data, *data.get("connections", [])]:
            for endpoint in (connection.get("endpoints") or {}).values():
                if endpoint and endpoint.get("connectionString"):
                    endpoint["connectionString"] = change(endpoint["connectionString"])

    run = opened(life, about("POST /v1/", in_data(spoil)))
    assert run.exit_code == 1
    assert said in run.annotations[-1].message
    assert "database_url" not in run.outputs
    assert life.databases() == [], "what can't be used is taken back"


def test_only_the_other_endpoint_is_an_error_that_names_it(life: Life) -> None:
    def without_pooled(data: dict[str, Any]) -> None:
        for connection in [data, *data.get("connections", [])]:
            if connection.get("endpoints"):
                connection["endpoints"]["pooled"] = None

    run = opened(life, about("POST /v1/", in_data(without_pooled)), endpoint="pooled")
    assert run.exit_code == 1
    assert "Set the input endpoint to direct" in run.annotations[-1].message
    assert life.databases() == []


def test_an_error_without_a_body_of_its_own_is_told_by_its_status(life: Life) -> None:
    def bare(answer: Answer) -> None:
        answer.status, answer.json = 422, {"error": ["unexpected"]}

    run = opened(life, about("POST /v1/databases", bare))
    assert run.exit_code == 1
    assert "422" in run.annotations[-1].message


@pytest.mark.parametrize("value", ["2", "0", "fast", "nan"])
def test_a_pace_that_is_none_is_refused_before_anything_is_touched(life: Life, value: str) -> None:
    life.environ["PREVIEW_DB_PACE"] = value
    run = life.starts("opened", {"state": "open"}).finish()
    assert run.exit_code == 1
    assert "PREVIEW_DB_PACE" in run.annotations[-1].message
    assert life.databases() == []
