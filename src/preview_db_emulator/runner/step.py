"""A step that is under way, and what became of it."""

from __future__ import annotations

import contextlib
import io
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from . import file_commands
from .console import Annotation, Console

_SIGINT_SECONDS, _SIGTERM_SECONDS = 7.5, 2.5  # how long the runner waits after each before the next


@dataclass(frozen=True)
class Run:
    """What became of one step; the raw parts are for tests that look for leaks."""

    exit_code: int
    raw_stdout: str
    raw_stderr: str
    raw_summary: str
    log: tuple[str, ...]
    masks: tuple[str, ...]
    annotations: tuple[Annotation, ...]
    outputs: dict[str, str]
    job_outputs: dict[str, str]
    """The outputs that pass to another job: neither empty nor holding anything masked."""
    environment: dict[str, str]
    path: tuple[str, ...]
    state: dict[str, str]
    summary: str
    refusals: tuple[str, ...]
    """Commands and files of commands that the runner could not process, in its words; one is enough to fail the step."""
    seconds: float

    @property
    def succeeded(self) -> bool:
        """Whether the runner would call the step a success."""
        return self.exit_code == 0 and not self.refusals


@dataclass
class Transcript:
    """What a step prints, and the files it appends to, by their variables."""

    console: Console
    files: Mapping[str, Path]
    _raw: dict[str, list[str]] = field(default_factory=lambda: {"stdout": [], "stderr": []})

    def add(self, stream: str, line: str) -> None:
        """Take a line of ``stdout`` or ``stderr``, with its end."""
        self._raw[stream].append(line)
        self.console.feed(line.rstrip("\r\n"))

    def close(self, exit_code: int, seconds: float) -> Run:
        """Read the files, as the runner does once the step has ended."""
        console = self.console
        summary = file_commands.carry_out(self.files, console)
        return Run(
            exit_code=exit_code,
            raw_stdout="".join(self._raw["stdout"]),
            raw_stderr="".join(self._raw["stderr"]),
            raw_summary=self.files["GITHUB_STEP_SUMMARY"].read_bytes().decode("utf-8", "replace"),
            log=tuple(console.log),
            masks=tuple(console.masks),
            annotations=tuple(console.annotations),
            outputs=console.outputs,
            job_outputs={name: value for name, value in console.outputs.items() if value and console.masker(value) == value},
            environment=console.environment,
            path=tuple(console.path),
            state=console.state,
            summary=summary,
            refusals=tuple(console.refusals),
            seconds=seconds,
        )


class LineStream(io.StringIO):
    """The standard output of a step that runs in this process."""

    def __init__(self, transcript: Transcript) -> None:
        super().__init__(newline="")
        self._transcript = transcript
        self._rest = ""

    def write(self, text: str) -> int:
        *whole, self._rest = re.split(r"(?<=[\n\r])", self._rest + text)
        for line in whole:
            self._transcript.add("stdout", line)
        return len(text)


class Step:
    """A step that is under way."""

    def __init__(
        self,
        command: list[str],
        variables: Mapping[str, str],
        workspace: Path,
        transcript: Transcript,
        container: str | None,
    ) -> None:
        """Start it, in a process group of its own, so that ``kill`` takes its children, too."""
        self._transcript, self.container = transcript, container
        self._started = time.monotonic()
        self.command = command
        self.process = subprocess.Popen(
            command,
            cwd=workspace,
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        streams = (("stdout", self.process.stdout), ("stderr", self.process.stderr))
        self._readers = [threading.Thread(target=self._read, args=stream, daemon=True) for stream in streams]
        for reader in self._readers:
            reader.start()

    @property
    def log(self) -> tuple[str, ...]:
        """What GitHub would show up to now."""
        return tuple(self._transcript.console.log)

    @property
    def state(self) -> str:
        """What it has saved for its post step up to now, as it stands in the file."""
        return self._transcript.files["GITHUB_STATE"].read_text("utf-8")

    def cancel(self) -> None:
        """Send what the runner sends when a job is cancelled: SIGINT, then SIGTERM, then SIGKILL."""
        for sent, seconds in ((signal.SIGINT, _SIGINT_SECONDS), (signal.SIGTERM, _SIGTERM_SECONDS)):
            self.process.send_signal(sent)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(seconds)
                return
        self.kill()

    def kill(self) -> None:
        """End it without warning, children and container included."""
        if self.container:  # the client's death would leave the container running
            subprocess.run(["docker", "kill", self.container], capture_output=True, check=False)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def finish(self, *, timeout: float = 120) -> Run:
        """Wait for its end and read what it left. Raises TimeoutError, after killing it, with the log so far."""
        waiting = threading.Thread(target=self.process.wait, daemon=True)  # with a time-out, that would look every 50 ms
        waiting.start()
        waiting.join(timeout)
        if waiting.is_alive():
            self.kill()
            shown = "\n".join(self.log)
            raise TimeoutError(f"the step was still running after {timeout} s; its log:\n{shown}")
        seconds = time.monotonic() - self._started
        for reader in self._readers:
            reader.join(5)  # a grandchild may hold the pipe open
        return self._transcript.close(self.process.returncode, seconds)

    def _read(self, name: str, stream: IO[bytes]) -> None:
        # To the runner a carriage return ends a line as well, so what follows one may be a command.
        with io.TextIOWrapper(stream, encoding="utf-8", errors="replace", newline="") as lines:
            for line in lines:
                self._transcript.add(name, line)
