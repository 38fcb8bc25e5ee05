"""One line a test: an emulator to a worker, a project to a test, a pull request to a life."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from preview_db_emulator.client import Emulator, emulator
from tests.drivers.pull_request import Life, new_project

EXAMPLES = 20_000
"""To each property in `make torture`, but where an example starts a process."""

settings.register_profile("default", deadline=None)
settings.register_profile("torture", max_examples=EXAMPLES, deadline=None)


@pytest.fixture(scope="session")
def running() -> Iterator[Emulator]:
    with emulator() as one:
        yield one


@pytest.fixture
def life(running: Emulator, tmp_path: Path) -> Iterator[Life]:
    before = running.control("GET", "settings")
    yield Life(running, tmp_path, new_project(running))
    running.control("DELETE", "faults")
    running.control("PUT", "settings", before)
