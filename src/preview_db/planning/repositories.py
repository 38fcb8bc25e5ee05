"""Which repositories one sweep is for, and where those have gone that are missing: patterns, shards, standings. Pure.

No name is trusted with a preview: names only choose repositories, and whose a preview is, its tag says, by server and id.
"""

from __future__ import annotations

import dataclasses
import enum
import fnmatch
import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple, Self

from .model import Repository

_OWNER = r"[A-Za-z0-9_-]{1,100}"
_NAME = r"(?!\.{1,2}(?:@|\Z))[A-Za-z0-9._-]{1,100}"
_NAMED = re.compile(rf"(?P<full_name>{_OWNER}/{_NAME})(?:@(?P<id>[1-9][0-9]{{0,18}}))?", re.ASCII)
_GLOB = re.compile(rf"{_OWNER}/(?=[^*?]*[*?])[A-Za-z0-9._*?-]{{1,100}}", re.ASCII)
_WITHOUT = re.compile(r"![A-Za-z0-9_*?-]{1,100}/[A-Za-z0-9._*?-]{1,100}", re.ASCII)
_SHARD = re.compile(r"(?P<index>[1-9][0-9]{0,3})/(?P<count>[1-9][0-9]{0,3})", re.ASCII)

MOST_SHARDS = 256
"""As many jobs as a workflow's matrix may have."""

_PER_SHARD = 125  # repositories, which one job sweeps in some minutes


class Named(NamedTuple):
    """A repository that was named. With its id it is known for certain, even once it has another name or none."""

    full_name: str
    id: int | None = None

    @property
    def owner(self) -> str:
        return self.full_name.partition("/")[0]

    def __str__(self) -> str:
        return self.full_name if self.id is None else f"{self.full_name}@{self.id}"


class Selection(NamedTuple):
    """The input ``repositories``.

    Attributes:
        named: those in full, each perhaps with its id.
        globs: of an owner's repositories, such as ``acme/*``; in lower case, as GitHub compares names.
        without: what is taken out, whatever else says; in lower case.
    """

    named: tuple[Named, ...]
    globs: tuple[str, ...]
    without: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads names and globs, with commas, spaces or lines between them. Raises ``ValueError``."""
        named: list[Named] = []
        globs: list[str] = []
        without: list[str] = []
        for word in re.split(r"[\s,]+", text.strip()):
            if found := _NAMED.fullmatch(word):
                named.append(Named(found["full_name"], int(found["id"]) if found["id"] else None))
            elif _GLOB.fullmatch(word):
                globs.append(word.lower())
            elif _WITHOUT.fullmatch(word):
                without.append(word[1:].lower())
            else:
                raise ValueError("takes names such as acme/shop, acme/*, acme/gone@123456 and !acme/legacy, with commas between them")
        if not named and not globs:
            raise ValueError("takes out repositories, and names none to begin with")
        return cls(tuple(dict.fromkeys(named)), tuple(dict.fromkeys(globs)), tuple(dict.fromkeys(without)))

    @property
    def owners(self) -> tuple[str, ...]:
        """Whose lists have to be read: for the globs, and to prove that a repository with an id is gone."""
        wanted = [glob.partition("/")[0] for glob in self.globs] + [named.owner.lower() for named in self.named if named.id is not None]
        return tuple(dict.fromkeys(wanted))

    def takes(self, full_name: str) -> bool:
        """Whether a repository that is called ``full_name`` now is one of them."""
        name = full_name.lower()
        chosen = any(named.full_name.lower() == name for named in self.named) or any(fnmatch.fnmatchcase(name, glob) for glob in self.globs)
        return chosen and not self.takes_out(full_name)

    def unmatched(self, full_names: Iterable[str]) -> list[str]:
        """The globs that none of ``full_names`` matches: a list may be empty that should not be."""
        names = [full_name.lower() for full_name in full_names]
        return [glob for glob in self.globs if not fnmatch.filter(names, glob)]

    def takes_out(self, full_name: str) -> bool:
        return any(fnmatch.fnmatchcase(full_name.lower(), glob) for glob in self.without)


@dataclasses.dataclass(frozen=True, slots=True)
class Shard:
    """One part of a sweep that several jobs share, such as the third of eight. No two of them take the same repository."""

    index: int = 1
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads ``3/8``. Raises ``ValueError``."""
        found = _SHARD.fullmatch(text.strip())
        if found is None or not int(found["index"]) <= int(found["count"]) <= MOST_SHARDS:
            raise ValueError(f"takes a part such as 3/8: from 1/1 to {MOST_SHARDS}/{MOST_SHARDS}")
        return cls(int(found["index"]), int(found["count"]))

    def takes(self, repository: Repository) -> bool:
        """Whether it is this part's, by a hash of server and id: a repository that is renamed stays where it is."""
        digest = hashlib.sha256(f"{repository.host.lower()}/{repository.id}".encode()).digest()
        return int.from_bytes(digest[:8]) % self.count == self.index - 1

    def share(self, limit: int) -> int:
        """This part's share of a limit for all of them; the shares come to ``limit``."""
        return limit // self.count + (self.index <= limit % self.count)

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


