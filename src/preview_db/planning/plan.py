"""DesiredState and observed in, steps with their reasons out. Pure: no I/O, no clock, no randomness."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from . import identity
from .model import Action, Connection, Database, DesiredState, Plan, Status, Step

_MINTED = re.compile(r"(?P<name>[a-z0-9][a-z0-9-]*)-(?P<run>[0-9]+-[0-9]+)(?P<once>-once)?", re.ASCII)

NEWER_RUNS = 2
"""A credential is superseded once this many newer runs have minted one under its name."""


def make(desired: DesiredState, databases: Iterable[Database]) -> Plan:
    """The steps from what is observed to what is desired, for one scope.

    Args:
        databases: any databases at all; those that are not this scope's are passed over.
    """
    tag = desired.tag or identity.tag(desired.scope)
    ours = sorted(
        (database for database in databases if identity.bears(database, tag, desired.scope.repository)),
        key=lambda database: (database.created_at, database.id),
    )
    if not desired.present:
        return Plan(tuple(_delete(database, desired.reason) for database in ours))
    failed = [database for database in ours if database.status is Status.FAILURE]
    usable = [database for database in ours if database.status is not Status.FAILURE]
    outdated = [one for one in usable if desired.fresh and (desired.outdated is None or one.id in desired.outdated)]
    current = [one for one in usable if one not in outdated]
    kept = current[0] if current else None
    steps: list[Step] = []
    if desired.may_delete:
        steps += [_delete(database, "it ended in failure and can't be used") for database in failed]
        steps += [_delete(database, "a second one of the same preview; the oldest is kept") for database in current[1:]]
    if kept is None and not desired.may_create:
        return Plan(tuple(steps))
    if kept is None:
        steps.append(Step(Action.CREATE, identity.name(desired.scope), desired.reason, database=outdated[0] if outdated else None))
    else:
        steps.append(Step(Action.KEEP, kept.name, desired.reason, database=kept))
    why = "it ends with this job" if desired.ephemeral else "each run has credentials of its own"
    steps += [
        Step(Action.MINT, connection_name(name, desired.mint_suffix, ephemeral=desired.ephemeral), why) for name in desired.connections
    ]
    if desired.connections:
        steps.append(Step(Action.WAIT, "database", "it is handed out once one can log in to it"))
    steps += [_delete(database, "the new one can be used") for database in outdated]
    if kept is not None:
        steps += superseded(kept, minting=desired.connections, run=desired.mint_suffix, grace=desired.grace, now=desired.now)
    knows_logical_id = kept.can_be_adopted if kept is not None else any(one.can_be_adopted or one.logical_id for one in outdated)
    if desired.may_create and knows_logical_id:
        steps.append(Step(Action.ADOPT, identity.name(desired.scope), "the server then refuses a second one of its identity"))
    return Plan(tuple(steps), _duplicates(desired, current) if desired.may_delete else ())


def plan_lines(plan: Plan) -> list[str]:
    """The plan for a log: a step a line, with its reason."""
    return [f"{step.action:<6} {step.subject}: {step.reason}" for step in plan.steps] or ["nothing to do"]


def connection_name(name: str, run: str, *, ephemeral: bool = False) -> str:
    """What a credential is called: ``<name>-<run_id>-<attempt>``, with ``-once`` if it is to end with its job."""
    return f"{name}-{run}{'-once' if ephemeral else ''}"


def superseded(database: Database, *, minting: Sequence[str] = (), run: str = "", grace: timedelta, now: datetime) -> list[Step]:
    """Revocations of the credentials that nobody can still be using.

    A credential goes once two newer runs have minted under its name *and* it is older than ``grace``, so that what was deployed a push
    ago keeps working and the jobs of a matrix don't cut each other off. One that was to end with its job, and didn't, goes once it is
    older than that. The connection a database is created with counts as the first of whatever name its run asked for. A connection
    somebody made by hand is left alone.

    Args:
        minting: the names that ``run`` is about to mint under.
        run: ``<run_id>-<attempt>`` of the run that plans.
    """
    steps = []
    for connection in sorted(database.connections, key=lambda one: (one.created_at, one.id)):
        name, minted_by, once = _minted(connection)
        if (minted_by is None and connection.id != database.default_connection_id) or now - connection.created_at <= grace:
            continue
        newer = {
            other_run
            for other in database.connections
            for other_name, other_run, _ in [_minted(other)]
            if other_run not in (None, minted_by) and other.created_at > connection.created_at and name in (None, other_name)
        }
        if minting and (name is None or name in minting) and run != minted_by:
            newer.add(run)
        if once:
            reason = f"it was for one job only, and is older than {_duration(grace)}"
        elif len(newer) >= NEWER_RUNS:
            reason = f"{len(newer)} newer runs have credentials of their own, and it is older than {_duration(grace)}"
        else:
            continue
        steps.append(Step(Action.REVOKE, connection.name, reason, database=database, connection=connection))
    return steps


def _minted(connection: Connection) -> tuple[str | None, str | None, bool]:
    """The name a connection was minted under, the run that minted it, and whether for one job only; nothing for any other connection."""
    parts = _MINTED.fullmatch(connection.name)
    return (parts["name"], parts["run"], parts["once"] is not None) if parts else (None, None, False)


def _duplicates(desired: DesiredState, usable: Sequence[Database]) -> tuple[str, ...]:
    if len(usable) < 2:
        return ()
    return (f"There were {len(usable)} databases for {desired.scope}. {usable[0].id}, the oldest, is kept.",)


def _delete(database: Database, reason: str) -> Step:
    return Step(Action.DELETE, database.name, reason, database=database)


def _duration(value: timedelta) -> str:
    seconds = int(value.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
