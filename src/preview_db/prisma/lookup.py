"""What the user named, found: the project and the region, with the names it could have been where it is not."""

from __future__ import annotations

import re

from ..errors import InvalidInput, NotFound
from .client import ManagementApi
from .models import Project, bare

_MANY = 20


def project(api: ManagementApi, asked: str | None) -> Project:
    """The project whose id or exact name is ``asked``.

    Raises:
        InvalidInput: nothing was asked for.
        NotFound: there is none, or more than one of that name.
    """
    if asked is not None and re.fullmatch(r"proj_[A-Za-z0-9]+", asked):
        found = api.project(asked)
        if found is not None and bare(found.id) == bare(asked):
            return found
    projects = api.projects()
    could_be = f"The service token sees these projects: {_listed([f'{one.name} ({one.id})' for one in projects])}."
    if asked is None:
        raise InvalidInput(
            "The input project is not set.",
            cause=could_be,
            remedy="Set project to the id or the exact name of one of them (or the variable PRISMA_PROJECT_ID to an id).",
        )
    by_id = [one for one in projects if bare(one.id) == bare(asked)]
    matching = by_id or [one for one in projects if one.name == asked]
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise NotFound(
            f"There are {len(matching)} projects called {asked!r}.",
            cause=f"Names are not unique: {_listed([one.id for one in matching])}.",
            remedy="Set the input project to the id of the one that is meant.",
        )
    raise NotFound(f"There is no project {asked!r}.", cause=could_be, remedy="Correct the input project, or use a token of its workspace.")


def check_region(api: ManagementApi, asked: str) -> None:
    """Raises :class:`NotFound` if a database can't be created in ``asked``; ``inherit`` is the project's own."""
    if asked == "inherit":
        return
    regions = api.regions()
    if asked not in {one.id for one in regions if one.status == "available"}:
        closed = any(one.id == asked for one in regions)
        raise NotFound(
            f"The region {asked!r} {'takes no new databases at the moment' if closed else 'does not exist'}.",
            cause=f"There are: {_listed([one.id for one in regions if one.status == 'available'])}.",
            remedy="Set the input region to one of them, or to inherit for the project's own.",
        )


def source(api: ManagementApi, asked: str) -> dict[str, str] | None:
    """The input ``source`` as the API's ``source`` object; none for ``empty``. ``<database id>/latest`` is its newest completed backup.

    Raises:
        NotFound: there is no such backup.
    """
    if asked == "empty":
        return None
    database_id, slash, backup_id = asked.partition("/")
    if not slash:
        return {"type": "database", "databaseId": database_id}
    if backup_id == "latest":
        completed = [backup for backup in api.backups(database_id) if backup.status == "completed"]
        if not completed:
            raise NotFound(
                f"The database {database_id} has no completed backup.",
                cause="None was made yet, or all have passed the plan's retention.",
                remedy="Set source to the database's id to clone it as it is now, or to empty.",
            )
        backup_id = max(completed, key=lambda backup: backup.created_at).id
    return {"type": "backup", "databaseId": database_id, "backupId": backup_id}


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:_MANY]) or "none"
    return f"{shown} and {len(names) - _MANY} more" if len(names) > _MANY else shown
