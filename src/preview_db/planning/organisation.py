"""What one sweep of many repositories finds: whose the databases are, what may go, and what became of it. Pure."""

from __future__ import annotations

import dataclasses
import functools
import operator
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from . import identity, stale
from .model import Database, Project, Repository
from .repositories import Listed, Member, Shard
from .stale import Preview, Sweep, SweepStatus, Swept, Verdict


@dataclasses.dataclass(frozen=True, slots=True)
class Doubt:
    """Something that could not be read, or not be believed. All that hangs on it stays as it is, and the sweep fails at its end.

    Attributes:
        about: a repository, an owner's list or a project.
    """

    about: str
    why: str


@dataclasses.dataclass(frozen=True, slots=True)
class Unlisted:
    """Previews whose tag fits no repository of the sweep, by what their names have in common. Counted, and never touched.

    Attributes:
        slug: what the names say of the repository, for a person to recognise.
        tag: what tells its previews from those of all others; which repository that is can't be told from it.
    """

    project: Project
    slug: str
    tag: str
    databases: int
    oldest: datetime


@dataclasses.dataclass(frozen=True, slots=True)
class Correction:
    """What the one comment on a pull request that bears ``marker`` should read, if there is one."""

    repository: Listed
    pull_request: int
    marker: str
    body: str


@dataclasses.dataclass(frozen=True, slots=True)
class Usage:
    """What a database has used, in the time that the Management API counts."""

    operations: int
    storage_gib: float

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.operations + other.operations, self.storage_gib + other.storage_gib)


@dataclasses.dataclass(frozen=True, slots=True)
class RepositorySweep:
    """What became of one repository's previews in one project.

    Attributes:
        usage: of its databases, by their ids, as far as it was asked for and told.
    """

    member: Member
    project: Project
    sweep: Sweep
    usage: Mapping[str, Usage] = dataclasses.field(default_factory=dict)

    @property
    def used(self) -> Usage | None:
        """All of it together; none if nothing is known."""
        return _total(self.usage.values())

    def used_by(self, preview: Preview) -> Usage | None:
        """What the databases of ``preview`` have used together; none if nothing is known of any."""
        return _total(self.usage[database.id] for database in preview.databases if database.id in self.usage)


@dataclasses.dataclass(frozen=True, slots=True)
class OrganisationSweep:
    """What a sweep of many repositories found, and what became of it.

    Attributes:
        parts: of each repository that has previews, a part for each project.
        members: all repositories of this shard, in the order of their names.
        others: databases that are nobody's previews, by what they are.
        unlisted: told by the first shard only, so that the shards' reports add up.
        configurations: how many Hyperdrive configurations the account had, all in all; none if they were not asked for.
    """

    projects: tuple[Project, ...]
    members: tuple[Member, ...]
    parts: tuple[RepositorySweep, ...]
    unlisted: tuple[Unlisted, ...]
    others: Mapping[str, int]
    doubts: tuple[Doubt, ...]
    shard: Shard
    now: datetime
    dry_run: bool = False
    configurations: int | None = None

    @property
    def swept(self) -> tuple[Swept, ...]:
        return tuple(swept for part in self.parts for swept in part.sweep.swept)

    def of(self, *statuses: SweepStatus) -> tuple[Swept, ...]:
        return tuple(swept for swept in self.swept if swept.status in statuses)


@dataclasses.dataclass(frozen=True, slots=True)
class SortedOut:
    """A project's databases by whose they are.

    Attributes:
        by_repository: by the repository's id.
        unlisted: those that look like a preview, and fit no repository that is known.
        others: how many there are of the rest, by what they are.
    """

    by_repository: Mapping[int, Sequence[Database]]
    unlisted: Sequence[Database]
    others: Mapping[str, int]


def _total(usages: Iterable[Usage]) -> Usage | None:
    known = list(usages)
    return functools.reduce(operator.add, known) if known else None


def sort_out(databases: Iterable[Database], repositories: Iterable[Repository]) -> SortedOut:
    """Whose each of ``databases`` is, by its tag and nothing else."""
    candidates: dict[str, list[Repository]] = {}
    for repository in repositories:
        candidates.setdefault(identity.repository_tag(repository), []).append(repository)
    by_repository: dict[int, list[Database]] = {}
    unlisted: list[Database] = []
    others = {"default databases": 0, "made by hand": 0}
    for database in databases:
        if database.is_default:
            others["default databases"] += 1
            continue
        suspects = candidates.get(identity.repository_tag_of(database.identity), ())
        owner = next((repository for repository in suspects if identity.is_ours(database.identity, repository)), None)
        if owner is not None:
            by_repository.setdefault(owner.id, []).append(database)
        elif identity.looks_like_one(database.identity):
            unlisted.append(database)
        else:
            others["made by hand"] += 1
    return SortedOut(by_repository, unlisted, others)


def grouped(project: Project, unlisted: Iterable[Database]) -> list[Unlisted]:
    """Previews that fit no repository, a group for each repository that they must be of; the largest first."""
    groups: dict[tuple[str, str], list[Database]] = {}
    for database in unlisted:
        key = identity.slug_of(database.identity), identity.repository_tag_of(database.identity)
        groups.setdefault(key, []).append(database)
    found = [
        Unlisted(project, slug, tag, len(members), min(database.created_at for database in members))
        for (slug, tag), members in groups.items()
    ]
    return sorted(found, key=lambda group: (-group.databases, group.slug, group.tag))


def within(by_repository: Iterable[Sequence[Verdict]], limit: int, limit_each: int | None) -> tuple[list[Verdict], list[Verdict]]:
    """The verdicts whose deletions fit into the limits, and those beyond: of each repository at most ``limit_each``, of all ``limit``."""
    beyond: list[Verdict] = []
    candidates: list[Verdict] = []
    for verdicts in by_repository:
        fitting, rest = (verdicts, ()) if limit_each is None else stale.within(verdicts, limit_each)
        candidates += fitting
        beyond += rest
    fitting, rest = stale.within(candidates, limit)
    return fitting, [*beyond, *rest]
