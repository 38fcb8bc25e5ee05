"""Databases and their backups: the operations on them."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .bodies import Fields, read_object
from .models import DEFAULT_REGION, REGIONS, Database, Refusal, bare, invalid, missing
from .pages import data, page, paging
from .serializers import Serializer, timestamp
from .workspace import Workspace

MOST_BACKUPS = 100


class Databases:
    """A method an operation. Both forms of a path share a method where they mean the same."""

    def __init__(self, workspace: Workspace, serializer: Serializer) -> None:
        self._workspace = workspace
        self._serializer = serializer

    async def list(self, request: Request) -> Response:
        query = request.query_params
        project_id = request.path_params.get("project_id")
        if project_id:
            project_id = self._workspace.project(project_id).id
        elif "projectId" in query:
            project_id = bare(query["projectId"], "proj")
        logical_id = query.get("logicalId")
        if logical_id is not None and self._workspace.settings.logical_id != "known":
            self._refuse_logical_id()
            logical_id = None
        branch_id, git_name = query.get("branchId"), query.get("branchGitName")

        def wanted(database: Database) -> bool:
            if project_id not in (None, database.project_id) or logical_id not in (None, database.logical_id):
                return False
            if branch_id is not None and bare(branch_id, "br") != database.branch_id:
                return False
            return git_name is None or self._workspace.branches.get(database.branch_id).git_name == git_name

        def shown(database: Database) -> bool:
            return wanted(database) and self._workspace.lag.is_over(database)

        return page(request, self._workspace.databases, shown, self._serializer.database)

    async def create(self, request: Request) -> Response:
        legacy = "project_id" in request.path_params
        body = Fields(await read_object(request))
        project = self._workspace.project(request.path_params["project_id"] if legacy else body.required_text("projectId"))
        is_default = body.flag("isDefault")
        database, issued = await self._workspace.create_database(
            project,
            name=body.text("name"),
            region=body.one_of("region", ["inherit", *REGIONS]) or DEFAULT_REGION,
            is_default=bool(is_default),
            source=_source(body, legacy),
            **({} if legacy else self._placement(project.id, body, exclusive=("branchGitName",))),
        )
        serialize = self._serializer.database_created_legacy if legacy else self._serializer.database_created
        return data(serialize(database, issued), status=201)

    async def get(self, request: Request) -> Response:
        return data(self._serializer.database(self._database(request)))

    async def update(self, request: Request) -> Response:
        database = self._database(request)
        body = Fields(await read_object(request))
        # It has to be moved first, then given its logicalId.
        changes = self._placement(database.project_id, body, exclusive=("branchId", "branchGitName"))
        if name := body.text("name"):
            changes["name"] = name
        return data(self._serializer.database(await self._workspace.update_database(database, changes)))

    async def delete(self, request: Request) -> Response:
        await self._workspace.delete_database(self._database(request))
        return Response(status_code=204)

    async def list_backups(self, request: Request) -> Response:
        backups = self._workspace.backups.of(self._database(request))
        limit = paging(request)[0] if "limit" in request.query_params else None
        if limit is not None and limit > MOST_BACKUPS:
            raise invalid(f"limit: at most {MOST_BACKUPS}")
        shown = backups[: MOST_BACKUPS if limit is None else limit]
        pagination = {"hasMore": len(shown) < len(backups), "limit": limit}
        return data([self._serializer.backup(backup) for backup in shown], meta={"backupRetentionDays": 7}, pagination=pagination)

    async def restore(self, request: Request) -> Response:
        database = self._database(request)
        source = _source(Fields(await read_object(request)), legacy=False)
        if source is None or source["type"] != "backup":
            raise invalid("source: expected a backup")
        return data(self._serializer.database(await self._workspace.restore(database, source)))

    async def usage(self, request: Request) -> Response:
        database = self._database(request)
        now = timestamp(self._workspace.clock())
        start, end = (_moment(request, name) for name in ("startDate", "endDate"))
        used = {"operations": {"used": database.operations, "unit": "ops"}, "storage": {"used": database.storage_gib, "unit": "GiB"}}
        period = {"start": start or timestamp(database.created_at), "end": end or now}
        return JSONResponse({"period": period, "metrics": used, "generatedAt": now})

    def _database(self, request: Request) -> Database:
        return self._workspace.database(request.path_params["id"])

    def _placement(self, project_id: str, body: Fields, *, exclusive: Sequence[str]) -> dict[str, Any]:
        """The fields that say where a database belongs: its ``logicalId``, with none of ``exclusive``, and its branch, by id or name."""
        placement: dict[str, Any] = {}
        logical_id = body.text("logicalId")
        if logical_id is not None and self._workspace.settings.logical_id != "known":
            self._refuse_logical_id()
            logical_id = None
        if logical_id is not None:
            placement["logical_id"] = logical_id
        branch_id, git_name = body.text("branchId"), body.text("branchGitName")
        if branch_id is not None and git_name is not None:
            raise invalid("branchGitName can't be combined with branchId")
        for name in exclusive:
            if logical_id is not None and name in body:
                raise invalid(f"{name} can't be combined with logicalId")
        if branch_id is not None:
            branch = self._workspace.branches.get(branch_id)
            if branch.project_id != project_id:
                raise missing("Branch", branch_id)
            placement["branch_id"] = branch.id
        elif git_name is not None:
            named = self._workspace.branches.named(project_id, git_name)
            placement["branch_id"] = (named or self._workspace.branches.create(project_id, git_name)).id
        return placement

    def _refuse_logical_id(self) -> None:
        """Play a server that hasn't heard of ``logicalId``: one kind refuses what it doesn't know, the other ignores it."""
        if self._workspace.settings.logical_id == "refused":
            raise invalid("Unrecognized key: logicalId")


def _moment(request: Request, name: str) -> str | None:
    """A date and time of the query, as it is written there. Raises Refusal 422."""
    text = request.query_params.get(name)
    try:
        if text is not None:
            datetime.datetime.fromisoformat(text)
    except ValueError as error:
        raise invalid(f"{name}: expected a date and time of ISO 8601") from error
    return text


def _source(body: Fields, legacy: bool) -> dict[str, str] | None:
    """``source``, or the legacy ``fromDatabase`` as the same thing."""
    if legacy and (origin := body.object("fromDatabase")):
        if "source" in body:
            raise Refusal(400, "client-error", "fromDatabase can't be combined with source")
        backup = origin.text("backupId")
        found = {"type": "backup" if backup else "database", "databaseId": origin.required_text("id")}
        return {**found, "backupId": backup} if backup else found
    source = body.object("source")
    if source is None:
        return None
    kind = source.one_of("type", ["empty", "backup", "database"]) or source.required_text("type")
    fields = {"empty": (), "backup": ("databaseId", "backupId"), "database": ("databaseId",)}[kind]
    return {"type": kind, **{name: source.required_text(name) for name in fields}}
