"""An organisation on the emulated GitHub: repositories with pull requests, an App's token that sees them, and one sweep for all."""

from __future__ import annotations

import itertools
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from preview_db.planning.model import Kind, Repository, Scope
from preview_db_emulator.runner.runner import Run

from .workflow import Workflow

Json = dict[str, Any]

_organisations = itertools.count(1)


@dataclass
class Organisation:
    """An organisation that no other test has, and a project of its own."""

    workflow: Workflow
    name: str = field(default_factory=lambda: f"org-{next(_organisations)}-{secrets.token_hex(3)}")

    def repository(self, name: str, **fields: Any) -> Repository:
        """Makes a repository, or changes the one that is called so."""
        hosted = self.workflow.emulator.control("PUT", f"github/repositories/{self.name}/{name}", fields)
        return Repository(hosted["id"], hosted["full_name"])

    def pulls(self, repository: Repository, *rows: Json) -> None:
        self.workflow.emulator.control("POST", f"github/repositories/{repository.full_name}/pulls", list(rows))

    def previews(self, repository: Repository, *, opened: Sequence[int] = (), closed: Sequence[int] = (), **fields: Any) -> list[Json]:
        """Pull requests of a repository, each with a preview."""
        states = dict.fromkeys(opened, "open") | dict.fromkeys(closed, "closed")
        self.pulls(repository, *({"number": number, "state": state} for number, state in states.items()))
        return self.workflow.seed(*(Scope(repository, Kind.PULL_REQUEST, str(number)) for number in states), **fields)

    def token(self, *repositories: Repository, counts: bool = True) -> str:
        """An App's token for ``repositories``, or for all of them.

        Args:
            counts: whether the organisation tells it how many private repositories there are.
        """
        value = f"ghs_{secrets.token_hex(18)}"
        names = [repository.full_name for repository in repositories] or None
        self.workflow.emulator.control("PUT", f"github/tokens/{value}", {"repositories": names, "counts": counts})
        return value

    def inputs(self, **inputs: str) -> dict[str, str]:
        return {"repositories": f"{self.name}/*", "github_token": inputs.get("github_token") or self.token(), **inputs}

    def sweep(self, **inputs: str) -> Run:
        """A run of the scheduled workflow."""
        return self.workflow.sweep(**self.inputs(**inputs))

    def left(self) -> set[str]:
        """The ids of the databases there are."""
        return {database["id"] for database in self.workflow.databases()}


def ids(*seeded: list[Json]) -> set[str]:
    return {database["id"] for databases in seeded for database in databases}


def told(run: Run) -> Json:
    return dict(json.loads(run.outputs["swept"]))


def statuses(run: Run) -> dict[str, str]:
    """By repository and pull request."""
    return {f"{entry['repository'].partition('/')[2]}#{entry['ref']}": entry["status"] for entry in told(run)["swept"]}
