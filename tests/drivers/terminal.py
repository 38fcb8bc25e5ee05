"""A person at a terminal, or a job of another CI system: a git checkout, an environment, and the console script as a process."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import select
import shlex
import struct
import subprocess
import tempfile
import termios
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from preview_db_emulator.client import script

from . import MEASURED, PACE, warm_start
from .pull_request import PROCESSES, Life


@dataclass(frozen=True)
class Said:
    """What a command came to. On a terminal, `out` holds all that was on the screen."""

    exit_code: int
    out: str
    err: str = ""

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def everything(self) -> str:
        return self.out + self.err


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@y", *arguments], cwd=folder, check=True, capture_output=True)


@dataclass
class Desk:
    """Where a person sits: the checkout of a life's repository, on the branch of its pull request."""

    life: Life
    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        addresses = self.life.emulator.addresses
        self.folder.mkdir(parents=True)
        git(self.folder, "init", "-q", "-b", "main")
        git(self.folder, "remote", "add", "origin", f"git@github.com:{addresses['repository']}.git")
        git(self.folder, "checkout", "-q", "-b", self.branch)
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder.parent),
            "TERM": "xterm-256color",
            "PRISMA_SERVICE_TOKEN": addresses["service_token"],
            "PRISMA_PROJECT_ID": self.life.project,
            "PRISMA_MANAGEMENT_API_URL": addresses["management_api_url"],
            "GITHUB_API_URL": addresses["github_api_url"],
            "GH_TOKEN": addresses["github_token"],
            **PACE,
            **MEASURED,
        }

    @property
    def branch(self) -> str:
        return f"feat/{self.life.number}"

    def opened(self) -> None:
        self.life.emulator.pull_request(self.life.number, state="open", head_ref=self.branch)

    def __call__(self, *arguments: str, **environ: str) -> Said:
        """Runs `preview-db` where nobody is there to answer."""
        return self.at(self.folder, *arguments, **environ)

    def at(self, place: Path, /, *arguments: str, **environ: str) -> Said:
        """The same in another folder."""
        with Path(os.devnull).open("rb") as nobody, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            code = self._run(arguments, self.environ | environ, place, nobody, out, err)
            texts = []
            for stream in (out, err):
                stream.seek(0)
                texts.append(stream.read().decode())
        return self._checked(Said(code, *texts))

    def _run(
        self, arguments: Sequence[str], environ: dict[str, str], folder: Path, stdin: IO[bytes], out: IO[bytes], err: IO[bytes]
    ) -> int:
        if PROCESSES or MEASURED or any(name.startswith(("PYTHON", "LC_", "LANG")) for name in environ):
            command = [script("preview-db"), *arguments]
            return subprocess.run(command, cwd=folder, env=environ, stdin=stdin, stdout=out, stderr=err, timeout=60, check=False).returncode
        streams = (stdin.fileno(), out.fileno(), err.fileno())
        return warm_start.wait(warm_start.start(arguments, environ=environ, folder=folder, streams=streams), 60)

    @property
    def command(self) -> str:
        """`preview-db`, for a shell."""
        return shlex.quote(script("preview-db"))

    def shell(self, text: str, **environ: str) -> Said:
        """Runs a script of its own with bash, as a CI system would."""
        done = subprocess.run(
            ["bash", "-c", text],
            cwd=self.folder,
            env=self.environ | environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return self._checked(Said(done.returncode, done.stdout, done.stderr))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """The same, under way."""
        return subprocess.Popen(
            [script("preview-db"), *arguments],
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def on_screen(self, *arguments: str, answers: Sequence[str] = (), width: int = 200) -> Said:
        """Runs it on a terminal, and types each of `answers` when it is asked."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
        started = warm_start.start(arguments, environ=self.environ, folder=self.folder, streams=(theirs, theirs, theirs), terminal=True)
        os.close(theirs)
        seen, waiting, deadline = b"", list(answers), time.monotonic() + 60
        with contextlib.suppress(OSError):  # Linux's end of the file
            while time.monotonic() < deadline and (select.select([ours], [], [], 60)[0]) and (more := os.read(ours, 65536)):
                seen += more
                if waiting and seen.rstrip().endswith(b"[y/N]:"):
                    time.sleep(0.3)  # as a person would: a signal in the instant before readline waits is seen with the next key only
                    os.write(ours, waiting.pop(0).encode())
        os.close(ours)
        return self._checked(Said(warm_start.wait(started, 10), seen.decode(errors="replace")))

    def _checked(self, said: Said) -> Said:
        """No run may show a token, whatever it was asked."""
        for name in ("PRISMA_SERVICE_TOKEN", "GH_TOKEN"):
            assert self.environ[name] not in said.everything
        assert "Traceback" not in said.everything, said.everything
        return said

    def credentials(self) -> list[Mapping[str, Any]]:
        return [connection for database in self.life.databases() for connection in database["connections"]]
