"""An emulator as a process of its own, and the other end of its control surface: for tests and the demo."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from .github import payloads

Json = dict[str, Any]

SERVER_URL = "https://github.com"
AUTHOR = "octocat"


def script(name: str) -> str:
    """The path of one of this package's console scripts, in the environment that runs this."""
    return str(Path(sysconfig.get_path("scripts")) / name)


@dataclass(frozen=True)
class Emulator:
    """A running emulator. ``addresses`` is the line of JSON it printed when it was ready."""

    addresses: Json
    process: subprocess.Popen[str]
    _http: httpx.Client

    @property
    def repository(self) -> str:
        return str(self.addresses["repository"])

    def control(self, method: str, path: str, content: object = None) -> Any:
        """Ask the control surface; the answer's JSON, if it has any."""
        answer = self._http.request(method, f"{self.addresses['management_api_url']}/_emulator/{path}", json=content)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def pull_request(self, number: int, **fields: object) -> Json:
        """Create or change a pull request, and answer it as GitHub's API shows it."""
        self.control("PUT", f"github/pulls/{number}", fields)
        return self._github(f"/repos/{self.repository}/pulls/{number}")

    def pull_request_event(self, action: str, number: int, **fields: object) -> Json:
        """The payload of a ``pull_request`` event on the pull request as it is after changing ``fields``."""
        pull_request = self.pull_request(number, **fields)
        extra: Json = {}
        if action == "synchronize":
            extra = {"before": "0" * 39 + "1", "after": pull_request["head"]["sha"]}
        return payloads.pull_request_event(action=action, pull_request=pull_request, **self.where(pull_request["user"]["login"]), **extra)

    def where(self, sender: str = AUTHOR) -> Json:
        """What every payload says of the repository and the person."""
        user = payloads.user(
            sender,
            id=payloads.account_id(sender),
            kind="Bot" if sender.endswith("[bot]") else "User",
            api_url=str(self.addresses["github_api_url"]),
            server_url=SERVER_URL,
        )
        return {"repository": self._github(f"/repos/{self.repository}"), "sender": user}

    def comments(self, number: int) -> list[Json]:
        """The comments on a pull request, oldest first."""
        return list(self.control("GET", f"github/comments/{number}"))

    def databases(self) -> list[Json]:
        """Every database there is but the default ones, with its connections, oldest first."""
        found = [database for database in self.control("GET", "databases") if not database["isDefault"]]
        return sorted(found, key=lambda database: str(database["createdAt"]))

    def _github(self, path: str) -> Json:
        answer = self._http.get(
            f"{self.addresses['github_api_url']}{path}", headers={"Authorization": f"Bearer {self.addresses['github_token']}"}
        )
        answer.raise_for_status()
        return dict(answer.json())


@contextlib.contextmanager
def emulator(*flags: str) -> Iterator[Emulator]:
    """Start ``preview-db emulate`` with ``flags``; it is gone with everything behind it when the block ends.

    Raises:
        RuntimeError: it ended instead of getting ready; with what it said.
    """
    with (
        tempfile.TemporaryFile("w+") as said,
        subprocess.Popen(
            [script("preview-db"), "emulate", *flags], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said, text=True
        ) as process,
        httpx.Client(timeout=30, trust_env=False) as http,
    ):
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                said.seek(0)
                raise RuntimeError(f"The emulator did not start:\n{said.read()}")
            yield Emulator(json.loads(line), process, http)
        finally:
            process.terminate()


def inputs(running: Emulator, given: Sequence[tuple[str, str]] = ()) -> dict[str, str]:
    """A step's ``with:`` for this emulator."""
    return {"service_token": running.addresses["service_token"], "project": running.addresses["project_id"], **dict(given)}
