"""Starting and stopping: ready quickly, on any server, and nothing is left behind, whatever ends it."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from preview_db_emulator.postgres.binaries import WHEELS
from tests.drivers.emulator import StandIn, launch_process, launched, log_in, secret


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A TMPDIR of the emulator's own, so that whatever is left can be seen. Short, and open to every user."""
    with tempfile.TemporaryDirectory(prefix="stand-in-") as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)


def still_there(temporary: Path) -> list[str]:
    """Processes that know the temporary directory or work in it, and files in it."""
    found = [str(path) for path in temporary.iterdir()]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            working = str((process / "cwd").readlink())
            environment = (process / "environ").read_bytes()
            if working.startswith(str(temporary)) or f"TMPDIR={temporary}".encode() in environment:
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue  # gone meanwhile
    return found


def wait_until_nothing_is_left(temporary: Path, within_s: float = 30) -> None:
    deadline = time.monotonic() + within_s
    while left := still_there(temporary):
        assert time.monotonic() < deadline, left
        time.sleep(0.02)


@pytest.mark.parametrize("postgres", ["system", "wheel"])
def test_it_serves_from_either_server(postgres: str) -> None:
    with launched(postgres=postgres) as stand_in:
        url = secret(stand_in.create_database(name=f"on {postgres}"))
        assert log_in(url, "SELECT current_database()") == [(f"on {postgres}",)]
        assert log_in(stand_in.ready["postgres_url"]) == [(1,)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_promptly_with_code_0_and_leaves_nothing(temporary: Path, number: int) -> None:
    with launched({"TMPDIR": str(temporary)}) as stand_in:
        url = stand_in.create_database(name="app")["connections"][0]["endpoints"]["direct"]["connectionString"]
        with psycopg.connect(url):
            assert still_there(temporary)
            stand_in.process.send_signal(number)
            assert stand_in.process.wait(30) == 0
        wait_until_nothing_is_left(temporary)


def test_a_signal_ends_it_in_the_middle_of_requests(temporary: Path) -> None:
    with launched({"TMPDIR": str(temporary)}) as stand_in:
        stand_in.control.put("faults", json={"kinds": ["silence"]})
        stand_in.api.timeout = 0.2
        with pytest.raises(Exception, match="timed out"):
            stand_in.api.get("/v1/me")
        stand_in.process.terminate()
        assert stand_in.process.wait(30) == 0  # where the silence would last a minute
        wait_until_nothing_is_left(temporary)


@pytest.mark.parametrize("kill", [os.kill, os.killpg])
def test_a_sigkill_leaves_nothing(temporary: Path, kill: Callable[[int, int], None]) -> None:
    with launched({"TMPDIR": str(temporary)}) as stand_in:
        stand_in.create_database(name="app")
        assert still_there(temporary)
        kill(stand_in.process.pid, signal.SIGKILL)
        stand_in.process.wait(10)
        wait_until_nothing_is_left(temporary)


@pytest.mark.parametrize(
    ("number", "after_s"), [*((signal.SIGKILL, s) for s in (0.0, 0.15, 0.3, 0.45)), *((signal.SIGTERM, s) for s in (0.0, 0.3))]
)
def test_a_death_during_the_start_leaves_nothing(temporary: Path, after_s: float, number: int) -> None:
    with launch_process({"TMPDIR": str(temporary)}) as process:
        deadline = time.monotonic() + 10
        while not any(temporary.iterdir()):
            assert time.monotonic() < deadline
            time.sleep(0.005)
        time.sleep(after_s)
        os.killpg(process.pid, number)
        process.wait(10)
        wait_until_nothing_is_left(temporary)


@pytest.mark.parametrize("private", [False, True])
def test_what_is_kept_is_there_again_even_after_a_sigkill(tmp_path: Path, private: bool) -> None:
    # pytest's directories are open to their owner only: as root, the server's own user can't enter them by name.
    state_dir = str(tmp_path / "state") if private else tempfile.mkdtemp(prefix="stand-in-")
    with launched(state_dir=state_dir) as first:
        database = first.create_database(name="kept", logicalId="kept-1")
        url = secret(database)
        log_in(url, "CREATE TABLE t AS SELECT 42 AS answer")
        first.control.put("github/pulls/3", json={"labels": ["keep"], "head_ref": "x"})
        first.control.put("github/branches/a/b", json={})
        first.process.kill()
    with launched(state_dir=state_dir) as second:
        assert second.ready == first.ready | {"postgres_url": second.ready["postgres_url"]}
        assert log_in(url, "SELECT answer FROM t") == [(42,)]
        found = second.api.get("/v1/databases", params={"logicalId": "kept-1"}).json()["data"]
        assert [(each["id"], each["connections"][0]["id"]) for each in found] == [(database["id"], database["connections"][0]["id"])]
        assert second.control.get("github/pulls/3").json()["labels"] == ["keep"]
        assert {branch["name"] for branch in second.control.get("github/branches").json()} == {"main", "a/b"}
    if not private:
        shutil.rmtree(state_dir)


def test_two_emulators_do_not_share_a_state_directory(tmp_path: Path) -> None:
    with launched(state_dir=str(tmp_path)), launch_process(state_dir=str(tmp_path)) as second:
        assert second.wait(10) == 1


def test_a_port_in_use_is_a_sentence(stand_in: StandIn) -> None:
    port = int(stand_in.ready["management_api_url"].rpartition(":")[2])
    with launch_process(port=port) as second:
        assert second.wait(10) == 1


def test_the_ready_line_is_all_there_is_on_standard_output() -> None:
    with launched() as stand_in:
        stand_in.api.get("/v1/me")
        stand_in.process.terminate()
        assert stand_in.process.stdout is not None
        assert stand_in.process.stdout.read() == ""
        assert json.dumps(stand_in.ready).count("\n") == 0


def interpreter_for(user: int) -> str | None:
    """A Python of this version that `user` may run: ours may well be at home in /root."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        with contextlib.suppress(OSError):
            subprocess.run([candidate, "-c", ""], user=user, group=user, extra_groups=[], check=True)
            return candidate
    return None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_it_runs_as_an_ordinary_user(temporary: Path) -> None:
    python = interpreter_for(65534)
    if python is None:
        pytest.skip("no Python of this version that an ordinary user may run")
    os.chown(temporary, 65534, 65534)
    environment = {"TMPDIR": str(temporary), "HOME": str(temporary), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with launch_process(environment, python=python, as_user=65534) as process:
        assert process.stdout
        assert "management_api_url" in process.stdout.readline()
        process.terminate()
        assert process.wait(10) == 0
    wait_until_nothing_is_left(temporary)


@pytest.mark.skipif(os.geteuid() != 0, reason="everybody but root can read what they installed")
def test_the_wheel_may_be_installed_where_only_root_can_read(temporary: Path, tmp_path: Path) -> None:
    spec = next(found for found in map(importlib.util.find_spec, WHEELS) if found is not None)
    assert spec.origin is not None
    installed = Path(spec.origin).parent
    shutil.copytree(installed / "pginstall", tmp_path / installed.name / "pginstall", ignore=shutil.ignore_patterns("include"))
    if installed.with_suffix(".libs").exists():
        shutil.copytree(installed.with_suffix(".libs"), tmp_path / f"{installed.name}.libs")
    (tmp_path / installed.name / "__init__.py").touch()
    tmp_path.chmod(0o700)
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    with launched({"TMPDIR": str(temporary), "PYTHONPATH": path}, postgres="wheel") as stand_in:
        assert stand_in.create_database(name="app")["status"] == "ready"
    wait_until_nothing_is_left(temporary)
