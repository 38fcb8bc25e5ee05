"""The Management API stand-in: routes, authentication and errors, as the published contract has them."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .connections import Connections
from .databases import Databases
from .models import Refusal
from .projects import Projects
from .serializers import Serializer
from .variables import Variables
from .workspace import Workspace

Handler = Callable[[Request], Awaitable[Response]]
INVALID_IS_400 = frozenset(
    {("POST", "/v1/databases"), ("POST", "/v1/projects/{project_id}/databases"), ("GET", "/v1/databases/{id}/usage")}
)


def management_api(
    workspace: Workspace, serializer: Serializer, variables: Variables, token: str, issued: Callable[[str], bool]
) -> Starlette:
    """Return the application; ``token`` is the one service token it knows, ``issued`` tells those that keyless sign-in gave."""
    projects = Projects(workspace, serializer)
    databases = Databases(workspace, serializer)
    connections = Connections(workspace, serializer)

    def known(given: str) -> bool:
        return hmac.compare_digest(given.encode(), token.encode()) or issued(given)

    def route(path: str, **handlers: Handler) -> list[Route]:
        return [
            Route(path, _authenticated(_as_published(handler, verb, path), known), methods=[verb]) for verb, handler in handlers.items()
        ]

    return Starlette(
        routes=[
            *route("/v1/me", GET=projects.me),
            *route("/v1/workspaces", GET=projects.list_workspaces),
            *route("/v1/workspaces/{id}", GET=projects.get_workspace),
            *route("/v1/workspaces/{id}/subscription", GET=projects.subscription),
            *route("/v1/projects", GET=projects.list_projects, POST=projects.create_project),
            *route("/v1/projects/{id}", GET=projects.get_project, PATCH=projects.update_project, DELETE=projects.delete_project),
            *route("/v1/projects/{project_id}/branches", GET=projects.list_branches, POST=projects.create_branch),
            *route("/v1/branches/{id}", GET=projects.get_branch, PATCH=projects.update_branch, DELETE=projects.delete_branch),
            *route("/v1/projects/{project_id}/databases", GET=databases.list, POST=databases.create),
            *route("/v1/databases", GET=databases.list, POST=databases.create),
            *route("/v1/databases/{id}", GET=databases.get, PATCH=databases.update, DELETE=databases.delete),
            *route("/v1/databases/{id}/backups", GET=databases.list_backups),
            *route("/v1/databases/{id}/restore", POST=databases.restore),
            *route("/v1/databases/{id}/usage", GET=databases.usage),
            *route("/v1/databases/{database_id}/connections", GET=connections.list, POST=connections.create),
            *route("/v1/connections", GET=connections.list, POST=connections.create),
            *route("/v1/connections/{id}", GET=connections.get, DELETE=connections.delete),
            *route("/v1/connections/{id}/rotate", POST=connections.rotate),
            *route("/v1/environment-variables", GET=variables.list, POST=variables.create),
            *route("/v1/environment-variables/{id}", PATCH=variables.update, DELETE=variables.delete),
            *route("/v1/source-repositories", GET=variables.list_repositories),
            *route("/v1/regions", GET=projects.list_regions),
            *route("/v1/regions/{product}", GET=projects.list_regions),
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


def _as_published(handler: Handler, verb: str, path: str) -> Handler:
    """Have an operation that declares 400 for what it can't read answer that, where all others say 422."""
    if (verb, path) not in INVALID_IS_400:
        return handler

    async def handled(request: Request) -> Response:
        try:
            return await handler(request)
        except Refusal as refusal:
            if refusal.code == "validation-error":
                raise Refusal(400, "client-error", str(refusal)) from refusal
            raise

    return handled


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
