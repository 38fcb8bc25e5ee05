"""Plays a workflow with act, a runner of GitHub's workflows that is not ours: in containers, against the emulator, with no account.

What ``uses:`` names is not changed. ``preview-db/preview-db@v1`` is this checkout as a release would have it, with the image that was
built from it; ``actions/checkout`` and ``actions/setup-node``, which come from GitHub, are stood in for.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import subprocess
import sysconfig
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from preview_db_emulator.client import Emulator

from .documents import ROOT, Workflow

PROJECT = "my-project"
"""What the pages call it."""
PASSPHRASE = "played with a passphrase that is long enough"

_RUNNERS = ("ubuntu-latest", "windows-latest", "macos-latest")  # act has but one kind of machine for all of them

_CHECKOUT = """\
name: Stands in for actions/checkout
inputs:
  persist-credentials: {default: ''}
runs:
  using: composite
  steps:
    # The real one cleans the workspace, too: what an earlier step wrote there is gone.
    - run: |
        find . -mindepth 1 -delete
        echo '{}' | tee package.json > package-lock.json
        mkdir -p prisma/migrations/20260101000000_users
        echo 'provider = "postgresql"' > prisma/migrations/migration_lock.toml
        echo 'CREATE TABLE users (id int PRIMARY KEY, name text);' > prisma/migrations/20260101000000_users/migration.sql
        echo "INSERT INTO users VALUES (1, 'Ada');" > prisma/seed.sql
        echo "SELECT 'there is nobody in it';" > prisma/rules.sql
      shell: bash
"""
_NOTHING = """\
name: Stands in for an action that sets a tool up
inputs:
  node-version: {default: ''}
  python-version: {default: ''}
runs:
  using: composite
  steps:
    - run: 'true'
      shell: bash
"""


@dataclass(frozen=True)
class Played:
    """What became of a run of a workflow.

    Attributes:
        log: what act showed, line by line, masked as it masks.
        jobs: the result of each job that ran (``success`` or ``failure``), by its id; one that was skipped is not among them.
        outcomes: what our steps put out as ``outcome``, in their order.
        outputs: all that our steps put out, by the step's id and the output's name.
    """

    exit_code: int
    log: tuple[str, ...]
    jobs: dict[str, str]
    outcomes: tuple[str, ...]
    outputs: dict[tuple[str, str], str]

    @property
    def tools(self) -> list[str]:
        """What the jobs' own commands did, such as ``npm test: logged in to db_...``."""
        return [line.split(" | played: ", 1)[1] for line in self.log if " | played: " in line]

    def __str__(self) -> str:
        return "\n".join(self.log)


