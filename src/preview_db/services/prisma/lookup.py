"""What the user named, found: the project and the region, with the names it could have been where it is not."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence

from ...errors import InvalidInput, NotFound, Unauthorised
from ...planning.model import Database, Project
from . import errors
from .client import ManagementApi
from .models import bare
from .paths import is_project_id

_MANY = 20
_TURNS = 4
_DATABASE_ID = re.compile(r"db_[A-Za-z0-9_]+", re.ASCII)


class UnknownProject(NotFound):
    """There is no project of that id or name."""


def is_database_id(source: str) -> bool:
    """Whether a source is named by a database's id, with or without a backup."""
    return _DATABASE_ID.fullmatch(source.partition("/")[0]) is not None


def project(api: ManagementApi, asked: str | None) -> Project:
    """The project whose id or exact name is ``asked``.

    Raises:
        InvalidInput: nothing was asked for.
        UnknownProject: there is none.
        NotFound: there is more than one of that name.
    """
    if asked is not None and is_project_id(asked):
        found = api.project(asked)
        if found is not None and bare(found.id) == bare(asked):
            return found
    projects = api.projects()
    could_be = f"The service token sees these projects: {_listed([f'{candidate.name} ({candidate.id})' for candidate in projects])}."
    if asked is None:
        raise InvalidInput(
            f"The input project is not set. {could_be}",
            cause="The step's 'with:' has no project, or the variable it is set from is empty.",
            remedy="Set project to the id or the exact name of one of them (or the variable PRISMA_PROJECT_ID to an id).",
            problem=could_be,
        )
    by_id = [candidate for candidate in projects if bare(candidate.id) == bare(asked)]
    matching = by_id or [candidate for candidate in projects if candidate.name == asked]
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise NotFound(
            f"There are {len(matching)} projects called {asked!r}: {_listed([candidate.id for candidate in matching])}.",
            cause="Prisma lets two projects bear the same name.",
            remedy="Set the input project to the id of the one that is meant.",
        )
    raise UnknownProject(
        f"There is no project {asked!r}. {could_be}",
        cause="The name is misspelt, the project was renamed or deleted, or the token is another workspace's.",
        remedy="Correct the input project, or use a token of its workspace.",
    )


def several(api: ManagementApi, asked: Sequence[str]) -> list[Project]:
    """The projects whose ids or exact names are ``asked``, each once; all that the token sees for ``*``. Raises as :func:`project`."""
    found = api.projects() if "*" in asked else [project(api, name) for name in asked] or [project(api, None)]
    return list({bare(candidate.id): candidate for candidate in found}.values())


def project_or_new(api: ManagementApi, asked: str, *, region: str | None, log: Callable[[str], None]) -> Project:
    """The project whose id or exact name is ``asked``; made, without a database of its own, if there is none of that name.

    It gets a ``logicalId`` made of its name, which the server refuses to give twice: of several runs at once, one makes it and the others
    find it. A project is never deleted.

    Raises:
        NotFound: the id does not exist, or there is more than one project of the name.
        PreviewError: the workspace can't have another project.
    """
    for _ in range(_TURNS):
        try:
            return project(api, asked)
        except UnknownProject:
            if is_project_id(asked):
                raise
        body = {"name": asked, "createDatabase": False, "logicalId": f"preview-db-{hashlib.sha256(asked.encode()).hexdigest()[:24]}"}
        try:
            made = api.create_project(body | ({"region": region} if region else {}))
            log(f"Made the project {asked} ({made.id})")
        except errors.Refused as refused:
            if refused.status != 409:
                raise
        except errors.Unanswered as unanswered:
            log(f"Looking again: {unanswered.what}")
    raise NotFound(
        f"The project {asked!r} can't be made and can't be found.",
        cause="Another project bears its logicalId, perhaps after it was renamed.",
        remedy="Set the input project to the id of the one that is meant.",
    )


def check_workspace(api: ManagementApi, asked: str | None) -> None:
    """Raises :class:`Unauthorised` if the token is not of the workspace ``asked``, an id or a name: a token is good for all of its own."""
    if asked is None:
        return
    workspace = api.me().workspace
    if workspace is None or (bare(workspace.id) != bare(asked) and workspace.name != asked):
        belongs = f"{workspace.name} ({workspace.id})" if workspace else "none that it names"
        raise Unauthorised(
            f"The service token is not of the workspace {asked!r}: it belongs to {belongs}.",
            cause="The secret holds another workspace's token, or the workspace was renamed.",
            remedy="Nothing was touched. Use a token of the workspace that is meant, or correct the input workspace.",
        )


def check_region(api: ManagementApi, asked: str) -> None:
    """Raises :class:`NotFound` if a database can't be created in ``asked``; ``inherit`` is the project's own."""
    if asked == "inherit":
        return
    regions = api.regions()
    if asked not in {region.id for region in regions if region.status == "available"}:
        closed = any(region.id == asked for region in regions)
        raise NotFound(
            f"The region {asked!r} {'takes no new databases at the moment' if closed else 'does not exist'}. "
            f"There are: {_listed([region.id for region in regions if region.status == 'available'])}.",
            cause="Prisma has closed it for now." if closed else "The name is misspelt, or Prisma has no such region any more.",
            remedy="Set the input region to one of them, or to inherit for the project's own.",
        )


def source(api: ManagementApi, asked: str, listed: Callable[[], list[Database]]) -> dict[str, str] | None:
    """The input ``source`` as the API's ``source`` object; none for ``empty``.

    Args:
        asked: a database by id or, of this project, by name; with ``/<backup id>`` one of its backups, with ``/latest`` the newest.
        listed: the project's databases, among which a name is looked for. An id may be another project's.

    Raises:
        NotFound: there is no such database or backup, or more than one database of that name.
    """
    if asked == "empty":
        return None
    named, slash, backup_id = asked.partition("/")
    database_id = named if is_database_id(named) else _database_named(listed(), named)
    if not slash:
        return {"type": "database", "databaseId": database_id}
    if backup_id == "latest":
        completed = [backup for backup in api.backups(database_id) if backup.status == "completed"]
        if not completed:
            raise NotFound(
                f"The database {named} has no completed backup.",
                cause="None was made yet, or all have passed the plan's retention.",
                remedy="Set source to the database's id to clone it as it is now, or to empty.",
            )
        backup_id = max(completed, key=lambda backup: backup.created_at).id
    return {"type": "backup", "databaseId": database_id, "backupId": backup_id}


def _database_named(databases: list[Database], asked: str) -> str:
    by_id = [database for database in databases if bare(database.id) == asked]
    matching = by_id or [database for database in databases if database.name == asked]
    if len(matching) == 1:
        return matching[0].id
    if matching:
        raise NotFound(
            f"There are {len(matching)} databases called {asked!r}: {_listed([database.id for database in matching])}.",
            cause="Prisma lets two databases bear the same name.",
            remedy="Set the input source to the id of the one that is meant.",
        )
    raise NotFound(
        f"There is no database {asked!r} to begin with. "
        f"The project has: {_listed([f'{database.name} ({database.id})' for database in databases])}.",
        cause="The name is misspelt, or the database is another project's; those are found by id.",
        remedy="Correct the input source, or set it to empty.",
    )


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:_MANY]) or "none"
    return f"{shown} and {len(names) - _MANY} more" if len(names) > _MANY else shown
