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
