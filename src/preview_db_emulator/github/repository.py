"""A repository on GitHub: the models of what is in it. The HTTP side is api.py; how many there are, server.py.

Times are kept as GitHub writes them, ``2026-01-31T12:00:00Z``.
"""

from __future__ import annotations

import datetime
import hashlib
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from ..store import Archive, Table
from .limits import RateLimit

DEFAULT_BRANCH = "main"
BOT = "github-actions[bot]"


@dataclass(frozen=True, slots=True)
class PullRequest:
    """``head_repo`` is the full name of the repository its branch is in, None once that is deleted."""

    number: int
    title: str
    user: str
    head_ref: str
    head_sha: str
    head_repo: str | None
    created_at: str
    updated_at: str
    body: str | None = None
    base_ref: str = DEFAULT_BRANCH
    state: str = "open"
    merged: bool = False
    draft: bool = False
    labels: list[str] = field(default_factory=list)
    closed_at: str | None = None
    merged_at: str | None = None

    @property
    def key(self) -> str:
        return str(self.number)


class _Numbered(Protocol):
    @property
    def id(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Comment:
    id: int
    issue: int
    body: str
    login: str
    kind: str
    created_at: str
    updated_at: str
    minimized: str | None = None

    @property
    def key(self) -> str:
        return str(self.id)


@dataclass(frozen=True, slots=True)
class Reaction:
    id: int
    comment: int
    content: str
    login: str
    created_at: str

    @property
    def key(self) -> str:
        return str(self.id)


@dataclass(frozen=True, slots=True)
class GitBranch:
    name: str
    sha: str

    @property
    def key(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Permission:
    login: str
    permission: str

    @property
    def key(self) -> str:
        return self.login.lower()


@dataclass(frozen=True, slots=True)
class Deployment:
    """``fields`` is what the client sent, with GitHub's defaults filled in."""

    id: int
    sha: str
    created_at: str
    updated_at: str
    fields: dict[str, Any]

    @property
    def key(self) -> str:
        return str(self.id)


@dataclass(frozen=True, slots=True)
class DeploymentStatus:
    id: int
    deployment: int
    created_at: str
    fields: dict[str, Any]

    @property
    def key(self) -> str:
        return str(self.id)


@dataclass(frozen=True, slots=True)
class Environment:
    """Comes with the first deployment to it, and stays."""

    id: int
    name: str
    created_at: str

    @property
    def key(self) -> str:
        return self.name


class Repository:
    """Pull requests, comments, branches, permissions and deployments of ``full_name``."""

    def __init__(self, full_name: str, id: int, archive: Archive, clock: Callable[[], float]) -> None:
        self.full_name = full_name
        self.private = self.archived = False
        self.id = id
        self.token_login = BOT
        """Whom the token acts as: it writes under this name."""
        self.rate_limit = RateLimit(clock=clock)
        self.pulls = Table(PullRequest, archive)
        self.comments = Table(Comment, archive)
        self.reactions = Table(Reaction, archive)
        self.branches = Table(GitBranch, archive)
        self.permissions = Table(Permission, archive)
        self.deployments = Table(Deployment, archive)
        self.statuses = Table(DeploymentStatus, archive)
        self.environments = Table(Environment, archive)
        self._clock = clock
        numbered: tuple[Iterable[_Numbered], ...] = (*(self.comments, self.reactions, self.deployments, self.statuses, self.environments),)
        highest = max((item.id for table in numbered for item in table), default=1_000_000)
        self._ids = itertools.count(highest + 1)
        if not len(self.branches):
            self.put_branch(DEFAULT_BRANCH)

    def now(self) -> str:
        return moment(self._clock())

    def next_id(self) -> int:
        return next(self._ids)

    def put_branch(self, name: str, sha: str | None = None) -> GitBranch:
        return self.branches.put(GitBranch(name, sha or made_up_sha(name)))

    def put_pull(self, number: int, changes: dict[str, Any]) -> PullRequest:
        """Create or change a pull request, with all that closing, merging and reopening bring along."""
        now = self.now()
        before = self.pulls.get(str(number)) or PullRequest(
            number=number,
            title=f"Pull request {number}",
            user="octocat",
            head_ref=f"feature-{number}",
            head_sha=made_up_sha(str(number)),
            head_repo=self.full_name,
            created_at=now,
            updated_at=now,
        )
        after = replace(before, **{"updated_at": now, **changes})
        if after.merged and "state" not in changes:
            after = replace(after, state="closed")
        if after.state == "open":
            after = replace(after, merged=False, merged_at=None, closed_at=None)
        else:
            after = replace(after, closed_at=after.closed_at or now)
        if after.merged:
            after = replace(after, merged_at=after.merged_at or after.closed_at)
        return self.pulls.put(after)

    def comments_on(self, number: int) -> list[Comment]:
        return [comment for comment in self.comments if comment.issue == number]

    def comment(self, number: int, body: str, *, login: str, kind: str = "User") -> Comment:
        """Write a comment; whose ``login`` ends in ``[bot]`` is a bot, whatever ``kind`` says."""
        now = self.now()
        return self.comments.put(Comment(self.next_id(), number, body, login, kind, now, now))

    def permission_of(self, login: str) -> str:
        """``admin``, ``write``, ``read`` or ``none``; anybody may read a public repository."""
        if login.lower() == self.full_name.split("/")[0].lower():
            return "admin"
        found = self.permissions.get(login.lower())
        return found.permission if found else "read"

    def statuses_of(self, deployment: int) -> list[DeploymentStatus]:
        """Newest first."""
        return [status for _, status in self.statuses.newest_first() if status.deployment == deployment]

    def resolve(self, ref: str) -> str | None:
        """The commit a branch, tag or SHA stands for, or None."""
        branch = self.branches.get(ref.removeprefix("refs/heads/"))
        if branch:
            return branch.sha
        for pull in self.pulls:
            if ref in (pull.head_ref, f"refs/pull/{pull.number}/head", f"refs/pull/{pull.number}/merge"):
                return pull.head_sha
        return ref if len(ref) == 40 and set(ref) <= set("0123456789abcdef") else None


def moment(seconds: float) -> str:
    """Unix seconds as GitHub writes a time."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def made_up_sha(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
