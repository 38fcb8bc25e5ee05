"""A stand-in for GitHub's runner: one step of a job, run as the runner runs a container action.

It makes the runner's directories, sets the runner's environment and nothing else, starts the step (as a process, or in
its image with the runner's mounts), and reads what came back as the runner does.
"""

import contextlib
import io
import json
import os
import re
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TextIO, Unpack

from .commands import Annotation, Console, Masker, parse_file_command
from .context import StepOptions, context, declared_inputs, inputs

__all__ = ["Run", "Runner", "Step", "StepOptions", "declared_inputs"]

_DIRECTORIES = ("workspace", "home", "workflow", "file_commands", "runner_temp")
_FILE_COMMANDS = {
    "GITHUB_OUTPUT": "set_output",
    "GITHUB_ENV": "set_env",
    "GITHUB_PATH": "add_path",
    "GITHUB_STATE": "save_state",
    "GITHUB_STEP_SUMMARY": "step_summary",
}
_SUMMARY_LIMIT = 1024 * 1024
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
    """File commands the runner could not read; one is enough to fail the step."""
    seconds: float

    @property
    def succeeded(self) -> bool:
        """Whether the runner would call the step a success."""
        return self.exit_code == 0 and not self.refusals


@dataclass(frozen=True)
class Runner:
    """One runner with one workspace; steps started on it share that workspace, as those of a job do."""

    root: Path
    api_url: str
    server_url: str
    token: str = ""
    """What ``${{ github.token }}`` stands for in a default; masked from the start, as are ``secrets``."""
    secrets: tuple[str, ...] = ()
    action: Path | None = None
    """An action.yml: every input it declares is set, as an empty string if nothing else."""
    image: str | None = None
    """Run the step in this image; the command is then what follows the image's name."""
    entrypoint: str | None = None
    """What to run in the image instead of its own entry point, as a post step does."""
    workflow: str = "Preview"
    job: str = "preview"
    debug: bool = False

    def __post_init__(self) -> None:
        for name in _DIRECTORIES:
            (self.root / name).mkdir(parents=True, exist_ok=True)

    @property
    def workspace(self) -> Path:
        """Where the repository would be checked out, and what the step starts in."""
        return self.root / "workspace"

    def run(self, command: Sequence[str], *, timeout: float = 120, **options: Unpack[StepOptions]) -> Run:
        """Run a step to its end. Raises TimeoutError, with the log so far, after ``timeout`` seconds."""
        return self.start(command, **options).finish(timeout=timeout)

    def start(self, command: Sequence[str], **options: Unpack[StepOptions]) -> "Step":
        """Start a step without waiting for it."""
        variables, traces = self._prepare(options)
        container = f"preview-db-{uuid.uuid4().hex[:12]}" if self.image else None
        if self.image and container:
            command = _in_container(self.image, self.entrypoint, container, self.root, variables, command)
            # The client takes the values from its own environment, and needs to find its engine.
            variables |= {key: value for key, value in os.environ.items() if key.startswith("DOCKER_")}
        return Step(list(command), {"PATH": os.environ["PATH"], **variables}, self.workspace, traces, container)

    def call(self, step: Callable[[Mapping[str, str], TextIO], int], **options: Unpack[StepOptions]) -> Run:
        """Run a step in this process: a function of its environment and its standard output, for where processes would take too long."""
        variables, traces = self._prepare(options)
        started = time.monotonic()
        exit_code = step(variables, _Spoken(traces))
        return traces.run(exit_code, time.monotonic() - started)

    def _prepare(self, options: StepOptions) -> tuple[dict[str, str], "Traces"]:
        """The step's environment, and where what it leaves will be found."""
        files = {name: f"{file}_{uuid.uuid4()}" for name, file in _FILE_COMMANDS.items()}
        for name in files.values():
            (self.root / "file_commands" / name).touch()
        event = json.dumps(options["payload"], indent=2)
        (self.root / "workflow" / "event.json").write_text(event, "utf-8")

        base = "/github" if self.image else str(self.root)
        variables = {
            **inputs(options.get("inputs", {}), action=self.action, token=self.token),
            **{f"STATE_{name}": value for name, value in options.get("state", {}).items()},
            **context(options, api_url=self.api_url, server_url=self.server_url, workflow=self.workflow, job=self.job, debug=self.debug),
            **{name: f"{base}/file_commands/{file}" for name, file in files.items()},
            "GITHUB_EVENT_PATH": f"{base}/workflow/event.json",
            "GITHUB_WORKSPACE": f"{base}/workspace",
            "RUNNER_TEMP": f"{base}/runner_temp",
            "HOME": f"{base}/home",
            **options.get("env", {}),
        }
        console = Console(Masker((self.token, *self.secrets)), debug=self.debug)
        return variables, Traces(console, {name: self.root / "file_commands" / file for name, file in files.items()})


