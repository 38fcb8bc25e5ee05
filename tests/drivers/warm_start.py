"""A process that has imported the terminal's modules already and forks one for each command, since the imports are most of what one takes.

What it forks is a process of its own, with the arguments, environment, folder and streams it is given; it runs the console script's `main`.
"""

from __future__ import annotations

import array
import atexit
import fcntl
import functools
import gc
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_LONGEST = 1 << 20
_IMPORTED = (
    "preview_db.cli.commands.preview",
    "preview_db.cli.commands.doctor",
    "preview_db.doctor.checks",
    "github",
    "psycopg",
    "rich.table",
)


def start(
    arguments: Sequence[str], *, environ: Mapping[str, str], folder: Path, streams: tuple[int, int, int], terminal: bool = False
) -> socket.socket:
    """Starts `preview-db`; what comes back is for `wait`. `terminal`: the streams are one, and it is to control the process."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    order = {"arguments": list(arguments), "environ": dict(environ), "folder": str(folder), "terminal": terminal}
    with theirs:
        socket.send_fds(_server(), [json.dumps(order).encode()], [*streams, theirs.fileno()])
    return ours


def wait(started: socket.socket, seconds: float) -> int:
    """The exit code, as `subprocess` has it. Raises TimeoutError."""
    with started:
        started.settimeout(seconds)
        return os.waitstatus_to_exitcode(int(started.recv(16)))


@functools.cache
def _server() -> socket.socket:
    """One to a worker, that ends with it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _LONGEST)
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, str(theirs.fileno())],
        cwd=Path(__file__).parents[2],
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    theirs.close()
    atexit.register(process.wait, 10)
    atexit.register(ours.close)
    return ours


def _serve(orders: socket.socket) -> None:
    """Returns in each process that is to run a command."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the watchers
    while True:
        text, ancillary, _, _ = orders.recvmsg(_LONGEST, socket.CMSG_SPACE(4 * array.array("i").itemsize))
        if not text:
            os._exit(0)
        passed = array.array("i")
        for _level, _kind, data in ancillary:
            passed.frombytes(data)
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            command = os.fork()
            if command == 0:
                orders.close()
                return _become(json.loads(text), passed)
            os.write(passed[3], str(os.waitpid(command, 0)[1]).encode())
            os._exit(0)
        for descriptor in passed:
            os.close(descriptor)


def _become(order: dict[str, Any], passed: Sequence[int]) -> None:
    """Makes this process what a shell would have started."""
    os.setsid()
    for number, descriptor in enumerate(passed[:3]):
        os.dup2(descriptor, number)
    for descriptor in passed:
        os.close(descriptor)
    if order["terminal"]:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environ"])
    sys.argv = ["preview-db", *order["arguments"]]
    # As Python has them where the environment says nothing of a language.
    sys.stdin = open(0, encoding="utf-8", errors="surrogateescape")  # noqa: SIM115 - it stays open, as do the next two
    sys.stdout = open(1, "w", encoding="utf-8", errors="surrogateescape")  # noqa: SIM115 - as above
    sys.stderr = open(2, "w", buffering=1, encoding="utf-8", errors="backslashreplace")  # noqa: SIM115 - as above


if __name__ == "__main__":
    for module in _IMPORTED:
        importlib.import_module(module)
    from preview_db.cli.main import main

    gc.freeze()  # or each process would spend a fifth of a second on them as it ends
    _serve(socket.socket(fileno=int(sys.argv[1])))
    main()
