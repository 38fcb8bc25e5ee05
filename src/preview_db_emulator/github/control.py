"""The control surface's part for GitHub, under ``/_emulator/github/``: pull requests, branches, comments, the token and its limit."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Receive, Scope, Send

from ..arguments import known, read, seconds
from .repository import Permission, PullRequest, Repository, moment
from .server import Hosted, Server

PULL_FIELDS = {field.name for field in fields(PullRequest)} - {"number"}


class Control:
    """A method an operation."""

    def __init__(self, repository: Repository, under: str = "/_emulator/github/") -> None:
        self._repository = repository
        self._under = under

    def routes(self) -> list[Route]:
        def route(path: str, **handlers: Any) -> list[Route]:
            return [Route(f"{self._under}{path}", handler, methods=[verb]) for verb, handler in handlers.items()]

        return [
            *route("pulls", POST=self.put_pulls),
            *route("pulls/{number:int}", GET=self.get_pull, PUT=self.put_pull, DELETE=self.delete_pull),
            *route("branches", GET=self.list_branches),
            *route("branches/{name:path}", PUT=self.put_branch, DELETE=self.delete_branch),
            *route("comments/{number:int}", GET=self.list_comments, PUT=self.put_comment),
            *route("rate_limit", PUT=self.put_rate_limit, DELETE=self.delete_rate_limit),
            *route("token", GET=self.get_token, PUT=self.put_token),
            *route("permissions/{login}", PUT=self.put_permission),
            *route("deployments", GET=self.list_deployments),
        ]

    async def get_pull(self, request: Request) -> Response:
        pull = self._repository.pulls.get(str(request.path_params["number"]))
        if pull is None:
            raise HTTPException(404, "No such pull request")
        return JSONResponse(asdict(pull))

    async def put_pulls(self, request: Request) -> Response:
        """Create or change many: a list, each with its ``number``."""
        changed = [self._put_pull(int(given.pop("number")), given) for given in await request.json()]
        return JSONResponse([asdict(pull) for pull in changed])

    async def put_pull(self, request: Request) -> Response:
        return JSONResponse(asdict(self._put_pull(request.path_params["number"], await read(request))))

    def _put_pull(self, number: int, given: dict[str, Any]) -> PullRequest:
        changes = known(given, PULL_FIELDS)
        for name in changes.keys() & {"created_at", "updated_at", "closed_at", "merged_at"}:
            if changes[name] is not None:
                changes[name] = moment(seconds(changes[name]))
        if changes.get("state") not in (None, "open", "closed"):
            raise ValueError("state is open or closed")
        return self._repository.put_pull(number, changes)

    async def delete_pull(self, request: Request) -> Response:
        self._repository.pulls.remove(str(request.path_params["number"]))
        return Response(status_code=204)

    async def list_branches(self, _: Request) -> Response:
        return JSONResponse([asdict(branch) for branch in self._repository.branches])

    async def put_branch(self, request: Request) -> Response:
        sha = (await read(request)).get("sha")
        return JSONResponse(asdict(self._repository.put_branch(request.path_params["name"], sha)))

    async def delete_branch(self, request: Request) -> Response:
        self._repository.branches.remove(request.path_params["name"])
        return Response(status_code=204)

    async def list_comments(self, request: Request) -> Response:
        return JSONResponse(
            [
                {
                    "id": comment.id,
                    "body": comment.body,
                    "user": comment.login,
                    "type": "Bot" if comment.login.endswith("[bot]") else comment.kind,
                    "created_at": comment.created_at,
                    "updated_at": comment.updated_at,
                    "reactions": [reaction.content for reaction in self._repository.reactions if reaction.comment == comment.id],
                }
                for comment in self._repository.comments_on(request.path_params["number"])
            ]
        )

    async def put_comment(self, request: Request) -> Response:
        """Write comments as anybody: ``{login, type, body}``, or a list of them."""
        given = await request.json()
        number = request.path_params["number"]
        written = [
            self._repository.comment(number, comment["body"], login=comment.get("login", "octocat"), kind=comment.get("type", "User"))
            for comment in (given if isinstance(given, list) else [given])
        ]
        return JSONResponse([asdict(comment) for comment in written], 201)

    async def put_rate_limit(self, request: Request) -> Response:
        """Have GitHub's hourly limit run out: ``{remaining, reset_in_s}``; after that many requests all are refused until then."""
        given = known(await read(request), {"remaining", "reset_in_s"})
        self._repository.rate_limit.set(remaining=int(given.get("remaining", 0)), reset_in_s=float(given.get("reset_in_s", 60)))
        return JSONResponse(self._repository.rate_limit.as_json())

    async def delete_rate_limit(self, _: Request) -> Response:
        self._repository.rate_limit.clear()
        return Response(status_code=204)

    async def get_token(self, _: Request) -> Response:
        return JSONResponse({"login": self._repository.token_login})

    async def put_token(self, request: Request) -> Response:
        """Have the token act as somebody else: another app's ``name[bot]``, or a person."""
        login = known(await read(request), {"login"}).get("login")
        if not isinstance(login, str) or not login:
            raise ValueError("login is the name of an account")
        self._repository.token_login = login
        return await self.get_token(request)

    async def put_permission(self, request: Request) -> Response:
        permission = (await read(request)).get("permission")
        if permission not in ("admin", "write", "read", "none"):
            raise ValueError("permission is admin, write, read or none")
        put = self._repository.permissions.put(Permission(request.path_params["login"], permission))
        return JSONResponse(asdict(put))

    async def list_deployments(self, _: Request) -> Response:
        return JSONResponse(
            [
                {**asdict(deployment), "statuses": [asdict(status) for status in self._repository.statuses_of(deployment.id)]}
                for deployment in self._repository.deployments
            ]
        )


