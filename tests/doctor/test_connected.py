"""The doctor's verdict on what a project is connected to, and on a token that GitHub does not know."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from preview_db.doctor import diagnosis
from preview_db.doctor.diagnosis import Answer, Health
from preview_db.planning.model import Repository
from tests.doctor.test_many import found
from tests.drivers.lying_server import lying
from tests.drivers.organisation import Organisation
from tests.drivers.pull_request import Life
from tests.drivers.terminal import Desk

SHOP = Repository(1, "acme/shop")


@pytest.mark.parametrize(
    ("entry", "named"),
    [({"owner": "acme", "name": "web"}, "acme/web"), ({"fullName": "acme/web"}, "acme/web"), ({}, "a repository that it does not name")],
)
@pytest.mark.parametrize(("keyless", "health"), [(True, Health.FAILED), (False, Health.WARNING)])
def test_a_project_of_another_repository_can_not_be_signed_in_to(entry: dict[str, Any], named: str, keyless: bool, health: Health) -> None:
    finding = diagnosis.connection("connected to", SHOP, [entry], keyless=keyless)
    assert (finding.health, named in finding.found) == (health, True)


@pytest.mark.parametrize(("status", "health"), [(401, Health.FAILED), (500, Health.UNKNOWN)])
def test_a_repository_that_can_not_be_read_is_told_by_why(status: int, health: Health) -> None:
    assert diagnosis.repository("repository", SHOP, Answer(0.1, datetime.now(UTC), status=status)).health is health


def test_a_list_that_takes_out_all_it_names_matches_nothing(desk: Desk) -> None:
    organisation = Organisation(desk.life)
    organisation.repository("shop")
    checks = found(desk, organisation, organisation.token(), f"{organisation.name}/*, !{organisation.name}/*")
    assert (checks["repositories"]["result"], checks["repositories"]["found"]) == ("failed", "none matches")


def test_an_owner_that_can_not_be_listed_is_told(desk: Desk) -> None:
    organisation = Organisation(desk.life)
    organisation.repository("shop")
    token = organisation.token()
    desk.life.emulator.control("PUT", "faults", {"kinds": ["403-permission"], "operations": [f"GET /github/orgs/{organisation.name}"]})
    assert found(desk, organisation, token)["owners"]["result"] == "failed"


@pytest.fixture
def few_left(desk: Desk) -> Iterator[None]:
    desk.life.emulator.control("PUT", "github/rate_limit", {"remaining": 30, "reset_in_s": 3600})
    yield
    desk.life.emulator.control("DELETE", "github/rate_limit")


@pytest.mark.usefixtures("few_left")
def test_too_few_requests_left_for_a_sweep_are_a_warning(desk: Desk) -> None:
    organisation = Organisation(desk.life)
    organisation.previews(organisation.repository("shop"), closed=range(1, 31))
    checks = found(desk, organisation, organisation.token())
    assert (checks["requests"]["result"], "more this hour" in checks["requests"]["found"]) == ("warning", True)


def test_a_server_without_a_limit_has_none_to_reach(desk: Desk) -> None:
    organisation = Organisation(desk.life)
    organisation.repository("shop")
    with lying(desk.life.emulator) as liar:  # which passes no headers on that say how many are left
        checks = found(desk, organisation, organisation.token(), **liar.environ)
    assert (checks["requests"]["result"], "more this hour" in checks["requests"]["found"]) == ("ok", False)


def test_without_a_github_token_nobody_can_say_what_a_sweep_of_many_takes(desk: Desk) -> None:
    checks = found(desk, Organisation(desk.life), "")
    for name in ("owners", "repositories", "requests"):
        assert "there is no GitHub token" in checks[name]["found"]


def test_a_project_that_the_run_would_create_is_a_warning_and_comments_that_nobody_wants_are_fine(life: Life) -> None:
    run = life.happens("opened", {"state": "open"}, command="doctor", project="not there yet", create_project="true", comment="false")
    assert run.succeeded, run.log
    assert any(line.startswith("warning") and "create_project will make it" in line for line in run.log)
    assert any(line.startswith("ok") and "no comments are wanted" in line for line in run.log)
