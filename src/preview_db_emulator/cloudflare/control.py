"""The control surface's part for Cloudflare: its limit, the code that test connections end in, where a configuration leads."""

from __future__ import annotations

from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ..arguments import known, one_of, read
from . import login
from .api import Account, Cloudflare


class Control:
    """A method an operation."""

    def __init__(self, cloudflare: Cloudflare) -> None:
        self._cloudflare = cloudflare

    def routes(self) -> list[Route]:
        path = "/_emulator/cloudflare"
        return [
            Route(path, self.get, methods=["GET"]),
            Route(path, self.put, methods=["PUT"]),
            Route(f"{path}/configurations", self.clear, methods=["DELETE"]),
            Route(f"{path}/configurations/{{id}}", self.leads_to, methods=["GET"]),
        ]

    async def get(self, _: Request) -> Response:
        return JSONResponse(asdict(self._cloudflare.account))

    async def put(self, request: Request) -> Response:
        """Change ``limit``, or ``refuse_with``: one of the documented codes of a test connection, or null."""
        changes = known(await read(request), set(asdict(Account())))
        limit = changes.get("limit", 0)
        if not isinstance(limit, int) or limit < 0:
            raise ValueError("limit is a whole number, from 0 up")
        one_of(changes.get("refuse_with"), (None, *login.MESSAGES))
        for name, value in changes.items():
            setattr(self._cloudflare.account, name, value)
        return await self.get(request)

    async def leads_to(self, request: Request) -> Response:
        """The connection string that a Worker bound to the configuration reaches; its password is in no answer of the API."""
        found = self._cloudflare.origin(request.path_params["id"])
        return JSONResponse({"connection_string": found.connection_string}) if found else JSONResponse(None, 404)

    async def clear(self, _: Request) -> Response:
        self._cloudflare.clear()
        return Response(status_code=204)
