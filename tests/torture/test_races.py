"""Runs for one pull request at the same time leave one database, or none, as the pull request's state says."""

from __future__ import annotations

from pathlib import Path

import pytest

from preview_db_emulator.client import Emulator
from tests.torture import races


@pytest.mark.parametrize("part", range(2))
def test_races_end_with_one_database_or_none(running: Emulator, tmp_path: Path, part: int) -> None:
    """One schedule of each scenario, with and without `logicalId`; `make torture` tries 500."""
    seeds = races.plan(2 * len(races.SCENARIOS), 1)[part::2]
    assert races.claims(races.schedules([running], tmp_path, seeds=seeds)) == []


@pytest.mark.parametrize("mode", races.MODES)
def test_twenty_runs_at_once_make_one_database(running: Emulator, tmp_path: Path, mode: str) -> None:
    found = races.schedules([running], tmp_path, seeds=[(mode, races.TWENTY, 1)])
    assert races.claims(found) == []


@pytest.mark.parametrize(("mode", "seed"), [("known", 13), ("ignored", 14)])
def test_two_resets_at_once_leave_one_database(running: Emulator, tmp_path: Path, mode: str, seed: int) -> None:
    """Each makes a new one by name, and neither sees the other's unless it looks again."""
    assert races.claims(races.schedules([running], tmp_path, seeds=[(mode, "reset against create", seed)])) == []
