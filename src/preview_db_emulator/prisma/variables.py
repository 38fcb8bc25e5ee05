"""Compute's environment variables and the repository a project is connected to (both experimental): the operations on them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ..store import Archive, Table
from .bodies import Fields, read_object
from .models import Refusal, bare, invalid, missing, new_id
from .pages import data, page
from .serializers import timestamp
from .workspace import Workspace

CLASSES = ("production", "preview")
LARGEST_VALUE = 8192  # bytes
_KEY = re.compile(r"[A-Z_][A-Z0-9_]{0,255}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Variable:
    """``branch_id`` is None for a value of the whole class. The value is never shown; the control surface alone reads it."""

    id: str
    project_id: str
    branch_id: str | None
    kind: str
    name: str
    value: str
    created_at: float
    updated_at: float
    is_managed: bool = False

    @property
    def key(self) -> str:
        return self.id


class Variables:
    """A method an operation.

    repository: the connected repository's full name and id, None where ``project_id`` is not connected.
    """

    def __init__(self, workspace: Workspace, archive: Archive, repository: Callable[[str], tuple[str, int] | None]) -> None:
        self._workspace = workspace
        self._repository = repository
        self.table = Table(Variable, archive)

    async def list(self, request: Request) -> Response:
        query = request.query_params
        project, branch = query.get("projectId"), query.get("branchId")

        def wanted(variable: Variable) -> bool:
            return (
                project in (None, variable.project_id, f"proj_{variable.project_id}")
                and branch in (None, variable.branch_id, f"br_{variable.branch_id}")
                and query.get("class") in (None, variable.kind)
                and query.get("key") in (None, variable.name)
                and self._is_live(variable)
            )

        return page(request, self.table, wanted, self._shown)

    async def create(self, request: Request) -> Response:
        body = Fields(await read_object(request))
        project = self._workspace.project(body.required_text("projectId"))
        branch = self._workspace.branches.get(given) if (given := body.text("branchId")) else None
        kind = body.one_of("class", CLASSES)
        name = body.required_text("key")
        if kind is None or not _KEY.fullmatch(name):
            raise invalid("class: required" if kind is None else "key: [A-Z_][A-Z0-9_]*, up to 256 characters")
        if branch is not None and (branch.project_id != project.id or kind != "preview"):
            raise invalid("branchId: expected a branch of the project, with the class preview")
        scope = (project.id, branch.id if branch else None, kind, name)
        if any((found.project_id, found.branch_id, found.kind, found.name) == scope for found in self.table):
            raise Refusal(409, "conflict", f"The variable {name} exists already in this scope")
        now = self._workspace.clock()
        made = Variable(new_id(), project.id, scope[1], kind, name, _value(body), now, now)
        return data(self._shown(self.table.put(made)), status=201)

    async def update(self, request: Request) -> Response:
        found = self._found(request)
        changed = replace(found, value=_value(Fields(await read_object(request))), updated_at=self._workspace.clock())
        return data(self._shown(self.table.put(changed)))

    async def delete(self, request: Request) -> Response:
        self.table.remove(self._found(request).id)
        return Response(status_code=204)

    async def list_repositories(self, request: Request) -> Response:
        project = self._workspace.project(request.query_params.get("projectId") or "")
        found = self._repository(project.id)
        rows = []
        if found is not None:
            full_name, id = found
            owner, _, name = full_name.partition("/")
            rows = [{"id": f"src_{id}", "type": "source-repository", "projectId": f"proj_{project.id}", "owner": owner, "name": name}]
            rows[0] |= {"fullName": full_name, "provider": "github", "externalId": str(id)}
        return data(rows, pagination={"nextCursor": None, "hasMore": False})

    def _found(self, request: Request) -> Variable:
        id = request.path_params["id"]
        found = self.table.get(bare(id, "env"))
        if found is None or not self._is_live(found):
            raise missing("Environment variable", id)
        if found.is_managed:
            raise Refusal(403, "permission-denied", f"{found.name} is managed by the system")
        return found

    def _is_live(self, variable: Variable) -> bool:
        """Overrides end with their branch."""
        return variable.branch_id is None or self._workspace.branches.table.get(variable.branch_id) is not None

    def _shown(self, variable: Variable) -> dict[str, Any]:
        return {
            "id": f"env_{variable.id}",
            "type": "environment-variable",
            "url": f"/v1/environment-variables/env_{variable.id}",
            "projectId": f"proj_{variable.project_id}",
            "branchId": f"br_{variable.branch_id}" if variable.branch_id else None,
            "class": variable.kind,
            "key": variable.name,
            "valueKid": hashlib.sha256(variable.value.encode()).hexdigest()[:16],
            "isManagedBySystem": variable.is_managed,
            "createdAt": timestamp(variable.created_at),
            "updatedAt": timestamp(variable.updated_at),
        }


def _value(body: Fields) -> str:
    value = body.required_text("value")
    if len(value.encode()) > LARGEST_VALUE:
        raise invalid(f"value: at most {LARGEST_VALUE} bytes")
    return value