def shards_for(repositories: int) -> list[Shard]:
    """The parts that a sweep of so many repositories is best done in; at least one."""
    count = min(max(-(-repositories // _PER_SHARD), 1), MOST_SHARDS)
    return [Shard(index, count) for index in range(1, count + 1)]


class Listed(NamedTuple):
    """What GitHub says of a repository. ``node_id`` is its id in GraphQL."""

    id: int
    full_name: str
    archived: bool = False
    default_branch: str = "main"
    node_id: str = ""


class Owner(NamedTuple):
    """An account's repositories, as far as the token sees them.

    Attributes:
        complete: whether it is proven that none is left out: by the account's own count of its public and private repositories.
    """

    repositories: tuple[Listed, ...]
    complete: bool = False


class Standing(enum.StrEnum):
    """Where a repository is."""

    THERE = "there"
    ARCHIVED = "archived"
    MOVED = "renamed or transferred"
    GONE = "gone"
    UNSEEN = "not visible"


class Member(NamedTuple):
    """A repository that a sweep is for.

    Attributes:
        repository: with the name it has now, or the one it was given where it has none.
        listed: what GitHub says of it; none if it is gone or can't be seen.
        said: a sentence's beginning for a person, where it is not simply there.
    """

    repository: Repository
    standing: Standing
    listed: Listed | None = None
    said: str = ""


class GitHubAnswers(NamedTuple):
    """What GitHub answered.

    Attributes:
        owners: the lists, by the owner in lower case; one that could not be read is left out.
        named: what each repository that was named is now; none where GitHub answers 404. By its id where that was given.
    """

    owners: Mapping[str, Owner]
    named: Mapping[Named, Listed | None]


def members(selection: Selection, answers: GitHubAnswers, host: str) -> tuple[list[Member], list[Named]]:
    """The repositories that ``selection`` takes, each once, and those that were named and are not there to be told by an id.

    A repository is gone only if GitHub has nothing by its id *and* its owner's list, which is proven to be complete, does not hold it
    either: to a token that may not see a private repository, it looks the same as one that is gone.
    """
    found: dict[int, Member] = {}
    unknown: list[Named] = []
    for named, listed in answers.named.items():
        if listed is not None:
            if not selection.takes_out(listed.full_name) and not selection.takes_out(named.full_name):
                found.setdefault(listed.id, _member(named.full_name, listed, selection, host))
        elif named.id is None:
            unknown.append(named)
        elif not selection.takes_out(named.full_name):
            found[named.id] = _absent(named, named.id, answers.owners.get(named.owner.lower()), host)
    for owner in answers.owners.values():
        for listed in owner.repositories:
            if listed.id not in found and selection.takes(listed.full_name):
                found[listed.id] = _member(listed.full_name, listed, selection, host)
    return sorted(found.values(), key=lambda member: (member.repository.full_name.lower(), member.repository.id)), unknown


def _member(asked: str, listed: Listed, selection: Selection, host: str) -> Member:
    repository = Repository(listed.id, listed.full_name, host)
    if listed.archived:
        return Member(repository, Standing.ARCHIVED, listed, f"{listed.full_name} is archived")
    if listed.full_name.lower() == asked.lower():
        return Member(repository, Standing.THERE, listed)
    said = f"{asked} is called {listed.full_name} now"
    return Member(repository, Standing.THERE if selection.takes(listed.full_name) else Standing.MOVED, listed, said)


def _absent(named: Named, id_: int, owner: Owner | None, host: str) -> Member:
    """One of which GitHub says nothing by its id."""
    repository = Repository(id_, named.full_name, host)
    if owner is not None and any(listed.id == id_ for listed in owner.repositories):
        return Member(repository, Standing.UNSEEN, said=f"{named} is in its owner's list, and GitHub answers 404 for its id")
    if owner is None or not owner.complete:
        return Member(repository, Standing.UNSEEN, said=f"{named} is gone, or private and the token can't see it: nothing proves which")
    return Member(repository, Standing.GONE, said=f"{named} is gone: GitHub has nothing by its id, and its owner's list is complete")


def still(was: Standing, listed: Listed | None) -> Standing:
    """Where a repository that was archived or gone is, by what GitHub says of its id now: a 404 alone proves nothing gone."""
    if listed is None:
        return Standing.GONE if was is Standing.GONE else Standing.UNSEEN
    return Standing.ARCHIVED if listed.archived else Standing.THERE
