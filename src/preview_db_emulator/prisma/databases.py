"""Databases and their backups: the operations on them."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .bodies import Fields, read_object
from .models import DEFAULT_REGION, REGIONS, Database, Refusal, bare, invalid
from .pages import data, page, paging
from .serializers import Serializer, timestamp
from .workspace import Workspace


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
            if branch_id is not None and bare(branch_id, "br") != (database.branch_id or "unassigned"):
                return False
            if git_name is None:
                return True
            branch = self._workspace.branch_named(database.project_id, git_name)
            return branch is not None and branch.id == database.branch_id

        def shown(database: Database) -> bool:
            return wanted(database) and self._workspace.is_listed(database)

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
            **({} if legacy else self._placement(project.id, body)),
        )
        serialize = self._serializer.database_created_legacy if legacy else self._serializer.database_created
        return data(serialize(database, issued), status=201)

    async def get(self, request: Request) -> Response:
        return data(self._serializer.database(self._database(request)))

    async def update(self, request: Request) -> Response:
        database = self._database(request)
        body = Fields(await read_object(request))
        changes = self._placement(database.project_id, body)
        if name := body.text("name"):
            changes["name"] = name
        return data(self._serializer.database(await self._workspace.update_database(database, changes)))

    async def delete(self, request: Request) -> Response:
        await self._workspace.delete_database(self._database(request))
        return Response(status_code=204)

    async def list_backups(self, request: Request) -> Response:
        self._database(request)
        limit = paging(request)[0] if "limit" in request.query_params else None
        return data([], meta={"backupRetentionDays": 7}, pagination={"hasMore": False, "limit": limit})

    async def restore(self, request: Request) -> Response:
        self._database(request)
        source = _source(Fields(await read_object(request)), legacy=False)
        if source is None or source["type"] != "backup":
            raise invalid("source: expected a backup")
        raise Refusal(404, "resource-not-found", f"Backup {source['backupId']} was not found")

    async def usage(self, request: Request) -> Response:
        database = self._database(request)
        now = timestamp(self._workspace.clock())
        start = request.query_params.get("startDate", timestamp(database.created_at))
        used = {"operations": {"used": 0, "unit": "ops"}, "storage": {"used": 0, "unit": "GiB"}}
        period = {"start": start, "end": request.query_params.get("endDate", now)}
        return JSONResponse({"period": period, "metrics": used, "generatedAt": now})

    def _database(self, request: Request) -> Database:
        return self._workspace.database(request.path_params["id"])

    def _placement(self, project_id: str, body: Fields) -> dict[str, Any]:
        """The fields that say where a database belongs: its ``logicalId`` and its branch, by id or by name."""
        placement: dict[str, Any] = {}
        logical_id = body.text("logicalId")
        if logical_id is not None and self._workspace.settings.logical_id != "known":
            self._refuse_logical_id()
            logical_id = None
        if logical_id is not None:
            placement["logical_id"] = logical_id
        branch_id, git_name = body.nullable_text("branchId"), body.nullable_text("branchGitName")
        if git_name is not None and (branch_id is not None or logical_id is not None):
            other = "branchId" if branch_id is not None else "logicalId"
            raise Refusal(400, "client-error", f"branchGitName can't be combined with {other}")
        if branch_id is not None:
            placement["branch_id"] = self._workspace.branch(branch_id).id
        elif git_name is not None:
            project = self._workspace.project(project_id)
            branch = self._workspace.branch_named(project_id, git_name)
            placement["branch_id"] = (branch or self._workspace.create_branch(project, git_name)).id
        elif "branchId" in body or "branchGitName" in body:
            placement["branch_id"] = None
        return placement

    def _refuse_logical_id(self) -> None:
        """Play a server that hasn't heard of ``logicalId``: one kind refuses what it doesn't know, the other ignores it."""
        if self._workspace.settings.logical_id == "refused":
            raise invalid("Unrecognized key: logicalId")


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