@dataclass(frozen=True)
class Player:
    """One repository with one workflow in it.

    Attributes:
        root: an empty folder.
        image: the action's image, built from this checkout.
        job_image: what the jobs run in.
    """

    root: Path
    emulator: Emulator
    image: str
    job_image: str

    def play(self, workflow: Workflow, event: str, payload: Mapping[str, Any], *, secrets: bool = True, timeout: float = 180) -> Played:
        """Runs the workflow as ``event`` would. Without ``secrets``, as GitHub runs it for a fork or for Dependabot."""
        folder = self.repository(workflow)
        event_file = self.root / "event.json"
        event_file.write_text(json.dumps(payload), "utf-8")
        given = {"PRISMA_SERVICE_TOKEN": self.emulator.addresses["service_token"], "PREVIEW_DB_PASSPHRASE": PASSPHRASE} if secrets else {}
        with _Alone(workflow):
            ran = subprocess.run(
                [
                    *(str(Path(sysconfig.get_path("scripts")) / "act"), event, "--directory", folder, "--eventpath", event_file, "--json"),
                    *self.options(),
                    *("--no-skip-checkout", "--network", "host"),
                    *("--env", f"GITHUB_API_URL={self.emulator.addresses['github_api_url']}"),
                    *("--env", f"PRISMA_MANAGEMENT_API_URL={self.emulator.addresses['management_api_url']}"),
                    *(part for name, value in self._identity(workflow).items() for part in ("--env", f"{name}={value}")),
                    *("--secret", f"GITHUB_TOKEN={self.emulator.addresses['github_token']}"),
                    *(part for name, value in given.items() for part in ("--secret", f"{name}={value}")),
                ],
                env={"PATH": os.environ["PATH"], "HOME": str(self.root), "DOCKER_HOST": os.environ.get("DOCKER_HOST", "")},
                capture_output=True,
                text=True,
                check=False,
                timeout=timeout,
            )
        return _read(ran)

    def repository(self, workflow: Workflow) -> Path:
        """A clone of a repository with the workflow in it."""
        folder = self.root / "repository"
        if not folder.exists():
            (folder / ".github" / "workflows").mkdir(parents=True)
            for file in ("package.json", "package-lock.json"):
                (folder / file).write_text("{}", "utf-8")
            git = ["git", "-C", str(folder), "-c", "user.name=x", "-c", "user.email=x"]
            for command in (
                ("init", "--quiet", "--initial-branch=main"),
                ("commit", "--quiet", "--allow-empty", "--message=x"),
                ("remote", "add", "origin", f"https://github.com/{self.emulator.repository}"),
            ):
                subprocess.run([*git, *command], check=True)
        (folder / ".github" / "workflows" / "played.yml").write_text(_without_services(workflow.text), "utf-8")
        return folder

    def options(self) -> list[str]:
        """What act is told of where it runs: images that are there, and actions that are folders of this machine."""
        return [
            *(part for name in _RUNNERS for part in ("--platform", f"{name}={self.job_image}")),
            *(part for name, path in self._actions().items() for part in ("--local-repository", f"{name}={path}")),
            *("--pull=false", "--rm", "--no-cache-server", "--action-offline-mode", "--container-daemon-socket", "-"),
        ]

    def _identity(self, workflow: Workflow) -> dict[str, str]:
        """What GitHub's runner gives a job that may ask who it is; act gives it to none."""
        if "id-token: write" not in workflow.text:
            return {}
        addresses = self.emulator.addresses
        return {
            "ACTIONS_ID_TOKEN_REQUEST_URL": addresses["oidc_request_url"],
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": addresses["oidc_request_token"],
        }

    def secrets(self, played: Played) -> dict[str, str]:
        """All that no log may show, by what it is: the tokens, and whatever a step put out masked."""
        masked = ("database_url", "direct_url", "pooled_url", "password")
        tokens = {name: str(self.emulator.addresses[name]) for name in ("service_token", "github_token")}
        return {**tokens, **{f"{step}.{name}": value for (step, name), value in played.outputs.items() if name in masked and value}}

    def previews(self, number: int) -> list[str]:
        """The ids of the pull request's databases, oldest first."""
        return [str(found["id"]) for found in self.emulator.databases() if f"-pr-{number}-" in found["name"]]

    def comments(self, number: int) -> list[str]:
        """The texts of the comments on a pull request, oldest first."""
        return [str(comment["body"]) for comment in self.emulator.comments(number)]

    def _actions(self) -> dict[str, Path]:
        """A folder for each action that the workflows use."""
        released = (ROOT / "action.yml").read_text("utf-8").replace("  image: Dockerfile\n", f"  image: docker://{self.image}\n")
        actions = {
            "preview-db/preview-db@v1": released,
            "actions/checkout@v7": _CHECKOUT,
            "actions/setup-node@v6": _NOTHING,
            "actions/setup-python@v7": _NOTHING,
        }
        folders = {name: self.root / "actions" / name.replace("/", "-") for name in actions}
        for name, folder in folders.items():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "action.yml").write_text(actions[name], "utf-8")
        return folders


def _without_services(text: str) -> str:
    """The workflow without its service containers: act gives them a network of their own, in which a job finds nothing at localhost."""
    return re.sub(r"(?m)^    services:\n(?:^      .*\n)+", "", text)


class _Alone:
    """act names its containers by workflow and job: two runs of the same name at once, or right after another, would take each other's."""

    def __init__(self, workflow: Workflow) -> None:
        name = str(workflow.content.get("name", "played.yml"))
        self._path = Path(tempfile.gettempdir()) / f"preview-db-play-{hashlib.sha256(name.encode()).hexdigest()[:12]}.lock"
        jobs = "|".join(map(re.escape, workflow.content["jobs"]))
        self._volumes = re.compile(rf"act-{re.sub('[^A-Za-z0-9]+', '-', name)}-({jobs})(-[0-9]+)?-[0-9a-f]{{64}}(-env)?")

    def __enter__(self) -> None:
        self._file = self._path.open("w")
        fcntl.flock(self._file, fcntl.LOCK_EX)
        for volume in _docker("volume", "ls", "--quiet", "--filter", "name=act-"):
            if self._volumes.fullmatch(volume):
                # What the run before left: a busy engine is slow to take a container away.
                for container in _docker("ps", "--all", "--quiet", "--filter", f"volume={volume}"):
                    _docker("rm", "--force", container)

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _docker(*arguments: str) -> list[str]:
    """The lines that ``docker`` answers."""
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False).stdout.split()


def _read(ran: subprocess.CompletedProcess[str]) -> Played:
    log: list[str] = []
    jobs: dict[str, str] = {}
    outputs: dict[tuple[str, str], str] = {}
    outcomes: list[str] = []
    for line in ran.stdout.splitlines() + ran.stderr.splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            said = {"msg": line}
        log.append(f"{said.get('jobID', '')} | {str(said.get('msg', '')).rstrip()}")
        if "jobResult" in said:
            jobs[str(said["jobID"])] = str(said["jobResult"])
        if said.get("command") == "set-output":
            outputs[str(said["stepID"][0]), str(said["name"])] = str(said["arg"])
            if said["name"] == "outcome":
                outcomes.append(str(said["arg"]))
    return Played(ran.returncode, tuple(log), jobs, tuple(outcomes), outputs)
