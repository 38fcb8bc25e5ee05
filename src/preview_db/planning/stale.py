"""Which previews are stale. Pure: previews and what GitHub says of them in, a verdict with its reason for each out.

The planner is the same for one pull request and for all: a verdict is a :class:`preview_db.planning.steps.DesiredState`, and
:func:`preview_db.planning.plan.make` turns it into steps.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from . import identity, plan
from .decide import unwanted
from .events import PullRequest, queued_number
from .model import Configuration, Database, Kind, Repository, Scope
from .settings import Inputs
from .steps import Action, DesiredState, Plan
from .words import count

CLOSE_TAKES = timedelta(minutes=10)
"""How long after a close its own run may still be at work: until then nobody has missed anything."""


class StaleReason(enum.StrEnum):
    """What a verdict rests on. ``repository`` is on the repository itself, and ``doubt`` on nothing that could be read."""

    CLOSED = "closed"
    UNWANTED = "unwanted"
    IDLE = "idle"
    GONE = "gone"
    REPOSITORY = "repository"
    WANTED = "wanted"
    DOUBT = "doubt"


@dataclasses.dataclass(frozen=True, slots=True)
class RepositoryState:
    """What GitHub says, read after the databases.

    Attributes:
        pull_requests: those that are open, and of the others those that could be found, by number.
        branches: the names of all that exist.
        queued: the numbers of the pull requests with a live merge queue entry.
    """

    pull_requests: Mapping[int, PullRequest] = dataclasses.field(default_factory=dict)
    branches: Sequence[str] = ()
    queued: frozenset[int] = frozenset()


@dataclasses.dataclass(frozen=True, slots=True)
class Preview:
    """What exists of one scope: usually one database. Of a branch only the slug is known, until a live one is found to match.

    Attributes:
        configurations: its Hyperdrive configurations, as far as they were asked for. There may be one without any database.
    """

    scope: Scope
    tag: str
    databases: tuple[Database, ...]
    configurations: tuple[Configuration, ...] = ()

    @property
    def identity(self) -> str:
        return self.databases[0].identity if self.databases else self.configurations[0].name

    @property
    def name(self) -> str:
        """What is shown of it: the name of its database."""
        return self.databases[0].name if self.databases else self.configurations[0].name

    @property
    def created_at(self) -> datetime:
        return (self.databases or self.configurations)[0].created_at


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a preview should be deleted.

    Attributes:
        since: when what it rests on began: the close, or the last activity; none if GitHub doesn't say.
        missed: whether a close event that should have done this never came.
    """

    preview: Preview
    why: StaleReason
    reason: str
    plan: Plan
    since: datetime | None = None
    missed: bool = False

    @property
    def deletions(self) -> int:
        """Databases it deletes; 1 if all that is left of the preview is a Hyperdrive configuration."""
        return len(self.plan.of(Action.DELETE)) or int(not self.preview.databases and bool(self.plan.of(Action.DELETE_CONFIGURATION)))


class SweepStatus(enum.StrEnum):
    """What became of a preview in a sweep."""

    KEPT = "kept"
    DELETED = "deleted"
    WOULD_GO = "would go"
    BEYOND = "beyond max_deletions"
    FAILED = "failed"
    LEFT = "left for the next sweep"


@dataclasses.dataclass(frozen=True, slots=True)
class Swept:
    """A preview after the sweep. ``note`` says what went wrong, or what was tidied in one that stays."""

    verdict: Verdict
    status: SweepStatus
    note: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Sweep:
    """What a sweep found and what became of it.

    Attributes:
        others: databases of the project that are none of this repository's previews, counted by what they are.
        configurations: how many Hyperdrive configurations the account had, all in all; none if they were not asked for.
        state: what GitHub said, on which the verdicts rest.
    """

    swept: tuple[Swept, ...]
    others: Mapping[str, int]
    now: datetime
    dry_run: bool = False
    state: RepositoryState = dataclasses.field(default_factory=RepositoryState)
    configurations: int | None = None

    def of(self, *statuses: SweepStatus) -> tuple[Swept, ...]:
        return tuple(swept for swept in self.swept if swept.status in statuses)


def others(databases: Iterable[Database], repository: Repository) -> dict[str, int]:
    """How many of ``databases`` are not this repository's previews, by what they are. None of them is ever touched."""
    found = {"default databases": 0, "other repositories' previews": 0, "made by hand": 0}
    for database in databases:
        if database.is_default:
            found["default databases"] += 1
        elif not identity.is_ours(database.identity, repository):
            found["other repositories' previews" if identity.looks_like_one(database.identity) else "made by hand"] += 1
    return found


def previews(databases: Iterable[Database], repository: Repository, configurations: Iterable[Configuration] = ()) -> list[Preview]:
    """The previews of ``repository``, each with all its databases and Hyperdrive configurations; everything else is passed over."""
    found: dict[str, tuple[Scope, list[Database], list[Configuration]]] = {}
    for database in databases:
        described = None if database.is_default else identity.described(database.identity, repository)
        if described is not None:
            scope, tag = described
            found.setdefault(tag, (scope, [], []))[1].append(database)
    for configuration in configurations:
        if (described := identity.described(configuration.name, repository)) is not None:
            scope, tag = described
            found.setdefault(tag, (scope, [], []))[2].append(configuration)
    return [Preview(scope, tag, tuple(members), tuple(pointing)) for tag, (scope, members, pointing) in sorted(found.items())]


