"""The repository's branches, as branches and as Git's refs."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .pages import not_found, page
from .repository import Repository
from .serializers import Serializer


class Branches:
    """A method an operation."""

    def __init__(self, repository: Repository, serializer: Serializer) -> None:
        self._repository = repository
        self._serializer = serializer

    async def list(self, request: Request) -> Response:
        found = sorted(self._repository.branches, key=lambda branch: branch.name)
        return page(request, f"{self._serializer.url}/branches", found, self._serializer.branch)

    async def get(self, request: Request) -> Response:
        branch = self._repository.branches.get(request.path_params["branch"])
        if branch is None:
            raise HTTPException(404, "Branch not found")
        return JSONResponse(self._serializer.branch_in_full(branch))

    async def matching_refs(self, request: Request) -> Response:
        prefix = f"refs/{request.path_params['ref']}"
        found = [branch for branch in self._repository.branches if f"refs/heads/{branch.name}".startswith(prefix)]
        found.sort(key=lambda branch: branch.name)
        return page(request, f"{self._serializer.url}/git/matching-{prefix}", found, self._serializer.ref)

    async def get_ref(self, request: Request) -> Response:
        branch = self._repository.branches.get(request.path_params["ref"].removeprefix("heads/"))
        if branch is None:
            not_found()
        return JSONResponse(self._serializer.ref(branch))
