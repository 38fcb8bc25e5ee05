"""What is done inside a database before it is handed out: anonymize a clone, apply migrations, run the seed, compare the schema."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from ..interrupts import Interrupts
from ..planning import identity, migrations, schema
from ..planning.contents import Migrated, Scripts
from ..planning.migrations import Comparison, Migration, MigrationFolder
from ..planning.steps import Step
from ..planning.words import count
from .databases import POLL
from .inside import CompareFailed, Inside, MigrationFailed, MigrationsDiffer, RulesFailed, SeedFailed, outcome_of
from .turn import PlanOutdated, Turn

if TYPE_CHECKING:
    from ..services.postgres.inside import Session, State

_FRESH, _ANONYMIZED, _SEEDED, _SCHEMA = "created", "anonymized", "seeded", "schema"
"""Marks in the database itself."""

_LOOKS = 10
"""How often, a second apart, it is looked whether the run that has created a clone has begun with its rules."""


@dataclasses.dataclass(frozen=True, slots=True)
class Data:
    """The steps inside a preview.

    Attributes:
        on_drift: whether migrations that don't fit fail the run, or have the database replaced by a new one.
        seed_always: whether the seed runs in a database that is not new, too.
    """

    inside: Inside
    scripts: Scripts
    on_drift: Literal["fail", "reset"]
    seed_always: bool
    interrupts: Interrupts
    sleep: Callable[[float], None]

    def anonymize(self, step: Step, turn: Turn) -> str:
        """Runs the rules in a clone that this run has created. One of another run's that bears no mark is replaced.

        Raises:
            PlanOutdated: it was another run's, and that run died before its rules were done.
            RulesFailed: they failed. The clone is of no use.
        """
        rules = self.scripts.rules
        assert rules is not None, "the step is planned only with rules"
        turn.contents = turn.contents._replace(anonymized=rules.path)
        mine = turn.handed_out.id in turn.progress.created
        with self.inside.working(RulesFailed, turn, step.subject, "The clone is deleted, and nobody was given a way in.") as session:
            if _ANONYMIZED in session.state.marks:
                return "its rules have run already"
            state = self.inside.locked(session) if mine else self._anonymized_by_another(session)
            if _ANONYMIZED in state.marks:
                return "its rules have run already"
            if not mine:
                turn.progress.unusable.add(turn.handed_out.id)
                raise PlanOutdated(f"{turn.handed_out.id} is a clone that was not anonymized; another is created in its place")
            self.inside.check_whose(turn)
            session.mark(_FRESH)
            with self.interrupts.step("the clone was anonymized"):
                session.run(rules, mark=_ANONYMIZED)
        return ""

    def migrate(self, step: Step, turn: Turn) -> str:
        """Applies what is pending.

        Raises:
            PlanOutdated: what is in the database does not fit, and a new one will take its place.
            MigrationsDiffer: what is in the database does not fit.
            MigrationFailed: one failed. It is recorded as such.
        """
        folder = self.scripts.migrations
        assert folder is not None, "the step is planned only with migrations"
        with self.inside.working(MigrationFailed, turn, step.subject, "It is recorded as failed, and none is applied after it.") as session:
            comparison = migrations.compare(folder, session.state.records, cloned_at=_cloned_at(turn))
            if not comparison.pending and not comparison.is_drift:
                return self._nothing_pending(folder, comparison, turn)
            state = self.inside.locked(session)  # what seems to have failed may be what another run is at
            self._mark_new(session, state, turn)
            comparison = migrations.compare(
                folder, state.records, unmanaged=self._is_unmanaged(session, state, folder), cloned_at=_cloned_at(turn)
            )
            if comparison.is_interrupted and session.was_begun():
                turn.progress.unusable.add(turn.handed_out.id)
                raise PlanOutdated(f"the run that created {turn.handed_out.id} was stopped as it migrated, and nobody was given a way in")
            if not comparison.pending or comparison.is_drift:
                return self._nothing_pending(folder, comparison, turn)
            self.inside.check_whose(turn)
            return self._apply(folder, comparison, session, turn, has_table=state.has_table)

    def seed(self, step: Step, turn: Turn) -> str:
        """Runs the seed in a new database, or in any if it is always to run.

        Raises:
            SeedFailed: it failed; nothing of it is left, unless it commits by itself.
        """
        left = "Nothing of the seed is left in the database, unless it commits by itself."
        with self.inside.working(SeedFailed, turn, step.subject, left) as session:
            if not self.seed_always and not self._is_to_be_seeded(session, session.state, turn):
                return "the database is not new, and its data is kept"
            state = self.inside.locked(session)
            if not self.seed_always and _SEEDED in state.marks:
                return "another run has just done so"
            self.inside.check_whose(turn)
            with self.interrupts.step("the seed has run"):
                session.run(*self.scripts.seed, mark=_SEEDED)
        paths = tuple(script.path for script in self.scripts.seed)
        turn.contents = turn.contents._replace(seeded=paths)
        return count(len(paths), "file")

    def compare(self, step: Step, turn: Turn) -> str:
        """Compares the schema with what it was: of a clone as it was cloned, of any other before this run's migrations."""
        from ..services.postgres import catalogue  # here, since most runs compare nothing

        with self.inside.working(CompareFailed, turn, step.subject, "What was done before stays.") as session:
            is_clone = turn.handed_out.source is not None
            if self.scripts.since_created:
                turn.before = self._begun_with(session, turn)
            elif turn.before is None and is_clone:
                self._look_before(session, turn)
            if turn.before is None:
                return "nothing was pending"
            now = catalogue.read(session.connection)
        against = "what it was cloned from" if is_clone else _AGAINST[self.scripts.since_created]
        found = schema.diff(turn.before, now, against=against)
        turn.contents = turn.contents._replace(schema=found)
        return found.headline or "no difference"

    @staticmethod
    def _begun_with(session: Session, turn: Turn) -> schema.Schema:
        if turn.handed_out.source is None:
            return schema.Schema.of(())
        noted = session.value(_SCHEMA)
        if not noted:
            error = CompareFailed(
                f"It is not known what {turn.handed_out.id} was cloned from.",
                cause="A clone notes that when it is created, if schema_diff is set then.",
                remedy="Set schema_diff: true (--schema-diff), and have the preview replaced: preview-db reset.",
            )
            error.outcome = outcome_of(turn)
            raise error
        return schema.Schema.from_json(noted)

    def _look_before(self, session: Session, turn: Turn) -> None:
        """Keeps the schema as it is before anything of the pull request's is in it: of a new clone in the database, for later runs."""
        from ..services.postgres import catalogue  # here, as above

        if not self.scripts.compares:
            return
        is_clone = turn.handed_out.source is not None
        noted = session.value(_SCHEMA) if is_clone else ""
        turn.before = schema.Schema.from_json(noted) if noted else catalogue.read(session.connection)
        if is_clone and not noted and turn.handed_out.id in turn.progress.created:
            session.mark(_SCHEMA, turn.before.to_json())

    def _apply(self, folder: MigrationFolder, comparison: Comparison, session: Session, turn: Turn, *, has_table: bool) -> str:
        from ..services.postgres import migrate  # here, since a run that has nothing to apply needs no more than a look
        from ..services.postgres.script import ScriptFailed

        done: list[str] = []

        @contextmanager
        def during(migration: Migration) -> Iterator[None]:
            with self.interrupts.step(f"the migration {migration.name} was applied"):
                yield
                done.append(migration.name)

        def so_far(failed: str = "", error: str = "") -> None:
            pending = tuple(migration.name for migration in comparison.pending if migration.name not in (*done, failed))
            migrated = Migrated(folder.path, len(comparison.applied), tuple(done), pending, failed, error, comparison.inherited)
            turn.contents = turn.contents._replace(migrated=migrated)

        self._look_before(session, turn)
        if turn.handed_out.id in turn.progress.created:
            session.begin()
        try:
            if not has_table:
                migrate.create_table(session.connection, folder.tool)
            migrate.apply(session.connection, folder.tool, comparison.pending, during=during)
        except ScriptFailed as failed:
            failed.file = comparison.pending[len(done)].name
            so_far(failed.file, failed.words)
            raise
        session.end()
        so_far()
        return f"{count(len(done), 'migration')} applied, the last of them {done[-1]}"

    def _nothing_pending(self, folder: MigrationFolder, comparison: Comparison, turn: Turn) -> str:
        if not comparison.is_drift:
            turn.contents = turn.contents._replace(migrated=Migrated(folder.path, len(comparison.applied), inherited=comparison.inherited))
            return f"up to date: {count(len(comparison.applied), 'migration')} applied before"
        if self.on_drift == "reset" and turn.handed_out.id not in turn.progress.created:
            turn.progress.unusable.add(turn.handed_out.id)
            raise PlanOutdated(f"{comparison.drift} A new database takes its place, as on_drift says")
        error = MigrationsDiffer(
            comparison.drift,
            cause=_WHY_THEY_DIFFER[comparison.failed is not None, comparison.unmanaged],
            remedy=_AS_IN_THE_SOURCE
            if turn.handed_out.id in turn.progress.created
            else "Comment /preview-db reset, or run the command reset: a new database gets all of the migrations. "
            "With on_drift: reset that is done without being asked; its data goes.",
        )
        name = comparison.failed.name if comparison.failed else ""
        pending = tuple(migration.name for migration in comparison.pending if migration.name != name)
        migrated = Migrated(folder.path, len(comparison.applied), (), pending, name, comparison.drift)
        turn.contents = turn.contents._replace(migrated=migrated)
        error.outcome = outcome_of(turn)
        raise error

    def _is_unmanaged(self, session: Session, state: State, folder: MigrationFolder) -> bool:
        """Whether the database holds something that Prisma's migrations did not make: they would fail half-way."""
        from ..services.postgres import migrate  # here, as above

        looks = folder.tool is migrations.Tool.PRISMA and not state.has_table
        return looks and migrate.holds_something(session.connection, only_public=True)

    def _is_to_be_seeded(self, session: Session, state: State, turn: Turn) -> bool:
        """Whether the database is new: created by this run, or by one that died before its seed, or with nothing in it."""
        if _SEEDED in state.marks:
            return False
        return _FRESH in state.marks or self._is_new(session, turn)

    def _mark_new(self, session: Session, state: State, turn: Turn) -> None:
        """Notes that the database is new before anything is in it, so that a run after one that died runs the seed."""
        if self.scripts.seed and not state.marks and self._is_new(session, turn):
            session.mark(_FRESH)

    @staticmethod
    def _is_new(session: Session, turn: Turn) -> bool:
        from ..services.postgres import migrate  # here, as above

        is_unfinished = turn.handed_out.id in turn.progress.created or identity.is_replacement(turn.handed_out.name)
        return is_unfinished or not migrate.holds_something(session.connection)

    def _anonymized_by_another(self, session: Session) -> State:
        """What the database says once the run that created it has had the time to begin, and whatever it is at is done."""
        for _ in range(_LOOKS):
            state = self.inside.locked(session)
            if state.marks:
                return state
            session.unlock()
            self.sleep(POLL)
        return self.inside.locked(session)


_AS_IN_THE_SOURCE = (
    "It is so in the database that source names: correct the branch's migrations to be those that are applied there, or record there that "
    "they are (prisma migrate resolve --applied)."
)
_AGAINST = {True: "an empty database", False: "before this run's migrations"}
_WHY_THEY_DIFFER = {
    (True, False): "An earlier run's migration failed or was stopped, and the state it left is not known.",
    (False, True): "It was made by 'prisma db push', by hand or by a source that has no migrations.",
    (False, False): "The branch was rebased, or a migration was changed after it had been applied here.",
}


def _cloned_at(turn: Turn) -> float | None:
    return turn.handed_out.created_at.timestamp() if turn.handed_out.source is not None else None
