"""The list: each thing is read once, and an id can be copied at any width."""

from __future__ import annotations

import re
import time
from collections import Counter

import pytest

from preview_db.planning.model import Kind, Scope
from tests.drivers.pull_request import Life
from tests.drivers.terminal import Desk


def numbers(life: Life, count: int) -> list[int]:
    return [life.pull().number for _ in range(count)]


@pytest.fixture
def previews(desk: Desk) -> list[str]:
    """Ids of an open one with a long branch, and of a closed one."""
    life = desk.life
    idle, closed = numbers(life, 2)
    life.emulator.pull_request(idle, state="open", updated_at=time.time() - 30 * 86400, head_ref="feat/a-checkout-that-takes-vouchers")
    life.emulator.pull_request(closed, state="closed", closed_at=time.time() - 9 * 86400)
    rows = life.seed(*(Scope(life.repository, Kind.PULL_REQUEST, str(number)) for number in (idle, closed)), days=12)
    return [row["id"] for row in rows]


def test_databases_and_pull_requests_are_read_once(desk: Desk, previews: list[str]) -> None:
    emulator = desk.life.emulator
    emulator.control("DELETE", "requests")
    said = desk("list", "--json")
    assert len(said.json["previews"]) == len(previews)
    asked = Counter(f"{request['method']} {request['path'].partition('?')[0]}" for request in emulator.control("GET", "requests"))
    lists = {path: count for path, count in asked.items() if path.endswith(("/databases", "/pulls"))}
    # Open ones and, since one preview is of a closed one, closed ones.
    assert sorted(lists.values()) == [1, 2], lists


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 160, 200])
def test_an_id_is_in_one_piece_at_any_width(desk: Desk, previews: list[str], width: int) -> None:
    said = desk.on_screen("list", "--max-idle", "14d", width=width)
    screen = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said.out)
    for text in (*previews, "feat/a-checkout-that-takes-vouchers"):
        assert text in screen
    assert "nothing has happened" in " ".join(screen.split())


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_plan_s_ids_are_in_one_piece_at_any_width(desk: Desk, width: int) -> None:
    desk("create")
    (database,) = desk.life.databases()
    for command in (["delete", "--dry-run"], ["create"]):
        said = desk.on_screen(*command, width=width)
        assert database["id"] in said.out
        assert database["name"] in said.out
