"""The Management API stand-in: routes, authentication, envelopes and pages, as the published contract has them."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ..store import Model, Table
from .bodies import Fields, read_object
from .models import DEFAULT_REGION, REGIONS, Branch, Database, Project, Refusal, bare, invalid
from .serializers import Serializer, timestamp
from .workspace import Workspace

Handler = Callable[[Request], Awaitable[Response]]
M = TypeVar("M", bound=Model)
PAGE = 100


def management_api(workspace: Workspace, serializer: Serializer, token: str, issued: Callable[[str], bool]) -> Starlette:
    """Return the application; ``token`` is the one service token it knows, ``issued`` tells those that keyless sign-in gave."""
    api = _ManagementApi(workspace, serializer)

    def known(given: str) -> bool:
        return hmac.compare_digest(given.encode(), token.encode()) or issued(given)

    def route(path: str, **handlers: Handler) -> list[Route]:
        return [Route(path, _authenticated(handler, known), methods=[verb]) for verb, handler in handlers.items()]

    return Starlette(
        routes=[
            *route("/v1/me", GET=api.me),
            *route("/v1/workspaces", GET=api.list_workspaces),
            *route("/v1/workspaces/{id}", GET=api.get_workspace),
            *route("/v1/workspaces/{id}/subscription", GET=api.subscription),
            *route("/v1/projects", GET=api.list_projects, POST=api.create_project),
            *route("/v1/projects/{id}", GET=api.get_project, PATCH=api.update_project, DELETE=api.delete_project),
            *route("/v1/projects/{project_id}/branches", GET=api.list_branches, POST=api.create_branch),
            *route("/v1/branches/{id}", GET=api.get_branch, PATCH=api.update_branch, DELETE=api.delete_branch),
            *route("/v1/projects/{project_id}/databases", GET=api.list_databases, POST=api.create_database),
            *route("/v1/databases", GET=api.list_databases, POST=api.create_database),
            *route("/v1/databases/{id}", GET=api.get_database, PATCH=api.update_database, DELETE=api.delete_database),
            *route("/v1/databases/{id}/backups", GET=api.list_backups),
            *route("/v1/databases/{id}/restore", POST=api.restore),
            *route("/v1/databases/{id}/usage", GET=api.usage),
            *route("/v1/databases/{database_id}/connections", GET=api.list_connections, POST=api.create_connection),
            *route("/v1/connections", GET=api.list_connections, POST=api.create_connection),
            *route("/v1/connections/{id}", GET=api.get_connection, DELETE=api.delete_connection),
            *route("/v1/connections/{id}/rotate", POST=api.rotate_connection),
            *route("/v1/regions", GET=api.list_regions),
            *route("/v1/regions/{product}", GET=api.list_regions),
        ],
        exception_handlers={Refusal: _refuse, HTTPException: _refuse_route, Exception: _fail},
    )


def _authenticated(handler: Handler, known: Callable[[str], bool]) -> Handler:
    async def checked(request: Request) -> Response:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not known(given):
            raise Refusal(401, "authentication-failed", "Invalid or missing authorization token")
        return await handler(request)

    return checked


async def _refuse(_: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)
    error = {"code": refusal.code, "message": str(refusal)}
    if refusal.hint:
        error["hint"] = refusal.hint
    return JSONResponse({"error": error}, refusal.status)


async def _refuse_route(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = "resource-not-found" if error.status_code == 404 else "client-error"
    return JSONResponse({"error": {"code": code, "message": error.detail}}, error.status_code, error.headers)


async def _fail(_: Request, error: Exception) -> Response:
    return JSONResponse({"error": {"code": "internal-server-error", "message": f"Internal error: {error!r}"}}, 500)


class _ManagementApi:
    """One method an operation. Both forms of a path share a method where they mean the same."""

    def __init__(self, workspace: Workspace, serializer: Serializer) -> None:
        self._workspace = workspace
        self._serializer = serializer

    # Who and where

    async def me(self, _: Request) -> Response:
        workspace = {"id": f"wksp_{self._workspace.id}", "name": self._workspace.name}
        credential = {"type": "service_token", "id": None, "name": "emulator"}
        return _data({"user": None, "workspace": workspace, "credential": credential})

    async def list_workspaces(self, request: Request) -> Response:
        _paging(request)
        return _data([self._serializer.workspace()], pagination={"nextCursor": None, "hasMore": False})

    async def get_workspace(self, request: Request) -> Response:
        self._check_workspace(request.path_params["id"])
        return _data(self._serializer.workspace())

    async def subscription(self, request: Request) -> Response:
        self._check_workspace(request.path_params["id"])
        return _data({"planName": "Emulated", "usageBlocked": False, "upgradeUrl": "https://console.prisma.io"})

    async def list_regions(self, request: Request) -> Response:
        product = request.path_params.get("product")
        wanted = product or request.query_params.get("product")
        if wanted not in (None, "postgres", "accelerate"):
            raise HTTPException(404, "Not found") if product else invalid("product: expected postgres or accelerate")
        regions = []
        for kind in ("postgres", "accelerate"):
            for id, name in REGIONS.items():
                region = {"id": id, "type": "region", "name": name}
                if not product:
                    region["product"] = kind
                if kind == "postgres":
                    region["status"] = "available"
                if wanted in (None, kind):
                    regions.append(region)
        return _data(regions)

    def _check_workspace(self, id: str) -> None:
        if bare(id, "wksp") != self._workspace.id:
            raise Refusal(404, "resource-not-found", f"Workspace {id} was not found")

    # Projects and branches

    async def list_projects(self, request: Request) -> Response:
        logical_id = request.query_params.get("logicalId")
        return _page(
            request,
            self._workspace.projects,
            lambda project: logical_id in (None, project.logical_id),
            self._serializer.project,
        )

    async def create_project(self, request: Request) -> Response:
        body = Fields(await read_object(request))
        if workspace_id := body.text("workspaceId"):
            self._check_workspace(workspace_id)
        with_database = body.flag("createDatabase")
        project, created = await self._workspace.create_project(
            name=body.text("name") or "My project",
            region=body.one_of("region", REGIONS) or DEFAULT_REGION,
            logical_id=body.text("logicalId"),
            with_database=with_database is not False,
        )
        return _data(self._serializer.project_created(project, created), status=201)

    async def get_project(self, request: Request) -> Response:
        return _data(self._serializer.project(self._project(request.path_params["id"])))

    async def update_project(self, request: Request) -> Response:
        project = self._project(request.path_params["id"])
        body = Fields(await read_object(request))
        body.object("settings")
        return _data(self._serializer.project(self._workspace.rename_project(project, body.text("name") or project.name)))

    async def delete_project(self, request: Request) -> Response:
        await self._workspace.delete_project(self._project(request.path_params["id"]))
        return Response(status_code=204)

    async def list_branches(self, request: Request) -> Response:
        project = self._project(request.path_params["project_id"])
        name, part = request.query_params.get("gitName"), request.query_params.get("gitNameContains", "")

        def wanted(branch: Branch) -> bool:
            return branch.project_id == project.id and name in (None, branch.git_name) and part in branch.git_name

        return _page(request, self._workspace.branches, wanted, self._serializer.branch)

    async def create_branch(self, request: Request) -> Response:
        project = self._project(request.path_params["project_id"])
        body = Fields(await read_object(request))
        is_default = body.flag("isDefault")
        branch = self._workspace.create_branch(project, body.required_text("gitName"), is_default=bool(is_default))
        return _data(self._serializer.branch(branch), status=201)

    async def get_branch(self, request: Request) -> Response:
        return _data(self._serializer.branch(self._workspace.branch(request.path_params["id"])))

    async def update_branch(self, request: Request) -> Response:
        branch = self._workspace.branch(request.path_params["id"])
        body = await read_object(request)
        if body.get("isDefault") is not None and Fields(body).flag("isDefault"):
            branch = self._workspace.make_default_branch(branch)
        return _data(self._serializer.branch(branch))

    async def delete_branch(self, request: Request) -> Response:
        self._workspace.delete_branch(self._workspace.branch(request.path_params["id"]))
        return Response(status_code=204)

    def _project(self, id: str) -> Project:
        return self._workspace.project(id)

    # Databases

    async def list_databases(self, request: Request) -> Response:
        query = request.query_params
        project_id = request.path_params.get("project_id")
        if project_id:
            project_id = self._project(project_id).id
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

        return _page(request, self._workspace.databases, shown, self._serializer.database)

    async def create_database(self, request: Request) -> Response:
        legacy = "project_id" in request.path_params
        body = Fields(await read_object(request))
        project = self._project(request.path_params["project_id"] if legacy else body.required_text("projectId"))
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
        return _data(serialize(database, issued), status=201)

    async def get_database(self, request: Request) -> Response:
        return _data(self._serializer.database(self._database(request)))

    async def update_database(self, request: Request) -> Response:
        database = self._database(request)
        body = Fields(await read_object(request))
        changes = self._placement(database.project_id, body)
        if name := body.text("name"):
            changes["name"] = name
        return _data(self._serializer.database(await self._workspace.update_database(database, changes)))

    async def delete_database(self, request: Request) -> Response:
        await self._workspace.delete_database(self._database(request))
        return Response(status_code=204)

    async def list_backups(self, request: Request) -> Response:
        self._database(request)
        limit = _paging(request)[0] if "limit" in request.query_params else None
        return _data([], meta={"backupRetentionDays": 7}, pagination={"hasMore": False, "limit": limit})

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
            project = self._project(project_id)
            branch = self._workspace.branch_named(project_id, git_name)
            placement["branch_id"] = (branch or self._workspace.create_branch(project, git_name)).id
        elif "branchId" in body or "branchGitName" in body:
            placement["branch_id"] = None
        return placement

    def _refuse_logical_id(self) -> None:
        """Play a server that hasn't heard of ``logicalId``: one kind refuses what it doesn't know, the other ignores it."""
        if self._workspace.settings.logical_id == "refused":
            raise invalid("Unrecognized key: logicalId")

    # Connections

    async def list_connections(self, request: Request) -> Response:
        database_id = request.path_params.get("database_id") or request.query_params.get("databaseId")
        only = bare(database_id, "db") if database_id else None
        return _page(
            request,
            self._workspace.connections,
            lambda connection: only in (None, connection.database_id),
            lambda connection: self._serializer.connection(connection, self._workspace.database(connection.database_id)),
        )

    async def create_connection(self, request: Request) -> Response:
        body = Fields(await read_object(request))
        nested = request.path_params.get("database_id")
        database = self._workspace.database(nested or body.required_text("databaseId"))
        issued = await self._workspace.create_connection(database, body.required_text("name"))
        # The contract has it so: 200 for the nested path, 201 for the other.
        return _data(self._serializer.connection_with_secrets(issued, database), status=200 if nested else 201)

    async def get_connection(self, request: Request) -> Response:
        connection = self._workspace.connection(request.path_params["id"])
        return _data(self._serializer.connection(connection, self._workspace.database(connection.database_id)))

    async def delete_connection(self, request: Request) -> Response:
        await self._workspace.delete_connection(request.path_params["id"])
        return Response(status_code=204)

    async def rotate_connection(self, request: Request) -> Response:
        issued = await self._workspace.rotate_connection(self._workspace.connection(request.path_params["id"]))
        database = self._workspace.database(issued.connection.database_id)
        return _data(self._serializer.connection_with_secrets(issued, database))


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


def _data(data: Any, *, status: int = 200, **beside: Any) -> Response:
    return JSONResponse({"data": data, **beside}, status)


def _paging(request: Request) -> tuple[int, int | None]:
    """Return how many, and below which serial number. Raises Refusal 422."""
    limit = request.query_params.get("limit", str(PAGE))
    if not limit.isascii() or not limit.isdigit() or int(limit[:9]) < 1:
        raise invalid("limit: expected a positive integer")
    cursor = request.query_params.get("cursor")
    if not cursor:
        return int(limit[:9]), None
    try:
        return int(limit[:9]), int(base64.urlsafe_b64decode(cursor).decode().removeprefix("before:"))
    except (binascii.Error, ValueError) as error:
        raise invalid("cursor: invalid") from error


def _page(request: Request, table: Table[M], wanted: Callable[[M], bool], serialize: Callable[[M], dict[str, Any]]) -> Response:
    """One page, newest first. The cursor is a serial number, so what comes or goes meanwhile moves nothing."""
    limit, before = _paging(request)
    found: list[M] = []
    cursor, last = None, None
    for serial, item in table.newest_first(before):
        if not wanted(item):
            continue
        if len(found) == limit:
            cursor = base64.urlsafe_b64encode(f"before:{last}".encode()).decode()
            break
        found.append(item)
        last = serial
    pagination = {"nextCursor": cursor, "hasMore": cursor is not None}
    return _data([serialize(item) for item in found], pagination=pagination)
