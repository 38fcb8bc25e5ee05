"""What a sweep of many repositories stands on: what the token sees, how many repositories match, and what the sweep will ask."""

from __future__ import annotations

import dataclasses
import math

from pydantic import SecretStr

from ..engine.members import find, read_each
from ..planning.organisation import Doubt, sort_out
from ..planning.repositories import Member, Owner, Selection, Standing
from ..planning.settings import Inputs
from ..planning.words import count
from ..services.github.batch import AT_A_TIME
from ..services.github.repository import GitHubRepository
from ..services.github.server import GitHubServer
from ..services.http import silent
from ..services.prisma import lookup
from ..services.prisma.client import ManagementApi
from ..services.prisma.paths import PAGE
from .diagnosis import Finding, Health

_LISTS = 2  # of a repository with previews, where GraphQL does not say it all: the pull requests that are open, and those closed last


@dataclasses.dataclass(slots=True)
class Many:
    """Looks at them. Its methods raise :class:`PreviewError`."""

    inputs: Inputs
    selection: Selection
    github: GitHubServer
    host: str
    _found: list[Member] = dataclasses.field(default_factory=list)
    _owners: dict[str, Owner] = dataclasses.field(default_factory=dict)

    @classmethod
    def at(cls, inputs: Inputs, selection: Selection, api_url: str, token: SecretStr, host: str) -> Many:
        return cls(inputs, selection, GitHubServer(GitHubRepository(api_url=api_url, token=token, repository="")), host)

    def owners(self, name: str) -> Finding:
        """What the token sees of each owner, and whether that is proven to be all."""
        doubts: list[Doubt] = []
        self._owners = read_each(self.selection.owners, self.github.owner, name=str, doubts=doubts, log=silent)
        if doubts:
            return _of_doubts(name, doubts)
        seen = "; ".join(
            f"{login}: {count(len(owner.repositories), 'repository')}, {'all there are' if owner.complete else 'perhaps not all'}"
            for login, owner in self._owners.items()
        )
        if all(owner.complete for owner in self._owners.values()):
            return Finding(name, Health.OK, seen or "none whose list is needed")
        remedy = "Only to prove a repository gone does it take all: of an organisation, by a token with its administration: read."
        return Finding(name, Health.WARNING, seen, remedy)

    def repositories(self, name: str) -> Finding:
        """How many match, and where they are."""
        doubts: list[Doubt] = []
        self._found = find(self.github, self.selection, self.host, doubts=doubts, log=silent)
        doubts += (Doubt(str(member.repository.full_name), member.said) for member in self._found if member.standing is Standing.UNSEEN)
        if doubts:
            return _of_doubts(name, doubts)
        standings = [member.standing for member in self._found]
        told = ", ".join(f"{standings.count(standing)} {standing}" for standing in Standing if standing in standings)
        if not self._found:
            return Finding(name, Health.FAILED, "none matches", "Correct repositories, or use a token that sees them.")
        return Finding(name, Health.OK, f"{count(len(self._found), 'repository')} match: {told}")

    def requests(self, name: str, api: ManagementApi) -> Finding:
        """How many requests a sweep will take, and whether GitHub's limit leaves so many."""
        databases = [database for project in lookup.several(api, self.inputs.projects) for database in api.databases(project.id)]
        whose = sort_out(databases, [member.repository for member in self._found]).by_repository
        lists = sum(1 + math.ceil(max(len(owner.repositories), 1) / PAGE) for owner in self._owners.values()) + len(self.selection.named)
        previews = sum(map(len, whose.values()))
        judged = lists + math.ceil(previews / AT_A_TIME)
        stale = min(self.inputs.max_deletions, previews)
        to_github, to_prisma = judged + _LISTS * len(whose) + stale, math.ceil(len(databases) / PAGE) + stale
        found = f"about {judged} to GitHub and 1 for each preview that goes, {to_github} at most; {to_prisma} to Prisma at most"
        left = self.github.limit.left
        if left is None or self.github.limit.most is None:
            return Finding(name, Health.OK, found)
        found += f"; GitHub takes {left} of {self.github.limit.most} more this hour"
        if left >= to_github:
            return Finding(name, Health.OK, found)
        return Finding(
            name,
            Health.WARNING,
            found,
            "Sweep fewer repositories at a time, or less often: all tokens of an App's installation share its limit.",
        )


def _of_doubts(name: str, doubts: list[Doubt]) -> Finding:
    found = "; ".join(f"{doubt.about}: {doubt.why}" for doubt in doubts)
    return Finding(name, Health.FAILED, found, "Check that the token sees these repositories, or take them out of repositories.")
