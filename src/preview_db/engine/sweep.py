"""The sweep: observe everything, then read GitHub, judge, and take away what nobody wants, side by side and gently."""

from __future__ import annotations

import dataclasses
import queue
import threading
from collections.abc import Callable, Iterable
from datetime import datetime

from ..deadline import Deadline
from ..errors import Mismatch, PreviewError
from ..interrupts import Interrupts
from ..planning import stale
from ..planning.model import Action, Database, Kind, Repository, Step
from ..planning.settings import Inputs
from ..planning.stale import Fate, Preview, Sweep, Swept, Verdict, View, Why
from ..services.github.repository import GitHubRepository
from ..services.prisma.client import ManagementApi
from ..services.prisma.models import Project, bare

AT_ONCE = 4
"""Deletions side by side: quick on a thousand databases, and still gentle on rate limits nobody publishes."""

CLOSED_PAGES = 10
"""How far back closed pull requests are searched for when they closed. Older ones count as closed longest."""

_SAY_EVERY = 25
_TO_END = 3.0


@dataclasses.dataclass(slots=True)
class Sweeper:
    """Sweeps one repository's previews in one project.

    Any doubt before the first deletion (an API that can't be read, a list that breaks off, a project or repository that is not the one
    asked for) raises, and nothing is deleted.

    Attributes:
        log: takes a line for the person who watches.
    """

    api: ManagementApi
    project: Project
    github: GitHubRepository
    repository: Repository
    inputs: Inputs
    log: Callable[[str], None]
    interrupts: Interrupts
    now: datetime
    _reading: threading.Lock = dataclasses.field(default_factory=threading.Lock)
    _stopping: threading.Event = dataclasses.field(default_factory=threading.Event)

    def run(self, *, dry_run: bool) -> Sweep:
        """Sweeps, or says what a sweep would do. One deletion that fails stays in the result and stops nothing."""
        databases = self._databases()
        previews = stale.previews(databases, self.repository)
        self.log(f"{len(databases)} databases in the project, {len(previews)} previews of {self.repository.full_name}")
        view = self._view(previews)
        verdicts = [stale.judge(preview, view, self.inputs, self.now) for preview in previews]
        fitting, beyond = stale.within(verdicts, self.inputs.max_deletions)
        tidied = [verdict for verdict in verdicts if not verdict.deletions]
        self.log(f"{len(fitting)} are to go, {len(beyond)} are beyond max_deletions, {len(tidied)} stay")
        swept = [Swept(verdict, Fate.BEYOND) for verdict in beyond]
        if dry_run:
            swept += [Swept(verdict, Fate.KEPT if verdict.why is Why.WANTED else Fate.WOULD_GO) for verdict in fitting]
            swept += [Swept(verdict, Fate.KEPT) for verdict in tidied]
        else:
            swept += self._side_by_side([*fitting, *tidied])
        return Sweep(tuple(swept), stale.others(databases, self.repository), self.now, dry_run)

    def _databases(self) -> list[Database]:
        listed = self.api.databases(self.project.id)
        for database in listed:
            if bare(database.project.id) != bare(self.project.id):
                raise Mismatch(
                    f"The Management API listed a database of the project {database.project.id} instead of {self.project.id}.",
                    cause="The answer is not about what was asked.",
                    remedy="Nothing was deleted. Run the sweep again; if it stays, tell Prisma's support.",
                )
        return [database.noun() for database in listed]

    def _view(self, previews: Iterable[Preview]) -> View:
        """What GitHub says of what there are previews of; what there is none of is not asked for."""
        scopes = [preview.scope for preview in previews]
        if not scopes:
            return View()
        if (found := self.github.id()) != self.repository.id:
            raise Mismatch(
                f"GitHub's {self.repository.full_name} is the repository {found} instead of {self.repository.id}.",
                cause="Another repository has taken the name, or the token belongs to another GitHub.",
                remedy="Nothing was deleted. Run the sweep in a workflow of the repository itself.",
            )
        numbers = {number for scope in scopes if (number := scope.pull_request) is not None}
        known = {one.number: one for one in self.github.open_pull_requests()} if numbers else {}
        if closed := numbers - known.keys():
            known |= {one.number: one for one in self.github.closed_pull_requests(closed, pages=CLOSED_PAGES)}
        kinds = {scope.kind for scope in scopes}
        return View(
            pull_requests=known,
            branches=self.github.branches() if Kind.BRANCH in kinds else (),
            queued=self._queued() if Kind.MERGE_QUEUE in kinds else frozenset(),
        )

    def _queued(self) -> frozenset[int]:
        return frozenset(number for ref in self.github.queue() if (number := stale.queued_number(ref)) is not None)

    def _side_by_side(self, verdicts: list[Verdict]) -> list[Swept]:
        """Carries them out. If the run is to stop, what has begun gets a moment to end; the rest is left for the next sweep."""
        waiting: queue.SimpleQueue[Verdict] = queue.SimpleQueue()
        ended: queue.SimpleQueue[Swept | Exception] = queue.SimpleQueue()
        for verdict in (due := [one for one in verdicts if one.plan.steps]):
            waiting.put(verdict)
        # Daemons, which the end of the process does not wait for: one may be in the middle of a read that takes its time.
        workers = [threading.Thread(target=self._work, args=(waiting, ended), name=f"sweep-{n}", daemon=True) for n in range(AT_ONCE)]
        swept: list[Swept] = []
        try:
            for worker in workers:
                worker.start()
            while len(swept) < len(due):
                one = ended.get()
                if isinstance(one, Exception):
                    raise one
                swept.append(one)
                self.interrupts.reached(f"after {len(swept)} of {len(due)} previews")
                if len(swept) % _SAY_EVERY == 0:
                    self.log(f"{len(swept)} of {len(due)} previews done")
        except BaseException:
            self._stopping.set()
            patience = Deadline.after(_TO_END)
            for worker in (one for one in workers if one.ident is not None):
                worker.join(patience.left)
            self.interrupts.reached(f"after {len(swept) + ended.qsize()} of {len(due)} previews")
            raise
        return swept

    def _work(self, waiting: queue.SimpleQueue[Verdict], ended: queue.SimpleQueue[Swept | Exception]) -> None:
        while not self._stopping.is_set():
            try:
                verdict = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                if (swept := self._carry_out(verdict)) is not None:
                    ended.put(swept)
            except Exception as error:  # noqa: BLE001 - the other thread raises it
                ended.put(error)

    def _carry_out(self, verdict: Verdict) -> Swept | None:
        """What became of it; none if it was not begun, since the run is to stop."""
        try:
            if verdict.deletions:
                verdict = self._once_more(verdict)
            if self._stopping.is_set():
                return None
            done = [self._apply(step) for step in verdict.plan.of(Action.DELETE, Action.REVOKE)]
        except PreviewError as error:
            return Swept(verdict, Fate.FAILED, error.what)
        if verdict.why is not Why.WANTED:
            self.log(f"✓ delete {verdict.plan.steps[0].subject}: {verdict.reason}")
            return Swept(verdict, Fate.DELETED)
        return Swept(verdict, Fate.KEPT, "; ".join(done))

    def _once_more(self, verdict: Verdict) -> Verdict:
        """The verdict on what GitHub says right before the deletion: a pull request may have been reopened meanwhile."""
        scope = verdict.preview.scope
        with self._reading:  # PyGithub's session is not made to be shared
            if scope.pull_request is not None:
                now = self.github.pull_request(scope.pull_request)
                view = View(pull_requests={scope.pull_request: now} if now else {})
            elif scope.kind is Kind.BRANCH:
                view = View(branches=self.github.branches())
            else:
                view = View(queued=self._queued())
        return stale.judge(verdict.preview, view, self.inputs, self.now)

    def _apply(self, step: Step) -> str:
        if step.action is Action.DELETE and step.database is not None and not step.database.is_default:
            self.api.delete_database(step.database.id)
            return f"deleted {step.subject}: {step.reason}"
        if step.action is Action.REVOKE and step.connection is not None:
            self.api.delete_connection(step.connection.id)
            return f"revoked {step.subject}"
        raise LookupError(step)
