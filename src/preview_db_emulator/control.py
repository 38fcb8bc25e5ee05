"""The control surface under ``/_emulator/``: how tests and the demo set things up and see what was served. No token."""

from __future__ import annotations

import copy
import re
from dataclasses import asdict, fields, replace
from typing import Any, get_args

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .arguments import known, one_of, read, seconds
from .cloudflare.api import Cloudflare
from .faults import FaultInjector, Rule
from .github import control as github
from .github.server import Server
from .prisma.models import (
    DEFAULT_REGION,
    REGIONS,
    Backup,
    BackupStatus,
    BackupType,
    Connection,
    Database,
    Refusal,
    Settings,
    Status,
    bare,
    new_id,
)
from .prisma.serializers import Serializer
from .prisma.variables import Variables
from .prisma.workspace import Workspace

Json = dict[str, Any]

RULE_FIELDS = {field.name for field in fields(Rule) if field.init}
SETTING_FIELDS = {field.name for field in fields(Settings)}
STATUSES = get_args(Status)


async def _refuse(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else getattr(error, "status", 422)
    return JSONResponse({"error": str(error)}, status)


class Control:
    """One method an operation. Databases without a ``project`` are put into ``project_id``."""

    def __init__(
        self,
        workspace: Workspace,
        serializer: Serializer,
        server: Server,
        cloudflare: Cloudflare,
        faults: FaultInjector,
        variables: Variables,
        project_id: str,
    ) -> None:
        self._workspace = workspace
        self._serializer = serializer
        self._server = server
        self._cloudflare = cloudflare
        self._faults = faults
        self._variables = variables
        self._project_id = project_id
        self._rules_at_start = faults.rules
        self._settings_at_start = self._settings()

    def app(self) -> Starlette:
        """The application."""

        def route(path: str, **handlers: Any) -> list[Route]:
            return [Route(f"/_emulator/{path}", handler, methods=[verb]) for verb, handler in handlers.items()]

        return Starlette(
            routes=[
                *github.ServerControl(self._server).routes(),
                *github.Control(self._server.first).routes(),
                *route("databases", GET=self.list_databases, POST=self.add_databases),
                *route("databases/{id}", PUT=self.put_database),
                *route("databases/{id}/backups", POST=self.add_backup),
                *route("variables", GET=self.list_variables, PUT=self.manage_variable),
                *route("faults", GET=self.get_faults, PUT=self.put_faults, DELETE=self.delete_faults),
                *route("requests", GET=self.list_requests, DELETE=self.delete_requests),
                *route("settings", GET=self.get_settings, PUT=self.put_settings),
                *route("passwords", PUT=self.put_passwords),
                *route("reset", POST=self.reset),
            ],
            exception_handlers={HTTPException: _refuse, Refusal: _refuse, TypeError: _refuse, ValueError: _refuse},
        )

    # Databases

    async def list_databases(self, _: Request) -> Response:
        return JSONResponse([self._everything_about(database) for database in self._workspace.databases])

    async def add_databases(self, request: Request) -> Response:
        """Seed databases: a list, ``{"databases": [...]}``, or a single one. PostgreSQL knows of them once somebody connects."""
        given = await request.json()
        listed = given.get("databases", [given]) if isinstance(given, dict) else given
        added = [self._add(database) for database in listed]
        return JSONResponse([self._everything_about(database) for database in added], 201)

    async def put_database(self, request: Request) -> Response:
        """Change ``status`` (one it never leaves, or null), or ``refusing`` (why every login is refused, or null)."""
        changes = known(await read(request), {"status", "refusing"})
        if "status" in changes:
            changes["fixed_status"] = one_of(changes.pop("status"), (None, *STATUSES))
        database = replace(self._workspace.database(request.path_params["id"]), **changes)
        return JSONResponse(self._everything_about(self._workspace.databases.put(database)))

    async def add_backup(self, request: Request) -> Response:
        """Back a database up as it is now: ``{id, createdAt, status, backupType, size}``, any of them left out."""
        database = self._workspace.database(request.path_params["id"])
        given = known(await read(request), {"id", "createdAt", "status", "backupType", "size"})
        backup = Backup(
            id=given.get("id") or new_id(),
            database_id=database.id,
            created_at=seconds(given["createdAt"]) if "createdAt" in given else self._workspace.clock(),
            status=one_of(given.get("status", "completed"), get_args(BackupStatus)),
            backup_type=one_of(given.get("backupType", "full"), get_args(BackupType)),
            size=given.get("size"),
        )
        return JSONResponse(self._serializer.backup(await self._workspace.backups.add(database, backup)), 201)

    def _add(self, given: Json) -> Database:
        project = self._workspace.project(given.get("project") or given.get("projectId") or self._project_id)
        branches = self._workspace.branches
        now = self._workspace.clock()
        created = seconds(given["createdAt"]) if "createdAt" in given else now
        database = Database(
            id=bare(given["id"], "db") if given.get("id") else new_id(),
            project_id=project.id,
            name=given["name"],
            region=one_of(given.get("region", DEFAULT_REGION), REGIONS),
            created_at=created,
            ready_at=created,
            logical_id=given.get("logicalId"),
            branch_id=branches.get(given["branchId"]).id if given.get("branchId") else branches.default_of(project.id).id,
            is_default=bool(given.get("isDefault", False)),
            operations=int(given.get("operations", 0)),
            storage_gib=float(given.get("storageGib", 0)),
            fixed_status=one_of(given.get("status"), (None, *STATUSES)),
        )
        connections = [
            Connection(
                id=bare(connection["id"], "con") if connection.get("id") else new_id(),
                database_id=database.id,
                name=connection["name"],
                created_at=seconds(connection["createdAt"]) if "createdAt" in connection else created,
            )
            for connection in given.get("connections", [])
        ]
        self._workspace.seed(database, connections)
        return database

    def _everything_about(self, database: Database) -> Json:
        behind = {"materialised": database.postgres_name is not None, "postgresName": database.postgres_name}
        return {**self._serializer.database(database), "logicalId": database.logical_id, **behind}

    # Compute's environment variables

    async def list_variables(self, _: Request) -> Response:
        """All of them, with the values that no API shows."""
        return JSONResponse([asdict(variable) for variable in self._variables.table])

    async def manage_variable(self, request: Request) -> Response:
        """Have one be the system's: ``{"id"}``."""
        found = self._variables.table.get(bare(str((await read(request)).get("id")), "env"))
        if found is None:
            raise ValueError("there is no such variable")
        return JSONResponse(asdict(self._variables.table.put(replace(found, is_managed=True))))

    # Faults, requests and settings

    async def get_faults(self, _: Request) -> Response:
        return JSONResponse([{name: getattr(rule, name) for name in sorted(RULE_FIELDS)} for rule in self._faults.rules])

    async def put_faults(self, request: Request) -> Response:
        """Replace all rules by one, or by a list of which the first that strikes counts."""
        given = await request.json()
        try:
            rules = [Rule(**known(rule, RULE_FIELDS)) for rule in (given if isinstance(given, list) else [given])]
        except re.error as error:
            raise ValueError(f"operations: {error}") from error
        self._faults.rules = rules
        return await self.get_faults(request)

    async def delete_faults(self, _: Request) -> Response:
        self._faults.rules = []
        return Response(status_code=204)

    async def list_requests(self, _: Request) -> Response:
        return JSONResponse(self._faults.served())

    async def delete_requests(self, _: Request) -> Response:
        self._faults.record.clear()
        return Response(status_code=204)

    async def get_settings(self, _: Request) -> Response:
        return JSONResponse(self._settings())

    def _settings(self) -> Json:
        pace = {"latency_ms": self._faults.latency_s * 1000, "jitter_ms": self._faults.jitter_s * 1000}
        return {**asdict(self._workspace.settings), **pace}

    async def put_settings(self, request: Request) -> Response:
        """Change any; ``jitter_ms`` adds up to as much to each request's latency, by the ``jitter_seed`` that may come with it."""
        self._change_settings(known(await read(request), {*SETTING_FIELDS, "latency_ms", "jitter_ms", "jitter_seed"}))
        return await self.get_settings(request)

    def _change_settings(self, changes: Json) -> None:
        if "latency_ms" in changes:
            self._faults.latency_s = changes.pop("latency_ms") / 1000
        if "jitter_ms" in changes:
            self._faults.jitter_s = changes.pop("jitter_ms") / 1000
            self._faults.restart_jitter(changes.pop("jitter_seed", 0))
        for status in changes.get("next_statuses", []):
            one_of(status, STATUSES)
        if changes.get("logical_id") not in (None, "known", "ignored", "refused"):
            raise ValueError("logical_id is known, ignored or refused")
        for name, value in changes.items():
            setattr(self._workspace.settings, name, value)

    async def reset(self, _: Request) -> Response:
        """Between two tests: faults, settings and GitHub's limit as at the start, no pull request, nothing at Cloudflare, one project."""
        self._faults.rules = self._rules_at_start
        self._change_settings(copy.deepcopy(self._settings_at_start))
        self._server.first.rate_limit.clear()
        self._cloudflare.clear()
        for pull in self._server.first.pulls:
            self._server.first.pulls.remove(pull.key)
        for project in self._workspace.projects:
            if project.id != self._project_id:
                await self._workspace.delete_project(project)
        return Response(status_code=204)

    async def put_passwords(self, request: Request) -> Response:
        """Choose the characters of new passwords: ``{"alphabet": "..."}``. PostgreSQL can do without NUL only."""
        alphabet = (await read(request)).get("alphabet")
        if not isinstance(alphabet, str) or not alphabet or "\0" in alphabet:
            raise ValueError("alphabet is a string of at least one character, and not NUL")
        self._workspace.settings.password_alphabet = alphabet
        return Response(status_code=204)