class ServerControl:
    """Further repositories, owners and Apps' tokens. What is in a repository is controlled as in the first, under its name."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._opened: dict[int, tuple[Repository, Starlette]] = {}

    def routes(self) -> list[BaseRoute]:
        base = "/_emulator/github"
        return [
            Route(f"{base}/repositories", self.list, methods=["GET"]),
            Route(f"{base}/repositories", self.put_many, methods=["POST"]),
            Route(f"{base}/repositories/{{owner}}/{{name}}", self.put, methods=["PUT"]),
            Mount(f"{base}/repositories/{{owner}}/{{name}}", self.inside),
            Route(f"{base}/owners/{{login}}", self.put_owner, methods=["PUT"]),
            Route(f"{base}/tokens/{{token}}", self.put_token, methods=["PUT"]),
        ]

    async def list(self, _: Request) -> Response:
        return JSONResponse([asdict(hosted) for hosted in self._server])

    async def put_many(self, request: Request) -> Response:
        """Make or change many: a list, each with its ``full_name``."""
        return JSONResponse([asdict(self._put(given["full_name"], given)) for given in await request.json()])

    async def put(self, request: Request) -> Response:
        """Make it or change it: ``{id, private, archived, deleted, full_name}``; another ``full_name`` renames or transfers it."""
        return JSONResponse(asdict(self._put("{owner}/{name}".format(**request.path_params), await read(request))))

    async def put_owner(self, request: Request) -> Response:
        """``{"type": "User"}`` makes a person of an organisation."""
        login, kind = request.path_params["login"].lower(), (await read(request)).get("type")
        (self._server.people.add if kind == "User" else self._server.people.discard)(login)
        return JSONResponse({"login": login, "type": kind})

    async def put_token(self, request: Request) -> Response:
        """An App's token: ``{repositories, counts}``.

        ``repositories`` are the names it is for (null for all); with ``counts`` it is told how many private ones an organisation has.
        """
        given = known(await read(request), {"repositories", "counts"})
        names = given.get("repositories")
        found = None if names is None else [self._server.by_name(name) for name in names]
        ids = None if found is None else [hosted.id for hosted in found if hosted]
        return JSONResponse(
            asdict(self._server.put_token(request.path_params["token"], repositories=ids, counts=bool(given.get("counts"))))
        )

    async def inside(self, scope: Scope, receive: Receive, send: Send) -> None:
        hosted = self._server.by_name("{owner}/{name}".format(**scope["path_params"]))
        if hosted is None:
            raise HTTPException(404, "No such repository")
        repository = self._server.repository(hosted)
        opened = self._opened.get(hosted.id)
        if opened is None or opened[0] is not repository:
            opened = self._opened[hosted.id] = (repository, Starlette(routes=Control(repository, "/").routes()))
        await opened[1](scope, receive, send)

    def _put(self, full_name: str, given: dict[str, Any]) -> Hosted:
        return self._server.put(full_name, known(given, {"id", "full_name", "private", "archived", "deleted"}))
