"""Stand-ins for the tests: one shared by most, others started where the life-cycle or an option is the subject."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.drivers.emulator import StandIn, launched


@pytest.fixture(scope="session")
def shared_stand_in() -> Iterator[StandIn]:
    with launched() as stand_in:
        yield stand_in


@pytest.fixture
def stand_in(shared_stand_in: StandIn) -> Iterator[StandIn]:
    """The shared emulator, its weather fine and its settings as they were."""
    before = shared_stand_in.control.get("settings").json()
    yield shared_stand_in
    shared_stand_in.control.delete("faults")
    shared_stand_in.control.put("settings", json=before)
