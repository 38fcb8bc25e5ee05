"""What should be, and the steps that lead there. Frozen."""

from __future__ import annotations

import enum
from datetime import datetime, timedelta
from typing import NamedTuple, Self

from .model import Configuration, Connection, Database, Scope


class Action(enum.StrEnum):
    """What a step does: for programs, and as a label for people."""

    label: str

    def __new__(cls, value: str, label: str) -> Self:
        action = str.__new__(cls, value)
        action._value_ = value
        action.label = label
        return action

    CREATE = "create", "create database"
    KEEP = "keep", "reuse database"
    DELETE = "delete", "delete database"
    MINT = "mint", "create credential"
    WAIT = "wait", "wait for login"
    ADOPT = "adopt", "set logicalId"
    REVOKE = "revoke", "revoke credential"
    ANONYMIZE = "anonymize", "anonymize data"
    MIGRATE = "migrate", "apply migrations"
    SEED = "seed", "run seed"
    COMPARE = "compare", "compare schema"
    CREATE_CONFIGURATION = "create_configuration", "create Hyperdrive configuration"
    CHECK_CONFIGURATION = "check_configuration", "check Hyperdrive configuration"
    UPDATE_CONFIGURATION = "update_configuration", "update Hyperdrive configuration"
    DELETE_CONFIGURATION = "delete_configuration", "delete Hyperdrive configuration"
    CREATE_BRANCH = "create_branch", "create platform branch"
    MOVE = "move", "move to platform branch"
    SET_VARIABLES = "set_variables", "set Compute variables"
    DELETE_VARIABLES = "delete_variables", "delete Compute variables"
    DELETE_BRANCH = "delete_branch", "delete platform branch"


class Step(NamedTuple):
    """One thing to do, and why.

    Attributes:
        subject: the name of what it is done to.
        database: the database it is done to; none for the one a step of the same plan creates. Of a creation, the one it replaces.
        connection: the connection it is done to, of a revocation.
        credential: the user's name for the credential to create, a line of ``connections``.
        configuration: the Hyperdrive configuration it is done to.
    """

    action: Action
    subject: str
    reason: str
    database: Database | None = None
    connection: Connection | None = None
    credential: str = ""
    configuration: Configuration | None = None

    @property
    def on_database(self) -> Database:
        """The database of a step that has one by what it does."""
        assert self.database is not None, f"a step to {self.action.label} is planned with its database"
        return self.database

    @property
    def on_connection(self) -> Connection:
        """The connection of a revocation."""
        assert self.connection is not None, f"a step to {self.action.label} is planned with its connection"
        return self.connection

    @property
    def on_configuration(self) -> Configuration:
        """The Hyperdrive configuration of a step that does something to one there is."""
        assert self.configuration is not None, f"a step to {self.action.label} is planned with its configuration"
        return self.configuration


class Plan(NamedTuple):
    """What would be done, in order, and what a person should hear about it."""

    steps: tuple[Step, ...]
    warnings: tuple[str, ...] = ()

    def of(self, *actions: Action) -> tuple[Step, ...]:
        """The steps that do one of ``actions``."""
        return tuple(step for step in self.steps if step.action in actions)


class DesiredState(NamedTuple):
    """What should be, for one scope.

    Attributes:
        present: whether the preview should exist.
        tag: whose tag the databases bear, where the scope alone does not say; see :func:`preview_db.planning.identity.described`.
        database_id: the one database it is about, where an id was given; else it is searched for.
        may_create: whether it may be created if it does not; ``connect`` never creates.
        may_delete: whether what is of no use may go: duplicates, and databases that ended in failure.
        fresh: whether one that exists should be replaced by a new one.
        outdated: of what should be replaced, the ids; none to say all that exists. What came later is another run's new one.
        connections: the names to mint a credential under, the first of which ``database_url`` is.
        mint_suffix: ``<run_id>-<attempt>``, what this run's credentials end in.
        ephemeral: whether this run's credentials end with its job.
        grace: how long a superseded credential lives on.
        hyperdrive: whether a Hyperdrive configuration should point at the database.
        branch: the Git name of the platform branch that the database should be in; empty to leave it where it is.
        variables: the names of Compute's variables to set for that branch.
        branch_cleanup: whether that branch is deleted with the preview, if nothing else is in it.
        cut_off: the ids of configurations that are known to be unable to log in.
        now: the time the plan is made for, with a time zone.
        inside: what runs inside the database before it is handed out.
        seeds_clone: whether a new database is a clone that gets a seed: until it has, its name is that of a replacement. What a clone
            holds does not tell a run after one that was killed whether somebody has been using it.
    """

    scope: Scope
    present: bool
    reason: str
    now: datetime
    tag: str = ""
    database_id: str = ""
    may_create: bool = True
    may_delete: bool = True
    fresh: bool = False
    outdated: frozenset[str] | None = None
    connections: tuple[str, ...] = ("app",)
    mint_suffix: str = "0-1"
    ephemeral: bool = False
    grace: timedelta = timedelta(hours=6)
    inside: tuple[Step, ...] = ()
    seeds_clone: bool = False
    hyperdrive: bool = False
    cut_off: frozenset[str] = frozenset()
    branch: str = ""
    variables: tuple[str, ...] = ()
    branch_cleanup: bool = False
