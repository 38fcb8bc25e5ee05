"""The way into a database whose steps are done inside: one session, one lock that other runs wait for, and errors that say what failed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..deadline import Deadline
from ..errors import Mismatch, PreviewError, ProvisioningFailed
from ..planning import identity
from ..planning.contents import Scripts
from ..planning.outcome import Outcome, OutcomeKind
from .credentials import Credentials
from .databases import Databases
from .turn import Turn

if TYPE_CHECKING:
    from ..services.postgres.inside import Session, State
    from ..services.postgres.script import ScriptFailed


class InsideFailed(PreviewError):
    """Something that is done inside the database failed.

    Attributes:
        outcome: what the run had come to.
    """

    page = "errors.md#inside-the-database"
    outcome: Outcome


class MigrationFailed(InsideFailed):
    """PostgreSQL refused a migration."""

    title = "Migration failed"


class MigrationsDiffer(InsideFailed):
    """The migrations in the folder can't be applied on top of those in the database."""

    title = "Migrations differ"


class SeedFailed(InsideFailed):
    """PostgreSQL refused the seed."""

    title = "Seed failed"


class RulesFailed(InsideFailed):
    """PostgreSQL refused the rules that a clone is anonymized with."""

    title = "Anonymizing failed"


class CompareFailed(InsideFailed):
    """The schema could not be read."""

    title = "Comparing the schema failed"


@dataclasses.dataclass(frozen=True, slots=True)
class Inside:
    """The way into the preview's database."""

    databases: Databases
    credentials: Credentials
    scripts: Scripts
    deadline: Deadline

    @contextmanager
    def working(self, kind: type[InsideFailed], turn: Turn, path: str, left: str) -> Iterator[Session]:
        """The session, and what fails in it as an error of ``kind``.

        Args:
            path: of what is run.
            left: what is so after it failed, as a sentence.
        """
        import psycopg  # here, since most runs do nothing inside

        from ..services.postgres.script import ScriptFailed

        try:
            yield self.session(turn)
            return
        except ScriptFailed as failed:
            error = _failure(kind, failed, path, left)
        except psycopg.Error as broken:
            self.databases.read(turn.handed_out.id, turn.progress)  # it may have been deleted under the session
            error = kind(
                f"The database could not be worked on: {' '.join(str(broken).split())}.",
                cause=f"The connection broke while {path} was at work, or the credential may not do what that takes.",
                remedy="Run the job again.",
            )
        error.outcome = outcome_of(turn)
        raise error

    def session(self, turn: Turn) -> Session:
        from ..services.postgres.inside import Session  # here, since most runs do nothing inside

        if turn.session is not None:
            return turn.session
        if turn.login is None:
            string = turn.credentials[0].direct if turn.credentials else None
            if string is None:
                raise Mismatch(
                    "The database has no direct endpoint, and nothing can be done inside it without one.",
                    cause="The Management API offers only the pooled one, on which no session keeps its state.",
                    remedy="Leave migrations, seed and anonymize out, and look at the database in the Prisma Console.",
                )
            self.credentials.log_in(string, turn)
        assert turn.login is not None, "a login by the direct endpoint is left open"
        tool = self.scripts.migrations.tool if self.scripts.migrations else None
        marked = bool(self.scripts.seed or self.scripts.rules)
        turn.session = Session(turn.login, turn.handed_out.id, tool, marked)
        return turn.session

    def locked(self, session: Session) -> State:
        """The state once no other run is at work in the database."""
        if not session.lock(seconds=self.deadline.left):
            raise ProvisioningFailed(
                "Another run is at work in the database, and was not done in time.",
                cause="A migration or a seed of that run takes long, or Prisma's own command line is migrating.",
                remedy="Run the job again once that is done, or raise the input timeout.",
            )
        return session.read()

    def check_whose(self, turn: Turn) -> None:
        """Raises :class:`Mismatch` unless the database is this preview's, as the Management API has it now."""
        database = self.databases.read(turn.handed_out.id, turn.progress)
        if not identity.belongs_to(database, turn.desired.scope):
            raise Mismatch(
                f"The database {database.id} is not the preview of {turn.desired.scope} any more.",
                cause="Somebody has renamed it or made it the project's default database.",
                remedy="Nothing was changed in it. Give it back its name in the Prisma Console, or delete it.",
            )


def _failure(kind: type[InsideFailed], failed: ScriptFailed, path: str, left: str) -> InsideFailed:
    words, detail = failed.words, f" {' '.join(failed.detail.split())}." if failed.detail else ""
    if kind is RulesFailed:  # what PostgreSQL adds quotes values of rows, which nobody should see
        detail = ""
        if failed.sqlstate.startswith("22"):
            words = f"a value in the clone does not fit (SQLSTATE {failed.sqlstate})"
    where = f" ({failed.file}, {failed.where})" if failed.file else f" ({failed.where})" if failed.where else ""
    return kind(
        f"{words}{where}.{detail}",
        cause=f"PostgreSQL refused what is in {path}. {left}",
        remedy=_REMEDIES[kind],
    )


_REMEDIES: dict[type[InsideFailed], str] = {
    MigrationFailed: "Correct the migration and push; then comment /preview-db reset, or set on_drift: reset, so that a new "
    "database takes its place.",
    SeedFailed: "Correct the seed and push: the next run runs it again.",
    RulesFailed: "Correct the rules and push: the next run creates another clone.",
}


def outcome_of(turn: Turn) -> Outcome:
    """What a run that fails inside the database had come to."""
    desired, database = turn.desired, turn.handed_out
    done = tuple(turn.progress.done)
    return Outcome(OutcomeKind.FAILED, desired.reason, desired.scope, database.identity, database, done=done, contents=turn.contents)
