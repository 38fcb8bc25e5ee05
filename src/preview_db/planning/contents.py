"""What is in a preview beside its tables' owner: what was asked for, as read from the workspace, and what a run did about it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .steps import Action, Step
from .words import count

if TYPE_CHECKING:  # most runs do nothing inside
    from .migrations import MigrationFolder
    from .schema import SchemaDiff
    from .seeds import Part


class Script(NamedTuple):
    """An SQL file of the workspace.

    Attributes:
        path: below the workspace.
    """

    path: str
    parts: tuple[Part, ...]


class Scripts(NamedTuple):
    """What runs inside the database, read before anything is touched.

    Attributes:
        rules: the SQL that a clone is anonymized with.
        seed: in the order in which they run.
        seed_path: the file or folder that those were asked for by.
        compares: whether it is told what all of it did to the schema.
        since_created: whether that is compared with what the database began with, also where that is nothing.
    """

    migrations: MigrationFolder | None = None
    rules: Script | None = None
    seed: tuple[Script, ...] = ()
    seed_path: str = ""
    compares: bool = False
    since_created: bool = False

    @property
    def steps(self) -> tuple[Step, ...]:
        """What is planned, whatever the database turns out to hold: that is only seen from inside."""
        steps = []
        if self.rules is not None:
            steps.append(Step(Action.ANONYMIZE, self.rules.path, "a clone is handed out only once its rules have run"))
        if self.migrations is not None:
            found = count(len(self.migrations.migrations), "migration")
            steps.append(Step(Action.MIGRATE, self.migrations.path, f"what is pending of the {found} there is applied"))
        if self.seed:
            steps.append(Step(Action.SEED, self.seed_path, "a new database gets its data"))
        if self.compares:
            steps.append(Step(Action.COMPARE, "database", "what the pull request does to the schema is told"))
        return tuple(steps)


NO_SCRIPTS = Scripts()
"""Nothing to be done."""


class Migrated(NamedTuple):
    """What came of a folder of migrations.

    Attributes:
        before: how many were applied before this run.
        failed: the one that failed, in this run or an earlier one.
        error: the first line of what PostgreSQL said of it.
        inherited: those of a clone's source that are not in the folder.
    """

    path: str
    before: int = 0
    applied: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    failed: str = ""
    error: str = ""
    inherited: tuple[str, ...] = ()


class Contents(NamedTuple):
    """What a run found and did inside the database.

    Attributes:
        anonymized: the file of rules that the clone was treated with.
        seeded: the files that this run has run.
        schema: what is different now.
    """

    anonymized: str = ""
    migrated: Migrated | None = None
    seeded: tuple[str, ...] = ()
    schema: SchemaDiff | None = None


NOTHING = Contents()
"""Nothing done."""
