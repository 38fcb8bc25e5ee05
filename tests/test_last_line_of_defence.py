"""What nobody has foreseen ends in a sentence at either front door, and its traceback where whoever mends it looks."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

from preview_db.action.run import run
from preview_db.interrupts import Interrupts
from preview_db_emulator.client import script
from tests.drivers import exit_codes
from tests.drivers.terminal import Desk


def test_in_a_step_the_traceback_is_for_debug_logging_only(tmp_path: Path) -> None:
    files = {name: str(tmp_path / name) for name in ("GITHUB_OUTPUT", "GITHUB_STATE", "GITHUB_ENV", "GITHUB_STEP_SUMMARY")}
    for path in files.values():
        Path(path).touch()
    # No environment can hold a zero byte, so nothing is prepared for it.
    environ = files | {"GITHUB_REPOSITORY": "acme/shop", "GITHUB_EVENT_NAME": "push", "GITHUB_EVENT_PATH": "\0"}
    log = io.StringIO()
    assert run(environ, log, interrupts=Interrupts()) == 1
    said = log.getvalue().splitlines()
    assert any(line.startswith("::debug::Traceback") for line in said)
    assert [line for line in said if "Traceback" in line and not line.startswith("::debug::")] == []
    assert "title=Internal error" in said[-1]
    assert "This is a defect in preview-db" in said[-1]
    assert "outcome" in Path(files["GITHUB_OUTPUT"]).read_text()


def test_in_a_terminal_it_comes_before_the_sentence(desk: Desk, tmp_path: Path) -> None:
    assert desk("create").exit_code == 0
    # The driver is imported in the background, and still is when the run gets to where it logs in.
    (tmp_path / "psycopg.py").write_text("import time\ntime.sleep(0.5)\nraise RuntimeError('broken on installation')\n")
    command, environ = [script("preview-db"), "connect", "--export"], desk.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, env=environ, cwd=desk.folder, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (exit_codes.FAILED, "")
    assert done.stderr.count("Traceback") == done.stderr.count("RuntimeError: broken on installation") == 1
    assert "preview-db failed in a way it should not (RuntimeError)." in done.stderr
    assert "This is a defect in preview-db." in done.stderr
