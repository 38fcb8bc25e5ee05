"""A stand-in for GitHub's runner: one step of a job, run as the runner runs a container action.

It makes the runner's directories, sets the runner's environment and nothing else, starts the step (as a process, or in
its image with the runner's mounts), and reads what came back as the runner does.
"""

from __future__ import annotations

import functools
import json
import os
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO, Unpack

from . import container, file_commands
from .console import Console
from .context import StepOptions, context, declared_inputs, inputs
from .masker import Masker
from .step import LineStream, Run, Step, Transcript

__all__ = ["Run", "Runner", "Step", "StepOptions", "declared_inputs"]


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
    network: str | None = None
    """What the image's container is connected to; the engine's own network if None, as in a job without services."""
    workflow: str = "Preview"
    job: str = "preview"
    debug: bool = False

    def __post_init__(self) -> None:
        for folder in container.FOLDERS.values():
            (self.root / folder).mkdir(parents=True, exist_ok=True)

    @property
    def workspace(self) -> Path:
        """Where the repository would be checked out, and what the step starts in."""
        return self.root / container.FOLDERS["workspace"]

    def run(self, command: Sequence[str], *, timeout: float = 120, **options: Unpack[StepOptions]) -> Run:
        """Run a step to its end. Raises TimeoutError, with the log so far, after ``timeout`` seconds."""
        return self.start(command, **options).finish(timeout=timeout)

    def start(self, command: Sequence[str], **options: Unpack[StepOptions]) -> Step:
        """Start a step without waiting for it."""
        variables, transcript = self._prepare(options)
        if self.image is None:
            return Step(list(command), {"PATH": os.environ["PATH"], **variables}, self.workspace, transcript, None)
        name = f"preview-db-{uuid.uuid4().hex[:12]}"
        arguments = container.arguments(
            self.image,
            name=name,
            root=self.root,
            variables=variables,
            command=command,
            entrypoint=self.entrypoint,
            network=self.network,
        )
        engine = {key: value for key, value in os.environ.items() if key.startswith("DOCKER_")}  # the client has to find it
        return Step(arguments, {"PATH": os.environ["PATH"], **variables, **engine}, self.workspace, transcript, name)

    def call(self, step: Callable[[Mapping[str, str], TextIO], int], **options: Unpack[StepOptions]) -> Run:
        """Run a step in this process: a function of its environment and its standard output, for where processes would take too long."""
        variables, transcript = self._prepare(options)
        started = time.monotonic()
        exit_code = step(variables, LineStream(transcript))
        return transcript.close(exit_code, time.monotonic() - started)

    def _prepare(self, options: StepOptions) -> tuple[dict[str, str], Transcript]:
        """The step's environment, and where what it leaves will be found."""
        suffix = uuid.uuid4()
        names = {variable: f"{prefix}_{suffix}" for variable, prefix in file_commands.FILES.items()}
        files = {variable: self._outside("file_commands") / name for variable, name in names.items()}
        for file in files.values():
            file.touch()
        (self._outside("workflow") / "event.json").write_text(json.dumps(options["payload"], indent=2), "utf-8")

        env = options.get("env", {})
        variables = {
            **inputs(options.get("inputs", {}), action=self.action, token=self.token),
            **{f"STATE_{name}": value for name, value in options.get("state", {}).items()},
            **context(options, api_url=self.api_url, server_url=self.server_url, workflow=self.workflow, job=self.job, debug=self.debug),
            **{variable: f"{self._inside('file_commands')}/{name}" for variable, name in names.items()},
            "GITHUB_EVENT_PATH": f"{self._inside('workflow')}/event.json",
            "GITHUB_WORKSPACE": self._inside("workspace"),
            "RUNNER_TEMP": self._inside("runner_temp"),
            "HOME": self._inside("home"),
            **env,
        }
        console = Console(
            Masker((self.token, *self.secrets)),
            functools.partial(container.on_disk, root=self.root, in_container=self.image is not None),
            debug=self.debug,
            unsecure=env.get("ACTIONS_ALLOW_UNSECURE_COMMANDS", "").strip().lower() == "true",
        )
        return variables, Transcript(console, files)

    def _outside(self, folder: str) -> Path:
        return self.root / container.FOLDERS[folder]

    def _inside(self, folder: str) -> str:
        """What the step calls one of the folders."""
        return f"/github/{folder}" if self.image else str(self._outside(folder))