class Step:
    """A step that is under way."""

    def __init__(
        self,
        command: list[str],
        variables: Mapping[str, str],
        workspace: Path,
        traces: "Traces",
        container: str | None,
    ) -> None:
        """Start it, in a process group of its own, so that ``kill`` takes its children, too."""
        self._traces, self.container = traces, container
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
        return tuple(self._traces.console.log)

    @property
    def state(self) -> str:
        """What it has saved for its post step up to now, as it stands in the file."""
        return self._traces.files["GITHUB_STATE"].read_text("utf-8")

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
        try:
            exit_code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            shown = "\n".join(self._traces.console.log)
            raise TimeoutError(f"the step was still running after {timeout} s; its log:\n{shown}") from None
        seconds = time.monotonic() - self._started
        for reader in self._readers:
            reader.join(5)  # a grandchild may hold the pipe open
        return self._traces.run(exit_code, seconds)

    def _read(self, name: str, stream: IO[bytes]) -> None:
        # To the runner a carriage return ends a line as well, so what follows one may be a command.
        with io.TextIOWrapper(stream, encoding="utf-8", errors="replace", newline="") as lines:
            for line in lines:
                self._traces.hear(name, line)


@dataclass
class Traces:
    """What a step leaves behind: what it said, and its file commands."""

    console: Console
    files: Mapping[str, Path]
    _raw: dict[str, list[str]] = field(default_factory=lambda: {"stdout": [], "stderr": []})

    def hear(self, stream: str, line: str) -> None:
        self._raw[stream].append(line)
        self.console.feed(line.rstrip("\r\n"))

    def run(self, exit_code: int, seconds: float) -> Run:
        """Read it all, as the runner does once the step has ended."""
        console = self.console
        texts = {name: path.read_bytes().decode("utf-8", "replace") for name, path in self.files.items()}
        refusals: list[str] = []
        outputs, environment, state = (
            _collect(texts[name], kind, refusals)
            for name, kind in (("GITHUB_OUTPUT", "output"), ("GITHUB_ENV", "env"), ("GITHUB_STATE", "state"))
        )
        if environment.pop("NODE_OPTIONS", None) is not None:
            refusals.append("Can't store NODE_OPTIONS output parameter using '$GITHUB_ENV' command.")
        summary = texts["GITHUB_STEP_SUMMARY"]
        if (size := len(summary.encode())) > _SUMMARY_LIMIT:
            kib = size // 1024
            console.annotate(
                "error",
                f"$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of 1024k, got {kib}k.",
            )
            summary = ""
        for refusal in refusals:
            console.annotate("error", refusal)
        mask = console.masker
        return Run(
            exit_code=exit_code,
            raw_stdout="".join(self._raw["stdout"]),
            raw_stderr="".join(self._raw["stderr"]),
            raw_summary=texts["GITHUB_STEP_SUMMARY"],
            log=tuple(console.log),
            masks=tuple(console.masks),
            annotations=tuple(console.annotations),
            outputs=outputs,
            job_outputs={name: value for name, value in outputs.items() if value and mask(value) == value},
            environment=environment,
            path=tuple(line for line in texts["GITHUB_PATH"].split("\n") if line),
            state=state,
            summary=mask(summary),
            refusals=tuple(refusals),
            seconds=seconds,
        )


class _Spoken(io.StringIO):
    """The standard output of a step that runs in this process."""

    def __init__(self, traces: Traces) -> None:
        super().__init__(newline="")
        self._traces = traces
        self._rest = ""

    def write(self, text: str) -> int:
        *whole, self._rest = re.split(r"(?<=[\n\r])", self._rest + text)
        for line in whole:
            self._traces.hear("stdout", line)
        return len(text)


def _collect(text: str, kind: str, refusals: list[str]) -> dict[str, str]:
    """Read a file command up to the first entry that can't be read, and note that one."""
    values: dict[str, str] = {}
    try:
        values.update(parse_file_command(text))
    except ValueError as error:
        refusals.extend((f"Unable to process file command '{kind}' successfully.", str(error)))
    return values


def _in_container(image: str, entrypoint: str | None, name: str, root: Path, variables: Iterable[str], command: Sequence[str]) -> list[str]:
    mounts = [f"--volume={root / directory}:/github/{directory}" for directory in _DIRECTORIES]
    names = [argument for variable in variables for argument in ("-e", variable)]
    options = ["--name", name, "--workdir", "/github/workspace", "--rm", "--network", "host"]
    instead = ["--entrypoint", entrypoint] if entrypoint else []
    return ["docker", "run", *options, *instead, *names, *mounts, image, *command]
