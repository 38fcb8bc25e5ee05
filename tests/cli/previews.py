"""Pull requests and previews of every kind, as a terminal may find them."""

from __future__ import annotations

import time

from preview_db.planning.model import Kind, Scope
from tests.drivers.pull_request import Life
from tests.drivers.terminal import Desk


def numbers(life: Life, count: int) -> list[int]:
    return [life.pull().number for _ in range(count)]


def seeded(desk: Desk) -> dict[str, int]:
    """An idle one, a closed one, a draft, and a branch's whose branch is gone."""
    life = desk.life
    idle, closed, draft = numbers(life, 3)
    life.emulator.pull_request(idle, state="open", updated_at=time.time() - 30 * 86400, head_ref=f"feat/{idle}")
    life.emulator.pull_request(closed, state="closed", closed_at=time.time() - 9 * 86400)
    life.emulator.pull_request(draft, state="open", draft=True)
    scopes = [Scope(life.repository, Kind.PULL_REQUEST, str(number)) for number in (idle, closed, draft)]
    life.seed(*scopes, Scope(life.repository, Kind.BRANCH, f"gone/{closed}"), days=12)
    return {"idle": idle, "closed": closed, "draft": draft}
