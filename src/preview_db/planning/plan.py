"""Desired and observed in, steps with their reasons out. Pure: no I/O, no clock, no randomness."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from . import hyperdrive, identity, platform
from .fields import LONGEST_RUN
from .model import Configuration, Connection, Database, PlatformBranch, Status
from .steps import Action, DesiredState, Plan, Step

_CREATED_BY_A_RUN = re.compile(r"(?P<name>[a-z0-9][a-z0-9-]*)-(?P<run>[0-9]+-[0-9]+)(?P<once>-once)?", re.ASCII)

NEWER_RUNS = 2
"""A credential is superseded once this many newer runs have created one under its name."""


def make(
    desired: DesiredState,
    databases: Iterable[Database],
    configurations: Iterable[Configuration] = (),
    branch: PlatformBranch | None = None,
) -> Plan:
    """The steps from what is observed to what is desired, for one scope.

    Of several usable databases one is kept, and every run picks the same one, so that two runs at once never delete each other's: the
    newest replacement that a reset has created, else the oldest. A reset replaces those that were there before its own, another reset's
    replacement among them, so an older one can't be what both agree on. A reset that was killed is thereby finished by the next run.

    A sweep, which creates nothing, leaves the others alone while a reset may be at work: it deletes them itself, or takes its own back.

    Args:
        databases: any databases at all; those that are not this scope's are passed over.
        configurations: any Hyperdrive configurations at all, likewise.
        branch: the platform branch of the Git name that is desired, if there is one.
    """
    tag = desired.tag or identity.tag(desired.scope)
    ours = sorted(
        (database for database in databases if identity.bears(database, tag, desired.scope.repository)),
        key=lambda database: (database.created_at, database.id),
    )
    configured = hyperdrive.of_preview(configurations, tag, desired.scope.repository)
    if not desired.present:
        first, last = platform.ending(desired, branch)
        deletions = [_delete(database, desired.reason) for database in ours]
        return Plan((*hyperdrive.deletions(configured, desired.reason), *first, *deletions, *last))
    failed = [database for database in ours if database.status is Status.FAILURE]
    usable = [database for database in ours if database.status is not Status.FAILURE]
    outdated = [database for database in usable if desired.fresh and (desired.outdated is None or database.id in desired.outdated)]
    current = [database for database in usable if database not in outdated]
    replacements = [database for database in reversed(current) if identity.is_replacement(database.identity)]
    kept = next(iter(replacements or current), None)
    if replacements:
        outdated += [database for database in current if database not in replacements]
        current = replacements
    may_deduplicate = desired.may_delete and (desired.may_create or not _may_be_at_work(replacements, desired.now))
    steps = [_delete(database, "it ended in failure and can't be used") for database in failed if desired.may_delete]
    if kept is None and not desired.may_create:
        return Plan(tuple(steps))
    steps += platform.before(desired, branch)
    if kept is None:
        replaced = outdated[0] if outdated else None
        steps.append(Step(Action.CREATE, identity.name(desired.scope, replacement=replaced is not None), desired.reason, database=replaced))
    else:
        steps.append(Step(Action.KEEP, kept.name, desired.reason, database=kept))
    steps += [_mint(name, desired) for name in desired.connections]
    if desired.connections:
        steps.append(Step(Action.WAIT, "database", "it is handed out once one can log in to it"))
        steps += desired.inside
    if kept is None:  # before the one that they have pointed at goes
        steps += hyperdrive.steps(desired, None, configured)
        steps += platform.after(desired, None, branch)
    if may_deduplicate:
        steps += [_delete(database, "a second one of the same preview") for database in current[1:]]
        steps += [_delete(database, "the new one can be used") for database in outdated]
    if kept is not None:
        # After those are gone that may still be logged in to, and that bear the same identity in the branch it is moved to.
        steps += hyperdrive.steps(desired, kept, configured)
        steps += platform.after(desired, kept, branch)
        steps += superseded(
            kept,
            minting=desired.connections,
            run=desired.mint_suffix,
            default_name=desired.connections[0] if desired.may_create and desired.connections else None,
            grace=desired.grace,
            now=desired.now,
        )
    if desired.may_create and _needs_its_identity(kept, outdated):
        steps.append(Step(Action.ADOPT, identity.name(desired.scope), "the server then refuses a second one of its identity"))
    elif desired.may_create and (identity.is_replacement(kept.name) if kept else desired.seeds_clone):
        steps.append(Step(Action.ADOPT, identity.name(desired.scope), "it is no longer new: the seed has run"))
    return Plan(tuple(steps), _duplicates(desired, current, "newest" if replacements else "oldest") if may_deduplicate else ())


def plan_lines(plan: Plan) -> list[str]:
    """The plan for a log: a step a line, with its reason."""
    return [f"{step.action.label}: {step.subject} ({step.reason})" for step in plan.steps] or ["nothing to do"]


def connection_name(name: str, run: str, *, ephemeral: bool = False) -> str:
    """What a credential is called: ``<name>-<run_id>-<attempt>``, with ``-once`` if it ends with its job."""
    return f"{name}-{run}{'-once' if ephemeral else ''}"


def superseded(
    database: Database,
    *,
    minting: Sequence[str],
    run: str,
    default_name: str | None = None,
    grace: timedelta,
    now: datetime,
) -> list[Step]:
    """Revocations of the credentials that nobody can still be using.

    A credential goes once two newer runs have created one under its name *and* it is older than ``grace``, so that what was deployed a push
    ago keeps working and the jobs of a matrix don't cut each other off. One that should have ended with its job, and didn't, goes once it
    is older than that. A connection somebody made by hand is left alone.

    Args:
        minting: the names that ``run`` is about to create a credential under.
        run: ``<run_id>-<attempt>`` of the run that plans.
        default_name: what the connection counts as that the database was created with, which bears no name of ours: the first that the
            workflow asks for that creates it. Where that isn't known, it stays.
    """
    steps = []
    for connection in sorted(database.connections, key=lambda connection: (connection.created_at, connection.id)):
        name, created_by, once = _created_by_a_run(connection)
        if created_by is None and connection.id == database.default_connection_id:
            name = default_name
        if name is None or now - connection.created_at <= grace:
            continue
        newer = {
            other_run
            for other in database.connections
            for other_name, other_run, _ in [_created_by_a_run(other)]
            if other_run not in (None, created_by) and other.created_at > connection.created_at and other_name == name
        }
        if name in minting and run != created_by:
            newer.add(run)
        if once:
            reason = f"it was for one job only, and is older than {_duration(grace)}"
        elif len(newer) >= NEWER_RUNS:
            reason = f"{len(newer)} newer runs have credentials of their own, and it is older than {_duration(grace)}"
        else:
            continue
        steps.append(Step(Action.REVOKE, connection.name, reason, database=database, connection=connection))
    return steps


def _created_by_a_run(connection: Connection) -> tuple[str | None, str | None, bool]:
    """The name a connection was created under, the run that did, and whether for one job only; nothing for any other connection."""
    parts = _CREATED_BY_A_RUN.fullmatch(connection.name)
    return (parts["name"], parts["run"], parts["once"] is not None) if parts else (None, None, False)


def _needs_its_identity(kept: Database | None, outdated: Sequence[Database]) -> bool:
    """Whether the database that stays should get its ``logicalId``, or the name that a replacement did not get at first."""
    if kept is None:
        return bool(outdated)
    return kept.can_be_adopted or identity.is_replacement(kept.identity)


def _may_be_at_work(replacements: Iterable[Database], now: datetime) -> bool:
    """Whether a reset that has created one of these may not have ended yet."""
    return any(now - database.created_at <= LONGEST_RUN for database in replacements)


def _duplicates(desired: DesiredState, usable: Sequence[Database], age: str) -> tuple[str, ...]:
    if len(usable) < 2:
        return ()
    return (f"There were {len(usable)} databases for {desired.scope}. {usable[0].id}, the {age}, is kept.",)


def _mint(name: str, desired: DesiredState) -> Step:
    reason = "it ends with this job" if desired.ephemeral else "each run has credentials of its own"
    subject = connection_name(name, desired.mint_suffix, ephemeral=desired.ephemeral)
    return Step(Action.MINT, subject, reason, credential=name)


def _delete(database: Database, reason: str) -> Step:
    return Step(Action.DELETE, database.name, reason, database=database)


def _duration(value: timedelta) -> str:
    seconds = int(value.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
