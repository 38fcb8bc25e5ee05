"""Who one is, the workspace, its regions, projects and branches: the operations on them."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from .bodies import Fields, read_object
from .models import DEFAULT_REGION, REGIONS, Branch, Refusal, bare, invalid
from .pages import data, page, paging
from .serializers import Serializer
from .workspace import Workspace


class Projects:
    """A method an operation."""

    def __init__(self, workspace: Workspace, serializer: Serializer) -> None:
        self._workspace = workspace
        self._serializer = serializer

    async def me(self, _: Request) -> Response:
        workspace = {"id": f"wksp_{self._workspace.id}", "name": self._workspace.name}
        credential = {"type": "service_token", "id": None, "name": "emulator"}
        return data({"user": None, "workspace": workspace, "credential": credential})

    async def list_workspaces(self, request: Request) -> Response:
        paging(request)
        return data([self._serializer.workspace()], pagination={"nextCursor": None, "hasMore": False})

    async def get_workspace(self, request: Request) -> Response:
        self._check_workspace(request.path_params["id"])
        return data(self._serializer.workspace())

    async def subscription(self, request: Request) -> Response:
        self._check_workspace(request.path_params["id"])
        return data({"planName": "Emulated", "usageBlocked": False, "upgradeUrl": "https://console.prisma.io"})

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
        return data(regions)

    async def list_projects(self, request: Request) -> Response:
        logical_id = request.query_params.get("logicalId")
        return page(
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
        return data(self._serializer.project_created(project, created), status=201)

    async def get_project(self, request: Request) -> Response:
        return data(self._serializer.project(self._workspace.project(request.path_params["id"])))

    async def update_project(self, request: Request) -> Response:
        project = self._workspace.project(request.path_params["id"])
        body = Fields(await read_object(request))
        body.object("settings")
        return data(self._serializer.project(self._workspace.rename_project(project, body.text("name") or project.name)))

    async def delete_project(self, request: Request) -> Response:
        await self._workspace.delete_project(self._workspace.project(request.path_params["id"]))
        return Response(status_code=204)

    async def list_branches(self, request: Request) -> Response:
        project = self._workspace.project(request.path_params["project_id"])
        if {"gitName", "gitNameContains"} <= request.query_params.keys():
            raise invalid("gitName can't be combined with gitNameContains")
        name, part = request.query_params.get("gitName"), request.query_params.get("gitNameContains", "")

        def wanted(branch: Branch) -> bool:
            return branch.project_id == project.id and name in (None, branch.git_name) and part in branch.git_name

        return page(request, self._workspace.branches.table, wanted, self._serializer.branch, oldest_first=True)

    async def create_branch(self, request: Request) -> Response:
        project = self._workspace.project(request.path_params["project_id"])
        body = Fields(await read_object(request))
        is_default = body.flag("isDefault")
        branch = self._workspace.branches.create(project.id, body.required_text("gitName"), is_default=bool(is_default))
        return data(self._serializer.branch(branch), status=201)

    async def get_branch(self, request: Request) -> Response:
        return data(self._serializer.branch(self._workspace.branches.get(request.path_params["id"])))

    async def update_branch(self, request: Request) -> Response:
        branch = self._workspace.branches.get(request.path_params["id"])
        body = await read_object(request)
        if unknown := body.keys() - {"isDefault"}:
            raise invalid(f"only isDefault can be changed, not {', '.join(sorted(unknown))}")
        if body.get("isDefault") is not None:
            if not Fields(body).flag("isDefault"):
                raise invalid("isDefault: a branch stops being the default when another becomes it")
            branch = self._workspace.branches.make_default(branch)
        return data(self._serializer.branch(branch))

    async def delete_branch(self, request: Request) -> Response:
        self._workspace.branches.delete(self._workspace.branches.get(request.path_params["id"]))
        return Response(status_code=204)

    def _check_workspace(self, id: str) -> None:
        if bare(id, "wksp") != self._workspace.id:
            raise Refusal(404, "resource-not-found", f"Workspace {id} was not found")
