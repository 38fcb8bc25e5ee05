"""A signal stops the run wherever it comes."""

from __future__ import annotations

import subprocess
import sys

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
