"""What a terminal says where there is nothing to do, nothing to ask, or hardly any room."""

from __future__ import annotations

import pytest

from tests.drivers import exit_codes
from tests.drivers.organisation import Organisation
from tests.drivers.terminal import Desk


def test_a_plan_for_what_is_closed_and_gone_is_empty(desk: Desk) -> None:
    desk.life.emulator.pull_request(desk.life.number, state="closed")
    said = desk("plan", "--pr", str(desk.life.number))
    assert said.exit_code == 0, said.err
    assert "Nothing would be done." in said.out


def test_a_deletion_of_nothing_asks_nothing(desk: Desk) -> None:
    said = desk.on_screen("delete", "--pr", str(desk.life.number))
    assert said.exit_code == 0, said.everything
    assert "[y/N]" not in said.everything


def test_a_sweep_of_many_with_nothing_to_delete_asks_nothing(desk: Desk) -> None:
    organisation = Organisation(desk.life)
    organisation.repository("shop")
    desk.environ["GH_TOKEN"] = organisation.token()
    said = desk.on_screen("sweep", "--repositories", f"{organisation.name}/*")
    assert said.exit_code == 0, said.everything
    assert "[y/N]" not in said.everything


def test_a_sweep_of_many_names_its_doubts_and_fails(desk: Desk) -> None:
    organisation = Organisation(desk.life)
    organisation.previews(organisation.repository("shop"), opened=[1])
    names = f"{organisation.name}/shop, {organisation.name}/nowhere"
    said = desk("sweep", "--yes", "--repositories", names, GH_TOKEN=organisation.token())
    assert said.exit_code == exit_codes.FAILED
    assert "In doubt, and untouched" in said.err
    assert f"{organisation.name}/nowhere" in said.err


def test_facts_have_a_line_each_where_there_is_no_room_for_columns(desk: Desk) -> None:
    desk("create")
    said = desk.on_screen("connect", width=14)
    assert said.exit_code == 0, said.everything
    assert "Traceback" not in said.everything


@pytest.mark.parametrize("arguments", [["--branch", "main"], []])
def test_the_doctor_looks_at_a_branchs_preview_too(desk: Desk, arguments: list[str]) -> None:
    assert desk("doctor", *arguments).exit_code == 0
