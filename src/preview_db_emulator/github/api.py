"""The GitHub stand-in: the part of the REST API that actions use, with the job's token, and Apps' that the control surface puts there.

The job's token acts as ``github-actions[bot]``, so it may not ask who it is, and what it writes bears the bot's name; the control surface
can have it act as another app, or as a person.
Paths and statuses are those of https://docs.github.com/en/rest.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
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
from .limits import RateLimit, limited
from .owners import Owners
from .pages import Rejected, known_pull, not_found, page
from .repository import Repository
from .serializers import Serializer
from .server import Hosted, Server

Json = dict[str, Any]
Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class _Handlers:
    """What answers for one repository."""

    api: _GitHub
    comments: Comments
    branches: Branches
    deployments: Deployments


Pick = Callable[[_Handlers], Handler]


def github(server: Server, *, api_url: str, server_url: str) -> ASGIApp:
    """Return the application; ``api_url`` is what every address in its answers is built on."""
    serializer = Serializer(server.first, api_url, server_url)
    api = _GitHub(server.first, serializer)
    owners = Owners(server, api_url, server_url)
    graphql = GraphQL(server, api_url, server_url)
    opened: dict[int, _Handlers] = {}

    def handlers(hosted: Hosted) -> _Handlers:
        repository = server.repository(hosted)
        found = opened.get(hosted.id)
        if found is None or found.api.repository is not repository:
            shown = Serializer(repository, api_url, server_url)
            found = _Handlers(
                _GitHub(repository, shown), Comments(repository, shown), Branches(repository, shown), Deployments(repository, shown)
            )
            opened[hosted.id] = found
        return found

    def route(path: str, **of_verbs: Handler) -> list[Route]:
        return [Route(path, _checked(handler, server), methods=[verb]) for verb, handler in of_verbs.items()]

    def in_repository(path: str, **picks: Pick) -> list[Route]:
        def by_name(pick: Pick) -> Handler:
            async def answer(request: Request) -> Response:
                asked = "{owner}/{name}".format(**request.path_params)
                hosted = server.by_name(asked)
                if hosted is None or not request.state.token.sees(hosted):
                    not_found()
                if hosted.full_name.lower() != asked.lower():
                    return _moved(request, f"{api_url}/repositories/{hosted.id}", asked)
                return await pick(handlers(hosted))(request)

            return answer

        def by_id(pick: Pick) -> Handler:
            async def answer(request: Request) -> Response:
                hosted = server.by_id(request.path_params["id"])
                if hosted is None or not request.state.token.sees(hosted):
                    not_found()
                return await pick(handlers(hosted))(request)

            return answer

        return [
            *route("/repos/{owner}/{name}" + path, **{verb: by_name(pick) for verb, pick in picks.items()}),
            *route("/repositories/{id:int}" + path, **{verb: by_id(pick) for verb, pick in picks.items()}),
        ]

    comment, deployment = "/issues/comments/{comment:int}", "/deployments/{deployment:int}"
    app = Starlette(
        routes=[
            *route("/user", GET=api.user_of_token),
            *route("/rate_limit", GET=api.rate_limit),
            *route("/graphql", POST=graphql.post),
            *route("/users/{login}", GET=api.get_user),
            *route("/users/{login}/repos", GET=owners.list_of_person),
            *route("/orgs/{login}", GET=owners.get_organisation),
            *route("/orgs/{login}/repos", GET=owners.list_of_organisation),
            *in_repository("", GET=lambda of: of.api.get_repository),
            *in_repository("/pulls", GET=lambda of: of.api.list_pulls),
            *in_repository("/pulls/{number:int}", GET=lambda of: of.api.get_pull),
            *in_repository("/issues/{number:int}", GET=lambda of: of.api.get_issue),
            *in_repository("/issues/{number:int}/labels", GET=lambda of: of.api.list_labels),
            *in_repository("/issues/{number:int}/comments", GET=lambda of: of.comments.list, POST=lambda of: of.comments.create),
            *in_repository(
                comment, GET=lambda of: of.comments.get, PATCH=lambda of: of.comments.edit, DELETE=lambda of: of.comments.delete
            ),
            *in_repository(f"{comment}/reactions", GET=lambda of: of.comments.list_reactions, POST=lambda of: of.comments.create_reaction),
            *in_repository(f"{comment}/reactions/{{reaction:int}}", DELETE=lambda of: of.comments.delete_reaction),
            *in_repository("/branches", GET=lambda of: of.branches.list),
            *in_repository("/branches/{branch:path}", GET=lambda of: of.branches.get),
            *in_repository("/git/matching-refs/{ref:path}", GET=lambda of: of.branches.matching_refs),
            *in_repository("/git/ref/{ref:path}", GET=lambda of: of.branches.get_ref),
            *in_repository("/git/refs/{ref:path}", GET=lambda of: of.branches.get_ref),
            *in_repository("/collaborators/{login}/permission", GET=lambda of: of.api.get_permission),
            *in_repository("/environments", GET=lambda of: of.deployments.list_environments),
            *in_repository("/deployments", GET=lambda of: of.deployments.list, POST=lambda of: of.deployments.create),
            *in_repository(deployment, GET=lambda of: of.deployments.get, DELETE=lambda of: of.deployments.delete),
            *in_repository(
                f"{deployment}/statuses", GET=lambda of: of.deployments.list_statuses, POST=lambda of: of.deployments.create_status
            ),
        ],
        exception_handlers={HTTPException: _refuse, Refusal: _refuse_body},
    )
    return limited(app, server.first.rate_limit, RateLimit(resource="graphql"))


def _checked(handler: Handler, server: Server) -> Handler:
    async def checked(request: Request) -> Response:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        token = server.token(given) if scheme.lower() in ("token", "bearer") else None
        if token is None:
            raise HTTPException(401, "Bad credentials")
        request.state.token = token
        return await handler(request)

    return checked


def _moved(request: Request, address: str, asked: str) -> Response:
    """GitHub's answer about a repository that was renamed or transferred: where it is by its id."""
    rest = request.url.path.partition(asked)[2]
    location = f"{address}{rest}{f'?{request.url.query}' if request.url.query else ''}"
    body = {"message": "Moved Permanently", "url": location, "documentation_url": "https://docs.github.com/rest"}
    return JSONResponse(body, 301 if request.method == "GET" else 307, headers={"Location": location})


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
        self.repository = self._repository = repository
        self._serializer = serializer

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
