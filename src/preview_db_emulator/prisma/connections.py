"""Connections to databases: the operations on them."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from .bodies import Fields, read_object
from .models import bare
from .pages import data, page
from .serializers import Serializer
from .workspace import Workspace


class Connections:
    """A method an operation. Both forms of a path share a method where they mean the same."""

    def __init__(self, workspace: Workspace, serializer: Serializer) -> None:
        self._workspace = workspace
        self._serializer = serializer

    async def list(self, request: Request) -> Response:
        database_id = request.path_params.get("database_id") or request.query_params.get("databaseId")
        only = bare(database_id, "db") if database_id else None
        return page(
            request,
            self._workspace.connections,
            lambda connection: only in (None, connection.database_id),
            lambda connection: self._serializer.connection(connection, self._workspace.database(connection.database_id)),
        )

    async def create(self, request: Request) -> Response:
        body = Fields(await read_object(request))
        nested = request.path_params.get("database_id")
        database = self._workspace.database(nested or body.required_text("databaseId"))
        issued = await self._workspace.create_connection(database, body.required_text("name"))
        # The contract has it so: 200 for the nested path, 201 for the other.
        return data(self._serializer.connection_with_secrets(issued, database), status=200 if nested else 201)

    async def get(self, request: Request) -> Response:
        connection = self._workspace.connection(request.path_params["id"])
        return data(self._serializer.connection(connection, self._workspace.database(connection.database_id)))

    async def delete(self, request: Request) -> Response:
        await self._workspace.delete_connection(request.path_params["id"])
        return Response(status_code=204)

    async def rotate(self, request: Request) -> Response:
        issued = await self._workspace.rotate_connection(self._workspace.connection(request.path_params["id"]))
        database = self._workspace.database(issued.connection.database_id)
        return data(self._serializer.connection_with_secrets(issued, database))
