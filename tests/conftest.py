"""An emulator to a worker, a project to a test, a pull request to a life. CONTRIBUTING.md says which fixture gives what."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from preview_db_emulator.client import Emulator, emulator
from preview_db_emulator.memory import keep_temporary_files_in_memory
from tests.drivers import PACE
from tests.drivers.emulator import StandIn, clients
from tests.drivers.pull_request import Life
from tests.drivers.terminal import Desk
from tests.drivers.workflow import Workflow

EXAMPLES = 20_000
"""To each property in `make torture`, but where an example starts a process."""

settings.register_profile("default", max_examples=50, deadline=None)
settings.register_profile("mutants", max_examples=30, derandomize=True, database=None, deadline=None)
settings.register_profile("torture", max_examples=EXAMPLES, deadline=None)

os.environ.update(PACE)  # for what runs in this process


def pytest_collection_finish() -> None:
    """What was collected stays in memory; to look through it for garbage again and again takes a twentieth of a worker's time."""
    gc.collect()
    gc.freeze()


def pytest_configure() -> None:
    """Tests take their databases away as they end, so that memory is enough; `make torture` leaves them until its own end."""
    keep_temporary_files_in_memory()


@pytest.fixture(scope="session")
def shared_emulator() -> Iterator[Emulator]:
    with emulator("--scram-iterations", "1") as started:
        yield started


@pytest.fixture
def running(shared_emulator: Emulator) -> Iterator[Emulator]:
    """The worker's emulator. Afterwards its weather is fine, its settings are as they were, and what was made in it is gone."""
    yield shared_emulator
    shared_emulator.control("POST", "reset")


@pytest.fixture
def life(running: Emulator, tmp_path: Path) -> Life:
    """A project of its own, and a pull request whose workflow runs are processes."""
    return Life.new(running, tmp_path)


@pytest.fixture
def desk(life: Life) -> Desk:
    """A person at a terminal, in a checkout of the branch of the life's pull request, which is open."""
    desk = Desk(life, life.root / "shop")
    desk.opened()
    return desk


@pytest.fixture
def workflow(running: Emulator, tmp_path: Path) -> Workflow:
    """A project of its own; the runs of its workflow are calls in this process."""
    return Workflow.new(running, tmp_path)


@pytest.fixture
def stand_in(running: Emulator) -> Iterator[StandIn]:
    """The worker's emulator with clients for its APIs, for tests of the emulator itself."""
    with clients(running.process, running.addresses) as stand_in:
        yield stand_in
