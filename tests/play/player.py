"""Plays a workflow with act, a runner of GitHub's workflows that is not ours, against the emulator, with no account.

What ``uses:`` names is not changed. ``preview-db/preview-db@v1`` is this checkout as a release would have it, with the image that was
built from it, in a container of its own as on GitHub; what comes from GitHub is stood in for. The steps that ``run`` something are
processes of this machine, in a folder that is made for them and with a PATH of stand-ins: act takes ten times as long for the same in a
container, since it asks the engine for every file that a step might have written.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from preview_db_emulator.client import Emulator

from .documents import Workflow
from .machine import actions, check_out

_RUNNERS = ("ubuntu-latest", "windows-latest", "macos-latest")  # act has but one kind of machine for all of them
_HERE = "-self-hosted"  # act's word for a job whose steps are processes of this machine
_plays = itertools.count(1)

APP_TOKENS = {"APP_TOKEN": "ghs_of_an_app_that_may_read_code", "APP_TOKEN_THAT_COUNTS": "ghs_of_an_app_that_may_count"}
"""What tests/play/actions/create-github-app-token.yml hands out."""


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
        root: an empty folder, which the action's container has at the same place.
        image: the action's image, built from this checkout.
        tools: the folder that is the PATH of the jobs.
    """

    root: Path
    emulator: Emulator
    image: str
    tools: Path

    def play(self, workflow: Workflow, event: str, payload: Mapping[str, Any], *, secrets: bool = True, timeout: float = 180) -> Played:
        """Runs the workflow as ``event`` would. Without ``secrets``, as GitHub runs it for a fork or for Dependabot."""
        addresses = self.emulator.addresses
        event_file = self.root / "event.json"
        event_file.write_text(json.dumps(payload), "utf-8")
        shutil.rmtree(self.root / "artifacts", ignore_errors=True)
        environ = {
            "GITHUB_API_URL": addresses["github_api_url"],
            "PRISMA_MANAGEMENT_API_URL": addresses["management_api_url"],
            "CLOUDFLARE_API_BASE_URL": addresses["cloudflare_api_url"],
            **APP_TOKENS,
            **self._identity(workflow),
        }
        given = {"GITHUB_TOKEN": addresses["github_token"], **(self._secrets() if secrets else {})}
        ran = subprocess.run(
            [
                *(str(Path(sysconfig.get_path("scripts")) / "act"), event, "--json", "--no-skip-checkout"),
                *("--directory", self.repository(workflow), "--eventpath", event_file),
                *(part for option in self.options(workflow) for part in option),
                *(part for name, value in environ.items() for part in ("--env", f"{name}={value}")),
                *(part for name, value in self._variables().items() for part in ("--var", f"{name}={value}")),
                *(part for name, value in given.items() for part in ("--secret", f"{name}={value}")),
            ],
            env={"PATH": str(self.tools), "HOME": str(self.root), "DOCKER_HOST": os.environ.get("DOCKER_HOST", "")},
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )
        return _read(ran)

    def repository(self, workflow: Workflow) -> Path:
        """A clone of a repository with the workflow in it."""
        folder = self.root / "repository"
        workflows = folder / ".github" / "workflows"
        if not folder.exists():
            workflows.mkdir(parents=True)
            check_out(workflow, folder)
            git = ["git", "-C", str(folder), "-c", "user.name=x", "-c", "user.email=x"]
            for command in (
                ("init", "--quiet", "--initial-branch=main"),
                ("commit", "--quiet", "--allow-empty", "--message=x"),
                ("remote", "add", "origin", f"https://github.com/{self.emulator.repository}"),
            ):
                subprocess.run([*git, *command], check=True)
        shutil.rmtree(workflows)
        workflows.mkdir()
        # act names containers by workflow and job: two runs at once under the same name would take each other's.
        name = f"play {os.getpid()} {next(_plays)}"
        (workflows / f"{name}.yml").write_text(re.sub(r"(?m)^name: .*$", rf"\g<0>, {name}", workflow.text), "utf-8")
        return folder

    def options(self, workflow: Workflow, machine: str = _HERE, *of_containers: str) -> list[tuple[str, ...]]:
        """What act is told of where it runs: the image of the jobs, if any, and actions that are folders of this machine."""
        folders = actions(self.root / "actions", self.image, workflow)
        return [
            *(("--platform", f"{name}={machine}") for name in _RUNNERS),
            *(("--local-repository", f"{name}={path}") for name, path in folders.items()),
            *(("--pull=false",), ("--rm",), ("--no-cache-server",), ("--action-offline-mode",), ("--container-daemon-socket", "-")),
            ("--container-options", " ".join(["--network=host", f"--volume={self.root}:{self.root}", *of_containers])),
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

    def _secrets(self) -> dict[str, str]:
        """The repository's secrets, by the names that the pages have for them."""
        return {
            "PRISMA_SERVICE_TOKEN": self.emulator.addresses["service_token"],
            "PREVIEW_DB_PASSPHRASE": "played with a passphrase that is long enough",
            "CLOUDFLARE_API_TOKEN": self.emulator.addresses["cloudflare_api_token"],
            "SWEEPER_PRIVATE_KEY": "private-key-of-the-app",
            "VERCEL_TOKEN": "token-for-vercel",
            "NETLIFY_AUTH_TOKEN": "token-for-netlify",
        }

    def _variables(self) -> dict[str, str]:
        """The repository's variables, likewise."""
        (staging, *_) = (database["id"] for database in self.emulator.databases() if database["name"] == "staging")
        return {
            "CLOUDFLARE_ACCOUNT_ID": self.emulator.addresses["cloudflare_account_id"],
            "STAGING_DATABASE_ID": staging,
            "SWEEPER_CLIENT_ID": "client-id-of-the-app",
            "VERCEL_ORG_ID": "team_1",
            "VERCEL_PROJECT_ID": "prj_1",
            "NETLIFY_SITE_ID": "site-1",
        }

    def secrets(self, played: Played) -> dict[str, str]:
        """All that no log may show, by what it is: the tokens, and whatever a step put out masked."""
        masked = ("database_url", "direct_url", "pooled_url", "password")
        tokens = {**self._secrets(), **APP_TOKENS, "GITHUB_TOKEN": str(self.emulator.addresses["github_token"])}
        return {**tokens, **{f"{step}.{name}": value for (step, name), value in played.outputs.items() if name in masked and value}}

    def previews(self, number: int) -> list[str]:
        """The ids of the pull request's databases, oldest first."""
        return [str(found["id"]) for found in self.emulator.databases() if found["name"].startswith(self._prefix(number))]

    def configurations(self, number: int) -> list[str]:
        """The names of the pull request's Hyperdrive configurations."""
        addresses = self.emulator.addresses
        answer = httpx.get(
            f"{addresses['cloudflare_api_url']}/accounts/{addresses['cloudflare_account_id']}/hyperdrive/configs",
            headers={"Authorization": f"Bearer {addresses['cloudflare_api_token']}"},
            trust_env=False,
        )
        names = [str(found["name"]) for found in answer.raise_for_status().json()["result"]]
        return [name for name in names if name.startswith(self._prefix(number))]

    def variables(self) -> dict[str, str]:
        """Compute's variables with their values."""
        return {str(found["name"]): str(found["value"]) for found in self.emulator.control("GET", "variables")}

    def hosted(self) -> Any:
        """The variables that the host of deployments holds, by branch; see tests/play/job/tool.py."""
        file = self.root / "hosted.json"
        return json.loads(file.read_text("utf-8")) if file.exists() else {}

    def _prefix(self, number: int) -> str:
        """What the names of all that is the pull request's begin with."""
        return f"{self.emulator.repository.partition('/')[2]}-pr-{number}-"

    def comments(self, number: int) -> list[str]:
        """The texts of the comments on a pull request, oldest first."""
        return [str(comment["body"]) for comment in self.emulator.comments(number)]


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
