"""However long it goes on, it takes no more than at first."""

from __future__ import annotations

from pathlib import Path

from preview_db_emulator.client import Emulator
from tests.drivers.workflow import Workflow
from tests.torture import long


def test_lives_leak_nothing(running: Emulator, tmp_path: Path) -> None:
    """`make torture` leads an hour's worth."""
    long.lives(Workflow.new(running, tmp_path), count=10)


def test_a_sweep_of_a_thousand_databases_takes_little_memory(running: Emulator, tmp_path: Path) -> None:
    """`make torture` sweeps ten thousand."""
    swept = long.sweep(Workflow.new(running, tmp_path), count=1000, limit=50)
    assert swept.peak < 150 * 1024**2
