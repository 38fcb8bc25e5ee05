"""How much a run asks for, and how often it waits: what goes out together takes one round trip, however many requests it is."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from preview_db_emulator.runner.runner import Run
from tests.drivers.pull_request import Life
from tests.drivers.round_trips import in_sequence
from tests.drivers.workflow import new_project

LATENCY = 400
"""Milliseconds that each request takes: much longer than a run needs to send out those that don't wait for each other."""


@dataclass(frozen=True)
class Asked:
    """The requests of a run, and how many of them had to wait for one another in sequence."""

    requests: list[str]
    round_trips: int


@pytest.fixture
def slow(life: Life) -> Life:
    """A life each of whose requests takes its time."""
    life.opened()  # the emulator's first GraphQL query takes longer than the others
    life.emulator.control("PUT", "settings", {"latency_ms": LATENCY})
    life.pull_request = life.pull()
    return life


def asked(life: Life, happens: Callable[[], Run]) -> Asked:
    life.emulator.control("DELETE", "requests")
    run = happens()
    assert run.succeeded, run.log
    served = life.emulator.control("GET", "requests")
    return Asked(sorted(_operation(request["method"], request["path"]) for request in served), in_sequence(served))


def _operation(method: str, path: str) -> str:
    what = re.sub(r"/(?:(?:proj|db|con)_\w+|[0-9]+)", "/*", re.sub(r"^/v1|^/github(/repos/[^/]+/[^/]+)?", "", path))
    return f"{method} {what}"


PRISMA = ["GET /databases", "GET /projects/*"]
"""What every run looks at."""

COMMENT = ["GET /issues/*/comments", "POST /graphql"]
"""Where the comment is, and whom the token writes as."""


def test_a_new_preview_takes_three_round_trips(slow: Life) -> None:
    """Look; create, and log in; write the comment, and see beside that whether the pull request is still open."""
    assert asked(slow, slow.opened) == Asked(sorted([*PRISMA, *COMMENT, "POST /databases", "GET /pulls/*", "POST /graphql"]), 3)


def test_a_push_takes_three_round_trips(slow: Life) -> None:
    """Look; create the credential, and log in; edit the comment."""
    slow.opened()
    slow.pull_request.event("synchronize", head_sha="f" * 40)
    assert asked(slow, slow.pushed) == Asked(sorted([*PRISMA, *COMMENT, "POST /connections", "PATCH /issues/comments/*"]), 3)


def test_a_close_takes_three_round_trips(slow: Life) -> None:
    """Look, at the pull request, too; delete; edit the comment, and see beside that whether the pull request was reopened."""
    slow.opened()
    requests = sorted([*PRISMA, *COMMENT, "GET /pulls/*", "GET /pulls/*", "DELETE /databases/*", "PATCH /issues/comments/*"])
    assert asked(slow, slow.closed) == Asked(requests, 3)


def test_a_project_by_its_name_and_every_check_there_is_take_one_round_trip_more(slow: Life) -> None:
    """The databases can't be listed before it is known which project it is; workspace and region are looked at beside that."""
    new_project(slow.emulator, "shop-of-its-own")
    inputs = {"project": "shop-of-its-own", "workspace": "Emulated workspace", "region": "eu-central-1"}
    checks = ["GET /databases", "GET /projects", "GET /me", "GET /regions/postgres"]
    requests = sorted([*checks, *COMMENT, "POST /databases", "GET /pulls/*", "POST /graphql"])
    assert asked(slow, functools.partial(slow.opened, **inputs)) == Asked(requests, 4)
