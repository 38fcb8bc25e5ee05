"""What becomes of a preview's Hyperdrive configuration. Pure: it is one more resource of the plan, found by the identity in its name."""

from __future__ import annotations

from collections.abc import Iterable

from . import identity
from .model import Configuration, Connection, Database, Repository
from .steps import Action, DesiredState, Step
from .words import count

CREDENTIAL = "hyperdrive"
"""What the credential that a configuration holds is called. It is nobody else's, so that no rotation cuts the configuration off."""

PLAN_LIMITS = {"the free plan": 10, "a paid plan": 25}
"""Configurations an account may have. The API does not say which plan it is on, and there are more on request."""


def left(number: int) -> str:
    """How many more there may be, of an account that has ``number``: ``3 of 10 left on the free plan, 18 of 25 on a paid plan``."""
    (first, few), (second, many) = PLAN_LIMITS.items()
    return f"{max(few - number, 0)} of {few} left on {first}, {max(many - number, 0)} of {many} on {second}"


def in_account(number: int) -> str:
    """What a sweep tells of an account that has ``number``."""
    return f"{count(number, 'Hyperdrive configuration')} in the account: {left(number)}"


def of_preview(configurations: Iterable[Configuration], tag: str, repository: Repository) -> list[Configuration]:
    """Those of the preview of ``repository`` that ``tag`` says, the oldest first. Nobody else's is ever touched."""
    ours = (found for found in configurations if found.name.endswith(f"-{tag}") and identity.is_ours(found.name, repository))
    return sorted(ours, key=lambda found: (found.created_at, found.id))


def deletions(ours: Iterable[Configuration], reason: str) -> list[Step]:
    """The end of ``ours``. It comes before the end of the database they point at."""
    return [Step(Action.DELETE_CONFIGURATION, found.name, reason, configuration=found) for found in ours]


def steps(desired: DesiredState, kept: Database | None, ours: list[Configuration]) -> list[Step]:
    """What makes the configuration point at the database that is handed out.

    Args:
        kept: the database, if it is not to be created first.
        ours: the configurations of the preview; usually one.
    """
    if not desired.hyperdrive:
        return []
    if not ours:
        reason = "Workers reach the database through it"
        return [Step(Action.CREATE_CONFIGURATION, identity.name(desired.scope), reason)] if desired.may_create else []
    first, *others = ours
    planned = [_of_existing(desired, kept, first)]
    return planned + (deletions(others, "a second one of the same preview") if desired.may_delete else [])


def _of_existing(desired: DesiredState, kept: Database | None, found: Configuration) -> Step:
    if not desired.may_create:
        return Step(Action.CHECK_CONFIGURATION, found.name, "its id is handed out", configuration=found)
    if kept is None:
        reason = "it still points at another database"
    elif found.id in desired.cut_off:
        reason = "it can't log in any more"
    elif not any(_is_its_credential(connection) for connection in kept.connections):
        reason = "the database has no credential that is its own"
    else:
        return Step(Action.CHECK_CONFIGURATION, found.name, "it stays as it is while it can log in", configuration=found)
    return Step(Action.UPDATE_CONFIGURATION, found.name, reason, configuration=found)


def _is_its_credential(connection: Connection) -> bool:
    return connection.name.startswith(f"{CREDENTIAL}-")
