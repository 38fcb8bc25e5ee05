"""Which PostgreSQL it is: the service's version wherever there is one, and the ready line says so."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from tests.drivers.emulator import StandIn, launched, log_in

HAS_WHEEL_OF_17 = platform.system() == "Linux" and platform.machine() == "x86_64"


def rounds(stand_in: StandIn) -> set[str]:
    """How often the credentials' passwords were hashed."""
    kept = log_in(stand_in.ready["postgres_url"], "SELECT rolpassword FROM pg_authid WHERE rolname <> 'postgres' AND rolcanlogin")
    return {password.removeprefix("SCRAM-SHA-256$").split(":")[0] for (password,) in kept}


def test_the_ready_line_says_the_servers_version(stand_in: StandIn) -> None:
    ((number,),) = log_in(stand_in.ready["postgres_url"], "SHOW server_version")
    assert number.split()[0] == stand_in.ready["postgres_version"]


@pytest.mark.skipif(not HAS_WHEEL_OF_17, reason="there is no wheel of PostgreSQL 17 for this machine")
def test_unless_told_otherwise_it_is_the_version_the_service_runs(stand_in: StandIn) -> None:
    assert stand_in.ready["postgres_version"].split(".")[0] == "17"
    with launched(postgres="wheel") as from_wheel:
        assert from_wheel.ready["postgres_version"].split(".")[0] == "17"
        from_wheel.create_database(name="hashed")
        assert rounds(from_wheel) == {"4096"}


@pytest.mark.skipif(not HAS_WHEEL_OF_17, reason="there is no wheel of PostgreSQL 17 for this machine")
def test_passwords_are_hashed_as_often_as_is_asked_for(stand_in: StandIn) -> None:
    stand_in.create_database(name="hashed")
    assert rounds(stand_in) == {"1"}, "as tests/conftest.py asks for"


@pytest.mark.skipif(not HAS_WHEEL_OF_17, reason="there is no wheel of PostgreSQL 17 for this machine")
def test_a_state_folder_stays_with_the_version_that_made_it(tmp_path: Path) -> None:
    with launched(state_dir=str(tmp_path), postgres="system") as first:
        made_by = first.ready["postgres_version"]
    with launched(state_dir=str(tmp_path)) as second:
        assert second.ready["postgres_version"] == made_by
