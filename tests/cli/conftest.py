"""A person at a terminal, in a checkout of a repository with one open pull request."""

from __future__ import annotations

import pytest

from tests.drivers.pull_request import Life
from tests.drivers.terminal import Desk


@pytest.fixture
def desk(life: Life) -> Desk:
    desk = Desk(life, life.root / "shop")
    desk.opened()
    return desk