def judge(preview: Preview, view: RepositoryState, inputs: Inputs, now: datetime) -> Verdict:
    """Whether anybody wants ``preview``, and the steps that follow."""
    scope, why, reason, since = _asked_for(preview, view, inputs, now)
    if not preview.databases and why in (StaleReason.UNWANTED, StaleReason.IDLE):
        # An account's configurations are those of all projects, and another's workflow may want what this one doesn't.
        why, reason, since = StaleReason.WANTED, f"{reason}, and has no database in this project", None
    desired = DesiredState(
        scope=scope,
        tag=preview.tag,
        present=why is StaleReason.WANTED,
        reason=reason,
        now=now,
        may_create=False,
        connections=(),
        grace=inputs.credential_grace,
    )
    missed = why is StaleReason.CLOSED and (since is None or now - since > CLOSE_TAKES)
    steps = plan.make(desired, preview.databases, preview.configurations)
    if why is StaleReason.WANTED and len(preview.databases) - len(steps.of(Action.DELETE)) > 1:
        reason += ", and may be in the middle of a reset"  # else one would stay
    return Verdict(dataclasses.replace(preview, scope=scope), why, reason, steps, since, missed)


def judge_by_repository(preview: Preview, reason: str, now: datetime, *, delete: bool) -> Verdict:
    """The verdict on a preview of a repository that is gone or archived: its pull requests have no say any more."""
    desired = DesiredState(scope=preview.scope, tag=preview.tag, present=False, reason=reason, now=now)
    return Verdict(
        preview, StaleReason.REPOSITORY, reason, plan.make(desired, preview.databases, preview.configurations) if delete else Plan(())
    )


def in_doubt(preview: Preview, reason: str) -> Verdict:
    """The verdict where nobody could be asked: it stays, and all that is in it."""
    return Verdict(preview, StaleReason.DOUBT, reason, Plan(()))


def in_order(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Those that delete something, closed longest first; what GitHub gives no time for is older than what it does."""
    oldest = datetime.min.replace(tzinfo=UTC)
    order = list(StaleReason)
    return sorted(
        (verdict for verdict in verdicts if verdict.deletions),
        key=lambda verdict: (
            order.index(verdict.why),
            verdict.since or oldest,
            verdict.preview.created_at,
            verdict.preview.tag,
        ),
    )


def within(verdicts: Iterable[Verdict], limit: int) -> tuple[list[Verdict], list[Verdict]]:
    """Those whose deletions fit into ``limit``, in :func:`in_order`, and those beyond it. A preview goes whole or not at all."""
    fitting: list[Verdict] = []
    beyond: list[Verdict] = []
    for verdict in in_order(verdicts):
        if verdict.deletions <= limit and not beyond:
            limit -= verdict.deletions
            fitting.append(verdict)
        else:
            beyond.append(verdict)
    return fitting, beyond


def _asked_for(preview: Preview, view: RepositoryState, inputs: Inputs, now: datetime) -> tuple[Scope, StaleReason, str, datetime | None]:
    scope = preview.scope
    if scope.kind is Kind.BRANCH:
        live = identity.branch_scope(preview.identity, scope.repository, view.branches)
        if live is not None:
            return live, StaleReason.WANTED, f"the branch {live.ref} exists", None
        return scope, StaleReason.GONE, "its branch is gone", None
    if scope.kind is Kind.MERGE_QUEUE:
        if int(scope.ref) in view.queued:
            return scope, StaleReason.WANTED, f"pull request #{scope.ref} is in the merge queue", None
        return scope, StaleReason.GONE, f"pull request #{scope.ref} left the merge queue", None
    pull_request = view.pull_requests.get(int(scope.ref))
    if pull_request is None:
        return scope, StaleReason.CLOSED, f"pull request #{scope.ref} is not open", None
    name = f"pull request #{pull_request.number}"
    why_not = unwanted(pull_request, inputs)
    if not pull_request.is_open:
        return scope, StaleReason.CLOSED, f"{name} {why_not}", pull_request.closed_at
    if why_not is not None:
        return scope, StaleReason.UNWANTED, f"{name} {why_not}", pull_request.updated_at
    idle = now - pull_request.updated_at
    if inputs.max_idle is not None and idle > inputs.max_idle:
        if pull_request.draft:
            return scope, StaleReason.WANTED, f"{name} is a draft, and drafts are not stale", None
        if pull_request.has_label(inputs.keep_label):
            return scope, StaleReason.WANTED, f"{name} bears the label {inputs.keep_label}", None
        return scope, StaleReason.IDLE, f"nothing has happened in {name} for {age(idle)}", pull_request.updated_at
    return scope, StaleReason.WANTED, f"{name} is open", None


def idle_longest(previews: Iterable[Preview], pull_requests: Iterable[PullRequest], now: datetime, *, most: int = 5) -> list[str]:
    """The pull requests whose previews have been idle longest, each with for how long: what could go where there is no more room."""
    open_ones = {pull_request.number: pull_request for pull_request in pull_requests}
    numbers = {number for preview in previews if (number := preview.scope.pull_request) is not None}
    closed = [f"#{number} (not open)" for number in sorted(numbers - open_ones.keys())]
    idle = sorted(
        (pull_request for number, pull_request in open_ones.items() if number in numbers), key=lambda pull_request: pull_request.updated_at
    )
    return [*closed, *(f"#{pull_request.number} (nothing for {age(now - pull_request.updated_at)})" for pull_request in idle)][:most]


def queued_numbers(refs: Iterable[str]) -> frozenset[int]:
    """The pull requests that ``refs``, as far as they are a merge queue's, are for."""
    return frozenset(number for ref in refs if (number := queued_number(ref)) is not None)


def age(value: timedelta) -> str:
    """A time span as a person says it: in days from two days on, in hours from two hours on, else in minutes."""
    minutes = int(value.total_seconds()) // 60
    if minutes >= 2 * 24 * 60:
        return f"{minutes // (24 * 60)} days"
    return f"{minutes // 60} hours" if minutes >= 120 else count(max(minutes, 0), "minute")
