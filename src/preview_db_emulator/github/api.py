"""The GitHub stand-in: the part of the REST API that actions use, for one repository, with the job's token as the only one.

That token acts as ``github-actions[bot]``, so it may not ask who it is, and what it writes bears the bot's name; the control surface
can have it act as another app, or as a person.
Paths and statuses are those of https://docs.github.com/en/rest.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from ..prisma.models import Refusal
from . import payloads
from .branches import Branches
from .comments import Comments
from .deployments import Deployments
from .graphql import GraphQL
from .limits import limited
from .pages import Rejected, known_pull, not_found, page
from .repository import Repository
from .serializers import Serializer

Json = dict[str, Any]
Handler = Callable[[Request], Awaitable[Response]]


def github(repository: Repository, *, api_url: str, server_url: str, token: str) -> ASGIApp:
    """Return the application; ``api_url`` is what every address in its answers is built on."""
    serializer = Serializer(repository, api_url, server_url)
    api = _GitHub(repository, serializer)
    comments, branches = Comments(repository, serializer), Branches(repository, serializer)
    deployments = Deployments(repository, serializer)
    graphql = GraphQL(repository, serializer)

    def route(path: str, **handlers: Handler) -> list[Route]:
        return [Route(path, _checked(handler, token), methods=[verb]) for verb, handler in handlers.items()]

    def in_repository(path: str, **handlers: Handler) -> list[Route]:
        by_name = {verb: api.of_this_repository(handler) for verb, handler in handlers.items()}
        by_id = {verb: api.of_this_repository_id(handler) for verb, handler in handlers.items()}
        return [*route("/repos/{owner}/{name}" + path, **by_name), *route("/repositories/{id:int}" + path, **by_id)]

    app = Starlette(
        routes=[
            *route("/user", GET=api.user_of_token),
            *route("/rate_limit", GET=api.rate_limit),
            *route("/graphql", POST=graphql.post),
            *route("/users/{login}", GET=api.get_user),
            *in_repository("", GET=api.get_repository),
            *in_repository("/pulls", GET=api.list_pulls),
            *in_repository("/pulls/{number:int}", GET=api.get_pull),
            *in_repository("/issues/{number:int}", GET=api.get_issue),
            *in_repository("/issues/{number:int}/labels", GET=api.list_labels),
            *in_repository("/issues/{number:int}/comments", GET=comments.list, POST=comments.create),
            *in_repository(
                "/issues/comments/{comment:int}",
                GET=comments.get,
                PATCH=comments.edit,
                DELETE=comments.delete,
            ),
            *in_repository("/issues/comments/{comment:int}/reactions", GET=comments.list_reactions, POST=comments.create_reaction),
            *in_repository("/issues/comments/{comment:int}/reactions/{reaction:int}", DELETE=comments.delete_reaction),
            *in_repository("/branches", GET=branches.list),
            *in_repository("/branches/{branch:path}", GET=branches.get),
            *in_repository("/git/matching-refs/{ref:path}", GET=branches.matching_refs),
            *in_repository("/git/ref/{ref:path}", GET=branches.get_ref),
            *in_repository("/git/refs/{ref:path}", GET=branches.get_ref),
            *in_repository("/collaborators/{login}/permission", GET=api.get_permission),
            *in_repository("/environments", GET=deployments.list_environments),
            *in_repository("/deployments", GET=deployments.list, POST=deployments.create),
            *in_repository("/deployments/{deployment:int}", GET=deployments.get, DELETE=deployments.delete),
            *in_repository("/deployments/{deployment:int}/statuses", GET=deployments.list_statuses, POST=deployments.create_status),
        ],
        exception_handlers={HTTPException: _refuse, Refusal: _refuse_body},
    )
    return limited(app, repository.rate_limit)


def _checked(handler: Handler, token: str) -> Handler:
    async def checked(request: Request) -> Response:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() not in ("token", "bearer") or not hmac.compare_digest(given.encode(), token.encode()):
            raise HTTPException(401, "Bad credentials")
        return await handler(request)

    return checked


async def _refuse(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    body = {"message": error.detail, **({"errors": error.errors} if isinstance(error, Rejected) else {})}
    about = {"documentation_url": "https://docs.github.com/rest", "status": str(error.status_code)}
    return JSONResponse({**body, **about}, error.status_code)


async def _refuse_body(request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)
    return await _refuse(request, HTTPException(refusal.status, "Problems parsing JSON"))


class _GitHub:
    """A method an operation: accounts, the repository and its pull requests."""

    def __init__(self, repository: Repository, serializer: Serializer) -> None:
        self._repository = repository
        self._serializer = serializer

    def of_this_repository(self, handler: Handler) -> Handler:
        async def checked(request: Request) -> Response:
            asked = "{owner}/{name}".format(**request.path_params)
            if asked.lower() != self._repository.full_name.lower():
                not_found()
            return await handler(request)

        return checked

    def of_this_repository_id(self, handler: Handler) -> Handler:
        async def checked(request: Request) -> Response:
            if request.path_params["id"] != self._repository.id:
                not_found()
            return await handler(request)

        return checked

    async def user_of_token(self, _: Request) -> Response:
        if self._repository.token_login.endswith("[bot]"):
            raise HTTPException(403, "Resource not accessible by integration")
        return JSONResponse(self._serializer.token_account())

    async def rate_limit(self, _: Request) -> Response:
        core = self._repository.rate_limit.as_json()
        return JSONResponse({"resources": {"core": core, "search": core, "graphql": core}, "rate": core})

    async def get_user(self, request: Request) -> Response:
        return JSONResponse(payloads.public_user(self._serializer.account(request.path_params["login"])))

    async def get_repository(self, _: Request) -> Response:
        return JSONResponse(payloads.full_repository(self._serializer.repository()))

    async def list_pulls(self, request: Request) -> Response:
        query = request.query_params
        state, head, base = query.get("state", "open"), query.get("head"), query.get("base")
        found = [
            pull
            for pull in self._repository.pulls
            if state in ("all", pull.state)
            and base in (None, pull.base_ref)
            and head in (None, f"{(pull.head_repo or self._repository.full_name).split('/')[0]}:{pull.head_ref}")
        ]
        by_update = query.get("sort") == "updated"
        descending = query.get("direction", "asc" if "sort" in query and query["sort"] != "created" else "desc") == "desc"
        found.sort(key=lambda p: (p.updated_at if by_update else p.created_at, p.number), reverse=descending)
        return page(request, f"{self._serializer.url}/pulls", found, self._serializer.pull_in_list)

    async def get_pull(self, request: Request) -> Response:
        pull = known_pull(self._repository, request)
        return JSONResponse({**self._serializer.pull(pull), "comments": len(self._repository.comments_on(pull.number))})

    async def get_issue(self, request: Request) -> Response:
        pull = known_pull(self._repository, request)
        rendered = {**self._serializer.pull(pull), "comments": len(self._repository.comments_on(pull.number))}
        return JSONResponse(payloads.issue(pull_request=rendered, repository=self._serializer.repository()))

    async def list_labels(self, request: Request) -> Response:
        pull = known_pull(self._repository, request)
        repository = self._serializer.repository()
        address = f"{self._serializer.url}/issues/{pull.number}/labels"
        return page(request, address, pull.labels, lambda name: payloads.label(name, repository=repository))

    async def get_permission(self, request: Request) -> Response:
        login = request.path_params["login"]
        permission = self._repository.permission_of(login)
        ladder = {"none": 0, "read": 1, "write": 3, "admin": 5}
        names = ("pull", "triage", "push", "maintain", "admin")
        granted = {name: index < ladder[permission] for index, name in enumerate(names)}
        user = {**self._serializer.account(login), "permissions": granted, "role_name": permission}
        return JSONResponse({"permission": permission, "user": user, "role_name": permission})
