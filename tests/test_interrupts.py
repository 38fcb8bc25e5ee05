"""A signal stops the run wherever it comes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from preview_db_emulator.client import script
from tests.drivers import exit_codes

STOPPED_IN_PASSING = """
import os, signal, time, weakref
from preview_db.errors import Cancelled
from preview_db.interrupts import Interrupts

class Freed:
    pass

interrupts = Interrupts()
interrupts.install()
interrupts.reached("here")
freed = Freed()
reference = weakref.ref(freed, lambda _: os.kill(os.getpid(), signal.SIGTERM))
try:
    del freed
    time.sleep(30)
except Cancelled as cancelled:
    print(cancelled.what)
"""


def test_a_signal_that_comes_while_python_calls_back_in_passing_stops_the_run() -> None:
    """As at the end of an import: what is raised there is written to standard error, and then forgotten."""
    ended = subprocess.run([sys.executable, "-c", STOPPED_IN_PASSING], capture_output=True, text=True, timeout=20, check=True)
    assert (ended.stdout, ended.stderr) == ("The run was stopped by SIGTERM (here).\n", "")


STOPPED_AS_A_THREAD_STARTS = """
import os, signal, sys, time
from preview_db.background import Background
from preview_db.errors import Cancelled
from preview_db.interrupts import Interrupts

def watch(frame, event, function):
    if event == "c_return" and function.__name__ == "start_new_thread":
        os.kill(os.getpid(), signal.SIGTERM)

interrupts = Interrupts()
interrupts.install()
interrupts.reached("here")
sys.setprofile(watch)
try:
    Background(lambda: None).begin(time.time)
except Cancelled as cancelled:
    sys.setprofile(None)
    print(cancelled.what)
    time.sleep(0.2)
"""


def test_a_signal_that_comes_as_a_thread_starts_stops_the_run_and_nothing_else_is_said() -> None:
    """In the middle of it, an exception leaves the standard library's books in disorder, and the thread ends in a traceback."""
    ended = subprocess.run([sys.executable, "-c", STOPPED_AS_A_THREAD_STARTS], capture_output=True, text=True, timeout=20, check=True)
    assert (ended.stdout, ended.stderr) == ("The run was stopped by SIGTERM (here).\n", "")


# Stands for a library that is in the middle of something, and makes an exception of its own of any other.
MADE_INTO_ANOTHER = """
import os, signal, time
def working():
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(30)
    except Exception:
        raise RuntimeError("it did not work") from None
"""

STOPPED_INSIDE_A_LIBRARY = (
    MADE_INTO_ANOTHER
    + """
import sys
from preview_db.action.run import run
from preview_db.interrupts import Interrupts

class Environ(dict):
    def items(self):
        working()

interrupts = Interrupts()
interrupts.install()
sys.exit(run(Environ(), sys.stdout, interrupts=interrupts))
"""
)


def test_a_step_that_is_stopped_inside_a_library_says_so_and_not_what_the_library_says() -> None:
    ended = subprocess.run([sys.executable, "-c", STOPPED_INSIDE_A_LIBRARY], capture_output=True, text=True, timeout=20, check=False)
    assert (ended.returncode, ended.stderr) == (1, "")
    assert "The run was stopped by SIGTERM (before the first step)." in ended.stdout
    assert "RuntimeError" not in ended.stdout


def test_so_does_a_command_of_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "httpx_retries.py").write_text(f"{MADE_INTO_ANOTHER}\nworking()\n")
    environ = os.environ | {"PYTHONPATH": str(tmp_path)}
    ended = subprocess.run([script("preview-db"), "list"], env=environ, capture_output=True, text=True, timeout=20, check=False)
    assert (ended.returncode, ended.stdout) == (exit_codes.STOPPED, "")
    assert "The run was stopped by SIGTERM (before the first step)." in ended.stderr
    assert "RuntimeError" not in ended.stderr
