"""The repositories of the GitHub stand-in and the tokens that see them: the job's own repository, and as many more as are put there.

A repository's id never changes. A name is whoever's it was given to last; one that was renamed or transferred is still found by its old
name until another takes that.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from ..store import Archive, Table
from .repository import Repository

FIRST_ID = 2_000_000
"""Where the ids of further repositories begin, unless they are given."""


@dataclass(frozen=True, slots=True)
class Hosted:
    """A repository as the server keeps it. ``former`` are names it had before; one that was deleted is kept, so that its id stays used."""

    id: int
    full_name: str
    private: bool = False
    archived: bool = False
    deleted: bool = False
    former: list[str] = field(default_factory=list)

    @property
    def key(self) -> str:
        return str(self.id)

    @property
    def owner(self) -> str:
        return self.full_name.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Token:
    """An App's token: the repositories it is for, by their ids (None for all), and whether its App may read the organisation's plan."""

    value: str
    repositories: list[int] | None = None
    counts: bool = False

    @property
    def key(self) -> str:
        return self.value

    def sees(self, hosted: Hosted) -> bool:
        return not hosted.private or self.repositories is None or hosted.id in self.repositories


class Server:
    """All repositories, by name and by id.

    Args:
        first: the one whose workflows run here. The job's token is its own.
    """

    def __init__(self, first: Repository, archive: Archive, *, token: str, clock: Callable[[], float] = time.time) -> None:
        self.first = first
        self.people: set[str] = set()
        """Accounts that are no organisation, in lower case."""
        self._archive = archive
        self._clock = clock
        self._hosted = Table(Hosted, archive)
        self._tokens = Table(Token, archive)
        self._open: dict[int, Repository] = {first.id: first}
        self._job = Token(token, [first.id])
        if not len(self._hosted):
            self._hosted.put(Hosted(first.id, first.full_name))

    def token(self, value: str) -> Token | None:
        """The token that reads ``value``; None if there is none."""
        if hmac.compare_digest(value.encode(), self._job.value.encode()):
            return self._job
        return self._tokens.get(value)

    def put_token(self, value: str, *, repositories: list[int] | None, counts: bool) -> Token:
        return self._tokens.put(Token(value, repositories, counts))

    def __iter__(self) -> Iterator[Hosted]:
        """Those that exist, by their ids, which is the order in which they were made."""
        return iter(sorted((hosted for hosted in self._hosted if not hosted.deleted), key=lambda hosted: hosted.id))

    def by_id(self, id: int) -> Hosted | None:
        found = self._hosted.get(str(id))
        return found if found and not found.deleted else None

    def by_name(self, full_name: str) -> Hosted | None:
        """The one that is called so, or else was last."""
        name = full_name.lower()
        existing = list(self)
        now = [hosted for hosted in existing if hosted.full_name.lower() == name]
        before = [hosted for hosted in reversed(existing) if name in hosted.former]
        return next(iter([*now, *before]), None)

    def put(self, full_name: str, changes: dict[str, Any]) -> Hosted:
        """Make the repository that is called so, or change it; another ``full_name`` renames or transfers it."""
        name, id = full_name.lower(), changes.pop("id", None)
        before = next((hosted for hosted in self if hosted.full_name.lower() == name), None)
        if before is None:
            highest = max((hosted.id for hosted in self._hosted if hosted.id >= FIRST_ID), default=FIRST_ID)
            before = Hosted(id or highest + 1, full_name)
        after = replace(before, **changes)
        if after.full_name != before.full_name:
            after = replace(after, former=[*before.former, before.full_name.lower()])
            pulls = self.repository(before).pulls
            for pull in pulls:
                if pull.head_repo == before.full_name:
                    pulls.put(replace(pull, head_repo=after.full_name))
        return self._show(self._hosted.put(after))

    def repository(self, hosted: Hosted) -> Repository:
        """What is in it."""
        found = self._open.get(hosted.id)
        if found is None:
            found = Repository(hosted.full_name, hosted.id, self._archive.part(hosted.key), self._clock)
            self._open[hosted.id] = found
            self._show(hosted)
        found.token_login = self.first.token_login
        return found

    def _show(self, hosted: Hosted) -> Hosted:
        """Have what the repository says of itself be so."""
        if (repository := self._open.get(hosted.id)) is not None:
            repository.full_name, repository.private, repository.archived = hosted.full_name, hosted.private, hosted.archived
        return hosted
